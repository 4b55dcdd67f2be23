//! The System Log: what happened in the org, in the order in which it was stored.
//!
//! An event has two instants. `published` is when it happened, as Okta says; *stored* is when the log took it in, which
//! is later for events that arrive late. Readers that poll get events in the order of storage, so that none is missed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::Org;
use crate::clock::RunningClock;
use crate::random::draw;

/// An event of the System Log before it is stored.
///
/// The constructors make what Okta logs for common changes (types of its event catalogue); [`LogEvent::new`] makes any
/// other.
///
/// ```
/// use okta_sim::{LogEntity, LogEvent, Org};
///
/// let org = Org::facts();
/// let ada = LogEntity::user("00u1active", "ada@acme.example", "Ada Active");
/// let engineering = LogEntity::group("00g1eng", "Engineering");
/// org.log(LogEvent::group_member_added(ada, engineering));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    published: Option<SystemTime>,
    event_type: String,
    actor: LogEntity,
    targets: Vec<LogEntity>,
    outcome: Value,
    debug: Map<String, Value>,
    /// Members that replace those of the event (null takes a member away).
    members: Vec<(String, Value)>,
}

/// Who did something, or what it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntity {
    kind: String,
    id: String,
    alternate_id: String,
    display_name: String,
}

impl LogEntity {
    /// Any entity. `kind` is the member `type`, such as `User` or `UserGroup`; `alternate_id` is a person's login and
    /// `unknown` for most other things.
    #[must_use]
    pub fn new(
        kind: impl Into<String>,
        id: impl Into<String>,
        alternate_id: impl Into<String>,
        display_name: impl Into<String>,
    ) -> Self {
        Self { kind: kind.into(), id: id.into(), alternate_id: alternate_id.into(), display_name: display_name.into() }
    }

    /// A person.
    #[must_use]
    pub fn user(id: impl Into<String>, login: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new("User", id, login, name)
    }

    /// A group.
    #[must_use]
    pub fn group(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new("UserGroup", id, "unknown", name)
    }

    /// An app.
    #[must_use]
    pub fn app(id: impl Into<String>, label: impl Into<String>) -> Self {
        let label = label.into();
        Self::new("AppInstance", id, label.clone(), label)
    }

    /// An admin role, by the label that Okta shows for it.
    #[must_use]
    pub fn role(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::new("ROLE", id, "unknown", label)
    }

    /// Okta itself, the actor of what nobody did.
    #[must_use]
    pub fn system() -> Self {
        Self::new("SystemPrincipal", "00u0systems1m0000001", "system@okta.com", "Okta System")
    }

    fn value(&self) -> Value {
        json!({
            "id": self.id, "type": self.kind, "alternateId": self.alternate_id, "displayName": self.display_name,
            "detailEntry": null,
        })
    }
}

impl LogEvent {
    /// An event of this type that succeeded, done by Okta itself to nothing.
    #[must_use]
    pub fn new(event_type: impl Into<String>) -> Self {
        Self {
            published: None,
            event_type: event_type.into(),
            actor: LogEntity::system(),
            targets: Vec::new(),
            outcome: json!({"result": "SUCCESS", "reason": null}),
            debug: Map::new(),
            members: Vec::new(),
        }
    }

    /// A change in the life of a person: `change` is the end of the type, such as `create`, `activate`, `deactivate`,
    /// `suspend`, `unsuspend`, `reactivate`, `delete.completed`.
    #[must_use]
    pub fn user_lifecycle(change: &str, user: LogEntity) -> Self {
        Self::new(format!("user.lifecycle.{change}")).target(user)
    }

    /// A person's profile was changed.
    #[must_use]
    pub fn user_updated(user: LogEntity) -> Self {
        Self::new("user.account.update_profile").target(user)
    }

    /// A change in the life of a group: `create` or `delete`.
    #[must_use]
    pub fn group_lifecycle(change: &str, group: LogEntity) -> Self {
        Self::new(format!("group.lifecycle.{change}")).target(group)
    }

