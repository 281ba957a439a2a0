//! The metadata server of Compute Engine for programs on this host: Google's libraries ask it for tokens, unmodified.
//!
//! `directory` is what can be asked and how values are written, `request` reads what is asked and refuses what must be,
//! `reply` shapes answers, `fresh` sees to it that a token lives on for a while, and `server` is the socket.

mod directory;
pub(crate) mod fresh;
mod reply;
mod request;
mod server;

pub(crate) use server::{Answered, Server, block_on};

use crate::error::Failure;
use crate::source;
use directory::{Account, Entry, Facts};
use hyper::header::HeaderMap;
use hyper::{Method, StatusCode, Uri};
use reply::Reply;
use request::{Asked, Form};
use rolebridge::binding;
use rolebridge::{Error, Kind, TokenSource};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// How long Google's libraries may wait for an answer: a mint takes up to thirty seconds, and their usual three are few.
const SECONDS_FOR_AN_ANSWER: &str = "35";

/// The variables by which Google's libraries find a server at this address and ask it alone.
pub(crate) fn variables(address: SocketAddr) -> [(&'static str, String); 6] {
    [
        ("GCE_METADATA_HOST", address.to_string()),
        ("GCE_METADATA_ROOT", address.to_string()),
        ("GCE_METADATA_IP", address.to_string()),
        ("METADATA_SERVER_DETECTION", "assume-present".to_owned()),
        ("GCE_METADATA_MTLS_MODE", "none".to_owned()),
        ("GCE_METADATA_TIMEOUT", SECONDS_FOR_AN_ANSWER.to_owned()),
    ]
}

/// What one server answers, for one source of tokens.
pub(crate) struct Metadata {
    source: TokenSource,
    root: Entry,
    /// Whether a request must name this host by an address or as itself: a web page whose own name leads here names its
    /// own. Only where the server is on loopback, since elsewhere any name may be this host's.
    needs_own_name: bool,
}

impl Metadata {
    pub(crate) fn new(source: &TokenSource, address: SocketAddr) -> Metadata {
        let provider = source::provider(source);
        let facts = Facts {
            account: match source.service_account() {
                Some(email) => Account { name: email.to_owned(), gives_id_tokens: true },
                None => Account { name: provider.pool, gives_id_tokens: false },
            },
            scopes: source.scopes().to_vec(),
            project: source.project().map(str::to_owned),
            project_number: provider.project_number,
            universe_domain: source.universe_domain().to_owned(),
        };
        Metadata { source: source.clone(), root: Entry::root(facts), needs_own_name: address.ip().is_loopback() }
    }

    /// The answer, and what kept it from being the one that was asked for.
    async fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> (Reply, Option<Failure>) {
        let asked = match request::read(method, uri, headers, self.needs_own_name) {
            Ok(asked) => asked,
            Err(refusal) => return (reply::refusal(refusal), None),
        };
        let result = match self.root.find(&asked.path) {
            None => return (reply::refusal(request::NOTHING_HERE), None),
            Some(Entry::Token) => self.token(&asked).await,
            Some(Entry::Identity) => match asked.audience() {
                Ok(audience) => self.identity(&audience).await,
                Err(refusal) => return (reply::refusal(refusal), None),
            },
            Some(entry) => Ok(match asked.form() {
                Form::Text => reply::text(entry.text()),
                Form::Paths => reply::text(entry.paths()),
                Form::Json => reply::json(&entry.json()),
            }),
        };
        match result {
            Ok(reply) => (reply, None),
            Err(error) => (failed(&error), Some(error.into())),
        }
    }

    async fn token(&self, asked: &Asked) -> Result<Reply, Error> {
        let scopes = asked.scopes();
        let source = if scopes.is_empty() { self.source.clone() } else { self.source.with_scopes(scopes) };
        let token = fresh::token(&source).await?;
        let life = token.expires_at().duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
        Ok(reply::json(&json!({
            "access_token": token.value(),
            "expires_in": life.as_secs(),
            "token_type": "Bearer",
        })))
    }

    async fn identity(&self, audience: &str) -> Result<Reply, Error> {
        let source = binding::id_tokens(&self.source, audience, true)?;
        Ok(reply::text(fresh::token(&source).await?.value().to_owned()))
    }
}

/// Google's libraries try again after a 503, and show their user the body of any other.
fn failed(error: &Error) -> Reply {
    let status =
        if error.kind() == Kind::Unavailable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
    reply::plain(status, format!("{error}\n"))
}
