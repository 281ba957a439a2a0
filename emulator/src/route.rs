//! What a service makes of a path: an operation, named for the log and for faults, before it is carried out.

use crate::facts::Facts;
use crate::http::{Answer, Reply, Request};

/// One operation of one service, ready to be asked.
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    answer: Handler,
}

type Handler = Box<dyn FnOnce(&mut Facts, &Request) -> Answer + Send>;

impl Route {
    pub(crate) fn new(
        operation: &'static str,
        answer: impl FnOnce(&mut Facts, &Request) -> Answer + Send + 'static,
    ) -> Route {
        Route { operation, answer: Box::new(answer) }
    }

    pub(crate) fn answer(self, facts: &mut Facts, request: &Request) -> Reply {
        (self.answer)(facts, request).unwrap_or_else(|refusal| refusal)
    }
}
