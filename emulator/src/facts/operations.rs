//! Long-running operations: what Google has begun, and its result once it has been asked for often enough.

use serde_json::{Value, json};
use std::collections::HashMap;

pub(crate) struct Operations {
    /// How often a new operation answers that it is not done.
    pub(crate) polls: u32,
    by_name: HashMap<String, Operation>,
}

struct Operation {
    metadata: Value,
    response: Value,
    polls_left: u32,
}

impl Operations {
    pub(crate) fn new(polls: u32) -> Operations {
        Operations { polls, by_name: HashMap::new() }
    }

    /// A new operation as it is answered at first.
    pub(crate) fn begin(&mut self, name: &str, metadata: Value, response: Value) -> Value {
        let begun = json!({ "name": name, "metadata": metadata });
        self.by_name.insert(name.into(), Operation { metadata, response, polls_left: self.polls });
        begun
    }

    pub(crate) fn poll(&mut self, name: &str) -> Option<Value> {
        let operation = self.by_name.get_mut(name)?;
        let mut answer = json!({ "name": name, "metadata": operation.metadata });
        if operation.polls_left > 0 {
            operation.polls_left -= 1;
        } else {
            answer["done"] = true.into();
            answer["response"] = operation.response.clone();
        }
        Some(answer)
    }
}
