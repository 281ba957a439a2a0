use super::*;
use crate::aws::shared_config::SharedFile;

fn read(config: &str, credentials: &str) -> SharedConfig {
    let file = |path, text: &'static str| Some(SharedFile { path, bytes: text.as_bytes() });
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    SharedConfig::read(file("/c", leak(config)), file("/s", leak(credentials))).expect("well formed")
}

/// The plan for `default` on one line: first source, then roles.
fn planned(config: &str, credentials: &str) -> String {
    match plan(&read(config, credentials), "default", None).expect("a plan") {
        None => "nothing".to_owned(),
        Some(plan) => {
            let base = match plan.base {
                Base::Keys(key) => {
                    let token = key.session_token.as_ref().map(Secret::expose).unwrap_or("-");
                    format!("keys {} {} {token}", key.access_key_id, key.secret_access_key.expose())
                }
                Base::Environment => "environment".to_owned(),
                Base::InstanceMetadata => "metadata".to_owned(),
                Base::Container => "container".to_owned(),
                Base::WebIdentity { token_file, role } => format!("web {token_file} {}", role.role_arn),
                Base::Sso(Sso { session, start_url, region, account_id, role_name }) => {
                    format!("sso {} {start_url} {region} {account_id} {role_name}", session.as_deref().unwrap_or("-"))
                }
                Base::Login(session) => format!("login {session}"),
                Base::Process(command) => format!("process {command}"),
            };
            let roles: Vec<_> =
                plan.roles.iter().map(|link| format!("{} by {}", link.role.role_arn, link.profile)).collect();
            [vec![format!("{base} of {}", plan.base_profile)], roles].concat().join(" > ")
        }
    }
}

fn failed(config: &str, credentials: &str) -> Error {
    plan(&read(config, credentials), "default", None).err().unwrap_or_else(|| panic!("{config:?} is wrong"))
}

const KEYS_OF_ONE: &str = "aws_access_key_id = AKIA1\naws_secret_access_key = wJalr1\n";

#[test]
fn each_kind_of_source_is_read() {
    for (section, expected) in [
        (KEYS_OF_ONE, "keys AKIA1 wJalr1 - of default"),
        (
            "aws_access_key_id = ASIA1\naws_secret_access_key = wJalr1\naws_session_token = T",
            "keys ASIA1 wJalr1 T of default",
        ),
        ("role_arn = R\ncredential_source = Environment", "environment of default > R by default"),
        ("role_arn = R\ncredential_source = ec2instancemetadata", "metadata of default > R by default"),
        ("role_arn = R\ncredential_source = EcsContainer", "container of default > R by default"),
        ("role_arn = R\nweb_identity_token_file = /token", "web /token R of default"),
        ("login_session = arn:aws:iam::1:user/me", "login arn:aws:iam::1:user/me of default"),
        ("credential_process = /bin/keys --of me", "process /bin/keys --of me of default"),
        (
            "sso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-1\nsso_start_url = https://x",
            "sso - https://x eu-west-1 1 R of default",
        ),
        ("sso_account_id = 1\nsso_role_name = R\nsso_session = s", "sso s https://s us-east-1 1 R of default"),
        (
            "sso_account_id = 1\nsso_role_name = R\nsso_session = s\nsso_region = us-east-1\nsso_start_url = https://s",
            "sso s https://s us-east-1 1 R of default",
        ),
    ] {
        let sessions = "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://s";
        assert_eq!(planned(&format!("[default]\n{section}\n{sessions}"), ""), expected);
    }
}

#[test]
fn what_says_nothing_of_an_identity_is_not_configured() {
    for config in [
        "",
        "[profile other]\nrole_arn = R",
        "[default]\nregion = us-east-1\noutput = json\n",
        "[default]\nsource_profile = other\nexternal_id = x\nendpoint_url = http://x",
    ] {
        assert_eq!(planned(config, ""), "nothing", "{config}");
    }
    let chosen = plan(&read("[profile work]\nregion = us-east-1", ""), "work", Some("AWS_PROFILE"));
    assert!(chosen.expect("nothing is wrong").is_none());
}

