//! BigQuery's load jobs: rows of an upload that are really kept, listed and queried.

use crate::support::{
    Reply, access_token, client, federated_token, get, impersonate, post, proxied, query, ready, rows, send, text,
};
use reqwest::blocking::RequestBuilder;
use rolebridge_emulator::World;
use serde_json::{Value, json};

/// All pieces of a resumable upload but the last are multiples of this.
const PIECE: usize = 262_144;

fn uploads(world: &World, kind: &str) -> String {
    format!("{}/upload/bigquery/v2/projects/my-project/jobs?uploadType={kind}", world.google_url)
}

fn table(world: &World, name: &str) -> String {
    format!("{}/bigquery/v2/projects/my-project/datasets/mydataset/tables/{name}", world.google_url)
}

fn field(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": kind })
}

/// A load into `mydataset.loaded` of JSON lines with these columns, and with more or other members.
fn job(fields: &[Value], more: &Value) -> Value {
    let mut load = json!({
        "destinationTable": { "projectId": "my-project", "datasetId": "mydataset", "tableId": "loaded" },
        "sourceFormat": "NEWLINE_DELIMITED_JSON",
        "schema": { "fields": fields },
    });
    load.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "configuration": { "load": load } })
}

fn columns() -> [Value; 2] {
    [field("id", "INT64"), field("name", "STRING")]
}

fn sending(world: &World, job: &Value, bytes: &str) -> RequestBuilder {
    let body = format!(
        "--frontier\r\ncontent-type: application/json\r\n\r\n{job}\r\n--frontier\r\ncontent-type: \
         */*\r\n\r\n{bytes}\r\n--frontier--\r\n"
    );
    let request = client().post(uploads(world, "multipart"));
    request.header("content-type", "multipart/related; boundary=frontier").body(body)
}

fn load(world: &World, bearer: &str, job: &Value, bytes: &str) -> Reply {
    send(sending(world, job, bytes).bearer_auth(bearer))
}

/// Demands that the job has been done well, and returns how many rows it has written.
#[track_caller]
fn done(reply: Reply) -> String {
    let job = reply.ok();
    assert_eq!(job["status"], json!({ "state": "DONE" }), "{job}");
    text(&job["statistics"]["load"], "outputRows")
}

/// Demands that the job has failed for this reason, with this as its last message.
#[track_caller]
fn failed(reply: Reply, reason: &str, message: &str) {
    let job = reply.ok();
    assert_eq!((&job["status"]["state"], &job["status"]["errorResult"]["reason"]), (&json!("DONE"), &json!(reason)));
    assert_eq!(job["statistics"]["load"]["outputRows"], "0");
    let last = text(job["status"]["errors"].as_array().unwrap().last().unwrap(), "message");
    assert!(last.contains(message), "{last}");
}

fn listed(world: &World, bearer: &str, query: &str) -> Value {
    get(format!("{}/data?{query}", table(world, "loaded")), bearer).ok()
}

