//! AWS STS as a service of its own: who the caller is, and keys for sessions of roles.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/>

mod parameters;

use crate::aws::signature::{self, Signed};
use crate::aws::xml::{self, Element};
use crate::facts::Facts;
use crate::facts::issued::{Standing, is_json_web_token};
use crate::facts::keys::{Caller, Key, Origin};
use crate::facts::roles::Role;
use crate::http::{Answer, Reply, Request, header_text, text};
use crate::route::Route;
use hyper::Method;
use hyper::header::{HOST, HeaderValue, LOCATION};
use jiff::Timestamp;
use parameters::{Parameters, Session};
use std::collections::BTreeMap;

const VERSION: &str = "2011-06-15";
/// Of a session that a session of another role has asked for.
const LONGEST_CHAINED_SECONDS: i64 = 3600;

/// `region` is that of the host's name, where it has one.
pub(crate) fn route(region: Option<String>, request: &Request) -> Route {
    if request.uri().path() != "/" || !matches!(*request.method(), Method::GET | Method::POST) {
        return Route::new("unknown", |_, _| Ok(text(404, "text/xml", "<UnknownOperationException/>\n")));
    }
    let parameters = Parameters::of(request);
    let Some(action) = parameters.value("Action").map(str::to_owned) else {
        return Route::new("aws.root", |_, request| Ok(website(request)));
    };
    let version = parameters.value("Version").unwrap_or("NO_VERSION_SPECIFIED");
    if version != VERSION {
        return invalid_action(&action, version);
    }
    match action.as_str() {
        "GetCallerIdentity" => {
            Route::new("aws.getCallerIdentity", move |facts, request| Ok(identity(&caller(facts, request, region)?)))
        }
        "AssumeRole" => Route::new("aws.assumeRole", move |facts, request| {
            let caller = caller(facts, request, region)?;
            assume_role(facts, &parameters, &caller)
        }),
        "AssumeRoleWithWebIdentity" => Route::new("aws.assumeRoleWithWebIdentity", move |facts, _| {
            assume_role_with_web_identity(facts, &parameters)
        }),
        _ => invalid_action(&action, version),
    }
}

fn invalid_action(action: &str, version: &str) -> Route {
    let message = format!("Could not find operation {action} for version {version}");
    Route::new("unknown", move |_, _| Err(xml::error("InvalidAction", &message)))
}

/// Where a browser is sent that asks for no action.
fn website(request: &Request) -> Reply {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut reply = text(302, "text/plain", "");
    let location = HeaderValue::try_from(format!("https://aws.amazon.com/iam{query}")).expect("a URI is ASCII");
    reply.headers_mut().insert(LOCATION, location);
    reply
}

fn caller(facts: &Facts, request: &Request, region: Option<String>) -> Result<Caller, Reply> {
    let host = header_text(request, HOST.as_str()).unwrap_or_default();
    // The signer leaves out a port that is the scheme's own: so does a client, which here speaks HTTP to a port.
    let scheme = if region.is_some() { "https" } else { "http" };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    let signed = Signed {
        method: request.method().to_string(),
        url: format!("{scheme}://{host}{path}"),
        region,
        headers,
        body: request.body().clone(),
    };
    signature::caller(facts, &signed).map_err(|refusal| xml::error(refusal.code, &refusal.message))
}

fn identity(caller: &Caller) -> Reply {
    let members = [
        Element::Text("Arn", caller.arn.clone()),
        Element::Text("UserId", caller.user_id.clone()),
        Element::Text("Account", caller.account.clone()),
    ];
    xml::result("GetCallerIdentity", &members)
}

