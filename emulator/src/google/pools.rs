//! Google IAM's workload identity pools.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools>

use crate::facts::Facts;
use crate::facts::pools::{Pool, pool_name, purge};
use crate::google::access::{require_owner, require_service};
use crate::google::entries::{self, FIELDS, SIZES, already_exists, check_id};
use crate::google::operations::begin;
use crate::google::page::page;
use crate::google::reply::{self, ok};
use crate::http::{self, Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;

const KIND: &str = "WorkloadIdentityPool";

type Call = fn(&mut Facts, &Request, &str) -> Answer;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ["v1", "projects", project, "locations", "global", "workloadIdentityPools", path @ ..] = path else {
        return None;
    };
    let (operation, verb, id, call): (_, _, _, Call) = match (method.as_str(), path) {
        ("POST", []) => ("iam.createPool", "create", "", create),
        ("GET", []) => ("iam.listPools", "list", "", list),
        ("GET", [id]) => ("iam.pool", "get", *id, get),
        ("PATCH", [id]) => ("iam.updatePool", "update", *id, update),
        ("DELETE", [id]) => ("iam.deletePool", "delete", *id, delete),
        ("POST", [id]) => ("iam.undeletePool", "undelete", id.strip_suffix(":undelete")?, undelete),
        _ => return None,
    };
    let (project, id) = ((*project).to_owned(), id.to_owned());
    Some(Route::new(operation, move |facts, request| {
        require_owner(facts, request, &project, &format!("iam.workloadIdentityPools.{verb}"))?;
        require_service(facts, "iam.googleapis.com")?;
        let now = facts.now();
        purge(&mut facts.pools, now);
        call(facts, request, &id)
    }))
}

fn create(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let id = http::query(request, "workloadIdentityPoolId").unwrap_or_default();
    check_id(&id, "workload_identity_pool_id")?;
    let body = reply::parse_json(request)?;
    let mut pool = Pool::default();
    for field in FIELDS {
        entries::set(&mut pool.entry, KIND, field, &body)?;
    }
    if facts.pools.contains_key(&id) {
        return Err(already_exists());
    }
    facts.pools.insert(id.clone(), pool);
    changed(facts, &id)
}

fn list(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let listed = facts.pools.iter().filter(|(_, pool)| entries::is_listed(&pool.entry, request));
    let number = &facts.project.number;
    let items = listed.map(|(id, pool)| entries::resource(&pool_name(number, id), &pool.entry));
    page(request, "workloadIdentityPools", items, &SIZES)
}

fn get(facts: &mut Facts, _: &Request, id: &str) -> Answer {
    let name = pool_name(&facts.project.number, id);
    Ok(ok(&entries::resource(&name, &find(facts, id)?.entry)))
}

fn update(facts: &mut Facts, request: &Request, id: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let entry = &mut find(facts, id)?.entry;
    entries::require_kept(entry)?;
    for field in entries::mask(request, &FIELDS)? {
        entries::set(entry, KIND, field, &body)?;
    }
    changed(facts, id)
}

fn delete(facts: &mut Facts, _: &Request, id: &str) -> Answer {
    let now = facts.now();
    entries::delete(&mut find(facts, id)?.entry, now)?;
    changed(facts, id)
}

fn undelete(facts: &mut Facts, _: &Request, id: &str) -> Answer {
    entries::undelete(&mut find(facts, id)?.entry)?;
    changed(facts, id)
}

/// A pool that exists, or is deleted and can be restored.
pub(crate) fn find<'f>(facts: &'f mut Facts, id: &str) -> Result<&'f mut Pool, Reply> {
    facts.pools.get_mut(id).ok_or_else(reply::entity_not_found)
}

fn changed(facts: &mut Facts, id: &str) -> Answer {
    let name = pool_name(&facts.project.number, id);
    let resource = entries::resource(&name, &find(facts, id)?.entry);
    Ok(begin(facts, &name, KIND, resource))
}
