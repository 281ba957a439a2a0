//! BigQuery: SQL that is really executed, for those who may.

use crate::support::{CLOUD_PLATFORM, access_token, federated_token, get, impersonate, post, query, ready, rows};
use serde_json::json;

#[test]
fn sql_is_executed() {
    let world = ready();
    let token = access_token(&world);
    let run = |sql: &str| rows(&query(&world, &token, sql).ok());
    assert_eq!(run("SELECT name FROM mydataset.users WHERE id > 3 ORDER BY id DESC"), [["eeeee"], ["ddddd"]]);
    assert_eq!(run("SELECT COUNT(*), MIN(email) FROM `my-project.mydataset.users`"), [["5", "aaaaa@example.com"]]);
    assert_eq!(
        run("SELECT email FROM my-project.mydataset.users AS u WHERE u.name = \"ccccc\""),
        [["ccccc@example.com"]]
    );
    assert_eq!(run("SELECT 'it\\'s' -- a comment\n# another\n"), [["it's"]]);
    assert_eq!(run("SELECT SESSION_USER()"), [["bigquery-reader@my-project.iam.gserviceaccount.com"]]);
    assert_eq!(run("SELECT name FROM mydataset.users WHERE created >= '2023-04-05'"), [["eeeee"]]);
    assert_eq!(run("WITH few AS (SELECT id FROM mydataset.users LIMIT 2) SELECT COUNT(*) FROM few"), [["2"]]);
    assert_eq!(run("SELECT NULL"), [["NULL"]]);
}

#[test]
fn a_reply_has_the_shape_that_clients_read() {
    let world = ready();
    let token = access_token(&world);
    let url = format!("{}/bigquery/v2/projects/my-project/queries", world.google_url);
    let sql = "SELECT *, COUNT(*), 1.5 AS half FROM mydataset.users WHERE id = 1";
    let body = post(url.clone(), &token, &json!({ "query": sql, "formatOptions": { "useInt64Timestamp": true } })).ok();
    let fields = body["schema"]["fields"].as_array().expect("fields");
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|field| (field["name"].as_str().unwrap(), field["type"].as_str().unwrap())).collect();
    let expected = [
        ("id", "INTEGER"),
        ("name", "STRING"),
        ("email", "STRING"),
        ("created", "TIMESTAMP"),
        ("f0_", "INTEGER"),
        ("half", "FLOAT"),
    ];
    assert_eq!(fields, expected);
    assert_eq!(rows(&body), [["1", "aaaaa", "aaaaa@example.com", "1680339600000000", "1", "1.5"]]);
    assert_eq!((&body["totalRows"], &body["jobComplete"]), (&json!("1"), &json!(true)));
    let seconds = post(url, &token, &json!({ "query": "SELECT created FROM mydataset.users WHERE id = 1" })).ok();
    assert_eq!(rows(&seconds), [["1680339600.000000"]]);
}

#[test]
fn a_job_keeps_its_result() {
    let world = ready();
    let token = access_token(&world);
    let base = format!("{}/bigquery/v2/projects/my-project", world.google_url);
    let job = json!({
        "jobReference": { "projectId": "my-project", "jobId": "my-job" },
        "configuration": { "query": { "query": "SELECT id FROM mydataset.users ORDER BY id", "useLegacySql": false } },
    });
    let inserted = post(format!("{base}/jobs"), &token, &job).ok();
    assert_eq!(inserted["status"]["state"], "DONE");
    assert_eq!(inserted["jobReference"]["location"], "US");
    post(format!("{base}/jobs"), &token, &job).refused(409, "duplicate");
    assert_eq!(get(format!("{base}/jobs/my-job?projection=full"), &token).ok()["id"], "my-project:US.my-job");

    let none = get(format!("{base}/queries/my-job?maxResults=0"), &token).ok();
    assert_eq!((none.get("rows"), &none["totalRows"]), (None, &json!("5")));
    let first = get(format!("{base}/queries/my-job?maxResults=2"), &token).ok();
    assert_eq!(rows(&first), [["1"], ["2"]]);
    let page = first["pageToken"].as_str().expect("more pages");
    let rest = get(format!("{base}/queries/my-job?pageToken={page}"), &token).ok();
    assert_eq!(rows(&rest), [["3"], ["4"], ["5"]]);
    assert_eq!(rest.get("pageToken"), None);
    get(format!("{base}/queries/none"), &token).refused(404, "Not found: Job my-project:none");
}

