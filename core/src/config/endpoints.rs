//! Whom a credential file may have us call.
//!
//! A credential file is untrusted text: a signed AWS request goes to the token URL that it names, and a federated token
//! to its impersonation URL. So, with D the universe domain (`googleapis.com`, unless the program or the environment
//! names another; the file's own `universe_domain` must agree and widens nothing):
//!
//! 1. `token_url` is https at `sts.D`, `sts.REGION.rep.D`, `sts.REGION.D`, `REGION.sts.D`, `REGION-sts.D`, `sts.mtls.D`
//!    or `sts-NAME.p.D`, with the path `/v1/token` or `/v1/oauthtoken`, and no user, port, query or fragment; where the
//!    file is silent it is `https://sts.D/v1/token`.
//!    (`*.googleapis.com` would not do: bucket hosts lie there that strangers can write to.)
//! 2. `service_account_impersonation_url` is at the same hosts of `iamcredentials`, with the path
//!    `/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`.
//! 3. `regional_cred_verification_url` is AWS STS in the workload's region: `https://sts.{region}.amazonaws.com[.cn]`,
//!    its fips or dual-stack host, with exactly `Action=GetCallerIdentity&Version=2011-06-15`. Google calls it; we only
//!    sign for it.
//! 4. Metadata URLs are at `169.254.169.254` or `[fd00:ec2::254]` (AIP-4117).
//!
//! Anything else is refused, unless the *program* allows that origin, or the environment allows loopback for tests.

use super::json::Object;
use crate::error::Error;
use crate::quote;
use std::path::Path;
use url::{Host, Origin, Url};

const GOOGLE_DOMAIN: &str = "googleapis.com";
const METADATA_HOSTS: [&str; 2] = ["169.254.169.254", "[fd00:ec2::254]"];
const AWS_STS_HOSTS: [&str; 6] = [
    "sts.{region}.amazonaws.com",
    "sts-fips.{region}.amazonaws.com",
    "sts.{region}.amazonaws.com.cn",
    "sts-fips.{region}.amazonaws.com.cn",
    "sts.{region}.api.aws",
    "sts-fips.{region}.api.aws",
];
const IDENTITY_QUERIES: [&str; 2] =
    ["Action=GetCallerIdentity&Version=2011-06-15", "Version=2011-06-15&Action=GetCallerIdentity"];

/// What the program and its environment let a credential file name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    universe_domain: Option<String>,
    loopback: bool,
    /// Schemes, hosts and ports; none of them opaque.
    origins: Vec<Origin>,
}

impl Endpoints {
    /// `origins` are the entries of the option `allow_endpoints`.
    pub(crate) fn new(universe_domain: Option<&str>, loopback: bool, origins: &[String]) -> Result<Endpoints, Error> {
        let universe_domain = universe_domain.map(|domain| domain.trim().to_ascii_lowercase());
        if let Some(domain) = universe_domain.as_deref().filter(|domain| !domain.split('.').all(is_label)) {
            let problem = format!("the universe domain of this program is {}, which is no domain", quote::name(domain));
            return Err(Error::option(problem)
                .hinting("set the option or GOOGLE_CLOUD_UNIVERSE_DOMAIN to a domain such as `googleapis.com`"));
        }
        let origins = origins.iter().zip(1..).map(|(text, place)| origin(text).ok_or_else(|| no_origin(text, place)));
        Ok(Endpoints { universe_domain, loopback, origins: origins.collect::<Result<_, _>>()? })
    }

    /// The universe domain: D.
    pub(super) fn domain(&self) -> &str {
        self.universe_domain.as_deref().unwrap_or(GOOGLE_DOMAIN)
    }

    pub(super) fn check_universe(&self, file: &Object<'_>) -> Result<(), Error> {
        match file.optional_text("universe_domain")? {
            Some(named) if !named.eq_ignore_ascii_case(self.domain()) => Err(file
                .error(
                    "universe_domain",
                    format_args!("is {}, and this program is of `{}`", quote::name(named), self.domain()),
                )
                .hinting("if you trust the file, set GOOGLE_CLOUD_UNIVERSE_DOMAIN or the option to that domain")),
            _ => Ok(()),
        }
    }

