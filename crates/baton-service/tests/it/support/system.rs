//! A made-up system of users and groups, in memory, with a connector to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use baton_connector::provision::{
    AccountMade, AccountOutcome, AccountRequest, ActionCall, ActionDone, CredentialWish, Deleted, Granted,
    IssuedSecret, Revoked, StateAfter,
};
use baton_connector::{
    Change, ChangeError, Code, Connector, EventPage, EventRequest, EventSource, GrantDraft, KindSpec, Options, Page,
    Principal, Provisioner, Schema, Source, SourceError, SourceErrorKind, SyncSession, TypeSpec, Work, build,
};
use baton_proto::c1::connector::v2::{
    BatonActionSchema, Entitlement, Event, EventFeedMetadata, Grant, Resource, ResourceId, ResourceType,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::SecretSlice;
use tokio::sync::watch;

/// How the system behaves.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub users: usize,
    pub groups: usize,
    /// Every so many calls fail for the moment, before anything is changed.
    pub fails_every: usize,
    /// Every so many changes panic before anything is changed.
    pub panics_every: usize,
    /// Fetches after which the system does not answer until it is released.
    pub holds_after: usize,
    /// Changes of this user do not come back until the system is released.
    pub holds_user: &'static str,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { users: 45, groups: 4, fails_every: 0, panics_every: 0, holds_after: usize::MAX, holds_user: "" }
    }
}

pub struct System {
    behaviour: Behaviour,
    members: Mutex<BTreeSet<(String, String)>>,
    /// How often something was really changed, by what it was.
    pub changes: Mutex<BTreeMap<String, usize>>,
    pub fetches: AtomicUsize,
    pub validations: AtomicUsize,
    calls: AtomicUsize,
    released: watch::Sender<bool>,
    reachable: watch::Sender<bool>,
}

