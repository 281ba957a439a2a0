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
//! socket ─ net ─ visit: recorded (world::log), struck (world::faults) ─ door ─ google or aws ─ facts ─ reply
//!           └─ proxy: CONNECT, TLS under the real host names (world::authority), and net once more
//! ```
//!
//! Each of these takes only from those before it:
//!
//! 1. `random`, and `http` for whole requests and replies.
//! 2. `upload`: what has come of an upload in pieces; `warehouse`: what BigQuery keeps, and SQL; `store`: what Cloud
//!    Storage keeps.
//! 3. `facts`: what is true in a world; a specification makes it, services change it.
//! 4. `route`: an operation that a service has found for a path.
//! 5. `aws`, `google`: what answers.
//! 6. `world`: one world, with its log, its faults and the cloud's certificate authority.
//! 7. `net`: its ports and connections.
//! 8. `worlds`, `control`, `cloud`: many of them, for clients of the control API and for programs.

#![expect(clippy::result_large_err, reason = "a refusal is a whole reply, made at most once a request")]

mod aws;
mod cloud;
mod control;
mod facts;
mod google;
mod http;
mod net;
mod random;
mod route;
mod store;
mod upload;
mod warehouse;
mod world;
mod worlds;

pub use cloud::{Cloud, World};
pub use world::log::RequestRecord;
