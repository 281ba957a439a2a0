//! What surrounds the command: the variables by which Google's libraries find the server, and nothing that they would
//! find before it.

use super::{Failure, TokenSource};
use crate::environment::{LOGIN, Variables};
use crate::exit::Exit;
use crate::metadata;
use std::net::SocketAddr;
use std::path::Path;

/// Another credential, and the order not to ask any metadata server.
const REMOVED: [&str; 2] = ["GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK"];
/// What must not go through a proxy; the server's own address, and its name in programs that write it so.
const LOOPBACK: &str = "127.0.0.1,localhost";

/// Libraries prefer the file of gcloud's application-default login to a metadata server, and would be somebody else.
pub(super) fn refuse_other_credentials(environment: &Variables) -> Result<(), Failure> {
    let folders = [
        environment.path("CLOUDSDK_CONFIG"),
        environment.path("APPDATA").map(|folder| folder.join("gcloud")),
        // Some of them look here whatever CLOUDSDK_CONFIG says.
        environment.path("HOME").map(|home| home.join(".config").join("gcloud")),
    ];
    let found = folders.into_iter().flatten().map(|folder| folder.join(LOGIN)).find(|file| file.exists());
    match found {
        None => Ok(()),
        Some(file) => Err(other_credential(&file)),
    }
}

fn other_credential(file: &Path) -> Failure {
    let file = file.display();
    Failure::new(
        Exit::File,
        format!(
            "`{file}` is there, and the command would use that login of gcloud's in place of this workload's identity"
        ),
    )
    .hinting(format!(
        "`mv '{file}' '{file}.aside'` keeps it for later, `gcloud auth application-default revoke` ends it"
    ))
}

/// The environment of the command.
pub(super) fn of_the_command(
    environment: &Variables,
    server: SocketAddr,
    source: &TokenSource,
    token_file: &Path,
) -> Variables {
    let mut variables = environment.clone();
    for name in REMOVED {
        variables.unset(name);
    }
    for (name, value) in metadata::variables(server) {
        variables.set(name, value);
    }
    variables.set("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", token_file);
    // A program reads either.
    for (name, other) in [("NO_PROXY", "no_proxy"), ("no_proxy", "NO_PROXY")] {
        variables.set(name, past_the_proxy(environment.text(name).or_else(|| environment.text(other))));
    }
    let named = [
        ("GOOGLE_CLOUD_PROJECT", source.project()),
        ("CLOUDSDK_CORE_PROJECT", source.project()),
        ("GOOGLE_CLOUD_QUOTA_PROJECT", source.quota_project()),
    ];
    for (name, value) in named {
        if let Some(value) = value.filter(|_| !environment.is_set(name)) {
            variables.set(name, value);
        }
    }
    variables
}

fn past_the_proxy(hosts: Option<String>) -> String {
    match hosts.as_deref().map(str::trim) {
        None => LOOPBACK.to_owned(),
        // Everything; it stands alone.
        Some("*") => "*".to_owned(),
        Some(hosts) => format!("{},{LOOPBACK}", hosts.trim_end_matches(',')),
    }
}
