//! What went wrong: in which step, whose fault, what answered, and what to do next.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A leg of the way from a credential file to a token; every error after building names the one it happened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Reading the credential file and the options.
    Config,
    /// Finding the workload's AWS keys and its region.
    Identity,
    /// Exchanging the signed AWS request at Google STS for a federated token (RFC 8693).
    Exchange,
    /// Impersonating the service account (`generateAccessToken`).
    Impersonation,
    /// Asking for an ID token of the service account (`generateIdToken`).
    IdToken,
    /// Having the service account sign (`signBlob`).
    Signing,
}

impl Step {
    /// Every step, in the order in which a token passes them; it passes one of the last three alone, or a signature the last.
    pub const ALL: &'static [Step] =
        &[Step::Config, Step::Identity, Step::Exchange, Step::Impersonation, Step::IdToken, Step::Signing];

    /// The step's name in every language: `config`, `identity`, `exchange`, `impersonation`, `id_token`, `signing`.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Config => "config",
            Step::Identity => "identity",
            Step::Exchange => "exchange",
            Step::Impersonation => "impersonation",
            Step::IdToken => "id_token",
            Step::Signing => "signing",
        }
    }
}

/// What an error asks of the one who meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The credential file or an option is wrong: mend it. Nothing was sent.
    Config,
    /// No AWS identity is to be had here, or the one that is set up is broken: mend the workload's role or its variables.
    Identity,
    /// AWS or Google understood the request and said no: mend the role, the provider or the binding.
    Refused,
    /// Nothing answered in time, or a service is out of order: try again later; a later call tries by itself.
    Unavailable,
    /// Something answered what it never should: an intermediary, an emulator or a bug.
    Malformed,
    /// Rolebridge failed: please report it.
    Internal,
}

impl Kind {
    /// Every kind; a binding maps each to a class of its language.
    pub const ALL: &'static [Kind] =
        &[Kind::Config, Kind::Identity, Kind::Refused, Kind::Unavailable, Kind::Malformed, Kind::Internal];

    /// The kind's name in every language: `config`, `identity`, `refused`, `unavailable`, `malformed`, `internal`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Config => "config",
            Kind::Identity => "identity",
            Kind::Refused => "refused",
            Kind::Unavailable => "unavailable",
            Kind::Malformed => "malformed",
            Kind::Internal => "internal",
        }
    }
}

/// What a hint says in place of a role, as long as nobody knows which it is.
pub(crate) const UNKNOWN_ROLE: &str = "arn:aws:sts::ACCOUNT:assumed-role/ROLE";

/// A failure, cheap to clone: all who waited for one token are told the same one.
///
/// `Display` is one sentence and, where there is a hint, a second line, `hint: …`; [`Error::message`] is the sentence alone.
/// The cause stands beside it (`source()`). No secret and no reply's body is ever part of it.
#[derive(Clone)]
pub struct Error(Arc<Details>);

