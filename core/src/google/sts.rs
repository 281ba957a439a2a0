//! Google STS: a subject token becomes a federated token (RFC 8693;
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>).

use super::ServiceError;
use crate::error::{Error, Kind, Step};
use crate::reply::Reply;
use crate::time::{Skew, Timestamp};
use crate::token::Token;
use base64::Engine;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use std::time::Duration;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// The scope of a federated token that only impersonates: whatever is asked of the service account's token, the one
/// federated token serves. (Node's library asks for cloud-platform, Python's for this narrower one.)
pub(crate) const IMPERSONATION_SCOPE: &str = "https://www.googleapis.com/auth/iam";

/// What is asked of Google STS, apart from the subject token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) url: &'a Url,
    pub(crate) audience: &'a str,
    pub(crate) scope: &'a str,
    /// Id and secret of the OAuth client that asks, where there is one.
    pub(crate) client: Option<(&'a str, &'a str)>,
    /// Which service gave the keys that signed, as what follows "the keys"; none where a person set them.
    pub(crate) keys_given_by: Option<&'a str>,
    /// Whether an impersonation follows.
    pub(crate) impersonates: bool,
    /// Whether the credential file names the lifetime of that.
    pub(crate) lifetime_is_configured: bool,
}

/// The exchange of one subject token, whose type is a URN.
pub(crate) fn request(
    exchange: &Exchange<'_>,
    subject_token: &str,
    subject_token_type: &str,
) -> http::Result<http::Request<Vec<u8>>> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("audience", exchange.audience)
        .append_pair("scope", exchange.scope)
        .append_pair("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
        .append_pair("subject_token", subject_token)
        .append_pair("subject_token_type", subject_token_type)
        .finish();
    let mut request = http::Request::post(exchange.url.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-goog-api-client", usage(exchange));
    if let Some((id, secret)) = exchange.client {
        let pair = Zeroizing::new(format!("{id}:{secret}"));
        let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
        let header = Zeroizing::new(format!("Basic {}", encoded.as_str()));
        let mut basic = HeaderValue::from_str(&header)?;
        basic.set_sensitive(true);
        request = request.header(AUTHORIZATION, basic);
    }
    request.body(form.into_bytes())
}

/// What Google's own libraries tell it of a keyless exchange, so that its usage pages count ours among them.
fn usage(exchange: &Exchange<'_>) -> String {
    let Exchange { impersonates, lifetime_is_configured, .. } = exchange;
    let (rust, version) = (env!("CARGO_PKG_RUST_VERSION"), env!("CARGO_PKG_VERSION"));
    format!(
        "gl-rust/{rust} auth/{version} google-byoid-sdk source/aws sa-impersonation/{impersonates} config-lifetime/{lifetime_is_configured}"
    )
}

/// The federated token of a reply to a request that was sent at `asked_at`.
pub(crate) fn read(reply: &Reply, exchange: &Exchange<'_>, asked_at: Timestamp) -> Result<Token, Error> {
    let body = reply.json().unwrap_or_default();
    if reply.status != 200 {
        return Err(refusal(reply, &body, exchange, asked_at));
    }
    let malformed = |what: &str| {
        Error::new(Kind::Malformed, Step::Exchange, format!("Google STS answered {what}")).answering(200, None)
    };
    let value = body["access_token"].as_str().ok_or_else(|| malformed("no `access_token`"))?;
    let life = seconds(&body["expires_in"])
        .ok_or_else(|| malformed("an `expires_in` that is not a number of seconds to live"))?;
    Token::new(value, asked_at, life).ok_or_else(|| malformed("an `access_token` that no header can carry"))
}

/// A positive number of seconds, as a number or a text of one; a fraction is cut off.
fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let number = if number.is_finite() { number.trunc().min(1e9) } else { return None };
    Duration::try_from_secs_f64(number).ok().filter(|life| !life.is_zero())
}

/// How far AWS's clock is from ours, if that is why the subject token was refused: AWS said that the signature's time is
/// wrong, and the reply's own date says the same. Another signature with that clock's time will do.
pub(crate) fn clock_skew(reply: &Reply, asked_at: Timestamp) -> Option<Skew> {
    let said = said(&reply.json().unwrap_or_default());
    let skew = Skew::between(asked_at, reply.date?);
    (reply.status != 200 && is_about_time(&said.description) && skew.size() > SIGNATURE_WINDOW).then_some(skew)
}

/// AWS takes a signature whose time is within five minutes of its own. What is closer to its clock than this was refused
/// for another reason.
const SIGNATURE_WINDOW: Duration = Duration::from_secs(240);

fn is_about_time(description: &str) -> bool {
    description.contains("Signature expired") || description.contains("not yet current")
}

fn said(body: &Value) -> ServiceError {
    // A front end of Google's may refuse in the form of its APIs, before the service itself answers in OAuth's.
    match &body["error"] {
        Value::Object(error) => ServiceError::new(error.get("status"), error.get("message")),
        code => ServiceError::new(Some(code), body.get("error_description")),
    }
}

