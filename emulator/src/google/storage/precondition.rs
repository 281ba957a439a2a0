//! Conditions on an object's generation, which a request may name: two writers notice each other by them.
//!
//! <https://cloud.google.com/storage/docs/request-preconditions>

use super::problem::Problem;
use crate::http::{Request, header_text};
use crate::store::object::Object;
use std::collections::HashMap;

pub(super) struct Precondition {
    generation: Option<i64>,
    not_generation: Option<i64>,
    metageneration: Option<i64>,
    not_metageneration: Option<i64>,
}

impl Precondition {
    /// From the parameters of the JSON API.
    pub(super) fn of_query(query: &str) -> Result<Precondition, Problem> {
        let parameters: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let names = ["ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch"];
        Precondition::read(names.map(|name| (name, parameters.get(name).map(|value| &**value))))
    }

    /// From the headers of the XML API, which has no negative ones.
    pub(super) fn of_headers(request: &Request) -> Result<Precondition, Problem> {
        let (generation, metageneration) = ("x-goog-if-generation-match", "x-goog-if-metageneration-match");
        Precondition::read([
            (generation, header_text(request, generation)),
            ("", None),
            (metageneration, header_text(request, metageneration)),
            ("", None),
        ])
    }

    fn read(named: [(&str, Option<&str>); 4]) -> Result<Precondition, Problem> {
        let mut numbers = [None; 4];
        for (number, (name, value)) in numbers.iter_mut().zip(named) {
            let wrong = |_| Problem::invalid(format!("Invalid value for {name}."));
            *number = value.map(|value| value.parse().map_err(wrong)).transpose()?;
        }
        let [generation, not_generation, metageneration, not_metageneration] = numbers;
        Ok(Precondition { generation, not_generation, metageneration, not_metageneration })
    }

    /// Before a change; an object that is not there has generation 0.
    pub(super) fn of_change(&self, object: Option<&Object>) -> Result<(), Problem> {
        let (generation, metageneration) = object.map_or((0, 0), |object| (object.generation, object.metageneration));
        if self.matches(generation, metageneration) && !self.excludes(generation, metageneration) {
            return Ok(());
        }
        Err(Problem::precondition())
    }

    /// Before a look at an object: what has not changed need not be sent.
    pub(super) fn of_reading(&self, object: &Object) -> Result<(), Problem> {
        if !self.matches(object.generation, object.metageneration) {
            return Err(Problem::precondition());
        }
        if self.excludes(object.generation, object.metageneration) {
            return Err(Problem::not_modified());
        }
        Ok(())
    }

    fn matches(&self, generation: i64, metageneration: i64) -> bool {
        self.generation.is_none_or(|wanted| wanted == generation)
            && self.metageneration.is_none_or(|wanted| wanted == metageneration)
    }

    fn excludes(&self, generation: i64, metageneration: i64) -> bool {
        self.not_generation == Some(generation) || self.not_metageneration == Some(metageneration)
    }
}
