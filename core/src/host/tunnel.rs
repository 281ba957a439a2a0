//! What a proxy answers to `CONNECT`. The HTTP client tells no more of it than whether it was 200 or 407, so a proxy that
//! refuses is asked once more, for its status.

use base64::Engine;
use percent_encoding::percent_decode_str;
use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;
use zeroize::Zeroizing;

/// A proxy that has just answered answers again at once.
const LONGEST: Duration = Duration::from_secs(2);

/// How much of an answer is read: `HTTP/1.1 403`.
const STATUS_LINE: usize = 12;

/// A proxy's refusal to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 407.
    AsksForPassword,
    /// Another status.
    Other,
}

impl Refusal {
    /// The client's own type for it is not public, but its words are.
    pub(super) fn of(cause: &(dyn Error + 'static)) -> Option<Refusal> {
        match cause.to_string().as_str() {
            "tunnel error: proxy authorization required" => Some(Refusal::AsksForPassword),
            "tunnel error: unsuccessful" => Some(Refusal::Other),
            _ => None,
        }
    }

    /// The status with which it was refused, if it can be learnt.
    pub(super) async fn status(self, proxy: &Url, url: &Url) -> Option<u16> {
        match self {
            Refusal::AsksForPassword => Some(407),
            Refusal::Other => tokio::time::timeout(LONGEST, ask(proxy, url)).await.ok()?,
        }
    }
}

/// A URL's host and port, without the password that it may hold.
pub(super) fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// A proxy that is itself spoken to over TLS is not asked.
async fn ask(proxy: &Url, url: &Url) -> Option<u16> {
    if proxy.scheme() != "http" {
        return None;
    }
    let address = (proxy.host_str()?.trim_matches(['[', ']']), proxy.port_or_known_default()?);
    let mut stream = TcpStream::connect(address).await.ok()?;
    let (target, authorization) = (authority(url), authorization(proxy));
    let request =
        Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", authorization.as_str()));
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut line = [0; STATUS_LINE];
    stream.read_exact(&mut line).await.ok()?;
    let (_, status) = std::str::from_utf8(&line).ok()?.split_once(' ')?;
    status.parse().ok()
}

/// The header of a proxy's user and password, if its URL holds them.
fn authorization(proxy: &Url) -> Zeroizing<String> {
    if proxy.username().is_empty() && proxy.password().is_none() {
        return Zeroizing::default();
    }
    let decoded = |text: &str| Zeroizing::new(percent_decode_str(text).decode_utf8_lossy().into_owned());
    let (user, password) = (decoded(proxy.username()), decoded(proxy.password().unwrap_or_default()));
    let pair = Zeroizing::new(format!("{}:{}", user.as_str(), password.as_str()));
    let basic = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Proxy-Authorization: Basic {}\r\n", basic.as_str()))
}
