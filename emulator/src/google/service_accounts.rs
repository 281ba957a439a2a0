//! Google IAM's service accounts themselves: made, seen, deleted, restored.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>

use crate::facts::Facts;
use crate::facts::policy::Policy;
use crate::facts::service_accounts::ServiceAccount;
use crate::google::access::{require_owner, require_service};
use crate::google::page::{Sizes, page};
use crate::google::reply::{self, invalid_argument, ok};
use crate::http::{Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

const SIZES: Sizes = Sizes { usual: 20, most: 100 };
const LONGEST_DISPLAY_NAME_BYTES: usize = 100;
const LONGEST_DESCRIPTION_BYTES: usize = 256;

type Call = fn(&mut Facts, &Request, &str) -> Answer;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ["v1", "projects", project, "serviceAccounts", path @ ..] = path else { return None };
    let (operation, permission, name, call): (_, _, _, Call) = match (method.as_str(), path) {
        ("POST", []) => ("iam.createServiceAccount", "serviceAccounts.create", "", create),
        ("GET", []) => ("iam.listServiceAccounts", "serviceAccounts.list", "", list),
        ("GET", [name]) => ("iam.serviceAccount", "serviceAccounts.get", *name, get),
        ("GET", [name, "keys"]) => ("iam.listServiceAccountKeys", "serviceAccountKeys.list", *name, keys),
        ("DELETE", [name]) => ("iam.deleteServiceAccount", "serviceAccounts.delete", *name, delete),
        ("POST", [name]) => {
            ("iam.undeleteServiceAccount", "serviceAccounts.undelete", name.strip_suffix(":undelete")?, undelete)
        }
        _ => return None,
    };
    let (project, name, permission) = ((*project).to_owned(), name.to_owned(), format!("iam.{permission}"));
    Some(Route::new(operation, move |facts, request| {
        require_owner(facts, request, &project, &permission)?;
        require_service(facts, "iam.googleapis.com")?;
        call(facts, request, &name)
    }))
}

fn create(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let id = reply::text(&body, "accountId")?;
    check_id(&id)?;
    let said = &body["serviceAccount"];
    let display_name = short(said, "displayName", LONGEST_DISPLAY_NAME_BYTES)?;
    let description = short(said, "description", LONGEST_DESCRIPTION_BYTES)?;
    let project = &facts.project.id;
    let email = format!("{id}@{project}.iam.gserviceaccount.com");
    if facts.service_accounts.by_email.contains_key(&email) {
        let message = format!("Service account {id} already exists within project projects/{project}.");
        let resource = json!({
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resourceName": format!("projects/{project}/serviceAccounts/{email}"),
        });
        return Err(reply::detailed_error(409, "ALREADY_EXISTS", message, &json!([resource])));
    }
    let account = facts.service_accounts.add(email.clone(), Policy::new(Vec::new()));
    account.display_name = display_name;
    account.description = description;
    get(facts, request, &email)
}

fn list(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let project = &facts.project.id;
    let accounts = facts.service_accounts.by_email.iter();
    page(request, "accounts", accounts.map(|(email, account)| account.resource(project, email)), &SIZES)
}

fn get(facts: &mut Facts, _: &Request, name: &str) -> Answer {
    let email = facts.service_accounts.email(name).ok_or_else(|| unknown(name))?;
    Ok(ok(&facts.service_accounts.by_email[&email].resource(&facts.project.id, &email)))
}

/// Nobody has made a key here; a fault answers that somebody has.
fn keys(facts: &mut Facts, _: &Request, name: &str) -> Answer {
    facts.service_accounts.email(name).map(|_| ok(&json!({}))).ok_or_else(|| unknown(name))
}

fn delete(facts: &mut Facts, _: &Request, name: &str) -> Answer {
    let now = facts.now();
    if facts.service_accounts.delete(name, now) { Ok(ok(&json!({}))) } else { Err(unknown(name)) }
}

/// A deleted account is named by its unique id, since its email may be another's by then.
fn undelete(facts: &mut Facts, _: &Request, unique_id: &str) -> Answer {
    let now = facts.now();
    let email = facts.service_accounts.undelete(unique_id, now).ok_or_else(|| unknown(unique_id))?;
    let account = &facts.service_accounts.by_email[&email];
    Ok(ok(&json!({ "restoredAccount": account.resource(&facts.project.id, &email) })))
}

/// Google's refusal of a service account that does not exist.
pub(crate) fn unknown(name: &str) -> Reply {
    reply::not_found(format!("Unknown service account: {name}"))
}

fn check_id(id: &str) -> Result<(), Reply> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = id.starts_with(|first: char| first.is_ascii_lowercase());
    if (6..=30).contains(&id.len()) && id.bytes().all(is_allowed) && begins && !id.ends_with('-') {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "Invalid account_id {id:?}: it must be 6-30 characters and match [a-z]([-a-z0-9]*[a-z0-9])."
    )))
}

fn short(body: &Value, field: &str, most: usize) -> Result<String, Reply> {
    let text = reply::text(body, field)?;
    if text.len() > most {
        return Err(invalid_argument(format!("The {field} of a service account must be at most {most} bytes.")));
    }
    Ok(text)
}

impl ServiceAccount {
    fn resource(&self, project: &str, email: &str) -> Value {
        let mut resource = json!({
            "name": format!("projects/{project}/serviceAccounts/{email}"),
            "projectId": project,
            "uniqueId": self.unique_id,
            "email": email,
            "oauth2ClientId": self.unique_id,
        });
        for (field, text) in [("displayName", &self.display_name), ("description", &self.description)] {
            if !text.is_empty() {
                resource[field] = text.as_str().into();
            }
        }
        resource
    }
}
