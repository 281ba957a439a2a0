//! Objects: written, described, listed, copied, put together, deleted.

use super::precondition::Precondition;
use super::problem::Problem;
use super::{Outcome, authorize, reading, writing};
use crate::facts::Facts;
use crate::google::reply::ok;
use crate::google::upload::{Related, base};
use crate::http::{self, Reply, Request, header_text, text};
use crate::store::Bucket;
use crate::store::object::{Digests, Object};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

/// Google's limit on one page, and on the sources of one composition.
const MOST_LISTED: usize = 1000;
const MOST_SOURCES: usize = 32;

/// What is to be written, and under which conditions.
pub(super) struct Writing<'w> {
    pub(super) bucket: &'w str,
    pub(super) name: &'w str,
    pub(super) bytes: Bytes,
    pub(super) described: &'w Map<String, Value>,
    pub(super) precondition: Precondition,
    /// Of how many it is put together.
    pub(super) components: Option<usize>,
}

pub(super) fn insert(facts: &mut Facts, request: &Request, bucket: &str) -> Outcome {
    authorize(facts, request, writing("storage.objects.create"))?;
    let kind = http::query(request, "uploadType").unwrap_or_default();
    let (mut described, content_type, bytes) = match &*kind {
        "multipart" => {
            let related = Related::parse(request).map_err(|_| Problem::invalid("Malformed multipart body."))?;
            (related.resource, related.content_type, related.bytes)
        }
        "media" => (Map::new(), header_text(request, "content-type").map(str::to_owned), request.body().clone()),
        other => return Err(Problem::invalid(format!("Invalid upload type: {other}"))),
    };
    let name = name_of(&described, request)?;
    supply_type(&mut described, content_type);
    let query = request.uri().query().unwrap_or_default();
    let precondition = Precondition::of_query(query)?;
    let writing = Writing { bucket, name: &name, bytes, described: &described, precondition, components: None };
    let object = write(facts, request, writing)?;
    Ok(ok(&object.resource(&base(request), bucket, &name)))
}

/// The name in the resource, or in the query.
pub(super) fn name_of(described: &Map<String, Value>, request: &Request) -> Result<String, Problem> {
    let name = described.get("name").and_then(Value::as_str).map(str::to_owned);
    let name = name.or_else(|| http::query(request, "name")).filter(|name| !name.is_empty());
    name.ok_or_else(|| Problem::required("Required parameter: name"))
}

/// The resource's own content type goes before that of the bytes.
pub(super) fn supply_type(described: &mut Map<String, Value>, content_type: Option<String>) {
    if let Some(content_type) = content_type {
        described.entry("contentType").or_insert_with(|| content_type.into());
    }
}

/// Keeps a new object, if its checksums are what the client says they are.
pub(super) fn write(facts: &mut Facts, request: &Request, writing: Writing<'_>) -> Result<Object, Problem> {
    let now = facts.now();
    let generation = facts.store.next_generation(now);
    let bucket = facts.store.buckets.get_mut(writing.bucket).ok_or_else(Problem::no_bucket)?;
    writing.precondition.of_change(bucket.objects.get(writing.name))?;
    let mut object = Object::new(writing.bytes, writing.described, generation, now);
    check_digests(&object.digests, writing.described, request)?;
    if let Some(components) = writing.components {
        object = object.composed(components);
    }
    bucket.objects.insert(writing.name.to_owned(), object.clone());
    Ok(object)
}

