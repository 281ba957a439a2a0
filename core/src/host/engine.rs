//! The one thread on which every flight of this process runs: a tokio runtime of its own, its HTTP clients inside it.
//!
//! Callers only wait, on whatever executor they have, so a flight outlives its caller, the caller's runtime and event
//! loop. Nothing here is process-wide: the engine belongs to one process's state, a fork's child makes its own, and the
//! parent's is forgotten there, never dropped.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::{CONNECT_TIMEOUT, Reason, Route, SendError};
use crate::env_names;
use crate::environment::Environment;
use crate::reply::Reply;
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use http::header::{DATE, RETRY_AFTER};
use once_cell::sync::OnceCell;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime;

const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Link-local: it answers in a millisecond or is not there.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
/// Longer than the pause between the two calls of one mint, shorter than a load balancer keeps an idle connection.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
/// One for each route and environment is the rule; a program that changes its proxies time and again piles up none.
const MOST_CLIENTS: usize = 8;
/// No honest reply comes near it.
const LONGEST_BODY: usize = 1024 * 1024;

/// Where Linux distributions and the BSDs keep all their roots in one file; reading it takes a third of the time that
/// scanning the folder of single ones does. (Debian, Fedora, openSUSE, CentOS, Alpine and FreeBSD, in this order.)
#[cfg(all(unix, not(target_os = "macos")))]
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// A running engine.
pub(super) struct Engine {
    runtime: runtime::Handle,
    clients: Mutex<HashMap<(Route, Network), Client>>,
}

/// Made when it is first needed.
type Client = Arc<OnceCell<reqwest::Client>>;

impl Engine {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Engine> {
        let runtime = runtime::Builder::new_current_thread().enable_all().thread_name("rolebridge-io").build()?;
        let handle = runtime.handle().clone();
        let runtime = Unstarted(Some(runtime));
        // A second thread looks names up and reads certificates. Where there is none to be had the runtime would panic, so it
        // is shown first that both can be there at once.
        let (engine_is_there, wait) = std::sync::mpsc::channel::<()>();
        std::thread::Builder::new().spawn(move || wait.recv())?;
        std::thread::Builder::new().name("rolebridge".to_owned()).spawn(move || runtime.run())?;
        drop(engine_is_there);
        Ok(Engine { runtime: handle, clients: Mutex::default() })
    }

    pub(super) fn spawn(&self, flight: BoxFuture<'static, ()>) {
        self.runtime.spawn(flight);
    }

