//! What a provider makes of a credential from AWS: who its bearer is in Google's policies, and whether it is let in.

use crate::facts::expression::{Expression, Variables};
use crate::facts::keys::Caller;
use cel::{ExecutionError, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

pub(crate) const SUBJECT: &str = "google.subject";
pub(crate) const CUSTOM: &str = "attribute.";

/// What a provider maps when its maker says nothing.
const DEFAULT_MAPPING: [(&str, &str); 2] = [
    (SUBJECT, "assertion.arn"),
    (
        "attribute.aws_role",
        "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + \
         'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
    ),
];

/// Expressions by the attribute that each makes: `google.subject`, and any `attribute.NAME`.
#[derive(Clone)]
pub(crate) struct Mapping(pub(crate) BTreeMap<String, Expression>);

/// What a mapping has made of one credential.
pub(crate) struct Attributes {
    pub(crate) subject: String,
    /// By their names without `attribute.`.
    pub(crate) custom: BTreeMap<String, String>,
}

/// Why an expression makes nothing of a credential.
pub(crate) enum Failure {
    /// It cannot be evaluated.
    Error(ExecutionError),
    /// It is evaluated, but to a value of another type.
    WrongType,
}

impl Default for Mapping {
    fn default() -> Self {
        static PARSED: LazyLock<Mapping> = LazyLock::new(|| {
            let parse = |source| Expression::parse(source).expect("Google's own mapping is CEL");
            Mapping(DEFAULT_MAPPING.map(|(attribute, source)| (attribute.into(), parse(source))).into())
        });
        PARSED.clone()
    }
}

impl Mapping {
    /// The wrong side names the attribute.
    pub(crate) fn map(&self, caller: &Caller) -> Result<Attributes, (String, Failure)> {
        let variables = [("assertion", assertion(caller))];
        let mut attributes = Attributes { subject: String::new(), custom: BTreeMap::new() };
        for (attribute, expression) in &self.0 {
            let value = match expression.evaluate(&variables) {
                Ok(Value::String(text)) => text.to_string(),
                Ok(_) => return Err((attribute.clone(), Failure::WrongType)),
                Err(error) => return Err((attribute.clone(), Failure::Error(error))),
            };
            match attribute.strip_prefix(CUSTOM) {
                Some(name) => _ = attributes.custom.insert(name.into(), value),
                None => attributes.subject = value,
            }
        }
        Ok(attributes)
    }
}

impl Attributes {
    /// Names and values together.
    pub(crate) fn bytes(&self) -> usize {
        let custom = self.custom.iter().map(|(name, value)| CUSTOM.len() + name.len() + value.len());
        SUBJECT.len() + self.subject.len() + custom.sum::<usize>()
    }

    /// Whether the condition lets the credential in.
    pub(crate) fn meet(&self, condition: &Expression, caller: &Caller) -> Result<bool, Failure> {
        let google = HashMap::from([("subject".to_owned(), self.subject.clone())]);
        let custom = self.custom.clone().into_iter().collect();
        let variables: &Variables = &[("assertion", assertion(caller)), ("google", google), ("attribute", custom)];
        match condition.evaluate(variables) {
            Ok(Value::Bool(answer)) => Ok(answer),
            Ok(_) => Err(Failure::WrongType),
            Err(error) => Err(Failure::Error(error)),
        }
    }
}

/// What GetCallerIdentity has answered, as expressions see it.
fn assertion(caller: &Caller) -> HashMap<String, String> {
    [("arn", &caller.arn), ("account", &caller.account), ("userid", &caller.user_id)]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
}
