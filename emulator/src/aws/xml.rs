//! Replies and refusals of AWS STS: XML, indented as it comes from there.

use crate::http::{Reply, text};
use crate::random;
use hyper::header::HeaderValue;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An element: text, or other elements.
pub(crate) enum Element {
    Text(&'static str, String),
    Group(&'static str, Vec<Element>),
}

/// The result of an action, which is called after it.
pub(crate) fn result(action: &str, members: &[Element]) -> Reply {
    let request_id = random::uuid();
    let metadata = Element::Group("ResponseMetadata", vec![Element::Text("RequestId", request_id.clone())]);
    let mut body = format!("<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result>\n");
    write_all(&mut body, members, 2);
    body.push_str(&format!("  </{action}Result>\n"));
    write_all(&mut body, &[metadata], 1);
    body.push_str(&format!("</{action}Response>\n"));
    reply(200, &request_id, body)
}

/// A refusal with the status that belongs to its code; without a message where there is none.
pub(crate) fn error(code: &str, message: &str) -> Reply {
    let request_id = random::uuid();
    let (status, fault) = match code {
        "AccessDenied"
        | "ExpiredToken"
        | "IDPRejectedClaim"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "RegionDisabledException"
        | "SignatureDoesNotMatch" => (403, "Sender"),
        "InternalFailure" => (500, "Receiver"),
        "ServiceUnavailable" => (503, "Receiver"),
        _ => (400, "Sender"),
    };
    let mut members = vec![Element::Text("Type", fault.into()), Element::Text("Code", code.into())];
    if !message.is_empty() {
        members.push(Element::Text("Message", message.into()));
    }
    let mut body = format!("<ErrorResponse xmlns=\"{NAMESPACE}\">\n");
    write_all(&mut body, &[Element::Group("Error", members), Element::Text("RequestId", request_id.clone())], 1);
    body.push_str("</ErrorResponse>\n");
    reply(status, &request_id, body)
}

fn reply(status: u16, request_id: &str, body: String) -> Reply {
    let mut reply = text(status, "text/xml", body);
    reply.headers_mut().insert("x-amzn-requestid", HeaderValue::try_from(request_id).expect("a request id is ASCII"));
    reply
}

fn write_all(body: &mut String, elements: &[Element], depth: usize) {
    let margin = "  ".repeat(depth);
    for element in elements {
        match element {
            Element::Text(name, text) => body.push_str(&format!("{margin}<{name}>{}</{name}>\n", escaped(text))),
            Element::Group(name, members) => {
                body.push_str(&format!("{margin}<{name}>\n"));
                write_all(body, members, depth + 1);
                body.push_str(&format!("{margin}</{name}>\n"));
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
