//! Every block of memory that is freed during a mint is searched for the secrets that were planted in it. What is found is
//! either mended or stands in the list below, and in SECURITY.md.
#![allow(unsafe_code, reason = "an allocator cannot be written without it")]
#![allow(clippy::panic, reason = "a test may fail")]

use rolebridge::{Environment, TokenSource};
use rolebridge_emulator::Cloud;
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// With which every planted secret begins; a letter says which one it is.
const PLANTED: &[u8] = b"planted-secret-";

static IS_LOOKING: AtomicBool = AtomicBool::new(false);
static FOUND: Mutex<BTreeSet<(char, String)>> = Mutex::new(BTreeSet::new());

thread_local! {
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static LOOKING: Looking = Looking;

/// The system's allocator, which looks at what it frees.
struct Looking;

unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    // As the default one, but for what it leaves behind: a block that moves is freed as it is.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if IS_LOOKING.load(Ordering::Relaxed) {
            // Parts of it were perhaps never written; as bytes of memory they are read all the same.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            look(bytes);
        }
        unsafe { System.dealloc(block, layout) }
    }
}

fn look(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(place) = rest.windows(PLANTED.len()).position(|window| window == PLANTED) {
        let which = rest.get(place + PLANTED.len()).map_or('?', |letter| char::from(*letter));
        rest = &rest[place + PLANTED.len()..];
        // What it takes to tell is freed too.
        if IS_OURS.replace(true) {
            return;
        }
        if std::thread::current().name() != Some("emulator") {
            let trace = Backtrace::force_capture().to_string();
            FOUND.lock().expect("no look panics").insert((which, file(&trace)));
        }
        IS_OURS.set(false);
    }
}

/// Where a test's environment comes from.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The file of the core in which the block was freed, or whose caller's caller freed it.
fn file(trace: &str) -> String {
    let files = trace.lines().filter_map(|line| line.split_once("core/src/"));
    let ours = files.filter(|(before, _)| !before.contains("rustc")).map(|(_, file)| file);
    ours.map(|file| file.split(':').next().unwrap_or_default().to_owned()).next().unwrap_or_default()
}

/// What is found, by the secret and by the file of the core that freed it.
const LISTED: [(char, &str); 9] = [
    // Prebuilt header values, which the `http` crate frees.
    ('a', ""),
    // The HTTP client's own buffers.
    ('a', "host/network.rs"),
    ('f', "host/network.rs"),
    ('k', "host/network.rs"),
    ('s', "host/network.rs"),
    // The text of the credential file, while it is read.
    ('c', "config.rs"),
    ('c', "token_source/builder.rs"),
    // The text that is signed, and the request that carries it.
    ('s', "sigv4.rs"),
    ('s', "subject_token.rs"),
];

#[test]
fn no_secret_is_freed_as_it_is_but_where_it_is_listed() {
    let cloud = Cloud::start().expect("the emulator starts");
    let world = cloud.world(json!({}));
    let secret = |letter: char| format!("planted-secret-{letter}-0123456789abcdef0123456789abcdef");
    let federated = json!({ "access_token": secret('f'), "expires_in": 3600, "token_type": "Bearer" });
    world.fault(json!({ "on": "sts.token", "times": null, "do": { "status": 200, "body": federated } }));
    let access = json!({ "accessToken": secret('a'), "expireTime": "9999-12-31T23:59:59Z" });
    let impersonation = "iamcredentials.generateAccessToken";
    world.fault(json!({ "on": impersonation, "times": null, "do": { "status": 200, "body": access } }));
    let keys = json!({ "SecretAccessKey": secret('k'), "Token": secret('s') });
    world.fault(json!({ "on": "metadata.keys", "do": { "merge": keys } }));
    let info = world.info();
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        world.google_url,
        text(&info["service_account"])
    );
    let file = json!({
        "type": "external_account",
        "audience": info["audience"],
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": format!("{}/v1/token", world.google_url),
        "service_account_impersonation_url": url,
        "client_id": "client",
        "client_secret": secret('c'),
        "credential_source": {
            "environment_id": "aws1",
            "regional_cred_verification_url":
                "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        },
    })
    .to_string();
    let keys = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIAEXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(secret('k')),
        "AWS_SESSION_TOKEN" => Some(secret('s')),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        _ => None,
    };
    let instance = |name: &str| (name == "AWS_EC2_METADATA_SERVICE_ENDPOINT").then(|| world.metadata_url.clone());
    for lookup in [&keys as Lookup<'_>, &instance] {
        let environment = Environment::from_lookup(|name| match name {
            "ROLEBRIDGE_ALLOW_LOOPBACK" => Some("1".to_owned()),
            name => lookup(name),
        });
        let file = file.clone();
        IS_LOOKING.store(true, Ordering::Relaxed);
        let source = TokenSource::builder().json(file).environment(environment).build().expect("built");
        let token = source.blocking().token().expect("a token");
        source.blocking().headers().expect("headers");
        assert_eq!(token.value(), secret('a'));
        drop((token, source));
        IS_LOOKING.store(false, Ordering::Relaxed);
    }
    let found = FOUND.lock().expect("no look panics");
    assert!(found.iter().any(|(which, _)| *which == 's'), "the look sees what is freed");
    let unlisted: Vec<_> = found.iter().filter(|(which, file)| !LISTED.contains(&(*which, file))).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}
