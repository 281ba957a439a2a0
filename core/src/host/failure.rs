//! What kept a request from being answered, in words: a name, a refusal, a certificate, a proxy, a connection that ended.

use super::connection::UnknownName;
use super::{Reason, Route, SendError, tunnel};
use crate::time::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;
use std::error::Error;
use std::io;
use std::time::Duration;
use url::Url;

const CHECK_THE_PROXY: &str = "check the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names; NO_PROXY lists the hosts that are reached without it";

/// One request that failed.
pub(super) struct Failed<'a> {
    pub(super) route: Route,
    pub(super) url: &'a Url,
    /// The proxy that it went through.
    pub(super) proxy: Option<&'a Url>,
    /// The status with which the proxy refused to connect, if it did and that is known.
    pub(super) refused_with: Option<u16>,
    /// Whether a connection was made for it.
    pub(super) is_new: bool,
}

impl Failed<'_> {
    pub(super) fn because_of(&self, error: reqwest::Error) -> SendError {
        let error = error.without_url();
        let (reason, explained) = match self.explained(&error) {
            Some(Explained { reason, says, hint }) => (reason, Some((says, hint))),
            None => (self.reason(&error), None),
        };
        let failure = SendError::new(reason, error);
        match explained {
            Some((says, Some(hint))) => failure.saying(says).hinting(hint),
            Some((says, None)) => failure.saying(says),
            None => failure,
        }
    }

    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    fn reason(&self, error: &reqwest::Error) -> Reason {
        if error.is_connect() && (self.route == Route::Public || !error.is_timeout()) {
            // Worth another try to Google; a metadata service that lets a connection hang is not there.
            Reason::Connect
        } else if error.is_timeout() {
            Reason::Timeout
        } else if error.is_builder() {
            Reason::Unsendable
        } else if self.is_new {
            Reason::Interrupted
        } else {
            Reason::KeptConnection
        }
    }

    fn explained(&self, error: &reqwest::Error) -> Option<Explained> {
        if !error.is_connect() {
            return None;
        }
        if let Some(tls) = causes(error).find_map(inner::<rustls::Error>) {
            return Some(self.tls(tls));
        }
        if let Some(unknown) = causes(error).find_map(|cause| cause.downcast_ref::<UnknownName>()) {
            return Some(Explained {
                reason: Reason::Connect,
                says: format!("the name `{}` has no address (DNS)", unknown.name),
                hint: Some(
                    "check the name, and the DNS of this machine; where there is none, HTTPS_PROXY names a proxy",
                ),
            });
        }
        if refusal(error).is_some() {
            return Some(self.refused_by_the_proxy());
        }
        let io = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>())?;
        self.io(io.kind())
    }

    fn tls(&self, error: &rustls::Error) -> Explained {
        use CertificateError as C;
        let rustls::Error::InvalidCertificate(problem) = error else {
            let says = format!("TLS could not be set up: {error}");
            return Explained { reason: Reason::Connect, says, hint: self.proxy.map(|_| CHECK_THE_PROXY) };
        };
        let shows = |time: &UnixTime| format!("this machine's clock shows {:?}", moment(*time));
        let (why, hint) = match problem {
            C::UnknownIssuer => (
                "its issuer is none of the root certificates".to_owned(),
                "if a proxy inspects TLS here, add its root certificate: NODE_EXTRA_CA_CERTS names a PEM file of roots \
                 besides the system's, SSL_CERT_FILE one in their place",
            ),
            C::ExpiredContext { time, not_after } => (
                format!("it ended at {:?}, and {}", moment(*not_after), shows(time)),
                "set this machine's clock if it is wrong; else the certificate is to be renewed by whoever shows it",
            ),
            C::NotValidYetContext { time, not_before } => (
                format!("it is not valid before {:?}, and {}", moment(*not_before), shows(time)),
                "set this machine's clock",
            ),
            C::NotValidForName | C::NotValidForNameContext { .. } => (
                format!("it is another's and not that of `{}`", self.host()),
                "check what answers for that name: DNS, and the proxy that HTTPS_PROXY names",
            ),
            other => (
                other.to_string(),
                "check what answers for that name, and the root certificates: SSL_CERT_FILE names a PEM file of them, \
                 NODE_EXTRA_CA_CERTS one of more",
            ),
        };
        let says = format!("its certificate is not trusted: {why}");
        Explained { reason: Reason::Setup, says, hint: Some(hint) }
    }

    fn refused_by_the_proxy(&self) -> Explained {
        let (proxy, host) = (self.proxy.map(tunnel::authority).unwrap_or_default(), self.host());
        let (reason, hint) = match self.refused_with {
            Some(407) => {
                (Reason::Setup, "name a user and a password in the proxy's URL: http://USER:PASSWORD@HOST:PORT")
            }
            Some(400..=499) => (
                Reason::Setup,
                "have the proxy allow that host, or except it with NO_PROXY if it is reached without the proxy",
            ),
            // A proxy that is out of order may be well again.
            _ => (Reason::Connect, CHECK_THE_PROXY),
        };
        let says = match self.refused_with {
            Some(407) => format!("the proxy at `{proxy}` asks for a user and a password (407)"),
            Some(status) => format!("the proxy at `{proxy}` does not connect to `{host}` ({status})"),
            None => format!("the proxy at `{proxy}` does not connect to `{host}`"),
        };
        Explained { reason, says, hint: Some(hint) }
    }

    fn io(&self, kind: io::ErrorKind) -> Option<Explained> {
        let what = match kind {
            io::ErrorKind::ConnectionRefused => "refused the connection",
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                "reset the connection while it was being set up (TLS)"
            }
            io::ErrorKind::UnexpectedEof => "ended the connection while it was being set up (TLS)",
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
                "is on a network without a route to it"
            }
            _ => return None,
        };
        let says = match self.proxy {
            Some(proxy) => format!("the proxy at `{}` {what}", tunnel::authority(proxy)),
            None => format!("it {what}"),
        };
        Some(Explained { reason: Reason::Connect, says, hint: self.proxy.map(|_| CHECK_THE_PROXY) })
    }
}

struct Explained {
    reason: Reason,
    says: String,
    hint: Option<&'static str>,
}

/// Whether a proxy refused to connect.
pub(super) fn refusal(error: &reqwest::Error) -> Option<tunnel::Refusal> {
    causes(error).find_map(tunnel::Refusal::of)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

/// An I/O error holds its cause where `source` does not show it.
fn inner<'a, T: Error + 'static>(cause: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let held = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.downcast_ref::<T>().or_else(|| held.and_then(|held| held.downcast_ref::<T>()))
}

fn moment(time: UnixTime) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(time.as_secs()))
}
