//! What events name, and what is read since which mark.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use okta_client::models::{LogEntity, Time};

use baton_connector::Options;

use super::*;
use crate::config::Rules;

fn event(of: &str, targets: &[(&str, &str)]) -> LogEvent {
    let target = |(kind, id): &(&str, &str)| LogEntity {
        id: (*id).to_owned(),
        kind: (*kind).to_owned(),
        ..LogEntity::default()
    };
    LogEvent {
        id: "uuid".to_owned(),
        event_type: of.to_owned(),
        targets: targets.iter().map(target).collect(),
        ..LogEvent::default()
    }
}

fn named(of: &str, targets: &[(&str, &str)]) -> Vec<String> {
    let words = |(kind, selector): (WorkKind, Selector)| match selector {
        Selector::All => format!("{kind} *"),
        Selector::Subject(id) => format!("{kind} {id}"),
        Selector::Part { subject, principal } => format!("{kind} {subject} for {principal}"),
        Selector::Detail(detail) => format!("{kind} with {}", detail.as_str()),
        Selector::Holder(id) => format!("{kind} of {id}"),
        Selector::GrantedTo { by, principal, part } => {
            let part = part.map(|part| format!(" for {part}")).unwrap_or_default();
            format!("{kind} by {by} of {principal}{part}")
        }
    };
    named_by(&event(of, targets)).into_iter().map(words).collect()
}

#[test]
fn events_name_what_they_may_have_changed() {
    let (app, user, group) = (("AppInstance", "0oa1"), ("User", "00u1"), ("UserGroup", "00g1"));
    let membership = [("AppUser", "00u1"), app, user];
    for step in ["add", "remove", "update", "provision", "change_username", "tomorrow"] {
        let named = named(&format!("application.user_membership.{step}"), &membership);
        assert_eq!(named, ["app-users 0oa1 for 00u1"]);
    }
    assert_eq!(named("application.lifecycle.activate", &[app]), ["app-users 0oa1", "app-groups 0oa1"]);
    assert_eq!(
        named("group.application_assignment.remove", &[group, app]),
        ["app-users 0oa1", "app-groups 0oa1", "group-apps 00g1"]
    );
    assert_eq!(
        named("group.application_assignment.add", &[app]),
        ["app-users 0oa1", "app-groups 0oa1", "group-apps *"]
    );
    assert_eq!(
        named("group.user_membership.remove", &[user, group]),
        ["app-users by app-groups of 00g1 for 00u1", "app-users by group-apps of 00g1 for 00u1"]
    );
    assert_eq!(named("user.account.privilege.grant", &[user, ("ROLE", "x")]), ["user-roles 00u1"]);
    assert_eq!(named("group.privilege.revoke", &[("usergroup", "00g1")]), ["group-roles 00g1"]);
    assert_eq!(named("group.privilege.revoke", &[]), ["group-roles *"]);
}

#[test]
fn whoever_is_not_named_clearly_stands_for_everybody() {
    let (app, user, group) = (("AppInstance", "0oa1"), ("User", "00u1"), ("UserGroup", "00g1"));
    let of_app = |targets: &[(&str, &str)]| named("application.user_membership.add", targets);
    assert_eq!(of_app(&[user]), ["app-users *"]);
    assert_eq!(of_app(&[app]), ["app-users 0oa1"]);
    assert_eq!(of_app(&[app, ("AppUser", "0ua1")]), ["app-users 0oa1"]);
    assert_eq!(of_app(&[app, user, ("User", "00u2")]), ["app-users 0oa1"]);
    assert_eq!(of_app(&[app, ("User", "")]), ["app-users 0oa1"]);
    assert_eq!(of_app(&[app, ("AppInstance", "0oa2"), user]), ["app-users 0oa1", "app-users 0oa2"]);
    let of_group = |targets: &[(&str, &str)]| named("group.user_membership.add", targets);
    assert_eq!(of_group(&[user]), ["app-users *"]);
    let whole = ["app-users by app-groups of 00g1", "app-users by group-apps of 00g1"];
    assert_eq!(of_group(&[group]), whole);
    assert_eq!(of_group(&[user, group, ("User", "00u2")]), whole);
    let other = ["app-users by app-groups of 00g2", "app-users by group-apps of 00g2"];
    assert_eq!(of_group(&[user, group, ("UserGroup", "00g2")]), [whole, other].concat());
}

