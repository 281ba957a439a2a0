//! One scenario as doctor meets it: the world, the variables and the files, before and after the fix.

use crate::support::places::{fill, merge, places};
use crate::support::{CLOUD, CREDENTIAL, Ran, folder, ran};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Every way in which doctor shows what it found.
pub(crate) const FORMS: [&[&str]; 2] = [&["--verbose"], &["--json"]];

/// How the tokens begin that the emulator makes in the name of Google, and for sessions with instance metadata.
pub(crate) const TOKENS: [&str; 3] = ["ya29.", "eyJ", "AQAEA"];

pub(crate) struct Site {
    world: World,
    home: PathBuf,
    environment: Value,
    credential: Value,
    /// What is asked for besides an access token.
    options: Vec<&'static str>,
    /// The failure that is to be diagnosed; null where there are only warnings.
    pub(crate) error: Value,
    secrets: BTreeSet<String>,
}

impl Site {
    /// The scenario up to its first failure.
    pub(crate) fn of(name: &str, scenario: &Value) -> Site {
        let or_empty = |value: &Value| if value.is_null() { json!({}) } else { value.clone() };
        let mut environment = json!({
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
            "AWS_ENDPOINT_URL": "{aws}",
            "HOME": "{home}",
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
        });
        merge(&mut environment, &or_empty(&scenario["environment"]));
        let mut credential: Value = serde_json::from_str(CREDENTIAL).expect("JSON");
        merge(&mut credential, &or_empty(&scenario["credential"]));
        let mut site = Site {
            world: CLOUD.world(or_empty(&scenario["world"])),
            home: folder(name),
            environment,
            credential,
            options: Vec::new(),
            error: Value::Null,
            secrets: BTreeSet::new(),
        };
        site.note_secrets();
        site.write(&scenario["files"]);
        // What the variables hold is what the keys were at the start.
        site.environment = site.fill(&site.environment);
        for call in scenario["calls"].as_array().expect("calls") {
            if site.change(call) {
                continue;
            }
            let kinds: [(&str, &[&'static str]); 4] = [
                ("token", &[]),
                ("build", &[]),
                ("id_token", &["--id-token", "https://service.example"]),
                ("sign", &["--sign"]),
            ];
            let wanted = kinds.iter().find(|(kind, _)| !call[*kind].is_null());
            let (kind, options) = wanted.unwrap_or_else(|| panic!("{name}: {call}"));
            if !call[*kind]["error"].is_null() {
                site.options = options.to_vec();
                site.error = site.fill(&call[*kind]["error"]);
                break;
            }
        }
        site
    }

    /// Does what a call or a fix says of the world; whether it said something.
    fn change(&mut self, change: &Value) -> bool {
        if !change["fault"].is_null() {
            // It lasts: doctor comes more than once.
            let mut fault = change["fault"].clone();
            fault["times"] = Value::Null;
            self.world.fault(fault);
        }
        if !change["world"].is_null() {
            self.world.patch(change["world"].clone());
            self.note_secrets();
        }
        self.write(&change["files"]);
        ["fault", "world", "files", "scopes"].iter().any(|member| !change[*member].is_null())
    }

    /// Does what the diagnosis asks for; `commands` are those that it gave to paste.
    pub(crate) fn mend(&mut self, fix: &Value, commands: &[String]) {
        self.change(fix);
        if fix["faults"] == "none" {
            self.world.clear_faults();
        }
        if !fix["environment"].is_null() {
            merge(&mut self.environment, &fix["environment"]);
        }
        if !fix["credential"].is_null() {
            merge(&mut self.credential, &fix["credential"]);
        }
        if fix["paste"] == true {
            assert!(!commands.is_empty(), "there is nothing to paste");
            commands.iter().for_each(|command| self.paste(command));
        }
    }

    /// What gcloud would do.
    fn paste(&self, command: &str) {
        let option = |name: &str| {
            let (_, rest) = command.split_once(&format!(" --{name}=")).unwrap_or_else(|| panic!("{command}"));
            rest.split_whitespace().next().expect("a value").trim_matches('"').to_owned()
        };
        assert!(command.starts_with("gcloud iam service-accounts add-iam-policy-binding "), "{command}");
        self.world.patch(json!({ "bindings": [{ "role": option("role"), "members": [option("member")] }] }));
    }

    /// What doctor says; nothing secret is in it, whatever the form.
    pub(crate) fn examine(&self, form: &[&str]) -> Ran {
        let file = self.home.join("credential.json");
        fs::write(&file, self.fill(&self.credential).to_string()).expect("written");
        let environment = self.fill(&self.environment);
        let variables = environment.as_object().expect("an object").iter();
        let variables: Vec<_> = variables.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
        let arguments = [&["doctor", "--credential-file", file.to_str().expect("UTF-8")], &self.options[..], form];
        let ran = ran(&arguments.concat(), &variables);
        for shown in [&ran.output, &ran.talk] {
            for secret in &self.secrets {
                assert!(!shown.contains(secret.as_str()), "a secret is shown: {shown}");
            }
            for beginning in TOKENS {
                assert!(!shown.contains(beginning), "a token is shown: {shown}");
            }
        }
        ran
    }

    /// The world's secrets as they are now.
    fn note_secrets(&mut self) {
        let info = self.world.info();
        let keys =
            ["keys", "container_keys"].map(|keys| [&info[keys]["secret_access_key"], &info[keys]["session_token"]]);
        let tokens = ["container_token", "web_identity_token", "sso_access_token", "sso_refresh_token", "admin_token"];
        let all = keys.into_iter().flatten().chain(tokens.iter().map(|name| &info[*name]));
        self.secrets.extend(all.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned));
    }

    fn write(&self, files: &Value) {
        for (path, content) in files.as_object().into_iter().flatten() {
            let path = self.home.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            let content = self.fill(content);
            fs::write(path, content.as_str().map_or_else(|| content.to_string(), str::to_owned)).expect("written");
        }
    }

    fn fill(&self, value: &Value) -> Value {
        fill(value, &places(&self.world, self.home.to_str().expect("UTF-8")))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A folder that stays is below `target`.
        let _ = fs::remove_dir_all(&self.home);
    }
}
