//! What the HTTP client does not tell of its connections: whether one was made for a request or kept from before, and that a
//! name has no address.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Whether a connection was made for the request that this task sends.
    static IS_NEW: Cell<bool>;
}

/// Runs one request, and tells whether a connection was made for it.
pub(super) async fn noting<T>(request: impl Future<Output = T>) -> (T, bool) {
    let noted = async {
        let outcome = request.await;
        (outcome, IS_NEW.with(Cell::get))
    };
    IS_NEW.scope(Cell::new(false), noted).await
}

/// Wraps the client's connector, which is called only where no kept connection can be used.
#[derive(Clone, Copy)]
pub(super) struct Noting;

impl<S> Layer<S> for Noting {
    type Service = NotingConnector<S>;

    fn layer(&self, connector: S) -> NotingConnector<S> {
        NotingConnector(connector)
    }
}

#[derive(Clone)]
pub(super) struct NotingConnector<S>(S);

impl<R, S: Service<R>> Service<R> for NotingConnector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        // A connection that is finished in the background, after another became free, is nobody's request any more.
        let _ = IS_NEW.try_with(|is_new| is_new.set(true));
        self.0.call(request)
    }
}

/// The system's resolver, whose failures can be told from those of a connection.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is set by the client.
            match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(addresses) => Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs),
                Err(source) => Err(UnknownName { name: name.as_str().to_owned(), source }.into()),
            }
        })
    }
}

/// A name for which the system has no address.
#[derive(Debug)]
pub(super) struct UnknownName {
    pub(super) name: String,
    source: io::Error,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the name `{}` has no address", self.name)
    }
}

impl std::error::Error for UnknownName {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
