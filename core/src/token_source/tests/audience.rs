//! Sources that are made of an audience and a service account, in place of a credential file.

use super::*;

const AUDIENCE: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
const ACCOUNT: &str = "a@p.iam.gserviceaccount.com";

fn without_a_file(host: &Stage) -> Builder {
    let (host, store) = (Arc::clone(&host.fake), Arc::clone(&host.store));
    TokenSource::builder().environment(environment("AKIDEXAMPLE")).outside(host, store)
}

#[tokio::test(start_paused = true)]
async fn it_is_the_source_of_the_file_that_gcloud_would_write() {
    let host = Stage::new();
    let of_audience =
        without_a_file(&host).audience(AUDIENCE).service_account(ACCOUNT).build().expect("both are right");
    assert_eq!((of_audience.service_account(), of_audience.project()), (Some(ACCOUNT), Some("p")));
    let token = of_audience.token().await.expect("a token");
    let of_file = source(&host).token().await.expect("a token");
    assert_eq!(token.value(), of_file.value());
    assert_eq!(host.world().exchanges, 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_service_account_it_is_direct_access() {
    let host = Stage::new();
    let source = without_a_file(&host).audience(AUDIENCE).build().expect("it is right");
    assert_eq!((source.service_account(), source.project()), (None, None));
    source.token().await.expect("a token");
    let world = host.world();
    assert_eq!((world.exchanges, world.impersonations), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_named_as_the_option_that_it_is() {
    let host = Stage::new();
    let failure = |builder: Builder| builder.build().expect_err("it is wrong").to_string();
    for wrong in ["", "pool", "//iam.googleapis.com/projects/name/locations/global/workloadIdentityPools/p/providers/q"]
    {
        let error = failure(without_a_file(&host).audience(wrong).service_account(ACCOUNT));
        assert!(error.starts_with("the option `audience` "), "{error}");
    }
    for wrong in ["", "a", "a@b", "a/../b@p.iam.gserviceaccount.com"] {
        let error = failure(without_a_file(&host).audience(AUDIENCE).service_account(wrong));
        assert!(error.starts_with("the option `service_account` is "), "{error}");
    }
    let error = failure(builder(&host).service_account(ACCOUNT));
    assert!(error.starts_with("the option `service_account` goes with `audience`"), "{error}");
}
