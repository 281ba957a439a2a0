//! `rolebridge exec`: what the command is given, the signals that reach it, and what is left when it has ended.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};
use support::http::{read, session_user};
use support::{CLOUD, Running, credential, folder, program, ran, ran_in, variables};

const EMAIL: &str = "bigquery-reader@my-project.iam.gserviceaccount.com";

/// What the command saw as its environment, with these variables beside the world's.
fn environment(world: &World, more: &[(&'static str, &str)]) -> BTreeMap<String, String> {
    let mut variables = variables(world);
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let (status, output, talk) = Running::of(program(&variables).args(["exec", "--", "env"])).ended();
    assert!(status.success(), "{talk}");
    output
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn libraries_find_the_server_and_nothing_before_it() {
    let world = CLOUD.world(json!({}));
    let inherited = [
        ("GOOGLE_APPLICATION_CREDENTIALS", "/elsewhere/key.json"),
        ("NO_GCE_CHECK", "true"),
        ("GCE_METADATA_HOST", "metadata.example"),
        ("GREETING", "good morning"),
    ];
    let seen = environment(&world, &inherited);
    let host = &seen["GCE_METADATA_HOST"];
    let port = host.strip_prefix("127.0.0.1:").expect("loopback, without a scheme");
    assert!(port.parse::<u16>().is_ok(), "{host}");
    for (name, value) in [
        ("GCE_METADATA_ROOT", host.as_str()),
        ("GCE_METADATA_IP", host),
        ("METADATA_SERVER_DETECTION", "assume-present"),
        ("GCE_METADATA_MTLS_MODE", "none"),
        ("GCE_METADATA_TIMEOUT", "35"),
        ("NO_PROXY", "127.0.0.1,localhost"),
        ("no_proxy", "127.0.0.1,localhost"),
        ("GOOGLE_CLOUD_PROJECT", "my-project"),
        ("CLOUDSDK_CORE_PROJECT", "my-project"),
        ("GREETING", "good morning"),
    ] {
        assert_eq!(seen.get(name).map(String::as_str), Some(value), "{name}");
    }
    for name in ["GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK", "GOOGLE_CLOUD_QUOTA_PROJECT"] {
        assert!(!seen.contains_key(name), "{name}");
    }
}

#[test]
fn what_somebody_has_set_of_proxies_and_projects_stays() {
    let world = CLOUD.world(json!({}));
    let payer = credential(&world, &json!({ "quota_project_id": "payer" }));
    let seen = environment(
        &world,
        &[
            ("no_proxy", "example.com,"),
            ("CLOUDSDK_CORE_PROJECT", "another-project"),
            ("ROLEBRIDGE_CREDENTIALS", &payer),
        ],
    );
    for name in ["NO_PROXY", "no_proxy"] {
        assert_eq!(seen[name], "example.com,127.0.0.1,localhost");
    }
    assert_eq!(seen["CLOUDSDK_CORE_PROJECT"], "another-project");
    assert_eq!(seen["GOOGLE_CLOUD_QUOTA_PROJECT"], "payer");
    assert_eq!(environment(&world, &[("NO_PROXY", "*")])["no_proxy"], "*");
}

#[test]
fn the_command_has_our_streams_and_a_token_that_google_takes() {
    let world = CLOUD.world(json!({}));
    let script = r#"echo "$GCE_METADATA_HOST"; echo "$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"; cat"#;
    let mut running = Running::start(&world, &["exec", "--", "sh", "-c", script]);
    let (host, path) = (running.line(), running.line());
    let token: Value =
        serde_json::from_str(&read(&host, "/computeMetadata/v1/instance/service-accounts/default/token").body)
            .expect("JSON");
    let token = token["access_token"].as_str().expect("a text");
    assert_eq!(session_user(&world.google_url, token), EMAIL);
    assert_eq!(fs::read_to_string(&path).expect("readable"), token);
    for (place, mode) in [(Path::new(&path), 0o600), (Path::new(&path).parent().expect("a folder"), 0o700)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(place).expect("there").permissions().mode() & 0o777, mode, "{}", place.display());
    }
    running.write("to the command\n");
    let (status, output, talk) = running.ended();
    assert_eq!((status.code(), output.as_str(), talk.as_str()), (Some(0), "to the command\n", ""));
    assert!(!Path::new(&path).parent().expect("a folder").exists(), "{path} is left");
    assert!(std::net::TcpStream::connect(&host).is_err(), "{host} is still there");
}

#[test]
fn the_exit_code_is_the_command_s() {
    let world = CLOUD.world(json!({}));
    let folder = folder("exit-code");
    let plain = folder.join("plain");
    fs::write(&plain, "no program").expect("written");
    let plain = plain.to_str().expect("UTF-8");
    for (command, exit) in [
        (&["true"][..], Exit::Command(0)),
        (&["sh", "-c", "exit 7"], Exit::Command(7)),
        (&["--", "sh", "-c", "exit 255"], Exit::Command(255)),
        (&["sh", "-c", "kill -KILL $$"], Exit::Command(137)),
        (&["sh", "-c", "kill -TERM $$"], Exit::Command(143)),
        (&["no-such-command"], Exit::NotFound),
        (&["./no/such/command"], Exit::NotFound),
        (&[plain], Exit::CannotRun),
    ] {
        let arguments = [&["exec"], command].concat();
        let (status, _, talk) = Running::start(&world, &arguments).ended();
        assert_eq!(status.code(), Some(i32::from(exit.code())), "{command:?}: {talk}");
        let is_told = !matches!(exit, Exit::Command(_));
        assert_eq!(
            talk.starts_with("error: the command `") && talk.contains("\nhint: "),
            is_told,
            "{command:?}: {talk}"
        );
    }
    assert_eq!(ran(&["exec"], &[]).exit, Exit::Usage);
    assert_eq!(ran(&["exec", "--credential-fil", "x"], &[]).exit, Exit::Usage);
}

#[test]
fn nothing_is_started_where_there_is_no_token() {
    let folder = folder("no-token");
    let mark = folder.join("started");
    let ran = ran_in(
        &CLOUD.world(json!({ "bound_role": "another-role" })),
        &["exec", "--", "touch", mark.to_str().expect("UTF-8")],
    );
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.talk.starts_with("error: ") && ran.talk.contains("add-iam-policy-binding"), "{}", ran.talk);
    assert!(!mark.exists());
}

#[test]
fn where_no_file_can_be_written_nothing_is_started() {
    let world = CLOUD.world(json!({}));
    let mut command = program(&variables(&world));
    command.args(["exec", "--", "echo", "started"]).env("TMPDIR", folder("no-room").join("none"));
    let (status, output, talk) = Running::of(&mut command).ended();
    assert_eq!((status.code(), output.as_str()), (Some(3), ""), "{talk}");
    assert!(talk.starts_with("error: no folder can be made in ") && talk.contains("\nhint: "), "{talk}");
}

#[test]
fn a_login_of_gcloud_s_that_libraries_would_prefer_is_refused() {
    let world = CLOUD.world(json!({}));
    let home = folder("login");
    for (name, value, inside) in [("HOME", &home, ".config/gcloud"), ("CLOUDSDK_CONFIG", &home.join("config"), "")] {
        let login = value.join(inside).join("application_default_credentials.json");
        fs::create_dir_all(login.parent().expect("a folder")).expect("made");
        fs::write(&login, "{}").expect("written");
        let mut variables = variables(&world);
        variables.push((name, value.to_str().expect("UTF-8").to_owned()));
        let (status, output, talk) = Running::of(program(&variables).args(["exec", "--", "echo", "started"])).ended();
        assert_eq!((status.code(), output.as_str()), (Some(3), ""), "{talk}");
        let path = login.display();
        assert!(talk.contains(&format!("`{path}`")) && talk.contains(&format!("\nhint: `mv '{path}' ")), "{talk}");
        fs::remove_file(login).expect("removed");
    }
    assert!(world.requests().is_empty(), "nothing was sent");
}

#[test]
fn signals_that_reach_only_us_are_passed_on() {
    let world = CLOUD.world(json!({}));
    for signal in ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2"] {
        // A trap is run when a command of the shell has ended.
        let script = format!(
            "trap \"echo {signal}; exit 5\" {signal}; echo \"$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE\"
            while :; do sleep 0.1; done"
        );
        let mut command = program(&variables(&world));
        // Whatever terminal the tests have, its keys do not speak to this group.
        command.args(["exec", "--", "sh", "-c", &script]).process_group(0);
        let mut running = Running::of(&mut command);
        let path = running.line();
        running.signal(signal);
        assert_eq!(running.line(), signal);
        let (status, _, talk) = running.ended();
        assert_eq!(status.code(), Some(5), "{signal}: {talk}");
        assert!(!Path::new(&path).exists(), "{path} is left");
    }
}

