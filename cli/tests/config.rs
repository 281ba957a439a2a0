//! `rolebridge config`, run in the test's own process: what it writes, what it refuses and what it says.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use std::fs;
use support::{folder, ran, ran_reading};

const PROVIDER: &str = "projects/123456789012/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider";
const EMAIL: &str = "reader@my-project.iam.gserviceaccount.com";

fn create(test: &str, more: &[&str], variables: &[(&str, &str)]) -> (support::Ran, Option<String>) {
    let file = folder(test).join("credential.json");
    let path = file.to_str().expect("UTF-8");
    let arguments = [&["config", "create", PROVIDER, "--aws", "--output-file", path], more].concat();
    let ran = ran(&arguments, variables);
    let text = fs::read_to_string(&file).ok();
    let left: Vec<_> = fs::read_dir(file.parent().expect("a folder")).expect("readable").collect();
    assert_eq!(left.len(), usize::from(text.is_some()), "nothing else is left: {left:?}");
    (ran, text)
}

#[test]
fn the_file_is_gcloud_s_byte_for_byte() {
    // As `json.dumps(output, indent=2)` writes it in gcloud's `byoid_utilities/cred_config.py`: no newline at the end.
    let expected = r#"{
  "universe_domain": "googleapis.com",
  "type": "external_account",
  "audience": "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider",
  "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
  "token_url": "https://sts.googleapis.com/v1/token",
  "credential_source": {
    "environment_id": "aws1",
    "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
    "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
    "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
  },
  "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/reader@my-project.iam.gserviceaccount.com:generateAccessToken"
}"#;
    let (ran, text) = create("plain", &["--service-account", EMAIL], &[]);
    assert_eq!((ran.exit, ran.output.as_str()), (Exit::Done, ""));
    assert_eq!(text.expect("written"), expected);
}

#[test]
fn every_option_is_where_gcloud_puts_it() {
    let all = ["--service-account", EMAIL, "--service-account-token-lifetime-seconds", "900", "--enable-imdsv2"];
    let (_, text) = create("all", &[&all[..], &["--sts-location", "europe-west1"]].concat(), &[]);
    let text = text.expect("written");
    assert!(
        text.contains("\"token_url\": \"https://sts.europe-west1.rep.googleapis.com/v1/token\",\n  \"cred"),
        "{text}"
    );
    assert!(
        text.contains("-15\",\n    \"imdsv2_session_token_url\": \"http://169.254.169.254/latest/api/token\"\n  },")
    );
    assert!(text.ends_with("\n  \"service_account_impersonation\": {\n    \"token_lifetime_seconds\": 900\n  }\n}"));
    // The location is that of Google STS alone.
    assert!(text.contains("\"https://iamcredentials.googleapis.com/v1/"));

    let (_, text) = create("direct", &["--sts-location", "global"], &[]);
    let text = text.expect("written");
    assert!(text.ends_with("  },\n  \"token_info_url\": \"https://sts.googleapis.com/v1/introspect\"\n}"), "{text}");
}

#[test]
fn the_universe_is_the_option_s_or_else_the_environment_s() {
    let environment = [("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.org")];
    let (_, text) = create("universe-environment", &["--service-account", EMAIL], &environment);
    let text = text.expect("written");
    assert!(text.starts_with("{\n  \"universe_domain\": \"example.org\","), "{text}");
    assert!(text.contains("\"https://sts.example.org/v1/token\"") && text.contains("//iam.googleapis.com/projects"));
    assert!(text.contains("\"https://iamcredentials.example.org/"));
    let (_, text) = create("universe-option", &["--universe-domain", "example.net"], &environment);
    assert!(text.expect("written").contains("\"https://sts.example.net/v1/introspect\""));
}

