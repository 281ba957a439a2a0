//! `rolebridge setup`, run in the test's own process against the local cloud.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{CLOUD, Ran, bare_program, folder, ran};

const ROLE: &str = "bigquery-role";
const WRITES: [&str; 4] = ["serviceusage.batchEnable", "iam.createPool", "iam.createProvider", "iam.setPolicy"];

/// A world and who sets it up.
struct Site {
    world: World,
    info: Value,
    folder: PathBuf,
}

impl Site {
    fn new(test: &str, world: Value) -> Site {
        let (world, folder) = (CLOUD.world(world), folder(test));
        std::fs::write(folder.join("ca.pem"), &world.ca_pem).expect("written");
        Site { info: world.info(), world, folder }
    }

    fn info(&self, pointer: &str) -> &str {
        self.info.pointer(pointer).and_then(Value::as_str).expect("a text")
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The set-up of this world, with these arguments in addition.
    fn setup(&self, more: &[&str]) -> Ran {
        self.setup_for(ROLE, self.info("/account"), more)
    }

    fn setup_for(&self, role: &str, account: &str, more: &[&str]) -> Ran {
        let token = self.info("/admin_token");
        let mut arguments = vec!["setup", "--project", self.info("/project/id"), "--aws-account", account];
        arguments.extend(["--aws-role", role, "--service-account", self.info("/service_account")]);
        arguments.extend(more);
        self.run(&arguments, &[("CLOUDSDK_AUTH_ACCESS_TOKEN", token)])
    }

    fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ran {
        let authority = self.path("ca.pem");
        let mut variables = vec![
            ("HTTPS_PROXY", self.world.proxy_url.as_str()),
            ("SSL_CERT_FILE", authority.as_str()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.world.metadata_url.as_str()),
        ];
        variables.extend(more);
        ran(arguments, &variables)
    }

    fn writes(&self) -> Vec<String> {
        let requests = self.world.requests().into_iter().map(|record| record.operation);
        requests.filter(|operation| WRITES.contains(&operation.as_str())).collect()
    }
}

fn assert_done(ran: &Ran) {
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
}

#[test]
fn from_nothing_to_a_token_and_nothing_is_done_twice() {
    let site = Site::new("setup-from-nothing", json!({ "ready": false }));
    let file = site.path("credential.json");
    assert_done(&site.setup(&["--apply", "--output-file", &file]));
    assert_eq!(site.writes(), WRITES);
    let again = site.setup(&["--apply"]);
    assert_done(&again);
    assert!(again.talk.contains("Nothing is left to do."), "{again:?}");
    assert_eq!(site.writes(), WRITES);
    assert_done(&site.setup(&["--check"]));

    assert_done(&site.run(&["token", "--credential-file", &file], &[]));
}

#[test]
fn a_role_that_is_not_named_gets_no_token() {
    let site = Site::new("setup-other-role", json!({ "ready": false }));
    let file = site.path("credential.json");
    assert_done(&site.setup_for("another-role", site.info("/account"), &["--apply", "--output-file", &file]));
    let refused = site.run(&["token", "--credential-file", &file], &[]);
    assert_eq!(refused.exit, Exit::Failed, "{refused:?}");
    assert!(refused.talk.contains("iam.serviceAccounts.getAccessToken"), "{refused:?}");
}

#[test]
fn a_service_account_that_is_missing_is_made() {
    let site = Site::new("setup-account", json!({ "ready": false }));
    let (file, project) = (site.path("credential.json"), site.info("/project/id"));
    let email = format!("new-account@{project}.iam.gserviceaccount.com");
    let named = ["--service-account", &email, "--apply", "--output-file", &file];
    let arguments = ["setup", "--project", project, "--aws-account", site.info("/account"), "--aws-role", ROLE];
    let token = [("GOOGLE_OAUTH_ACCESS_TOKEN", site.info("/admin_token"))];
    // Its maker's reply is lost, and it is found by the next run.
    site.world.fault(json!({ "on": "iam.createServiceAccount", "do": { "close_after_bytes": 0 } }));
    assert_eq!(site.run(&[&arguments[..], &named].concat(), &token).exit, Exit::Failed);
    assert_done(&site.run(&[&arguments[..], &named].concat(), &token));
    let made = site.world.requests().into_iter().filter(|record| record.operation == "iam.createServiceAccount");
    assert_eq!(made.count(), 1);
    assert_done(&site.run(&["token", "--credential-file", &file], &[]));
}

#[test]
fn a_run_that_ended_at_any_write_is_gone_on_with() {
    // The service refuses; or it has done it, and the reply is lost.
    for (name, action) in [("refused", json!({ "status": 503 })), ("lost", json!({ "close_after_bytes": 0 }))] {
        for write in WRITES {
            let site = Site::new(&format!("setup-{name}-{write}"), json!({ "ready": false }));
            site.world.fault(json!({ "on": write, "do": action }));
            let ended = site.setup(&["--apply"]);
            assert_eq!(ended.exit, Exit::Failed, "{name} {write}: {ended:?}");
            assert!(ended.talk.contains("hint: "), "{ended:?}");
            assert_done(&site.setup(&["--apply"]));
            assert_done(&site.setup(&["--check"]));
            let mut expected: Vec<_> = WRITES.iter().map(|write| (*write).to_owned()).collect();
            if name == "refused" {
                expected.insert(WRITES.iter().position(|each| *each == write).expect("one"), write.to_owned());
            }
            assert_eq!(site.writes(), expected, "{name} {write}");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_gone_on_with() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    for write in WRITES {
        let site = Site::new(&format!("setup-interrupt-{write}"), json!({ "ready": false }));
        let file = site.path("credential.json");
        site.world.fault(json!({ "on": write, "do": { "hold": "gate" } }));
        let mut command = bare_program();
        command.args(["setup", "--project", site.info("/project/id"), "--aws-account", site.info("/account")]);
        command.args(["--aws-role", ROLE, "--service-account", site.info("/service_account")]);
        command.args(["--apply", "--output-file", &file]).env_clear();
        command.env("HTTPS_PROXY", &site.world.proxy_url).env("SSL_CERT_FILE", site.path("ca.pem"));
        command.env("CLOUDSDK_AUTH_ACCESS_TOKEN", site.info("/admin_token"));
        let mut running = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        site.world.wait_for_request(write, 1, Duration::from_secs(30));
        let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("it runs");
        assert!(sent.success());
        assert_eq!(running.wait().expect("it ends").signal(), Some(2), "{write}");
        assert!(!Path::new(&file).exists(), "{write}");
        assert_done(&site.setup(&["--apply"]));
        assert_done(&site.setup(&["--check"]));
        site.world.open_gate("gate");
    }
}

#[test]
fn an_api_that_google_does_not_know_as_enabled_yet_is_waited_for_by_whoever_runs_it() {
    let site = Site::new("setup-propagation", json!({ "ready": false }));
    let message = "IAM API has not been used in project 123456789012 before or it is disabled.";
    let disabled = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": message } });
    site.world.fault(json!({ "on": "iam.getPolicy", "do": { "status": 403, "body": disabled } }));
    let ended = site.setup(&["--apply"]);
    assert_eq!(ended.exit, Exit::Failed, "{ended:?}");
    assert!(ended.talk.contains("hint: an API that was just enabled may take minutes"), "{ended:?}");
    assert_done(&site.setup(&["--apply"]));
    assert_eq!(site.writes(), WRITES);
}

#[test]
fn a_policy_that_somebody_else_wrote_meanwhile_is_read_again() {
    let site = Site::new("setup-etag", json!({ "ready": false }));
    let aborted = json!({ "error": { "code": 409, "status": "ABORTED", "message": "concurrent policy changes" } });
    site.world.fault(json!({ "on": "iam.setPolicy", "times": 2, "do": { "status": 409, "body": aborted } }));
    assert_done(&site.setup(&["--apply"]));
    assert_eq!(site.writes().iter().filter(|write| *write == "iam.setPolicy").count(), 3);
}

#[test]
fn members_that_are_bound_already_stay() {
    let site = Site::new("setup-members", json!({}));
    assert_done(&site.setup(&["--apply", "--aws-role", "second-role"]));
    assert_eq!(site.writes(), ["iam.setPolicy"]);
    assert_done(&site.setup(&["--check"]));
    assert_done(&site.setup(&["--check", "--aws-role", "second-role"]));
}

#[test]
fn a_provider_of_another_account_stops_it_before_anything_is_written() {
    let site = Site::new("setup-conflict", json!({}));
    let ran = site.setup_for(ROLE, "444455556666", &["--apply"]);
    assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
    let account = site.info("/account");
    let sentence = format!("the provider `aws-provider` trusts the AWS account {account}, and 444455556666 is wanted");
    assert!(ran.talk.contains(&sentence) && ran.talk.contains("hint: "), "{ran:?}");
    let checked = site.setup_for(ROLE, "444455556666", &["--check"]);
    assert_eq!(checked.exit, Exit::Failed);
    assert!(checked.output.contains(&format!("different: {sentence}\n")), "{checked:?}");
    assert!(site.writes().is_empty());
}

#[test]
fn a_check_and_a_plan_write_nothing() {
    let site = Site::new("setup-check", json!({ "ready": false }));
    let checked = site.setup(&["--check"]);
    assert_eq!(checked.exit, Exit::Failed);
    for line in ["missing: enable the APIs iam.googleapis.com", "missing: create the pool\n", "missing: let act as"] {
        assert!(checked.output.contains(line), "{checked:?}");
    }
    let plan = site.setup(&[]);
    assert_done(&plan);
    assert!(plan.talk.contains("IAM's API is not enabled"), "{plan:?}");
    assert!(plan.output.starts_with("1. enable the APIs iam.googleapis.com"), "{plan:?}");
    assert!(site.writes().is_empty());
}

#[test]
fn a_token_that_is_refused_is_told_and_not_shown() {
    let site = Site::new("setup-token", json!({}));
    let file = site.path("token");
    std::fs::write(&file, "nobodys-token\n").expect("written");
    let ran = site.setup(&["--check", "--access-token-file", &file]);
    assert_eq!(ran.exit, Exit::Failed, "{ran:?}");
    assert!(ran.talk.contains("answered 401") && ran.talk.contains("gcloud auth print-access-token"), "{ran:?}");
    assert!(!ran.talk.contains("nobodys-token"));
    std::fs::write(&file, "\n").expect("written");
    assert_eq!(site.setup(&["--check", "--access-token-file", &file]).exit, Exit::Usage);
    let missing = Path::new(&file).with_extension("missing").display().to_string();
    assert_eq!(site.setup(&["--check", "--access-token-file", &missing]).exit, Exit::File);
}

const OFFLINE: [&str; 13] = [
    "setup",
    "--project",
    "my-project",
    "--aws-account",
    "111122223333",
    "--aws-role",
    "reader",
    "--service-account",
    "account@my-project.iam.gserviceaccount.com",
    "--attribute-condition",
    "assertion.arn.startsWith('arn:aws:sts::111122223333:assumed-role/')",
    "--project-number",
    "123456789012",
];

#[test]
fn every_format_names_the_same_things() {
    let member = "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/\
                  aws-pool/attribute.aws_role/arn:aws:sts::111122223333:assumed-role/reader";
    for format in ["gcloud", "rest", "terraform"] {
        let ran = ran(&[&OFFLINE[..], &["--format", format]].concat(), &[]);
        assert_done(&ran);
        for name in [member, "aws-pool", "aws-provider", "111122223333", "sts.googleapis.com", "workloadIdentityUser"] {
            assert!(ran.output.contains(name), "{format} without {name}: {}", ran.output);
        }
        assert!(ran.output.contains("assertion.arn.startsWith("), "{format}: {}", ran.output);
    }
}

#[test]
fn commands_of_gcloud_are_these() {
    let ran = ran(&[&OFFLINE[..], &["--format", "gcloud"]].concat(), &[]);
    let expected = include_str!("setup/gcloud.sh");
    assert_eq!(ran.output, expected);
}

#[test]
fn the_file_of_terraform_is_this() {
    let ran = ran(&[&OFFLINE[..], &["--format", "terraform"]].concat(), &[]);
    assert_eq!(ran.output, include_str!("setup/main.tf"));
}

#[test]
fn what_cannot_be_known_has_to_be_said() {
    let without_number = ran(&OFFLINE[..11], &[]);
    assert_eq!(without_number.exit, Exit::Usage);
    assert!(without_number.talk.contains("hint: `gcloud projects describe"), "{without_number:?}");
    for action in ["--apply", "--check"] {
        let ran = ran(&[&OFFLINE[..], &[action]].concat(), &[]);
        assert_eq!(ran.exit, Exit::Usage);
        assert!(ran.talk.contains("gcloud auth print-access-token"), "{ran:?}");
    }
}
