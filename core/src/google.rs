//! The two calls to Google. Each file shapes a request and reads a reply; neither sends anything.

pub(crate) mod iam;
pub(crate) mod sts;

/// What an error may quote of a service's description: one line, and never the request that AWS echoes when a signature
/// does not match, since the session token stands in it.
fn quotable(description: &str) -> String {
    const LONGEST: usize = 400;
    let end = description.find("The Canonical String").unwrap_or(description.len());
    let line = description[..end].split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}