#[test]
fn json_lines_become_rows_of_their_types() {
    let world = ready();
    let token = access_token(&world);
    let fields = [
        json!({ "name": "id", "type": "INTEGER", "mode": "REQUIRED" }),
        field("name", "STRING"),
        field("good", "BOOL"),
        field("share", "FLOAT64"),
        field("made", "TIMESTAMP"),
        field("day", "DATE"),
    ];
    let lines = concat!(
        r#"{"id": 1, "name": "007", "good": true, "share": 2, "made": "2024-01-02T03:04:05.5Z", "day": "2024-01-02"}"#,
        "\n\n",
        r#"{"id": "2", "name": null, "GOOD": "false", "made": 1704164645}"#,
    );
    let mut named = job(&fields, &json!({}));
    named["jobReference"] = json!({ "projectId": "my-project", "jobId": "my-load" });
    assert_eq!(done(load(&world, &token, &named, lines)), "2");
    let resource = get(format!("{}/bigquery/v2/projects/my-project/jobs/my-load", world.google_url), &token).ok();
    assert_eq!(
        (&resource["configuration"]["jobType"], &resource["id"]),
        (&json!("LOAD"), &json!("my-project:US.my-load"))
    );
    load(&world, &token, &named, lines).refused(409, "duplicate");
    get(format!("{}/bigquery/v2/projects/my-project/queries/my-load", world.google_url), &token)
        .refused(400, "no query");

    let expected = [
        ["1", "007", "true", "2.0", "1704164645.500000", "2024-01-02"],
        ["2", "NULL", "false", "NULL", "1704164645.000000", "NULL"],
    ];
    assert_eq!(rows(&listed(&world, &token, "")), expected);
    let all = query(&world, &token, "SELECT * FROM mydataset.loaded ORDER BY id").ok();
    assert_eq!(rows(&all), expected);
    let resource = get(table(&world, "loaded"), &token).ok();
    let described = |field: &Value| json!([field["name"], field["type"], field["mode"]]);
    let fields: Vec<Value> = resource["schema"]["fields"].as_array().unwrap().iter().map(described).collect();
    assert_eq!(
        json!(fields),
        json!([
            ["id", "INTEGER", "REQUIRED"],
            ["name", "STRING", "NULLABLE"],
            ["good", "BOOLEAN", "NULLABLE"],
            ["share", "FLOAT", "NULLABLE"],
            ["made", "TIMESTAMP", "NULLABLE"],
            ["day", "DATE", "NULLABLE"],
        ])
    );
    assert_eq!(resource["numRows"], "2");
    query(&world, &token, "SELECT * FROM loaded").refused(400, "must be qualified with a dataset");
    get(table(&world, "none"), &token).refused(404, "Not found: Table my-project:mydataset.none");
    assert_eq!(get(table(&world, "users"), &token).ok()["numRows"], "5");
}

#[test]
fn csv_becomes_rows() {
    let world = ready();
    let token = access_token(&world);
    let csv = |more: Value, bytes: &str| {
        let mut members = json!({ "sourceFormat": "CSV", "writeDisposition": "WRITE_TRUNCATE" });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        load(&world, &token, &job(&columns(), &members), bytes)
    };
    let kept = || rows(&listed(&world, &token, ""));
    assert_eq!(done(csv(json!({ "skipLeadingRows": "1" }), "id,name\n1,\"a,\"\"b\"\"\nc\"\n2,\n")), "2");
    assert_eq!(kept(), [["1", "a,\"b\"\nc"], ["2", "NULL"]]);
    assert_eq!(done(csv(json!({ "fieldDelimiter": "\t", "nullMarker": "-", "quote": "" }), "3\t\"d\n-\t\n")), "2");
    assert_eq!(kept(), [["3", "\"d"], ["NULL", ""]]);

    failed(csv(json!({}), "4,e\nfive,f\n"), "invalid", "Could not parse 'five' as INT64 for field id (position 0)");
    failed(csv(json!({}), "4\n"), "invalid", "CSV table references column position 1");
    failed(csv(json!({}), "4,e,f\n"), "invalid", "Too many values in row starting at position: 0.");
    assert_eq!(kept(), [["3", "\"d"], ["NULL", ""]], "a load that fails changes nothing");
    let lenient = json!({ "allowJaggedRows": true, "ignoreUnknownValues": true });
    assert_eq!(done(csv(lenient, "4\n5,e,f\n")), "2");
    assert_eq!(kept(), [["4", "NULL"], ["5", "e"]]);
}