#[test]
fn what_is_blank_is_not_left_for_another_identity() {
    for (section, name) in [
        ("aws_access_key_id =\naws_secret_access_key = \n", "aws_access_key_id"),
        ("region = us-east-1\nrole_arn =\nsource_profile = other\n", "role_arn"),
        ("sso_session =\n", "sso_session"),
        ("credential_process = # nothing\n", "credential_process"),
    ] {
        let error = failed(&format!("[default]\n{section}"), "");
        let start = format!("`{name}` of the profile `default` (");
        assert!(error.message().starts_with(&start), "{}", error.message());
        let end = "is blank, and the profile says nothing else of who its user is";
        assert!(error.message().ends_with(end), "{}", error.message());
    }
}

#[test]
fn inside_a_profile_the_first_kind_counts() {
    let kinds = [
        ("role_arn = R\ncredential_source = Environment\n", "environment"),
        ("sso_account_id = 1\nsso_role_name = R\nsso_region = us-east-1\nsso_start_url = https://x\n", "sso"),
        ("login_session = l\n", "login"),
        ("credential_process = p\n", "process"),
        (KEYS_OF_ONE, "keys"),
    ];
    for (place, (_, expected)) in kinds.iter().enumerate() {
        let rest: String = kinds[place..].iter().rev().map(|(text, _)| *text).collect();
        assert!(planned(&format!("[default]\n{rest}"), "").starts_with(expected), "{rest}");
    }
    let text = "[default]\nrole_arn = R\nsource_profile = nobody\nweb_identity_token_file = /t\nmfa_serial = m";
    assert_eq!(planned(text, ""), "web /t R of default", "no role is assumed by another identity");
    let text = format!("[default]\nsso_session = s\n{KEYS_OF_ONE}[sso-session s]\n");
    assert_eq!(planned(&text, ""), "keys AKIA1 wJalr1 - of default", "a sign-in for other programs");
}

#[test]
fn roles_are_assumed_one_by_another() {
    let chain =
        "[default]\nrole_arn = R1\nsource_profile = b\n[profile b]\nrole_arn = R2\nsource_profile = c\n[profile c]\n";
    assert_eq!(planned(&format!("{chain}{KEYS_OF_ONE}"), ""), "keys AKIA1 wJalr1 - of c > R2 by b > R1 by default");
    assert_eq!(
        planned(&format!("{chain}role_arn = R3\ncredential_source = EcsContainer"), ""),
        "container of c > R3 by c > R2 by b > R1 by default"
    );
    let b = "[b]\naws_access_key_id = AKIA2\naws_secret_access_key = wJalr2";
    assert_eq!(planned(chain, b), "keys AKIA2 wJalr2 - of b > R1 by default", "in a source, keys win over its role");
    let first =
        format!("[default]\nrole_arn = R1\nsource_profile = b\n{KEYS_OF_ONE}[profile b]\ncredential_process = p");
    assert_eq!(planned(&first, ""), "process p of b > R1 by default", "in the first profile, its role wins over keys");
    let itself = format!("[default]\nrole_arn = R1\nsource_profile = default\n{KEYS_OF_ONE}");
    assert_eq!(planned(&itself, ""), "keys AKIA1 wJalr1 - of default > R1 by default");
}

#[test]
fn a_role_has_its_session_name_its_external_id_and_its_duration() {
    let text = "[default]\nrole_arn = R\ncredential_source = Environment\nrole_session_name = me\nexternal_id = x y\nduration_seconds = 43200";
    let plan_of = |config: &SharedConfig| plan(config, "default", None).expect("a plan").expect("configured");
    let planned = plan_of(&read(text, ""));
    let expected = Role {
        role_arn: "R".into(),
        session_name: Some("me".into()),
        external_id: Some("x y".into()),
        duration: Some(Duration::from_secs(43_200)),
    };
    let shortest = read(&text.replace("43200", "900"), "");
    let shortest = plan_of(&shortest).roles.remove(0).role.duration;
    assert_eq!(shortest, Some(Duration::from_secs(900)));
    assert_eq!(planned.roles, [Link { profile: "default".into(), role: expected }]);
}

