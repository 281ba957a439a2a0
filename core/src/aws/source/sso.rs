//! A sign-in to IAM Identity Center, which `aws sso login` left in a file: renewed where it can be, and exchanged for keys.
//!
//! It reads no variable of its own; `AWS_ENDPOINT_URL_SSO` and `AWS_ENDPOINT_URL_SSO_OIDC` move its calls.

use crate::aws::profile_plan::Sso;
use crate::aws::sso::{self, Next, SignIn};
use crate::aws::{call, failure};
use crate::context::MintContext;
use crate::error::{Error, Kind, Step};
use crate::host::FileError;
use crate::identity::AccessKey;
use crate::quote;
use crate::reply::Reply;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// For the renewal and the portal together.
const BUDGET: Duration = Duration::from_secs(20);

/// What moves the two services.
pub(in crate::aws) struct Endpoints {
    pub(in crate::aws) portal: Option<Url>,
    pub(in crate::aws) oidc: Option<Url>,
}

/// The keys of a role, for the sign-in whose file this is.
pub(in crate::aws) async fn key(
    context: &MintContext,
    sso: &Sso,
    profile: &str,
    file: PathBuf,
    endpoints: &Endpoints,
) -> Result<AccessKey, Error> {
    let context = &context.for_step(BUDGET);
    let ask = async {
        let sign_in = read(context, sso, profile, &file).await?;
        let sign_in = match sign_in.next(sso, context.host.now()) {
            Next::Use => sign_in,
            Next::SignIn => return Err(sso::sign_in_again(sso, profile)),
            Next::Renew => renewed(context, sso, profile, &file, endpoints).await?,
            Next::RenewOrUse => renewed(context, sso, profile, &file, endpoints).await.unwrap_or(sign_in),
        };
        let portal = sso::portal(&sso.region, endpoints.portal.as_ref())?;
        let request = sso::role_request(&portal, sso, &sign_in);
        let reply = call::send(context, "IAM Identity Center", Reply::is_transient, request).await?;
        sso::read_keys(&reply, sso, profile)
    };
    context.within(Step::Identity, ask).await
}

async fn read(context: &MintContext, sso: &Sso, profile: &str, file: &Path) -> Result<SignIn, Error> {
    match context.host.read(file.to_owned()).await {
        Ok(content) => SignIn::read(&file.display().to_string(), &content),
        Err(FileError::Missing) => Err(sso::sign_in_again(sso, profile)),
        Err(cause) => Err(failure(format!("the sign-in's file {} {cause}", quote::file(file))).caused_by(cause)),
    }
}

/// Renews the sign-in, unless another process has done it meanwhile, and writes it back for the others.
async fn renewed(
    context: &MintContext,
    sso: &Sso,
    profile: &str,
    file: &Path,
    endpoints: &Endpoints,
) -> Result<SignIn, Error> {
    let sign_in = read(context, sso, profile, file).await?;
    if sign_in.next(sso, context.host.now()) == Next::Use {
        return Ok(sign_in);
    }
    let oidc = sso::oidc(&sso.region, endpoints.oidc.as_ref())?;
    let Some(request) = sign_in.renewal(&oidc) else { return Err(sso::sign_in_again(sso, profile)) };
    let asked_at = context.host.now();
    let reply = call::send(context, "IAM Identity Center", Reply::is_transient, request).await?;
    let renewed = sign_in.renewed(&reply, asked_at).map_err(|error| match error.kind() {
        Kind::Refused => sso::asking_to_sign_in(error, sso, profile),
        _ => error,
    })?;
    // The old refresh token is of no use any more; where the file cannot be written, the new one still serves this mint.
    let _ = context.host.write_private(file.to_owned(), renewed.write()).await;
    Ok(renewed)
}