/// What the client says of checksums, in the resource or in headers, must be so.
pub(super) fn check_digests(
    digests: &Digests,
    described: &Map<String, Value>,
    request: &Request,
) -> Result<(), Problem> {
    let (crc32c, md5) = (digests.crc32c(), digests.md5().unwrap_or_default());
    let said = |name: &str| described.get(name).and_then(Value::as_str).map(str::to_owned);
    let in_header = |name: &str| {
        let mut hashes = header_text(request, "x-goog-hash")?.split(',').filter_map(|hash| hash.trim().split_once('='));
        hashes.find(|(kind, _)| *kind == name).map(|(_, value)| value.to_owned())
    };
    let content_md5 = header_text(request, "content-md5").map(str::to_owned);
    let wrong_crc32c = [said("crc32c"), in_header("crc32c")].into_iter().flatten().find(|given| *given != crc32c);
    let wrong_md5 = [said("md5Hash"), in_header("md5"), content_md5].into_iter().flatten().find(|given| *given != md5);
    let message = match (wrong_crc32c, wrong_md5) {
        (Some(given), _) => format!("Provided CRC32C \"{given}\" doesn't match calculated CRC32C \"{crc32c}\"."),
        (None, Some(given)) => format!("Provided MD5 hash \"{given}\" doesn't match calculated MD5 hash \"{md5}\"."),
        (None, None) => return Ok(()),
    };
    Err(Problem::bad_digest(message))
}

/// The object, in the generation that the request names, if it names one.
pub(super) fn find<'f>(facts: &'f Facts, request: &Request, bucket: &str, name: &str) -> Result<&'f Object, Problem> {
    let objects = &facts.store.buckets.get(bucket).ok_or_else(Problem::no_bucket)?.objects;
    let wanted = http::query(request, "generation");
    let object = objects
        .get(name)
        .filter(|object| wanted.as_ref().is_none_or(|generation| *generation == object.generation.to_string()));
    object.ok_or_else(|| Problem::no_object(bucket, name))
}

pub(super) fn read(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    authorize(facts, request, reading("storage.objects.get"))?;
    let object = find(facts, request, bucket, name)?;
    Precondition::of_query(request.uri().query().unwrap_or_default())?.of_reading(object)?;
    Ok(ok(&object.resource(&base(request), bucket, name)))
}

pub(super) fn patch(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    authorize(facts, request, writing("storage.objects.update"))?;
    let object = find(facts, request, bucket, name)?;
    Precondition::of_query(request.uri().query().unwrap_or_default())?.of_change(Some(object))?;
    let patch = serde_json::from_slice(request.body()).map_err(|_| Problem::invalid("Parse Error"))?;
    let now = facts.now();
    let object = facts.store.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(name));
    let object = object.expect("found above");
    object.describe(&patch, now);
    Ok(ok(&object.resource(&base(request), bucket, name)))
}

pub(super) fn delete(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    authorize(facts, request, writing("storage.objects.delete"))?;
    remove(facts, request, bucket, name)
}

pub(super) fn remove(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    let object = find(facts, request, bucket, name)?;
    Precondition::of_query(request.uri().query().unwrap_or_default())?.of_change(Some(object))?;
    facts.store.buckets.get_mut(bucket).map(|bucket| bucket.objects.remove(name));
    Ok(text(204, "application/json", ""))
}

pub(super) fn copy(
    facts: &mut Facts,
    request: &Request,
    from: (&str, &str),
    to: (&str, &str),
    is_rewrite: bool,
) -> Outcome {
    authorize(facts, request, reading("storage.objects.get"))?;
    authorize(facts, request, writing("storage.objects.create"))?;
    let objects = &facts.store.buckets.get(from.0).ok_or_else(Problem::no_bucket)?.objects;
    let source = objects.get(from.1).ok_or_else(|| Problem::no_object(from.0, from.1))?.clone();
    let given: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
    let writing = Writing {
        bucket: to.0,
        name: to.1,
        bytes: source.bytes,
        described: if given.is_empty() { &source.described } else { &given },
        precondition: Precondition::of_query(request.uri().query().unwrap_or_default())?,
        components: source.components,
    };
    let object = write(facts, request, writing)?;
    let resource = object.resource(&base(request), to.0, to.1);
    if !is_rewrite {
        return Ok(ok(&resource));
    }
    let size = object.bytes.len().to_string();
    Ok(ok(&json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": resource,
    })))
}

