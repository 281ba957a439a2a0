//! Nothing but a test: `tests/mint.rs` looks at what a mint frees.
//!
//! A crate of its own, since an allocator of one's own is the whole program's.
