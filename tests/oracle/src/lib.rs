//! Nothing but tests: `tests/vectors.rs` reads AWS's published signatures, `tests/differential.rs` asks AWS's signer.
//!
//! A crate of its own, outside the default members, so that nobody who builds Rolebridge compiles the AWS SDK.
