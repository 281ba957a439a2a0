//! `rolebridge setup`, run in the test's own process against the local cloud.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{CLOUD, Ran, bare_program, folder, http, program, ran};

const ROLE: &str = "bigquery-role";
const WRITES: [&str; 4] = ["serviceusage.batchEnable", "iam.createPool", "iam.createProvider", "iam.setPolicy"];
const POOL: &str = "locations/global/workloadIdentityPools/aws-pool";
const PROVIDER: &str = "locations/global/workloadIdentityPools/aws-pool/providers/aws-provider";

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

    /// The same for another service account of the project.
    fn setup_as(&self, name: &str, more: &[&str]) -> Ran {
        let email = self.email(name);
        let mut arguments =
            vec!["setup", "--project", self.info("/project/id"), "--aws-account", self.info("/account")];
        arguments.extend(["--aws-role", ROLE, "--service-account", &email]);
        arguments.extend(more);
        self.run(&arguments, &[("GOOGLE_OAUTH_ACCESS_TOKEN", self.info("/admin_token"))])
    }

    fn email(&self, name: &str) -> String {
        format!("{name}@{}.iam.gserviceaccount.com", self.info("/project/id"))
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

    /// What changed the project.
    fn writes(&self) -> Vec<String> {
        let changes = ["batchEnable", "create", "delete", "undelete", "update", "set"];
        let changes = |operation: &str| {
            changes.iter().any(|verb| operation.split('.').nth(1).is_some_and(|name| name.starts_with(verb)))
        };
        self.world
            .requests()
            .into_iter()
            .map(|record| record.operation)
            .filter(|operation| changes(operation))
            .collect()
    }

    /// A call of the administrator's, by other means than the command.
    fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let path = format!("/v1/projects/{}/{path}", self.info("/project/id"));
        let answer = http::call(&self.world.google_url, method, &path, self.info("/admin_token"), &body);
        assert!(answer["error"].is_null(), "{answer}");
        answer
    }

    fn set_policy(&self, bindings: Value) {
        let account = format!("serviceAccounts/{}:setIamPolicy", self.info("/service_account"));
        self.call("POST", &account, json!({ "policy": { "version": 3, "bindings": bindings } }));
    }

    fn policy(&self) -> Value {
        let account = self.info("/service_account");
        let read = format!("serviceAccounts/{account}:getIamPolicy?options.requestedPolicyVersion=3");
        self.call("POST", &read, json!({}))["bindings"].take()
    }

    fn member(&self, role: &str) -> String {
        let (number, account) = (self.info("/project/number"), self.info("/account"));
        format!(
            "principalSet://iam.googleapis.com/projects/{number}/{POOL}/attribute.aws_role/arn:aws:sts::{account}:assumed-role/{role}"
        )
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
    let file = site.path("credential.json");
    let named = ["--apply", "--output-file", &file];
    // Its maker's reply is lost, and it is found by the next run.
    site.world.fault(json!({ "on": "iam.createServiceAccount", "do": { "close_after_bytes": 0 } }));
    assert_eq!(site.setup_as("new-account", &named).exit, Exit::Failed);
    assert_done(&site.setup_as("new-account", &named));
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
fn an_api_that_google_does_not_know_as_enabled_yet_is_waited_for() {
    let site = Site::new("setup-propagation", json!({ "ready": false }));
    let message = "IAM API has not been used in project 123456789012 before or it is disabled.";
    let disabled = json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": message } });
    let fault =
        |times: u32| json!({ "on": "iam.getPolicy", "times": times, "do": { "status": 403, "body": disabled } });
    site.world.fault(fault(3));
    assert_done(&site.setup(&["--apply"]));
    assert_eq!(site.writes(), WRITES);
    // Who did not enable it just now is told.
    site.world.fault(fault(1));
    let ended = site.setup(&["--apply"]);
    assert_eq!(ended.exit, Exit::Failed, "{ended:?}");
    assert!(ended.talk.contains("hint: enable that API in the project that Google names"), "{ended:?}");
}

#[test]
fn what_google_does_not_show_yet_is_waited_for_and_not_done_twice() {
    let site = Site::new("setup-shown-late", json!({ "ready": false }));
    let missing = json!({ "error": { "code": 404, "status": "NOT_FOUND", "message": "not yet" } });
    site.world.fault(json!({ "on": "iam.pool", "skip": 1, "times": 3, "do": { "status": 404, "body": missing } }));
    assert_done(&site.setup(&["--apply"]));
    assert_eq!(site.writes(), WRITES);
}

#[test]
fn a_bad_moment_of_a_service_that_is_read_is_passed_over() {
    let site = Site::new("setup-moment", json!({}));
    for operation in ["serviceusage.batchGet", "iam.pool", "iam.provider", "iam.getPolicy"] {
        site.world.fault(json!({ "on": operation, "times": 2, "do": { "status": 503 } }));
    }
    assert_done(&site.setup(&["--check"]));
    site.world.fault(json!({ "on": "iam.pool", "times": null, "do": { "status": 503 } }));
    let ended = site.setup(&["--check"]);
    assert!(ended.talk.contains("iam.googleapis.com answered 503") && ended.talk.contains("hint: "), "{ended:?}");
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

#[cfg(target_os = "linux")]
#[test]
fn a_bar_of_steps_is_on_a_terminal_alone() {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use std::io::Read;
    for (test, option, is_shown) in [("usual", "--verbose", true), ("quiet", "--quiet", false)] {
        let site = Site::new(&format!("setup-bar-{test}"), json!({ "ready": false, "operation_polls": 2 }));
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("ready");
        let end = ioctl_tiocgptpeer(&terminal, OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("its other end");
        let variables = [
            ("CLOUDSDK_AUTH_ACCESS_TOKEN", site.info("/admin_token").to_owned()),
            ("HTTPS_PROXY", site.world.proxy_url.clone()),
            ("SSL_CERT_FILE", site.path("ca.pem")),
            ("TERM", "xterm".to_owned()),
        ];
        let mut command = program(&variables);
        command.args(["setup", "--project", site.info("/project/id"), "--aws-account", site.info("/account")]);
        command.args(["--aws-role", ROLE, "--service-account", site.info("/service_account"), "--apply", option]);
        let mut running = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(end).spawn().expect("it runs");
        drop(command);
        // The read fails when nobody holds the other end any more.
        let mut shown = Vec::new();
        let _ = std::fs::File::from(terminal).read_to_end(&mut shown);
        assert!(running.wait().expect("it ends").success());
        let shown = String::from_utf8(shown).expect("UTF-8");
        assert_eq!(shown.contains("] 3 of 4, "), is_shown, "{shown:?}");
        assert_eq!(shown.contains("create the pool\r\n"), is_shown, "{shown:?}");
    }
}

#[test]
fn what_was_deleted_is_undeleted() {
    for (place, writes) in [(PROVIDER, &["iam.undeleteProvider"][..]), (POOL, &["iam.undeletePool"])] {
        let site = Site::new(&format!("setup-deleted-{}", place.len()), json!({ "operation_polls": 2 }));
        site.call("DELETE", place, Value::Null);
        let deleted = site.writes().len();
        assert!(site.setup(&["--check"]).output.contains("missing: undelete the p"), "{place}");
        assert_done(&site.setup(&["--apply"]));
        assert_eq!(site.writes()[deleted..], *writes);
        assert_done(&site.setup(&["--check"]));
    }
}

/// Each conflict: how it comes about, which options are wanted, what is told, and what replaces it.
#[test]
fn a_conflict_stops_it_until_it_may_be_replaced() {
    type Change = fn(&Site);
    let conditional = |site: &Site| {
        let condition = json!({ "title": "never", "expression": "false" });
        let binding =
            json!({ "role": "roles/iam.workloadIdentityUser", "members": [site.member(ROLE)], "condition": condition });
        site.set_policy(json!([binding]));
    };
    let cases: [(&str, Change, &[&str], &str, &str); 7] = [
        (
            "pool",
            |site| drop(site.call("PATCH", &format!("{POOL}?updateMask=disabled"), json!({ "disabled": true }))),
            &[],
            "the pool `aws-pool` is disabled",
            "iam.updatePool",
        ),
        (
            "provider",
            |site| drop(site.call("PATCH", &format!("{PROVIDER}?updateMask=disabled"), json!({ "disabled": true }))),
            &[],
            "the provider `aws-provider` is disabled",
            "iam.updateProvider",
        ),
        (
            "account",
            |site| {
                drop(site.call(
                    "PATCH",
                    &format!("{PROVIDER}?updateMask=aws"),
                    json!({ "aws": { "accountId": "444455556666" } }),
                ))
            },
            &[],
            "the provider `aws-provider` trusts the AWS account 444455556666, and ",
            "iam.updateProvider",
        ),
        (
            "condition",
            |site| {
                drop(site.call(
                    "PATCH",
                    &format!("{PROVIDER}?updateMask=attributeCondition"),
                    json!({ "attributeCondition": "false" }),
                ))
            },
            &["--attribute-condition", "assertion.arn.contains('bigquery')"],
            "the condition of the provider `aws-provider` is `false`, and ",
            "iam.updateProvider",
        ),
        (
            "no-condition",
            |site| {
                drop(site.call(
                    "PATCH",
                    &format!("{PROVIDER}?updateMask=attributeCondition"),
                    json!({ "attributeCondition": "false" }),
                ))
            },
            &["--attribute-condition", ""],
            "the condition of the provider `aws-provider` is `false`, and none is wanted",
            "iam.updateProvider",
        ),
        (
            "mapping",
            |site| {
                drop(site.call(
                    "PATCH",
                    &format!("{PROVIDER}?updateMask=attributeMapping"),
                    json!({ "attributeMapping": { "google.subject": "assertion.userid" } }),
                ))
            },
            &[],
            "the mapping of the provider `aws-provider` is `google.subject=assertion.userid`, and ",
            "iam.updateProvider",
        ),
        (
            "binding",
            conditional,
            &[],
            "the role `bigquery-role` is bound with a condition, and none is wanted",
            "iam.setPolicy",
        ),
    ];
    for (name, change, options, sentence, write) in cases {
        let site = Site::new(&format!("setup-conflict-{name}"), json!({}));
        let file = site.path("credential.json");
        change(&site);
        let before = site.writes().len();
        let with = |more: &[&str]| site.setup(&[options, more].concat());
        let stopped = with(&["--apply"]);
        assert_eq!(stopped.exit, Exit::Failed, "{name}: {stopped:?}");
        assert!(stopped.talk.contains(sentence) && stopped.talk.contains("`--replace`"), "{name}: {stopped:?}");
        assert!(with(&["--check"]).output.contains(&format!("different: {sentence}")), "{name}");
        assert_eq!(site.writes().len(), before, "{name}");

        let plan = with(&["--replace"]);
        assert!(plan.exit == Exit::Done && plan.output.starts_with("1. ") && !plan.talk.contains(sentence), "{plan:?}");
        assert_done(&with(&["--apply", "--replace", "--output-file", &file]));
        assert_eq!(site.writes()[before..], [write], "{name}");
        assert_done(&with(&["--check"]));
        assert_done(&site.run(&["token", "--credential-file", &file], &[]));
    }
}

#[test]
fn a_condition_that_is_there_stays_unless_another_is_named() {
    let site = Site::new("setup-condition", json!({}));
    site.call("PATCH", &format!("{PROVIDER}?updateMask=attributeCondition"), json!({ "attributeCondition": "false" }));
    assert_done(&site.setup(&["--apply", "--replace"]));
    assert_eq!(site.call("GET", PROVIDER, Value::Null)["attributeCondition"], "false");
}

#[test]
fn a_check_tells_who_else_is_let_in() {
    let site = Site::new("setup-loose", json!({}));
    let checked = site.setup(&["--check"]);
    assert!(checked.exit == Exit::Done && checked.talk.contains("note: the provider has no condition"), "{checked:?}");
    let user = json!({ "role": "roles/iam.workloadIdentityUser", "members": [site.member(ROLE)] });
    let everybody = format!("principalSet://iam.googleapis.com/projects/{}/{POOL}/*", site.info("/project/number"));
    site.set_policy(json!([user, { "role": "roles/iam.serviceAccountTokenCreator", "members": [everybody] }]));
    let checked = site.setup(&["--check"]);
    let line = format!(
        "loose: `{everybody}`, every identity of the pool, has `roles/iam.serviceAccountTokenCreator` on the service account\n"
    );
    assert_eq!((checked.exit, checked.output), (Exit::Failed, line));
}

#[test]
fn a_mapping_of_its_own_is_made_and_held() {
    let site = Site::new("setup-mapping", json!({ "ready": false }));
    let file = site.path("credential.json");
    let mapping = [
        "--attribute-mapping",
        "google.subject=assertion.userid",
        "--attribute-mapping",
        "attribute.aws_role=assertion.arn.extract('{role}/i-')",
    ];
    let with = |more: &[&str]| site.setup(&[&mapping[..], more].concat());
    assert_done(&with(&["--apply"]));
    assert_eq!(site.call("GET", PROVIDER, Value::Null)["attributeMapping"]["google.subject"], "assertion.userid");
    assert_done(&with(&["--check"]));
    assert!(with(&[]).talk.contains("more than 127 bytes"));
    assert_done(&with(&["--apply", "--output-file", &file]));
    assert_done(&site.run(&["token", "--credential-file", &file], &[]));
}

#[test]
fn a_mapping_that_no_role_could_be_bound_by_is_refused() {
    for (mapping, sentence) in [
        (&["google.subject=assertion.arn"][..], "the mapping has no `attribute.aws_role`"),
        (&["attribute.aws_role=assertion.arn"], "the mapping has no `google.subject`"),
        (&["google.subject=a", "google.subject=b"], "is mapped twice"),
        (&["google.subject"], "is no attribute and its expression"),
        (&["subject=assertion.arn"], "`subject` is not an attribute that Google maps"),
        (&["google.subject=assertion.arn,attribute.aws_role=assertion.arn"], "has several attributes"),
    ] {
        let options = mapping.iter().flat_map(|attribute| ["--attribute-mapping", attribute]);
        let ran = ran(&[&OFFLINE[..], &options.collect::<Vec<_>>()].concat(), &[]);
        assert_eq!(ran.exit, Exit::Usage, "{mapping:?}");
        assert!(ran.talk.contains(sentence) && ran.talk.contains("hint: "), "{mapping:?}: {ran:?}");
    }
    let long = "x".repeat(4097);
    assert_eq!(ran(&[&OFFLINE[..9], &["--attribute-condition", &long]].concat(), &[]).exit, Exit::Usage);
}

#[test]
fn a_login_of_gcloud_s_is_a_token_too() {
    let site = Site::new("setup-login", json!({}));
    let project = site.info("/project/id");
    let mut arguments = vec!["setup", "--check", "--project", project, "--aws-account", site.info("/account")];
    arguments.extend(["--aws-role", ROLE, "--service-account", site.info("/service_account")]);
    let write = |login: &Value| std::fs::write(site.path("application_default_credentials.json"), login.to_string());
    let folder = site.folder.display().to_string();
    let run = || site.run(&arguments, &[("CLOUDSDK_CONFIG", &folder)]);
    let quota = || site.world.requests().pop().expect("a request").quota_project;

    let missing = run();
    assert_eq!(missing.exit, Exit::Usage);
    assert!(missing.talk.contains("gcloud auth application-default login"), "{missing:?}");
    let mut login = site.info["admin_login"].clone();
    write(&login).expect("written");
    assert_done(&run());
    assert_eq!(quota().as_deref(), Some(project));
    login["quota_project_id"] = "billing-project".into();
    write(&login).expect("written");
    assert_done(&run());
    assert_eq!(quota().as_deref(), Some("billing-project"));

    login["refresh_token"] = "1//revoked".into();
    write(&login).expect("written");
    let refused = run();
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.talk.contains("answered 400: invalid_grant") && refused.talk.contains("hint: "), "{refused:?}");
    for secret in ["1//revoked", login["client_secret"].as_str().expect("text")] {
        assert!(!refused.talk.contains(secret), "{refused:?}");
    }
    for other in [json!({ "type": "service_account", "private_key": "secret-key" }), json!([])] {
        write(&other).expect("written");
        let refused = run();
        assert_eq!(refused.exit, Exit::File);
        assert!(
            refused.talk.contains("holds no login of a person") && !refused.talk.contains("secret-key"),
            "{refused:?}"
        );
    }
    // The plan of everything needs no login; a token that is named counts before one.
    let plan = site.run(&OFFLINE, &[("CLOUDSDK_CONFIG", &folder)]);
    assert!(plan.exit == Exit::Done && plan.talk.contains("the plan is of everything"), "{plan:?}");
    assert_done(&site.setup(&["--check"]));
}

#[test]
fn removal_undoes_what_was_made_here() {
    let site = Site::new("setup-remove", json!({ "ready": false }));
    let file = site.path("credential.json");
    let setup = |more: &[&str]| site.setup_as("new-account", more);
    assert_done(&setup(&["--apply", "--output-file", &file]));
    let plan = setup(&["--remove"]);
    let lines: Vec<_> = plan.output.lines().collect();
    let member = format!("1. let act as the service account no more: {}", site.member(ROLE));
    assert_eq!(lines, [&*member, "2. delete the provider", "3. delete the pool", "4. delete the service account"]);
    assert!(plan.talk.contains("APIs stay enabled"), "{plan:?}");

    // Ended at any step, it is gone on with.
    for (write, action) in [
        ("iam.setPolicy", json!({ "status": 503 })),
        ("iam.setPolicy", json!({ "close_after_bytes": 0 })),
        ("iam.deleteProvider", json!({ "status": 503 })),
        ("iam.deleteProvider", json!({ "close_after_bytes": 0 })),
        ("iam.deletePool", json!({ "status": 503 })),
        ("iam.deletePool", json!({ "close_after_bytes": 0 })),
        ("iam.deleteServiceAccount", json!({ "status": 503 })),
    ] {
        site.world.fault(json!({ "on": write, "do": action }));
        let ended = setup(&["--remove", "--apply"]);
        assert!(ended.exit == Exit::Failed && ended.talk.contains("hint: "), "{write}: {ended:?}");
    }
    assert_done(&setup(&["--remove", "--apply"]));
    assert!(setup(&["--remove", "--apply"]).talk.contains("Nothing is left to do."));
    let deletions = ["iam.deleteProvider", "iam.deletePool"];
    let deleted = |name: &str| site.writes().iter().filter(|write| *write == name).count();
    assert_eq!(deletions.map(deleted), [2, 2], "one refused, one done and its answer lost");
    // In a process of its own: a refusal is not asked for again at once.
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", site.world.metadata_url.clone()),
        ("HTTPS_PROXY", site.world.proxy_url.clone()),
        ("SSL_CERT_FILE", site.path("ca.pem")),
    ];
    let refused = program(&variables).args(["token", "--credential-file", &file]).output().expect("it runs");
    let talk = String::from_utf8(refused.stderr).expect("UTF-8");
    assert!(refused.status.code() == Some(1) && talk.contains("invalid_target"), "{talk}");

    // What was removed can be set up again.
    assert_done(&setup(&["--apply"]));
    assert_done(&setup(&["--check"]));
    assert_done(&site.run(&["token", "--credential-file", &file], &[]));
}

#[test]
fn removal_leaves_what_it_did_not_make_and_what_others_use() {
    // Pool, provider and account were there.
    let site = Site::new("setup-remove-theirs", json!({}));
    let removed = site.setup(&["--remove", "--apply"]);
    assert_done(&removed);
    assert_eq!(site.writes(), ["iam.setPolicy"]);
    for kept in ["the pool `aws-pool`", "the provider `aws-provider`", "the service account `"] {
        assert!(removed.talk.contains(&format!("note: {kept}")), "{removed:?}");
    }
    assert!(removed.talk.contains("stays: it was not made by `rolebridge setup`"), "{removed:?}");

    // Another role uses them, in a binding with a condition at that.
    let site = Site::new("setup-remove-used", json!({ "ready": false }));
    assert_done(&site.setup(&["--apply", "--aws-role", "second-role"]));
    let condition = json!({ "title": "never", "expression": "false" });
    let mut bindings = site.policy();
    let conditional = json!({ "role": "roles/iam.workloadIdentityUser", "members": [site.member("third-role")], "condition": condition });
    bindings.as_array_mut().expect("bindings").push(conditional);
    site.set_policy(bindings);
    let before = site.writes().len();
    let removed = site.setup(&["--remove", "--apply"]);
    assert_done(&removed);
    assert_eq!(site.writes()[before..], ["iam.setPolicy"]);
    assert!(
        removed
            .talk
            .contains("the provider `aws-provider` stays: identities of the pool have roles on `bigquery-reader@"),
        "{removed:?}"
    );
    let left = site.policy();
    assert_eq!(left[0]["members"], json!([site.member("second-role")]), "{left}");
    assert_eq!(left[1]["members"], json!([site.member("third-role")]), "{left}");

    // The last one goes, and a provider beside it holds the pool.
    site.set_policy(json!([]));
    let other = json!({ "aws": { "accountId": "444455556666" } });
    site.call("POST", &format!("{POOL}/providers?workloadIdentityPoolProviderId=other-provider"), other);
    let before = site.writes().len();
    let removed = site.setup(&["--remove", "--apply"]);
    assert_eq!(site.writes()[before..], ["iam.deleteProvider"]);
    assert!(removed.talk.contains("the pool `aws-pool` stays: it has a provider that stays"), "{removed:?}");
}

#[test]
fn removal_takes_the_roles_out_of_every_binding_and_tells_what_they_still_have() {
    let site = Site::new("setup-remove-bindings", json!({}));
    let (member, condition) = (site.member(ROLE), json!({ "title": "never", "expression": "false" }));
    site.set_policy(json!([
        { "role": "roles/iam.workloadIdentityUser", "members": [member] },
        { "role": "roles/iam.workloadIdentityUser", "members": [member], "condition": condition },
        { "role": "roles/iam.serviceAccountTokenCreator", "members": [member] },
    ]));
    let removed = site.setup(&["--remove", "--apply"]);
    assert_done(&removed);
    assert_eq!(site.policy(), json!([{ "role": "roles/iam.serviceAccountTokenCreator", "members": [member] }]));
    let told = format!("note: `{member}` still has `roles/iam.serviceAccountTokenCreator` on the service account.");
    assert!(removed.talk.contains(&told), "{removed:?}");
}

#[test]
fn removal_leaves_a_pool_that_another_service_account_trusts() {
    let site = Site::new("setup-remove-shared", json!({ "ready": false }));
    let setup = |account: &str, more: &[&str]| site.setup_as(account, more);
    for account in ["first-account", "second-account"] {
        assert_done(&setup(account, &["--apply"]));
    }
    let before = site.writes().len();
    // One that is misspelt is nobody's, and removes nothing.
    let removed = setup("frist-account", &["--remove", "--apply"]);
    assert_done(&removed);
    let trusted = ["first-account", "second-account"].map(|name| format!("`{}`", site.email(name)));
    assert!(removed.talk.contains(&format!("the pool have roles on {}, {}", trusted[0], trusted[1])), "{removed:?}");
    assert_eq!(site.writes().len(), before);
    assert_done(&setup("first-account", &["--remove", "--apply"]));
    assert_eq!(site.writes()[before..], ["iam.setPolicy", "iam.deleteServiceAccount"]);
    let before = site.writes().len();
    assert_done(&setup("second-account", &["--remove", "--apply"]));
    let all = ["iam.setPolicy", "iam.deleteProvider", "iam.deletePool", "iam.deleteServiceAccount"];
    assert_eq!(site.writes()[before..], all);
}

#[test]
fn removal_leaves_an_account_with_keys_and_a_pool_whose_providers_have_more_than_a_page() {
    let site = Site::new("setup-remove-keys", json!({ "ready": false }));
    let (email, setup) = (site.email("new-account"), |more: &[&str]| site.setup_as("new-account", more));
    assert_done(&setup(&["--apply"]));
    let keys = json!({ "keys": [{ "name": "a-key" }] });
    site.world.fault(json!({ "on": "iam.listServiceAccountKeys", "times": null, "do": { "replace": keys } }));
    let more = json!({ "nextPageToken": "1" });
    site.world.fault(json!({ "on": "iam.listProviders", "times": null, "do": { "merge": more } }));
    let removed = setup(&["--remove", "--apply"]);
    assert_done(&removed);
    for told in
        [format!("`{email}` stays: somebody has made keys of it"), "stays: it has a provider that stays".to_owned()]
    {
        assert!(removed.talk.contains(&told), "{removed:?}");
    }
}

#[test]
fn nothing_is_removed_where_nothing_can_be_seen() {
    let site = Site::new("setup-remove-blind", json!({ "ready": false }));
    let refused = site.setup(&["--remove", "--apply"]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.talk.contains("hint: `gcloud services enable iam.googleapis.com"), "{refused:?}");
}

#[test]
fn what_google_refuses_for_good_is_not_to_be_run_again_as_it_is() {
    let site = Site::new("setup-refused", json!({ "ready": false }));
    let refused = site.setup(&["--apply", "--attribute-condition", "no such thing ("]);
    assert_eq!(refused.exit, Exit::Failed);
    assert!(
        refused.talk.contains("answered 400") && refused.talk.contains("hint: change what Google names"),
        "{refused:?}"
    );
}

#[test]
fn an_answer_that_is_not_google_s_is_told_as_that() {
    let site = Site::new("setup-page", json!({}));
    for action in [json!({ "status": 200, "body": "<html>" }), json!({ "replace": { "services": [] } })] {
        site.world.fault(json!({ "on": "serviceusage.batchGet", "times": null, "do": action }));
        let ended = site.setup(&["--check"]);
        assert_eq!(ended.exit, Exit::Failed, "{action}: {ended:?}");
        assert!(
            ended.talk.contains("Google's answer is not as documented") && ended.talk.contains("proxy"),
            "{ended:?}"
        );
    }
    site.world.clear_faults();
    // A connection that is cut is made again, for what only reads.
    site.world.fault(json!({ "on": "iam.pool", "do": { "close": true } }));
    assert_done(&site.setup(&["--check"]));
}

#[test]
fn removal_is_printed_as_commands_too() {
    let site = Site::new("setup-remove-formats", json!({ "ready": false }));
    assert_done(&site.setup(&["--apply"]));
    let shown = |format: &str| site.setup(&["--remove", "--format", format]);
    for (format, words) in [
        ("gcloud", ["remove-iam-policy-binding", "providers delete aws-provider", "delete aws-pool"]),
        ("rest", ["(.bindings[] | select(.role", "-X DELETE", "/workloadIdentityPools/aws-pool'"]),
    ] {
        let shown = shown(format);
        assert_done(&shown);
        for word in words {
            assert!(shown.output.contains(word), "{format} without {word}: {}", shown.output);
        }
    }
    let refused = shown("terraform");
    assert!(refused.exit == Exit::Usage && refused.talk.contains("`terraform destroy`"), "{refused:?}");
    for wrong in
        [&["--remove", "--check"][..], &["--remove", "--replace"], &["--remove", "--apply", "--output-file", "f"]]
    {
        assert_eq!(site.setup(wrong).exit, Exit::Usage, "{wrong:?}");
    }
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
fn calls_by_curl_are_these() {
    let ran = ran(&[&OFFLINE[..], &["--format", "rest"]].concat(), &[]);
    assert_eq!(ran.output, include_str!("setup/rest.sh"));
}

#[test]
fn terraform_makes_no_account_of_elsewhere() {
    let mut arguments = OFFLINE;
    arguments[8] = "account@elsewhere.iam.gserviceaccount.com";
    let ran = ran(&[&arguments[..], &["--format", "terraform"]].concat(), &[]);
    assert!(ran.output.contains("google_service_account_iam_member"), "{}", ran.output);
    assert!(!ran.output.contains("google_service_account\"") && !ran.output.contains("google_service_account.account"));
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
