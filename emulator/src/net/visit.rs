//! What happens to every request: it is recorded, suffers what a fault has in store, and is answered.

use crate::http::{Reply, Request};
use crate::net::breakage::{Broken, Padded, Truncated};
use crate::net::door::Door;
use crate::net::proxy;
use crate::world::State;
use crate::world::faults::Action;
use crate::world::log::RequestRecord;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, DATE, HOST, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) type Outgoing = Response<BoxBody<Bytes, Broken>>;

/// One connection's place in its world.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) world: Arc<State>,
    /// None at the proxy, where every request names its own.
    pub(crate) door: Option<Door>,
    /// Set to end the TCP connection with a reset.
    pub(crate) reset: Arc<AtomicBool>,
}

pub(crate) async fn answer(visit: Visit, request: Request) -> Result<Outgoing, Broken> {
    let named = request.uri().authority().map(|authority| authority.as_str());
    let door = visit.door.clone().or_else(|| proxy::destination(&visit.world, named?));
    let Some(door) = door else { return Ok(whole(proxy::refuse(&visit.world, &request))) };
    let route = door.route(&request);

    let world = &visit.world;
    let started = Instant::now();
    // Before the arrival is seen: a fault ordered in answer to it is for the next request.
    let fault = world.strike(route.operation).unwrap_or_default();
    let number = world.log.arrive(RequestRecord::new(route.operation, &host(&request), &request));
    suffer(&visit, &fault).await?;
    let reply = fault.instead().unwrap_or_else(|| route.answer(&mut world.facts(), &request));
    let reply = fault.alter(dated(world, reply));
    world.log.answered(number, reply.status().as_u16(), started.elapsed());
    Ok(match (fault.close_after_bytes, fault.body_bytes) {
        (Some(length), _) => {
            visit.reset.store(true, Ordering::Relaxed);
            truncated(reply, length)
        }
        (None, Some(length)) => reply.map(|body| Padded::new(body, length).boxed()),
        (None, None) => whole(reply),
    })
}

/// Pauses up to this are slept through on a thread, for benches: the runtime's own timers round up to the next of their
/// ticks, a millisecond or two. Longer ones end with the client.
const SHORT: Duration = Duration::from_millis(50);

/// Everything that a fault does before a service is asked.
async fn suffer(visit: &Visit, fault: &Action) -> Result<(), Broken> {
    if let Some(gate) = &fault.hold {
        visit.world.pass_gate(gate).await;
    }
    if let Some(milliseconds) = fault.delay_milliseconds {
        let pause = Duration::from_millis(milliseconds);
        if pause > SHORT {
            tokio::time::sleep(pause).await;
        } else {
            tokio::task::spawn_blocking(move || std::thread::sleep(pause)).await.map_err(|_| Broken)?;
        }
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

pub(crate) fn whole(reply: Reply) -> Outgoing {
    reply.map(|body| Full::new(body).map_err(|never| match never {}).boxed())
}

fn truncated(reply: Reply, length: usize) -> Outgoing {
    let promised = reply.body().len();
    let mut reply = reply.map(|body| Truncated::new(body.slice(..length.min(body.len()))).boxed());
    reply.headers_mut().insert(CONTENT_LENGTH, promised.into());
    reply
}
