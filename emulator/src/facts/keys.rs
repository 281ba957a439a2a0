//! AWS keys and whom they belong to.

use crate::random;
use jiff::{SignedDuration, Timestamp};

#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// Only temporary keys have one.
    pub(crate) session: Option<Session>,
    pub(crate) owner: Caller,
    pub(crate) origin: Origin,
}

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// What handed a key out.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) enum Origin {
    Instance,
    Container,
    /// AWS STS.
    Assumed,
    Sso,
    User,
}

/// What GetCallerIdentity tells about a key.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
}

impl Key {
    pub(crate) fn of_session(origin: Origin, owner: Caller, now: Timestamp, lifetime_seconds: i64) -> Key {
        Key {
            access_key_id: format!("ASIA{}", random::text(random::BASE32, 16)),
            secret_access_key: random::text(random::BASE64, 40),
            session: Some(Session {
                token: format!("IQoJb3JpZ2luX2Vj{}==", random::text(random::BASE64, 600)),
                issued: now,
                expires: now + SignedDuration::from_secs(lifetime_seconds),
            }),
            owner,
            origin,
        }
    }

    pub(crate) fn of_user(account: &str, name: &str) -> Key {
        Key {
            access_key_id: format!("AKIA{}", random::text(random::BASE32, 16)),
            secret_access_key: random::text(random::BASE64, 40),
            session: None,
            owner: Caller {
                account: account.into(),
                arn: format!("arn:aws:iam::{account}:user/{name}"),
                user_id: format!("AIDA{}", random::text(random::BASE32, 17)),
            },
            origin: Origin::User,
        }
    }

    /// The instance metadata service hands out new keys before the old ones end: here in the last tenth of their life.
    pub(crate) fn is_due_for_rotation(&self, now: Timestamp) -> bool {
        self.session.as_ref().is_some_and(|session| {
            let tenth = session.expires.duration_since(session.issued) / 10;
            now >= session.expires - tenth
        })
    }
}

impl Caller {
    /// `role_id` is IAM's unique id of the role.
    pub(crate) fn of_role(account: &str, role: &str, role_id: &str, session: &str) -> Caller {
        Caller {
            account: account.into(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            user_id: format!("{role_id}:{session}"),
        }
    }

    /// The name of the role whose session the caller is.
    pub(crate) fn role(&self) -> Option<&str> {
        let (_, role_and_session) = self.arn.split_once(":assumed-role/")?;
        role_and_session.split('/').next()
    }
}
