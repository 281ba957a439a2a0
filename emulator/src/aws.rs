//! AWS as a workload and Google meet it: what hands out keys, AWS STS, and the check of a signature.

pub(crate) mod container;
pub(crate) mod host;
pub(crate) mod metadata;
pub(crate) mod signature;
pub(crate) mod sso;
pub(crate) mod sts;
pub(crate) mod xml;
