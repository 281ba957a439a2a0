//! Replies and refusals in the shapes, and where known in the words, of Google's services.

use crate::http::{Reply, Request, json};
use hyper::header;
use serde_json::{Value, json};

pub(crate) fn ok(body: &Value) -> Reply {
    json(200, body)
}

/// A refusal of most Google services: `google.rpc.Status` in an `error` member.
pub(crate) fn error(code: u16, status: &str, message: impl Into<String>) -> Reply {
    detailed_error(code, status, message, &json!([]))
}

pub(crate) fn detailed_error(code: u16, status: &str, message: impl Into<String>, details: &Value) -> Reply {
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

pub(crate) fn entity_not_found() -> Reply {
    not_found("Requested entity was not found.")
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

/// A field of type `bool`: JSON's own, or the text that Google's clients for Python send.
pub(crate) fn truth(body: &Value, name: &str) -> Result<bool, Reply> {
    match &body[name] {
        Value::Null => Ok(false),
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text == "true" || text == "false" => Ok(text == "true"),
        other => Err(invalid_argument(format!("Invalid value at '{name}' (TYPE_BOOL), {other}"))),
    }
}

/// A field of type `string`.
pub(crate) fn text(body: &Value, name: &str) -> Result<String, Reply> {
    match &body[name] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        other => Err(invalid_argument(format!("Invalid value at '{name}' (TYPE_STRING), {other}"))),
    }
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
