//! The credential file: `external_account` JSON, read once into a [`Config`] that cannot be wrong.
//!
//! The format is AIP-4117's (<https://google.aip.dev/auth/4117>), as `gcloud iam workload-identity-pools
//! create-cred-config --aws` writes it. Members that are not named here are ignored, as Google's libraries do. Every
//! error names the JSON path of what is wrong, and is found before any request is sent.

mod audience;
mod endpoints;
mod json;

pub(crate) use audience::Audience;
pub(crate) use endpoints::Endpoints;
use endpoints::{VerificationUrl, is_email};

use crate::error::Error;
use crate::quote;
use crate::secret::Secret;
use json::Object;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// The one `subject_token_type` of an AWS identity (AIP-4117).
pub(crate) const AWS_SUBJECT_TOKEN_TYPE: &str = "urn:ietf:params:aws:token-type:aws4_request";

/// As gcloud writes it (AIP-4117).
const VERIFICATION_URL: &str = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// An hour, as Google's libraries ask where the file is silent.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);
/// AIP-4117: `token_lifetime_seconds` lies between ten minutes and twelve hours.
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 600..=43_200;

/// A credential file in which everything has been decided: whom to ask, for what, and for how long.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) audience: Audience,
    pub(crate) token_url: Url,
    /// The service account to impersonate; none in direct access.
    pub(crate) impersonation: Option<Impersonation>,
    pub(crate) client: Option<ClientAuthentication>,
    pub(crate) verification_url: VerificationUrl,
    /// Where instance metadata is asked, if the file was allowed to name another place than the well-known one.
    pub(crate) metadata_origin: Option<Url>,
    pub(crate) quota_project: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) universe_domain: String,
}

/// The call that turns a federated token into one of a service account.
#[derive(Debug)]
pub(crate) struct Impersonation {
    pub(crate) url: Url,
    pub(crate) service_account: String,
    /// The project in its name, if that holds one.
    pub(crate) project: Option<String>,
    pub(crate) lifetime: Duration,
    /// Whether the file named the lifetime: Google's usage header says so.
    pub(crate) lifetime_is_configured: bool,
}

/// The OAuth client that asks, where the file names one; sent as HTTP Basic authentication (RFC 6749, section 2.3.1).
#[derive(Debug)]
pub(crate) struct ClientAuthentication {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

impl Config {
    /// Reads a credential file's text.
    pub(crate) fn parse(text: &str, endpoints: &Endpoints) -> Result<Config, Error> {
        Config::of(&json::parse(text)?, endpoints)
    }

    /// What `create-cred-config --aws` would write for this audience and service account.
    pub(crate) fn of_audience(
        audience: &str,
        service_account: Option<&str>,
        endpoints: &Endpoints,
    ) -> Result<Config, Error> {
        let option = |name: &str, problem: String| Error::option(format!("the option `{name}` {problem}"));
        if let Err(wrong) = Audience::parse(audience, endpoints) {
            return Err(option("audience", wrong.problem).hinting(wrong.hint));
        }
        if let Some(email) = service_account.filter(|email| !is_email(email)) {
            let problem = format!("is {}, which is no service account's e-mail address", quote::name(email));
            return Err(option("service_account", problem).hinting("`gcloud iam service-accounts list` names them"));
        }
        let domain = endpoints.domain();
        let accounts = format!("https://iamcredentials.{domain}/v1/projects/-/serviceAccounts");
        let file = json!({
            "type": "external_account",
            "audience": audience,
            "subject_token_type": AWS_SUBJECT_TOKEN_TYPE,
            "token_url": format!("https://sts.{domain}/v1/token"),
            "service_account_impersonation_url":
                service_account.map(|email| format!("{accounts}/{email}:generateAccessToken")),
            "credential_source": { "environment_id": "aws1", "regional_cred_verification_url": VERIFICATION_URL },
        });
        Config::of(&file, endpoints)
    }

    fn of(value: &Value, endpoints: &Endpoints) -> Result<Config, Error> {
        let file = Object::root(value)?;
        check_type(&file)?;
        endpoints.check_universe(&file)?;
        let source = source(&file)?;
        Ok(Config {
            audience: Audience::read(&file, endpoints)?,
            token_url: endpoints.token_url(&file)?,
            impersonation: impersonation(&file, endpoints)?,
            client: client(&file)?,
            verification_url: verification_url(&source, endpoints)?,
            metadata_origin: endpoints.metadata_origin(&source)?,
            quota_project: quota_project(&file)?,
            project: file.name("project_id")?.map(str::to_owned),
            universe_domain: endpoints.domain().to_owned(),
        })
    }

