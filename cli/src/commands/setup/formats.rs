//! The plan as text that does it elsewhere.

mod gcloud;
mod rest;
mod terraform;

use super::plan::{Desired, Found, Plan};
use super::step::Step;

/// What the plan is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Sentences.
    Text,
    /// Commands of the gcloud CLI.
    Gcloud,
    /// REST calls by curl and jq.
    Rest,
    /// One file of Terraform.
    Terraform,
}

impl Format {
    pub(super) fn show(self, desired: &Desired, steps: &[Step]) -> String {
        match self {
            Format::Text => {
                let lines = steps.iter().enumerate().map(|(index, step)| format!("{}. {step}\n", index + 1));
                lines.collect()
            }
            Format::Gcloud => gcloud::show(desired, steps),
            Format::Rest => rest::show(desired, steps),
            // Terraform compares with what it finds by itself.
            Format::Terraform => terraform::show(desired, &Plan::new(desired, &Found::default(), false).steps),
        }
    }
}

/// A word of a shell's line, as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
