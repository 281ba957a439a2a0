//! What a request to AWS STS asks for, and AWS's constraints on it.

use crate::aws::xml;
use crate::http::{Reply, Request, header_text};

const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST_SECONDS: i64 = 900;
const LONGEST_SECONDS: i64 = 43_200;

/// From the query and from the form in the body; where a name is repeated, the first counts.
pub(crate) struct Parameters(Vec<(String, String)>);

/// A session of a role, as it is asked for.
pub(crate) struct Session {
    pub(crate) role_arn: String,
    pub(crate) name: String,
    pub(crate) duration_seconds: i64,
}

/// The form that AWS demands of a text.
struct Constraint {
    shortest: usize,
    longest: usize,
    pattern: Option<Pattern>,
}

/// What the letters of a text must be.
struct Pattern {
    /// As AWS writes it.
    text: &'static str,
    allows: fn(char) -> bool,
}

impl Parameters {
    pub(crate) fn of(request: &Request) -> Parameters {
        let query = request.uri().query().unwrap_or("").as_bytes();
        let is_form = header_text(request, "content-type")
            .is_some_and(|kind| kind.to_lowercase().starts_with("application/x-www-form-urlencoded"));
        let form: &[u8] = if is_form { request.body() } else { b"" };
        let parts = [query, form].into_iter().flat_map(|part| form_urlencoded::parse(part).into_owned());
        Parameters(parts.collect())
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The session asked for; `required` are names of other parameters that must be there.
    pub(crate) fn session(&self, required: &[&'static str]) -> Result<Session, Reply> {
        let duration = self.duration()?;
        let mut problems = Vec::new();
        self.check(&mut problems, "RoleArn", true);
        self.check(&mut problems, "RoleSessionName", true);
        for name in required {
            self.check(&mut problems, name, true);
        }
        self.check(&mut problems, "ExternalId", false);
        let limit = if duration < SHORTEST_SECONDS {
            Some(format!("Member must have value greater than or equal to {SHORTEST_SECONDS}"))
        } else if duration > LONGEST_SECONDS {
            Some(format!("Member must have value less than or equal to {LONGEST_SECONDS}"))
        } else {
            None
        };
        if let Some(limit) = limit {
            problems.push(format!("Value '{duration}' at 'durationSeconds' failed to satisfy constraint: {limit}"));
        }
        if !problems.is_empty() {
            let errors = if problems.len() == 1 { "error" } else { "errors" };
            let message = format!("{} validation {errors} detected: {}", problems.len(), problems.join("; "));
            return Err(xml::error("ValidationError", &message));
        }
        let text = |name| self.value(name).unwrap_or_default().to_owned();
        let role_arn = text("RoleArn");
        if !is_role_arn(&role_arn) {
            return Err(xml::error("ValidationError", &format!("{role_arn} is invalid")));
        }
        Ok(Session { role_arn, name: text("RoleSessionName"), duration_seconds: duration })
    }

    /// A number of 32 bits.
    fn duration(&self) -> Result<i64, Reply> {
        match self.value("DurationSeconds") {
            None => Ok(DEFAULT_SECONDS),
            Some("") => Err(xml::error("MalformedInput", "missing value for decimal type")),
            Some(text) => text.parse::<i32>().map(i64::from).map_err(|_| xml::error("MalformedInput", "")),
        }
    }

    fn check(&self, problems: &mut Vec<String>, name: &str, is_required: bool) {
        let member = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
        let Some(value) = self.value(name) else {
            if is_required {
                problems
                    .push(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"));
            }
            return;
        };
        // AWS does not repeat a token, and neither must a log.
        let shown = if name == "WebIdentityToken" { "*****" } else { value };
        let mut add = |rule: String| {
            problems.push(format!("Value '{shown}' at '{member}' failed to satisfy constraint: {rule}"));
        };
        let constraint = constraint(name);
        let length = value.chars().count();
        if let Some(pattern) = constraint.pattern
            && !value.chars().all(pattern.allows)
        {
            add(format!("Member must satisfy regular expression pattern: {}", pattern.text));
        }
        if length < constraint.shortest {
            add(format!("Member must have length greater than or equal to {}", constraint.shortest));
        }
        if length > constraint.longest {
            add(format!("Member must have length less than or equal to {}", constraint.longest));
        }
    }
}

fn constraint(name: &str) -> Constraint {
    match name {
        "RoleArn" => Constraint { shortest: 20, longest: 2048, pattern: None },
        "RoleSessionName" => Constraint {
            shortest: 2,
            longest: 64,
            pattern: Some(Pattern {
                text: r"[\w+=,.@-]*",
                allows: |letter| is_word(letter) || "+=,.@-".contains(letter),
            }),
        },
        "ExternalId" => Constraint {
            shortest: 2,
            longest: 1224,
            pattern: Some(Pattern {
                text: r"[\w+=,.@:\/-]*",
                allows: |letter| is_word(letter) || "+=,.@:/-".contains(letter),
            }),
        },
        _ => Constraint { shortest: 4, longest: 20_000, pattern: None },
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// `arn:PARTITION:iam::ACCOUNT:role/…`.
fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts[..], ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && is_account(account) && resource.len() > 5 && resource.starts_with("role/"))
}
