//! The rules of the cache, one test each; time is an argument, so nothing waits.
#![expect(clippy::disallowed_methods, reason = "a test makes its own outside")]

use super::*;
use crate::error::Error;
use crate::error::{Kind, Step};
use crate::time::Timestamp;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

type Name = &'static str;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_milliseconds(1_000_000_000 + seconds * 1000)
}

fn slot() -> Arc<Slot<Name>> {
    Arc::new(Slot::empty())
}

/// Lives an hour; stale from the half of it.
fn minted(value: Name, minted_at: Timestamp) -> Result<CacheEntry<Name>, Error> {
    Ok(CacheEntry::renewed_ahead(value, minted_at, minted_at.plus(Duration::from_secs(3600)), 0.0))
}

fn failed(message: Name) -> Result<CacheEntry<Name>, Error> {
    Err(Error::new(Kind::Unavailable, Step::Exchange, message))
}

/// What is to be done; none where the slot holds something fresh.
fn next(answer: Answer<Name>) -> Option<Next<Name>> {
    match answer {
        Answer::Fresh(_) => None,
        Answer::Stale(_, next) | Answer::Missing(next) => Some(next),
    }
}

fn lead(answer: Answer<Name>) -> FlightGuard<Name> {
    match next(answer) {
        Some(Next::Lead(lead)) => lead,
        _ => panic!("the asker should lead"),
    }
}

fn waits(answer: Answer<Name>) -> bool {
    matches!(next(answer), Some(Next::Wait(_)))
}

/// Until when no flight is started after a failure.
fn cooldown_until(answer: Answer<Name>) -> Timestamp {
    match next(answer) {
        Some(Next::Cooldown(_, until)) => until,
        _ => panic!("the asker should be cooling down"),
    }
}

fn settle(slot: &Arc<Slot<Name>>, now: Timestamp, result: Result<CacheEntry<Name>, Error>) {
    lead(slot.ask(now)).settle(result, now, 0.0);
}

fn usable(answer: &Answer<Name>) -> Option<Name> {
    match answer {
        Answer::Fresh(entry) | Answer::Stale(entry, _) => Some(entry.value()),
        Answer::Missing(_) => None,
    }
}

#[test]
fn fresh_is_used_and_nothing_is_started() {
    let slot = slot();
    settle(&slot, at(0), minted("one", at(0)));
    let answer = slot.ask(at(1799));
    assert_eq!(usable(&answer), Some("one"));
    assert!(matches!(answer, Answer::Fresh(entry) if entry.stale_at() == at(1800)));
}

#[test]
fn a_frozen_flight_is_joined_by_nobody_and_its_own_waiters_lead_anew_if_it_failed() {
    let slot = slot();
    let frozen = lead(slot.ask(at(0)));
    assert!(waits(slot.ask(at(30))));
    let waiter = frozen.flight();
    let second = lead(slot.ask(at(31)));
    frozen.settle(failed("ended long ago"), at(32), 0.0);
    assert!(matches!(waiter.wait().block(None), Some(Outcome::Abandoned)), "what it met says nothing of now");
    assert!(waits(slot.ask(at(32))), "no cooldown, and the second goes on");
    second.settle(minted("one", at(33)), at(33), 0.0);
    assert_eq!(usable(&slot.ask(at(33))), Some("one"));
    let third = lead(slot.ask(at(33 + 1800)));
    let _fourth = lead(slot.ask(at(33 + 1900)));
    drop(third);
    assert!(waits(slot.ask(at(33 + 1900))), "the fourth goes on");
}

#[test]
fn a_thawed_flight_that_failed_before_anybody_asked_vanishes_and_one_that_brought_something_does_not() {
    for (result, vanishes) in [(failed("ended long ago"), true), (minted("one", at(0)), false)] {
        let slot = slot();
        let frozen = lead(slot.ask(at(0)));
        let waiter = frozen.flight();
        frozen.settle(result, at(31), 0.0);
        assert_eq!(matches!(waiter.wait().block(None), Some(Outcome::Abandoned)), vanishes);
    }
}

/// A waker of somebody else's executor that panics.
struct Panicking;

impl std::task::Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Counting(std::sync::atomic::AtomicU32);

impl std::task::Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_waker_that_panics_costs_the_other_waiters_nothing() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let flight = leader.flight();
    let counting = Arc::new(Counting::default());
    let mut waiters: Vec<_> = (0..4).map(|_| flight.wait()).collect();
    for (place, waiter) in waiters.iter_mut().enumerate() {
        let waker: std::task::Waker =
            if place % 2 == 0 { Arc::new(Panicking).into() } else { Arc::clone(&counting).into() };
        assert!(waiter.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
    }
    leader.settle(minted("one", at(0)), at(0), 0.0);
    assert_eq!(counting.0.load(std::sync::atomic::Ordering::Relaxed), 2);
}

