//! Cloud Storage: objects that are really kept, with checksums that clients can verify, for those who may.

mod access;
mod listing;
mod objects;
mod parts;
mod sessions;
mod signed_urls;

use crate::support::{Reply, client, get, send};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::blocking::RequestBuilder;
use rolebridge_emulator::World;

/// What `123456789` comes to, as published for either algorithm.
const DIGITS: &str = "123456789";
const DIGITS_CRC32C: &str = "4waSgw==";
const DIGITS_MD5: &str = "JfnnlDI7RTiF9RgfG2JNCw==";

fn bucket(world: &World) -> String {
    format!("{}/storage/v1/b/my-bucket", world.google_url)
}

fn object(world: &World, name: &str) -> String {
    format!("{}/o/{}", bucket(world), encoded(name))
}

/// Where bytes are sent to, with the parameters that follow.
fn upload(world: &World, query: &str) -> String {
    format!("{}/upload/storage/v1/b/my-bucket/o?{query}", world.google_url)
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// Makes an object in one request.
fn put(world: &World, bearer: &str, name: &str, bytes: &str) -> Reply {
    send(putting(world, name, bytes).bearer_auth(bearer))
}

fn putting(world: &World, name: &str, bytes: &str) -> RequestBuilder {
    let url = upload(world, &format!("uploadType=media&name={}", encoded(name)));
    client().post(url).header("content-type", "text/plain").body(bytes.to_owned())
}

fn download(world: &World, bearer: &str, name: &str) -> Reply {
    get(format!("{}?alt=media", object(world, name)), bearer)
}
