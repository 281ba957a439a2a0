//! Workload identity pools and their providers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) description: Description,
    pub(crate) providers: BTreeMap<String, Provider>,
}

pub(crate) struct Provider {
    pub(crate) description: Description,
    /// The AWS account that it trusts.
    pub(crate) account: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Description {
    pub(crate) display_name: String,
    pub(crate) description: String,
}

impl Pool {
    pub(crate) fn with_provider(id: &str, account: &str) -> Pool {
        let provider = Provider { description: Description::default(), account: account.into() };
        Pool { providers: BTreeMap::from([(id.into(), provider)]), ..Pool::default() }
    }
}

/// A pool's full name, with the project's number as Google writes it.
pub(crate) fn pool_name(project_number: &str, pool: &str) -> String {
    format!("projects/{project_number}/locations/global/workloadIdentityPools/{pool}")
}