/// A waker that is the last to hold a future of the flight that it wakes, as a thread pool's task is.
struct Owner(
    #[expect(dead_code, reason = "it is only owned")]
    std::sync::Mutex<Option<futures_util::future::BoxFuture<'static, Outcome<Name>>>>,
);

impl std::task::Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_may_own_another_waiter_of_the_same_flight() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let flight = leader.flight();
    let owner = || {
        let mut other = flight.wait().boxed();
        assert!((&mut other).now_or_never().is_none());
        std::task::Waker::from(Arc::new(Owner(std::sync::Mutex::new(Some(other)))))
    };
    let mut waiter = flight.wait();
    for _ in 0..2 {
        let waker = owner();
        assert!(waiter.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
    }
    drop(waiter);
}

#[test]
fn stale_is_used_while_exactly_one_flight_renews_it() {
    let slot = slot();
    settle(&slot, at(0), minted("one", at(0)));
    let first = slot.ask(at(1800));
    assert_eq!(usable(&first), Some("one"));
    let second = slot.ask(at(1801));
    assert_eq!(usable(&second), Some("one"));
    assert!(waits(second));
    lead(first).settle(minted("two", at(1802)), at(1802), 0.0);
    assert_eq!(usable(&slot.ask(at(1803))), Some("two"));
}

#[test]
fn expired_is_never_used_and_all_wait_for_one_flight() {
    let slot = slot();
    settle(&slot, at(0), minted("one", at(0)));
    let first = slot.ask(at(3600));
    assert_eq!(usable(&first), None);
    let Some(Next::Wait(flight)) = next(slot.ask(at(3600))) else { panic!("the second asker waits") };
    lead(first).settle(minted("two", at(3601)), at(3601), 0.0);
    let Some(Outcome::Settled(Ok(entry))) = flight.wait().block(None) else { panic!("it was settled") };
    assert_eq!(*entry.value(), "two");
}

#[test]
fn a_failed_renewal_costs_nobody_a_valid_token_and_is_tried_again() {
    let slot = slot();
    settle(&slot, at(0), minted("one", at(0)));
    settle(&slot, at(1800), failed("down"));
    let held_off = slot.ask(at(1800));
    assert_eq!(usable(&held_off), Some("one"));
    assert_eq!(cooldown_until(held_off), at(1801));
    let again = slot.ask(at(1801));
    assert_eq!(usable(&again), Some("one"));
    lead(again).settle(failed("still down"), at(1801), 0.0);
    assert_eq!(usable(&slot.ask(at(3599))), Some("one"));
    assert_eq!(usable(&slot.ask(at(3600))), None);
}

#[test]
fn a_failure_is_told_to_its_waiters_and_remembered_only_for_the_cooldown() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let Some(Next::Wait(flight)) = next(slot.ask(at(0))) else { panic!("the second asker waits") };
    leader.settle(failed("down"), at(0), 0.0);
    assert!(matches!(flight.wait().block(None), Some(Outcome::Settled(Err(_)))));
    let Some(Next::Cooldown(error, _)) = next(slot.ask(at(0))) else { panic!("cooling down") };
    assert_eq!(error.to_string(), "down");
    assert!(matches!(next(slot.ask(at(1))), Some(Next::Lead(_))), "a second later the next asker leads");
}

#[test]
fn cooldowns_double_up_to_thirty_seconds_and_a_success_ends_them() {
    let slot = slot();
    let mut now = at(0);
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        settle(&slot, now, failed("down"));
        assert_eq!(cooldown_until(slot.ask(now)), now.plus(Duration::from_secs(seconds)));
        now = now.plus(Duration::from_secs(seconds));
    }
    settle(&slot, now, minted("one", now));
    slot.forget(|_| true);
    settle(&slot, now, failed("down"));
    assert_eq!(cooldown_until(slot.ask(now)), now.plus(Duration::from_secs(1)));
}

#[test]
fn cooldowns_are_shortened_at_random() {
    let slot = slot();
    lead(slot.ask(at(0))).settle(failed("down"), at(0), 1.0);
    assert_eq!(cooldown_until(slot.ask(at(0))), at(0).plus(Duration::from_millis(500)));
}

