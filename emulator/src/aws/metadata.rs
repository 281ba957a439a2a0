//! The EC2 instance metadata service: IMDSv2 with its session tokens, and v1 where the instance still allows it.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>

use crate::facts::Facts;
use crate::facts::spec::Imds;
use crate::http::{Reply, Request, header_text, text};
use crate::random;
use crate::route::Route;
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials";
const LONGEST_SESSION_SECONDS: i64 = 21_600;

pub(crate) fn route(method: &Method, path: &str) -> Route {
    if path == "/latest/api/token" {
        return Route::new("metadata.session_token", |facts, request| Ok(session_token(facts, request)));
    }
    if *method != Method::GET {
        return Route::new("unknown", |_, _| Ok(page(405, "Method Not Allowed")));
    }
    match path {
        "/latest/meta-data/placement/region" => get("metadata.region", |facts| plain(facts.region.clone())),
        "/latest/meta-data/placement/availability-zone" => get("metadata.zone", |facts| plain(facts.zone.clone())),
        _ => match path.strip_prefix(CREDENTIALS) {
            Some("" | "/") => get("metadata.role", role),
            Some(name) if name.starts_with('/') => {
                let name = name[1..].to_owned();
                get("metadata.keys", move |facts| keys(facts, &name))
            }
            _ => get("unknown", |_| page(404, "Not Found")),
        },
    }
}

fn get(operation: &'static str, answer: impl FnOnce(&mut Facts) -> Reply + Send + 'static) -> Route {
    Route::new(operation, move |facts, request| {
        require_session(facts, request)?;
        Ok(answer(facts))
    })
}

/// `PUT /latest/api/token`. Refused behind a proxy, which `X-Forwarded-For` betrays.
fn session_token(facts: &mut Facts, request: &Request) -> Reply {
    if *request.method() != Method::PUT || facts.instance.imds == Imds::V1 {
        return page(405, "Method Not Allowed");
    }
    if request.headers().contains_key("x-forwarded-for") {
        return page(403, "Forbidden");
    }
    let seconds = header_text(request, "x-aws-ec2-metadata-token-ttl-seconds").and_then(|ttl| ttl.parse().ok());
    match seconds {
        Some(seconds @ 1..=LONGEST_SESSION_SECONDS) => {
            let token = format!("AQAEA{}==", random::text(random::BASE64_URL, 49));
            facts.metadata_sessions.insert(token.clone(), facts.now() + SignedDuration::from_secs(seconds));
            let mut reply = plain(token);
            reply.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", seconds.into());
            reply
        }
        _ => page(400, "Bad Request"),
    }
}

fn require_session(facts: &Facts, request: &Request) -> Result<(), Reply> {
    let is_open = match (facts.instance.imds, header_text(request, "x-aws-ec2-metadata-token")) {
        (Imds::V1, _) | (Imds::V1AndV2, None) => true,
        (Imds::V2, None) => false,
        (_, Some(token)) => facts.metadata_sessions.get(token).is_some_and(|ends| *ends > facts.now()),
    };
    if is_open { Ok(()) } else { Err(page(401, "Unauthorized")) }
}

fn role(facts: &mut Facts) -> Reply {
    match &facts.instance.role {
        Some(role) => plain(role.clone()),
        None => page(404, "Not Found"),
    }
}

fn keys(facts: &mut Facts, name: &str) -> Reply {
    if facts.instance.role.as_deref() != Some(name) {
        return page(404, "Not Found");
    }
    let key = facts.instance_key().expect("an instance with a role has keys");
    let session = key.session.expect("keys of a role are temporary");
    let body = json!({
        "Code": "Success",
        "LastUpdated": whole_seconds(session.issued),
        "Type": "AWS-HMAC",
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "Token": session.token,
        "Expiration": whole_seconds(session.expires),
    });
    plain(format!("{body:#}"))
}

fn whole_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The real service calls everything text, JSON too.
fn plain(body: String) -> Reply {
    text(200, "text/plain", body)
}

fn page(status: u16, title: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n\
         <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n\
         \t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n \
         <head>\n  <title>{status} - {title}</title>\n </head>\n \
         <body>\n  <h1>{status} - {title}</h1>\n </body>\n</html>\n"
    );
    text(status, "text/html", body)
}