pub(super) fn compose(facts: &mut Facts, request: &Request, bucket: &str, name: &str) -> Outcome {
    authorize(facts, request, reading("storage.objects.get"))?;
    authorize(facts, request, writing("storage.objects.create"))?;
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let sources: Option<Vec<&str>> = body["sourceObjects"]
        .as_array()
        .and_then(|sources| sources.iter().map(|source| source["name"].as_str()).collect());
    let sources = sources.filter(|sources| (1..=MOST_SOURCES).contains(&sources.len()));
    let sources = sources
        .ok_or_else(|| Problem::invalid("The number of source components provided must be between 1 and 32."))?;
    let objects = &facts.store.buckets.get(bucket).ok_or_else(Problem::no_bucket)?.objects;
    let mut bytes = Vec::new();
    let mut components = 0;
    for source in sources {
        let object = objects.get(source).ok_or_else(|| Problem::no_object(bucket, source))?;
        bytes.extend_from_slice(&object.bytes);
        components += object.components.unwrap_or(1);
    }
    let described = body["destination"].as_object().cloned().unwrap_or_default();
    let precondition = Precondition::of_query(request.uri().query().unwrap_or_default())?;
    let bytes = Bytes::from(bytes);
    let components = Some(components);
    let writing = Writing { bucket, name, bytes, described: &described, precondition, components };
    let object = write(facts, request, writing)?;
    Ok(ok(&object.resource(&base(request), bucket, name)))
}

pub(super) fn list(facts: &mut Facts, request: &Request, name: &str) -> Outcome {
    authorize(facts, request, reading("storage.objects.list"))?;
    let bucket = facts.store.buckets.get(name).ok_or_else(Problem::no_bucket)?;
    for parameter in ["matchGlob", "versions", "softDeleted"] {
        if http::query(request, parameter).is_some_and(|value| value != "false") {
            return Err(Problem::not_imitated(&format!("the parameter {parameter} of a list")));
        }
    }
    Ok(page(bucket, request, name))
}

/// One page: objects, and what stands for all those that share a name up to the delimiter.
fn page(bucket: &Bucket, request: &Request, bucket_name: &str) -> Reply {
    let text = |name| http::query(request, name).unwrap_or_default();
    let (prefix, delimiter, first, end) = (text("prefix"), text("delimiter"), text("startOffset"), text("endOffset"));
    let most = text("maxResults").parse().unwrap_or(MOST_LISTED).clamp(1, MOST_LISTED);
    let last = BASE64_URL_SAFE_NO_PAD.decode(text("pageToken")).unwrap_or_default();
    let last = String::from_utf8(last).unwrap_or_default();
    let (mut items, mut prefixes): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    let mut token = None;
    // The name or prefix that was listed last; all that a prefix stands for is behind it too.
    let mut listed = last.clone();
    for (name, object) in &bucket.objects {
        let is_behind =
            name <= &last || (!delimiter.is_empty() && last.ends_with(&delimiter) && name.starts_with(&last));
        let is_inside = name >= &first && (end.is_empty() || name < &end);
        if !name.starts_with(&prefix) || is_behind || !is_inside {
            continue;
        }
        let folder = name[prefix.len()..].split_once(&delimiter).filter(|_| !delimiter.is_empty());
        let folder = folder.map(|(inner, _)| format!("{prefix}{inner}{delimiter}"));
        if folder.is_some() && folder == prefixes.last().cloned() {
            continue;
        }
        if items.len() + prefixes.len() == most {
            token = Some(BASE64_URL_SAFE_NO_PAD.encode(&listed));
            break;
        }
        listed = folder.clone().unwrap_or_else(|| name.clone());
        match folder {
            Some(folder) => prefixes.push(folder),
            None => items.push(object.resource(&base(request), bucket_name, name)),
        }
    }
    let mut body = json!({ "kind": "storage#objects" });
    let members = body.as_object_mut().expect("made an object above");
    // As at Google, what is empty is not there.
    members.extend((!items.is_empty()).then(|| ("items".into(), items.into())));
    members.extend((!prefixes.is_empty()).then(|| ("prefixes".into(), prefixes.into())));
    members.extend(token.map(|token| ("nextPageToken".into(), token.into())));
    ok(&body)
}
