//! Where the layers keep what was minted: one store for a whole process, one of their own for tests and explanations.

use super::Federated;
use crate::cache::Registry;
use crate::host::process::PerProcess;
use crate::identity::Identity;
use crate::logging::FlightLog;
use crate::token::Token;
use std::fmt;
use std::sync::Arc;

/// What the layers keep, and what their flights tell.
#[derive(Default)]
pub(crate) struct Registries {
    pub(super) identities: Registry<Identity>,
    pub(super) federated: Registry<Federated>,
    pub(super) products: Registry<Token>,
    pub(crate) log: FlightLog,
}

/// Whose registries a token source uses now.
pub(crate) trait Store: Send + Sync + fmt::Debug {
    fn registries(&self) -> Arc<Registries>;
}

/// Those that all token sources of one process share. A fork's child has its own, empty ones.
#[derive(Debug)]
pub(crate) struct ProcessStore;

impl Store for ProcessStore {
    fn registries(&self) -> Arc<Registries> {
        static REGISTRIES: PerProcess<Registries> = PerProcess::new();
        REGISTRIES.here()
    }
}
