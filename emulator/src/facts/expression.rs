//! An expression in CEL, as providers map and judge a credential with.
//!
//! <https://cloud.google.com/iam/docs/workload-identity-federation#mapping>

use cel::extractors::This;
use cel::{Context, ExecutionError, Program, Value};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Expression {
    pub(crate) source: String,
    program: Arc<Program>,
}

/// The variables of an expression by name; each has members that are text.
pub(crate) type Variables<'v> = [(&'static str, HashMap<String, String>)];

impl Expression {
    pub(crate) fn parse(source: &str) -> Result<Expression, String> {
        let program = Program::compile(source).map_err(|errors| errors.to_string())?;
        Ok(Expression { source: source.into(), program: Arc::new(program) })
    }

    pub(crate) fn calls(&self, function: &str) -> bool {
        self.program.references().has_function(function)
    }

    pub(crate) fn evaluate(&self, variables: &Variables) -> Result<Value, ExecutionError> {
        let mut context = Context::default();
        context.add_function("extract", extract).expect("CEL has no function of this name");
        for (name, members) in variables {
            context.add_variable_from_value(*name, members.clone());
        }
        self.program.execute(&context)
    }
}

/// Google's own function: of `prefix{name}suffix`, what stands between the first prefix and the next suffix; nothing
/// where either is missing. An empty prefix is the beginning, an empty suffix the end.
fn extract(This(text): This<Arc<String>>, template: Arc<String>) -> Result<Value, ExecutionError> {
    let (prefix, suffix) = parts(&template).ok_or_else(|| {
        ExecutionError::function_error("extract", format!("{template} is not of the form prefix{{name}}suffix"))
    })?;
    let Some((_, rest)) = text.split_once(prefix) else { return Ok("".into()) };
    let found = if suffix.is_empty() { Some(rest) } else { rest.split_once(suffix).map(|(found, _)| found) };
    Ok(found.unwrap_or_default().into())
}

fn parts(template: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = template.split_once('{')?;
    let (_, suffix) = rest.split_once('}')?;
    (!suffix.contains(['{', '}'])).then_some((prefix, suffix))
}