#[test]
fn rows_come_in_pieces() {
    let world = ready();
    let token = access_token(&world);
    let lines: String = (0..6000).map(|id| format!("{{\"id\": {id}, \"name\": \"{id:050}\"}}\n")).collect();
    let total = lines.len();
    assert!(total > PIECE && total < 2 * PIECE, "two pieces");
    let begin =
        |job: &Value, bearer: &str| send(client().post(uploads(&world, "resumable")).bearer_auth(bearer).json(job));
    let begun = begin(&job(&columns(), &json!({})), &token);
    let session = begun.headers["location"].to_str().expect("ASCII").to_owned();
    let piece = |bearer: &str, range: &str, bytes: &str| {
        send(client().put(&session).bearer_auth(bearer).header("content-range", range).body(bytes.to_owned()))
    };
    let first = piece(&token, &format!("bytes 0-{}/*", PIECE - 1), &lines[..PIECE]);
    assert_eq!((first.status, &first.headers["range"]), (308, &"bytes=0-262143".parse().unwrap()));
    get(table(&world, "loaded"), &token).refused(404, "notFound");
    let range = format!("bytes {PIECE}-{}/{total}", total - 1);
    piece("made up", &range, &lines[PIECE..]).refused(401, "UNAUTHENTICATED");
    let made = piece(&token, &range, &lines[PIECE..]).ok();
    assert_eq!(made["statistics"]["load"]["outputRows"], "6000");
    assert_eq!(piece(&token, &format!("bytes */{total}"), "").ok(), made, "whoever missed it asks again");
    let sum = query(&world, &token, "SELECT COUNT(*), SUM(id), MAX(name) FROM mydataset.loaded").ok();
    assert_eq!(rows(&sum), [["6000".to_owned(), (5999 * 3000).to_string(), format!("{:050}", 5999)]]);

    let page = listed(&world, &token, "maxResults=4000");
    assert_eq!((rows(&page).len(), &page["totalRows"]), (4000, &json!("6000")));
    let rest = listed(&world, &token, &format!("maxResults=4000&pageToken={}", text(&page, "pageToken")));
    assert_eq!((rows(&rest).len(), rows(&rest)[0][0].as_str(), rest.get("pageToken")), (2000, "4000", None));

    begin(&job(&[field("id", "GEOGRAPHY")], &json!({})), &token).refused(501, "does not imitate");
    let begun = begin(&job(&columns(), &json!({})), &token);
    let session = begun.headers["location"].to_str().expect("ASCII").to_owned();
    assert_eq!(send(client().delete(&session).bearer_auth(&token)).status, 499);
    send(client().put(&session).bearer_auth(&token).body("{}")).refused_as_text(404, "Upload not found.");
}

#[test]
fn dispositions_say_what_becomes_of_the_rows_before() {
    let world = ready();
    let token = access_token(&world);
    let write = |more: Value, line: &str| load(&world, &token, &job(&columns(), &more), line);
    let ids = || rows(&query(&world, &token, "SELECT id FROM mydataset.loaded").ok()).concat();
    failed(write(json!({ "createDisposition": "CREATE_NEVER" }), "{\"id\": 1}"), "notFound", "Not found: Table");
    done(write(json!({ "writeDisposition": "WRITE_EMPTY" }), "{\"id\": 1}"));
    done(write(json!({}), "{\"id\": 2}"));
    assert_eq!(ids(), ["1", "2"]);
    failed(write(json!({ "writeDisposition": "WRITE_EMPTY" }), "{\"id\": 3}"), "duplicate", "Already Exists: Table");
    // The schema may be left out once the table has one.
    done(write(json!({ "schema": null, "autodetect": true }), "{\"id\": 3}"));
    assert_eq!(ids(), ["1", "2", "3"]);
    failed(write(json!({ "schema": { "fields": [field("id", "STRING")] } }), "{}"), "invalid", "does not match Table");
    let other = json!({ "writeDisposition": "WRITE_TRUNCATE", "schema": { "fields": [field("id", "STRING")] } });
    done(write(other, "{\"id\": \"four\"}"));
    assert_eq!(ids(), ["four"]);
}