impl System {
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            members: Mutex::default(),
            changes: Mutex::default(),
            fetches: AtomicUsize::new(0),
            validations: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            released: watch::channel(false).0,
            reachable: watch::channel(true).0,
        }
    }

    pub fn connector(self: &Arc<Self>) -> Connector {
        let (source, provisioner, events) = (Arc::clone(self), Arc::clone(self), Arc::clone(self));
        Connector { source, provisioner: Some(provisioner), events: Some(events) }
    }

    /// Lets go of everything that is held.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// Whether the system can be reached.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.send_replace(reachable);
    }

    pub fn fetched(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// How often this was really done.
    pub fn done(&self, what: &str) -> usize {
        self.changes.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    fn note(&self, what: String) {
        *self.changes.lock().unwrap().entry(what).or_default() += 1;
    }

    async fn held(&self) {
        let mut released = self.released.subscribe();
        released.wait_for(|released| *released).await.unwrap();
    }

    /// What can go wrong with a change of `user` before anything is changed.
    async fn attempt(&self, user: &str) -> Result<(), ChangeError> {
        if user == self.behaviour.holds_user {
            self.held().await;
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.behaviour.panics_every > 0 && call.is_multiple_of(self.behaviour.panics_every) {
            panic!("the made-up system is confused by {user}");
        }
        let fails = self.behaviour.fails_every > 0 && call.is_multiple_of(self.behaviour.fails_every);
        if fails || !*self.reachable.borrow() {
            return Err(ChangeError::new(Code::Unavailable, "the made-up system is out of reach"));
        }
        if user == "half" {
            let error = ChangeError::new(Code::Internal, "the made-up system stopped half-way");
            return Err(error.leaving(StateAfter::Partial));
        }
        Ok(())
    }
}

fn group_of(entitlement: Option<&Entitlement>) -> String {
    entitlement.and_then(|of| of.resource.as_ref()?.id.as_ref()).map(|id| id.resource.clone()).unwrap_or_default()
}

fn id_of(resource: Option<&Resource>) -> String {
    resource.and_then(|of| of.id.as_ref()).map(|id| id.resource.clone()).unwrap_or_default()
}

impl Provisioner for System {
    fn grant<'a>(
        &'a self,
        entitlement: &'a Entitlement,
        principal: &'a Resource,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<Granted, ChangeError>> {
        async move {
            let (group, user) = (group_of(Some(entitlement)), id_of(Some(principal)));
            self.attempt(&user).await?;
            let already = !self.members.lock().unwrap().insert((group.clone(), user.clone()));
            if !already {
                self.note(format!("grant {group} {user}"));
            }
            Ok(Granted { already, note: None })
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, grant: &'a Grant, _change: &'a Change) -> BoxFuture<'a, Result<Revoked, ChangeError>> {
        async move {
            let (group, user) = (group_of(grant.entitlement.as_ref()), id_of(grant.principal.as_ref()));
            self.attempt(&user).await?;
            let already = !self.members.lock().unwrap().remove(&(group.clone(), user.clone()));
            if !already {
                self.note(format!("revoke {group} {user}"));
            }
            Ok(Revoked { already, note: None })
        }
        .boxed()
    }

    fn account_types(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn create_account<'a>(
        &'a self,
        _resource_type: &'a str,
        account: &'a AccountRequest,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<AccountMade, ChangeError>> {
        async move {
            let login = account.info.login.clone();
            self.attempt(&login).await?;
            self.note(format!("create {login}"));
            Ok(AccountMade {
                outcome: AccountOutcome::Created,
                resource: Some(build::resource("user", &login, login.clone())),
                secrets: secrets(&account.credential),
                note: None,
            })
        }
        .boxed()
    }

    fn create_resource<'a>(
        &'a self,
        resource: &'a Resource,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<Resource, ChangeError>> {
        async move {
            let id = id_of(Some(resource));
            self.attempt(&id).await?;
            self.note(format!("create resource {id}"));
            Ok(resource.clone())
        }
        .boxed()
    }

    fn delete_resource<'a>(
        &'a self,
        resource: &'a ResourceId,
        _parent: Option<&'a ResourceId>,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<Deleted, ChangeError>> {
        async move {
            self.attempt(&resource.resource).await?;
            self.note(format!("delete {}", resource.resource));
            Ok(Deleted { already: false, note: None })
        }
        .boxed()
    }

    fn rotate_credentials<'a>(
        &'a self,
        resource: &'a ResourceId,
        credential: &'a CredentialWish,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<Vec<IssuedSecret>, ChangeError>> {
        async move {
            self.attempt(&resource.resource).await?;
            self.note(format!("rotate {}", resource.resource));
            Ok(secrets(credential))
        }
        .boxed()
    }

    fn actions(&self) -> Vec<BatonActionSchema> {
        ["wave", "stumble"].map(|name| BatonActionSchema { name: name.to_owned(), ..Default::default() }).to_vec()
    }

    fn invoke<'a>(
        &'a self,
        call: &'a ActionCall,
        _change: &'a Change,
    ) -> BoxFuture<'a, Result<ActionDone, ChangeError>> {
        async move {
            self.note(format!("action {}", call.name));
            match call.name.as_str() {
                "wave" => Ok(ActionDone { values: prost_types::Struct::default(), note: None }),
                _ => Err(ChangeError::new(Code::Internal, "it stumbled over its own feet")),
            }
        }
        .boxed()
    }
}

fn secrets(wish: &CredentialWish) -> Vec<IssuedSecret> {
    let CredentialWish::RandomPassword { length, .. } = wish else { return Vec::new() };
    let bytes = vec![b'x'; usize::try_from(*length).unwrap()];
    vec![IssuedSecret {
        name: "password".to_owned(),
        description: String::new(),
        schema: String::new(),
        bytes: SecretSlice::from(bytes),
    }]
}

impl EventSource for System {
    fn feeds(&self) -> Vec<EventFeedMetadata> {
        vec![EventFeedMetadata { id: "happenings".to_owned(), ..EventFeedMetadata::default() }]
    }

