//! The proxy: the real host names, TLS under its own authority, plain HTTP for the metadata service, nothing beyond.

use crate::support::{CLOUD_PLATFORM, SubjectToken, access_token, form, proxied, ready, rows, send, trusting_nobody};
use rolebridge_emulator::World;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection to the proxy, spoken to by hand.
struct Line(BufReader<TcpStream>);

impl Line {
    fn to(world: &World) -> Line {
        let address = world.proxy_url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(crate::support::PATIENCE)).expect("a limit");
        Line(BufReader::new(stream))
    }

    /// Status and body of the answer to one request without a body.
    fn ask(&mut self, first_line: &str, header: &str) -> (u16, String) {
        let request = format!("{first_line} HTTP/1.1\r\nHost: x\r\n{header}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).expect("a request");
        let mut line = || {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a line");
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).expect("a status").parse().expect("a number");
        let mut length = 0;
        loop {
            let header = line().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (status, String::from_utf8(body).expect("text"))
    }
}

const TOKEN: &str = "/latest/api/token";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
const REGION: &str = "/latest/meta-data/placement/region";

#[test]
fn the_real_hosts_answer_over_tls() {
    let world = ready();
    let client = proxied(&world);
    let subject_token = SubjectToken::of(&world).encoded();
    let federated = client.post("https://sts.googleapis.com/v1/token").form(&form(&world, &subject_token));
    let federated = send(federated).ok()["access_token"].as_str().expect("a token").to_owned();
    let email = "bigquery-reader@my-project.iam.gserviceaccount.com";
    let url =
        format!("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken");
    let access = client.post(url).bearer_auth(federated).json(&json!({ "scope": [CLOUD_PLATFORM] }));
    let access = send(access).ok()["accessToken"].as_str().expect("a token").to_owned();
    for host in ["bigquery", "www"] {
        let url = format!("https://{host}.googleapis.com/bigquery/v2/projects/my-project/queries");
        let query =
            client.post(url).bearer_auth(&access).json(&json!({ "query": "SELECT name FROM mydataset.users LIMIT 1" }));
        assert_eq!(rows(&send(query).ok()), [["aaaaa"]]);
    }
    let hosts: Vec<String> = world.requests().into_iter().map(|record| record.host).collect();
    let expected =
        ["sts.googleapis.com", "iamcredentials.googleapis.com", "bigquery.googleapis.com", "www.googleapis.com"];
    assert_eq!(hosts, expected);
}

#[test]
fn a_host_serves_its_own_paths_only() {
    let world = ready();
    let url = "https://iam.googleapis.com/bigquery/v2/projects/my-project/queries";
    let reply = send(proxied(&world).post(url).bearer_auth(access_token(&world)).json(&json!({})));
    assert_eq!(reply.status, 404);
    assert_eq!(world.requests().last().expect("a record").operation, "unknown");
}

#[test]
fn a_client_that_does_not_trust_the_authority_fails() {
    let world = ready();
    let error = trusting_nobody(&world).get("https://sts.googleapis.com/").send().expect_err("no trust");
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[test]
fn nothing_leads_outside() {
    let world = ready();
    assert_eq!(Line::to(&world).ask("CONNECT example.com:443", "").0, 502);
    assert_eq!(Line::to(&world).ask("CONNECT sts.googleapis.com:8443", "").0, 502);
    assert_eq!(Line::to(&world).ask("CONNECT 127.0.0.1:1", "").0, 502);
    assert_eq!(Line::to(&world).ask("GET http://example.com/", "").0, 502);
    let records = world.requests();
    assert!(records.iter().all(|record| record.operation == "proxy.refused" && record.status == Some(502)));
    assert_eq!(records[0].host, "example.com:443");
}

#[test]
fn metadata_is_reached_by_absolute_requests_on_one_connection() {
    let world = ready();
    let mut line = Line::to(&world);
    let (status, token) = line.ask(&format!("PUT http://169.254.169.254{TOKEN}"), TTL);
    assert_eq!(status, 200);
    let header = format!("x-aws-ec2-metadata-token: {token}\r\n");
    for _ in 0..2 {
        let answer = line.ask(&format!("GET http://169.254.169.254{REGION}"), &header);
        assert_eq!(answer, (200, "us-east-1".into()));
    }
    let record = &world.requests()[1];
    assert_eq!((record.operation.as_str(), record.host.as_str()), ("metadata.region", "169.254.169.254"));
}

#[test]
fn metadata_is_reached_through_a_plain_tunnel() {
    let world = ready();
    for address in ["169.254.169.254:80", world.metadata_url.strip_prefix("http://").expect("a URL")] {
        let mut line = Line::to(&world);
        assert_eq!(line.ask(&format!("CONNECT {address}"), "").0, 200);
        let (_, token) = line.ask(&format!("PUT {TOKEN}"), TTL);
        let header = format!("x-aws-ec2-metadata-token: {token}\r\n");
        assert_eq!(line.ask(&format!("GET {REGION}"), &header), (200, "us-east-1".into()));
    }
}

#[test]
fn the_worlds_own_google_port_is_reached_too() {
    let world = ready();
    let address = world.google_url.strip_prefix("http://").expect("a URL");
    assert_eq!(Line::to(&world).ask(&format!("POST {}/v1/token", world.google_url), "Content-Length: 0\r\n").0, 400);
    let mut line = Line::to(&world);
    assert_eq!(line.ask(&format!("CONNECT {address}"), "").0, 200);
    assert_eq!(line.ask("POST /v1/token", "Content-Length: 0\r\n").0, 400);
}

#[test]
fn faults_reach_into_tunnels() {
    let world = ready();
    world.fault(json!({ "on": "sts.token", "do": { "close": true } }));
    let client = proxied(&world);
    client.post("https://sts.googleapis.com/v1/token").body("").send().expect_err("a reset");
    assert_eq!(send(client.post("https://sts.googleapis.com/v1/token").body("")).status, 400);
}

#[test]
fn a_tunnel_ends_with_its_world_even_before_tls_is_spoken() {
    let world = ready();
    let mut line = Line::to(&world);
    assert_eq!(line.ask("CONNECT sts.googleapis.com:443", "").0, 200);
    drop(world);
    let mut rest = Vec::new();
    line.0.read_to_end(&mut rest).expect("the end, in time");
}
