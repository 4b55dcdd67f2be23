//! What has changed since the last sync, by the System Log: which lists below which objects have to be read again.
//!
//! The log is polled, that is, read in the order of storage: an event that is stored late is found late, but never
//! missed (`docs/spec/okta-api.md` 1.4). An event says that something has changed, not what it is now, so what it names
//! is read.
//!
//! An event that cannot be understood names a whole kind of list. A log that cannot be read names all of them: then the
//! sync costs what a full one costs, and is as true.

use std::time::Duration;

use baton_connector::{Detail, Invalidation, Page, Selector, SourceError, Work, WorkKind};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use okta_client::endpoints::logs;
use okta_client::models::LogEvent;
use okta_client::{Bucket, ErrorKind, ListRequest};
use serde_json::{Value, json};

use crate::context::{CONSISTENCY_LAG, Context};
use crate::errors;
use crate::ids::app::{APP_GROUPS, APP_USERS, GROUP_APPS};
use crate::ids::changes::CHANGES;
use crate::ids::group::GROUP_MEMBERS;
use crate::ids::resource_set_binding::{BINDING_MEMBERS, BINDINGS};
use crate::ids::role::{GROUP_ROLES, USER_ROLES};
use crate::required_permissions::LOGS;
use crate::resources::follow_up::MembersDetail;
use crate::resources::module::Kind;
use crate::scope::Scope;

/// The kind of work that reads it.
pub(crate) const KIND: Kind =
    Kind { name: CHANGES, label: "changes since the last sync", bucket: Bucket::Logs, fetch: fetch_changes };

/// Marks older than this are of no use: Okta keeps 90 days.
const KEPT: Duration = Duration::from_hours(24 * 85);

/// With so many pages of events a sync of everything is no dearer.
const MOST_PAGES: u64 = 50;

/// The types of events that matter, by their beginnings.
const PREFIXES: [&str; 8] = [
    "application.user_membership.",
    "application.lifecycle.",
    "group.application_assignment.",
    "group.privilege.",
    "group.user_membership.",
    "user.account.privilege.",
    "user.lifecycle.",
    "iam.",
];

/// All kinds of lists whose changes the log tells.
const ALL: [WorkKind; 7] = [APP_USERS, APP_GROUPS, GROUP_APPS, USER_ROLES, GROUP_ROLES, BINDINGS, BINDING_MEMBERS];

/// A moment in the life of an org.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// By Okta's clock; not later than that moment.
    time: Timestamp,
    /// The place in the log that was reached, if it was read.
    place: Option<String>,
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let place = value["place"].as_str().map(str::to_owned);
        Some(Self { time: value["time"].as_str()?.parse().ok()?, place })
    }

    /// The request that reads on from here. Without a place, what may have been stored before but not shown yet is read
    /// too.
    fn request(&self, with_place: bool, limit: u32) -> ListRequest<LogEvent> {
        let since = (self.time - CONSISTENCY_LAG).to_string();
        let filter: Vec<_> = PREFIXES.iter().map(|prefix| format!("eventType sw \"{prefix}\"")).collect();
        let filter = filter.join(" or ");
        match self.place.as_deref().filter(|_| with_place) {
            Some(place) => logs::after_position(place, &since, Some(&filter), limit),
            None => logs::since(&since, Some(&filter), limit),
        }
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        json!({"time": self.time.to_string(), "place": self.place}).fmt(f)
    }
}

/// Identifies the present moment; `None` as long as no answer of Okta's carried the time.
pub(crate) fn change_token(context: &Context) -> Option<String> {
    let time = context.client.server_time().or_else(|| context.access.server_time())?;
    Some(Mark { time, place: None }.to_string())
}

/// The work that reads what has changed since the change token, if anything in the sync depends on it.
pub(crate) fn since(change_token: &str, scope: Scope) -> Option<Work> {
    depends(scope).then(|| Work::new(CHANGES, "").with_detail(&change_token))
}

/// Selects the members of groups that Okta fills itself.
fn built_in_groups() -> Selector {
    Selector::Detail(Detail::new(&MembersDetail { built_in: true }))
}

/// Whether the log saves anything of a sync.
pub(crate) fn depends(scope: Scope) -> bool {
    scope.memberships()
        || scope.app_users()
        || scope.app_groups()
        || scope.user_roles()
        || scope.group_roles()
        || scope.bound_roles()
        || scope.bindings
}