#[test]
fn who_comes_or_goes_moves_everyone() {
    let user = [("User", "00u1")];
    let everyone = "group-members with {\"built_in\":true}";
    for step in ["create", "activate", "suspend", "reactivate"] {
        assert_eq!(named(&format!("user.lifecycle.{step}"), &user), ["user-roles 00u1", everyone]);
    }
    for step in ["deactivate", "delete.initiated", "delete.completed"] {
        let all = ["user-roles 00u1", everyone, "app-users of 00u1"];
        assert_eq!(named(&format!("user.lifecycle.{step}"), &user), all);
    }
}

#[test]
fn bindings_are_named_by_set_and_role() {
    let (set, role) = (("RESOURCE_SET", "iam1"), ("ROLE", "cr0"));
    let binding = ["resource-set-bindings iam1", "binding-members iam1:cr0"];
    let all = ["user-roles *", "group-roles *"];
    assert_eq!(named("iam.resourceset.bindings.add", &[set, role]), [binding, all].concat());
    let with_holder = named("iam.resourceset.bindings.delete", &[set, role, ("User", "00u1")]);
    assert_eq!(with_holder, [&binding[..], &["user-roles 00u1"]].concat());
    let whole = ["resource-set-bindings *", "binding-members *"];
    assert_eq!(named("iam.resourceset.bindings.add", &[set]), [whole, all].concat());
    assert_eq!(named("iam.role.delete", &[role]), [all, whole].concat());
}

#[test]
fn a_target_without_an_id_stands_for_all() {
    let (app, user, group) = (("AppInstance", ""), ("User", ""), ("UserGroup", ""));
    assert_eq!(named("application.user_membership.add", &[app, ("User", "00u1")]), ["app-users *"]);
    assert_eq!(named("application.lifecycle.update", &[app, ("AppInstance", "0oa1")]), ["app-users *", "app-groups *"]);
    assert_eq!(named("group.user_membership.add", &[group, ("User", "00u1")]), ["app-users *"]);
    let everyone = "group-members with {\"built_in\":true}";
    assert_eq!(named("user.lifecycle.deactivate", &[user]), ["user-roles *", everyone, "app-users *"]);
    let (set, role) = (("RESOURCE_SET", "iam1"), ("ROLE", ""));
    let whole = ["resource-set-bindings *", "binding-members *", "group-roles *"];
    assert_eq!(named("iam.resourceset.bindings.add", &[set, role, group]), whole);
}

#[test]
fn a_change_is_settled_when_every_list_shows_it() {
    let now: Timestamp = "2026-01-02T03:10:00Z".parse().unwrap();
    for (published, settled) in [
        (Some("2026-01-02T03:04:59Z"), true),
        (Some("2026-01-02T03:05:00Z"), false),
        (Some("soon"), false),
        (None, false),
    ] {
        let event = LogEvent { published: published.map(Time::new), ..event("iam.role.create", &[]) };
        assert!(changed_by(&event, now).iter().all(|changed| changed.past_consistency_lag == settled), "{published:?}");
    }
}

#[test]
fn every_kind_is_named_when_nothing_is_known() {
    let page = everything("why");
    assert_eq!(page.invalidations.len(), 8);
    assert!(page.notes[0].ends_with("why") && page.change_token.is_none() && page.gaps.is_empty());
}

#[test]
fn a_mark_survives() {
    for place in [None, Some("1627500044869_1".to_owned())] {
        let mark = Mark { time: "2026-01-02T03:04:05Z".parse().unwrap(), place };
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
    }
    assert_eq!(Mark::parse("nonsense"), None);
    let mark = Mark { time: "2026-01-02T03:04:05Z".parse().unwrap(), place: Some("7_1".to_owned()) };
    let asked = mark.request(true, 1000).request.path_and_query;
    assert!(
        asked.starts_with("/api/v1/logs?after=7_1&since=2026-01-02T02%3A59%3A05Z&limit=1000&filter=event"),
        "{asked}"
    );
    assert!(!mark.request(false, 1000).request.path_and_query.contains("after"));
}

#[test]
fn nothing_is_asked_for_what_does_not_depend_on_it() {
    let named = |types: &[&str]| Options {
        resource_types: types.iter().map(ToString::to_string).collect(),
        ..Options::default()
    };
    let scope = |options: &Options| Scope::of(options, &Rules::default());
    assert!(
        since("token", scope(&Options::default())).is_some_and(|work| work.detail.get::<String>().unwrap() == "token")
    );
    assert!(since("token", scope(&named(&["group", "app"]))).is_some());
    assert!(since("token", scope(&named(&["user", "api-token"]))).is_none());
}
