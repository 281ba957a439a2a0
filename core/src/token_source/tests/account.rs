//! ID tokens and signatures: what is kept, what is shared, and who asks for a signature.

use super::{FILE, Stage, builder, pass, source, value};
use crate::error::{Kind, Step};
use crate::host::Clock;
use crate::host::fake::Outage;
use crate::time::Timestamp;
use futures_util::future::join_all;
use std::time::Duration;

const AUDIENCE: &str = "https://service.example";

/// How many federated tokens, access tokens and ID tokens there were.
fn counts(host: &Stage) -> (u32, u32, u32) {
    let (exchanges, impersonations) = host.calls();
    (exchanges, impersonations, host.world().id_tokens)
}

#[tokio::test(start_paused = true)]
async fn an_id_token_is_kept_for_its_audience_and_made_once_for_all_who_ask() {
    let host = Stage::new();
    let source = source(&host);
    let tokens = join_all((0..100).map(|_| source.id_token(AUDIENCE))).await;
    let first = tokens[0].clone().expect("an ID token");
    assert!(tokens.iter().all(|token| token.as_ref().is_ok_and(|token| token.is(&first))));
    assert_eq!(counts(&host), (1, 0, 1), "with the federated token, and never with an access token");

    let other = source.id_token("https://other.example").await.expect("an ID token");
    let without = source.id_token_without_email(AUDIENCE).await.expect("an ID token");
    assert!(other.value() != first.value() && without.value() != first.value() && without.value() != other.value());
    source.token().await.expect("an access token");
    let another_source = builder(&host).build().expect("the same file").id_token(AUDIENCE).await.expect("an ID token");
    assert!(another_source.is(&first));
    assert_eq!(counts(&host), (1, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_id_token_is_renewed_ahead_of_its_end_and_outlives_an_outage_until_then() {
    let host = Stage::new();
    let source = source(&host);
    let first = source.id_token(AUDIENCE).await.expect("an ID token");
    let end = Timestamp::from(first.expires_at());
    assert!(end.since(host.now()) > Duration::from_secs(3590));
    for _ in 0..2 * 3600 {
        pass(1).await;
        let before = host.now();
        source.id_token(AUDIENCE).await.expect("an ID token");
        assert_eq!(host.now(), before, "a caller waited");
    }
    assert_eq!(host.world().id_tokens, 4, "renewed at half of each life");
    let last = source.id_token(AUDIENCE).await.expect("an ID token");
    host.world().outage = Outage::Unreachable;
    while host.now().plus(Duration::from_secs(2)) < Timestamp::from(last.expires_at()) {
        pass(1).await;
        source.id_token(AUDIENCE).await.expect("it is good until its end");
    }
    pass(3).await;
    assert_eq!(source.id_token(AUDIENCE).await.expect_err("it has ended").kind(), Kind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn many_audiences_cost_no_more_than_their_tokens() {
    let host = Stage::new();
    let source = source(&host);
    for _ in 0..2 {
        for number in 0..200 {
            source.id_token(&format!("https://service-{number}.example")).await.expect("an ID token");
        }
    }
    assert_eq!(counts(&host), (1, 0, 200), "an audience whose source was given up finds its token in the cache");
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_asked_for_each_time_with_an_access_token_that_is_kept() {
    let host = Stage::new();
    let source = source(&host);
    for _ in 0..3 {
        let signature = source.sign(b"payload").await.expect("a signature");
        assert_eq!((signature.key_id(), signature.bytes()), ("key", b"signed".as_slice()));
    }
    assert_eq!(counts(&host), (1, 1, 0));
    assert_eq!(host.world().signers, ["access-1", "access-1", "access-1"]);
}

#[tokio::test(start_paused = true)]
async fn scopes_that_may_not_ask_iam_are_left_for_some_that_may() {
    let host = Stage::new();
    let source = source(&host).with_scopes(["https://www.googleapis.com/auth/devstorage.read_only"]);
    source.token().await.expect("a token");
    source.sign(b"payload").await.expect("a signature");
    assert_eq!(host.world().signers, ["access-2"]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_not_sign_for_itself_is_signed_for_by_the_role() {
    let host = Stage::new();
    let source = source(&host);
    host.world().signature_refusals = vec![403];
    source.sign(b"payload").await.expect("the federated token may");
    assert_eq!(host.world().signers, ["access-1", "federated-1"]);

    host.world().signature_refusals = vec![403, 403];
    let error = source.sign(b"payload").await.expect_err("neither may");
    assert_eq!((error.kind(), error.step(), error.status()), (Kind::Refused, Step::Signing, Some(403)));
    let hint = error.hint().expect("a hint");
    assert!(hint.contains(
        "--role=roles/iam.serviceAccountTokenCreator --member=\"serviceAccount:a@p.iam.gserviceaccount.com\""
    ));
    assert!(hint.contains("attribute.aws_role/arn:aws:sts::111122223333:assumed-role/role\""), "{hint}");
    assert_eq!(host.world().signers.len(), 4, "each asked once");
}

#[tokio::test(start_paused = true)]
async fn the_role_signs_only_where_the_signature_was_refused() {
    let host = Stage::new();
    let source = source(&host);
    host.world().impersonation_answers = vec![403];
    let error = source.sign(b"payload").await.expect_err("no access token");
    assert_eq!((error.step(), error.status()), (Step::Impersonation, Some(403)));
    assert!(host.world().signers.is_empty());

    pass(60).await;
    host.world().signature_refusals = vec![400];
    let error = source.sign(b"payload").await.expect_err("a bad request");
    assert_eq!((error.step(), error.status()), (Step::Signing, Some(400)));
    assert_eq!(host.world().signers, ["access-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_iam_no_longer_knows_is_minted_anew_for_a_signature() {
    let host = Stage::new();
    let source = source(&host);
    source.token().await.expect("a token");
    host.world().signature_refusals = vec![401];
    source.sign(b"payload").await.expect("a signature");
    assert_eq!(host.world().signers, ["access-1", "access-2"]);
    let reports = source.flight_reports();
    let told = reports.iter().flat_map(|report| &report.steps).filter(|step| step.step == Step::Signing).count();
    assert_eq!(told, 2, "each try is told of once");
    assert_eq!(value(&source).await.as_deref(), Ok("access-2"), "the one that IAM refused is given out no more");
}

#[tokio::test(start_paused = true)]
async fn direct_access_has_no_account_and_an_empty_audience_means_nobody() {
    let host = Stage::new();
    let mut file: serde_json::Value = serde_json::from_str(FILE).expect("JSON");
    file["service_account_impersonation_url"] = serde_json::Value::Null;
    let direct = builder(&host).json(file.to_string()).build().expect("direct access");
    for error in [
        direct.id_token(AUDIENCE).await.expect_err("no account"),
        direct.sign(b"payload").await.expect_err("no account"),
        source(&host).id_token(" ").await.expect_err("no audience"),
    ] {
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.hint().is_some(), "{error}");
    }
    assert_eq!(counts(&host), (0, 0, 0));
}
