//! Requests over the network: a client for each route, proxy and set of roots, each with its pool of connections.

#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::failure::{self, Failed};
use super::tls::{self, Roots};
use super::{CONNECT_TIMEOUT, Reason, Route, SendError, connection, proxy};
use crate::environment::Environment;
use crate::reply::Reply;
use crate::time::Timestamp;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use once_cell::sync::OnceCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Link-local: it answers in a millisecond or is not there.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than the pause between the two calls of one mint, shorter than a load balancer keeps an idle connection.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
/// One for each route and environment is the rule; a program that changes its proxies time and again piles up none.
const MOST_CLIENTS: usize = 8;
/// No honest reply comes near it.
const LONGEST_BODY: usize = 1024 * 1024;

/// The clients of an engine.
#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<Way, Client>>);

/// Made when it is first needed.
type Client = Arc<OnceCell<reqwest::Client>>;

/// How a request leaves this machine, and whom it trusts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    route: Route,
    proxy: Option<Url>,
    roots: Roots,
}

impl Clients {
    /// One request and its whole reply, on the engine's thread.
    pub(super) async fn send(
        &self,
        environment: &Environment,
        route: Route,
        request: http::Request<Vec<u8>>,
    ) -> Result<Reply, SendError> {
        let request: reqwest::Request =
            request.try_into().map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
        let url = request.url().clone();
        let way = Way::of(route, environment, &url)?;
        let proxy = way.proxy.clone();
        let client = self.client(way).await?;
        let (response, is_new) = connection::noting(client.execute(request)).await;
        let mut failed = Failed { route, url: &url, proxy: proxy.as_ref(), refused_with: None, is_new };
        let mut response = match response {
            Ok(response) => response,
            Err(error) => {
                if let (Some(refusal), Some(proxy)) = (failure::refusal(&error), &proxy) {
                    failed.refused_with = refusal.status(proxy, &url).await;
                }
                return Err(failed.because_of(error));
            }
        };
        // What ends from here on had begun to answer.
        failed.is_new = true;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let date = header(DATE).and_then(Timestamp::from_http_date);
        // At once, where it is known: a body that grows leaves parts of itself behind.
        let length = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let length = length.min(LONGEST_BODY);
        let mut reply = Reply {
            status: response.status().as_u16(),
            date,
            location: header(LOCATION).map(str::to_owned),
            retry_after: header(RETRY_AFTER).and_then(|text| retry_after(text.trim(), date)),
            body: Vec::with_capacity(length).into(),
        };
        while let Some(chunk) = response.chunk().await.map_err(|cause| failed.because_of(cause))? {
            if reply.body.len() + chunk.len() > LONGEST_BODY {
                return Err(SendError::new(Reason::TooLarge, "it was not read to its end"));
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }

    /// Makes the public client, and opens a connection with it: reqwest can only do that by asking for something. Where
    /// there is no TLS to agree on, a connection is not worth a request.
    pub(super) async fn prepare(&self, environment: &Environment, mut url: url::Url) {
        url.set_path("/");
        let request = http::Request::get(url.as_str()).body(Vec::new());
        if let (Ok(request), "https") = (request, url.scheme()) {
            // Whatever comes of it, a connection may be left in the pool.
            let opening = self.send(environment, Route::Public, request);
            let _ = tokio::time::timeout(CONNECT_TIMEOUT, opening).await;
        }
    }

    /// The client of a route, made once, off the engine's thread: reading root certificates takes a millisecond or more.
    async fn client(&self, way: Way) -> Result<reqwest::Client, SendError> {
        let cell = {
            let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if clients.len() >= MOST_CLIENTS && !clients.contains_key(&way) {
                clients.clear();
            }
            Arc::clone(clients.entry(way.clone()).or_default())
        };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        let made = tokio::task::spawn_blocking(move || cell.get_or_try_init(|| way.client()).cloned());
        made.await.map_err(|cause| SendError::new(Reason::Unsendable, cause))?
    }
}

impl Way {
    fn of(route: Route, environment: &Environment, url: &Url) -> Result<Way, SendError> {
        Ok(match route {
            Route::LinkLocal => Way { route, proxy: None, roots: Roots::default() },
            Route::Public => Way { route, proxy: proxy::choose(environment, url)?, roots: Roots::of(environment) },
        })
    }

    fn client(&self) -> Result<reqwest::Client, SendError> {
        let unsendable = |cause: reqwest::Error| SendError::new(Reason::Unsendable, cause.without_url());
        // `no_proxy` also keeps reqwest from reading the process environment, which is not ours to read here.
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE_CONNECTION)
            .dns_resolver(connection::Resolver)
            .connector_layer(connection::Noting);
        let builder = match self.route {
            Route::LinkLocal => builder
                .connect_timeout(METADATA_TIMEOUT)
                .read_timeout(METADATA_TIMEOUT)
                .tls_backend_preconfigured(tls::client_config(rustls::RootCertStore::empty())?),
            Route::Public => builder
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .tls_backend_preconfigured(tls::client_config(self.roots.read()?)?),
        };
        let builder = match &self.proxy {
            None => builder,
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(unsendable)?),
        };
        builder.build().map_err(unsendable)
    }
}

/// A number of seconds, or a time of the clock that the reply's own date shows (RFC 9110, section 10.2.3).
fn retry_after(text: &str, date: Option<Timestamp>) -> Option<Duration> {
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(Timestamp::from_http_date(text)?.since(date?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_time_of_the_services_own_clock() {
        let date = Timestamp::from_http_date("Tue, 24 Nov 2026 11:47:27 GMT");
        assert_eq!(retry_after("3", None), Some(Duration::from_secs(3)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 11:47:32 GMT", date), Some(Duration::from_secs(5)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 11:47:20 GMT", date), Some(Duration::ZERO), "it has passed");
        assert_eq!(retry_after("Tue, 24 Nov 2026 11:47:32 GMT", None), None);
        assert_eq!(retry_after("soon", date), None);
    }
}
