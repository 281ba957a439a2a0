//! What a container asks for keys and about itself: the agents of ECS and EKS, and the environment of a restored Lambda
//! function.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use crate::facts::Facts;
use crate::facts::issued::{Standing, is_json_web_token};
use crate::facts::keys::Key;
use crate::http::{Answer, Reply, Request, header_text, json, text};
use crate::random;
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

pub(crate) fn route(method: &Method, path: &str) -> Route {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (method.as_str(), &parts[..]) {
        ("GET", ["v1", "credentials"]) => Route::new("container.credentials", authorized_keys),
        ("GET", ["v2", "credentials", id]) => {
            let id = (*id).to_owned();
            Route::new("container.credentials", move |facts, _| keys_of(facts, &id))
        }
        ("GET", ["v4", id, "task"]) => {
            let id = (*id).to_owned();
            Route::new("container.task", move |facts, _| task(facts, &id))
        }
        _ => Route::new("unknown", |_, _| Ok(text(404, "text/plain", "404 page not found\n"))),
    }
}

/// As the agent of ECS answers: whoever knows the path has the keys.
fn keys_of(facts: &mut Facts, id: &str) -> Answer {
    let refusal = |code: &str, message: &str| {
        json(400, &json!({ "code": code, "message": format!("CredentialsV2Request: {message}"), "HTTPErrorCode": 400 }))
    };
    if id.is_empty() {
        return Err(refusal("NoIdInRequest", "No Credential ID in the request"));
    }
    let key = if id == facts.identities.container.credentials_id { facts.container_key() } else { None };
    let key = key.ok_or_else(|| refusal("InvalidIdInRequest", "Credentials not found"))?;
    let role = key.owner.role().expect("the container's keys are a role's");
    let role_arn = format!("arn:aws:iam::{}:role/{role}", key.owner.account);
    Ok(json(200, &with(&key, "RoleArn", role_arn)))
}

/// As the EKS Pod Identity agent answers: with the pod's token, sent as it is.
fn authorized_keys(facts: &mut Facts, request: &Request) -> Answer {
    let token = header_text(request, "authorization").unwrap_or_default();
    if token.is_empty() {
        return Err(text(400, "text/plain; charset=utf-8", "Service account token cannot be empty\n"));
    }
    match facts.identities.container.tokens.standing(token, facts.now()) {
        Standing::Good => {}
        Standing::Expired(_) => return Err(refused_by_eks(400, "ExpiredTokenException", "The token has expired")),
        Standing::Unknown if is_json_web_token(token) => {
            return Err(refused_by_eks(400, "InvalidTokenException", "The token is not valid"));
        }
        Standing::Unknown => {
            let problem = "Service account token cannot be parsed: token is malformed\n";
            return Err(text(400, "text/plain; charset=utf-8", problem));
        }
    }
    let key = facts.container_key().ok_or_else(|| {
        refused_by_eks(404, "ResourceNotFoundException", "No association found for the service account")
    })?;
    Ok(json(200, &with(&key, "AccountId", key.owner.account.clone())))
}

/// What the agent makes of a refusal by the service behind it.
fn refused_by_eks(status: u16, code: &str, message: &str) -> Reply {
    let body = format!("[{}]: ({code}): {message}, fault: client\n", random::uuid());
    text(status, "text/plain; charset=utf-8", body)
}

fn with(key: &Key, name: &str, value: String) -> Value {
    let session = key.session.as_ref().expect("keys of a role are temporary");
    json!({
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "Token": session.token,
        "Expiration": session.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        name: value,
    })
}

/// The part of the task metadata that tells where the task is.
fn task(facts: &mut Facts, id: &str) -> Answer {
    let container = &facts.identities.container;
    if id != container.metadata_id {
        let problem = json!("V4 task metadata handler: unable to get task arn from request: unable to find the task");
        return Err(json(404, &problem));
    }
    Ok(json(
        200,
        &json!({
            "Cluster": "my-cluster",
            "TaskARN": container.task_arn,
            "Family": "my-task",
            "Revision": "1",
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "AvailabilityZone": facts.zone,
            "LaunchType": "FARGATE",
            "Containers": [],
        }),
    ))
}
