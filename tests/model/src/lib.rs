//! The cache under a scheduler: see `tests/interleavings.rs`.