    fn events<'a>(&'a self, request: &'a EventRequest) -> BoxFuture<'a, Result<EventPage, SourceError>> {
        async move {
            if !*self.reachable.borrow() {
                let message = "the made-up system is out of reach".to_owned();
                return Err(SourceError { message, kind: SourceErrorKind::Unavailable });
            }
            let from: usize = match request.cursor.as_str() {
                "" => 0,
                cursor => cursor.parse().map_err(|_| SourceError {
                    message: format!("{cursor:?} is no cursor"),
                    kind: SourceErrorKind::Invalid,
                })?,
            };
            let size = usize::try_from(request.page_size).unwrap();
            let events = (from..from + size).map(|number| Event { id: number.to_string(), ..Event::default() });
            Ok(EventPage {
                events: events.collect(),
                cursor: (from + size).to_string(),
                has_more: true,
                skipped: Vec::new(),
            })
        }
        .boxed()
    }
}

/// Users and groups to a page.
const PAGE: usize = 10;

impl Source for System {
    fn schema(&self) -> Schema {
        let of = |id: &str| ResourceType { id: id.to_owned(), display_name: id.to_owned(), ..ResourceType::default() };
        Schema {
            types: ["user", "group"].map(|id| TypeSpec::new(of(id))).to_vec(),
            kinds: &[
                KindSpec { kind: "users", label: "users", queue: "all" },
                KindSpec { kind: "groups", label: "groups", queue: "all" },
                KindSpec { kind: "members", label: "members of groups", queue: "all" },
            ],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        "made up".to_owned()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async move {
            self.validations.fetch_add(1, Ordering::SeqCst);
            match *self.reachable.borrow() {
                true => Ok(()),
                false => Err(SourceError {
                    message: "the made-up system is out of reach".to_owned(),
                    kind: SourceErrorKind::Unavailable,
                }),
            }
        }
        .boxed()
    }

    fn open(self: Arc<Self>, options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session { schema: self.schema(), options: options.clone(), system: self })
    }
}

/// A sync of the made-up system.
struct Session {
    system: Arc<System>,
    schema: Schema,
    options: Options,
}

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.system.validate()
    }

    fn initial_work(&self) -> Vec<Work> {
        let kinds = [("users", "user"), ("groups", "group")].into_iter().filter(|(_, id)| self.options.wants(id));
        kinds.map(|(kind, _)| Work::new(kind, "")).collect()
    }

    fn fetch<'a>(&'a self, work: &'a Work, cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        let system = &self.system;
        async move {
            if system.fetches.load(Ordering::SeqCst) >= system.behaviour.holds_after {
                system.held().await;
            }
            system.fetches.fetch_add(1, Ordering::SeqCst);
            let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let mut page = Page::default();
            match work.kind {
                "users" => {
                    let to = (from + PAGE).min(system.behaviour.users);
                    page.resources = (from..to).map(|user| build::resource("user", &format!("u{user}"), "")).collect();
                    page.next = (to < system.behaviour.users).then(|| to.to_string());
                }
                "groups" => {
                    for number in 0..system.behaviour.groups {
                        let group = build::resource("group", &format!("g{number}"), "");
                        let texts = || (String::new(), String::new());
                        let (name, about) = texts();
                        let slug = "member";
                        page.entitlements.push(build::assignment(&group, slug, name, about, Vec::new(), String::new()));
                        page.resources.push(group);
                        page.opens.push(Work::new("members", format!("g{number}")));
                    }
                }
                _ => {
                    let entitlement = Arc::new(build::entitlement_ref("group", &work.subject, "member"));
                    let prefix: Arc<str> = Arc::from(format!("grant:{}:", work.subject));
                    page.grants = (0..system.behaviour.users)
                        .step_by(3)
                        .map(|user| {
                            let principal = Principal { resource_type: "user", id: format!("u{user}") };
                            GrantDraft::new(&entitlement, &prefix, principal)
                        })
                        .collect();
                }
            }
            Ok(page)
        }
        .boxed()
    }
}
