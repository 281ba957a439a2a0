//! The HTTP proxy: tunnels that end in this world under the real host names, and never anywhere else.

use crate::connection::serve;
use crate::door::{Door, Visit};
use crate::google;
use crate::log::RequestRecord;
use crate::reply::{Reply, Request, text};
use crate::world::State;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use tokio_rustls::TlsAcceptor;

const METADATA_ADDRESS: &str = "169.254.169.254";

/// `CONNECT host:port`: answers at once, and serves the tunnel once hyper hands it over.
pub(crate) fn connect(visit: &Visit, request: hyper::Request<Incoming>) -> Reply {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let host = authority.strip_suffix(":443").filter(|host| google::is_host(host)).map(str::to_owned);
    let door = match &host {
        Some(host) => Door::Google(Some(host.clone())),
        None => match destination(&visit.world, &authority) {
            Some(door) => door,
            None => return refuse(&visit.world, &request.map(|_| Bytes::new())),
        },
    };
    let visit = Visit { door, ..visit.clone() };
    // Boxed, since serving a tunnel is part of serving a connection.
    let tunnel: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let stream = TokioIo::new(upgraded);
        let Some(host) = host else { return serve(stream, visit).await };
        let acceptor = TlsAcceptor::from(visit.world.authority.server(&host));
        // A client that distrusts the authority hangs up; it will say so itself.
        if let Ok(stream) = acceptor.accept(stream).await {
            serve(stream, visit).await;
        }
    });
    tokio::spawn(tunnel);
    text(200, "text/plain", "")
}

/// What is meant by an address of plain HTTP: the metadata service, or this world's own ports.
pub(crate) fn destination(world: &State, authority: &str) -> Option<Door> {
    match authority.rsplit_once(':').unwrap_or((authority, "80")) {
        (METADATA_ADDRESS, "80") => Some(Door::Metadata),
        ("127.0.0.1" | "localhost", port) if port == world.ports.metadata.to_string() => Some(Door::Metadata),
        ("127.0.0.1" | "localhost", port) if port == world.ports.google.to_string() => Some(Door::Google(None)),
        _ => None,
    }
}

/// Records who wanted to leave the world, and for where.
pub(crate) fn refuse(world: &State, request: &Request) -> Reply {
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let number = world.log.arrive(RequestRecord::new("proxy.refused", &host, request));
    world.log.answered(number, 502, std::time::Duration::ZERO);
    text(502, "text/plain", format!("The emulator's proxy leads to no such host: {host}\n"))
}
