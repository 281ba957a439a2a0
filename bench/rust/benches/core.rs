//! What the core costs where it is called often: a hit on one thread and on all, many who wait for one flight, a signature.

use criterion::{Criterion, criterion_group, criterion_main};
use futures::FutureExt;
use rolebridge::binding::subject_token::SubjectToken;
use rolebridge::binding::{Identity, Region, sigv4};
use rolebridge::{Environment, TokenSource};
use rolebridge_bench::{herd, source, together};
use rolebridge_emulator::Cloud;
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

fn hits(criterion: &mut Criterion) {
    let cloud = Cloud::start().expect("the emulator starts");
    let world = cloud.world(json!({}));
    let source = source(&world);
    source.blocking().token().expect("a token");
    let headers = || {
        black_box(source.headers().now_or_never());
    };
    criterion.bench_function("headers, a hit, one thread", |bencher| bencher.iter(headers));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    criterion.bench_function("headers, a hit, every core", |bencher| {
        bencher.iter_custom(|count| together(threads, count, headers) * count as u32);
    });
    criterion.bench_function("token, a hit, one thread", |bencher| bencher.iter(|| black_box(source.cached())));
    criterion.bench_function("config, parsed", |bencher| {
        let text = r#"{"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider","subject_token_type":"urn:ietf:params:aws:token-type:aws4_request","token_url":"https://sts.googleapis.com/v1/token","service_account_impersonation_url":"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken","credential_source":{"environment_id":"aws1","region_url":"http://169.254.169.254/latest/meta-data/placement/availability-zone","url":"http://169.254.169.254/latest/meta-data/iam/security-credentials","regional_cred_verification_url":"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}}"#;
        let environment = Environment::default();
        bencher.iter(|| black_box(TokenSource::builder().json(text).environment(environment.clone()).build()));
    });
}

/// From the first that is woken to the last.
fn waiters(criterion: &mut Criterion) {
    let cloud = Cloud::start().expect("the emulator starts");
    let world = cloud.world(json!({}));
    let source = source(&world);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut round = 0;
    let mut group = criterion.benchmark_group("one flight");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("a thousand tasks woken", |bencher| {
        bencher.iter_custom(|count| {
            let flights = (0..count).map(|_| {
                round += 1;
                herd(&runtime, &world, &source, &format!("round-{round}"), 1000)
            });
            flights.sum()
        });
    });
    group.finish();
}

/// A token for scopes that no caller asked for before, among few tokens that are alive and among many.
fn purposes(criterion: &mut Criterion) {
    let cloud = Cloud::start().expect("the emulator starts");
    let world = cloud.world(json!({}));
    let source = source(&world);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut asked, mut group) = (0, criterion.benchmark_group("a token of new scopes"));
    group.sample_size(10);
    let mut more = |many: usize| {
        let sources: Vec<_> = (asked..asked + many).map(|number| source.with_scopes([number.to_string()])).collect();
        asked += many;
        runtime.block_on(async {
            for some in sources.chunks(256) {
                let tokens = futures::future::join_all(some.iter().map(TokenSource::token)).await;
                assert!(tokens.iter().all(Result::is_ok));
            }
        });
    };
    for alive in [10, 100_000] {
        more(alive);
        group.bench_function(format!("beside {alive}"), |bencher| {
            bencher.iter_custom(|count| {
                let started = Instant::now();
                (0..count).for_each(|_| more(1));
                started.elapsed()
            });
        });
    }
    group.finish();
}

fn signing(criterion: &mut Criterion) {
    let region = Region::parse("us-east-1").expect("a region");
    let identity = Identity::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region)
        .with_session_token("t".repeat(850));
    let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
    let url = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
    let scope = sigv4::Scope { time: "20261124T114727Z", region: "us-east-1", service: "sts" };
    criterion.bench_function("a signature", |bencher| {
        bencher
            .iter(|| sigv4::signature(black_box("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &scope, "what is signed"));
    });
    criterion.bench_function("subject token, signed and serialised", |bencher| {
        bencher.iter(|| SubjectToken::sign(black_box(&identity), audience, url, SystemTime::now()));
    });
}

criterion_group!(benches, hits, waiters, signing, purposes);
criterion_main!(benches);
