//! Nothing but tests: `tests/vectors.rs` and `tests/shared_config.rs` read what AWS published, `tests/differential.rs`
//! asks AWS's signer, `tests/identity.rs` asks `aws-config`.
//!
//! A crate of its own, outside the default members, so that nobody who builds Rolebridge compiles the AWS SDK.