fn assume_role(facts: &mut Facts, parameters: &Parameters, caller: &Caller) -> Answer {
    let session = parameters.session(&[])?;
    let external_id = parameters.value("ExternalId");
    let role = role(facts, &session).filter(|role| role.admits(caller, external_id)).ok_or_else(|| {
        let (caller, role) = (&caller.arn, &session.role_arn);
        xml::error(
            "AccessDenied",
            &format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"),
        )
    })?;
    check_duration(role, &session)?;
    if caller.role().is_some() && session.duration_seconds > LONGEST_CHAINED_SECONDS {
        return Err(xml::error(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let key = new_key(facts, &session);
    Ok(xml::result("AssumeRole", &[assumed(&key), credentials(&key)]))
}

fn assume_role_with_web_identity(facts: &mut Facts, parameters: &Parameters) -> Answer {
    let session = parameters.session(&["WebIdentityToken"])?;
    let token = parameters.value("WebIdentityToken").expect("its presence was checked with the session");
    check_token(facts, token)?;
    let own = &facts.identities.web_identity.spec;
    let (issuer, subject, audience) = (own.issuer.clone(), own.subject.clone(), own.audience.clone());
    let role = role(facts, &session)
        .filter(|role| role.admits_token(&issuer, &subject))
        .ok_or_else(|| xml::error("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))?;
    check_duration(role, &session)?;
    let provider = format!("arn:aws:iam::{}:oidc-provider/{}", role.account, issuer.trim_start_matches("https://"));
    let key = new_key(facts, &session);
    let members = [
        Element::Text("SubjectFromWebIdentityToken", subject),
        assumed(&key),
        credentials(&key),
        Element::Text("Provider", provider),
        Element::Text("Audience", audience),
    ];
    Ok(xml::result("AssumeRoleWithWebIdentity", &members))
}

/// Whether the token is one of this world's, alive, from a known issuer and meant for AWS STS.
fn check_token(facts: &Facts, token: &str) -> Result<(), Reply> {
    let own = &facts.identities.web_identity;
    let invalid = |message: &str| Err(xml::error("InvalidIdentityToken", message));
    match own.tokens.standing(token, facts.now()) {
        Standing::Unknown if !is_json_web_token(token) => {
            invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        }
        Standing::Unknown => invalid("The signature of the web identity token could not be verified."),
        Standing::Expired(ends) => {
            let (now, ends) = (facts.now().as_second(), ends.as_second());
            let message =
                format!("Token expired: current date/time {now} must be before the expiration date/time {ends}");
            Err(xml::error("ExpiredTokenException", &message))
        }
        Standing::Good if !own.spec.registered => {
            invalid(&format!("No OpenIDConnect provider found in your account for {}", own.spec.issuer))
        }
        Standing::Good if own.spec.audience != "sts.amazonaws.com" => invalid("Incorrect token audience"),
        Standing::Good => Ok(()),
    }
}

fn role<'f>(facts: &'f Facts, session: &Session) -> Option<&'f Role> {
    facts.identities.roles.iter().find(|role| role.arn == session.role_arn)
}

fn check_duration(role: &Role, session: &Session) -> Result<(), Reply> {
    if session.duration_seconds <= role.max_session_seconds {
        return Ok(());
    }
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    Err(xml::error("ValidationError", message))
}

fn new_key(facts: &mut Facts, session: &Session) -> Key {
    let role = role(facts, session).expect("found before");
    let (account, name) = (role.account.clone(), role.name.clone());
    facts.new_session(Origin::Assumed, &account, &name, &session.name, session.duration_seconds)
}

fn assumed(key: &Key) -> Element {
    let members =
        vec![Element::Text("AssumedRoleId", key.owner.user_id.clone()), Element::Text("Arn", key.owner.arn.clone())];
    Element::Group("AssumedRoleUser", members)
}

fn credentials(key: &Key) -> Element {
    let session = key.session.as_ref().expect("keys of a role are temporary");
    let members = vec![
        Element::Text("AccessKeyId", key.access_key_id.clone()),
        Element::Text("SecretAccessKey", key.secret_access_key.clone()),
        Element::Text("SessionToken", session.token.clone()),
        Element::Text("Expiration", whole_seconds(session.expires)),
    ];
    Element::Group("Credentials", members)
}

fn whole_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// For the log: the role and the session asked for, and how long it is to last.
pub(crate) fn summary(request: &Request) -> (Option<String>, Option<String>, Option<String>) {
    let parameters = Parameters::of(request);
    let value = |name| parameters.value(name).map(str::to_owned);
    (value("RoleArn"), value("RoleSessionName"), value("DurationSeconds"))
}
