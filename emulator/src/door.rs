//! Where every request comes in: it is recorded, suffers what a fault has in store, and is answered.

use crate::connection::{Broken, Truncated};
use crate::faults::Action;
use crate::google;
use crate::log::RequestRecord;
use crate::metadata;
use crate::proxy;
use crate::reply::{Reply, Request};
use crate::world::State;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, DATE, HOST, HeaderValue};
use hyper::{Method, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) type Outgoing = Response<BoxBody<Bytes, Broken>>;

/// One connection's place in its world.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) world: Arc<State>,
    pub(crate) door: Door,
    /// Set to end the TCP connection with a reset.
    pub(crate) reset: Arc<AtomicBool>,
}

/// What stands behind the address that a client connected to.
#[derive(Clone)]
pub(crate) enum Door {
    Metadata,
    /// All of Google's services by path, or the one of a host name.
    Google(Option<String>),
    Proxy,
}

pub(crate) async fn enter(visit: Visit, request: hyper::Request<Incoming>) -> Result<Outgoing, Broken> {
    match visit.door {
        Door::Proxy if request.method() == Method::CONNECT => Ok(whole(proxy::connect(&visit, request))),
        _ => {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
            answer(visit, Request::from_parts(parts, body)).await
        }
    }
}

async fn answer(visit: Visit, request: Request) -> Result<Outgoing, Broken> {
    let door = match &visit.door {
        Door::Proxy => {
            match request.uri().authority().and_then(|authority| proxy::destination(&visit.world, authority.as_str())) {
                Some(door) => door,
                None => return Ok(whole(proxy::refuse(&visit.world, &request))),
            }
        }
        door => door.clone(),
    };
    let path = request.uri().path();
    let route = match &door {
        Door::Metadata => metadata::route(request.method(), path),
        Door::Google(host) => google::route(host.as_deref(), request.method(), path),
        Door::Proxy => unreachable!("a proxy leads to no proxy"),
    };

    let world = &visit.world;
    let started = Instant::now();
    // Before the arrival is seen: a fault ordered in answer to it is for the next request.
    let fault = world.strike(route.operation).unwrap_or_default();
    let number = world.log.arrive(RequestRecord::new(route.operation, &host(&request), &request));
    suffer(&visit, &fault).await?;
    let reply = fault.instead().unwrap_or_else(|| route.answer(&mut world.facts(), &request));
    let reply = fault.alter(dated(world, reply));
    world.log.answered(number, reply.status().as_u16(), started.elapsed());
    Ok(match fault.close_after_bytes {
        Some(length) => {
            visit.reset.store(true, Ordering::Relaxed);
            truncated(reply, length)
        }
        None => whole(reply),
    })
}

/// Everything that a fault does before a service is asked.
async fn suffer(visit: &Visit, fault: &Action) -> Result<(), Broken> {
    if let Some(gate) = &fault.hold {
        visit.world.pass_gate(gate).await;
    }
    if let Some(milliseconds) = fault.delay_milliseconds {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    if fault.hang {
        std::future::pending::<()>().await;
    }
    if fault.close {
        visit.reset.store(true, Ordering::Relaxed);
        return Err(Broken);
    }
    Ok(())
}

/// The host that the client meant, from the URI where it is absolute, else from the header.
fn host(request: &Request) -> String {
    match (request.uri().authority(), request.headers().get(HOST)) {
        (Some(authority), _) => authority.to_string(),
        (None, Some(host)) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
        (None, None) => String::new(),
    }
}

fn dated(world: &State, mut reply: Reply) -> Reply {
    let date = world.facts().now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    reply.headers_mut().insert(DATE, HeaderValue::try_from(date).expect("a date is ASCII"));
    reply
}

fn whole(reply: Reply) -> Outgoing {
    reply.map(|body| Full::new(body).map_err(|never| match never {}).boxed())
}

fn truncated(reply: Reply, length: usize) -> Outgoing {
    let promised = reply.body().len();
    let mut reply = reply.map(|body| Truncated::new(body.slice(..length.min(body.len()))).boxed());
    reply.headers_mut().insert(CONTENT_LENGTH, promised.into());
    reply
}