    /// A group's profile was changed.
    #[must_use]
    pub fn group_updated(group: LogEntity) -> Self {
        Self::new("group.profile.update").target(group)
    }

    /// A person came into a group.
    #[must_use]
    pub fn group_member_added(user: LogEntity, group: LogEntity) -> Self {
        Self::new("group.user_membership.add").target(user).target(group)
    }

    /// A person left a group.
    #[must_use]
    pub fn group_member_removed(user: LogEntity, group: LogEntity) -> Self {
        Self::new("group.user_membership.remove").target(user).target(group)
    }

    /// A change in the life of an app: `create`, `update`, `activate`, `deactivate` or `delete`.
    #[must_use]
    pub fn app_lifecycle(change: &str, app: LogEntity) -> Self {
        Self::new(format!("application.lifecycle.{change}")).target(app)
    }

    /// An app was assigned to a person.
    #[must_use]
    pub fn app_user_added(user: LogEntity, app: LogEntity) -> Self {
        Self::app_membership("add", user, app)
    }

    /// An app was taken from a person.
    #[must_use]
    pub fn app_user_removed(user: LogEntity, app: LogEntity) -> Self {
        Self::app_membership("remove", user, app)
    }

    fn app_membership(change: &str, user: LogEntity, app: LogEntity) -> Self {
        // Okta names the person twice: as the app knows them, and as the org does.
        let app_user = LogEntity { kind: "AppUser".to_owned(), ..user.clone() };
        Self::new(format!("application.user_membership.{change}")).target(app_user).target(app).target(user)
    }

    /// An app was assigned to a group.
    #[must_use]
    pub fn app_group_added(group: LogEntity, app: LogEntity) -> Self {
        Self::new("group.application_assignment.add").target(group).target(app)
    }

    /// An app was taken from a group.
    #[must_use]
    pub fn app_group_removed(group: LogEntity, app: LogEntity) -> Self {
        Self::new("group.application_assignment.remove").target(group).target(app)
    }

    /// A person was given an admin role.
    #[must_use]
    pub fn role_granted(user: LogEntity, role: LogEntity) -> Self {
        let label = role.display_name.clone();
        Self::new("user.account.privilege.grant").target(user).target(role).debug("privilegeGranted", label)
    }

    /// An admin role was taken from a person.
    #[must_use]
    pub fn role_revoked(user: LogEntity, role: LogEntity) -> Self {
        let label = role.display_name.clone();
        Self::new("user.account.privilege.revoke").target(user).target(role).debug("privilegeRevoked", label)
    }

    /// A group was given an admin role.
    #[must_use]
    pub fn group_role_granted(group: LogEntity, role: LogEntity) -> Self {
        Self::new("group.privilege.grant").target(group).target(role)
    }

    /// An admin role was taken from a group.
    #[must_use]
    pub fn group_role_revoked(group: LogEntity, role: LogEntity) -> Self {
        Self::new("group.privilege.revoke").target(group).target(role)
    }

    /// A person signed in to an app.
    #[must_use]
    pub fn sign_on(user: LogEntity, app: LogEntity) -> Self {
        let app_user = LogEntity { kind: "AppUser".to_owned(), ..user.clone() };
        Self::new("user.authentication.sso").actor(user).target(app).target(app_user)
    }

    /// The same event done by this actor.
    #[must_use]
    pub fn actor(mut self, actor: LogEntity) -> Self {
        self.actor = actor;
        self
    }

    /// The same event with one more target.
    #[must_use]
    pub fn target(mut self, target: LogEntity) -> Self {
        self.targets.push(target);
        self
    }

    /// The same event with this outcome, such as `FAILURE`, and why.
    #[must_use]
    pub fn outcome(mut self, result: &str, reason: Option<&str>) -> Self {
        self.outcome = json!({"result": result, "reason": reason});
        self
    }

