//! Prints whose keys `aws-config` finds in this process's environment, as AWS STS names them; an empty line if it finds none.
//!
//! A program, since `aws-config` reads the environment of its process alone. Why it found none goes to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, ProvideCredentials, Region};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    match arn().await {
        Ok(arn) => println!("{arn}"),
        Err(cause) => {
            println!();
            let causes = std::iter::successors(Some::<&dyn Error>(&*cause), |cause| (*cause).source());
            causes.for_each(|cause| eprintln!("{cause}"));
        }
    }
}

async fn arn() -> Result<String, Box<dyn Error>> {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = ProviderConfig::without_region().with_http_client(http);
    let chain = DefaultCredentialsChain::builder().configure(config).build().await;
    // Without what it knows of the account, which would choose another endpoint.
    let found = chain.provide_credentials().await?;
    let token = found.session_token().map(str::to_owned);
    let keys = Credentials::new(found.access_key_id(), found.secret_access_key(), token, None, "aws-config");
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(std::env::var("AWS_ENDPOINT_URL_STS")?)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(keys)
        .build();
    let caller = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await?;
    Ok(caller.arn().ok_or("a caller without an ARN")?.to_owned())
}
