//! What the emulator promises, asked from outside: over its ports, with the official signer making the subject tokens.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod attributes;
mod aws_sts;
mod bigquery;
mod clock;
mod container;
mod control;
mod exchange;
mod faults;
mod id_tokens;
mod impersonation;
mod loads;
mod metadata;
mod pools;
mod project;
mod proxy;
mod service_accounts;
mod services;
mod setup;
mod signing;
mod sso;
mod storage;
mod support;
mod tokens;
mod web_identity;
mod worlds;
