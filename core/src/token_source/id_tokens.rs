//! The sources of ID tokens that were asked of one token source, by audience.

use super::TokenSource;
use arc_swap::ArcSwap;
use std::collections::HashMap;

/// How many audiences one source keeps a source for; with one more it begins anew. Their tokens stay in the cache.
const MOST_AUDIENCES: usize = 64;

/// It takes no lock, since a fork may happen at any moment.
#[derive(Default)]
pub(super) struct IdTokens {
    with_email: ArcSwap<HashMap<String, TokenSource>>,
    without_email: ArcSwap<HashMap<String, TokenSource>>,
}

impl IdTokens {
    pub(super) fn known(&self, audience: &str, includes_email: bool) -> Option<TokenSource> {
        self.sources(includes_email).load().get(audience).cloned()
    }

    /// This source, or one that somebody else has made meanwhile.
    pub(super) fn keep(&self, audience: &str, includes_email: bool, made: TokenSource) -> TokenSource {
        self.sources(includes_email).rcu(|known| {
            let mut known = if known.len() < MOST_AUDIENCES { HashMap::clone(known) } else { HashMap::new() };
            known.entry(audience.to_owned()).or_insert_with(|| made.clone());
            known
        });
        self.known(audience, includes_email).unwrap_or(made)
    }

    fn sources(&self, includes_email: bool) -> &ArcSwap<HashMap<String, TokenSource>> {
        if includes_email { &self.with_email } else { &self.without_email }
    }
}
