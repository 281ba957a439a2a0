//! A world's ports and connections: HTTP/1.1 over any stream, kept alive, and in a tunnel once more.

mod breakage;
mod door;
mod proxy;
mod visit;

use crate::facts::spec::Spec;
use crate::http::{Reply, Request, text};
use crate::world::authority::Authority;
use crate::world::{Ports, State};
use breakage::{Broken, Line};
use door::Door;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use visit::{Outgoing, Visit, whole};

/// Makes a world and opens its ports; its tasks live on the runtime that calls.
pub(crate) async fn open(id: String, spec: &Spec, authority: Arc<Authority>) -> io::Result<Arc<State>> {
    let mut listeners = Vec::new();
    let ports = Ports {
        metadata: bind(&mut listeners).await?,
        google: bind(&mut listeners).await?,
        proxy: bind(&mut listeners).await?,
        container: bind(&mut listeners).await?,
        aws: bind(&mut listeners).await?,
        aws_sts: bind(&mut listeners).await?,
        sso_portal: bind(&mut listeners).await?,
        sso_oidc: bind(&mut listeners).await?,
    };
    let world = Arc::new(State::new(id, spec, authority, ports));
    for (port, listener) in listeners {
        let door = door_of_port(&world.ports, port);
        spawn(world.clone(), listen(world.clone(), listener, door));
    }
    Ok(world)
}

/// Opens a free port.
async fn bind(listeners: &mut Vec<(u16, TcpListener)>) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    listeners.push((port, listener));
    Ok(port)
}

/// What a world's own port leads to; none at the proxy.
fn door_of_port(ports: &Ports, port: u16) -> Option<Door> {
    let doors = [
        (ports.metadata, Door::Metadata),
        (ports.google, Door::Google(None)),
        (ports.container, Door::Container),
        (ports.aws, Door::Aws),
        (ports.aws_sts, Door::Sts(None)),
        (ports.sso_portal, Door::SsoPortal),
        (ports.sso_oidc, Door::SsoOidc),
    ];
    doors.into_iter().find(|(own, _)| *own == port).map(|(_, door)| door)
}

/// Runs a task until it is done or its world is over.
fn spawn(world: Arc<State>, task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::select! {
            () = task => {}
            () = world.ended() => {}
        }
    });
}

async fn listen(world: Arc<State>, listener: TcpListener, door: Option<Door>) {
    loop {
        // A client that is gone before it is met, or no file descriptor left: the next one may fare better.
        let Ok((line, reset)) = listener.accept().await.and_then(|(stream, _)| Line::new(stream)) else {
            tokio::task::yield_now().await;
            continue;
        };
        let visit = Visit { world: world.clone(), door: door.clone(), reset };
        spawn(world.clone(), serve(line, visit));
    }
}

/// Serves one stream until either side ends it.
async fn serve<S>(stream: S, visit: Visit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| enter(visit.clone(), request));
    // The world's clock dates the replies, not hyper's.
    let connection =
        http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).with_upgrades();
    // How a connection ends is the client's affair, or a fault that was ordered.
    let _ = connection.await;
}

async fn enter(visit: Visit, request: hyper::Request<Incoming>) -> Result<Outgoing, Broken> {
    if visit.door.is_none() && request.method() == Method::CONNECT {
        return Ok(whole(connect(&visit, request)));
    }
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    visit::answer(visit, Request::from_parts(parts, body)).await
}

/// Answers `CONNECT` at once, and serves the tunnel once hyper hands it over.
fn connect(visit: &Visit, request: hyper::Request<Incoming>) -> Reply {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let fault = visit.world.strike("proxy.connect").unwrap_or_default();
    if let Some(refusal) = fault.instead() {
        return refusal;
    }
    let Some(tunnel) = proxy::tunnel(&visit.world, &authority, fault.certificate) else {
        return proxy::refuse(&visit.world, &request.map(|_| Bytes::new()));
    };
    let visit = Visit { door: Some(tunnel.door), ..visit.clone() };
    let world = visit.world.clone();
    // Boxed, since serving a tunnel is part of serving a connection.
    let served: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        if fault.close {
            visit.reset.store(true, Ordering::Relaxed);
            return;
        }
        let stream = TokioIo::new(upgraded);
        let Some(tls) = tunnel.tls else { return serve(stream, visit).await };
        // A client that distrusts the authority hangs up; it will say so itself.
        if let Ok(stream) = tls.accept(stream).await {
            serve(stream, visit).await;
        }
    });
    spawn(world, served);
    text(200, "text/plain", "")
}
