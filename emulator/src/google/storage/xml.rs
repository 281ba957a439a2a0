//! The XML API, as signed URLs and the uploads in parts of the clients' transfer managers use it.
//!
//! <https://cloud.google.com/storage/docs/xml-api/overview>

use super::objects::{self, Writing, find, write};
use super::precondition::Precondition;
use super::problem::{Problem, element};
use super::signed_url;
use super::{Outcome, Permission, authorize, download, permit, reading, writing};
use crate::facts::Facts;
use crate::http::{self, Answer, Request, header_text, text};
use crate::route::Route;
use crate::store::object::Digests;
use crate::store::{Multipart, Part};
use hyper::body::Bytes;
use hyper::header::{ETAG, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// All parts but the last are as long as this at least.
const SMALLEST_PART: usize = 5 * 1024 * 1024;
const MOST_PARTS: u32 = 10_000;

type Handler = fn(&mut Facts, &Request, &str, &str) -> Outcome;

/// `bucket` is that of the host name, if one names it. Without a host name only a query tells this API from nothing.
pub(super) fn route(host: Option<&str>, bucket: Option<&str>, request: &Request) -> Option<Route> {
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name);
    let is_part = has("uploads") || has("uploadId");
    if host.is_none() && !is_part && !signed_url::is_signed(query) {
        return None;
    }
    let path = request.uri().path().strip_prefix('/')?;
    let (bucket, name) = match bucket {
        Some(bucket) => (bucket, path),
        None => path.split_once('/')?,
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (bucket, name) = (decode(bucket), decode(name));
    if bucket.is_empty() || name.is_empty() {
        return None;
    }
    let (operation, answer): (_, Handler) = match request.method().as_str() {
        "GET" | "HEAD" if !is_part => ("storage.download", get),
        "PUT" if !is_part => ("storage.insertObject", put),
        "DELETE" if !is_part => ("storage.deleteObject", delete),
        "POST" if has("uploads") => ("storage.startMultipart", begin),
        "PUT" if has("partNumber") => ("storage.uploadPart", put_part),
        "POST" if has("uploadId") => ("storage.completeMultipart", complete),
        "DELETE" => ("storage.abortMultipart", abort),
        _ => return None,
    };
    Some(Route::new(operation, move |facts, request| -> Answer {
        answer(facts, request, &bucket, &name).map_err(Problem::xml)
    }))
}

/// The signature in the address or the bearer in the header may do this.
fn admit(facts: &mut Facts, request: &Request, permission: Permission) -> Result<(), Problem> {
    if !signed_url::is_signed(request.uri().query().unwrap_or_default()) {
        return authorize(facts, request, permission);
    }
    let signer = signed_url::signer(facts, request)?;
    permit(facts, &signer, permission)
}

fn get(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, reading("storage.objects.get"))?;
    let object = find(facts, request, bucket, name)?;
    let mut reply = download::send(object, request)?;
    for (parameter, header) in [
        ("response-content-type", hyper::header::CONTENT_TYPE),
        ("response-content-disposition", hyper::header::CONTENT_DISPOSITION),
    ] {
        let value = http::query(request, parameter).and_then(|value| HeaderValue::try_from(value).ok());
        if let Some(value) = value {
            reply.headers_mut().insert(header, value);
        }
    }
    Ok(reply)
}

fn put(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.objects.create"))?;
    let writing = Writing {
        bucket,
        name,
        bytes: request.body().clone(),
        described: &described(request),
        precondition: Precondition::of_headers(request)?,
        components: None,
    };
    let object = write(facts, request, writing)?;
    let mut reply = text(200, "text/html; charset=UTF-8", "");
    download::describe(&mut reply, &object);
    Ok(reply)
}

fn delete(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.objects.delete"))?;
    objects::remove(facts, request, bucket, name)
}

/// What the headers say of a new object.
fn described(request: &Request) -> Map<String, Value> {
    let mut described = Map::new();
    for (header, member) in [
        ("content-type", "contentType"),
        ("cache-control", "cacheControl"),
        ("content-disposition", "contentDisposition"),
        ("content-encoding", "contentEncoding"),
        ("content-language", "contentLanguage"),
    ] {
        described.extend(header_text(request, header).map(|value| (member.to_owned(), value.into())));
    }
    let metadata: Map<String, Value> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix("x-goog-meta-")?.to_owned(), value.to_str().ok()?.into()))
        })
        .collect();
    if !metadata.is_empty() {
        described.insert("metadata".into(), metadata.into());
    }
    described
}

