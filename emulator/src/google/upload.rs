//! How Google takes bytes beside JSON, whatever the service: in one request, or in a session of several.
//!
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads>

use crate::google::reply::invalid_argument;
use crate::http::{Reply, Request, header_text, text};
use crate::upload::Session;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue, LOCATION, RANGE};
use serde_json::{Map, Value};

/// All pieces but the last are made of so many bytes.
const QUANTUM: usize = 262_144;
/// The id of a session, so called in its address.
pub(crate) const UPLOAD_ID: &str = "upload_id";

/// The two parts of a `multipart/related` body: a resource, and bytes with their own type.
pub(crate) struct Related {
    pub(crate) resource: Map<String, Value>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

impl Related {
    pub(crate) fn parse(request: &Request) -> Result<Related, Reply> {
        let wrong = || invalid_argument("Malformed multipart body.");
        let boundary = header_text(request, "content-type").and_then(boundary).ok_or_else(wrong)?;
        let parts = parts(request.body(), &boundary).ok_or_else(wrong)?;
        let [(_, resource), (content_type, bytes)] = &parts[..] else { return Err(wrong()) };
        let resource = serde_json::from_slice(resource).map_err(|_| wrong())?;
        Ok(Related { resource, content_type: content_type.clone(), bytes: bytes.clone() })
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    let named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    Some(boundary.trim_matches(['"', '\'']).to_owned())
}

/// Each part's content type and bytes. Lines may end without a carriage return, as those of gcsfs do.
fn parts(body: &Bytes, boundary: &str) -> Option<Vec<(Option<String>, Bytes)>> {
    let mark = format!("--{boundary}");
    let mut found = Vec::new();
    let mut start = position(body, mark.as_bytes(), 0)? + mark.len();
    let end_of_line = if body[start..].starts_with(b"\n") { "\n" } else { "\r\n" };
    let (mark, gap) = (format!("{end_of_line}--{boundary}"), end_of_line.repeat(2));
    while !body[start..].starts_with(b"--") {
        let end = position(body, mark.as_bytes(), start)?;
        let part = body.slice(start..end);
        let head = position(&part, gap.as_bytes(), 0)?;
        let headers = String::from_utf8_lossy(&part[..head]).into_owned();
        let content_type = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
        });
        found.push((content_type, part.slice(head + gap.len()..)));
        start = end + mark.len();
    }
    Some(found)
}

fn position(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(&bytes[from..], what).map(|index| from + index)
}

/// The address that the client has used, to be continued with a path.
pub(crate) fn base(request: &Request) -> String {
    let host = header_text(request, "host").unwrap_or_default();
    // The real names are reached over TLS, and the ports are plain HTTP.
    let scheme = if host.ends_with(".googleapis.com") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// The answer to a request that opens a session: where the bytes are to be sent.
pub(crate) fn begun(request: &Request, id: &str) -> Reply {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let location = format!("{}{path}&{UPLOAD_ID}={id}", base(request));
    let mut reply = text(200, "text/plain; charset=utf-8", "");
    reply.headers_mut().insert(LOCATION, HeaderValue::try_from(location).expect("a path is ASCII"));
    with_id(reply, id)
}

/// Takes what a request brings, and tells whether that was all.
pub(crate) fn receive<D>(session: &mut Session<D>, request: &Request) -> Result<bool, Reply> {
    let body = request.body();
    let Some(range) = header_text(request, "content-range") else {
        session.received = body.to_vec();
        return Ok(true);
    };
    let malformed = || refused(400, "Invalid request.  The Content-Range header is malformed.");
    let (range, total) = range.strip_prefix("bytes ").and_then(|range| range.split_once('/')).ok_or_else(malformed)?;
    let total: Option<usize> = match total {
        "*" => None,
        number => Some(number.parse().map_err(|_| malformed())?),
    };
    let held = session.received.len();
    if range == "*" {
        return Ok(total == Some(held));
    }
    let (start, end) = range.split_once('-').ok_or_else(malformed)?;
    let start: usize = start.parse().map_err(|_| malformed())?;
    if end != "*" && end.parse::<usize>().ok().and_then(|end| (end + 1).checked_sub(start)) != Some(body.len()) {
        return Err(malformed());
    }
    if start > held {
        return Err(refused(
            503,
            &format!(
                "Invalid request.  According to the Content-Range header, the upload offset is {start} byte(s), which \
                 exceeds already uploaded size of {held} byte(s)."
            ),
        ));
    }
    let end = start + body.len();
    // Of an unknown length the end is that of a request that names none, as Node's client sends it.
    let is_last = total.map_or(range.ends_with('*'), |total| end >= total);
    if !is_last && body.len() < QUANTUM {
        return Err(refused(
            400,
            &format!(
                "Invalid request.  The number of bytes uploaded is required to be equal or greater than {QUANTUM}, \
                 except for the final request (it's recommended to be the exact multiple of {QUANTUM}).  The received \
                 request contained {} bytes, which does not meet this requirement.",
                body.len()
            ),
        ));
    }
    let kept = if is_last { end } else { end / QUANTUM * QUANTUM };
    // A piece that is sent again brings what is there already.
    if kept > held {
        session.received.extend_from_slice(&body[held - start..kept - start]);
    }
    Ok(is_last)
}

/// Not all has come yet; the client reads how much has.
pub(crate) fn incomplete<D>(session: &Session<D>, id: &str) -> Reply {
    let mut reply = text(308, "text/plain; charset=utf-8", "");
    if let Some(last) = session.received.len().checked_sub(1) {
        let range = HeaderValue::try_from(format!("bytes=0-{last}")).expect("a range is ASCII");
        reply.headers_mut().insert(RANGE, range);
    }
    with_id(reply, id)
}

/// The status of a session that its client has given up.
pub(crate) fn cancelled() -> Reply {
    text(499, "text/plain; charset=utf-8", "")
}

pub(crate) fn unknown() -> Reply {
    refused(404, "Upload not found.")
}

fn refused(status: u16, message: &str) -> Reply {
    text(status, "text/plain; charset=utf-8", message.to_owned())
}

fn with_id(mut reply: Reply, id: &str) -> Reply {
    let value = HeaderValue::try_from(id).expect("an id is ASCII");
    reply.headers_mut().insert(HeaderName::from_static("x-guploader-uploadid"), value);
    reply
}
