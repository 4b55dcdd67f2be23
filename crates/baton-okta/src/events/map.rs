//! One event of Okta's as one of Baton's (`docs/spec/okta-sync.md` 10.2).

use baton_connector::build;
use baton_proto::c1::connector::v2::entitlement::PurposeValue;
use baton_proto::c1::connector::v2::event::Event as What;
use baton_proto::c1::connector::v2::user_trait::{self, AccountType, Email};
use baton_proto::c1::connector::v2::{
    CreateGrantEvent, CreateRevokeEvent, Entitlement, Event, GroupTrait, Resource, ResourceChangeEvent, UsageEvent,
    UserTrait,
};
use okta_client::models::{LogEntity, LogEvent};
use prost_types::Timestamp;

use super::catalog::{self, AccessKind, Direction, Meaning, Object};
use super::roles;
use crate::config::Rules;
use crate::ids::{app, custom_role, group, resource_set, resource_set_binding, role, user};

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mapped {
    /// It is told.
    Told(Box<Event>),
    /// It is of no interest: nothing happened, or to something that is not synced.
    LeftOut,
    /// It should be told but cannot be: why, in one sentence.
    Skipped(String),
}

/// What an event tells about, unless it is of no interest; or why it cannot be told.
type Told = Result<Option<What>, String>;

/// Maps an event.
pub(super) fn map(event: &LogEvent, rules: &Rules) -> Mapped {
    let Some(meaning) = catalog::meaning(&event.event_type, rules).filter(|_| happened(event)) else {
        return Mapped::LeftOut;
    };
    let told = match meaning {
        Meaning::Usage => usage(event),
        Meaning::Changed(object) => one(event, object).map(|it| Some(changed(object.resource_type(), &it.id))),
        Meaning::Access(direction, access) => self::access(event, direction, access, rules),
        Meaning::Binding => binding(event),
    };
    let occurred_at = occurred_at(event).ok_or_else(|| "does not say when it happened".to_owned());
    match told.and_then(|what| Ok((what, occurred_at?))) {
        Ok((None, _)) => Mapped::LeftOut,
        Ok((what, at)) => Mapped::Told(Box::new(Event {
            id: event.id.clone(),
            occurred_at: Some(at),
            event: what,
            annotations: Vec::new(),
        })),
        Err(why) => Mapped::Skipped(format!("event {} ({}) {why}", event.id, event.event_type)),
    }
}

/// Whether what the event is about was done, not only tried.
fn happened(event: &LogEvent) -> bool {
    matches!(event.outcome.as_deref(), None | Some("" | "SUCCESS" | "ALLOW" | "UNKNOWN"))
}

fn occurred_at(event: &LogEvent) -> Option<Timestamp> {
    let at = event.published.as_ref()?.parse()?;
    let mut timestamp = Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() };
    timestamp.normalize();
    Some(timestamp)
}

/// The only target of this kind. One that is named twice is one.
fn one(event: &LogEvent, object: Object) -> Result<&LogEntity, String> {
    let mut targets = event.targets.iter().filter(|target| object.is(target) && !target.id.is_empty());
    let first = targets.next().ok_or_else(|| format!("has no target of the type {}", object.kind()))?;
    if targets.any(|other| other.id != first.id) {
        return Err(format!("has several targets of the type {}, and nothing says which is meant", object.kind()));
    }
    Ok(first)
}

fn usage(event: &LogEvent) -> Told {
    let app = one(event, Object::App)?;
    let actor = event.actor.as_ref().filter(|actor| !actor.id.is_empty()).ok_or("does not say who did it")?;
    if !Object::User.is(actor) {
        return Ok(None);
    }
    Ok(Some(What::UsageEvent(UsageEvent {
        target_resource: Some(build::resource(app::ID, &app.id, name(app))),
        actor_resource: Some(person(actor)),
    })))
}

