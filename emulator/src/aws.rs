//! AWS as a workload and Google meet it: the instance metadata service, and the check of a signature.

pub(crate) mod metadata;
pub(crate) mod signature;
