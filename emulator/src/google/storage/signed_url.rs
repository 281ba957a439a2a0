//! Signed URLs, version 4: the canonical request is made anew, and the signature verified with the account's own key.
//!
//! <https://cloud.google.com/storage/docs/authentication/canonical-requests>

use super::problem::Problem;
use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::http::Request;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "GOOG4-RSA-SHA256";
/// Seven days.
const LONGEST_SECONDS: i64 = 604_800;
/// How far ahead of the world's clock a signer's may be.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const SIGNATURE: &str = "X-Goog-Signature";
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn is_signed(query: &str) -> bool {
    parameters(query).iter().any(|(name, _)| name == SIGNATURE)
}

fn parameters(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Whom the signature stands for, if it is good for this request and at this time.
pub(super) fn signer(facts: &mut Facts, request: &Request) -> Result<Principal, Problem> {
    let parameters = parameters(request.uri().query().unwrap_or_default());
    let parameter = |name: &str| {
        let found = parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Problem::malformed(name, "The parameter is missing."))
    };
    if parameter("X-Goog-Algorithm")? != ALGORITHM {
        return Err(Problem::malformed("X-Goog-Algorithm", "The algorithm is not supported."));
    }
    let date = parameter("X-Goog-Date")?;
    let (email, scope) = credential(parameter("X-Goog-Credential")?, date)?;
    check_time(facts.now(), date, parameter("X-Goog-Expires")?)?;
    let signed_headers = parameter("X-Goog-SignedHeaders")?;
    let canonical_request = canonical_request(request, &parameters, signed_headers)?;
    let digest = hexadecimal(&Sha256::digest(&canonical_request));
    let string_to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
    let signature =
        bytes(parameter(SIGNATURE)?).ok_or_else(|| Problem::malformed(SIGNATURE, "Signature was not hexadecimal."))?;
    let account = facts.service_accounts.by_email.get_mut(email).ok_or_else(Problem::unknown_signer)?;
    if !account.key().has_signed(string_to_sign.as_bytes(), &signature) {
        return Err(Problem::wrong_signature(string_to_sign, canonical_request));
    }
    Ok(Principal::ServiceAccount { email: email.into() })
}

/// The signer's email and the scope, from `EMAIL/DATE/LOCATION/storage/goog4_request`.
fn credential<'c>(credential: &'c str, date: &str) -> Result<(&'c str, &'c str), Problem> {
    let malformed = |message| Problem::malformed("X-Goog-Credential", message);
    let (email, scope) = credential.split_once('/').ok_or_else(|| malformed("The credential scope is missing."))?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [day, location, "storage", "goog4_request"] = parts[..] else {
        return Err(malformed("The credential scope must be DATE/LOCATION/storage/goog4_request."));
    };
    if location.is_empty() || !date.starts_with(day) || day.len() != 8 {
        return Err(malformed("The date of the credential scope is not that of X-Goog-Date."));
    }
    Ok((email, scope))
}

fn check_time(now: Timestamp, date: &str, lifetime: &str) -> Result<(), Problem> {
    let malformed = |_| Problem::malformed("X-Goog-Date", "The date must be written as YYYYMMDD'T'HHMMSS'Z'.");
    let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", date).and_then(|date| TimeZone::UTC.to_timestamp(date));
    let signed = signed.map_err(malformed)?;
    let lifetime = lifetime.parse().ok().filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds));
    let lifetime = lifetime.ok_or_else(|| {
        Problem::malformed("X-Goog-Expires", "The value must be a number of seconds between 1 and 604800.")
    })?;
    if signed > now + SKEW {
        return Err(Problem::early());
    }
    let expires = signed + SignedDuration::from_secs(lifetime);
    if now > expires {
        return Err(Problem::expired(&expires.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()));
    }
    Ok(())
}

fn canonical_request(
    request: &Request,
    parameters: &[(String, String)],
    signed_headers: &str,
) -> Result<String, Problem> {
    let names: Vec<&str> = signed_headers.split(';').collect();
    if !names.contains(&"host") {
        return Err(Problem::malformed("host", "Header must be included in signedheaders."));
    }
    for name in request.headers().keys().map(|name| name.as_str()) {
        if name.starts_with("x-goog-") && !names.contains(&name) && !is_of_the_client(name) {
            return Err(Problem::malformed(name, "Header was included in the request, but not in signedheaders."));
        }
    }
    let mut headers = String::new();
    for name in &names {
        let values: Vec<String> = request
            .headers()
            .get_all(*name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        if values.is_empty() {
            return Err(Problem::malformed(name, "Header was included in signedheaders, but not in the request."));
        }
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let payload = match names.contains(&"x-goog-content-sha256") {
        true => headers.lines().find_map(|line| line.strip_prefix("x-goog-content-sha256:")),
        false => None,
    };
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\n{}",
        request.method(),
        request.uri().path(),
        canonical_query(parameters),
        payload.unwrap_or(UNSIGNED_PAYLOAD),
    ))
}

/// Headers that clients add to whatever they send.
fn is_of_the_client(name: &str) -> bool {
    matches!(name, "x-goog-api-client" | "x-goog-user-project" | "x-goog-gcs-idempotency-token")
}

fn canonical_query(parameters: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let signed = parameters.iter().filter(|(name, _)| name != SIGNATURE);
    let mut pairs: Vec<(String, String)> = signed.map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|start| u8::from_str_radix(&text[start..start + 2], 16).ok()).collect()
}