#[test]
fn what_is_begun_and_not_complete_is_an_error_that_names_profile_file_and_property() {
    let session = "[default]\nsso_account_id = 1\nsso_role_name = R\nsso_session = s\n";
    for (config, expected) in [
        (
            "[default]\nrole_arn = R",
            "`role_arn` of the profile `default` (line 2 of the AWS config file `/c`) says nothing of who assumes the role",
        ),
        (
            "[default]\nrole_arn = R\nsource_profile = b\ncredential_source = Environment",
            "`credential_source` of the profile `default` (line 4 of the AWS config file `/c`) stands beside `source_profile`: only one can be meant",
        ),
        (
            "[default]\nrole_arn = R\ncredential_source = Lambda",
            "`credential_source` of the profile `default` (line 3 of the AWS config file `/c`) is none of `Environment`, `Ec2InstanceMetadata` and `EcsContainer`",
        ),
        (
            "[default]\nrole_arn = R\ncredential_source = Environment\nmfa_serial = m",
            "`mfa_serial` of the profile `default` (line 4 of the AWS config file `/c`) asks for a one-time code, and nobody is there to type one",
        ),
        (
            "[default]\nrole_arn = R\nsource_profile = b",
            "`source_profile` of the profile `default` (line 3 of the AWS config file `/c`) names the profile `b`, which neither of AWS's shared files has",
        ),
        (
            "[default]\nrole_arn = R\nsource_profile = b\n[profile b]\nregion = us-east-1",
            "`source_profile` of the profile `default` (line 3 of the AWS config file `/c`) names the profile `b` (line 4 of the AWS config file `/c`), which has no credentials",
        ),
        (
            "[default]\nrole_arn = R\nsource_profile = default",
            "`source_profile` of the profile `default` (line 3 of the AWS config file `/c`) leads round in a circle: default → default",
        ),
        (
            "[default]\nrole_arn = R\nsource_profile = b\naws_access_key_id = A\naws_secret_access_key = S\n[profile b]\nrole_arn = R\nsource_profile = default",
            "`source_profile` of the profile `b` (line 8 of the AWS config file `/c`) leads round in a circle: default → b → default",
        ),
        (
            "[default]\nweb_identity_token_file = /t",
            "`web_identity_token_file` of the profile `default` (line 2 of the AWS config file `/c`) has no `role_arn` beside it",
        ),
        (
            "[default]\naws_access_key_id = A",
            "`aws_access_key_id` of the profile `default` (line 2 of the AWS config file `/c`) has no `aws_secret_access_key` beside it",
        ),
        (
            "[default]\naws_secret_access_key = wJalr",
            "`aws_secret_access_key` of the profile `default` (line 2 of the AWS config file `/c`) has no `aws_access_key_id` beside it",
        ),
        (
            "[default]\naws_access_key_id = A\naws_secret_access_key = wJalr\n wJalr",
            "`aws_secret_access_key` of the profile `default` (line 3 of the AWS config file `/c`) is not one line of text",
        ),
        (
            "[default]\naws_access_key_id = A\naws_secret_access_key = wJalr\naws_session_token = wJalr é",
            "`aws_session_token` of the profile `default` (line 4 of the AWS config file `/c`) holds a character that no header can carry",
        ),
        (
            "[default]\nsso_session = s",
            "`sso_session` of the profile `default` (line 2 of the AWS config file `/c`) has no `sso_account_id` beside it",
        ),
        (
            "[default]\nsso_account_id = 1\nsso_role_name = R\nsso_start_url = https://x",
            "`sso_account_id` of the profile `default` (line 2 of the AWS config file `/c`) has no `sso_region` beside it",
        ),
        (
            "[default]\nsso_account_id = 1\nsso_role_name = R\nsso_start_url = https://x\nsso_region = x.evil.example",
            "`sso_region` of the profile `default` (line 5 of the AWS config file `/c`) is no AWS region",
        ),
        (
            session,
            "`sso_session` of the profile `default` (line 4 of the AWS config file `/c`) names `[sso-session s]`, which is not there",
        ),
        (
            &format!("{session}[sso-session s]\nsso_region = us-east-1"),
            "`[sso-session s]` (line 5 of the AWS config file `/c`) has no `sso_start_url`",
        ),
        (
            &format!("{session}[sso-session s]\nsso_region = x\nsso_start_url = https://s"),
            "`sso_region` of `[sso-session s]` (line 6 of the AWS config file `/c`) is no AWS region",
        ),
        (
            &format!(
                "{session}sso_start_url = https://x\n[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://s"
            ),
            "`sso_start_url` of the profile `default` (line 5 of the AWS config file `/c`) differs from that of `[sso-session s]` (line 8 of the AWS config file `/c`)",
        ),
    ] {
        let error = failed(config, "");
        assert_eq!(error.message(), expected);
        let shown = format!("{error:?}");
        assert!(!shown.contains("wJalr"), "{shown}");
    }
    for duration in ["899", "43201", "-900", "900.5", "3600s", "1e4", "99999999999999999999"] {
        let text = format!("[default]\nrole_arn = R\ncredential_source = Environment\nduration_seconds = {duration}");
        assert!(failed(&text, "").message().ends_with("is not a number of seconds from 900 to 43200"), "{duration}");
    }
}

