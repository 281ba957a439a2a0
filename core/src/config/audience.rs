//! The audience: the full resource name of the workload identity pool *provider* that vouches for the AWS account.

use super::endpoints::Endpoints;
use super::json::Object;
use crate::error::Error;
use crate::quote;

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
    pub(super) hint: &'static str,
}

impl Audience {
    pub(super) fn read(file: &Object<'_>, endpoints: &Endpoints) -> Result<Audience, Error> {
        let name = file.text("audience")?;
        Audience::parse(name, endpoints).map_err(|wrong| file.error("audience", wrong.problem).hinting(wrong.hint))
    }

    pub(super) fn parse(name: &str, endpoints: &Endpoints) -> Result<Audience, Wrong> {
        let refused = |problem: String, hint: &'static str| Err(Wrong { problem, hint });

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
                "`gcloud projects describe PROJECT_ID --format='value(projectNumber)'` prints the number",
            );
        }
        match rest {
            [] | ["providers"] => refused(
                format!("names the pool {} and no provider in it", quote::name(pool)),
                "append `/providers/PROVIDER`; `gcloud iam workload-identity-pools providers list` names them",
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

    /// The pool's resource name, as `principalSet://iam.googleapis.com/…` continues.
    pub(crate) fn pool(&self) -> &str {
        &self.pool
    }
}

const COPY: &str = "copy it from `gcloud iam workload-identity-pools providers describe … --format='value(name)'`, with `//iam.googleapis.com/` before it";

/// Whether it stays in its place: in a URL, in a header, and in the command of a hint. (Which ids there can be is Google's
/// to say: 4 to 32 of `[a-z0-9-]` today.)
fn is_id(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    !matches!(text, "" | "." | "..") && text.bytes().all(is_unreserved)
}
