//! The way through the HTTP proxy: into this world under the real host names, and never anywhere else.

use crate::http::{Reply, Request, text};
use crate::net::door::Door;
use crate::world::State;
use crate::world::authority::Certificate;
use crate::world::log::RequestRecord;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

const METADATA_ADDRESS: &str = "169.254.169.254";

pub(crate) struct Tunnel {
    pub(crate) door: Door,
    /// Spoken inside, where the address is that of TLS.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// What `CONNECT host:port` leads to.
pub(crate) fn tunnel(world: &State, authority: &str, certificate: Certificate) -> Option<Tunnel> {
    let named = authority.strip_suffix(":443").and_then(|host| Some((host, Door::of_host(host)?)));
    match named {
        Some((host, door)) => {
            let tls = TlsAcceptor::from(world.authority.server(host, certificate));
            Some(Tunnel { door, tls: Some(tls) })
        }
        None => Some(Tunnel { door: destination(world, authority)?, tls: None }),
    }
}

/// What is meant by an address of plain HTTP: the metadata service, or this world's own ports.
pub(crate) fn destination(world: &State, authority: &str) -> Option<Door> {
    match authority.rsplit_once(':').unwrap_or((authority, "80")) {
        (METADATA_ADDRESS, "80") => Some(Door::Metadata),
        ("127.0.0.1" | "localhost", port) => super::door_of_port(&world.ports, port.parse().ok()?),
        _ => None,
    }
}

/// Records who wanted to leave the world, and for where.
pub(crate) fn refuse(world: &State, request: &Request) -> Reply {
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let number = world.log.arrive(RequestRecord::new("proxy.refused", &host, request));
    world.log.answered(number, 502, Duration::ZERO);
    text(502, "text/plain", format!("The emulator's proxy leads to no such host: {host}\n"))
}
