//! The core beside its Rust peers, in one run: each figure is the median of rounds in which they take turns.
//!
//! Prints a line of JSON for each figure; `bench/run.py` sets the world up and makes a table of them.

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use rolebridge::TokenSource;
use rolebridge::binding::subject_token::SubjectToken;
use rolebridge::binding::{Identity, Region, sigv4};
use rolebridge_bench::{herd, source, together};
use rolebridge_emulator::Cloud;
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

const ROUNDS: usize = 31;
const EMPTY_BODY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(hits());
    waiters(&runtime);
    signatures();
}

/// What one request to an API pays for its headers while the token is fresh.
async fn hits() {
    let ours = TokenSource::from_env().expect("the credential file is right");
    ours.token().await.expect("a token");
    let path = std::env::var("GOOGLE_APPLICATION_CREDENTIALS").expect("set by the driver");
    let file = serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
    let theirs = google_cloud_auth::credentials::external_account::Builder::new(file).build().expect("built");
    theirs.headers(http::Extensions::new()).await.expect("a token");

    let mut figures = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        let count = 20_000;
        let started = Instant::now();
        for _ in 0..count {
            black_box(ours.headers().await.expect("a hit"));
        }
        figures[0].push(started.elapsed() / count);
        let started = Instant::now();
        for _ in 0..count {
            black_box(theirs.headers(http::Extensions::new()).await.expect("a hit"));
        }
        figures[1].push(started.elapsed() / count);
    }
    let [ours_alone, theirs_alone] = figures.map(median);
    print("cached", "Rust, Go: one thread", "rolebridge", ours_alone);
    print("cached", "Rust, Go: one thread", "google-cloud-auth", theirs_alone);

    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let contended = (0..ROUNDS).map(|_| {
        together(threads, 20_000, || {
            black_box(futures::executor::block_on(ours.headers()).expect("a hit"));
        })
    });
    let alone = (0..ROUNDS).map(|_| {
        together(1, 20_000, || {
            black_box(futures::executor::block_on(ours.headers()).expect("a hit"));
        })
    });
    print("cached", "Rust: under block_on, one thread", "rolebridge", median(alone.collect()));
    print("cached", "Rust: under block_on, every core", "rolebridge", median(contended.collect()));
}

/// Ten thousand tasks wait for one flight: from the first that is woken to the last.
fn waiters(runtime: &tokio::runtime::Runtime) {
    let cloud = Cloud::start().expect("the emulator starts");
    let world = cloud.world(json!({}));
    let source = source(&world);
    let measured = (0..5).map(|round| herd(runtime, &world, &source, &format!("round-{round}"), 10_000));
    print("herd", "Rust: 10,000 tasks", "rolebridge", median(measured.collect()));
}

/// A `GetCallerIdentity`, signed now: the clock is read, the URL taken apart, the `Authorization` header written. And all
/// of that with what it takes to serialise it as Google reads it.
fn signatures() {
    let session_token = "t".repeat(850);
    let region = Region::parse("us-east-1").expect("a region");
    let identity = Identity::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region)
        .with_session_token(&session_token);
    let theirs = aws_credential_types::Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        Some(session_token.clone()),
        None,
        "bench",
    )
    .into();
    let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
    let url = "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
    let sign_as_aws_does = || {
        let parameters = v4::SigningParams::builder()
            .identity(&theirs)
            .region("us-east-1")
            .name("sts")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .expect("complete")
            .into();
        let headers = [("x-goog-cloud-target-resource", audience)];
        let request = SignableRequest::new(
            "POST",
            url,
            headers.into_iter(),
            SignableBody::Precomputed(EMPTY_BODY_SHA256.to_owned()),
        )
        .expect("signable");
        let (instructions, _) = sign(request, &parameters).expect("signed").into_parts();
        instructions.into_parts().0.len()
    };
    let sign_alone = || {
        let address = url::Url::parse(url).expect("a URL");
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let headers = [
            ("host", address.host_str().unwrap_or_default()),
            ("x-amz-date", &time),
            ("x-amz-security-token", &session_token),
            ("x-goog-cloud-target-resource", audience),
        ];
        let canonical = sigv4::canonical_request(&sigv4::Request {
            method: "POST",
            path: address.path(),
            query: address.query().unwrap_or_default(),
            headers: &headers,
            body_sha256: EMPTY_BODY_SHA256,
            normalize_path: true,
        });
        let scope = sigv4::Scope { time: &time, region: "us-east-1", service: "sts" };
        let to_sign = sigv4::string_to_sign(&canonical, &scope);
        let signature = sigv4::signature("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope, &to_sign);
        sigv4::authorization("AKIDEXAMPLE", &scope, &canonical.signed_headers, &signature)
    };
    let mut figures = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let count = 500;
        let started = Instant::now();
        for _ in 0..count {
            black_box(sign_alone());
        }
        figures[2].push(started.elapsed() / count);
        let started = Instant::now();
        for _ in 0..count {
            black_box(SubjectToken::sign(&identity, audience, url, SystemTime::now()).expect("signed"));
        }
        figures[0].push(started.elapsed() / count);
        let started = Instant::now();
        for _ in 0..count {
            black_box(sign_as_aws_does());
        }
        figures[1].push(started.elapsed() / count);
    }
    let [whole, official, alone] = figures.map(median);
    print("signing", "Rust: a signed request", "rolebridge", alone);
    print("signing", "Rust: a signed request", "aws-sigv4", official);
    print("signing", "Rust: a subject token, signed and serialised", "rolebridge", whole);
}

fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort();
    figures[figures.len() / 2]
}

fn print(section: &str, what: &str, who: &str, time: Duration) {
    println!("{}", json!({ "section": section, "what": what, "who": who, "value": time.as_secs_f64() }));
}
