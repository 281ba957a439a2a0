//! A profile of AWS's shared files: `AWS_PROFILE` (else `default`), `AWS_CONFIG_FILE` (else `~/.aws/config`),
//! `AWS_SHARED_CREDENTIALS_FILE` (else `~/.aws/credentials`), with `HOME`, `USERPROFILE`, `HOMEDRIVE` and `HOMEPATH` for `~`.
//!
//! [`crate::aws::shared_config`] has the grammar, [`crate::aws::profile_plan`] the rules. Here the files are read, anew for
//! each identity, and a plan is carried out: a first source, then the roles to assume. A variable that only says where a
//! file would be configures nothing while the file is not there.

use super::sso::{self, Endpoints};
use super::{container, instance_metadata, role, variables, web_identity};
use crate::aws::profile_plan::{self, Base, Plan};
use crate::aws::shared_config::location::{self, Home, Platform};
use crate::aws::shared_config::{SharedConfig, SharedFile};
use crate::aws::{call, failure, login, process};
use crate::context::MintContext;
use crate::env_names::{self, AWS_LOGIN_CACHE_DIRECTORY, AWS_PROFILE};
use crate::environment::Environment;
use crate::error::Error;
use crate::host::{CommandError, FileError};
use crate::identity::{AccessKey, Region};
use crate::quote;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// A command may ask a person's browser; a whole mint takes no longer.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// The variables that decide what a profile says, besides those of its files.
const NAMES: &[&str] = &[
    env_names::HOME,
    env_names::USERPROFILE,
    env_names::HOMEDRIVE,
    env_names::HOMEPATH,
    env_names::AWS_CONFIG_FILE,
    env_names::AWS_SHARED_CREDENTIALS_FILE,
    env_names::AWS_LOGIN_CACHE_DIRECTORY,
    env_names::AWS_ENDPOINT_URL,
    env_names::AWS_ENDPOINT_URL_STS,
    env_names::AWS_ENDPOINT_URL_SSO,
    env_names::AWS_ENDPOINT_URL_SSO_OIDC,
    env_names::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
    env_names::AWS_ACCESS_KEY_ID,
    env_names::AWS_SECRET_ACCESS_KEY,
    env_names::AWS_SESSION_TOKEN,
    env_names::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    env_names::AWS_CONTAINER_CREDENTIALS_FULL_URI,
    env_names::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
    env_names::AWS_CONTAINER_AUTHORIZATION_TOKEN,
];

/// A selected profile, and where its files are.
#[derive(Debug, Clone)]
pub(in crate::aws) struct Profile {
    name: String,
    /// Who selected it; none if it is the default.
    named_by: Option<&'static str>,
    environment: Environment,
}

/// The profile that the program names, or the environment, or the default one.
pub(in crate::aws) fn selected(environment: &Environment, named: Option<&str>) -> Profile {
    let (name, named_by) = match named {
        Some(name) => (name, Some("profile")),
        None => {
            (location::profile(|name| environment.value(name)), environment.is_set(AWS_PROFILE).then_some(AWS_PROFILE))
        }
    };
    Profile { name: name.to_owned(), named_by, environment: environment.clone() }
}

