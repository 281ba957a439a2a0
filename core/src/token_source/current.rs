//! The current token: what callers take without a lock, a request, or a look at the process id.

use super::own_copies::{self, OwnCopies};
use crate::cache::CacheEntry;
use crate::mint::Registries;
use crate::time::Timestamp;
use crate::token::Token;
use arc_swap::{ArcSwap, ArcSwapOption};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Ignores invalidation of tokens younger than 30 s, so that an API that always answers 401 cannot cause a loop.
const LEAST_AGE_TO_RENEW: Duration = Duration::from_secs(30);

/// A coarse clock is trusted up to this long before a token's end. From then on callers take the way to the cache, which reads
/// the exact one. It is a hundred times the lag that was seen on a busy machine with two virtual processors.
const LONGEST_LAG: Duration = Duration::from_secs(1);

/// The last answer of one token source. It survives a fork.
pub(super) struct CurrentToken {
    current: ArcSwapOption<Current>,
    /// Tokens minted until then were refused by an API, or may have been: none of them comes back.
    refused_until: ArcSwap<Timestamp>,
    /// Each thread's own copy of the headers, for hits that share no count with other threads.
    own_headers: OwnCopies,
    quota_project: Option<HeaderValue>,
}

/// A token, its headers, and until when a caller takes both without asking the cache.
pub(super) struct Current {
    pub(super) entry: CacheEntry<Token>,
    headers: Arc<HeaderMap>,
    refresh_after: Timestamp,
    /// Where its slot is: elsewhere after a fork.
    registries: Weak<Registries>,
}

impl Current {
    /// Whether it was kept in these registries, and not in those of a parent process.
    pub(super) fn is_of(&self, registries: &Arc<Registries>) -> bool {
        std::ptr::eq(self.registries.as_ptr(), Arc::as_ptr(registries))
    }
}

impl CurrentToken {
    pub(super) fn new(quota_project: Option<HeaderValue>) -> CurrentToken {
        CurrentToken {
            current: ArcSwapOption::empty(),
            refused_until: ArcSwap::from_pointee(Timestamp::EPOCH),
            own_headers: OwnCopies::new(),
            quota_project,
        }
    }

    pub(super) fn token(&self, now: Timestamp) -> Option<Token> {
        self.take(now, |current| current.entry.value().clone())
    }

    pub(super) fn headers(&self, now: Timestamp) -> Option<Arc<HeaderMap>> {
        let edition = self.own_headers.edition();
        own_copies::own(edition, now).or_else(|| {
            self.take(now, |it| {
                own_copies::make_own(edition, &it.headers, now, it.entry.usable_from(), it.refresh_after)
            })
        })
    }

    pub(super) fn refresh_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.take(now, |current| current.refresh_after)
    }

    /// The hot path.
    fn take<R>(&self, now: Timestamp, take: impl FnOnce(&Current) -> R) -> Option<R> {
        let current = self.current.load();
        let current = current.as_ref().filter(|it| now < it.refresh_after && it.entry.is_usable(now))?;
        Some(take(current))
    }

    /// What was answered last, if it can still be used: it outlives a changed environment and a fork, whose slots do not
    /// know it.
    pub(super) fn usable(&self, now: Timestamp) -> Option<Arc<Current>> {
        self.current.load_full().filter(|current| current.entry.is_usable(now))
    }

    pub(super) fn headers_of(&self, token: &Token) -> Arc<HeaderMap> {
        if let Some(current) = self.current.load().as_ref().filter(|current| current.entry.value().is(token)) {
            return Arc::clone(&current.headers);
        }
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(AUTHORIZATION, token.authorization().clone());
        if let Some(project) = &self.quota_project {
            headers.insert("x-goog-user-project", project.clone());
        }
        Arc::new(headers)
    }

    /// Keeps an answer, unless it was overtaken: by a later token, or by an API that refused this one.
    pub(super) fn keep(
        &self,
        entry: CacheEntry<Token>,
        refresh_after: Timestamp,
        registries: &Arc<Registries>,
        now: Timestamp,
    ) -> Token {
        let token = entry.value().clone();
        let refresh_after = refresh_after.min(entry.expires_at().minus(LONGEST_LAG));
        let refused_until = **self.refused_until.load();
        // (By a clock that was set back since, it says nothing.)
        let was_refused = entry.minted_at() <= refused_until && refused_until <= now;
        let is_kept = |it: &Current| it.entry.value().is(&token) && it.refresh_after == refresh_after;
        let is_later = |it: &Current| it.entry.minted_at() > entry.minted_at() && it.entry.is_usable(now);
        let stays = self.current.load().as_ref().is_some_and(|current| is_kept(current) || is_later(current));
        if !stays && !was_refused {
            let (headers, registries) = (self.headers_of(&token), Arc::downgrade(registries));
            self.set(Some(Current { entry, headers, refresh_after, registries }));
            if token.minted_at() <= **self.refused_until.load() {
                // It was refused after the look above.
                self.set(None);
            }
        }
        token
    }

    /// Gives a token up that an API refused; false if it is too young for the refusal to be its own fault.
    pub(super) fn invalidate(&self, token: &Token, now: Timestamp) -> bool {
        if now.since(token.minted_at()) < LEAST_AGE_TO_RENEW {
            return false;
        }
        self.refused_until.rcu(|until| token.minted_at().max(**until));
        // Whatever the slot holds: it may be another process's, another environment's, or renewed by another source.
        if self.current.load().as_ref().is_some_and(|current| current.entry.value().is(token)) {
            self.set(None);
        }
        true
    }

    /// The next caller asks the cache.
    pub(super) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, current: Option<Current>) {
        self.current.store(current.map(Arc::new));
        self.own_headers.outdate();
    }
}