    pub(super) fn token_url(&self, file: &Object<'_>) -> Result<Url, Error> {
        let text = match file.optional_text("token_url")? {
            Some(text) => text.to_owned(),
            None => format!("https://sts.{}/v1/token", self.domain()),
        };
        let url = self.google_url(file, "token_url", &text, "sts")?;
        if !matches!(url.path(), "/v1/token" | "/v1/oauthtoken") {
            let path = quote::path(Path::new(url.path()));
            return Err(file.error("token_url", format_args!("has the path {path}, not `/v1/token`")));
        }
        Ok(url)
    }

    pub(super) fn impersonation_url(&self, file: &Object<'_>) -> Result<Option<(Url, String)>, Error> {
        const NAME: &str = "service_account_impersonation_url";
        let Some(text) = file.optional_text(NAME)? else { return Ok(None) };
        let url = self.google_url(file, NAME, text, "iamcredentials")?;
        let email = url
            .path()
            .strip_prefix("/v1/projects/-/serviceAccounts/")
            .and_then(|rest| rest.strip_suffix(":generateAccessToken"))
            .filter(|email| is_email(email));
        match email {
            Some(email) => {
                let email = email.to_owned();
                Ok(Some((url, email)))
            }
            None => {
                Err(file.error(NAME, "must have the path `/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`"))
            }
        }
    }

    /// A URL of a Google service that is either at its own hosts or at an origin that the program allows.
    fn google_url(&self, file: &Object<'_>, name: &str, text: &str, service: &str) -> Result<Url, Error> {
        let url = parse(file, name, text)?;
        if self.allows(&url) {
            return Ok(url);
        }
        if url.scheme() != "https" {
            let error = file.error(name, format_args!("is not https: {}", quote::origin(&url)));
            return Err(if is_loopback(&url) { error.hinting(ALLOW_LOOPBACK) } else { error });
        }
        let host = url.host_str().unwrap_or_default();
        if url.port().is_some() || !is_service_host(host, service, self.domain()) {
            return Err(file
                .error(
                    name,
                    format_args!("is at {}, which is not Google's `{service}.{}`", quote::origin(&url), self.domain()),
                )
                .hinting(if is_loopback(&url) { ALLOW_LOOPBACK } else { ALLOW_ORIGIN }));
        }
        Ok(url)
    }

    pub(super) fn verification_url(&self, source: &Object<'_>) -> Result<VerificationUrl, Error> {
        const NAME: &str = "regional_cred_verification_url";
        let template = source.text(NAME)?;
        // Letter by letter: the text is what is signed, and what Google calls.
        let is_identity_request =
            template.strip_prefix("https://").and_then(|rest| rest.split_once('?')).is_some_and(|(host, query)| {
                let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
                AWS_STS_HOSTS.contains(&host.as_str()) && IDENTITY_QUERIES.contains(&query)
            });
        // A host may be in capitals; the place of the region is found as it is written here.
        if !is_identity_request || !template.contains(REGION_PLACE) {
            let shape = "must be `https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15`";
            return Err(source.error(NAME, format_args!("{shape}, or AWS STS at a host of its other partitions")));
        }
        Ok(VerificationUrl(template.to_owned()))
    }

    /// Where the file sends metadata requests, if that is another place than the usual one.
    pub(super) fn metadata_origin(&self, source: &Object<'_>) -> Result<Option<Url>, Error> {
        let mut found: Option<Url> = None;
        for name in ["region_url", "url", "imdsv2_session_token_url"] {
            let Some(text) = source.optional_text(name)? else { continue };
            let mut url = parse(source, name, text)?;
            let is_well_known = url.scheme() == "http"
                && url.port().is_none()
                && url.host_str().is_some_and(|host| METADATA_HOSTS.contains(&host));
            if !is_well_known && !self.allows(&url) {
                return Err(source
                    .error(
                        name,
                        format_args!("is at {}, which is not the instance metadata service", quote::origin(&url)),
                    )
                    .hinting(if is_loopback(&url) { ALLOW_LOOPBACK } else { METADATA_PLACE }));
            }
            // Its paths are ours to know.
            url.set_path("/");
            if let Some(other) = found.as_ref().filter(|other| other.origin() != url.origin()) {
                let (one, other) = (quote::origin(&url), quote::origin(other));
                let problem = format!("is at {one}, and another metadata URL of it at {other}");
                return Err(source.error(name, problem));
            }
            found = Some(url);
        }
        Ok(found.filter(|url| url.host_str() != Some(METADATA_HOSTS[0])))
    }

