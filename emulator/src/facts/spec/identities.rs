//! The part of a specification that describes AWS identities other than the instance's: a container, roles that can
//! be assumed, web identity tokens, IAM Identity Center.

use super::{named, seconds};
use serde::Deserialize;

const DAY_SECONDS: i64 = 24 * 3600;

/// A task on ECS, a pod on EKS, a restored Lambda function: whatever asks an agent beside it for keys.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Container {
    /// `null`: a container without a role.
    pub(crate) role: Option<String>,
    /// The session name of its keys, and the last part of the default task ARN.
    pub(crate) session: String,
    /// By default one in the world's account and region.
    pub(crate) task_arn: Option<String>,
    /// Of the authorization token.
    #[serde(deserialize_with = "seconds")]
    pub(crate) token_lifetime_seconds: i64,
}

/// An IAM role that can be assumed, and its trust policy.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// By default the account of the world.
    pub(crate) account: Option<String>,
    #[serde(default = "root_path")]
    pub(crate) path: String,
    /// Principals that may assume it; by default everyone in the account of the world.
    pub(crate) trusts: Option<Vec<String>>,
    /// What a caller of `AssumeRole` must name, if anything.
    pub(crate) external_id: Option<String>,
    /// `null`: no web identity is trusted.
    #[serde(default = "own_web_identity")]
    pub(crate) web_identity: Option<TrustedIdentity>,
    #[serde(default = "hour", deserialize_with = "seconds")]
    pub(crate) max_session_seconds: i64,
}

/// Whose web identity tokens a role trusts; by default those of the world.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrustedIdentity {
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
}

/// The tokens that an identity provider outside of AWS, such as a cluster's, issues in this world.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebIdentity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
    #[serde(deserialize_with = "seconds")]
    pub(crate) lifetime_seconds: i64,
    /// Whether the accounts know the issuer as an identity provider.
    pub(crate) registered: bool,
}

/// IAM Identity Center, with one user who has logged in.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sso {
    /// What the user is assigned.
    pub(crate) roles: Vec<SsoRole>,
    /// The session name of the user's keys.
    pub(crate) user: String,
    /// The roles are called `AWSReservedSSO_NAME_SUFFIX` in IAM.
    pub(crate) role_suffix: String,
    pub(crate) start_url: String,
    /// By default the region of the world.
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) token_lifetime_seconds: i64,
    #[serde(deserialize_with = "seconds")]
    pub(crate) registration_lifetime_seconds: i64,
    #[serde(deserialize_with = "seconds")]
    pub(crate) key_lifetime_seconds: i64,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SsoRole {
    pub(crate) name: String,
    /// By default the account of the world.
    pub(crate) account: Option<String>,
}

impl Default for Container {
    fn default() -> Self {
        Container {
            role: Some("bigquery-role".into()),
            session: "0123456789abcdef0123456789abcdef".into(),
            task_arn: None,
            token_lifetime_seconds: DAY_SECONDS,
        }
    }
}

impl Role {
    /// Trusts everyone in the account of the world, and the world's web identity.
    pub(crate) fn of_the_world(name: &str) -> Role {
        Role {
            name: name.into(),
            account: None,
            path: root_path(),
            trusts: None,
            external_id: None,
            web_identity: own_web_identity(),
            max_session_seconds: hour(),
        }
    }
}

impl Default for WebIdentity {
    fn default() -> Self {
        WebIdentity {
            issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF".into(),
            subject: "system:serviceaccount:default:app".into(),
            audience: "sts.amazonaws.com".into(),
            lifetime_seconds: DAY_SECONDS,
            registered: true,
        }
    }
}

impl Default for Sso {
    fn default() -> Self {
        Sso {
            roles: vec![SsoRole { name: "bigquery-role".into(), account: None }],
            user: "alice@example.com".into(),
            role_suffix: "0123456789abcdef".into(),
            start_url: "https://example.awsapps.com/start".into(),
            region: None,
            token_lifetime_seconds: 3600,
            registration_lifetime_seconds: 90 * DAY_SECONDS,
            key_lifetime_seconds: 3600,
        }
    }
}

fn root_path() -> String {
    "/".into()
}

#[expect(clippy::unnecessary_wraps, reason = "the default of a member that may also be null")]
fn own_web_identity() -> Option<TrustedIdentity> {
    Some(TrustedIdentity::default())
}

fn hour() -> i64 {
    3600
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ContainerPatch {
    /// Outer `None`: not named in the patch. Inner `None`: `null`, the role goes.
    #[serde(deserialize_with = "named")]
    pub(crate) role: Option<Option<String>>,
    pub(crate) session: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SsoPatch {
    pub(crate) roles: Option<Vec<SsoRole>>,
}

/// What can be told to end at once.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// Those of the instance.
    Keys,
    ContainerKeys,
    /// All that AWS STS has made.
    AssumedKeys,
    /// All that the portal has made.
    SsoKeys,
    ContainerToken,
    WebIdentityToken,
    SsoAccessToken,
    SsoRefreshToken,
    /// The client's registration.
    SsoClient,
    /// All that Google's STS has given.
    FederatedTokens,
    /// All that Google has given for service accounts.
    AccessTokens,
}

/// What can be replaced by a new one.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Renewal {
    /// Those of the instance.
    Keys,
    ContainerKeys,
    ContainerToken,
    WebIdentityToken,
    SsoAccessToken,
    SsoRefreshToken,
}