fn fetch_changes<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let Some(mark) = Mark::parse(&work.detail.get::<String>()?) else {
            return Ok(everything("it is not known since when"));
        };
        let now = context.client.server_time().unwrap_or(mark.time);
        if now.duration_since(mark.time) > jiff::SignedDuration::try_from(KEPT).unwrap_or_default() {
            return Ok(everything("the last sync was longer ago than Okta keeps its System Log"));
        }
        let (pages, place) = match cursor.and_then(|cursor| cursor.split_once(' ')) {
            Some((pages, place)) => (pages.parse().unwrap_or(0), Some(place.to_owned())),
            None => (0, None),
        };
        if pages >= MOST_PAGES {
            return Ok(everything("more has happened than is worth reading"));
        }
        let from = Mark { place: place.or_else(|| mark.place.clone()), ..mark };
        let limit = context.limit(logs::PAGE);
        let mut answer = context.client.poll(&from.request(true, limit), None).await;
        if from.place.is_some() && answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Invalid) {
            // Okta does not know the place any more.
            answer = context.client.poll(&from.request(false, limit), None).await;
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return unreadable(&error),
        };
        let now = context.client.server_time().unwrap_or(now);
        let mut page = Page::default();
        for event in &answer.items {
            page.invalidations.extend(changed_by(event, now));
        }
        if !answer.unreadable.is_empty() {
            page.invalidations.extend(all());
        }
        let reached = answer.next.as_deref().and_then(logs::position).or(from.place);
        if answer.items.is_empty() && answer.unreadable.is_empty() {
            page.change_token = Some(Mark { time: now, place: reached }.to_string());
        } else {
            // Without a place there is no reading on, so the end is not known to be reached.
            match reached {
                Some(place) => page.next = Some(format!("{} {place}", pages + 1)),
                None => return Ok(everything("it cannot be read page by page")),
            }
        }
        Ok(page)
    }
    .boxed()
}

/// The page of a log that cannot be read, or the error if nothing else can be either.
fn unreadable(error: &okta_client::Error) -> Result<Page, SourceError> {
    const DOING: &str = "reading the System Log";
    match error.kind() {
        ErrorKind::Cancelled | ErrorKind::Unauthenticated | ErrorKind::Unreachable(_) => {
            let failed = errors::unusable(DOING, error);
            Err(SourceError { message: failed.message, kind: failed.kind })
        }
        ErrorKind::Forbidden => Ok(everything(&format!(
            "{error}. To save these requests, give the service app the OAuth scope {LOGS}, and it or the admin who \
                 made the API token a role that may view the System Log, such as Read-Only Administrator"
        ))),
        _ => Ok(everything(&error.to_string())),
    }
}

/// The page that says that everything may have changed.
fn everything(why: &str) -> Page {
    let note = format!(
        "application assignments and admin roles are read in full, because the System Log does not tell what has \
         changed: {why}"
    );
    Page { invalidations: all().collect(), notes: vec![note], ..Page::default() }
}

fn all() -> impl Iterator<Item = Invalidation> {
    let kinds = ALL.into_iter().map(|kind| (kind, Selector::All));
    let members = (GROUP_MEMBERS, built_in_groups());
    kinds.chain([members]).map(|(kind, selector)| Invalidation { kind, selector, past_consistency_lag: true })
}

/// What an event may have changed, at the time `now`.
fn changed_by(event: &LogEvent, now: Timestamp) -> Vec<Invalidation> {
    let published = event.published.as_ref().and_then(okta_client::models::Time::parse);
    let past_consistency_lag = published.is_some_and(|published| published < now - CONSISTENCY_LAG);
    let changed =
        named_by(event).into_iter().map(|(kind, selector)| Invalidation { kind, selector, past_consistency_lag });
    changed.collect()
}

fn named_by(event: &LogEvent) -> Vec<(WorkKind, Selector)> {
    let of = |kind: &str, what: WorkKind| subjects(event, kind, what);
    let of_type = event.event_type.as_str();
    if of_type.starts_with("application.user_membership.") {
        return by_assignment(event);
    }
    if of_type.starts_with("application.lifecycle.") {
        return [of("AppInstance", APP_USERS), of("AppInstance", APP_GROUPS)].concat();
    }
    if of_type.starts_with("group.application_assignment.") {
        // Okta gives the app to the members by and by, each with an event of its own; the app is read then, too.
        return [of("AppInstance", APP_USERS), of("AppInstance", APP_GROUPS), of("UserGroup", GROUP_APPS)].concat();
    }
    if of_type.starts_with("group.user_membership.") {
        return by_membership(event);
    }
    if of_type.starts_with("user.account.privilege.") {
        return of("User", USER_ROLES);
    }
    if of_type.starts_with("group.privilege.") {
        return of("UserGroup", GROUP_ROLES);
    }
    if let Some(step) = of_type.strip_prefix("user.lifecycle.") {
        return by_lifecycle(event, step);
    }
    if of_type.starts_with("iam.resourceset.bindings.") {
        return by_binding(event);
    }
    // Other changes of roles and resource sets are rare, and may change who holds what anywhere.
    let kinds = [USER_ROLES, GROUP_ROLES, BINDINGS, BINDING_MEMBERS];
    kinds.into_iter().map(|kind| (kind, Selector::All)).collect()
}