    /// One request and its whole reply, on the engine's thread.
    pub(super) async fn send(
        &self,
        environment: &Environment,
        route: Route,
        request: http::Request<Vec<u8>>,
    ) -> Result<Reply, SendError> {
        let client = self.client(route, Network::of(route, environment)).await?;
        let request = request.try_into().map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
        let mut response = client.execute(request).await.map_err(|cause| send_error(route, cause))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let mut reply = Reply {
            status: response.status().as_u16(),
            date: header(DATE).and_then(Timestamp::from_http_date),
            retry_after: header(RETRY_AFTER).and_then(|text| text.trim().parse().ok()).map(Duration::from_secs),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(|cause| send_error(route, cause))? {
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
    async fn client(&self, route: Route, network: Network) -> Result<reqwest::Client, SendError> {
        let cell = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if clients.len() >= MOST_CLIENTS && !clients.contains_key(&(route, network.clone())) {
                clients.clear();
            }
            Arc::clone(clients.entry((route, network.clone())).or_default())
        };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        let made = self.runtime.spawn_blocking(move || cell.get_or_try_init(|| network.client(route)).cloned());
        made.await.map_err(|cause| SendError::new(Reason::Unsendable, cause))?
    }
}

/// A runtime on its way to a thread. If there is none to be had, it is dropped where its maker stands, which may be inside
/// another runtime: dropped as it is, it would panic there.
struct Unstarted(Option<runtime::Runtime>);

impl Unstarted {
    fn run(mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.block_on(std::future::pending::<()>());
        }
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the environment says about reaching Google: proxies and root certificates.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Network {
    https_proxy: Option<String>,
    http_proxy: Option<String>,
    no_proxy: Option<String>,
    root_file: Option<String>,
    root_folders: Option<String>,
    more_roots: Option<String>,
}

impl Network {
    fn of(route: Route, environment: &Environment) -> Network {
        if route == Route::LinkLocal {
            return Network::default();
        }
        let first =
            |names: &[&str]| names.iter().find_map(|name| environment.value(name)).map(|value| value.trim().to_owned());
        let all = [env_names::ALL_PROXY, env_names::all_proxy];
        Network {
            https_proxy: first(&[env_names::HTTPS_PROXY, env_names::https_proxy]).or_else(|| first(&all)),
            http_proxy: first(&[env_names::HTTP_PROXY, env_names::http_proxy]).or_else(|| first(&all)),
            no_proxy: first(&[env_names::NO_PROXY, env_names::no_proxy]),
            root_file: first(&[env_names::SSL_CERT_FILE, env_names::REQUESTS_CA_BUNDLE, env_names::CURL_CA_BUNDLE]),
            root_folders: first(&[env_names::SSL_CERT_DIR]),
            more_roots: first(&[env_names::NODE_EXTRA_CA_CERTS]),
        }
    }

    fn client(&self, route: Route) -> Result<reqwest::Client, SendError> {
        let unsendable = |cause: reqwest::Error| SendError::new(Reason::Unsendable, cause.without_url());
        // `no_proxy` also keeps reqwest from reading the process environment, which is not ours to read here.
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE_CONNECTION);
        let builder = match route {
            Route::LinkLocal => builder
                .connect_timeout(METADATA_TIMEOUT)
                .read_timeout(METADATA_TIMEOUT)
                .tls_backend_preconfigured(tls(rustls::RootCertStore::empty())?),
            Route::Public => {
                let mut builder = builder
                    .connect_timeout(CONNECT_TIMEOUT)
                    .read_timeout(READ_TIMEOUT)
                    .tls_backend_preconfigured(tls(self.roots()?)?);
                let exceptions = self.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
                if let Some(proxy) = &self.https_proxy {
                    builder = builder.proxy(proxy_at(proxy, reqwest::Proxy::https)?.no_proxy(exceptions.clone()));
                }
                if let Some(proxy) = &self.http_proxy {
                    builder = builder.proxy(proxy_at(proxy, reqwest::Proxy::http)?.no_proxy(exceptions));
                }
                builder
            }
        };
        builder.build().map_err(unsendable)
    }

    /// What the environment names, else the system's, else those compiled in (an image may have none at all); and on
    /// top of them what Node was told to add.
    fn roots(&self) -> Result<rustls::RootCertStore, SendError> {
        let mut roots = rustls::RootCertStore::empty();
        let mut add = |certificates: Vec<CertificateDer<'static>>| roots.add_parsable_certificates(certificates).0;
        if let Some(file) = &self.root_file {
            add(certificates(Path::new(file))?);
        }
        for folder in self.root_folders.iter().flat_map(std::env::split_paths) {
            add(certificates_in_folder(&folder)?);
        }
        if self.root_file.is_none() && self.root_folders.is_none() && add(system_certificates()) == 0 {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(more) = self.more_roots.as_ref().and_then(|file| certificates(Path::new(file)).ok()) {
            // A file that cannot be read is passed over, as Node does.
            roots.add_parsable_certificates(more);
        }
        if roots.is_empty() {
            return Err(setup("the root certificates that the environment names hold none"));
        }
        Ok(roots)
    }
}

/// A proxy that speaks HTTP. Its URL is shown to nobody: a password may be part of it.
fn proxy_at(url: &str, of_scheme: fn(String) -> reqwest::Result<reqwest::Proxy>) -> Result<reqwest::Proxy, SendError> {
    if url.contains("://") && !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(setup("the proxy that the environment names is not an HTTP proxy (SOCKS is not supported)"));
    }
    of_scheme(url.to_owned()).map_err(|_| setup("the proxy that the environment names is not a URL"))
}

/// What the environment says cannot be used.
fn setup(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SendError {
    SendError::new(Reason::Setup, problem)
}

/// The ring provider, given explicitly: with two providers in one program rustls could not choose.
fn tls(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, SendError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Of a file, or, since requests takes one too, of a folder.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, SendError> {
    if file.is_dir() {
        return certificates_in_folder(file);
    }
    let unreadable = |cause: &dyn std::fmt::Display| {
        setup(format!("the root certificates in `{}` cannot be read: {cause}", file.display()))
    };
    let pem = std::fs::read(file).map_err(|cause| unreadable(&cause))?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|cause| unreadable(&cause))
}

fn certificates_in_folder(folder: &Path) -> Result<Vec<CertificateDer<'static>>, SendError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|cause| setup(format!("the root certificates in `{}` cannot be read: {cause}", folder.display())))?;
    // A folder of roots also holds other files, and other folders; what is no certificate is passed over.
    let files = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| !path.is_dir());
    Ok(files.filter_map(|file| certificates(&file).ok()).flatten().collect())
}

#[cfg(all(unix, not(target_os = "macos")))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    let pem = SYSTEM_BUNDLES.iter().find_map(|file| std::fs::read(file).ok()).unwrap_or_default();
    // One damaged section does not cost the others.
    CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn send_error(route: Route, error: reqwest::Error) -> SendError {
    let reason = if error.is_connect() && (route == Route::Public || !error.is_timeout()) {
        // Worth another try to Google; a metadata service that lets a connection hang is not there.
        Reason::Connect
    } else if error.is_timeout() {
        Reason::Timeout
    } else if error.is_builder() {
        Reason::Unsendable
    } else {
        Reason::Interrupted
    };
    SendError::new(reason, error.without_url())
}
