//! The sources of an AWS identity, a file each: what configures it, and how its keys are found.
//!
//! A file answers two questions. Pure, from the environment alone: is it configured, and as what? And, in a mint: what are
//! its keys? A source that is configured and gives none is an error, and no other source is asked in its place.

pub(super) mod container;
pub(super) mod instance_metadata;
pub(super) mod profile;
pub(super) mod role;
mod sso;
pub(super) mod supplier;
pub(super) mod task_metadata;
pub(super) mod variables;
pub(super) mod web_identity;