/// The ids of the targets of this kind, if there is one and none is without an id.
fn ids(event: &LogEvent, kind: &str) -> Option<Vec<String>> {
    let ids: Vec<_> = event.targets_of(kind).map(|target| target.id.clone()).collect();
    (!ids.is_empty() && ids.iter().all(|id| !id.is_empty())).then_some(ids)
}

/// The id of the target of this kind, if there is exactly one.
fn only(event: &LogEvent, kind: &str) -> Option<String> {
    ids(event, kind).filter(|ids| ids.len() == 1)?.pop()
}

/// The lists of kind `what` below the targets of this kind; all of them if these are not told.
fn subjects(event: &LogEvent, kind: &str, what: WorkKind) -> Vec<(WorkKind, Selector)> {
    let Some(ids) = ids(event, kind) else { return vec![(what, Selector::All)] };
    ids.into_iter().map(|id| (what, Selector::Subject(id))).collect()
}

/// Who is given an application or loses it has an event of his own, which says nothing about anybody else.
fn by_assignment(event: &LogEvent) -> Vec<(WorkKind, Selector)> {
    match (only(event, "AppInstance"), only(event, "User")) {
        (Some(subject), Some(principal)) => vec![(APP_USERS, Selector::Part { subject, principal })],
        _ => subjects(event, "AppInstance", APP_USERS),
    }
}

/// Who joins or leaves a group may have an application through another group from then on. Nobody says that the log tells
/// of it, so what the group's applications grant to that user is read; which these are, the last sync knows.
fn by_membership(event: &LogEvent) -> Vec<(WorkKind, Selector)> {
    let Some(groups) = ids(event, "UserGroup") else { return vec![(APP_USERS, Selector::All)] };
    let part = only(event, "UserGroup").and_then(|_| only(event, "User"));
    let apps_of = |group: &String| {
        let which = |by| Selector::GrantedTo { by, principal: group.clone(), part: part.clone() };
        [APP_GROUPS, GROUP_APPS].map(|by| (APP_USERS, which(by)))
    };
    groups.iter().flat_map(apps_of).collect()
}

/// Who comes or goes moves the group of everyone, whose version may not tell. Who goes loses applications, of which the
/// log may not tell one by one.
fn by_lifecycle(event: &LogEvent, step: &str) -> Vec<(WorkKind, Selector)> {
    let mut named = subjects(event, "User", USER_ROLES);
    named.push((GROUP_MEMBERS, built_in_groups()));
    if step.starts_with("delete") || step == "deactivate" {
        let holders = ids(event, "User").map(|users| users.into_iter().map(Selector::Holder).collect());
        named.extend(holders.unwrap_or_else(|| vec![Selector::All]).into_iter().map(|which| (APP_USERS, which)));
    }
    named
}

/// A binding is named by its set and its role. Whom it gives the role to has an event of its own, or is named here.
fn by_binding(event: &LogEvent) -> Vec<(WorkKind, Selector)> {
    let id = |word: &str| {
        let target = event.targets.iter().find(|target| target.kind.to_ascii_lowercase().contains(word))?;
        Some(target.id.as_str()).filter(|id| !id.is_empty())
    };
    let mut named = match (id("resource"), id("role")) {
        (Some(set), Some(role)) => {
            vec![
                (BINDINGS, Selector::Subject(set.to_owned())),
                (BINDING_MEMBERS, Selector::Subject(format!("{set}:{role}"))),
            ]
        }
        _ => vec![(BINDINGS, Selector::All), (BINDING_MEMBERS, Selector::All)],
    };
    let holders = [("User", USER_ROLES), ("UserGroup", GROUP_ROLES)];
    let none_is_named = holders.iter().all(|(kind, _)| event.targets_of(kind).next().is_none());
    for (kind, what) in holders {
        if none_is_named || event.targets_of(kind).next().is_some() {
            named.extend(subjects(event, kind, what));
        }
    }
    named
}

#[cfg(test)]
mod tests;
