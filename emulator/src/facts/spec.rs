//! The JSON that describes a world, and the JSON that changes one. A misspelt member is an error, not a default.

pub(crate) mod identities;

use identities::{Container, ContainerPatch, Ending, Renewal, Role, Sso, SsoPatch, WebIdentity};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A hundred years: what clocks and lifetimes may differ by without leaving the calendar.
const MOST_SECONDS: u64 = 100 * 366 * 24 * 3600;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Spec {
    /// Services enabled, pool and provider made, the role bound to the service account.
    pub(crate) ready: bool,
    pub(crate) project: Project,
    /// By default `bigquery-reader@PROJECT.iam.gserviceaccount.com`.
    pub(crate) service_account: Option<String>,
    pub(crate) pool: String,
    pub(crate) provider: String,
    pub(crate) aws: Aws,
    pub(crate) clock: Clock,
    /// The role that may act as the service account in a ready world.
    pub(crate) bound_role: String,
    /// Who may use BigQuery and Cloud Storage; by default the service account.
    pub(crate) grants: Option<Vec<String>>,
    /// The names of Cloud Storage's buckets.
    pub(crate) buckets: Vec<String>,
    /// Roles on the service account, beside that of `bound_role`.
    pub(crate) bindings: Vec<RoleBinding>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) federated_lifetime_seconds: i64,
    /// How often a long-running operation answers that it is not done.
    pub(crate) operation_polls: u32,
}

#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) number: String,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Aws {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) zone: String,
    pub(crate) instance: Instance,
    #[serde(deserialize_with = "seconds")]
    pub(crate) key_lifetime_seconds: i64,
    pub(crate) users: Vec<User>,
    pub(crate) container: Container,
    /// By default the bound role alone.
    pub(crate) roles: Option<Vec<Role>>,
    pub(crate) web_identity: WebIdentity,
    pub(crate) sso: Sso,
}

#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// `null`: an instance without an instance profile.
    pub(crate) role: Option<String>,
    pub(crate) imds: Imds,
}

/// Which versions of the instance metadata service answer.
#[derive(Clone, Copy, Deserialize, PartialEq)]
pub(crate) enum Imds {
    #[serde(rename = "v1")]
    V1,
    #[serde(rename = "v1 and v2")]
    V1AndV2,
    #[serde(rename = "v2")]
    V2,
}

/// An IAM user with long-lived keys.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    /// By default the account of the world; another one makes a stranger.
    pub(crate) account: Option<String>,
}

/// A role on the service account, and who has it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBinding {
    pub(crate) role: String,
    pub(crate) members: Vec<String>,
}

/// How far the clocks of both clouds are ahead of this machine's.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Clock {
    #[serde(deserialize_with = "seconds")]
    pub(crate) offset_seconds: i64,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            ready: true,
            project: Project::default(),
            service_account: None,
            pool: "aws-pool".into(),
            provider: "aws-provider".into(),
            aws: Aws::default(),
            clock: Clock::default(),
            bound_role: "bigquery-role".into(),
            grants: None,
            buckets: vec!["my-bucket".into()],
            bindings: Vec::new(),
            federated_lifetime_seconds: 3600,
            operation_polls: 0,
        }
    }
}

impl Default for Project {
    fn default() -> Self {
        Project { id: "my-project".into(), number: "123456789012".into() }
    }
}

impl Default for Aws {
    fn default() -> Self {
        Aws {
            account: "111122223333".into(),
            region: "us-east-1".into(),
            zone: "us-east-1a".into(),
            instance: Instance::default(),
            key_lifetime_seconds: 21_600,
            users: Vec::new(),
            container: Container::default(),
            roles: None,
            web_identity: WebIdentity::default(),
            sso: Sso::default(),
        }
    }
}

impl Default for Instance {
    fn default() -> Self {
        Instance { id: "i-0123456789abcdef0".into(), role: Some("bigquery-role".into()), imds: Imds::V2 }
    }
}

/// What may change while a world lives: the same shape as [`Spec`], only the members to change.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Patch {
    pub(crate) aws: AwsPatch,
    pub(crate) clock: Option<Clock>,
    /// Of operations that begin from then on.
    pub(crate) operation_polls: Option<u32>,
    pub(crate) grants: Option<Vec<String>>,
    /// Added to those of the service account.
    pub(crate) bindings: Vec<RoleBinding>,
    /// What ends at once, before anything is renewed.
    pub(crate) expire: Vec<Ending>,
    /// What is replaced by a new one.
    pub(crate) rotate: Vec<Renewal>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AwsPatch {
    pub(crate) instance: InstancePatch,
    pub(crate) container: ContainerPatch,
    /// All of them, in the place of those before.
    pub(crate) roles: Option<Vec<Role>>,
    pub(crate) sso: SsoPatch,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InstancePatch {
    /// Outer `None`: not named in the patch. Inner `None`: `null`, the role goes.
    #[serde(deserialize_with = "named")]
    pub(crate) role: Option<Option<String>>,
}

fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<i64, D::Error> {
    let seconds = i64::deserialize(value)?;
    if seconds.unsigned_abs() > MOST_SECONDS {
        return Err(D::Error::custom(format!("{seconds} seconds are more than a hundred years")));
    }
    Ok(seconds)
}

fn named<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Spec {
    pub(crate) fn service_account(&self) -> String {
        let default = || format!("bigquery-reader@{}.iam.gserviceaccount.com", self.project.id);
        self.service_account.clone().unwrap_or_else(default)
    }
}
