//! Everything that is true in one world at this moment; the services read it and change it.

pub(crate) mod attributes;
pub(crate) mod bearer;
pub(crate) mod expression;
pub(crate) mod identities;
pub(crate) mod issued;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod operations;
pub(crate) mod policy;
pub(crate) mod pools;
pub(crate) mod roles;
pub(crate) mod service_accounts;
pub(crate) mod services;
pub(crate) mod signing_key;
pub(crate) mod spec;

use crate::random;
use crate::store::Store;
use crate::warehouse::Warehouse;
use bearer::{Bearer, Principal};
use identities::Identities;
use jiff::{SignedDuration, Timestamp};
use keys::{Caller, Key, Origin};
use login::Login;
use operations::Operations;
use policy::{Policy, WORKLOAD_IDENTITY_USER};
use pools::{Pool, pool_name};
use service_accounts::ServiceAccounts;
use signing_key::SigningKey;
use spec::{Instance, Patch, Project, RoleBinding, Spec};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Google pads the access tokens of service accounts to this length, prefix and all (told in google-auth-library-nodejs,
/// issue 1499); federated ones are about as long.
const TOKEN_LENGTH: usize = 1024;

pub(crate) struct Facts {
    clock_offset: SignedDuration,

    // AWS
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) zone: String,
    pub(crate) instance: Instance,
    key_lifetime_seconds: i64,
    /// By access key id: all that were ever handed out, and the users'.
    pub(crate) keys: HashMap<String, Key>,
    /// The access key ids that the instance and the container are given now.
    handed_out: HashMap<Origin, String>,
    /// IAM's unique ids, by account and name.
    role_ids: HashMap<(String, String), String>,
    /// IMDSv2 session tokens and when they end.
    pub(crate) metadata_sessions: HashMap<String, Timestamp>,
    /// In the order of the specification: name and access key id.
    pub(crate) users: Vec<(String, String)>,
    pub(crate) identities: Identities,

    // Google
    pub(crate) project: Project,
    pub(crate) enabled_services: BTreeSet<String>,
    pub(crate) pools: BTreeMap<String, Pool>,
    pub(crate) service_accounts: ServiceAccounts,
    /// Signs ID tokens; made by the first one.
    id_token_key: Option<SigningKey>,
    pub(crate) operations: Operations,
    pub(crate) bearers: HashMap<String, Bearer>,
    pub(crate) federated_lifetime: SignedDuration,
    /// Opens Service Usage and IAM, as the token of a project's owner would.
    pub(crate) admin_token: String,
    pub(crate) admin_login: Login,
    /// Members that may use BigQuery and Cloud Storage.
    pub(crate) grants: Vec<String>,
    pub(crate) warehouse: Warehouse,
    pub(crate) store: Store,
}

impl Facts {
    pub(crate) fn new(spec: &Spec) -> Facts {
        let service_account = spec.service_account();
        let grants = spec.grants.clone().unwrap_or_else(|| vec![format!("serviceAccount:{service_account}")]);
        let clock_offset = SignedDuration::from_secs(spec.clock.offset_seconds);
        let mut facts = Facts {
            clock_offset,
            account: spec.aws.account.clone(),
            region: spec.aws.region.clone(),
            zone: spec.aws.zone.clone(),
            instance: spec.aws.instance.clone(),
            key_lifetime_seconds: spec.aws.key_lifetime_seconds,
            keys: HashMap::new(),
            handed_out: HashMap::new(),
            role_ids: HashMap::new(),
            metadata_sessions: HashMap::new(),
            users: Vec::new(),
            identities: Identities::new(spec, Timestamp::now() + clock_offset),
            project: spec.project.clone(),
            enabled_services: services::enabled_from_the_start(),
            pools: BTreeMap::new(),
            service_accounts: ServiceAccounts::default(),
            id_token_key: None,
            operations: Operations::new(spec.operation_polls),
            bearers: HashMap::new(),
            federated_lifetime: SignedDuration::from_secs(spec.federated_lifetime_seconds),
            admin_token: format!("ya29.a0{}", random::text(random::BASE64_URL, 120)),
            admin_login: Login::new(),
            grants,
            warehouse: Warehouse::default(),
            store: Store::new(&spec.buckets, Timestamp::now() + clock_offset),
        };
        for user in &spec.aws.users {
            let key = Key::of_user(user.account.as_ref().unwrap_or(&spec.aws.account), &user.name);
            facts.users.push((user.name.clone(), key.access_key_id.clone()));
            facts.keys.insert(key.access_key_id.clone(), key);
        }
        let mut policy = Policy::new(Vec::new());
        if spec.ready {
            facts.enabled_services = services::all();
            facts.pools.insert(spec.pool.clone(), Pool::with_provider(&spec.provider, &spec.aws.account));
            let member = format!(
                "principalSet://iam.googleapis.com/{}/attribute.aws_role/arn:aws:sts::{}:assumed-role/{}",
                pool_name(&spec.project.number, &spec.pool),
                spec.aws.account,
                spec.bound_role,
            );
            policy.bind(WORKLOAD_IDENTITY_USER, vec![member]);
        }
        facts.service_accounts.add(service_account, policy);
        facts.bind(&spec.bindings);
        facts
    }

