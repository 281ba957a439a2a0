//! `rolebridge config create`: the credential file that `gcloud iam workload-identity-pools create-cred-config … --aws`
//! writes, byte for byte.

use crate::environment::Variables;
use crate::error::Failure;
use crate::ids::{self, Provider};
use crate::io::Io;
use crate::{exit, files};
use rolebridge::{Environment, TokenSource};
use serde::Serialize;
use std::path::PathBuf;

const UNIVERSE: &str = "GOOGLE_CLOUD_UNIVERSE_DOMAIN";

/// Write a credential file, as gcloud's create-cred-config --aws does.
///
/// The file holds no secret: it says whom to ask, and the workload's AWS role is what proves its identity.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Example:
  rolebridge config create --aws \\
    projects/123456789012/locations/global/workloadIdentityPools/my-pool/\\
providers/my-provider \\
    --service-account reader@my-project.iam.gserviceaccount.com \\
    --output-file credential.json

{}", exit::HELP))]
#[command(arg = clap::Arg::new("aws").long("aws").action(clap::ArgAction::SetTrue).display_order(0)
    .help("The identity comes from AWS, the only one that is known here"))]
pub(crate) struct Arguments {
    /// The pool's provider: projects/NUMBER/locations/global/
    /// workloadIdentityPools/POOL/providers/PROVIDER.
    #[arg(value_parser = ids::provider)]
    provider: Provider,
    /// The service account to impersonate; without it, access is direct.
    #[arg(long, value_name = "EMAIL", value_parser = ids::service_account)]
    service_account: Option<String>,
    /// How long its tokens live: 600 to 43200; Google's default is 3600.
    #[arg(long, value_name = "SECONDS", requires = "service_account", value_parser = clap::value_parser!(u32).range(600..=43_200))]
    service_account_token_lifetime_seconds: Option<u32>,
    /// Name the session token URL that Google's own libraries need where an
    /// instance takes IMDSv2 only. (Rolebridge asks IMDSv2 first anyway.)
    #[arg(long)]
    enable_imdsv2: bool,
    /// The location whose endpoint of Google STS is asked.
    #[arg(long, value_name = "LOCATION", value_parser = ids::location)]
    sts_location: Option<String>,
    /// The universe, if not GOOGLE_CLOUD_UNIVERSE_DOMAIN or googleapis.com.
    #[arg(long, value_name = "DOMAIN")]
    universe_domain: Option<String>,
    /// Where the file is written, in place of what is there.
    #[arg(long, value_name = "FILE")]
    output_file: PathBuf,
}

/// The members in gcloud's order.
#[derive(Serialize)]
struct CredentialFile {
    universe_domain: String,
    r#type: &'static str,
    audience: String,
    subject_token_type: &'static str,
    token_url: String,
    credential_source: CredentialSource,
    #[serde(flatten)]
    access: Access,
}

#[derive(Serialize)]
struct CredentialSource {
    environment_id: &'static str,
    region_url: &'static str,
    url: &'static str,
    regional_cred_verification_url: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    imdsv2_session_token_url: Option<&'static str>,
}

/// What the federated token is for.
#[derive(Serialize)]
#[serde(untagged)]
enum Access {
    Impersonation {
        service_account_impersonation_url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        service_account_impersonation: Option<Lifetime>,
    },
    Direct {
        token_info_url: String,
    },
}

#[derive(Serialize)]
struct Lifetime {
    token_lifetime_seconds: u32,
}

pub(super) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let named = arguments.universe_domain.clone().or_else(|| environment.text(UNIVERSE));
    let universe = named.unwrap_or_else(|| "googleapis.com".to_owned());
    let text = text(arguments, &universe)?;
    files::write(&arguments.output_file, &text)?;
    let path = arguments.output_file.display();
    io.say(format_args!("The credential file is written to `{path}`."));
    io.say(format_args!("It holds no secret. Name it in GOOGLE_APPLICATION_CREDENTIALS, or pass its path."));
    Ok(())
}

/// The text of a file by which this provider's identities impersonate a service account, in the usual universe.
pub(in crate::commands) fn impersonating(provider: Provider, email: &str) -> Result<String, Failure> {
    let arguments = Arguments {
        provider,
        service_account: Some(email.to_owned()),
        service_account_token_lifetime_seconds: None,
        enable_imdsv2: true,
        sts_location: None,
        universe_domain: None,
        output_file: PathBuf::new(),
    };
    text(&arguments, "googleapis.com")
}

/// The file's text, which core has read.
fn text(arguments: &Arguments, universe: &str) -> Result<String, Failure> {
    let file = credential_file(arguments, universe);
    let text = serde_json::to_string_pretty(&file).map_err(|cause| Failure::usage(cause.to_string()))?;
    let builder = TokenSource::builder().environment(Environment::default()).universe_domain(universe);
    builder.json(text.as_str()).build().map_err(|error| Failure::of_arguments(&error))?;
    Ok(text)
}

fn credential_file(arguments: &Arguments, universe: &str) -> CredentialFile {
    let sts = match arguments.sts_location.as_deref() {
        None | Some("global") => format!("https://sts.{universe}"),
        Some(location) => format!("https://sts.{location}.rep.{universe}"),
    };
    let access = match &arguments.service_account {
        Some(email) => Access::Impersonation {
            service_account_impersonation_url: format!(
                "https://iamcredentials.{universe}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
            ),
            service_account_impersonation: arguments
                .service_account_token_lifetime_seconds
                .map(|token_lifetime_seconds| Lifetime { token_lifetime_seconds }),
        },
        None => Access::Direct { token_info_url: format!("{sts}/v1/introspect") },
    };
    CredentialFile {
        universe_domain: universe.to_owned(),
        r#type: "external_account",
        audience: arguments.provider.audience(),
        subject_token_type: "urn:ietf:params:aws:token-type:aws4_request",
        token_url: format!("{sts}/v1/token"),
        credential_source: CredentialSource {
            environment_id: "aws1",
            region_url: "http://169.254.169.254/latest/meta-data/placement/availability-zone",
            url: "http://169.254.169.254/latest/meta-data/iam/security-credentials",
            regional_cred_verification_url: "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
            imdsv2_session_token_url: arguments.enable_imdsv2.then_some("http://169.254.169.254/latest/api/token"),
        },
        access,
    }
}
