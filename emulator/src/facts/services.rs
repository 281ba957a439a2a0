//! The APIs that a project may enable here.

use std::collections::BTreeSet;

/// Name and title of every service that a project may have here.
const SERVICES: [(&str, &str); 6] = [
    ("bigquery.googleapis.com", "BigQuery API"),
    ("cloudresourcemanager.googleapis.com", "Cloud Resource Manager API"),
    ("iam.googleapis.com", "Identity and Access Management (IAM) API"),
    ("iamcredentials.googleapis.com", "IAM Service Account Credentials API"),
    ("storage.googleapis.com", "Cloud Storage API"),
    ("sts.googleapis.com", "Security Token Service API"),
];

pub(crate) fn enabled_from_the_start() -> BTreeSet<String> {
    ["bigquery.googleapis.com", "storage.googleapis.com"].map(str::to_owned).into()
}

pub(crate) fn all() -> BTreeSet<String> {
    names().map(str::to_owned).collect()
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(name, _)| *name)
}

/// None where there is no such service.
pub(crate) fn title(service: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(name, _)| *name == service).map(|(_, title)| *title)
}
