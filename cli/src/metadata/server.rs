//! The socket of the metadata server: HTTP/1.1 on one address, until its owner has enough.

use super::{Metadata, reply};
use crate::error::{Failure, reason};
use crate::exit::Exit;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

/// Waits, on this thread, for a server and all that goes with it.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Failure::new(Exit::Failed, format!("this process cannot run a server: {}", reason(&cause))))?;
    runtime.block_on(work)
}

/// How long nobody is let in after the system had no descriptor left for another.
const REST: Duration = Duration::from_millis(50);

/// A socket that listens. Who connects before [`Server::run`] waits.
pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// A request that was answered, for whoever watches.
pub(crate) struct Answered {
    /// Method, path and status; never a parameter.
    pub(crate) line: String,
    pub(crate) status: StatusCode,
    pub(crate) failure: Option<Failure>,
}

impl Server {
    pub(crate) async fn bind(address: SocketAddr) -> Result<Server, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|cause| unbound(address, &cause))?;
        let address = listener.local_addr().map_err(|cause| unbound(address, &cause))?;
        Ok(Server { listener, address })
    }

    /// Answers until `end` is there; whoever wants the answers that are then under way to be finished has to wait for
    /// [`GracefulShutdown::shutdown`].
    pub(crate) async fn run<T>(
        self,
        metadata: Metadata,
        answered: UnboundedSender<Answered>,
        end: impl Future<Output = T>,
    ) -> (T, GracefulShutdown) {
        let metadata = Arc::new(metadata);
        let connections = GracefulShutdown::new();
        let ended = tokio::select! {
            ended = end => ended,
            never = self.accept(&metadata, &answered, &connections) => match never {},
        };
        (ended, connections)
    }

    async fn accept(
        &self,
        metadata: &Arc<Metadata>,
        answered: &UnboundedSender<Answered>,
        connections: &GracefulShutdown,
    ) -> Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => converse(stream, metadata, answered, connections),
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }
}

fn converse(
    stream: TcpStream,
    metadata: &Arc<Metadata>,
    answered: &UnboundedSender<Answered>,
    connections: &GracefulShutdown,
) {
    let (metadata, answered) = (Arc::clone(metadata), answered.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (metadata, answered) = (Arc::clone(&metadata), answered.clone());
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let (reply, failure) = metadata.answer(&method, request.uri(), request.headers()).await;
            let status = reply.status();
            // Nobody watches any more at the end.
            let _ = answered.send(Answered { line: format!("{method} {path} answered {status}"), status, failure });
            Ok::<reply::Reply, Infallible>(reply)
        }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::spawn(connections.watch(connection));
}

fn unbound(address: SocketAddr, cause: &io::Error) -> Failure {
    let hint = match cause.kind() {
        io::ErrorKind::AddrInUse => "name another port, or 0 for a free one",
        io::ErrorKind::AddrNotAvailable => "name an address of this host, such as 127.0.0.1",
        io::ErrorKind::PermissionDenied => "name a port above 1023, or 0 for a free one",
        _ => "name another address",
    };
    Failure::new(Exit::Failed, format!("nothing can listen on {address}: {}", reason(cause))).hinting(hint)
}