#[test]
fn a_service_that_asks_to_be_left_alone_is_and_not_for_ever() {
    for (asked, random, seconds) in [(20, 0.0, 20), (20, 0.5, 30), (0, 0.0, 1), (1_000_000, 0.0, 300)] {
        let slot = slot();
        let error = Error::new(Kind::Unavailable, Step::Exchange, "throttled");
        let throttled = Err(error.retrying_after(Some(Duration::from_secs(asked))));
        lead(slot.ask(at(0))).settle(throttled, at(0), random);
        assert_eq!(cooldown_until(slot.ask(at(0))), at(seconds), "asked for {asked} seconds");
    }
}

#[test]
fn a_flight_that_vanishes_leaves_the_next_asker_to_lead() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let Some(Next::Wait(flight)) = next(slot.ask(at(0))) else { panic!("the second asker waits") };
    let mut wait = flight.wait();
    assert!((&mut wait).now_or_never().is_none());
    drop(leader);
    assert!(matches!(wait.now_or_never(), Some(Outcome::Abandoned)));
    assert!(matches!(next(slot.ask(at(0))), Some(Next::Lead(_))));
}

#[test]
fn a_waiter_that_leaves_disturbs_nobody() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let flight = leader.flight();
    let mut leaves = flight.wait();
    let mut stays = flight.wait();
    assert!((&mut leaves).now_or_never().is_none() && (&mut stays).now_or_never().is_none());
    drop(leaves);
    leader.settle(minted("one", at(0)), at(0), 0.0);
    assert!(matches!(stays.now_or_never(), Some(Outcome::Settled(Ok(_)))));
}

#[test]
fn a_waiter_that_leaves_takes_its_waker_along() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let mut waiter = leader.flight().wait();
    let owner = Arc::new(Owner(std::sync::Mutex::new(None)));
    let waker = std::task::Waker::from(Arc::clone(&owner));
    assert!(waiter.poll_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&owner), 2);
    drop(waiter);
    assert_eq!(Arc::strong_count(&owner), 1);
}

#[test]
fn a_blocked_thread_waits_in_slices_and_is_woken() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let flight = leader.flight();
    assert!(flight.wait().block(Some(Duration::from_millis(1))).is_none());
    let blocked = std::thread::spawn(move || flight.wait().block(None));
    leader.settle(minted("one", at(0)), at(0), 0.0);
    assert!(matches!(blocked.join().expect("no panic"), Some(Outcome::Settled(Ok(_)))));
}

#[test]
fn only_what_is_blamed_is_forgotten() {
    let slot = slot();
    settle(&slot, at(0), minted("two", at(0)));
    slot.forget(|entry| *entry.value() == "one");
    assert_eq!(usable(&slot.ask(at(40))), Some("two"), "another token was refused");
    slot.forget(|entry| *entry.value() == "two");
    assert!(matches!(next(slot.ask(at(40))), Some(Next::Lead(_))));
}

#[test]
fn a_lower_layer_s_cooldown_is_passed_on_and_counts_no_failure() {
    let slot = slot();
    settle(&slot, at(0), failed("down"));
    let Err(remembered) = failed("down") else { unreachable!("it failed") };
    lead(slot.ask(at(1))).settle_cooling_down(remembered, at(1), at(7));
    assert_eq!(cooldown_until(slot.ask(at(6))), at(7));
    settle(&slot, at(7), failed("down"));
    assert_eq!(cooldown_until(slot.ask(at(7))), at(9), "the second failure in a row, not the third");
}

#[test]
fn a_failure_long_after_the_last_is_a_first_one() {
    let slot = slot();
    settle(&slot, at(0), failed("down"));
    settle(&slot, at(1), failed("down"));
    settle(&slot, at(3600), failed("down"));
    assert_eq!(cooldown_until(slot.ask(at(3600))), at(3601));
}

#[test]
fn a_failure_thirty_seconds_after_the_cooldown_is_a_first_one() {
    for (seconds, cooldown) in [(30, 2), (31, 1)] {
        let slot = slot();
        settle(&slot, at(0), failed("down"));
        settle(&slot, at(seconds), failed("down"));
        let until = at(seconds).plus(Duration::from_secs(cooldown));
        assert_eq!(cooldown_until(slot.ask(at(seconds))), until, "after {seconds} seconds");
    }
}