    /// The same event, but it happened then. One that happened before others that are stored already arrives late.
    #[must_use]
    pub const fn published(mut self, at: SystemTime) -> Self {
        self.published = Some(at);
        self
    }

    /// The same event with one member of its JSON replaced, or taken away by null: for events that are odd on purpose.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: Value) -> Self {
        self.members.push((name.into(), value));
        self
    }

    fn debug(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.debug.insert(name.to_owned(), value.into());
        self
    }

    /// The event as the API shows it.
    fn value(self, uuid: &str, published: u64) -> Value {
        let mut value = json!({
            "actor": self.actor.value(),
            "client": {
                "userAgent": null, "zone": "null", "device": "Unknown", "id": null, "ipAddress": null,
                "geographicalContext": null,
            },
            "device": null,
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
                "interface": null, "authenticationStep": 0, "externalSessionId": "unknown",
            },
            "displayMessage": self.event_type.replace(['.', '_'], " "),
            "eventType": self.event_type,
            "outcome": self.outcome,
            "published": instant(published),
            "securityContext": {"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null},
            "severity": "INFO",
            "debugContext": {"debugData": self.debug},
            "legacyEventType": null,
            "transaction": {"type": "WEB", "id": uuid, "detail": {}},
            "uuid": uuid,
            "version": "0",
            "request": {"ipChain": []},
            "target": self.targets.iter().map(LogEntity::value).collect::<Value>(),
        });
        for (name, member) in self.members {
            let members = value.as_object_mut();
            match (members, member) {
                (Some(members), Value::Null) => drop(members.remove(&name)),
                (Some(members), member) => drop(members.insert(name, member)),
                (None, _) => {}
            }
        }
        value
    }
}

/// An instant as the API writes it; milliseconds since 1970.
fn instant(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    at.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An event that is stored. Instants are milliseconds since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) published: u64,
    pub(crate) stored: u64,
    pub(crate) value: Value,
}

/// The log of an org. Events can be added while it is read.
#[derive(Debug, Default)]
pub(crate) struct SystemLog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The clock of the simulator that serves the org; none before it starts.
    clock: Option<RunningClock>,
    seed: u64,
    waiting: Vec<LogEvent>,
    /// How long changes take to be stored, in milliseconds.
    lag: u64,
    /// Changes that are not stored yet: when they are due, when they were made.
    late: VecDeque<(u64, u64, LogEvent)>,
    entries: Vec<Entry>,
}

impl State {
    fn now(&self) -> u64 {
        self.clock.as_ref().map_or(0, |clock| millis(clock.now()))
    }

    /// Stores an event now; one that was logged before the simulator started counts as stored when it happened.
    fn store(&mut self, event: LogEvent, history: bool) {
        let now = self.now();
        let known = event.published.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let published = known.map_or(now, millis);
        let last = self.entries.last().map_or(0, |entry| entry.stored);
        let stored = if history { published.min(now) } else { now }.max(last);
        self.enter(event, published, stored);
    }

    /// Stores the changes that are due.
    fn catch_up(&mut self) {
        let now = self.now();
        while self.late.front().is_some_and(|(due, ..)| *due <= now) {
            let Some((due, published, event)) = self.late.pop_front() else { return };
            let last = self.entries.last().map_or(0, |entry| entry.stored);
            self.enter(event, published, due.max(last));
        }
    }

    fn enter(&mut self, event: LogEvent, published: u64, stored: u64) {
        let uuid = uuid(self.seed, self.entries.len() as u64);
        self.entries.push(Entry { published, stored, value: event.value(&uuid, published) });
    }
}

impl SystemLog {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins to serve: events from now on are stored when they are added.
    pub(crate) fn open(&self, clock: RunningClock, seed: u64) {
        self.with(|state| {
            state.clock = Some(clock);
            state.seed = seed;
            for event in std::mem::take(&mut state.waiting) {
                state.store(event, true);
            }
        });
    }

