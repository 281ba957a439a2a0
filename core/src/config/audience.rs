//! The audience: the full resource name of the workload identity pool *provider* that vouches for the AWS account.

use super::endpoints::Endpoints;
use super::json::Object;
use crate::error::Error;
use crate::quote;
use std::borrow::Cow;

const SHAPE: &str =
    "//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";

/// `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audience {
    name: String,
    pool: String,
}

/// Why a text is no audience: the end of a sentence about it, and what to do.
pub(super) struct Wrong {
    pub(super) problem: String,
    pub(super) hint: Cow<'static, str>,
}

impl Audience {
    pub(super) fn read(file: &Object<'_>, endpoints: &Endpoints) -> Result<Audience, Error> {
        let name = file.text("audience")?;
        Audience::parse(name, endpoints).map_err(|wrong| file.error("audience", wrong.problem).hinting(wrong.hint))
    }

    pub(super) fn parse(name: &str, endpoints: &Endpoints) -> Result<Audience, Wrong> {
        fn refused(problem: String, hint: impl Into<Cow<'static, str>>) -> Result<Audience, Wrong> {
            Err(Wrong { problem, hint: hint.into() })
        }

        // gcloud writes googleapis.com in every universe.
        let hosts = ["//iam.googleapis.com/".to_owned(), format!("//iam.{}/", endpoints.domain())];
        let Some(path) = hosts.iter().find_map(|host| name.strip_prefix(host.as_str())) else {
            return refused(format!("does not begin with `//iam.googleapis.com/`; its shape is `{SHAPE}`"), COPY);
        };
        let parts: Vec<&str> = path.split('/').collect();
        let ["projects", project, "locations", "global", "workloadIdentityPools", pool, rest @ ..] = parts.as_slice()
        else {
            return refused(format!("is not a workload identity pool provider; its shape is `{SHAPE}`"), COPY);
        };
        if project.is_empty() || !project.bytes().all(|byte| byte.is_ascii_digit()) {
            return refused(
                format!("names the project by {}, and must name it by its number", quote::name(project)),
                match is_google_id(project) {
                    true => format!(
                        "`gcloud projects describe {project} --format='value(projectNumber)'` prints the number"
                    ),
                    false => "copy the number from the project's page in the Google Cloud console".to_owned(),
                },
            );
        }
        match rest {
            [] | ["providers"] => refused(
                format!("names the pool {} and no provider in it", quote::name(pool)),
                match is_google_id(pool) {
                    true => format!(
                        "append `/providers/PROVIDER`; `gcloud iam workload-identity-pools providers list \
                         --workload-identity-pool={pool} --location=global --project={project} --format='value(name)'` \
                         names them"
                    ),
                    false => COPY.to_owned(),
                },
            ),
            ["providers", provider] if is_id(pool) && is_id(provider) => Ok(Audience {
                name: name.to_owned(),
                pool: format!("projects/{project}/locations/global/workloadIdentityPools/{pool}"),
            }),
            _ => refused(
                format!("has a pool or provider that cannot exist; its shape is `{SHAPE}`"),
                "Google's pools and providers have ids of 4 to 32 lower-case letters, digits and hyphens",
            ),
        }
    }

    /// The whole name, as Google STS takes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    /// The number of the pool's project, the pool's id and the provider's.
    pub(crate) fn parts(&self) -> [&str; 3] {
        // The shape is the one that was read: //HOST/projects/NUMBER/locations/global/workloadIdentityPools/…
        let part = |index| self.name.split('/').nth(index).unwrap_or_default();
        [part(4), part(8), part(10)]
    }

    /// The pool's resource name, as `principalSet://iam.googleapis.com/…` continues.
    pub(crate) fn pool(&self) -> &str {
        &self.pool
    }
}

const COPY: &str = "copy it from `gcloud iam workload-identity-pools providers describe … --format='value(name)'`, with `//iam.googleapis.com/` before it";

/// Whether it may be the id of a pool or a project as Google gives them, and no key, so that it may stand in the command of
/// a hint.
fn is_google_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (4..=32).contains(&text.len()) && text.bytes().all(is_allowed) && !text.starts_with('-') && quote::is_name(text)
}

/// Whether it stays in its place: in a URL, in a header, and in the command of a hint. (Which ids there can be is Google's
/// to say: 4 to 32 of `[a-z0-9-]` today.)
fn is_id(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !matches!(text, "" | "." | "..") && text.bytes().all(is_unreserved)
}