#[test]
fn what_google_would_refuse_is_refused_with_a_hint_and_nothing_is_written() {
    let lifetime = "--service-account-token-lifetime-seconds";
    let cases: &[(&[&str], &str, &str)] = &[
        (&["--service-account", "reader"], "`reader` is not a service account's", "service-accounts list"),
        (&["--service-account", EMAIL, lifetime, "599"], "599", "config create --help"),
        (&["--service-account", EMAIL, lifetime, "43201"], "43201", "config create --help"),
        (&[lifetime, "900"], "--service-account <EMAIL>", "config create --help"),
        (&["--sts-location", "storage"], "not a location", "europe-west1"),
        (&["--sts-location", "a.b"], "not a location", "europe-west1"),
        (&["--universe-domain", "no domain"], "universe domain", "googleapis.com"),
        (&["--azure"], "--azure", "config create --help"),
    ];
    for (number, (more, message, hint)) in cases.iter().enumerate() {
        let (ran, text) = create(&format!("refused-{number}"), more, &[]);
        assert_eq!((ran.exit, text, ran.output.as_str()), (Exit::Usage, None, ""), "{more:?}");
        let lines: Vec<_> = ran.talk.lines().collect();
        let [error, told] = lines.as_slice() else { panic!("not two lines: {}", ran.talk) };
        assert!(error.starts_with("error: ") && error.contains(message), "{more:?}: {error}");
        assert!(told.starts_with("hint: ") && told.contains(hint), "{more:?}: {told}");
    }
    let bad = PROVIDER.replace("aws-pool", "gcp-pool");
    let ran = ran(&["config", "create", &bad, "--output-file", "never-written.json"], &[]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.talk.ends_with("hint: choose another, such as `aws-pool`\n"), "{}", ran.talk);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_named_and_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("unwritable");
    let kept = folder.join("kept.json");
    fs::write(&kept, "before").expect("written");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o444)).expect("changed");
    let missing = folder.join("no-folder/credential.json");
    let cases = [
        (kept.to_str().expect("UTF-8"), "permission denied", "hint: name a file that is yours"),
        (missing.to_str().expect("UTF-8"), "no such file or directory", "hint: make its folder first"),
        (folder.to_str().expect("UTF-8"), "is a directory", "hint: name another file"),
        ("/dev/full", "no space left on device", "hint: make room on that disk"),
    ];
    for (path, cause, hint) in cases {
        let ran = ran(&["config", "create", PROVIDER, "--output-file", path], &[]);
        assert_eq!(ran.exit, Exit::File, "{path}");
        assert!(ran.talk.contains(&format!("`{path}` cannot be written: {cause}")), "{}", ran.talk);
        assert!(ran.talk.contains(hint), "{}", ran.talk);
    }
    assert_eq!(fs::read_to_string(&kept).expect("readable"), "before");
    assert_eq!(fs::read_dir(&folder).expect("readable").count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_through_its_link_and_keeps_who_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("replaced");
    let (file, link) = (folder.join("file.json"), folder.join("link.json"));
    fs::write(&file, "before").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("changed");
    std::os::unix::fs::symlink("file.json", &link).expect("linked");
    let ran = ran(&["config", "create", PROVIDER, "--output-file", link.to_str().expect("UTF-8")], &[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.talk);
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert!(fs::read_to_string(&file).expect("readable").starts_with("{\n"));
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_file_that_is_written_passes_the_check_and_each_member_is_explained() {
    let (_, text) = create("checked", &["--service-account", EMAIL, "--enable-imdsv2"], &[]);
    let text = text.expect("written");
    let ran = ran_reading(&text, false, &["config", "check", "-"], &[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.talk);
    assert_eq!(ran.talk, format!("The file is right: it gives tokens of `{EMAIL}`.\n"));
    assert!(ran.output.contains("token_url: https://sts.googleapis.com/v1/token\n  Google STS, "), "{}", ran.output);
    assert!(ran.output.contains("credential_source.environment_id: aws1\n"));
    assert!(!ran.output.contains("does not read this"), "{}", ran.output);
    let (_, text) = create("checked-direct", &[], &[]);
    let ran = ran_reading(&text.expect("written"), false, &["config", "check", "-"], &[]);
    assert!(ran.talk.contains("access is direct"), "{}", ran.talk);
}

#[test]
fn a_check_shows_no_secret_and_no_control_character() {
    let (_, text) = create("secret", &["--service-account", EMAIL], &[]);
    let more = "{\n  \"client_id\": \"me\", \"client_secret\": \"hidden-1\", \"private\\u001b[2J\": \"hidden-2\",";
    let text = text.expect("written").replacen('{', more, 1);
    let ran = ran_reading(&text, true, &["config", "check", "-"], &[("NO_COLOR", "1")]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.talk);
    assert!(ran.output.contains("client_id: me\n") && ran.output.contains("which is not shown"), "{}", ran.output);
    assert!(ran.output.contains("Rolebridge does not read this"), "{}", ran.output);
    assert!(!ran.output.contains("hidden") && !ran.output.contains('\u{1b}'), "{}", ran.output);
}

#[test]
fn a_wrong_file_is_told_by_its_path_and_member() {
    let folder = folder("wrong");
    let file = folder.join("credential.json");
    let path = file.to_str().expect("UTF-8");
    let (_, text) = create("wrong-source", &[], &[]);
    let text = text.expect("written");
    for (content, message) in [
        (Some(text.replace("aws1", "azure1")), "`credential_source.environment_id` of the credential file is `azure1`"),
        (Some(text.replace("sts.googleapis.com", "sts.example.com")), "`token_url` of the credential file"),
        (Some("{".to_owned()), "is not JSON"),
        (None, "cannot be read"),
    ] {
        match content {
            Some(content) => fs::write(&file, content).expect("written"),
            None => fs::remove_file(&file).expect("removed"),
        }
        let ran = ran(&["config", "check", path], &[]);
        assert_eq!((ran.exit, ran.output.as_str()), (Exit::File, ""), "{message}");
        assert!(ran.talk.starts_with("error: ") && ran.talk.contains(message), "{}", ran.talk);
        assert!(ran.talk.contains(path), "{}", ran.talk);
    }
}