    pub(crate) fn patch(&mut self, patch: Patch) {
        if let Some(role) = patch.aws.instance.role {
            self.instance.role = role;
        }
        if let Some(clock) = patch.clock {
            self.clock_offset = SignedDuration::from_secs(clock.offset_seconds);
        }
        if let Some(polls) = patch.operation_polls {
            self.operations.polls = polls;
        }
        if let Some(grants) = patch.grants {
            self.grants = grants;
        }
        self.bind(&patch.bindings);
        self.patch_container(patch.aws.container);
        if let Some(roles) = &patch.aws.roles {
            self.patch_roles(roles);
        }
        self.patch_sso(patch.aws.sso);
        for what in patch.expire {
            self.end(what);
        }
        for what in patch.rotate {
            self.renew(what);
        }
    }

    /// Adds bindings to the policy of every service account.
    fn bind(&mut self, bindings: &[RoleBinding]) {
        for account in self.service_accounts.by_email.values_mut() {
            for binding in bindings {
                account.policy.bind(&binding.role, binding.members.clone());
            }
        }
    }

    /// What Google signs ID tokens with.
    pub(crate) fn id_token_key(&mut self) -> &SigningKey {
        self.id_token_key.get_or_insert_with(SigningKey::new)
    }

    /// What the clocks of both clouds show.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.clock_offset
    }

    /// The keys that the instance has for its role now.
    pub(crate) fn instance_key(&mut self) -> Option<Key> {
        let role = self.instance.role.clone()?;
        let session = self.instance.id.clone();
        Some(self.hand_out(Origin::Instance, &role, &session))
    }

    /// Keys for a role in the world's account: the same until they are nearly over or the role changes.
    fn hand_out(&mut self, origin: Origin, role: &str, session: &str) -> Key {
        let account = self.account.clone();
        let owner = self.session_of(&account, role, session);
        let now = self.now();
        if let Some(id) = self.handed_out.get(&origin)
            && self.keys[id].owner.arn == owner.arn
            && !self.keys[id].is_due_for_rotation(now)
        {
            return self.keys[id].clone();
        }
        let key = self.new_session(origin, &account, role, session, self.key_lifetime_seconds);
        self.handed_out.insert(origin, key.access_key_id.clone());
        key
    }

    fn session_of(&mut self, account: &str, role: &str, session: &str) -> Caller {
        let new_id = || format!("AROA{}", random::text(random::BASE32, 17));
        let role_id = self.role_ids.entry((account.into(), role.into())).or_insert_with(new_id);
        Caller::of_role(account, role, role_id, session)
    }

    /// `project` as clients write it in a path: the id or the number.
    pub(crate) fn is_project(&self, project: &str) -> bool {
        project == self.project.id || project == self.project.number
    }

    /// Whether anything that is granted to the principal still counts: not if its pool is deleted or disabled, or its
    /// service account deleted.
    pub(crate) fn may_act(&self, principal: &Principal) -> bool {
        match principal {
            Principal::ServiceAccount { email } => self.service_accounts.by_email.contains_key(email),
            Principal::Federated { pool, .. } => self
                .pools
                .iter()
                .any(|(id, known)| pool_name(&self.project.number, id) == *pool && known.entry.is_usable()),
        }
    }

    pub(crate) fn may_use_data(&self, principal: &Principal) -> bool {
        self.may_act(principal) && self.grants.iter().any(|member| principal.is(member))
    }

    /// A new token, and when it ends.
    pub(crate) fn mint(
        &mut self,
        prefix: &str,
        principal: Principal,
        scopes: Vec<String>,
        lifetime: SignedDuration,
    ) -> (String, Timestamp) {
        let token = format!("{prefix}{}", random::text(random::BASE64_URL, TOKEN_LENGTH - prefix.len()));
        let expires = self.now() + lifetime;
        self.bearers.insert(token.clone(), Bearer { principal, scopes, expires });
        (token, expires)
    }

    /// Ends all tokens of some principals now; those that are minted later are good.
    fn end_bearers(&mut self, is_meant: fn(&Principal) -> bool) {
        let now = self.now();
        for bearer in self.bearers.values_mut().filter(|bearer| is_meant(&bearer.principal)) {
            bearer.expires = bearer.expires.min(now);
        }
    }
}