#[test]
fn what_is_wrong_is_told() {
    let world = ready();
    let token = access_token(&world);
    let write = |more: Value, lines: &str| load(&world, &token, &job(&columns(), &more), lines);
    failed(write(json!({}), "{\"id\": 1}\n{\"nme\": \"a\"}"), "invalid", "position 10: No such field: nme.");
    failed(write(json!({}), "{\"id\": \"one\"}"), "invalid", "Could not convert value to integer. Field: id");
    failed(write(json!({}), "{\"name\": 1}"), "invalid", "Could not convert value to string. Field: name; Value: 1");
    failed(write(json!({}), "{\"id\": 1"), "invalid", "Parser terminated");
    let required = json!({ "schema": { "fields": [{ "name": "id", "type": "INT64", "mode": "REQUIRED" }] } });
    failed(write(required, "{}"), "invalid", "Missing required field: id.");
    failed(write(json!({ "schema": null }), "{}"), "invalid", "No schema specified");
    get(table(&world, "loaded"), &token).refused(404, "notFound");
    assert_eq!(done(write(json!({ "ignoreUnknownValues": true }), "{\"nme\": \"a\"}")), "1");

    let into = |project: &str, dataset: &str, table: &str| {
        let destination = json!({ "projectId": project, "datasetId": dataset, "tableId": table });
        write(json!({ "destinationTable": destination }), "{}")
    };
    into("my-project", "other", "loaded").refused(404, "Not found: Dataset my-project:other");
    into("theirs", "mydataset", "loaded").refused(403, "Access Denied: Dataset theirs:mydataset");
    for wrong in ["", "a b", "a$20240101", "sqlite_a"] {
        into("my-project", "mydataset", wrong).refused(400, "Invalid table ID");
    }
    let fields = |fields: Value| write(json!({ "schema": { "fields": fields } }), "{}");
    fields(json!([field("id", "INT64"), field("ID", "INT64")])).refused(400, "already exists in schema");
    fields(json!([field("a b", "INT64")])).refused(400, "Invalid field name");
    fields(json!([{ "name": "id", "type": "INT64", "mode": "REPEATED" }])).refused(501, "repeated columns");
    write(
        json!({ "schema": null, "autodetect": true, "destinationTable": { "projectId": "my-project", "datasetId":
        "mydataset", "tableId": "new" } }),
        "{}",
    )
    .refused(501, "detection of a schema");
    write(json!({ "sourceFormat": "PARQUET" }), "{}").refused(501, "source format");
    write(json!({ "maxBadRecords": 1 }), "{}").refused(501, "bad rows");
    write(json!({ "sourceFormat": "CSV", "skipLeadingRows": "x" }), "").refused(400, "skipLeadingRows");
    let jobs = format!("{}/bigquery/v2/projects/my-project/jobs", world.google_url);
    post(jobs, &token, &job(&columns(), &json!({ "sourceUris": ["gs://my-bucket/x"] })))
        .refused(501, "does not imitate");
}

#[test]
fn only_a_granted_bearer_with_the_scope_may_load() {
    let world = ready();
    let job = job(&columns(), &json!({}));
    load(&world, "made up", &job, "{}").refused(401, "UNAUTHENTICATED");
    load(&world, &federated_token(&world), &job, "{}").refused(403, "bigquery.jobs.create");
    let reading = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform.read-only"] });
    let reading = text(&impersonate(&world, &federated_token(&world), &reading).ok(), "accessToken");
    load(&world, &reading, &job, "{}").refused(403, "insufficient authentication scopes");
    let token = access_token(&world);
    done(load(&world, &token, &job, "{\"id\": 1}"));
    assert_eq!(rows(&listed(&world, &reading, "")), [["1", "NULL"]]);
    get(format!("{}/data", table(&world, "loaded")), &federated_token(&world)).refused(403, "Access Denied");

    let named = "https://bigquery.googleapis.com/upload/bigquery/v2/projects/my-project/jobs?uploadType=resumable";
    let begun = send(proxied(&world).post(named).bearer_auth(&token).json(&job));
    let session = begun.headers["location"].to_str().expect("ASCII").to_owned();
    assert!(session.starts_with(&format!("{named}&upload_id=")), "{session}");
    done(send(proxied(&world).put(session).bearer_auth(&token).body("{\"id\": 2}")));
    let operations: Vec<String> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations[operations.len() - 2..], ["bigquery.startUpload", "bigquery.resumeUpload"]);
}
