//! The access token of whoever sets up: from a file, or from the variables that gcloud and Terraform read.

use crate::environment::Variables;
use crate::error::Failure;
use std::path::Path;

/// In the order in which they count.
const VARIABLES: [&str; 2] = ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"];

/// It is shown nowhere.
pub(super) struct AdminToken(pub(super) String);

impl AdminToken {
    /// The token that is named; none if nothing names one.
    pub(super) fn find(file: Option<&Path>, environment: &Variables) -> Result<Option<AdminToken>, Failure> {
        let text = match file {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|cause| Failure::file("read", path, &cause))?),
            None => VARIABLES.iter().find_map(|name| environment.text(name)),
        };
        let Some(text) = text else { return Ok(None) };
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::usage("the access token is empty or has characters that no token has")
                .hinting("`gcloud auth print-access-token` prints one"));
        }
        Ok(Some(AdminToken(token.to_owned())))
    }

    pub(super) fn missing() -> Failure {
        Failure::usage("no access token is named, with which Google could be asked").hinting(
            "set CLOUDSDK_AUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\", or name a file with \
             --access-token-file",
        )
    }
}
