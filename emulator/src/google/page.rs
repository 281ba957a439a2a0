//! One page of a list, as Google cuts them.

use crate::google::reply::{invalid_argument, ok};
use crate::http::{Answer, Request, query};
use serde_json::{Value, json};

/// What a list gives when no `pageSize` is asked for, and at most.
pub(crate) struct Sizes {
    pub(crate) usual: usize,
    pub(crate) most: usize,
}

/// The token of a page is the place where it begins.
pub(crate) fn page(request: &Request, member: &str, items: impl Iterator<Item = Value>, sizes: &Sizes) -> Answer {
    let number = |name: &str| match query(request, name) {
        Some(text) if !text.is_empty() => {
            text.parse().map(Some).map_err(|_| invalid_argument(format!("Invalid value for {name}: {text}")))
        }
        _ => Ok(None),
    };
    let start = number("pageToken")?.unwrap_or(0);
    let size = number("pageSize")?.filter(|size| *size > 0).unwrap_or(sizes.usual).min(sizes.most);
    let mut items = items.skip(start);
    let page: Vec<Value> = items.by_ref().take(size).collect();
    let mut list = json!({});
    if !page.is_empty() {
        list[member] = page.into();
    }
    if items.next().is_some() {
        list["nextPageToken"] = (start + size).to_string().into();
    }
    Ok(ok(&list))
}
