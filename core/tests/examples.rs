//! The examples do what they say, under the real host names, which a proxy leads into the emulator.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_emulator::World;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn query_prints_the_table() {
    let output = run("query", &support::CLOUD.world(json!({})));
    assert_eq!(text(&output.stdout), "1 aaaaa\n2 bbbbb\n3 ccccc\n4 ddddd\n5 eeeee\n", "{}", text(&output.stderr));
    assert!(output.status.success());
}

#[test]
fn query_says_what_is_wrong() {
    let world = json!({ "aws": { "instance": { "role": "another-role" } } });
    let output = run("query", &support::CLOUD.world(world));
    assert!(text(&output.stderr).starts_with("error: IAM Credentials refused to impersonate"), "{output:?}");
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn token_says_whose_it_is() {
    let output = run("token", &support::CLOUD.world(json!({})));
    let shown = text(&output.stdout);
    assert!(shown.starts_with("bigquery-reader@my-project.iam.gserviceaccount.com until 2"), "{output:?}");
}

#[test]
fn timing_lists_every_request() {
    let output = run("timing", &support::CLOUD.world(json!({})));
    let shown = text(&output.stdout);
    for part in ["latest/api/token 200", "sts.googleapis.com/v1/token 200", ":generateAccessToken 200", " on our side"]
    {
        assert!(shown.contains(part), "`{part}` is not in {shown}{}", text(&output.stderr));
    }
}

/// The example's program beside a credential file, with the environment of the world's instance and nothing else.
fn run(example: &str, world: &World) -> Output {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(world.info()["id"].as_str().expect("an id"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let google = json!({
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/\
                                              {service_account}:generateAccessToken",
    });
    let authority = folder.join("authority.pem");
    std::fs::write(&authority, world.info()["ca_pem"].as_str().expect("PEM")).expect("written");
    std::fs::write(folder.join("credential.json"), support::credential(world, &google)).expect("written");
    Command::new(program(example))
        .arg("credential.json")
        .current_dir(&folder)
        .env_clear()
        .env("HTTPS_PROXY", &world.proxy_url)
        .env("SSL_CERT_FILE", &authority)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &world.metadata_url)
        .output()
        .unwrap_or_else(|error| panic!("{example} does not start ({error}): `cargo test` without a filter builds it"))
}

/// Cargo puts examples beside the folder of its tests.
fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let debug = test.parent().and_then(Path::parent).expect("two folders up");
    debug.join("examples").join(example).with_extension(std::env::consts::EXE_EXTENSION)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
