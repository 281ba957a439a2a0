//! What flights tell a Rust program's logger: on a thread of the program, with hosts and times, and with no secret.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::json;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

/// Keeps what it is told by a flight, and on which thread.
struct Kept(Mutex<Vec<(Level, String, ThreadId)>>);

impl Log for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "rolebridge"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = (record.level(), record.args().to_string(), thread::current().id());
            self.0.lock().expect("no panic").push(line);
        }
    }

    fn flush(&self) {}
}

static LOGGER: Kept = Kept(Mutex::new(Vec::new()));

#[test]
fn a_flight_is_told_on_the_thread_of_its_caller() {
    log::set_logger(&LOGGER).expect("the first one");
    log::set_max_level(LevelFilter::Trace);
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "times": 1, "do": { "status": 503 } }));
    let token = support::source(&world).blocking().token().expect("a token");

    let lines = std::mem::take(&mut *LOGGER.0.lock().expect("no panic"));
    assert!(lines.iter().all(|(level, _, thread)| *level == Level::Debug && *thread == thread::current().id()));
    let messages: Vec<_> = lines.iter().map(|(_, message, _)| message.as_str()).collect();
    let host = world.google_url.trim_start_matches("http://");
    for beginning in [
        "identity: done after".to_owned(),
        format!("exchange: POST {host}/v1/token answered 503 after"),
        format!("exchange: POST {host}/v1/token answered 200 after"),
        "exchange: done after".to_owned(),
        "impersonation: done after".to_owned(),
    ] {
        assert!(messages.iter().any(|message| message.starts_with(&beginning)), "{beginning}: {messages:?}");
    }
    let info = world.info();
    for secret in [token.value(), info["keys"]["secret_access_key"].as_str().expect("text")] {
        assert!(!messages.iter().any(|message| message.contains(secret)));
    }
}