    fn add(&self, event: LogEvent) {
        self.with(|state| match state.clock {
            Some(_) => {
                state.catch_up();
                state.store(event, false);
            }
            None => state.waiting.push(event),
        });
    }

    /// Lets changes be stored this much later than they are made.
    pub(crate) fn set_lag(&self, lag: Duration) {
        self.with(|state| state.lag = millis(lag));
    }

    /// Adds the event of a change that is made now.
    pub(super) fn add_change(&self, event: LogEvent) {
        self.with(|state| match state.lag {
            0 => state.store(event, false),
            lag => {
                let now = state.now();
                state.late.push_back((now + lag, now, event));
            }
        });
    }

    /// Calls `read` with all events in the order of storage, and the time now in milliseconds since 1970.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&[Entry], u64) -> T) -> T {
        self.with(|state| {
            state.catch_up();
            read(&state.entries, state.now())
        })
    }
}

impl Org {
    /// Adds an event to the System Log. It is published and stored now by the simulator's clock, unless it says when it
    /// was published. Events that are added before the simulator starts were stored when they were published, or at the
    /// start.
    pub fn log(&self, event: LogEvent) {
        self.system_log.add(event);
    }
}

fn millis(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// The id of an event: the same in every run.
fn uuid(seed: u64, at: u64) -> String {
    let (high, low) = (draw(seed, 60, at), draw(seed, 61, at));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 48 & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Clock;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn events_are_stored_in_the_order_in_which_they_came() {
        let org = Org::empty();
        org.log(LogEvent::new("a").published(at(1_000)));
        org.log(LogEvent::new("b").published(at(500)));
        org.system_log.open(Clock::real().starting_at(at(2_000)).started(), 1);
        org.log(LogEvent::new("c").published(at(700)));
        let seen = org.system_log.read(|entries, now| {
            assert!(now >= 2_000_000);
            let seen = entries.iter().map(|it| (it.published, it.stored, it.value["eventType"].clone()));
            seen.collect::<Vec<_>>()
        });
        assert_eq!(seen[0], (1_000_000, 1_000_000, "a".into()));
        assert_eq!(seen[1], (500_000, 1_000_000, "b".into()), "late: after what was stored before");
        assert_eq!((seen[2].0, seen[2].1 >= 2_000_000), (700_000, true));
    }

    #[test]
    fn changes_can_be_stored_later_than_they_are_made() {
        let org = Org::empty();
        let clock = Clock::real().starting_at(at(2_000)).started();
        org.system_log.open(clock.clone(), 1);
        org.system_log.set_lag(Duration::from_secs(30));
        org.system_log.add_change(LogEvent::new("late"));
        org.log(LogEvent::new("at once"));
        let seen = || {
            org.system_log.read(|entries, _| {
                let seen = entries.iter().map(|it| (it.value["eventType"].clone(), it.stored - it.published >= 30_000));
                seen.collect::<Vec<_>>()
            })
        };
        assert_eq!(seen(), [("at once".into(), false)]);
        clock.advance(Duration::from_secs(30));
        assert_eq!(seen(), [("at once".into(), false), ("late".into(), true)]);
    }

    #[test]
    fn members_can_be_replaced_and_taken_away() {
        let event = LogEvent::new("x").member("actor", Value::Null).member("severity", "WARN".into());
        let value = event.value("u", 1_767_323_045_678);
        assert_eq!((value.get("actor"), &value["severity"]), (None, &"WARN".into()));
        assert_eq!(value["published"], "2026-01-02T03:04:05.678Z");
    }

    #[test]
    fn ids_are_uuids() {
        let id = uuid(3, 4);
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!((lengths, &id[14..15]), (vec![8, 4, 4, 4, 12], "4"));
        assert_ne!(id, uuid(3, 5));
    }
}
