//! Headers that many threads read at once, without a reference count that they would fight over.
//!
//! An `Arc` that two cores clone at once costs each of them several times what it costs one alone: its count moves between
//! their caches with every clone. So each thread keeps an `Arc` of its own, made once for each token, and looks at a number
//! to see whether it is still that token's.

use crate::time::Timestamp;
use http::HeaderMap;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many copies one thread keeps. A source whose place is taken shares the common one.
const PLACES: usize = 8;

/// All editions of all sources are drawn from one number, so that an edition also names its source.
static LAST_EDITION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static COPIES: RefCell<[Option<OwnCopy>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

struct OwnCopy {
    edition: Edition,
    from: Timestamp,
    until: Timestamp,
    headers: Arc<HeaderMap>,
}

/// One token of one source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition(u64);

impl Edition {
    fn next() -> u64 {
        LAST_EDITION.fetch_add(1, Ordering::Relaxed)
    }

    fn place(self) -> usize {
        (self.0 % PLACES as u64) as usize
    }
}

/// The edition that is current.
pub(super) struct OwnCopies(AtomicU64);

impl OwnCopies {
    pub(super) fn new() -> OwnCopies {
        OwnCopies(AtomicU64::new(Edition::next()))
    }

    /// Read it before the headers that are to be kept under it.
    pub(super) fn edition(&self) -> Edition {
        Edition(self.0.load(Ordering::Acquire))
    }

    /// Other headers are current: call it after they can be read.
    pub(super) fn outdate(&self) {
        self.0.store(Edition::next(), Ordering::Release);
    }
}

/// This thread's copy, if it has one that is good now.
pub(super) fn own(edition: Edition, now: Timestamp) -> Option<Arc<HeaderMap>> {
    let found = COPIES.try_with(|copies| {
        let copies = copies.borrow();
        let copy = copies[edition.place()].as_ref()?;
        (copy.edition == edition && copy.from <= now && now < copy.until).then(|| Arc::clone(&copy.headers))
    });
    // A thread that is ending has no copies any more.
    found.ok().flatten()
}

/// Gives this thread a copy, good in `from..until`; or the shared one, where another source's copy lies in the way.
pub(super) fn make_own(
    edition: Edition,
    shared: &Arc<HeaderMap>,
    now: Timestamp,
    from: Timestamp,
    until: Timestamp,
) -> Arc<HeaderMap> {
    let made = COPIES.try_with(|copies| {
        let place = &mut copies.borrow_mut()[edition.place()];
        if place.as_ref().is_some_and(|copy| now < copy.until) {
            return None;
        }
        let headers = Arc::new(HeaderMap::clone(shared));
        *place = Some(OwnCopy { edition, from, until, headers: Arc::clone(&headers) });
        Some(headers)
    });
    made.ok().flatten().unwrap_or_else(|| Arc::clone(shared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_copy_is_given_out_in_its_time_and_of_its_edition_alone() {
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let copies = OwnCopies::new();
        let edition = copies.edition();
        let shared = Arc::new(HeaderMap::new());
        let made = make_own(edition, &shared, at(10), at(10), at(20));
        assert!(!Arc::ptr_eq(&made, &shared));
        for (now, is_given) in [(9, false), (10, true), (19, true), (20, false), (21, false)] {
            assert_eq!(own(edition, at(now)).is_some(), is_given, "at {now}");
        }
        copies.outdate();
        assert!(own(copies.edition(), at(15)).is_none(), "of another token");
    }

    #[test]
    fn a_place_that_another_source_still_needs_is_not_taken() {
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let (first, shared) = (Edition(0), Arc::new(HeaderMap::new()));
        let other = Edition(PLACES as u64);
        make_own(first, &shared, at(0), at(0), at(20));
        assert!(Arc::ptr_eq(&make_own(other, &shared, at(10), at(10), at(30)), &shared));
        assert!(own(first, at(10)).is_some() && own(other, at(10)).is_none());
        assert!(!Arc::ptr_eq(&make_own(other, &shared, at(20), at(20), at(30)), &shared), "it has ended");
        assert!(own(other, at(20)).is_some());
    }
}
