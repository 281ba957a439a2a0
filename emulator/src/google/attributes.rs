//! Google's limits and words for attribute mappings and conditions, when a provider is made and when it is used.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>

use crate::facts::attributes::{Attributes, CUSTOM, Failure, Mapping, SUBJECT};
use crate::facts::expression::Expression;
use crate::facts::keys::Caller;
use crate::google::reply::{self, invalid_argument, oauth_error};
use crate::http::Reply;
use cel::ExecutionError;
use serde_json::Value;
use std::collections::BTreeMap;

const MOST_CUSTOM_ATTRIBUTES: usize = 50;
const LONGEST_KEY: usize = 100;
const LONGEST_MAPPING: usize = 2048;
const LONGEST_CONDITION: usize = 4096;
const LONGEST_SUBJECT_BYTES: usize = 127;
const MOST_ATTRIBUTE_BYTES: usize = 8 * 1024;
/// Functions of CEL that Google has and whose crates are not built here.
const NOT_IMITATED: [&str; 3] = ["matches", "timestamp", "duration"];

/// The mapping of a provider's resource; without one, the default.
pub(crate) fn mapping(mapping: &Value) -> Result<Mapping, Reply> {
    let members = match mapping {
        Value::Null => return Ok(Mapping::default()),
        Value::Object(members) => members,
        _ => return Err(invalid_argument("Invalid value at 'attribute_mapping': it must be an object.")),
    };
    if members.is_empty() {
        return Ok(Mapping::default());
    }
    if !members.contains_key(SUBJECT) {
        return Err(invalid_argument("The attribute mapping must include google.subject."));
    }
    let mut expressions = Mapping(BTreeMap::new());
    for (attribute, source) in members {
        check_key(attribute)?;
        let source = source.as_str().unwrap_or_default();
        if source.chars().count() > LONGEST_MAPPING {
            return Err(invalid_argument(format!("The mapping of {attribute} exceeds {LONGEST_MAPPING} characters.")));
        }
        expressions.0.insert(attribute.clone(), parse(attribute, source)?);
    }
    if expressions.0.len() - 1 > MOST_CUSTOM_ATTRIBUTES {
        return Err(invalid_argument(format!("More than {MOST_CUSTOM_ATTRIBUTES} custom attributes are mapped.")));
    }
    Ok(expressions)
}

fn check_key(attribute: &str) -> Result<(), Reply> {
    if attribute == SUBJECT {
        return Ok(());
    }
    if attribute == "google.groups" {
        return Err(reply::not_imitated("google.groups in attribute mappings"));
    }
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match attribute.strip_prefix(CUSTOM) {
        Some(name) if !name.is_empty() && attribute.len() <= LONGEST_KEY && name.bytes().all(is_allowed) => Ok(()),
        _ => Err(invalid_argument(format!(
            "Invalid mapped attribute key: {attribute}. Custom mapped attributes must be in format \
             'attribute.{{custom_attribute}}', of at most {LONGEST_KEY} characters of [a-z0-9_]."
        ))),
    }
}

/// The condition of a provider's resource; none lets every credential in.
pub(crate) fn condition(source: &str) -> Result<Option<Expression>, Reply> {
    if source.is_empty() {
        return Ok(None);
    }
    if source.chars().count() > LONGEST_CONDITION {
        return Err(invalid_argument(format!("The attribute condition exceeds {LONGEST_CONDITION} characters.")));
    }
    parse("attribute_condition", source).map(Some)
}

fn parse(what: &str, source: &str) -> Result<Expression, Reply> {
    let expression =
        Expression::parse(source).map_err(|problem| invalid_argument(format!("Error compiling {what}: {problem}")))?;
    match NOT_IMITATED.iter().find(|function| expression.calls(function)) {
        Some(function) => Err(reply::not_imitated(&format!("the function {function} in expressions"))),
        None => Ok(expression),
    }
}

/// Tries the expressions on a session and on a user, as Google's compiler would find what has no name or no such type.
pub(crate) fn check(mapping: &Mapping, condition: Option<&Expression>) -> Result<(), Reply> {
    let role = Caller::of_role("111122223333", "role", "AROAEXAMPLE", "session");
    let user = Caller { arn: "arn:aws:iam::111122223333:user/name".into(), ..role.clone() };
    for caller in [role, user] {
        let attributes = match mapping.map(&caller) {
            Ok(attributes) => attributes,
            Err((attribute, failure)) => {
                refuse(&attribute, &failure, "a string")?;
                continue;
            }
        };
        if let Some(Err(failure)) = condition.map(|condition| attributes.meet(condition, &caller)) {
            refuse("attribute_condition", &failure, "a boolean")?;
        }
    }
    Ok(())
}

/// What fails with one credential may be right with another, unless it never can be.
fn refuse(what: &str, failure: &Failure, wanted: &str) -> Result<(), Reply> {
    match failure {
        Failure::WrongType => Err(invalid_argument(format!("Error compiling {what}: the result must be {wanted}."))),
        Failure::Error(error @ (ExecutionError::UndeclaredReference(_) | ExecutionError::NoSuchOverload(_))) => {
            Err(invalid_argument(format!("Error compiling {what}: {error}")))
        }
        Failure::Error(_) => Ok(()),
    }
}

/// What a credential is mapped to, if its attributes are within bounds and the condition lets it in.
pub(crate) fn admit(caller: &Caller, mapping: &Mapping, condition: Option<&Expression>) -> Result<Attributes, Reply> {
    let attributes = mapping.map(caller).map_err(|(attribute, failure)| unusable(&attribute, failure, "a string"))?;
    if attributes.subject.is_empty() {
        return Err(oauth_error("invalid_request", "The mapped attribute google.subject is empty."));
    }
    if attributes.subject.len() > LONGEST_SUBJECT_BYTES {
        return Err(oauth_error(
            "invalid_request",
            "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute \
             mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.",
        ));
    }
    if attributes.bytes() > MOST_ATTRIBUTE_BYTES {
        return Err(oauth_error("invalid_request", "The size of all mapped attributes exceeds the 8 KB limit."));
    }
    if let Some(condition) = condition {
        let is_met = attributes.meet(condition, caller);
        if !is_met.map_err(|failure| unusable("attribute_condition", failure, "a boolean"))? {
            return Err(oauth_error(
                "unauthorized_client",
                "The given credential is rejected by the attribute condition.",
            ));
        }
    }
    Ok(attributes)
}

fn unusable(what: &str, failure: Failure, wanted: &str) -> Reply {
    let problem = match failure {
        Failure::WrongType => format!("the result must be {wanted}."),
        Failure::Error(error) => error.to_string(),
    };
    oauth_error("invalid_request", format!("Error evaluating {what}: {problem}"))
}
