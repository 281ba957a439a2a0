//! What the benches here share.

use rolebridge::{Environment, TokenSource};
use rolebridge_emulator::World;
use serde_json::json;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CREDENTIAL: &str = include_str!("../../../tests/credential.json");

/// A source of tokens in a world.
pub fn source(world: &World) -> TokenSource {
    let info = world.info();
    let text = CREDENTIAL
        .replace("{google}", &world.google_url)
        .replace("{audience}", info["audience"].as_str().unwrap_or_default())
        .replace("{service_account}", info["service_account"].as_str().unwrap_or_default());
    let metadata = world.metadata_url.clone();
    let aws = info["aws"].as_str().unwrap_or_default().to_owned();
    let environment = Environment::from_lookup(|name| match name {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT" => Some(metadata.clone()),
        "AWS_ENDPOINT_URL" => Some(aws.clone()),
        "ROLEBRIDGE_ALLOW_LOOPBACK" => Some("1".to_owned()),
        _ => None,
    });
    TokenSource::builder().json(text).environment(environment).build().expect("the file is right")
}

/// So many tasks wait for one flight of a source that is cold: from the first that is woken to the last. `name` is that of
/// a scope and of a gate that were not used before.
pub fn herd(runtime: &Runtime, world: &World, source: &TokenSource, name: &str, tasks: usize) -> Duration {
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "times": 1, "do": { "hold": name } }));
    let source = source.with_scopes([name]);
    let before = world.requests().len();
    let started = Instant::now();
    let (asleep, woken) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new((Duration::MAX, Duration::ZERO))));
    let waiting: Vec<_> = (0..tasks)
        .map(|_| {
            let (source, asleep, woken) = (source.clone(), Arc::clone(&asleep), Arc::clone(&woken));
            runtime.spawn(async move {
                let mut token = pin!(source.token());
                let at_first = poll_fn(|context| Poll::Ready(token.as_mut().poll(context))).await;
                assert!(at_first.is_pending(), "the gate is shut");
                asleep.fetch_add(1, Ordering::Relaxed);
                token.await.expect("a token");
                let now = started.elapsed();
                let mut woken = woken.lock().expect("nobody panics");
                *woken = (woken.0.min(now), woken.1.max(now));
            })
        })
        .collect();
    while asleep.load(Ordering::Relaxed) < tasks {
        std::thread::sleep(Duration::from_millis(1));
    }
    world.open_gate(name);
    runtime.block_on(async {
        for task in waiting {
            task.await.expect("no panic");
        }
    });
    assert!(world.requests().len() - before <= 6, "one flight, however many wait for it");
    let (first, last) = *woken.lock().expect("nobody panics");
    last - first
}

/// The time of one call when each of `threads` threads makes `count` at once; of the slowest thread.
pub fn together(threads: usize, count: u64, call: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let started = Instant::now();
                    (0..count).for_each(|_| call());
                    started.elapsed() / u32::try_from(count).unwrap_or(u32::MAX)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).max().unwrap_or_default()
    })
}
