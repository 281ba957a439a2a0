//! The names that Google and AWS take: what one that they would refuse is told, before anything is sent.

use std::error::Error;
use std::fmt;

/// What Google writes before the name of everything in IAM, in every universe.
pub(crate) const IAM: &str = "//iam.googleapis.com/";
const SHAPE: &str = "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";

/// Why a name cannot be meant, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Wrong {}

fn wrong<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { message: message.into(), hint: hint.into() })
}

/// A workload identity pool's provider, by its resource name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) project_number: String,
    pub(crate) pool: String,
    pub(crate) id: String,
}

impl Provider {
    /// The audience of a credential file.
    pub(crate) fn audience(&self) -> String {
        let Provider { project_number, pool, id } = self;
        format!("{IAM}projects/{project_number}/locations/global/workloadIdentityPools/{pool}/providers/{id}")
    }
}

/// `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`, with or without
/// `//iam.googleapis.com/` before it.
pub(crate) fn provider(text: &str) -> Result<Provider, Wrong> {
    let parts: Vec<_> = text.strip_prefix(IAM).unwrap_or(text).split('/').collect();
    let ["projects", project, "locations", "global", "workloadIdentityPools", pool, "providers", id] = parts.as_slice()
    else {
        return wrong(
            format!("`{text}` is not a workload identity pool provider; its shape is `{SHAPE}`"),
            "`gcloud iam workload-identity-pools providers describe … --format='value(name)'` prints it",
        );
    };
    Ok(Provider { project_number: project_number(project)?, pool: pool_id(pool)?, id: pool_id(id)? })
}

/// A project's number.
pub(crate) fn project_number(text: &str) -> Result<String, Wrong> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return wrong(
            format!("`{text}` is not a project's number, by which a provider names its project"),
            match project_id(text) {
                Ok(id) => format!("`gcloud projects describe {id} --format='value(projectNumber)'` prints the number"),
                Err(_) => "copy the number from the project's page in the Google Cloud console".to_owned(),
            },
        );
    }
    Ok(text.to_owned())
}

/// The id of a workload identity pool or of a provider in one.
pub(crate) fn pool_id(text: &str) -> Result<String, Wrong> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(4..=32).contains(&text.len()) || !text.bytes().all(is_allowed) {
        return wrong(
            format!("Google refuses the id `{text}` of a pool or a provider"),
            "an id has 4 to 32 characters, each a lower-case letter, a digit or a hyphen",
        );
    }
    if let Some(rest) = text.strip_prefix("gcp-") {
        return wrong(
            format!("Google refuses the id `{text}`: it keeps ids that begin with `gcp-` for itself"),
            format!("choose another, such as `aws-{rest}`"),
        );
    }
    Ok(text.to_owned())
}

/// The number of an AWS account.
pub(crate) fn account_id(text: &str) -> Result<String, Wrong> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    wrong(
        format!("`{text}` is not an AWS account's number, which has 12 digits"),
        match digits.len() == 12 && text.chars().all(|letter| letter.is_ascii_digit() || "- ".contains(letter)) {
            true => format!("write it as `{digits}`"),
            false => "`aws sts get-caller-identity --query Account --output text` prints it".to_owned(),
        },
    )
}

/// The name of an AWS role, as AWS STS says it of a caller: without the account and without a path.
pub(crate) fn role_name(text: &str) -> Result<String, Wrong> {
    let name = text.rsplit('/').next().unwrap_or_default();
    if text.starts_with("arn:") {
        // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION names a session of the role.
        let role = match text.split_once(":assumed-role/") {
            Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
            None => name,
        };
        return wrong(
            format!("`{text}` is an ARN, and the role's name is wanted"),
            format!("name the role as `{role}`"),
        );
    }
    if text.contains('/') {
        return wrong(
            format!("`{text}` has a path, which is no part of what AWS STS tells Google of a role"),
            format!("name the role as `{name}`"),
        );
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(1..=64).contains(&text.len()) || !text.bytes().all(is_allowed) {
        return wrong(
            format!("`{text}` is not the name of an AWS role"),
            "a name has 1 to 64 characters, each a letter, a digit or one of `_+=,.@-`",
        );
    }
    Ok(text.to_owned())
}

/// An attribute of an identity and the expression that makes it, as `NAME=CEL`.
pub(crate) fn attribute(text: &str) -> Result<(String, String), Wrong> {
    const LONGEST_NAME: usize = 100;
    const LONGEST_EXPRESSION: usize = 2048;
    let Some((name, expression)) = text.split_once('=').filter(|(_, expression)| !expression.is_empty()) else {
        return wrong(
            format!("`{text}` is no attribute and its expression"),
            "write it as `google.subject=assertion.arn`",
        );
    };
    let is_word = |word: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        !word.is_empty() && word.bytes().all(is_allowed)
    };
    let is_known = matches!(name, "google.subject" | "google.groups")
        || name.strip_prefix("attribute.").is_some_and(is_word) && name.len() <= LONGEST_NAME;
    if !is_known {
        return wrong(
            format!("`{name}` is not an attribute that Google maps"),
            "it is `google.subject`, `google.groups`, or `attribute.NAME` with lower-case letters, digits and underscores",
        );
    }
    if [",google.", ",attribute."].iter().any(|next| expression.contains(next)) {
        return wrong(format!("`{text}` has several attributes"), "give --attribute-mapping once for each of them");
    }
    check_length(&format!("expression of `{name}`"), expression, LONGEST_EXPRESSION)?;
    Ok((name.to_owned(), expression.to_owned()))
}

/// A provider's condition.
pub(crate) fn condition(text: &str) -> Result<String, Wrong> {
    const LONGEST: usize = 4096;
    check_length("condition", text, LONGEST)?;
    Ok(text.to_owned())
}

