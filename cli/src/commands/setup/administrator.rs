//! Whoever sets up: an access token from a file, from the variables that gcloud and Terraform read, or from gcloud's
//! application-default login.

use crate::environment::{LOGIN, Variables};
use crate::error::Failure;
use crate::exit::Exit;
use http::HeaderValue;
use rolebridge::binding;
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// In the order in which they count.
const VARIABLES: [&str; 2] = ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"];
/// The kind of a person's login, the only one that is refreshed here.
const PERSON: &str = "authorized_user";
const REFRESH_URL: &str = "https://oauth2.googleapis.com/token";
const LOGIN_AGAIN: &str = "`gcloud auth application-default login` logs in again";

/// As whom Google is asked.
pub(super) struct Administrator {
    /// It is marked as sensitive, and shown nowhere.
    pub(super) authorization: HeaderValue,
    /// The project whose quota is used; Google wants one to be named where a person has logged in.
    pub(super) quota_project: Option<String>,
}

/// What gcloud writes of a login. Other kinds of credentials have a file of that name, too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Login {
    r#type: String,
    client_id: String,
    client_secret: Zeroizing<String>,
    refresh_token: Zeroizing<String>,
    quota_project_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refreshed {
    access_token: Zeroizing<String>,
    error: String,
    error_description: String,
}

impl Administrator {
    /// Whoever is named by the file or by a variable; none if neither names anybody.
    pub(super) fn named(file: Option<&Path>, environment: &Variables) -> Result<Option<Administrator>, Failure> {
        let token = match file {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|cause| Failure::unreadable(path, &cause))?),
            None => VARIABLES.iter().find_map(|name| environment.text(name)),
        };
        let Some(token) = token.map(Zeroizing::new) else { return Ok(None) };
        let authorization = bearer(&token).ok_or_else(|| {
            Failure::usage("the access token is empty or has characters that no token has")
                .hinting("`gcloud auth print-access-token` prints one")
        })?;
        Ok(Some(Administrator { authorization, quota_project: None }))
    }

    /// Whoever has logged in by gcloud on this machine; none if nobody has.
    pub(super) fn logged_in(project: &str, environment: &Variables) -> Result<Option<Administrator>, Failure> {
        let Some(path) = login_file(environment) else { return Ok(None) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(Failure::unreadable(&path, &cause)),
        };
        // What the parser says may quote what it read.
        let login: Login = serde_json::from_str(&text).unwrap_or_default();
        if login.r#type != PERSON {
            let message = format!("`{}` holds no login of a person, which is wanted to set up", path.display());
            return Err(Failure::new(Exit::File, message).hinting(
                "name an access token with --access-token-file or CLOUDSDK_AUTH_ACCESS_TOKEN, or log in with \
                 `gcloud auth application-default login`",
            ));
        }
        let authorization = login.refresh(environment)?;
        let quota_project = login.quota_project_id.unwrap_or_else(|| project.to_owned());
        Ok(Some(Administrator { authorization, quota_project: Some(quota_project) }))
    }

    pub(super) fn missing() -> Failure {
        Failure::usage("no access token is named, with which Google could be asked, and gcloud has no login").hinting(
            "`gcloud auth application-default login` logs in; or set \
             CLOUDSDK_AUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\", or name a file with --access-token-file",
        )
    }
}

impl Login {
    fn refresh(&self, environment: &Variables) -> Result<HeaderValue, Failure> {
        let failed = |what: String| {
            let message = format!("gcloud's application-default login got no access token: {what}");
            Failure::new(Exit::Failed, message)
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", &self.client_secret)
            .append_pair("refresh_token", &self.refresh_token)
            .finish();
        let request = http::Request::post(REFRESH_URL)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|cause| failed(cause.to_string()))?;
        let response = binding::exchange(&environment.snapshot(), request)
            .map_err(|cause| failed(cause.to_string()).hinting("look at the network, then run this again"))?;
        let answer: Refreshed = serde_json::from_slice(response.body()).unwrap_or_default();
        let token = Some(&answer.access_token).filter(|_| response.status().is_success());
        token.and_then(|token| bearer(token)).ok_or_else(|| {
            let Refreshed { error, error_description, .. } = &answer;
            let said = format!("oauth2.googleapis.com answered {}: {error}", response.status().as_u16());
            let said = if error_description.is_empty() { said } else { format!("{said} ({error_description})") };
            failed(said).hinting(LOGIN_AGAIN)
        })
    }
}

/// The header of a token; none if it cannot be one.
fn bearer(token: &str) -> Option<HeaderValue> {
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Where gcloud keeps the login.
fn login_file(environment: &Variables) -> Option<PathBuf> {
    let folder = environment.path("CLOUDSDK_CONFIG").or_else(|| match environment.path("APPDATA") {
        Some(folder) if cfg!(windows) => Some(folder.join("gcloud")),
        _ => environment.path("HOME").map(|home| home.join(".config").join("gcloud")),
    });
    folder.map(|folder| folder.join(LOGIN))
}
