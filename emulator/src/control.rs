//! The control API: worlds are made, changed, broken and watched through it. JSON over plain HTTP.

use crate::http::{self, Reply, Request, json};
use crate::worlds::Worlds;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long a request for records waits when it does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);

pub(crate) async fn listen(listener: TcpListener, worlds: Arc<Worlds>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let worlds = worlds.clone();
        let service = service_fn(move |request| serve(worlds.clone(), request));
        tokio::spawn(async move {
            // How a connection ends is the client's affair.
            let _ = stream.set_nodelay(true);
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve(worlds: Arc<Worlds>, request: hyper::Request<Incoming>) -> hyper::Result<hyper::Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, body.collect().await?.to_bytes());
    let reply = answer(&worlds, &request).await.unwrap_or_else(|refusal| refusal);
    Ok(reply.map(Full::new))
}

async fn answer(worlds: &Worlds, request: &Request) -> Result<Reply, Reply> {
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let ["worlds", rest @ ..] = &path[..] else { return Err(no_such_path()) };
    let [id, rest @ ..] = rest else {
        return match request.method().as_str() {
            "POST" => Ok(json(201, &worlds.make(body(request)?).await.map_err(wrong)?.info())),
            _ => Err(no_such_path()),
        };
    };
    let world = worlds.find(id).ok_or_else(|| problem(404, format!("no such world: {id}")))?;
    match (request.method().as_str(), rest) {
        ("GET", []) => Ok(json(200, &world.info())),
        ("PATCH", []) => {
            world.patch(body(request)?).map_err(wrong)?;
            Ok(json(200, &world.info()))
        }
        ("DELETE", []) => {
            worlds.remove(id);
            Ok(done())
        }
        ("POST", ["faults"]) => {
            world.add_fault(body(request)?).map_err(wrong)?;
            Ok(done())
        }
        ("DELETE", ["faults"]) => {
            world.clear_faults();
            Ok(done())
        }
        ("POST", ["gates", name, "open"]) => {
            world.open_gate(name);
            Ok(done())
        }
        ("GET", ["requests"]) => {
            let operation = http::query(request, "operation");
            let Some(count) = number(request, "count")? else {
                let records = operation.map_or_else(|| world.log.all(), |operation| world.log.of(&operation));
                return Ok(json(200, &json!({ "requests": records })));
            };
            let operation = operation.ok_or_else(|| wrong("count needs an operation".into()))?;
            let limit = number(request, "wait")?.map_or(DEFAULT_WAIT, |seconds| Duration::from_secs(seconds as u64));
            match world.log.wait(&operation, count, limit).await {
                Ok(records) => Ok(json(200, &json!({ "requests": records }))),
                Err(so_far) => Err(problem(408, format!("{so_far} of {count} requests {operation} arrived"))),
            }
        }
        _ => Err(no_such_path()),
    }
}

/// An empty body stands for an empty object.
fn body(request: &Request) -> Result<Value, Reply> {
    if request.body().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(request.body()).map_err(|error| wrong(error.to_string()))
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Reply> {
    http::query(request, name)
        .map(|text| text.parse().map_err(|_| wrong(format!("{name} is not a number: {text}"))))
        .transpose()
}

fn done() -> Reply {
    json(200, &json!({}))
}

fn wrong(message: String) -> Reply {
    problem(400, message)
}

fn no_such_path() -> Reply {
    problem(404, "no such path".into())
}

fn problem(status: u16, message: String) -> Reply {
    json(status, &json!({ "error": message }))
}