fn check_length(what: &str, text: &str, most: usize) -> Result<(), Wrong> {
    let length = text.chars().count();
    match length > most {
        true => wrong(format!("the {what} has {length} characters"), format!("Google takes at most {most}")),
        false => Ok(()),
    }
}

/// A Google Cloud project's id.
pub(crate) fn project_id(text: &str) -> Result<String, Wrong> {
    let id = text.rsplit(':').next().unwrap_or_default();
    if is_short_name(id) {
        return Ok(text.to_owned());
    }
    wrong(
        format!("`{text}` is not a Google Cloud project's id"),
        "`gcloud projects list --format='value(projectId)'` prints the ids; a name or a number is another thing",
    )
}

/// A service account's e-mail address.
pub(crate) fn service_account(text: &str) -> Result<String, Wrong> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._@".contains(&byte);
    match text.split_once('@') {
        Some((name, domain))
            if !name.is_empty() && domain.contains('.') && !domain.contains('@') && text.bytes().all(is_plain) =>
        {
            Ok(text.to_owned())
        }
        _ => wrong(
            format!("`{text}` is not a service account's e-mail address"),
            "its shape is `NAME@PROJECT_ID.iam.gserviceaccount.com`; `gcloud iam service-accounts list` prints them",
        ),
    }
}

/// A location of Google's, such as `europe-west1` or `us`; `global` is the usual endpoint.
pub(crate) fn location(text: &str) -> Result<String, Wrong> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_good = match text.split_once('-') {
        None => matches!(text, "us" | "eu" | "global"),
        Some((area, place)) => {
            let name = place.trim_end_matches(|letter: char| letter.is_ascii_digit());
            is_word(area) && is_word(name) && name.len() < place.len()
        }
    };
    match is_good {
        true => Ok(text.to_owned()),
        false => wrong(
            format!("`{text}` is not a location of Google Cloud"),
            "a location is written as `europe-west1`, `us` or `global`",
        ),
    }
}

/// 6 to 30 lower-case letters, digits and hyphens, a letter first and no hyphen last.
fn is_short_name(text: &str) -> bool {
    (6..=30).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint<T: fmt::Debug>(result: Result<T, Wrong>) -> String {
        result.expect_err("refused").hint
    }

    #[test]
    fn an_id_of_a_pool_is_one_that_google_takes() {
        for good in ["aws1", "a-pool-of-thirty-two-characters-", "gcp1"] {
            assert_eq!(pool_id(good).as_deref(), Ok(good));
        }
        for bad in ["", "aws", "a-pool-of-thirty-three-characters", "Upper", "under_score", "pœl-x"] {
            assert!(hint(pool_id(bad)).contains("4 to 32"), "{bad}");
        }
        assert_eq!(hint(pool_id("gcp-pool")), "choose another, such as `aws-pool`");
    }

    #[test]
    fn an_account_is_twelve_digits() {
        assert!(account_id("111122223333").is_ok());
        assert_eq!(hint(account_id("1111-2222-3333")), "write it as `111122223333`");
        for bad in ["", "11112222333", "1111222233334", "arn:aws:iam::111122223333:root"] {
            assert!(hint(account_id(bad)).contains("get-caller-identity"), "{bad}");
        }
    }

    #[test]
    fn a_role_is_named_without_account_and_path() {
        assert!(role_name("bigquery-role").is_ok());
        for (bad, named) in [
            ("arn:aws:iam::111122223333:role/bigquery-role", "bigquery-role"),
            ("arn:aws:iam::111122223333:role/service/path/bigquery-role", "bigquery-role"),
            ("arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123", "bigquery-role"),
            ("service-role/bigquery-role", "bigquery-role"),
        ] {
            assert_eq!(hint(role_name(bad)), format!("name the role as `{named}`"), "{bad}");
        }
        for bad in ["", "a role", &"r".repeat(65)] {
            assert!(hint(role_name(bad)).contains("1 to 64"), "{bad}");
        }
    }

    #[test]
    fn a_provider_is_named_from_the_project_s_number_on() {
        let name = "projects/123456789012/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider";
        let audience = format!("{IAM}{name}");
        assert_eq!(provider(name).expect("good").audience(), audience);
        assert_eq!(provider(&audience).expect("good").audience(), audience);
        assert!(hint(provider(&name.replace("123456789012", "my-project"))).contains("projectNumber"));
        assert!(hint(provider(&name.replace("aws-pool", "gcp-pool"))).contains("`aws-pool`"));
        assert!(hint(provider("aws-provider")).contains("providers describe"));
        assert!(hint(provider(&format!("{name}/"))).contains("providers describe"));
    }

    #[test]
    fn projects_accounts_and_locations_have_their_shapes() {
        for good in ["my-project", "example.com:my-project"] {
            assert!(project_id(good).is_ok(), "{good}");
        }
        for bad in ["", "short", "123456789012", "My Project", "my-project-"] {
            assert!(hint(project_id(bad)).contains("projects list"), "{bad}");
        }
        assert!(service_account("reader@my-project.iam.gserviceaccount.com").is_ok());
        for bad in ["", "reader", "@my-project.iam.gserviceaccount.com", "a@b", "a/../b@c.d", "a@b@c.d"] {
            assert!(hint(service_account(bad)).contains("service-accounts list"), "{bad}");
        }
        for (text, is_good) in [
            ("global", true),
            ("us", true),
            ("europe-west12", true),
            ("", false),
            ("storage", false),
            ("eu.west1", false),
            ("europe-west", false),
        ] {
            assert_eq!(location(text).is_ok(), is_good, "{text}");
        }
    }
}
