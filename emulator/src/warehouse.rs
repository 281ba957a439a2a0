//! What BigQuery keeps for a project: its data, the jobs that have been done to it, and uploads under way.

pub(crate) mod column;
pub(crate) mod database;
pub(crate) mod dialect;
pub(crate) mod format;
pub(crate) mod load;
mod rows;

use crate::upload::Uploads;
use database::{Database, Table};
use load::Loaded;
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct Warehouse {
    /// Opened by the first job: most worlds never see one.
    database: Option<Database>,
    pub(crate) jobs: HashMap<String, Job>,
    /// What is to become of each is the resource of its job.
    pub(crate) uploads: Uploads<serde_json::Value>,
}

pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) user: String,
    /// When it was made, as BigQuery writes it.
    pub(crate) milliseconds: String,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Query {
        sql: String,
        table: Table,
    },
    Load {
        /// As the client has sent it.
        configuration: serde_json::Value,
        bytes: usize,
        outcome: Loaded,
    },
}

impl Warehouse {
    pub(crate) fn database(&mut self) -> &mut Database {
        self.database.get_or_insert_with(Database::seeded)
    }
}
