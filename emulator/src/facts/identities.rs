//! AWS identities other than the instance's: the container's, those of roles that are assumed, and of a user of IAM
//! Identity Center.

use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::facts::issued::{Issued, json_web_token};
use crate::facts::keys::{Key, Origin};
use crate::facts::roles::Role;
use crate::facts::spec::identities::{self, ContainerPatch, Ending, Renewal, SsoPatch};
use crate::facts::spec::{Aws, Spec};
use crate::random;
use jiff::{SignedDuration, Timestamp};

pub(crate) struct Identities {
    pub(crate) container: Container,
    pub(crate) roles: Vec<Role>,
    pub(crate) web_identity: WebIdentity,
    pub(crate) sso: Sso,
}

pub(crate) struct Container {
    role: Option<String>,
    session: String,
    pub(crate) task_arn: String,
    /// The last part of the path that a task asks for its keys.
    pub(crate) credentials_id: String,
    /// The part of the path that a task asks about itself.
    pub(crate) metadata_id: String,
    token_lifetime_seconds: i64,
    pub(crate) tokens: Issued,
}

pub(crate) struct WebIdentity {
    pub(crate) spec: identities::WebIdentity,
    pub(crate) tokens: Issued,
}

pub(crate) struct Sso {
    pub(crate) spec: identities::Sso,
    pub(crate) region: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) registration_ends: Timestamp,
    pub(crate) access_tokens: Issued,
    /// Only the newest is good; none if it has been ended.
    pub(crate) refresh_token: Option<String>,
}

impl Identities {
    pub(crate) fn new(spec: &Spec, now: Timestamp) -> Identities {
        let aws = &spec.aws;
        Identities {
            container: Container::new(aws, now),
            roles: match &aws.roles {
                Some(roles) => made(roles, aws.account.as_str(), &aws.web_identity),
                None => made(&[identities::Role::of_the_world(&spec.bound_role)], &aws.account, &aws.web_identity),
            },
            web_identity: WebIdentity::new(&aws.web_identity, now),
            sso: Sso::new(aws, now),
        }
    }
}

fn made(roles: &[identities::Role], account: &str, web_identity: &identities::WebIdentity) -> Vec<Role> {
    roles.iter().map(|role| Role::new(role, account, web_identity)).collect()
}

impl Container {
    fn new(aws: &Aws, now: Timestamp) -> Container {
        let spec = &aws.container;
        let lifetime = spec.token_lifetime_seconds;
        let (token, ends) = container_token(now, lifetime);
        Container {
            role: spec.role.clone(),
            session: spec.session.clone(),
            task_arn: spec.task_arn.clone().unwrap_or_else(|| {
                format!("arn:aws:ecs:{}:{}:task/my-cluster/{}", aws.region, aws.account, spec.session)
            }),
            credentials_id: random::uuid(),
            metadata_id: format!("{}-0123456789", random::text(random::HEX, 32)),
            token_lifetime_seconds: lifetime,
            tokens: Issued::new(token, ends),
        }
    }
}

fn container_token(now: Timestamp, lifetime_seconds: i64) -> (String, Timestamp) {
    let own = identities::WebIdentity::default();
    let ends = now + SignedDuration::from_secs(lifetime_seconds);
    (json_web_token(&own.issuer, &own.subject, "pods.eks.amazonaws.com", now, ends), ends)
}

impl WebIdentity {
    fn new(spec: &identities::WebIdentity, now: Timestamp) -> WebIdentity {
        let (token, ends) = web_identity_token(spec, now);
        WebIdentity { spec: spec.clone(), tokens: Issued::new(token, ends) }
    }
}

fn web_identity_token(spec: &identities::WebIdentity, now: Timestamp) -> (String, Timestamp) {
    let ends = now + SignedDuration::from_secs(spec.lifetime_seconds);
    (json_web_token(&spec.issuer, &spec.subject, &spec.audience, now, ends), ends)
}

impl Sso {
    fn new(aws: &Aws, now: Timestamp) -> Sso {
        let spec = aws.sso.clone();
        Sso {
            region: spec.region.clone().unwrap_or_else(|| aws.region.clone()),
            client_id: random::text(random::BASE64_URL, 22),
            client_secret: format!("eyJraWQiOiJrZXki{}", random::text(random::BASE64_URL, 300)),
            registration_ends: now + SignedDuration::from_secs(spec.registration_lifetime_seconds),
            access_tokens: Issued::new(
                sso_token("aoaAAAAA"),
                now + SignedDuration::from_secs(spec.token_lifetime_seconds),
            ),
            refresh_token: Some(sso_token("aorAAAAA")),
            spec,
        }
    }

