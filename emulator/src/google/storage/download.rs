//! The bytes of an object, or a range of them, as both APIs send them.

use super::objects::find;
use super::precondition::Precondition;
use super::problem::Problem;
use super::{Outcome, authorize, reading};
use crate::facts::Facts;
use crate::http::{Reply, Request, header_text, text};
use crate::store::object::Object;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, ETAG,
    HeaderName, HeaderValue, LAST_MODIFIED,
};
use std::ops::Range;

pub(super) fn media(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    authorize(facts, request, reading("storage.objects.get"))?;
    let object = find(facts, request, bucket, name)?;
    Precondition::of_query(request.uri().query().unwrap_or_default())?.of_reading(object)?;
    send(object, request)
}

pub(super) fn send(object: &Object, request: &Request) -> Outcome {
    let length = object.bytes.len();
    let range = header_text(request, "range").and_then(|range| parse(range, length));
    let content_type = object.text("contentType").unwrap_or("application/octet-stream");
    let mut reply = match range {
        None => text(200, content_type, object.bytes.clone()),
        Some(range) if range.is_empty() => return Err(Problem::range(length)),
        Some(range) => {
            let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let mut reply = text(206, content_type, object.bytes.slice(range));
            set(&mut reply, CONTENT_RANGE, &content_range);
            reply
        }
    };
    describe(&mut reply, object);
    Ok(reply)
}

/// What is asked for, as far as there is something; none where the header is not understood.
fn parse(range: &str, length: usize) -> Option<Range<usize>> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = (start.trim(), end.trim());
    let (start, end) = match (start.parse::<usize>().ok(), end.parse::<usize>().ok()) {
        (Some(start), Some(end)) if end >= start => (start, end.saturating_add(1).min(length)),
        (Some(start), None) if end.is_empty() => (start, length),
        (None, Some(last)) if start.is_empty() => (length.saturating_sub(last), length),
        _ => return None,
    };
    Some(start.min(end)..end)
}

/// The headers that go with an object, whatever of it is sent.
pub(super) fn describe(reply: &mut Reply, object: &Object) {
    let encoding = object.text("contentEncoding");
    let named = |name| HeaderName::from_static(name);
    set(reply, ACCEPT_RANGES, "bytes");
    set(reply, ETAG, &entity_tag(object));
    set(reply, LAST_MODIFIED, &object.updated.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    set(reply, named("x-goog-generation"), &object.generation.to_string());
    set(reply, named("x-goog-metageneration"), &object.metageneration.to_string());
    set(reply, named("x-goog-hash"), &object.digests.header());
    set(reply, named("x-goog-storage-class"), object.text("storageClass").unwrap_or("STANDARD"));
    set(reply, named("x-goog-stored-content-encoding"), encoding.unwrap_or("identity"));
    set(reply, named("x-goog-stored-content-length"), &object.bytes.len().to_string());
    for (name, header) in [
        ("cacheControl", CACHE_CONTROL),
        ("contentDisposition", CONTENT_DISPOSITION),
        ("contentEncoding", CONTENT_ENCODING),
        ("contentLanguage", CONTENT_LANGUAGE),
    ] {
        if let Some(value) = object.text(name) {
            set(reply, header, value);
        }
    }
    let metadata = object.described.get("metadata").and_then(|metadata| metadata.as_object());
    for (name, value) in metadata.into_iter().flatten() {
        let name = HeaderName::try_from(format!("x-goog-meta-{name}"));
        if let (Ok(name), Some(value)) = (name, value.as_str()) {
            set(reply, name, value);
        }
    }
}

/// That of the XML API: the MD5 in hexadecimal, where there is one.
fn entity_tag(object: &Object) -> String {
    format!("\"{}\"", object.digests.hexadecimal().unwrap_or_else(|| object.tag()))
}

/// A value that no header can hold is left out.
fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        reply.headers_mut().insert(name, value);
    }
}