#[test]
fn parameters_are_bound() {
    let world = ready();
    let token = access_token(&world);
    let url = format!("{}/bigquery/v2/projects/my-project/queries", world.google_url);
    let parameter = |name: Option<&str>, kind: &str, value: serde_json::Value| json!({ "name": name, "parameterType": { "type": kind }, "parameterValue": { "value": value } });
    let run = |sql: &str, parameters: serde_json::Value| {
        post(url.clone(), &token, &json!({ "query": sql, "queryParameters": parameters }))
    };
    let named = "SELECT name FROM mydataset.users WHERE id = @id AND name = @name";
    let both = json!([parameter(Some("id"), "INT64", json!("2")), parameter(Some("name"), "STRING", json!("bbbbb"))]);
    assert_eq!(rows(&run(named, both).ok()), [["bbbbb"]]);
    let number = json!([parameter(None, "INT64", json!(4))]);
    assert_eq!(rows(&run("SELECT name FROM mydataset.users WHERE id > ?", number).ok()), [["eeeee"]]);
    let time = json!([parameter(None, "TIMESTAMP", json!("2023-04-05T00:00:00Z"))]);
    assert_eq!(rows(&run("SELECT id FROM mydataset.users WHERE created > ?", time).ok()), [["5"]]);
    run("SELECT @missing", json!([])).refused(400, "Query parameter 'missing' not found");
    run("SELECT ?", json!([parameter(None, "INT64", json!("two"))])).refused(400, "Invalid value");
    run("SELECT ?", json!([parameter(None, "GEOGRAPHY", json!("x"))])).refused(501, "does not imitate");
}

#[test]
fn wrong_sql_is_refused_with_a_reason() {
    let world = ready();
    let token = access_token(&world);
    let refused = |sql: &str, status: u16, reason: &str, text: &str| {
        let body = query(&world, &token, sql).refused(status, text);
        assert_eq!(body["error"]["errors"][0]["reason"], reason, "{sql}");
    };
    refused("SELECT nme FROM mydataset.users", 400, "invalidQuery", "Unrecognized name: nme");
    refused("SELECT FROM WHERE", 400, "invalidQuery", "Syntax error");
    refused("FORM users", 400, "invalidQuery", "Syntax error");
    refused("", 400, "invalidQuery", "Syntax error");
    refused("SELECT NOSUCH(1)", 400, "invalidQuery", "Function not found: NOSUCH");
    refused("SELECT * FROM users", 400, "invalidQuery", "must be qualified with a dataset");
    refused("SELECT * FROM mydataset.usrs", 404, "notFound", "Not found: Table my-project:mydataset.usrs");
    refused("SELECT * FROM other.users", 404, "notFound", "Not found: Dataset my-project:other");
    refused(
        "SELECT * FROM `theirs.mydataset.users`",
        403,
        "accessDenied",
        "Access Denied: Table theirs:mydataset.users",
    );
    refused("DELETE FROM mydataset.users WHERE true", 501, "notImplemented", "does not imitate");
    refused("WITH one AS (SELECT 1) DELETE FROM mydataset.users", 501, "notImplemented", "does not imitate");
    refused("SELECT 1; SELECT 2", 501, "notImplemented", "does not imitate");
    assert_eq!(rows(&query(&world, &token, "SELECT COUNT(*) FROM mydataset.users").ok()), [["5"]]);
}

#[test]
fn only_a_granted_bearer_with_the_scope_may_ask() {
    let world = ready();
    query(&world, "made up", "SELECT 1").refused(401, "UNAUTHENTICATED");
    let denied =
        "Access Denied: Project my-project: User does not have bigquery.jobs.create permission in project my-project.";
    let body = query(&world, &federated_token(&world), "SELECT 1").refused(403, denied);
    assert_eq!(body["error"]["errors"][0]["reason"], "accessDenied");

    let scoped = |scope: &str| {
        let reply = impersonate(&world, &federated_token(&world), &json!({ "scope": [scope] })).ok();
        reply["accessToken"].as_str().expect("a token").to_owned()
    };
    query(&world, &scoped("https://www.googleapis.com/auth/bigquery"), "SELECT 1").ok();
    let reading = scoped("https://www.googleapis.com/auth/cloud-platform.read-only");
    query(&world, &reading, "SELECT 1").ok();
    let jobs = format!("{}/bigquery/v2/projects/my-project/jobs", world.google_url);
    let job = json!({ "configuration": { "query": { "query": "SELECT 1" } } });
    post(jobs, &reading, &job).refused(403, "insufficient authentication scopes");
    let storage = scoped("https://www.googleapis.com/auth/devstorage.read_only");
    query(&world, &storage, "SELECT 1").refused(403, "insufficient authentication scopes");

    let token = scoped(CLOUD_PLATFORM);
    query(&world, &token, "SELECT 1").ok();
    world.patch(json!({ "grants": [] }));
    query(&world, &token, "SELECT 1").refused(403, denied);
}
