//! Resumable uploads of objects.
//!
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads>

use super::objects::{Writing, name_of, supply_type, write};
use super::precondition::Precondition;
use super::problem::Problem;
use super::{Outcome, authorize, writing};
use crate::facts::Facts;
use crate::google::access::{self, Stranger};
use crate::google::reply::ok;
use crate::google::upload::{self, base};
use crate::http::{Answer, Reply, Request, header_text};
use crate::store::Destination;
use hyper::body::Bytes;
use serde_json::Map;

pub(super) fn begin(facts: &mut Facts, request: &Request, bucket: &str) -> Outcome {
    authorize(facts, request, writing("storage.objects.create"))?;
    let mut described = match request.body().is_empty() {
        true => Map::new(),
        false => serde_json::from_slice(request.body()).map_err(|_| Problem::invalid("Parse Error"))?,
    };
    let name = name_of(&described, request)?;
    supply_type(&mut described, header_text(request, "x-upload-content-type").map(str::to_owned));
    let query = request.uri().query().unwrap_or_default().to_owned();
    let objects = &facts.store.buckets.get(bucket).ok_or_else(Problem::no_bucket)?.objects;
    Precondition::of_query(&query)?.of_change(objects.get(&name))?;
    let id = facts.store.uploads.begin(Destination { bucket: bucket.into(), name, described, query });
    Ok(upload::begun(request, &id))
}

/// A piece, or the question how much has arrived.
pub(super) fn resume(facts: &mut Facts, request: &Request, id: &str) -> Answer {
    check_bearer(facts, request)?;
    let session = facts.store.uploads.find(id).ok_or_else(upload::unknown)?;
    if let Some(outcome) = &session.outcome {
        return Ok(ok(outcome));
    }
    if !upload::receive(session, request)? {
        return Ok(upload::incomplete(session, id));
    }
    let Destination { bucket, name, described, query } = &session.destination;
    let (bucket, name, described) = (bucket.clone(), name.clone(), described.clone());
    let precondition = Precondition::of_query(query).map_err(Problem::json)?;
    let bytes = Bytes::from(std::mem::take(&mut session.received));
    let writing =
        Writing { bucket: &bucket, name: &name, bytes, described: &described, precondition, components: None };
    match write(facts, request, writing) {
        Ok(object) => {
            let resource = object.resource(&base(request), &bucket, &name);
            if let Some(session) = facts.store.uploads.find(id) {
                session.outcome = Some(resource.clone());
            }
            Ok(ok(&resource))
        }
        Err(problem) => {
            facts.store.uploads.cancel(id);
            Err(problem.json())
        }
    }
}

pub(super) fn cancel(facts: &mut Facts, request: &Request, id: &str) -> Answer {
    check_bearer(facts, request)?;
    facts.store.uploads.find(id).ok_or_else(upload::unknown)?;
    facts.store.uploads.cancel(id);
    Ok(upload::cancelled())
}

/// The address of a session is enough, but a bearer that is sent must be good.
fn check_bearer(facts: &Facts, request: &Request) -> Result<(), Reply> {
    match access::identify(facts, request) {
        Ok(_) | Err(Stranger::Nobody) => Ok(()),
        Err(Stranger::Expired | Stranger::Unknown) => Err(Problem::invalid_credentials().json()),
    }
}
