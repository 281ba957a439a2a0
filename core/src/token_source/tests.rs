//! The rules by which a token is renewed, shared and given up, on a clock that the test moves.
#![expect(clippy::disallowed_methods, reason = "a test makes its own outside")]

mod account;
mod audience;

use super::TokenSource;
use super::builder::Builder;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Clock;
use crate::host::fake::{Fake, Outage};
use crate::identity::SuppliedIdentity;
use crate::mint::{Registries, Store};
use crate::time::Timestamp;
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FILE: &str = r#"{
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
    "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url":
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken",
    "credential_source": {
        "environment_id": "aws1",
        "regional_cred_verification_url":
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
    }
}"#;

fn environment(access_key_id: &str) -> Environment {
    Environment::from_lookup(|name| match name {
        "AWS_ACCESS_KEY_ID" => Some(access_key_id.to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        _ => None,
    })
}

/// A fake host, and what the token sources on it share.
struct Stage {
    fake: Arc<Fake>,
    store: Arc<OwnStore>,
}

#[derive(Default)]
struct OwnStore(Mutex<Arc<Registries>>);

impl Stage {
    fn new() -> Stage {
        Stage { fake: Fake::new(), store: Arc::default() }
    }

    /// What a fork's child finds: its sources, and nothing that they shared.
    fn fork(&self) {
        *self.store.0.lock().expect("no test panics while it holds the registries") = Arc::default();
    }
}

impl Deref for Stage {
    type Target = Fake;

    fn deref(&self) -> &Fake {
        &self.fake
    }
}

impl Store for OwnStore {
    fn registries(&self) -> Arc<Registries> {
        Arc::clone(&self.0.lock().expect("no test panics while it holds the registries"))
    }
}

impl fmt::Debug for OwnStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OwnStore").finish_non_exhaustive()
    }
}

fn builder(host: &Stage) -> Builder {
    let (host, store) = (Arc::clone(&host.fake), Arc::clone(&host.store));
    TokenSource::builder().json(FILE).environment(environment("AKIDEXAMPLE")).outside(host, store)
}

fn source(host: &Stage) -> TokenSource {
    builder(host).build().expect("the file is right")
}