#[derive(Clone)]
struct Details {
    kind: Kind,
    step: Step,
    message: String,
    field: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    hint: Option<Cow<'static, str>>,
    blamed: Option<Step>,
    is_of_region: bool,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, step: Step, message: impl Into<String>) -> Error {
        Error(Arc::new(Details {
            kind,
            step,
            message: printable(message.into()),
            field: None,
            status: None,
            code: None,
            hint: None,
            blamed: None,
            is_of_region: false,
            retry_after: None,
            source: None,
        }))
    }

    /// A wrong credential file; `field` is the JSON path of what is wrong, empty for the text as a whole.
    pub(crate) fn config(field: &str, problem: impl fmt::Display) -> Error {
        if field.is_empty() {
            return Error::new(Kind::Config, Step::Config, format!("the credential file {problem}"));
        }
        let message = format!("`{field}` of the credential file {problem}");
        Error::new(Kind::Config, Step::Config, message).with(|details| details.field = Some(field.to_owned()))
    }

    /// A wrong option of the program, or a wrong variable in its place.
    pub(crate) fn option(problem: impl Into<String>) -> Error {
        Error::new(Kind::Config, Step::Config, problem)
    }

    /// Adds a circumstance to the sentence: in which file it happened, or with whose keys.
    pub(crate) fn noting(self, circumstance: &str) -> Error {
        self.with(|details| details.message = printable(format!("{} ({circumstance})", details.message)))
    }

    pub(crate) fn hinting(self, hint: impl Into<Cow<'static, str>>) -> Error {
        self.with(|details| details.hint = Some(hint.into()))
    }

    /// Says whom a service has refused: an AWS caller, and what Google calls its role.
    pub(crate) fn naming_the_caller(self, arn: &str, role: &str) -> Error {
        self.naming_the_role(role).noting(&format!("the caller is `{arn}`"))
    }

    /// Fills what Google calls the caller's role into the hint.
    pub(crate) fn naming_the_role(self, role: &str) -> Error {
        match self.hint().map(|hint| hint.replace(UNKNOWN_ROLE, role)) {
            Some(hint) => self.hinting(hint),
            None => self,
        }
    }

    /// What a service answered: its status and, where it gave one, its own code for the error.
    pub(crate) fn answering(self, status: u16, code: Option<&str>) -> Error {
        self.with(|details| {
            details.status = Some(status);
            details.code = code.map(str::to_owned);
        })
    }

    /// How long the service asked to be left alone.
    pub(crate) fn retrying_after(self, wait: Option<Duration>) -> Error {
        self.with(|details| details.retry_after = wait)
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The answer says that what an earlier step brought is no longer good.
    pub(crate) fn blaming(self, step: Step) -> Error {
        self.with(|details| details.blamed = Some(step))
    }

    pub(crate) fn blames(&self, step: Step) -> bool {
        self.0.blamed == Some(step)
    }

    /// Of an identity, the region is what is wrong or missing.
    pub(crate) fn of_region(self) -> Error {
        self.with(|details| details.is_of_region = true)
    }

    pub(crate) fn is_of_region(&self) -> bool {
        self.0.is_of_region
    }

    pub(crate) fn caused_by(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.with(|details| details.source = Some(source.into().into()))
    }

    /// Whoever was told the error already keeps it as it was.
    fn with(mut self, change: impl FnOnce(&mut Details)) -> Error {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whose fault it is, and so what to do.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The leg in which it happened.
    pub fn step(&self) -> Step {
        self.0.step
    }

    /// The JSON path in the credential file that is wrong, such as `credential_source.environment_id`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The HTTP status that was answered, where something answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own name for the error: `invalid_grant` of Google STS, `PERMISSION_DENIED` of Google IAM.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What to do next, as one sentence without a full stop.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(&self) -> bool {
        self.0.kind == Kind::Unavailable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)?;
        match &self.0.hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A file's or a service's words are part of some messages, and must not steer the terminal that shows them.
fn printable(message: String) -> String {
    message.replace(char::is_control, "\u{fffd}")
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        formatter
            .debug_struct("Error")
            .field("kind", &details.kind)
            .field("step", &details.step)
            .field("message", &details.message)
            .field("field", &details.field)
            .field("status", &details.status)
            .field("code", &details.code)
            .field("hint", &details.hint)
            .field("source", &details.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_to_a_shared_error_is_kept_and_changes_no_other() {
        let told = Error::new(Kind::Identity, Step::Identity, "no role");
        let added = told.clone().hinting("attach one").answering(404, None);
        assert_eq!((added.hint(), added.status()), (Some("attach one"), Some(404)));
        assert_eq!((told.hint(), told.status()), (None, None));
    }

    #[test]
    fn no_control_character_reaches_the_terminal_that_shows_an_error() {
        let error = Error::new(Kind::Refused, Step::Exchange, "no\u{1b}[2J\nmore").noting("in `a\tb`");
        assert_eq!(error.message(), "no\u{fffd}[2J\u{fffd}more (in `a\u{fffd}b`)");
    }

    #[test]
    fn display_is_the_sentence_and_under_it_the_hint() {
        let error = Error::new(Kind::Identity, Step::Identity, "no role");
        assert_eq!(error.to_string(), "no role");
        let error = error.hinting("attach one");
        assert_eq!((error.to_string().as_str(), error.message()), ("no role\nhint: attach one", "no role"));
    }
}