fn changed(resource_type: &str, id: &str) -> What {
    let resource_id = Some(build::resource_id(resource_type, id));
    What::ResourceChangeEvent(ResourceChangeEvent { resource_id, parent_resource_id: None })
}

/// A binding is known by its set and its role. An event that tells the set alone is about the set.
fn binding(event: &LogEvent) -> Told {
    let set = one(event, Object::ResourceSet)?;
    Ok(Some(match one(event, Object::Role) {
        Ok(role) => changed(resource_set_binding::ID, &format!("{}:{}", set.id, role.id)),
        Err(_) => changed(resource_set::ID, &set.id),
    }))
}

fn access(event: &LogEvent, direction: Direction, access: AccessKind, rules: &Rules) -> Told {
    let (resource, slug) = match access {
        AccessKind::UserToGroup => (of_target(event, Object::Group)?, group::SLUG),
        AccessKind::UserToApp | AccessKind::GroupToApp => (of_target(event, Object::App)?, app::SLUG),
        AccessKind::RoleToUser | AccessKind::RoleToGroup => {
            let role = roles::of(event)?;
            if role.resource_type == custom_role::ID && !rules.sync_custom_roles {
                return Ok(None);
            }
            (build::resource(role.resource_type, &role.id, role.label), role::SLUG)
        }
    };
    let principal = match access {
        AccessKind::UserToGroup | AccessKind::UserToApp | AccessKind::RoleToUser => person(one(event, Object::User)?),
        AccessKind::GroupToApp | AccessKind::RoleToGroup => people(one(event, Object::Group)?),
    };
    let (entitlement, principal) = (Some(entitlement(resource, slug)), Some(principal));
    Ok(Some(match direction {
        Direction::Granted => {
            What::CreateGrantEvent(CreateGrantEvent { entitlement, principal, annotations: Vec::new() })
        }
        Direction::Revoked => {
            What::CreateRevokeEvent(CreateRevokeEvent { entitlement, principal, annotations: Vec::new() })
        }
    }))
}

fn of_target(event: &LogEvent, object: Object) -> Result<Resource, String> {
    let target = one(event, object)?;
    Ok(build::resource(object.resource_type(), &target.id, name(target)))
}

/// An entitlement as events show it: less than a sync does, under the same id.
fn entitlement(resource: Resource, slug: &str) -> Entitlement {
    let id = resource.id.clone().unwrap_or_default();
    Entitlement {
        id: baton_connector::ids::entitlement(&id.resource_type, &id.resource, slug),
        resource: Some(resource),
        display_name: slug.to_owned(),
        purpose: PurposeValue::Assignment.into(),
        slug: slug.to_owned(),
        ..Entitlement::default()
    }
}

fn name(entity: &LogEntity) -> String {
    entity.display_name.clone().unwrap_or_default()
}

/// A user as events show them: whoever does or gets something is taken for enabled, and the login for the address.
#[expect(deprecated, reason = "readers of events look at the status in the trait")]
fn person(entity: &LogEntity) -> Resource {
    let address = entity.alternate_id.as_deref().filter(|address| !address.is_empty() && *address != UNKNOWN);
    let email = address.map(|address| Email { address: address.to_owned(), is_primary: true });
    let of_user = UserTrait {
        emails: email.into_iter().collect(),
        status: Some(user_trait::Status { status: user_trait::status::Status::Enabled.into(), ..Default::default() }),
        account_type: AccountType::Human.into(),
        ..UserTrait::default()
    };
    Resource { annotations: vec![build::annotation(&of_user)], ..build::resource(user::ID, &entity.id, name(entity)) }
}

/// What Okta writes where there is no login.
const UNKNOWN: &str = "unknown";

/// A group that is given or loses something.
fn people(entity: &LogEntity) -> Resource {
    Resource {
        annotations: vec![build::annotation(&GroupTrait::default())],
        ..build::resource(group::ID, &entity.id, name(entity))
    }
}
