//! Benches of the core and of its Rust peers: see `benches/`.
