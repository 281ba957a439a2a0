//! Google's services by host name, and the way from a path to what answers it.

mod access;
mod attributes;
mod bigquery;
mod certificates;
pub(crate) mod credentials;
mod entries;
mod login;
mod operations;
mod page;
mod policies;
mod pools;
mod providers;
mod reply;
mod resource_manager;
mod service_accounts;
mod service_usage;
mod storage;
pub(crate) mod sts;
mod subject_token;
mod upload;

use crate::http::{Reply, Request, text};
use crate::route::Route;
use hyper::Method;
use percent_encoding::percent_decode_str;

type Service = fn(&Method, &[&str]) -> Option<Route>;

const SERVICES: [(&str, Service); 13] = [
    ("oauth2.googleapis.com", login::route),
    ("sts.googleapis.com", sts::route),
    ("iamcredentials.googleapis.com", credentials::route),
    ("iam.googleapis.com", pools::route),
    ("iam.googleapis.com", providers::route),
    ("iam.googleapis.com", operations::route),
    ("iam.googleapis.com", service_accounts::route),
    ("iam.googleapis.com", policies::route),
    ("serviceusage.googleapis.com", service_usage::route),
    ("cloudresourcemanager.googleapis.com", resource_manager::route),
    ("bigquery.googleapis.com", bigquery::route),
    ("www.googleapis.com", bigquery::route),
    ("www.googleapis.com", certificates::route),
];

pub(crate) fn is_host(name: &str) -> bool {
    SERVICES.iter().any(|(host, _)| *host == name) || storage::is_host(name)
}

/// Under a real host name only that host's service answers; without one, whichever knows the path.
pub(crate) fn route(host: Option<&str>, request: &Request) -> Route {
    let (method, path) = (request.method(), request.uri().path());
    let segments: Vec<String> =
        path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    SERVICES
        .iter()
        .filter(|(name, _)| host.is_none_or(|host| host == *name))
        .find_map(|(_, service)| service(method, &segments))
        .or_else(|| bigquery::upload_route(host, request, &segments))
        // Its operations differ by their query, and its XML API has every path.
        .or_else(|| storage::route(host, request, &segments))
        .unwrap_or_else(|| Route::new(name_of_nothing(host, path), |_, request| Ok(nothing_there(request))))
}

/// A client that opens its connections ahead asks for `/`; the log tells that from a mistake.
fn name_of_nothing(host: Option<&str>, path: &str) -> &'static str {
    match (host, path) {
        (Some("sts.googleapis.com"), "/") => "sts.root",
        (Some("iamcredentials.googleapis.com"), "/") => "iamcredentials.root",
        _ => "unknown",
    }
}

/// What Google's front end says of a path that belongs to no service.
fn nothing_there(request: &Request) -> Reply {
    let path = request.uri().path();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  \
         <p><b>404.</b> <ins>That's an error.</ins>\n  <p>The requested URL <code>{path}</code> was not found on this \
         server.  <ins>That's all we know.</ins>\n"
    );
    text(404, "text/html; charset=UTF-8", page)
}