    pub(crate) fn service_account(&self) -> Option<&str> {
        self.impersonation.as_ref().map(|impersonation| impersonation.service_account.as_str())
    }
}

pub(crate) fn is_aws_external_account(text: &str) -> bool {
    let Ok(value) = json::parse(text) else { return false };
    value["type"] == "external_account" && value["subject_token_type"] == AWS_SUBJECT_TOKEN_TYPE
}

/// The project in a service account's name: `name@PROJECT.iam.gserviceaccount.com`, and `example.com:PROJECT` for
/// `name@PROJECT.example.com.iam.gserviceaccount.com`.
fn project_of(service_account: &str) -> Option<String> {
    let name = service_account.split_once('@')?.1.strip_suffix(".iam.gserviceaccount.com")?;
    Some(match name.split_once('.') {
        None => name.to_owned(),
        Some((project, domain)) => format!("{domain}:{project}"),
    })
}

fn check_type(file: &Object<'_>) -> Result<(), Error> {
    let kind = file.text("type")?;
    if kind != "external_account" {
        return Err(file
            .error("type", format_args!("is {}, and Rolebridge reads `external_account` only", quote::name(kind)))
            .hinting("write the file with `gcloud iam workload-identity-pools create-cred-config … --aws`"));
    }
    let subject = file.text("subject_token_type")?;
    if subject != AWS_SUBJECT_TOKEN_TYPE {
        let mut problem = format!("is {}, which is not AWS's `{AWS_SUBJECT_TOKEN_TYPE}`", quote::name(subject));
        if let Some((_, what)) = file.optional_object("credential_source")?.as_ref().and_then(source_elsewhere) {
            problem += &format!(": the identity comes from {what}");
        }
        return Err(file.error("subject_token_type", problem).hinting(NOT_OF_AWS));
    }
    Ok(())
}

const NOT_OF_AWS: &str = "this credential does not come from AWS: use Google's own library for it";

/// The member by which a source is none of AWS's, and what it names (AIP-4117).
fn source_elsewhere(source: &Object<'_>) -> Option<(&'static str, &'static str)> {
    const SOURCES: [(&str, &str); 4] =
        [("file", "a file"), ("executable", "a program"), ("certificate", "a certificate"), ("url", "a URL")];
    // AWS's own has a `url` too, that of instance metadata.
    let is_of_aws = source.has("environment_id") || source.has("regional_cred_verification_url");
    SOURCES.into_iter().find(|(name, _)| !is_of_aws && source.has(name))
}

/// Where the identity comes from, if it comes from AWS.
fn source<'a>(file: &Object<'a>) -> Result<Object<'a>, Error> {
    let source = file.object("credential_source")?;
    match source_elsewhere(&source) {
        Some((name, what)) => Err(source
            .error(name, format_args!("takes the identity from {what}, and Rolebridge takes it from AWS alone"))
            .hinting(NOT_OF_AWS)),
        None => Ok(source),
    }
}

fn impersonation(file: &Object<'_>, endpoints: &Endpoints) -> Result<Option<Impersonation>, Error> {
    let options = file.optional_object("service_account_impersonation")?;
    let configured = match &options {
        Some(options) => options.optional_seconds("token_lifetime_seconds", LIFETIME_SECONDS)?,
        None => None,
    };
    let Some((url, service_account)) = endpoints.impersonation_url(file)? else { return Ok(None) };
    Ok(Some(Impersonation {
        url,
        project: project_of(&service_account),
        service_account,
        lifetime: configured.unwrap_or(DEFAULT_LIFETIME),
        lifetime_is_configured: configured.is_some(),
    }))
}

fn quota_project(file: &Object<'_>) -> Result<Option<String>, Error> {
    let named = file.name("quota_project_id")?;
    match named.filter(|name| !is_project(name)) {
        None => Ok(named.map(str::to_owned)),
        Some(_) => Err(file.error("quota_project_id", "is not a project's name")),
    }
}

/// Whether a header could carry it: a project's id or number, with or without a domain before it.
pub(crate) fn is_project(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn client(file: &Object<'_>) -> Result<Option<ClientAuthentication>, Error> {
    let secret = file.name("client_secret")?.unwrap_or_default();
    let id = file.name("client_id")?;
    Ok(id.map(|id| ClientAuthentication { id: id.to_owned(), secret: Secret::new(secret) }))
}

fn verification_url(source: &Object<'_>, endpoints: &Endpoints) -> Result<VerificationUrl, Error> {
    let environment = source.text("environment_id")?;
    if environment != "aws1" {
        return Err(source
            .error(
                "environment_id",
                format_args!("is {}, and only version 1 of AWS, `aws1`, is known", quote::name(environment)),
            )
            .hinting("write the file anew with `create-cred-config … --aws`, or update Rolebridge"));
    }
    endpoints.verification_url(source)
}