#[test]
fn a_signal_that_ends_the_command_is_told_as_shells_do() {
    let world = CLOUD.world(json!({}));
    let mut running = Running::start(&world, &["exec", "--", "sh", "-c", "echo ready; exec sleep 300"]);
    assert_eq!(running.line(), "ready");
    running.signal("TERM");
    let (status, ..) = running.ended();
    assert_eq!(status.code(), Some(143));
}

#[cfg(target_os = "linux")]
#[test]
fn what_we_were_told_to_ignore_the_command_ignores_too() {
    let world = CLOUD.world(json!({}));
    let mut command = std::process::Command::new("sh");
    let script = r#"trap "" HUP INT; exec "$0" exec -- sh -c 'kill -s HUP $$; kill -s INT $$; echo "still here"'"#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_rolebridge")]).env_clear().envs(variables(&world));
    command.env("PATH", std::env::var_os("PATH").expect("set"));
    let (status, output, talk) = Running::of(&mut command).ended();
    assert_eq!((status.code(), output.as_str()), (Some(0), "still here\n"), "{talk}");
}

/// Half a minute and more: no younger token is given up.
#[test]
fn tokens_are_renewed_ahead_of_their_end() {
    let world = CLOUD.world(json!({ "federated_lifetime_seconds": 55 }));
    let direct = credential(&world, &json!({ "service_account_impersonation_url": null }));
    let mut variables = variables(&world);
    variables.push(("ROLEBRIDGE_CREDENTIALS", direct));
    let script = r#"echo "$GCE_METADATA_HOST"; echo "$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"; cat"#;
    let mut running = Running::of(program(&variables).args(["exec", "--", "sh", "-c", script]));
    let (host, path) = (running.line(), running.line());
    let served = |query: &str| {
        let answer = read(&host, &format!("/computeMetadata/v1/instance/service-accounts/default/token{query}"));
        serde_json::from_str::<Value>(&answer.body).expect("JSON")["access_token"].clone()
    };
    let minted = || world.requests().iter().filter(|record| record.operation == "sts.token").count();
    let content = || fs::read_to_string(&path).expect("there at any time");

    let (first, other, started) = (content(), served("?scopes=openid"), Instant::now());
    assert_eq!(served(""), first);
    assert_eq!((served("?scopes=openid"), minted()), (other.clone(), 2), "one that is young is not given up");
    while content() == first {
        assert!(started.elapsed() < Duration::from_secs(300), "it stays as it was");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!((served(""), minted()), (content().into(), 3));
    assert_ne!(served("?scopes=openid"), other, "it was a token with less than six minutes to live");
    assert!(running.ended().0.success());
}