fn begin(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.objects.create"))?;
    if !facts.store.buckets.contains_key(bucket) {
        return Err(Problem::no_bucket());
    }
    let (parts, described) = (BTreeMap::new(), described(request));
    let multipart = Multipart { bucket: bucket.into(), name: name.into(), described, parts };
    let id = facts.store.begin_multipart(multipart);
    Ok(result("InitiateMultipartUploadResult", &[("Bucket", bucket), ("Key", name), ("UploadId", &id)]))
}

/// The upload that a request names, if it is one of this object.
fn multipart<'f>(
    facts: &'f mut Facts,
    request: &Request,
    bucket: &str,
    name: &str,
) -> Result<(String, &'f mut Multipart), Problem> {
    let id = http::query(request, "uploadId").unwrap_or_default();
    let found = facts.store.multiparts.get_mut(&id).filter(|found| found.bucket == bucket && found.name == name);
    Ok((id, found.ok_or_else(Problem::no_upload)?))
}

fn put_part(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.objects.create"))?;
    let number = http::query(request, "partNumber").and_then(|number| number.parse().ok());
    let number = number.filter(|number| (1..=MOST_PARTS).contains(number));
    let number = number.ok_or_else(|| Problem::invalid("The part number must be between 1 and 10000."))?;
    let (_, multipart) = multipart(facts, request, bucket, name)?;
    let digests = Digests::of(request.body());
    objects::check_digests(&digests, &Map::new(), request)?;
    let mut reply = text(200, "text/html; charset=UTF-8", "");
    let headers = reply.headers_mut();
    let hashes = HeaderValue::try_from(digests.header()).expect("base64 is ASCII");
    headers.insert(HeaderName::from_static("x-goog-hash"), hashes);
    headers.insert(ETAG, HeaderValue::try_from(part_tag(&digests)).expect("hexadecimal is ASCII"));
    multipart.parts.insert(number, Part { bytes: request.body().clone(), digests });
    Ok(reply)
}

fn complete(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.objects.create"))?;
    let (id, multipart) = multipart(facts, request, bucket, name)?;
    let wanted = wanted_parts(&String::from_utf8_lossy(request.body()))?;
    let mut bytes = Vec::new();
    for (index, (number, tag)) in wanted.iter().enumerate() {
        let part = multipart.parts.get(number).filter(|part| part_tag(&part.digests).trim_matches('"') == tag);
        let part = part.ok_or_else(Problem::invalid_part)?;
        if index + 1 < wanted.len() && part.bytes.len() < SMALLEST_PART {
            return Err(Problem::part_too_small());
        }
        bytes.extend_from_slice(&part.bytes);
    }
    let described = multipart.described.clone();
    let writing = Writing {
        bucket,
        name,
        bytes: Bytes::from(bytes),
        described: &described,
        precondition: Precondition::of_headers(request)?,
        components: Some(wanted.len()),
    };
    let object = write(facts, request, writing)?;
    facts.store.multiparts.remove(&id);
    let tag = format!("\"{}\"", object.tag());
    Ok(result("CompleteMultipartUploadResult", &[("Bucket", bucket), ("Key", name), ("ETag", &tag)]))
}

fn abort(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    admit(facts, request, writing("storage.multipartUploads.abort"))?;
    let (id, _) = multipart(facts, request, bucket, name)?;
    facts.store.multiparts.remove(&id);
    Ok(text(204, "text/html; charset=UTF-8", ""))
}

/// Numbers and tags, in the order in which the parts are to be put together.
fn wanted_parts(body: &str) -> Result<Vec<(u32, String)>, Problem> {
    let inner = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inner, _) = rest.split_once(&format!("</{name}>"))?;
        Some(inner.replace("&quot;", "\"").trim().trim_matches('"').to_owned())
    };
    let parts: Option<Vec<(u32, String)>> = body
        .split("<Part>")
        .skip(1)
        .map(|part| Some((inner(part, "PartNumber")?.parse().ok()?, inner(part, "ETag")?)))
        .collect();
    let parts = parts.filter(|parts| !parts.is_empty() && parts.is_sorted_by(|one, next| one.0 < next.0));
    parts.ok_or_else(|| Problem::invalid("The parts must be named in ascending order."))
}

fn part_tag(digests: &Digests) -> String {
    format!("\"{}\"", digests.hexadecimal().unwrap_or_default())
}

/// Its type is one of text: Node's client reads no other.
fn result(name: &str, members: &[(&str, &str)]) -> http::Reply {
    let members: String = members.iter().map(|(name, text)| element(name, text)).collect();
    let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
    let body = format!("<?xml version='1.0' encoding='UTF-8'?><{name} xmlns='{namespace}'>{members}</{name}>");
    text(200, "text/html; charset=UTF-8", body)
}
