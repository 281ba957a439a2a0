//! One change of a project.

use std::fmt;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    EnableServices(Vec<String>),
    CreatePool,
    UndeletePool,
    EnablePool,
    CreateProvider,
    UndeleteProvider,
    /// Makes what is there as it is wanted.
    UpdateProvider(Vec<Change>),
    CreateServiceAccount,
    /// Adds these members to the binding that has no condition.
    Bind(Vec<String>),
    /// Takes these members out of every binding of the role, with a condition or without.
    Unbind(Vec<String>),
    DeleteProvider,
    DeletePool,
    DeleteServiceAccount,
}

/// One property of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Account,
    Mapping,
    Condition,
    Enabled,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::EnableServices(services) => write!(formatter, "enable the APIs {}", services.join(", ")),
            Step::CreatePool => formatter.write_str("create the pool"),
            Step::UndeletePool => formatter.write_str("undelete the pool, which was deleted"),
            Step::EnablePool => formatter.write_str("enable the pool, which is disabled"),
            Step::CreateProvider => formatter.write_str("create the AWS provider"),
            Step::UndeleteProvider => formatter.write_str("undelete the provider, which was deleted"),
            Step::UpdateProvider(changes) => {
                let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
                write!(formatter, "change of the provider: {}", changes.join(", "))
            }
            Step::CreateServiceAccount => formatter.write_str("create the service account"),
            Step::Bind(members) => write!(formatter, "let act as the service account: {}", members.join(", ")),
            Step::Unbind(members) => {
                write!(formatter, "let act as the service account no more: {}", members.join(", "))
            }
            Step::DeleteProvider => formatter.write_str("delete the provider"),
            Step::DeletePool => formatter.write_str("delete the pool"),
            Step::DeleteServiceAccount => formatter.write_str("delete the service account"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Change::Account => "the AWS account that it trusts",
            Change::Mapping => "its mapping",
            Change::Condition => "its condition",
            Change::Enabled => "that it is disabled",
        })
    }
}
