//! What the emulator promises, asked from outside: over its ports, with the official signer making the subject tokens.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod bigquery;
mod control;
mod exchange;
mod faults;
mod impersonation;
mod metadata;
mod proxy;
mod setup;
mod support;
mod worlds;