fn refusal(reply: &Reply, body: &Value, exchange: &Exchange<'_>, asked_at: Timestamp) -> Error {
    let said = said(body);
    let verb = if reply.is_transient() { "could not make" } else { "refused" };
    let mut error = said.error(Step::Exchange, &format!("Google STS {verb} the exchange"), reply);
    if said.description.contains("InvalidClientTokenId") || said.description.contains("ExpiredToken") {
        error = error.blaming(Step::Identity);
    }
    match hint(said.code.as_deref().unwrap_or_default(), &said.description, reply, exchange, asked_at) {
        Some(hint) => error.hinting(hint),
        None => error,
    }
}

fn hint(code: &str, description: &str, reply: &Reply, exchange: &Exchange<'_>, asked_at: Timestamp) -> Option<String> {
    let audience = exchange.audience;
    if code == "invalid_target" {
        let [project, pool, provider] =
            ["projects", "workloadIdentityPools", "providers"].map(|name| part_after(audience, name));
        return Some(format!(
            "check that the provider exists and is enabled, `gcloud iam workload-identity-pools providers describe \
             {provider} --workload-identity-pool={pool} --location=global --project={project}`, and that the file's \
             audience is its name: `{audience}`"
        ));
    }
    if reply.status == 429 {
        return Some("share one token source in each process, and start many processes apart from one another".into());
    }
    if description.contains("has not been used in project") {
        return Some(format!(
            "enable both APIs in the project of the pool: `gcloud services enable sts.googleapis.com \
             iamcredentials.googleapis.com --project={}`",
            part_after(audience, "projects")
        ));
    }
    if description.contains("google.subject") && description.contains("exceeds") {
        return Some(
            "shorten the name of the role or of its session, or let the provider map less than the whole ARN to \
             `google.subject`"
                .into(),
        );
    }
    if description.contains("InvalidClientTokenId") {
        return Some(match exchange.keys_given_by {
            None => {
                "AWS does not know these keys: temporary keys need AWS_SESSION_TOKEN, and both must come from one set"
                    .into()
            }
            Some(source) => format!(
                "AWS does not know the keys {source}: check that the role still exists, and that its account has this \
                 region enabled"
            ),
        });
    }
    if description.contains("ExpiredToken") {
        return Some(match exchange.keys_given_by {
            None => "the AWS keys have ended: export fresh ones, or let the workload's role provide them".into(),
            Some(source) => format!(
                "the keys {source} have ended, and what gave them renews them by itself: if it stays so, restart it, and \
                 check this machine's clock"
            ),
        });
    }
    if is_about_time(description) {
        let off =
            reply.date.map(|date| date.since(asked_at).max(asked_at.since(date)).as_secs()).filter(|off| *off > 60);
        let measured = off.map(|off| format!(" (it differs from Google's by {off} seconds)")).unwrap_or_default();
        return Some(format!("set this machine's clock{measured}"));
    }
    if description.contains("SignatureDoesNotMatch") {
        return Some(match exchange.keys_given_by {
            None => "the secret key does not belong to the access key".into(),
            Some(source) => format!(
                "the keys {source} do not belong together: something else may answer in the place of what gives them"
            ),
        });
    }
    (code == "unauthorized_client" || code == "invalid_grant")
        .then(|| format!("compare the workload's AWS account and role with what the provider allows: `{audience}`"))
}

/// What follows a name in the audience, which has been checked.
fn part_after<'a>(audience: &'a str, name: &str) -> &'a str {
    audience.split('/').skip_while(|part| *part != name).nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_client_is_sent_as_basic_authentication_and_only_where_there_is_one() {
        let url = Url::parse("https://sts.googleapis.com/v1/token").expect("a URL");
        let mut exchange = Exchange {
            url: &url,
            audience: "audience",
            scope: "scope",
            client: Some(("Aladdin", "open sesame")),
            keys_given_by: None,
            impersonates: true,
            lifetime_is_configured: false,
        };
        let authorization = |exchange: &Exchange<'_>| {
            let request = request(exchange, "token", "type").expect("a request");
            request.headers().get(AUTHORIZATION).cloned()
        };
        // The example of RFC 7617.
        assert_eq!(authorization(&exchange).expect("a header"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(authorization(&exchange).is_some_and(|header| header.is_sensitive()));
        exchange.client = None;
        assert_eq!(authorization(&exchange), None);
    }

    #[test]
    fn a_lifetime_is_a_positive_number_or_a_text_of_one() {
        for value in [json!(3600), json!("3600"), json!(" 3600 "), json!(3600.9)] {
            assert_eq!(seconds(&value), Some(Duration::from_secs(3600)), "{value}");
        }
        for value in [json!(0), json!(-1), json!("soon"), json!(""), json!(null), json!([]), json!(0.5), json!("NaN")] {
            assert_eq!(seconds(&value), None, "{value}");
        }
        assert!(seconds(&json!(1e300)).is_some());
    }
}