    fn allows(&self, url: &Url) -> bool {
        (self.loopback && is_loopback(url) && is_http(url)) || self.origins.contains(&url.origin())
    }
}

const ALLOW_LOOPBACK: &str = "for an emulator or a test, set ROLEBRIDGE_ALLOW_LOOPBACK=1";
const ALLOW_ORIGIN: &str = "a file from somebody else could lead your tokens away; if you trust it, allow the origin in code with `allow_endpoints`";
const METADATA_PLACE: &str = "it is at http://169.254.169.254; AWS_EC2_METADATA_SERVICE_ENDPOINT names another place";

/// The origin that an entry of `allow_endpoints` names: http or https, a host, and nothing behind it.
fn origin(text: &str) -> Option<Origin> {
    let (_, rest) = text.split_once("://")?;
    // What a URL's parser would mend, drop or take for part of a host's name.
    let is_authority = rest
        .strip_suffix('/')
        .unwrap_or(rest)
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']'));
    let url = Url::parse(text).ok().filter(|url| is_authority && is_http(url) && url.has_host())?;
    Some(url.origin())
}

fn no_origin(text: &str, place: usize) -> Error {
    let shown = match Url::parse(text).ok().filter(|url| is_http(url) && text.contains("://")) {
        Some(url) => format!("a URL at {} with more in it than an origin", quote::origin(&url)),
        None => format!("{}, which is no origin", quote::name(text)),
    };
    Error::option(format!("entry {place} of `allow_endpoints` is {shown}"))
        .hinting("an origin is a scheme, a host and where needed a port, such as `https://sts.example.com` or `http://localhost:8080`")
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Where the region is put into a verification URL.
const REGION_PLACE: &str = "{region}";

/// `https://sts.{region}.amazonaws.com?…`: what the signed request says, and what Google calls.
#[derive(Debug)]
pub(crate) struct VerificationUrl(String);

impl VerificationUrl {
    /// The URL of one region, letter by letter as the file has it.
    pub(crate) fn in_region(&self, region: &str) -> String {
        self.0.replace(REGION_PLACE, region)
    }
}

fn parse(object: &Object<'_>, name: &str, text: &str) -> Result<Url, Error> {
    // A URL's parser mends these silently; what was meant is then anybody's guess.
    if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
        return Err(object.error(name, "is not a URL: it holds a space, a backslash, or a letter outside ASCII"));
    }
    let url =
        Url::parse(text).map_err(|cause| object.error(name, format_args!("is not a URL: {cause}")).caused_by(cause))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(object.error(name, "must hold no user, password or fragment"));
    }
    if url.query().is_some() {
        return Err(object.error(name, "must hold no query"));
    }
    Ok(url)
}

/// The hosts of rule 1, whose labels before the domain are told apart by their number.
fn is_service_host(host: &str, service: &str, domain: &str) -> bool {
    let Some(labels) = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.')) else { return false };
    let labels: Vec<&str> = labels.split('.').collect();
    match labels.as_slice() {
        [first] => {
            *first == service
                || first.strip_suffix(service).and_then(|rest| rest.strip_suffix('-')).is_some_and(is_location)
        }
        [first, "mtls"] => *first == service,
        [first, "p"] => first.strip_prefix(service).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_label),
        [first, second] => (*first == service && is_location(second)) || (*second == service && is_location(first)),
        [first, location, "rep"] => *first == service && is_location(location),
        _ => false,
    }
}

/// A Google location: `europe-west1`, `us`, `eu`. Never `storage`: `sts.storage.googleapis.com` is a bucket's host.
fn is_location(text: &str) -> bool {
    let Some((area, place)) = text.split_once('-') else { return matches!(text, "us" | "eu" | "global") };
    let name = place.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word(area) && is_word(name) && name.len() < place.len()
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(super) fn is_email(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@');
    match text.split_once('@') {
        Some((name, domain)) => {
            !name.is_empty() && domain.contains('.') && !domain.contains('@') && text.bytes().all(is_plain)
        }
        None => false,
    }
}