/// The token's text, or the error's kind.
async fn value(source: &TokenSource) -> Result<String, Kind> {
    source.token().await.map(|token| token.value().to_owned()).map_err(|error| error.kind())
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_first_call_nor_while_nobody_asks() {
    let host = Stage::new();
    let source = source(&host);
    pass(60).await;
    assert_eq!(host.calls(), (0, 0));
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    pass(24 * 3600).await;
    assert_eq!(host.calls(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_cold_and_at_expiry_make_one_exchange_each_time() {
    let host = Stage::new();
    let source = source(&host);
    for round in 1..=2 {
        let tokens = join_all((0..1000).map(|_| value(&source))).await;
        assert!(tokens.iter().all(|token| *token == Ok(format!("access-{round}"))));
        assert_eq!(host.calls(), (round, round));
        pass(3600).await;
    }
}

#[tokio::test(start_paused = true)]
async fn steady_calls_never_wait_across_the_stale_window_and_the_expiry() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a first token");
    for _ in 0..4 * 3600 {
        pass(1).await;
        let before = host.now();
        value(&source).await.expect("a token");
        assert_eq!(host.now(), before, "a caller waited");
    }
    // Stale at half an hour each; every second renewal finds a federated token that lives.
    assert_eq!(host.calls().1, 8);
}

#[tokio::test(start_paused = true)]
async fn with_google_down_for_the_whole_stale_window_no_call_fails_until_the_token_ends() {
    for outage in [Outage::Down, Outage::Hanging] {
        let host = Stage::new();
        let source = source(&host);
        value(&source).await.expect("a first token");
        host.world().outage = outage;
        let end: Timestamp = source.token().await.expect("a token").expires_at().into();
        while host.now().plus(Duration::from_secs(2)) < end {
            pass(1).await;
            let before = host.now();
            assert_eq!(value(&source).await.as_deref(), Ok("access-1"), "{outage:?}");
            assert_eq!(host.now(), before, "a caller waited");
        }
        let tries = host.calls().1;
        assert!(outage == Outage::Hanging || tries > 60, "renewing was given up after {tries} tries");
        pass(3).await;
        assert_eq!(value(&source).await, Err(Kind::Unavailable), "{outage:?}");
        host.world().outage = Outage::None;
        pass(30).await;
        assert!(value(&source).await.is_ok(), "{outage:?}: nothing is poisoned");
    }
}

#[tokio::test(start_paused = true)]
async fn with_google_down_one_round_of_tries_is_shared_by_all() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Down;
    let tokens = join_all((0..200).map(|_| value(&source))).await;
    assert!(tokens.iter().all(|token| *token == Err(Kind::Unavailable)));
    assert_eq!(value(&source).await, Err(Kind::Unavailable), "remembered");
    assert_eq!(value(&source.with_scopes(["other"])).await, Err(Kind::Unavailable), "for every scope");
    assert_eq!(host.calls(), (4, 0), "four tries of one flight");
}

#[tokio::test(start_paused = true)]
async fn a_clock_ten_minutes_off_neither_stalls_nor_overstays() {
    for ahead in [-600, 600] {
        let host = Stage::new();
        host.world().google_is_ahead = ahead;
        // What AWS says of a signature so far from its time.
        let refusal = serde_json::json!({ "error": "invalid_grant", "error_description": "… Signature expired …" });
        host.world().exchange_refusals.push(refusal);
        // Less than is asked for, so that the lifetime asked for does not hide a wrong one.
        host.world().life_seconds = 1800;
        let source = source(&host);
        let before = host.now();
        let token = source.token().await.expect("a token");
        let life = Timestamp::from(token.expires_at()).since(before);
        assert!(life <= Duration::from_secs(1800) && life > Duration::from_secs(1790), "{ahead}: {life:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn equal_configurations_share_one_token_and_other_scopes_one_federated_token() {
    let host = Stage::new();
    let first = value(&source(&host)).await;
    assert_eq!(value(&source(&host)).await, first);
    assert_eq!(value(&builder(&host).quota_project("other").build().expect("built")).await, first);
    assert_eq!(host.calls(), (1, 1));
    assert_eq!(value(&source(&host).with_scopes(["storage"])).await.as_deref(), Ok("access-2"));
    assert_eq!(host.calls(), (1, 2));
    let elsewhere = FILE.replace("https://sts.{region}", "https://sts-fips.{region}");
    value(&builder(&host).json(elsewhere).build().expect("built")).await.expect("a token");
    assert_eq!(host.calls(), (2, 3), "what was signed for one host is not taken for another's");
}

#[tokio::test(start_paused = true)]
async fn a_token_with_little_life_left_makes_nobody_wait_twice_nor_spin() {
    let host = Stage::new();
    host.world().life_seconds = 4;
    let source = source(&host);
    value(&source).await.expect("a first token");
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = host.now();
        value(&source).await.expect("a token");
        assert_eq!(host.now(), before, "a caller waited");
    }
    assert!(host.calls().1 <= 7, "{:?} in ten seconds", host.calls());
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_suspended_serves_nothing_that_ended_meanwhile() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a first token");
    tokio::time::advance(Duration::from_secs(5 * 3600)).await;
    assert!(source.cached().is_none());
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_loses_no_token() {
    let host = Stage::new();
    let source = source(&host);
    let left = tokio::time::timeout(Duration::from_millis(1), source.token()).await;
    assert!(left.is_err());
    pass(1).await;
    assert_eq!(host.calls(), (1, 1), "the flight went on");
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    assert_eq!(host.calls(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn warm_starts_one_flight_and_a_caller_finds_its_token_or_its_failure() {
    let host = Stage::new();
    let source = source(&host);
    let before = host.now();
    source.warm();
    source.warm();
    assert_eq!(host.now(), before, "it returns at once");
    pass(1).await;
    let before = host.now();
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    assert_eq!((host.now(), host.calls()), (before, (1, 1)), "the token was there");
    host.world().outage = Outage::Down;
    pass(3600).await;
    source.warm();
    assert_eq!(value(&source).await, Err(Kind::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn rotated_keys_are_another_entry_and_the_token_at_hand_is_used_until_theirs_is_there() {
    let host = Stage::new();
    let source = source(&host);
    let rotated = environment("AKIDROTATED");
    value(&source).await.expect("a first token");
    pass(1800).await;
    let token = source.request(&rotated).await.expect("the one at hand");
    assert_eq!(token.value(), "access-1");
    pass(1).await;
    let token = source.request(&rotated).await.expect("a token of the new keys");
    assert_eq!((token.value(), host.calls()), ("access-2", (2, 2)));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_not_within_thirty_seconds() {
    let host = Stage::new();
    let source = source(&host);
    let environment = environment("AKIDEXAMPLE");
    let first = source.token().await.expect("a first token");
    source.invalidate_in(&first, &environment);
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"), "too young to be at fault");
    pass(31).await;
    source.invalidate_in(&first, &environment);
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"));
    pass(31).await;
    source.invalidate_in(&first, &environment);
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"), "another token was refused");
    assert_eq!(host.calls(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_to_two_sources_is_given_out_by_neither() {
    let host = Stage::new();
    let (one, other) = (source(&host), source(&host));
    let environment = environment("AKIDEXAMPLE");
    let first = one.token().await.expect("a first token");
    assert!(other.token().await.expect("the same").is(&first));
    pass(31).await;
    one.invalidate_in(&first, &environment);
    assert_eq!(value(&one).await.as_deref(), Ok("access-2"));
    other.invalidate_in(&first, &environment);
    assert_eq!(value(&other).await.as_deref(), Ok("access-2"));
    assert_eq!(host.calls(), (1, 2), "one renewal for both");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_lower_layer_is_one_failure_whatever_chance_makes_of_the_cooldowns() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Down;
    // Taken from the end: three waits between tries, the federated layer's cooldown, the access layer's.
    host.world().chances = vec![1.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(value(&source).await, Err(Kind::Unavailable));
    let tries = host.calls().0;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(value(&source).await, Err(Kind::Unavailable), "the access layer asks, the federated one holds off");
    assert_eq!(host.calls().0, tries);
    host.world().outage = Outage::None;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(value(&source).await.is_ok(), "free as soon as the lower layer is");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_patience_is_quoted_and_left_alone() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Down;
    for (asked, tries) in [(5, 3), (60, 1)] {
        let before = host.calls().0;
        host.world().retry_after = Some(Duration::from_secs(asked));
        let error = source.token().await.expect_err("down");
        assert_eq!((error.kind(), error.status()), (Kind::Unavailable, Some(503)), "{error}");
        assert_eq!(host.calls().0 - before, tries, "as many tries as the budget holds");
        pass(asked - 1).await;
        assert!(source.token().await.is_err());
        assert_eq!(host.calls().0 - before, tries, "left alone");
        pass(2 * asked).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mint_ends_within_thirty_seconds_whatever_takes_long() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a first token");
    // Three calls, each within its own budget: one that finds its federated token refused, and both again.
    host.world().latency = Duration::from_secs(12);
    host.world().impersonation_answers = vec![401];
    let before = host.now();
    let error = source.with_scopes(["storage"]).token().await.expect_err("too late");
    assert_eq!((error.kind(), error.step()), (Kind::Unavailable, Step::Impersonation));
    assert_eq!(host.now().since(before), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_reached_is_told_by_its_name_with_what_to_check() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Unreachable;
    let before = host.now();
    let error = source.token().await.expect_err("unreachable");
    assert!(error.to_string().contains("cannot be reached at `sts.googleapis.com`"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("HTTPS_PROXY")));
    assert!(std::error::Error::source(&error).is_some());
    assert!(host.now().since(before) <= Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn a_flight_from_before_the_process_was_frozen_is_waited_for_by_nobody() {
    let cases = [50 * 60, 5 * 3600].into_iter().flat_map(|frozen| [(frozen, false), (frozen, true)]);
    for (frozen, thawed_first) in cases {
        for outage in [Outage::None, Outage::Hanging] {
            let host = Stage::new();
            let source = source(&host);
            value(&source).await.expect("a first token");
            pass(1800).await;
            host.world().outage = outage;
            assert_eq!(value(&source).await.as_deref(), Ok("access-1"), "stale, and a renewal begins");
            tokio::task::yield_now().await;
            tokio::time::advance(Duration::from_secs(frozen)).await;
            if thawed_first {
                // Its timers fire, and what it meets is over before anybody asks.
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            }
            host.world().outage = Outage::None;
            let before = host.now();
            let token = value(&source).await;
            assert!(token.is_ok(), "{frozen} {outage:?}: {token:?}");
            assert!(host.now().since(before) < Duration::from_secs(1), "{frozen} {outage:?}");
            let again = value(&source).await;
            assert_eq!(again, token, "{frozen} {outage:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_in_the_middle_of_a_mint_ends_no_mint_that_is_answered() {
    for (seconds, after) in [(35, 100), (35, 300), (3000, 100), (3000, 300)] {
        let host = Stage::new();
        let source = source(&host);
        host.world().latency = Duration::from_millis(200);
        let waiting = tokio::spawn(async move { value(&source).await });
        // Each of the two calls takes 200 ms.
        tokio::time::sleep(Duration::from_millis(after)).await;
        host.world().clock_set_forward = Duration::from_secs(seconds);
        assert_eq!(waiting.await.expect("no panic").as_deref(), Ok("access-1"), "{seconds} s, after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_frozen_flight_that_fails_leads_another() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Hanging;
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn({
                let source = source.clone();
                async move { value(&source).await }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    host.world().outage = Outage::None;
    tokio::time::advance(Duration::from_secs(3600)).await;
    for waiter in waiters {
        assert_eq!(waiter.await.expect("no panic").as_deref(), Ok("access-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_coarse_clock_that_is_behind_gives_out_no_token_after_its_end() {
    for lag in [0, 4, 12, 100, 900] {
        let host = Stage::new();
        let source = source(&host);
        let first = source.token().await.expect("a first token");
        // Nobody can renew it, so that it is used to its end.
        host.world().outage = Outage::Down;
        host.world().coarse_clock_lags = Duration::from_millis(lag);
        pass(3590).await;
        let mut last_use = Timestamp::EPOCH;
        while host.now() < first.end().plus(Duration::from_secs(2)) {
            let asked_at = host.now();
            // Headers have a copy in each thread, with an end of its own.
            let (cached, headers) = (source.cached().is_some(), source.headers().now_or_never());
            if cached || matches!(headers, Some(Ok(_))) {
                last_use = asked_at;
                assert!(asked_at < first.end(), "{lag} ms behind, used {:?} late", asked_at.since(first.end()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(
            first.end().since(last_use),
            Duration::from_millis(1),
            "{lag} ms behind: used to its last millisecond"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_taken_late_brings_no_refused_token_back() {
    let host = Stage::new();
    let source = source(&host);
    let environment = environment("AKIDEXAMPLE");
    let late = source.request(&environment);
    let (later, refused) = (source.request(&environment), source.token().await.expect("a first token"));
    pass(31).await;
    source.invalidate_in(&refused, &environment);
    late.await.expect("what it waited for");
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"));
    later.await.expect("what it waited for");
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"));
    assert_eq!(host.calls(), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_thread_s_own_copy_of_the_headers_goes_with_a_refused_token() {
    let host = Stage::new();
    let source = source(&host);
    let first = source.token().await.expect("a first token");
    source.headers().await.expect("headers");
    pass(31).await;
    source.invalidate_in(&first, &environment("AKIDEXAMPLE"));
    let headers = source.headers().await.expect("headers");
    assert_eq!(headers["authorization"], "Bearer access-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_given_out_no_longer_than_google_takes_it() {
    let host = Stage::new();
    let source = source(&host);
    // Google's times have whole seconds: it is almost a second later than they say.
    tokio::time::sleep(Duration::from_millis(960)).await;
    let end: Timestamp = source.token().await.expect("a token").expires_at().into();
    assert!(end <= host.world().last_end, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn forked_children_do_not_renew_in_one_moment() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a first token");
    host.fork();
    // The child draws a point of its own between here and 85 % of the life: the latest of them.
    host.world().chances = vec![1.0];
    pass(1800).await;
    value(&source).await.expect("the parent's token");
    pass(1200).await;
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    assert_eq!(host.calls(), (1, 1));
    pass(60).await;
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"), "stale, and a renewal begins");
    pass(1).await;
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"));
    assert_eq!(host.calls(), (2, 2));
}

fn keys_read(host: &Stage) -> u32 {
    host.world().keys_read
}

/// With the keys of the instance's role.
fn source_on_an_instance(host: &Stage) -> TokenSource {
    builder(host).environment(Environment::default()).build().expect("the file is right")
}

#[tokio::test(start_paused = true)]
async fn connections_are_opened_ahead_only_for_what_will_be_asked_and_waited_for() {
    let host = Stage::new();
    value(&source(&host)).await.expect("a token");
    assert_eq!(std::mem::take(&mut host.world().prepared), ["iamcredentials.googleapis.com"], "nothing is waited for");
    value(&source(&host).with_scopes(["storage"])).await.expect("a token");
    assert!(host.world().prepared.is_empty(), "the federated token was there");
    let source = source_on_an_instance(&host);
    value(&source).await.expect("a token");
    let both = ["iamcredentials.googleapis.com", "sts.googleapis.com"];
    assert_eq!(std::mem::take(&mut host.world().prepared), both);
    pass(3570).await;
    value(&source).await.expect("a stale token");
    pass(1).await;
    assert_eq!(host.calls(), (3, 4), "a renewal with all its steps");
    assert!(host.world().prepared.is_empty(), "nobody waits for a renewal");
}

#[tokio::test(start_paused = true)]
async fn an_identity_serves_every_exchange_until_five_minutes_before_its_end_and_before_an_hour_is_over() {
    for (life, kept) in [(3000, 2700), (6 * 3600, 3300)] {
        let host = Stage::new();
        host.world().keys_life_seconds = life;
        // So short that each token takes an exchange.
        host.world().life_seconds = 30;
        let source = source_on_an_instance(&host);
        value(&source).await.expect("a token");
        pass(kept - 60).await;
        value(&source).await.expect("a token");
        assert_eq!((keys_read(&host), host.calls().0), (1, 2), "{life}");
        pass(61).await;
        value(&source).await.expect("a token");
        assert_eq!((keys_read(&host), host.calls().0), (2, 3), "{life}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_aws_knows_no_longer_are_read_anew_once() {
    let host = Stage::new();
    host.world().life_seconds = 30;
    let source = source_on_an_instance(&host);
    let ended = serde_json::json!({ "error": "invalid_grant", "error_description": "… ExpiredToken …" });
    host.world().exchange_refusals = vec![ended.clone()];
    assert_eq!(value(&source).await, Err(Kind::Refused), "they were read just now");
    pass(60).await;
    value(&source).await.expect("a token");
    assert_eq!((keys_read(&host), host.calls().0), (1, 2));
    pass(60).await;
    host.world().exchange_refusals = vec![ended];
    value(&source).await.expect("a token of new keys");
    assert_eq!((keys_read(&host), host.calls().0), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn a_federated_token_is_used_until_a_minute_before_its_end() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a token");
    pass(3539).await;
    value(&source.with_scopes(["storage"])).await.expect("a token");
    assert_eq!(host.calls(), (1, 2));
    pass(2).await;
    value(&source.with_scopes(["pubsub"])).await.expect("a token");
    assert_eq!(host.calls(), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn a_federated_token_that_iam_refuses_is_dropped_once() {
    let host = Stage::new();
    value(&source(&host)).await.expect("a first token");
    host.world().impersonation_answers = vec![401];
    assert_eq!(value(&source(&host).with_scopes(["storage"])).await.as_deref(), Ok("access-3"));
    assert_eq!(host.calls(), (2, 3));
    host.world().impersonation_answers = vec![401, 401];
    assert_eq!(value(&source(&host).with_scopes(["pubsub"])).await, Err(Kind::Refused));
    assert_eq!(host.calls(), (3, 5), "one new federated token, then the refusal stands");
}

#[tokio::test(start_paused = true)]
async fn an_enormous_lifetime_is_believed_no_further_than_was_asked() {
    let host = Stage::new();
    host.world().life_seconds = 1_000_000_000;
    let source = source(&host);
    let before = host.now();
    let end: Timestamp = source.token().await.expect("a token").expires_at().into();
    assert!(end.since(before) <= Duration::from_secs(3601));
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_vanishes_each_time_is_an_error_and_poisons_nothing() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Vanishing;
    assert_eq!(value(&source).await, Err(Kind::Internal));
    host.world().outage = Outage::None;
    assert!(value(&source).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_called_even_if_the_engine_that_was_to_call_it_is_lost() {
    let host = Stage::new();
    let pending = source(&host).request(&environment("AKIDEXAMPLE"));
    host.world().outage = Outage::Vanishing;
    let (told, was_told) = tokio::sync::oneshot::channel();
    pending.when_settled(move |result| told.send(result.map_err(|error| error.kind())).expect("the test waits"));
    assert_eq!(was_told.await.expect("called").map(|_| ()), Err(Kind::Internal));
}

#[tokio::test(start_paused = true)]
async fn a_mint_is_explained_step_by_step_and_leaves_the_cache_as_it_was() {
    let host = Stage::new();
    let source = source(&host);
    value(&source).await.expect("a first token");
    host.world().impersonation_answers = vec![503];
    let explanation = source.explain().await;
    assert_eq!(explanation.result.expect("a token").value(), "access-3");
    let times = |begun: Duration, took: Duration| (begun.as_millis(), took.as_millis());
    let steps: Vec<_> =
        explanation.steps.iter().map(|report| (report.step, times(report.begun, report.took))).collect();
    assert_eq!(steps, [(Step::Identity, (0, 0)), (Step::Exchange, (0, 20)), (Step::Impersonation, (20, 540))]);
    let requests: Vec<_> = explanation.steps[2]
        .requests
        .iter()
        .map(|request| (request.outcome.clone(), times(request.begun, request.took)))
        .collect();
    assert_eq!(requests, [(Ok(503), (20, 20)), (Ok(200), (540, 20))]);
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    assert_eq!(host.calls(), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn what_never_answers_is_explained_too() {
    let host = Stage::new();
    let source = source(&host);
    host.world().outage = Outage::Hanging;
    let explanation = source.explain().await;
    let exchange = explanation.steps.last().expect("a step");
    assert_eq!((exchange.step, exchange.error.as_ref().map(Error::kind)), (Step::Exchange, Some(Kind::Unavailable)));
    assert_eq!(exchange.requests[0].outcome, Err("nothing answered in time".to_owned()));
    assert_eq!(explanation.result.expect_err("no token").kind(), Kind::Unavailable);
    host.world().outage = Outage::Vanishing;
    assert_eq!(source.explain().await.result.expect_err("no token").kind(), Kind::Internal);
    host.world().outage = Outage::None;
    assert!(value(&source).await.is_ok(), "no cooldown comes of it");
}

/// A source whose identity a function supplies.
fn supplied(
    host: &Stage,
    supply: impl Fn() -> Result<SuppliedIdentity, &'static str> + Send + Sync + 'static,
) -> TokenSource {
    let supplier = move || std::future::ready(supply().map_err(Into::into));
    builder(host).identity(supplier).build().expect("the file is right")
}

#[tokio::test(start_paused = true)]
async fn a_supplied_identity_takes_the_place_of_every_other_source() {
    let host = Stage::new();
    let source = supplied(&host, || Ok(SuppliedIdentity::new("ASIASUPPLIED", "secret").with_region("eu-west-1")));
    assert_eq!(value(&source).await.as_deref(), Ok("access-1"));
    assert_eq!(keys_read(&host), 0);
    let other = supplied(&host, || Ok(SuppliedIdentity::new("ASIASUPPLIED", "secret").with_region("eu-west-1")));
    assert_eq!(value(&other).await.as_deref(), Ok("access-2"), "another supplier is another identity");
}

#[tokio::test(start_paused = true)]
async fn what_a_supplier_gives_is_checked_and_what_it_says_is_the_cause() {
    let host = Stage::new();
    for (supply, says) in [
        (Err("the vault is sealed"), "the identity supplier failed"),
        (Ok(SuppliedIdentity::new("", "secret")), "no access key"),
        (Ok(SuppliedIdentity::new("AKID", "two words")), "no access key"),
        (Ok(SuppliedIdentity::new("AKID", "secret").with_session_token("line\nbreak")), "a session token"),
        (Ok(SuppliedIdentity::new("AKID", "secret").with_region("evil.example/")), "no AWS region"),
    ] {
        let error = supplied(&host, move || supply.clone()).token().await.expect_err("no identity");
        assert_eq!((error.kind(), error.step()), (Kind::Identity, Step::Identity));
        assert!(error.message().contains(says), "{error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), says.contains("failed").then_some("the vault is sealed"));
    }
    assert_eq!(host.calls(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_panics_or_hangs_is_an_error_of_the_identity() {
    let host = Stage::new();
    let panics = supplied(&host, || panic!("the supplier's own"));
    assert_eq!(value(&panics).await, Err(Kind::Identity));
    let hangs = builder(&host).identity(std::future::pending).build().expect("the file is right");
    let error = hangs.token().await.expect_err("no identity");
    assert_eq!((error.kind(), error.step()), (Kind::Unavailable, Step::Identity));
    assert_eq!(error.message(), "the identity supplier did not answer within 20 s");
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_asks_its_own_source_for_a_token_is_named() {
    let host = Stage::new();
    let own: Arc<std::sync::OnceLock<TokenSource>> = Arc::default();
    let asked = Arc::clone(&own);
    let supplier = move || {
        let source = asked.get().expect("it was built").clone();
        async move {
            source.token().await?;
            Ok(SuppliedIdentity::new("AKID", "secret"))
        }
    };
    let source = builder(&host).identity(supplier).build().expect("the file is right");
    own.set(source.clone()).expect("set once");
    let error = source.token().await.expect_err("it waits for itself");
    let cause = std::error::Error::source(&error).expect("the supplier's own failure").to_string();
    assert!(cause.contains("asks for a token that is minted with the identity that it supplies"), "{cause}");
}