impl Profile {
    pub(in crate::aws) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::aws) fn parts(&self) -> Vec<Option<&[u8]>> {
        let values = NAMES.iter().map(|name| self.environment.value(name).map(str::as_bytes));
        std::iter::once(Some(self.name.as_bytes())).chain(values).collect()
    }

    /// Whether the program itself named it: then nothing else is asked.
    pub(in crate::aws) fn is_only_source(&self) -> bool {
        self.named_by == Some("profile")
    }

    /// What both files say now.
    pub(in crate::aws) async fn load(&self, context: &MintContext) -> Result<SharedConfig, Error> {
        let home = self.home();
        let variable = |name: &str| self.environment.value(name);
        let config = read(context, location::config_file(&home, variable)).await?;
        let credentials = read(context, location::credentials_file(&home, variable)).await?;
        SharedConfig::read(
            config.as_ref().map(|(path, bytes)| SharedFile { path, bytes }),
            credentials.as_ref().map(|(path, bytes)| SharedFile { path, bytes }),
        )
    }

    /// The region that the profile names.
    pub(in crate::aws) fn region(&self, config: &SharedConfig) -> Result<Option<Region>, Error> {
        profile_plan::region(config, &self.name)
    }

    /// What the profile says of its user; `None` if it says nothing.
    pub(in crate::aws) fn plan(&self, config: &SharedConfig) -> Result<Option<Plan>, Error> {
        let plan = profile_plan::plan(config, &self.name, self.named_by)?;
        match plan {
            None if self.is_only_source() => {
                Err(failure(format!("the profile `{}`, which the program names, has no credentials", self.name)))
            }
            plan => Ok(plan),
        }
    }

    /// Carries a plan out.
    pub(in crate::aws) async fn key(
        &self,
        context: &MintContext,
        config: &SharedConfig,
        plan: Plan,
        region: &Region,
    ) -> Result<AccessKey, Error> {
        let mut key = self.base_key(context, config, &plan, region).await?;
        for link in &plan.roles {
            let endpoint = self.endpoint(config, &link.profile, "sts", env_names::AWS_ENDPOINT_URL_STS)?;
            key = role::key(context, region, endpoint.as_ref(), key, &link.role).await?;
        }
        Ok(key)
    }

    async fn base_key(
        &self,
        context: &MintContext,
        config: &SharedConfig,
        plan: &Plan,
        region: &Region,
    ) -> Result<AccessKey, Error> {
        let profile = plan.base_profile.as_str();
        let missing =
            |what: &str| failure(format!("the profile `{profile}` takes its keys from {what}, and there are none"));
        match &plan.base {
            Base::Keys(key) => Ok(key.clone()),
            Base::Environment => variables::key(&self.environment)?.ok_or_else(|| missing("the environment")),
            Base::Container => match container::configured(&self.environment)? {
                Some(container) => container.key(context).await,
                None => Err(missing("the container's role")),
            },
            Base::InstanceMetadata => {
                let need = "the profile takes its keys from instance metadata";
                let endpoint = instance_metadata::endpoint(&self.environment, None, need)?;
                let identity = instance_metadata::identity(context, &endpoint, Some(region.clone())).await?;
                Ok(identity.into_key())
            }
            Base::WebIdentity { token_file, role } => {
                let endpoint = self.endpoint(config, profile, "sts", env_names::AWS_ENDPOINT_URL_STS)?;
                let file = PathBuf::from(self.home().expand(token_file));
                web_identity::key(context, region, endpoint.as_ref(), &file, role).await
            }
            Base::Sso(sso) => {
                let [first, second, name] = crate::aws::sso::cache_file(sso);
                let file = self.home().aws_file(&[&first, &second, &name]).ok_or_else(no_home)?;
                let endpoints = Endpoints {
                    portal: self.endpoint(config, profile, "sso", env_names::AWS_ENDPOINT_URL_SSO)?,
                    oidc: self.endpoint(config, profile, "sso_oidc", env_names::AWS_ENDPOINT_URL_SSO_OIDC)?,
                };
                sso::key(context, sso, profile, file.into(), &endpoints).await
            }
            Base::Login(session) => {
                let name = login::cache_file(session);
                let file = match self.environment.path(AWS_LOGIN_CACHE_DIRECTORY) {
                    Some(folder) => folder.join(name),
                    None => self.home().aws_file(&["login", "cache", &name]).ok_or_else(no_home)?.into(),
                };
                match context.host.read(file.clone()).await {
                    Ok(content) => login::read_keys(&file.display().to_string(), &content, profile, context.host.now()),
                    Err(FileError::Missing) => Err(login::missing(profile)),
                    Err(cause) => {
                        Err(failure(format!("the sign-in's file {} {cause}", quote::file(&file))).caused_by(cause))
                    }
                }
            }
            Base::Process(command) => self.process_key(context, profile, command).await,
        }
    }

    async fn process_key(&self, context: &MintContext, profile: &str, command: &str) -> Result<AccessKey, Error> {
        // The host ends it, and knows what it said until then.
        let limit = context.for_step(COMMAND_LIMIT).left();
        match context.host.run(command.to_owned(), limit).await {
            Ok(output) if output.succeeded => process::read_keys(profile, &output.stdout, context.host.now()),
            Ok(output) => Err(process::failed(profile, output.status, &output.stderr)),
            Err(CommandError::TooSlow { stderr }) => Err(process::hung(profile, limit, &stderr)),
            Err(CommandError::TooLong) => Err(process::too_long(profile)),
            Err(cause) => {
                Err(failure(format!("the `credential_process` of the profile `{profile}` {cause}")).caused_by(cause))
            }
        }
    }

    /// Where the environment, else the profile, sends the calls to a service.
    fn endpoint(
        &self,
        config: &SharedConfig,
        profile: &str,
        service: &str,
        variable: &str,
    ) -> Result<Option<Url>, Error> {
        if let Some(url) = call::named_endpoint(&self.environment, variable)? {
            return Ok(Some(url));
        }
        if self.environment.is_true(env_names::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS) {
            return Ok(None);
        }
        profile_plan::endpoint(config, profile, service)
    }

    fn home(&self) -> Home {
        Home::find(Platform::HERE, |name| self.environment.value(name), None)
    }
}

fn no_home() -> Error {
    failure("no variable names the user's home, in which AWS keeps its sign-ins").hinting("set HOME")
}

/// A file and its path; `None` if it is not there.
async fn read(context: &MintContext, path: Option<String>) -> Result<Option<(String, Vec<u8>)>, Error> {
    let Some(path) = path else { return Ok(None) };
    match context.host.read(PathBuf::from(&path)).await {
        Ok(bytes) => Ok(Some((path, bytes))),
        Err(FileError::Missing) => Ok(None),
        Err(cause) => Err(failure(format!("AWS's file {} {cause}", quote::file(Path::new(&path)))).caused_by(cause)),
    }
}
