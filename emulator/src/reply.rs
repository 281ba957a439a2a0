//! Replies and refusals in the shapes, and where known in the words, of the real services.

use hyper::body::Bytes;
use hyper::{Response, StatusCode, header};
use serde_json::{Value, json};

pub(crate) type Request = hyper::Request<Bytes>;
pub(crate) type Reply = Response<Bytes>;
/// Both sides are replies; the wrong one lets a check leave early with `?`.
pub(crate) type Answer = Result<Reply, Reply>;

pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).expect("a status between 100 and 999");
    let content_type = content_type.parse().expect("a content type");
    reply.headers_mut().insert(header::CONTENT_TYPE, content_type);
    reply
}

pub(crate) fn json(status: u16, body: &Value) -> Reply {
    text(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

pub(crate) fn ok(body: &Value) -> Reply {
    json(200, body)
}

/// A refusal of most Google services: `google.rpc.Status` in an `error` member.
pub(crate) fn error(code: u16, status: &str, message: impl Into<String>) -> Reply {
    detailed_error(code, status, message, &json!([]))
}

fn detailed_error(code: u16, status: &str, message: impl Into<String>, details: &Value) -> Reply {
    let mut body = json!({ "error": { "code": code, "message": message.into(), "status": status } });
    if details.as_array().is_some_and(|details| !details.is_empty()) {
        body["error"]["details"] = details.clone();
    }
    json(code, &body)
}

fn error_info(reason: &str, domain: &str, metadata: Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": metadata,
    })
}

pub(crate) fn invalid_argument(message: impl Into<String>) -> Reply {
    error(400, "INVALID_ARGUMENT", message)
}

pub(crate) fn not_found(message: impl Into<String>) -> Reply {
    error(404, "NOT_FOUND", message)
}

/// Something that Google does and this emulator does not: said aloud rather than guessed.
pub(crate) fn not_imitated(what: &str) -> Reply {
    error(501, "UNIMPLEMENTED", format!("The emulator does not imitate {what}."))
}

/// No `Authorization: Bearer` at all.
pub(crate) fn credentials_missing() -> Reply {
    unauthenticated(
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other \
         valid authentication credential. See \
         https://developers.google.com/identity/sign-in/web/devconsole-project.",
        "CREDENTIALS_MISSING",
    )
}

/// A bearer that nobody minted, or that has expired.
pub(crate) fn credentials_invalid(reason: &str) -> Reply {
    unauthenticated(
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
         authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        reason,
    )
}

fn unauthenticated(message: &str, reason: &str) -> Reply {
    let mut reply =
        detailed_error(401, "UNAUTHENTICATED", message, &json!([error_info(reason, "googleapis.com", json!({}))]));
    let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
    reply.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static(challenge));
    reply
}

pub(crate) fn permission_denied(permission: &str) -> Reply {
    let info = error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", json!({ "permission": permission }));
    let message = format!("Permission '{permission}' denied on resource (or it may not exist).");
    detailed_error(403, "PERMISSION_DENIED", message, &json!([info]))
}

pub(crate) fn insufficient_scopes(service: &str) -> Reply {
    let info = error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", json!({ "service": service }));
    let mut reply =
        detailed_error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", &json!([info]));
    let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"";
    reply.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static(challenge));
    reply
}

pub(crate) fn service_disabled(service: &str, title: &str, project_number: &str) -> Reply {
    let activation =
        format!("https://console.developers.google.com/apis/api/{service}/overview?project={project_number}");
    let message = format!(
        "{title} has not been used in project {project_number} before or it is disabled. Enable it by visiting \
         {activation} then retry. If you enabled this API recently, wait a few minutes for the action to propagate \
         to our systems and retry."
    );
    let metadata = json!({
        "service": service,
        "serviceTitle": title,
        "consumer": format!("projects/{project_number}"),
        "containerInfo": project_number,
        "activationUrl": activation,
    });
    let help = json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{ "description": "Google developers console API activation", "url": activation }],
    });
    let info = error_info("SERVICE_DISABLED", "googleapis.com", metadata);
    detailed_error(403, "PERMISSION_DENIED", message, &json!([info, help]))
}

/// A refusal of the token endpoint, as in RFC 6749.
pub(crate) fn oauth_error(code: &str, description: impl Into<String>) -> Reply {
    json(400, &json!({ "error": code, "error_description": description.into() }))
}

/// A refusal of BigQuery, which names a reason besides the status.
pub(crate) fn bigquery_error(code: u16, reason: &str, status: &str, message: impl Into<String>) -> Reply {
    let message = message.into();
    let mut item = json!({ "message": message, "domain": "global", "reason": reason });
    if reason == "invalidQuery" {
        item["location"] = "q".into();
        item["locationType"] = "parameter".into();
    }
    json(code, &json!({ "error": { "code": code, "message": message, "errors": [item], "status": status } }))
}

pub(crate) fn parse_json(request: &Request) -> Result<Value, Reply> {
    if request.body().is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(body) if body.is_object() => Ok(body),
        Ok(_) => Err(invalid_argument("Invalid JSON payload received. Root element must be a message.")),
        Err(error) => Err(invalid_argument(format!("Invalid JSON payload received. {error}"))),
    }
}

/// One parameter of the query string.
pub(crate) fn query(request: &Request, name: &str) -> Option<String> {
    form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) fn header_text<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