#[test]
fn a_sliced_wait_ends_with_the_outcome_and_not_before_its_slice() {
    const LONG: Duration = Duration::from_secs(3600);
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let mut wait = leader.flight().wait();
    let settling = std::thread::spawn(move || {
        // So that the wait has begun; had it not, it would find the outcome there.
        std::thread::sleep(Duration::from_millis(20));
        leader.settle(minted("one", at(0)), at(0), 0.0);
    });
    assert!(wait.block(Some(LONG)).is_some(), "woken by the outcome");
    assert!(wait.block(Some(LONG)).is_some(), "and where it is there already, there is no wait");
    settling.join().expect("no panic");
}

#[test]
fn waiters_are_freed_though_the_first_of_them_keeps_its_wait() {
    let slot = slot();
    let leader = lead(slot.ask(at(0)));
    let flight = leader.flight();
    let (mut kept, others) = (flight.wait(), [flight.wait(), flight.wait()]);
    let blocked = others.map(|mut wait| std::thread::spawn(move || wait.block(None).is_some()));
    leader.settle(minted("one", at(0)), at(0), 0.0);
    assert!(kept.block(None).is_some());
    drop(kept);
    for thread in blocked {
        assert!(thread.join().expect("no panic"));
    }
}

#[test]
fn the_stale_point_lies_between_half_and_85_percent_of_the_life() {
    let stale_at = |random| CacheEntry::renewed_ahead((), at(0), at(1000), random).stale_at();
    assert_eq!(stale_at(0.0), at(500));
    assert_eq!(stale_at(1.0), at(850));
}

#[test]
fn a_clock_that_jumped_back_past_the_minting_serves_nothing() {
    let slot = slot();
    settle(&slot, at(1000), minted("one", at(1000)));
    assert_eq!(usable(&slot.ask(at(970))), Some("one"), "an adjustment");
    assert_eq!(usable(&slot.ask(at(0))), None, "a jump");
}

#[test]
fn what_is_used_up_has_no_stale_time_and_ends_a_margin_early() {
    let entry = CacheEntry::used_up((), at(0), at(3600), Duration::from_secs(300));
    assert!(entry.is_fresh(at(3299)) && !entry.is_usable(at(3300)));
    let short = CacheEntry::used_up((), at(0), at(60), Duration::from_secs(300));
    assert!(short.is_usable(at(0)) && !short.is_usable(at(1)));
    assert!(CacheEntry::used_up((), at(0), Timestamp::NEVER, Duration::from_secs(300)).is_fresh(at(1_000_000_000)));
}

#[test]
fn a_registry_gives_equal_keys_one_slot_and_lets_idle_ones_go() {
    let registry = Registry::<Name>::default();
    let key = |part: &'static str| Key::of("test", [Some(part.as_bytes())]);
    let one = registry.slot(key("one"), at(0));
    assert!(Arc::ptr_eq(&one, &registry.slot(key("one"), at(0))));
    assert!(!Arc::ptr_eq(&one, &registry.slot(key("two"), at(0))));
    settle(&one, at(0), minted("one", at(0)));
    drop(one);
    registry.slot(key("three"), at(10));
    assert_eq!(usable(&registry.slot(key("one"), at(10)).ask(at(10))), Some("one"), "alive, so kept");
    registry.slot(key("four"), at(4000));
    registry.slot(key("five"), at(4000));
    assert_eq!(usable(&registry.slot(key("one"), at(10)).ask(at(10))), None, "dead, so gone");
}

#[test]
fn a_new_slot_looks_at_two_old_ones_however_many_there_are() {
    let registry = Registry::<Name>::default();
    let new = |number: u32, now| registry.slot(Key::of("test", [Some(&number.to_be_bytes()[..])]), now);
    for number in 0..1000 {
        settle(&new(number, at(0)), at(0), minted("one", at(0)));
    }
    assert_eq!(registry.count(), 1000, "all are alive");
    let kept = new(5, at(4000));
    settle(&new(1000, at(4000)), at(4000), minted("one", at(4000)));
    assert_eq!(registry.count(), 999, "one came, and two of the dead went");
    for number in 1001..3000 {
        settle(&new(number, at(4000)), at(4000), minted("one", at(4000)));
    }
    assert_eq!(registry.count(), 2001, "all of the dead went, but for one that somebody holds");
    assert!(Arc::ptr_eq(&kept, &new(5, at(4000))));
}

#[test]
fn keys_differ_where_their_parts_do() {
    let key = |parts: &[Option<&'static [u8]>]| Key::of("test", parts.iter().copied());
    assert!(key(&[Some(b"ab"), Some(b"c")]) != key(&[Some(b"a"), Some(b"bc")]));
    assert!(key(&[None]) != key(&[Some(b"")]));
    assert!(Key::of("a", []) != Key::of("b", []));
}
