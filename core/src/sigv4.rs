//! AWS Signature Version 4: canonical request → string to sign → signature. Pure: time is an argument.
//!
//! The stages are values that a test can hold against AWS's published vectors. The specification is
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A request as its signer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as it stands in the request line; `/` if empty.
    pub path: &'a str,
    /// The query as it stands in the request line, without its `?`.
    pub query: &'a str,
    /// Every header that is to be signed; `host` and `x-amz-date` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body's SHA-256 in hex: [`sha256_hex`].
    pub body_sha256: &'a str,
    /// Whether `.`, `..` and doubled slashes leave the path first, as for every service but S3.
    pub normalize_path: bool,
}

/// The first stage, and the list of headers that the signature vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    /// The text that is hashed into the string to sign.
    pub text: String,
    /// Lower-case names, sorted, separated by semicolons.
    pub signed_headers: String,
}

/// Where and when a signature is valid.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `20261124T114727Z`: UTC, the value of `x-amz-date`.
    pub time: &'a str,
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The service, such as `sts`.
    pub service: &'a str,
}

impl Scope<'_> {
    /// `20261124/us-east-1/sts/aws4_request`, as a credential's scope is written.
    pub fn credential_scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date(), self.region, self.service)
    }

    fn date(&self) -> &str {
        self.time.split('T').next().unwrap_or_default()
    }
}

/// The request in the one spelling that signer and verifier agree on.
pub fn canonical_request(request: &Request<'_>) -> CanonicalRequest {
    let (headers, signed_headers) = canonical_headers(request.headers);
    let path = canonical_path(request.path, request.normalize_path);
    let query = canonical_query(request.query);
    let Request { method, body_sha256, .. } = request;
    let text = format!("{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{body_sha256}");
    CanonicalRequest { text, signed_headers }
}

/// What the key signs: algorithm, time, scope, and the canonical request's hash.
pub fn string_to_sign(canonical: &CanonicalRequest, scope: &Scope<'_>) -> String {
    let hash = sha256_hex(canonical.text.as_bytes());
    format!("AWS4-HMAC-SHA256\n{}\n{}\n{hash}", scope.time, scope.credential_scope())
}

/// The signature, in hex: the secret key is narrowed to day, region and service before it signs.
pub fn signature(secret_access_key: &str, scope: &Scope<'_>, string_to_sign: &str) -> String {
    let mut key = Zeroizing::new(format!("AWS4{secret_access_key}").into_bytes());
    for part in [scope.date(), scope.region, scope.service, "aws4_request"] {
        // Assigned as a whole: through the wrapper, the key before it would be freed as it is, and not zeroed.
        key = hmac(&key, part);
    }
    hex(&hmac(&key, string_to_sign))
}

/// The value of the `Authorization` header.
pub fn authorization(access_key_id: &str, scope: &Scope<'_>, signed_headers: &str, signature: &str) -> String {
    let scope = scope.credential_scope();
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
    )
}

/// SHA-256, in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case names in order, each with its values: trimmed, runs of spaces folded, repeated headers joined by commas.
fn canonical_headers(headers: &[(&str, &str)]) -> (String, String) {
    let mut folded: Vec<(String, String)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        match folded.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => *values = format!("{values},{value}"),
            None => folded.push((name, value)),
        }
    }
    folded.sort();
    let lines = folded.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = folded.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    (lines, names)
}

/// Every segment encoded once more than it stands in the request.
fn canonical_path(path: &str, normalize: bool) -> String {
    if !normalize {
        return if path.is_empty() { "/".to_owned() } else { encode(path, b"/") };
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(encode(segment, &[])),
        }
    }
    let ends_in_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let tail = if ends_in_folder && !segments.is_empty() { "/" } else { "" };
    format!("/{}{tail}", segments.join("/"))
}

/// Parameters decoded, encoded in the one canonical way, and sorted.
fn canonical_query(query: &str) -> String {
    let decode = |text: &str| encode(&percent_encoding::percent_decode_str(text).decode_utf8_lossy(), &[]);
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (decode(name), decode(value))
        })
        .collect();
    parameters.sort();
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Percent-encoding that leaves the unreserved characters of RFC 3986, and `also`, as they are.
fn encode(text: &str, also: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

fn hmac(key: &[u8], text: &str) -> Zeroizing<Vec<u8>> {
    // HMAC takes a key of any length (RFC 2104), so this cannot fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
