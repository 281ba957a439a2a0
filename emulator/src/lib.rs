//! A local cloud: what AWS and Google answer to a federated login, on loopback only, with real checks.
//!
//! Signatures are recomputed by AWS's own signer, tokens are looked up, roles grant what they grant at Google,
//! SQL is executed. Nothing here comes from the library that it is used to test, so that the two can disagree.
//!
//! A [`Cloud`] is one thread; it holds any number of [`World`]s, each with its own ports, clock, accounts,
//! faults and log of requests:
//!
//! ```
//! let cloud = rolebridge_emulator::Cloud::start()?;
//! let world = cloud.world(serde_json::json!({ "aws": { "region": "eu-west-1" } }));
//! assert!(world.metadata_url.starts_with("http://127.0.0.1:"));
//! assert_eq!(world.requests().len(), 0);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The way of a request, and where to read about it:
//!
//! ```text
//! socket ─ connection → door ─ records it (log), applies faults ─ route (google, metadata) ─ Facts → reply
//!                        └─ proxy: CONNECT, TLS under the real host names (authority), and back to door
//! ```
#![forbid(unsafe_code)]
#![expect(clippy::result_large_err, reason = "a refusal is a whole reply, made at most once a request")]

mod authority;
mod bearer;
mod bigquery;
mod cloud;
mod connection;
mod control;
mod credentials;
mod door;
mod facts;
mod faults;
mod google;
mod iam;
mod keys;
mod log;
mod metadata;
mod proxy;
mod random;
mod reply;
mod resource_manager;
mod service_usage;
mod signature;
mod spec;
mod sql;
mod sts;
mod world;

pub use cloud::{Cloud, World};
pub use log::RequestRecord;
