//! The subject token of a workload on AWS: a signed GetCallerIdentity, written down as JSON for Google to send.
//!
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token#request-body>

use crate::aws::host;
use crate::aws::signature::{Claim, Signed};
use hyper::Uri;
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectToken {
    url: String,
    method: String,
    headers: Vec<Header>,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    key: String,
    value: String,
}

impl SubjectToken {
    /// Google wants the JSON percent-encoded inside the form, that is encoded twice.
    pub(crate) fn parse(text: &str) -> Result<SubjectToken, String> {
        if text.contains(['{', '"']) {
            return Err("The subject token is not percent-encoded.".into());
        }
        // A space may be written as in a form: Google's own library for Rust does.
        let text = text.replace('+', " ");
        let json = percent_decode_str(&text).decode_utf8().map_err(|error| error.to_string())?;
        serde_json::from_str(&json).map_err(|error| format!("The subject token is not a serialized request: {error}"))
    }

    /// The request that Google would send to AWS, if it is one that Google sends for this audience.
    pub(crate) fn signed(self, audience: &str) -> Result<Signed, String> {
        if self.method != "POST" {
            return Err(format!("The method of the signed request is {}, not POST.", self.method));
        }
        let region = region_of(&self.url)
            .ok_or_else(|| format!("The URL of the signed request is not AWS STS GetCallerIdentity: {}", self.url))?;
        let mut headers = BTreeMap::new();
        for Header { key, value } in self.headers {
            let name = key.to_lowercase();
            if headers.insert(name.clone(), value).is_some() {
                return Err(format!("The header {name} of the signed request occurs twice."));
            }
        }
        let host = self.url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_lowercase));
        if headers.get("host").map(|host| host.to_lowercase()) != host {
            return Err("The host header of the signed request is not the host of its URL.".into());
        }
        if headers.get("x-goog-cloud-target-resource").map(String::as_str) != Some(audience) {
            return Err("The header x-goog-cloud-target-resource of the signed request is not the audience.".into());
        }
        if !self.body.is_empty() {
            return Err("The signed request has a body.".into());
        }
        Ok(Signed { method: self.method, url: self.url, region: Some(region), headers, body: Bytes::new() })
    }

    /// What the token says is signed.
    pub(crate) fn signed_headers(&self) -> Option<Vec<String>> {
        let authorization = self.headers.iter().find(|header| header.key.eq_ignore_ascii_case("authorization"))?;
        Some(Claim::parse(&authorization.value)?.signed_headers.into_iter().map(str::to_owned).collect())
    }
}

/// The region of `https://sts.REGION.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15`; of no other URL.
fn region_of(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let mut query: Vec<&str> = url.query()?.split('&').collect();
    query.sort_unstable();
    if url.scheme_str() != Some("https")
        || url.authority()?.as_str() != url.host()?
        || url.path() != "/"
        || query != ["Action=GetCallerIdentity", "Version=2011-06-15"]
    {
        return None;
    }
    match host::service(url.host()?)? {
        (host::Service::Sts, region) => Some(region),
        _ => None,
    }
}
