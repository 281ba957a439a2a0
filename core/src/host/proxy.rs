//! Which proxy a request goes through, by the variables of curl and Go. Pure.
//!
//! 1. `HTTPS_PROXY` is for https, `HTTP_PROXY` for http, `ALL_PROXY` for what has none; each also in lower case. Only the
//!    variable that a request would use is read, so a wrong one of the others costs nothing.
//! 2. `NO_PROXY` lists the exceptions, separated by commas or blanks: `*` for every host; an address or a network such as
//!    `10.0.0.0/8`; a domain, which stands for its subdomains too (`.example.com` and `*.example.com` for these alone); each
//!    with or without a port. A dot at the end of a name says nothing.
//! 3. A proxy speaks HTTP. Its URL is shown to nobody, since a password may be part of it.

use super::{Reason, SendError};
use crate::env_names;
use crate::environment::Environment;
use std::net::IpAddr;
use url::{Host, Url};

/// The proxy for a request to `url`; none if it goes straight to its host.
///
/// # Errors
/// If the variable that this request would use names no proxy that can be used.
pub(super) fn choose(environment: &Environment, url: &Url) -> Result<Option<Url>, SendError> {
    let names = match url.scheme() {
        "https" => [env_names::HTTPS_PROXY, env_names::https_proxy],
        _ => [env_names::HTTP_PROXY, env_names::http_proxy],
    };
    let names = names.into_iter().chain([env_names::ALL_PROXY, env_names::all_proxy]);
    let Some((name, value)) = names.filter_map(|name| Some((name, environment.value(name)?))).next() else {
        return Ok(None);
    };
    let exceptions = [env_names::NO_PROXY, env_names::no_proxy].into_iter().find_map(|name| environment.value(name));
    if exceptions.is_some_and(|exceptions| is_exempt(exceptions, url)) {
        return Ok(None);
    }
    parse(value.trim())
        .map(Some)
        .map_err(|problem| SendError::new(Reason::Setup, format!("the proxy that `{name}` names {problem}")))
}

fn parse(text: &str) -> Result<Url, &'static str> {
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.map_err(|_| "is not a URL")?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        "http" | "https" => Err("is not a URL with a host"),
        _ => Err("is not an HTTP proxy (SOCKS is not supported)"),
    }
}

fn is_exempt(exceptions: &str, url: &Url) -> bool {
    let Some(host) = url.host() else { return false };
    let port = url.port_or_known_default();
    let entries = exceptions.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
    entries.map(Exception::parse).any(|exception| exception.covers(&host, port))
}

/// One entry of `NO_PROXY`.
struct Exception<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Exception<'a> {
    fn parse(entry: &'a str) -> Exception<'a> {
        let is_bare_ipv6 = entry.parse::<IpAddr>().is_ok() || entry.contains('/');
        let port = entry.rsplit_once(':').filter(|_| !is_bare_ipv6);
        match port.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            Some((host, port)) => Exception { host, port: Some(port) },
            None => Exception { host: entry, port: None },
        }
    }

    fn covers(&self, host: &Host<&str>, port: Option<u16>) -> bool {
        if self.port.is_some_and(|wanted| Some(wanted) != port) {
            return false;
        }
        let address = match host {
            _ if self.host == "*" => return true,
            Host::Domain(name) => return is_in_domain(name, self.host),
            Host::Ipv4(address) => IpAddr::from(*address),
            Host::Ipv6(address) => IpAddr::from(*address),
        };
        let named = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_address = named.parse().is_ok_and(|named: IpAddr| named == address);
        is_address || named.parse().is_ok_and(|network: ipnet::IpNet| network.contains(&address))
    }
}

fn is_in_domain(name: &str, entry: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let entry = entry.trim_end_matches('.').to_ascii_lowercase();
    let entry = entry.strip_prefix('*').unwrap_or(&entry);
    match entry.strip_prefix('.') {
        Some("") => false,
        Some(_) => name.ends_with(entry),
        None => {
            !entry.is_empty() && (name == entry || name.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let environment = Environment::from_lookup(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let url = Url::parse(url).expect("a URL");
        choose(&environment, &url).map(|proxy| proxy.map(String::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_variable_that_a_request_would_use_is_read() {
        let variables =
            [("HTTPS_PROXY", "HTTP://good:3128"), ("HTTP_PROXY", "nonsense://"), ("ALL_PROXY", "socks5://x")];
        assert_eq!(chosen(&variables, "https://sts.googleapis.com/"), Ok(Some("http://good:3128/".to_owned())));
        assert!(chosen(&variables, "http://127.0.0.1/").is_err_and(|error| error.contains("`HTTP_PROXY`")));
        let socks = chosen(&[("all_proxy", "socks5://word:secret@x")], "https://sts.googleapis.com/");
        assert!(
            socks.is_err_and(|error| error.contains("`all_proxy`")
                && error.contains("SOCKS")
                && !error.contains("secret"))
        );
        assert_eq!(chosen(&[("https_proxy", "good:3128")], "https://x/"), Ok(Some("http://good:3128/".to_owned())));
        assert_eq!(chosen(&[], "https://x/"), Ok(None));
    }

    #[test]
    fn exceptions_are_those_of_curl_and_go() {
        let table = [
            ("sts.googleapis.com", true),
            ("googleapis.com", true),
            (".googleapis.com", true),
            ("*.googleapis.com", true),
            ("*.sts.googleapis.com", false),
            (".sts.googleapis.com", false),
            ("apis.com", false),
            ("GoogleAPIs.com.", true),
            ("googleapis.com:443", true),
            ("googleapis.com:8443", false),
            ("a.example, sts.googleapis.com", true),
            ("a.example sts.googleapis.com", true),
            ("*", true),
            (".", false),
            ("", false),
            ("10.0.0.0/8", false),
        ];
        for (exceptions, is_exempt) in table {
            let variables = [("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", exceptions)];
            let proxy = chosen(&variables, "https://sts.googleapis.com/").expect("a good proxy");
            assert_eq!(proxy.is_none(), is_exempt, "{exceptions}");
        }
    }

    #[test]
    fn addresses_are_exempt_by_themselves_and_by_their_network() {
        let table = [
            ("http://10.1.2.3/", "10.1.2.3", true),
            ("http://10.1.2.3/", "10.0.0.0/8", true),
            ("http://10.1.2.3:8080/", "10.1.2.3:8080", true),
            ("http://10.1.2.3:8080/", "10.1.2.3:80", false),
            ("http://11.1.2.3/", "10.0.0.0/8", false),
            ("http://[fd00::1]/", "fd00::1", true),
            ("http://[fd00::1]/", "[fd00::1]", true),
            ("http://[fd00::1]:81/", "[fd00::1]:81", true),
            ("http://[fd00::1]/", "fd00::/8", true),
        ];
        for (url, exceptions, is_exempt) in table {
            let variables = [("HTTP_PROXY", "http://proxy"), ("no_proxy", exceptions)];
            assert_eq!(chosen(&variables, url).expect("a good proxy").is_none(), is_exempt, "{url} {exceptions}");
        }
    }
}