    pub(crate) fn renew_access_token(&mut self, now: Timestamp) {
        self.access_tokens
            .renew(sso_token("aoaAAAAA"), now + SignedDuration::from_secs(self.spec.token_lifetime_seconds));
    }

    pub(crate) fn renew_refresh_token(&mut self) {
        self.refresh_token = Some(sso_token("aorAAAAA"));
    }
}

fn sso_token(prefix: &str) -> String {
    format!("{prefix}{}:{}", random::text(random::BASE64_URL, 120), random::text(random::BASE64, 96))
}

impl Facts {
    /// The keys that the container has for its role now.
    pub(crate) fn container_key(&mut self) -> Option<Key> {
        let role = self.identities.container.role.clone()?;
        let session = self.identities.container.session.clone();
        Some(self.hand_out(Origin::Container, &role, &session))
    }

    /// New keys for the session of a role.
    pub(crate) fn new_session(
        &mut self,
        origin: Origin,
        account: &str,
        role: &str,
        session: &str,
        lifetime_seconds: i64,
    ) -> Key {
        let owner = self.session_of(account, role, session);
        let key = Key::of_session(origin, owner, self.now(), lifetime_seconds);
        self.keys.insert(key.access_key_id.clone(), key.clone());
        key
    }

    pub(super) fn patch_container(&mut self, patch: ContainerPatch) {
        if let Some(role) = patch.role {
            self.identities.container.role = role;
        }
        if let Some(session) = patch.session {
            self.identities.container.session = session;
        }
    }

    pub(super) fn patch_roles(&mut self, roles: &[identities::Role]) {
        self.identities.roles = made(roles, &self.account, &self.identities.web_identity.spec);
    }

    pub(super) fn patch_sso(&mut self, patch: SsoPatch) {
        if let Some(roles) = patch.roles {
            self.identities.sso.spec.roles = roles;
        }
    }

    pub(super) fn end(&mut self, what: Ending) {
        let now = self.now();
        match what {
            Ending::Keys => self.end_keys(Origin::Instance),
            Ending::ContainerKeys => self.end_keys(Origin::Container),
            Ending::AssumedKeys => self.end_keys(Origin::Assumed),
            Ending::SsoKeys => self.end_keys(Origin::Sso),
            Ending::ContainerToken => self.identities.container.tokens.end_current(now),
            Ending::WebIdentityToken => self.identities.web_identity.tokens.end_current(now),
            Ending::SsoAccessToken => self.identities.sso.access_tokens.end_current(now),
            Ending::SsoRefreshToken => self.identities.sso.refresh_token = None,
            Ending::SsoClient => self.identities.sso.registration_ends = now,
            Ending::FederatedTokens => self.end_bearers(|who| matches!(who, Principal::Federated { .. })),
            Ending::AccessTokens => self.end_bearers(|who| matches!(who, Principal::ServiceAccount { .. })),
        }
    }

    fn end_keys(&mut self, origin: Origin) {
        let now = self.now();
        let sessions = self.keys.values_mut().filter(|key| key.origin == origin);
        for session in sessions.filter_map(|key| key.session.as_mut()) {
            session.expires = session.expires.min(now);
        }
    }

    pub(super) fn renew(&mut self, what: Renewal) {
        let now = self.now();
        let identities = &mut self.identities;
        match what {
            Renewal::Keys => self.handed_out.remove(&Origin::Instance).map_or((), drop),
            Renewal::ContainerKeys => self.handed_out.remove(&Origin::Container).map_or((), drop),
            Renewal::ContainerToken => {
                let (token, ends) = container_token(now, identities.container.token_lifetime_seconds);
                identities.container.tokens.renew(token, ends);
            }
            Renewal::WebIdentityToken => {
                let (token, ends) = web_identity_token(&identities.web_identity.spec, now);
                identities.web_identity.tokens.renew(token, ends);
            }
            Renewal::SsoAccessToken => identities.sso.renew_access_token(now),
            Renewal::SsoRefreshToken => identities.sso.renew_refresh_token(),
        }
    }
}
