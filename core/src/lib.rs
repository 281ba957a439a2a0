//! Rolebridge lets software that runs on AWS use Google Cloud with no service-account key.
//!
//! It takes the workload's AWS role, signs an AWS STS `GetCallerIdentity` request, exchanges it at Google STS for a
//! federated token, impersonates a service account, and caches the result (AIP-4117, RFC 8693). It reads the same
//! credential file as Google's own libraries.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let source = rolebridge::TokenSource::from_file("credential.json")?;
//! let headers = source.headers().await?; // authorization: Bearer …
//! # Ok(())
//! # }
//! ```
//!
//! The way of a token:
//!
//! ```text
//! JSON ─config→ Config ┐
//! environment, IMDS ─aws→ Identity ┴─subject_token (sigv4)→ signed request
//!     ─google::sts→ federated token ─google::iam→ access token ─cache→ caller
//! ```
//!
//! 1. `config` reads the credential file, once; what it lets through cannot be wrong.
//! 2. `aws` finds the keys and the region of this workload.
//! 3. `subject_token` signs with them, through `sigv4`.
//! 4. `google` shapes the two calls and reads their replies; `mint` joins all of it to the three layers of one token.
//! 5. `cache` keeps what a layer made and decides when it is made again, and [`TokenSource`] is what you hold.
//!    [`TokenSource::explain`] shows one mint on its way.
//!
//! The outside world is behind `host`: everything else is told the time and given its answers. What it will not do:
//! run anything before the first token is asked for, ask another identity than the one that is configured, follow a
//! credential file to a host that is not Google's, or print a secret.

mod aws;
#[doc(hidden)]
pub mod binding;
mod cache;
mod config;
mod context;
mod env_names;
mod environment;
mod error;
mod google;
mod host;
mod identity;
mod logging;
mod mint;
mod observe;
mod quote;
mod reply;
mod retry;
mod secret;
mod sigv4;
mod subject_token;
mod time;
mod token;
mod token_source;

pub use environment::Environment;
pub use error::{Error, Kind, Step};
pub use google::iam::signing::Signature;
pub use identity::{IdentitySupplier, SuppliedIdentity, Supplying};
pub use observe::{Explanation, RequestReport, StepReport};
pub use token::Token;
pub use token_source::builder::Builder;
pub use token_source::{Blocking, TokenSource};