#[test]
fn the_file_that_is_named_is_the_one_that_is_wrong() {
    let error = failed("[default]\nregion = us-east-1", "\n[default]\naws_access_key_id = A");
    assert!(error.message().contains("(line 3 of the AWS credentials file `/s`)"), "{error}");
}

#[test]
fn a_profile_that_is_named_and_missing_is_an_error() {
    let config = read("[default]\n[work]\nrole_arn = R", "");
    let error = plan(&config, "work", Some("AWS_PROFILE")).expect_err("missing");
    assert_eq!(error.message(), "`AWS_PROFILE` names the profile `work`, which neither of AWS's shared files has");
    assert_eq!(error.hint(), Some("`[work]` on line 2 of the AWS config file `/c` must be `[profile work]`"));
    let error = plan(&config, "other", Some("AWS_PROFILE")).expect_err("missing");
    assert_eq!(error.hint(), Some("`aws configure list-profiles` lists those that are there"));
}

#[test]
fn a_chain_without_end_is_cut() {
    let link = |place: usize| format!("[profile p{place}]\nrole_arn = R\nsource_profile = p{}\n", place + 1);
    let links: String = (1..10_000).map(link).collect();
    let error = failed(&format!("[default]\nrole_arn = R\nsource_profile = p1\n{links}"), "");
    assert!(error.message().ends_with("is the end of more than 16 roles in a row"), "{error}");
}

#[test]
fn the_region_is_that_of_the_profile_itself() {
    let config = read("[default]\nregion = us-west-2\n[profile b]\nregion = us-east-1a\n[profile c]\nregion =\n", "");
    assert_eq!(region(&config, "default").expect("a region").expect("named").as_str(), "us-west-2");
    assert_eq!(region(&config, "c").expect("none"), None);
    assert_eq!(region(&config, "d").expect("none"), None);
    let error = region(&config, "b").expect_err("a zone");
    assert_eq!(error.message(), "`region` of the profile `b` (line 4 of the AWS config file `/c`) is no AWS region");
}

#[test]
fn an_endpoint_is_that_of_the_service_then_that_of_all() {
    let services =
        "services = s\nendpoint_url = http://all\n[services s]\nsts =\n endpoint_url = http://sts:1\nsso =\n";
    for (profile, service, expected) in [
        (services, "sts", Some("http://sts:1/")),
        (services, "sso", Some("http://all/")),
        ("endpoint_url = https://all/x", "sts", Some("https://all/x")),
        ("region = us-east-1", "sts", None),
        ("ignore_configured_endpoint_urls = TRUE\nendpoint_url = http://all", "sts", None),
    ] {
        let found = endpoint(&read(&format!("[default]\n{profile}"), ""), "default", service).expect("well formed");
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{profile} {service}");
    }
    for (profile, expected) in [
        (
            "endpoint_url = all",
            "`endpoint_url` of the profile `default` (line 2 of the AWS config file `/c`) is not a URL",
        ),
        (
            "endpoint_url = file:///x",
            "`endpoint_url` of the profile `default` (line 2 of the AWS config file `/c`) is not a URL",
        ),
        (
            "services = x",
            "`services` of the profile `default` (line 2 of the AWS config file `/c`) names `[services x]`, which is not there",
        ),
        (
            "services = s\n[services s]\nsts =\n endpoint_url = x",
            "`endpoint_url` of `sts` in `[services s]` (line 4 of the AWS config file `/c`) is not a URL",
        ),
    ] {
        let error = endpoint(&read(&format!("[default]\n{profile}"), ""), "default", "sts").expect_err("wrong");
        assert_eq!(error.message(), expected);
    }
}
