//! What a world was asked, in the order of arrival, without any secret.

use crate::aws;
use crate::google::{credentials, sts};
use crate::http::{Request, header_text};
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// One request as it arrived, and its outcome once there is one.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counted from 1.
    pub number: usize,
    /// `service.method`, for example `sts.token`; `unknown` where nothing answers to the path.
    pub operation: String,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The host that the client meant: a real name through the proxy, else `127.0.0.1:PORT`.
    pub host: String,
    /// With its query, unless that may hold a token, a signature or the id of an upload.
    pub path: String,
    /// `None` while unanswered, and for ever if the connection was cut instead.
    pub status: Option<u16>,
    /// From arrival to the outcome; `None` as long as `status` is.
    pub milliseconds: Option<u64>,
    /// The kind only, such as `bearer`; `raw` where there is none.
    pub authorization: Option<String>,
    /// The header `user-agent`.
    pub user_agent: Option<String>,
    /// The header `x-goog-api-client`.
    pub api_client: Option<String>,
    /// The header `x-goog-user-project`.
    pub quota_project: Option<String>,
    /// Of the subject token, for `sts.token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_headers: Option<Vec<String>>,
    /// What was asked for, for `sts.token` and `iamcredentials.generateAccessToken`; several are joined by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What was asked for, for `iamcredentials.generateAccessToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
    /// Of the ID token asked for, for `iamcredentials.generateIdToken`, as the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Whether the ID token was to hold the email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_email: Option<bool>,
    /// The ARN of the role asked for, for `aws.assumeRole` and `aws.assumeRoleWithWebIdentity`, as the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The session name asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How long the session was asked to last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<String>,
}

impl RequestRecord {
    pub(crate) fn new(operation: &str, host: &str, request: &Request) -> RequestRecord {
        let header = |name| header_text(request, name).map(str::to_owned);
        let mut record = RequestRecord {
            number: 0,
            operation: operation.into(),
            method: request.method().to_string(),
            host: host.into(),
            path: path(request).into(),
            status: None,
            milliseconds: None,
            authorization: header("authorization")
                .map(|value| value.split_once(' ').map_or_else(|| "raw".into(), |(kind, _)| kind.to_lowercase())),
            user_agent: header("user-agent"),
            api_client: header("x-goog-api-client"),
            quota_project: header("x-goog-user-project"),
            signed_headers: None,
            scope: None,
            lifetime: None,
            audience: None,
            include_email: None,
            role: None,
            session: None,
            duration_seconds: None,
        };
        match operation {
            "sts.token" => (record.scope, record.signed_headers) = sts::summary(request),
            "iamcredentials.generateAccessToken" => (record.scope, record.lifetime) = credentials::summary(request),
            "iamcredentials.generateIdToken" => {
                (record.audience, record.include_email) = credentials::id_token_summary(request);
            }
            "aws.assumeRole" | "aws.assumeRoleWithWebIdentity" => {
                (record.role, record.session, record.duration_seconds) = aws::sts::summary(request);
            }
            _ => {}
        }
        record
    }
}

/// Parameters that open something to whoever knows them: tokens, signatures, sessions of uploads.
const SECRET: [&str; 4] = ["WebIdentityToken", "X-Goog-Signature", "upload_id", "uploadId"];

fn path(request: &Request) -> &str {
    let uri = request.uri();
    let holds_token = uri.query().is_some_and(|query| SECRET.iter().any(|name| query.contains(name)));
    if holds_token { uri.path() } else { uri.path_and_query().map_or("", |path| path.as_str()) }
}

pub(crate) struct Log {
    records: Mutex<Vec<RequestRecord>>,
    /// How many have arrived: wakes those who wait.
    arrived: watch::Sender<usize>,
}

impl Log {
    pub(crate) fn new() -> Log {
        Log { records: Mutex::default(), arrived: watch::Sender::new(0) }
    }

    /// Notes an arrival and returns its number.
    pub(crate) fn arrive(&self, mut record: RequestRecord) -> usize {
        let number = {
            let mut records = self.records();
            record.number = records.len() + 1;
            records.push(record);
            records.len()
        };
        self.arrived.send_replace(number);
        number
    }

    pub(crate) fn answered(&self, number: usize, status: u16, took: Duration) {
        let record = &mut self.records()[number - 1];
        record.status = Some(status);
        record.milliseconds = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.records().clone()
    }

    pub(crate) fn of(&self, operation: &str) -> Vec<RequestRecord> {
        self.records().iter().filter(|record| record.operation == operation).cloned().collect()
    }

    /// Waits until `count` requests of one operation have arrived; the wrong side says how many had when time was up.
    pub(crate) async fn wait(
        &self,
        operation: &str,
        count: usize,
        limit: Duration,
    ) -> Result<Vec<RequestRecord>, usize> {
        let mut arrivals = self.arrived.subscribe();
        let enough = arrivals.wait_for(|_| self.of(operation).len() >= count);
        match tokio::time::timeout(limit, enough).await {
            Ok(_) => Ok(self.of(operation)),
            Err(_) => Err(self.of(operation).len()),
        }
    }

    fn records(&self) -> MutexGuard<'_, Vec<RequestRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
