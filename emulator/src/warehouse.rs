//! What BigQuery keeps for a project: its data, and the queries that have been made of it.

pub(crate) mod database;
pub(crate) mod dialect;

use database::{Database, Table};
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct Warehouse {
    /// Opened by the first query: most worlds never see one.
    pub(crate) database: Option<Database>,
    pub(crate) jobs: HashMap<String, Job>,
}

pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) sql: String,
    pub(crate) user: String,
    /// When it was made, as BigQuery writes it.
    pub(crate) milliseconds: String,
    pub(crate) table: Table,
}
