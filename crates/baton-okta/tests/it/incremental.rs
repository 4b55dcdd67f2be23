//! The second sync and every later one: what it asks, and that its file is that of a sync of everything.

use std::time::Duration;

use okta_sim::{Area, Expected, Org, Principal, Shape, SimConfig, Token};

use crate::later::{SETTLED, checked, read, sync, taken};
use crate::support::{Lab, Outcome};

fn org() -> Org {
    Org::generate(&Shape { awkward: false, ..Shape::new(300, 60, 20).seed(11) })
}

/// What every sync reads: the org, two pages of users, one of groups, apps and admins, a page of the log, and in vain the
/// members of "Okta Administrators": what was refused may be allowed the next time.
const LISTS: u64 = 1 + 2 + 1 + 1 + 1 + 1 + REFUSED;

/// Groups whose members are refused.
const REFUSED: u64 = 1;

/// A page of the log that is not empty is followed by one more.
const MORE_LOG: u64 = 1;

/// An org that was synced once, long after it was made.
fn synced(config: SimConfig, arguments: &[&str]) -> (Lab, Expected) {
    let expected = config.org.expected(true);
    let lab = Lab::start(config);
    let (outcome, calls) = sync(&lab, arguments);
    if arguments.is_empty() {
        assert_eq!(calls, expected.calls(), "the first sync asks for no log");
    }
    assert!(outcome.log("Sync complete.")["incremental"]["taken_over"].as_object().unwrap().is_empty());
    (lab, expected)
}

/// Groups whose members are read.
fn members_lists(expected: &Expected) -> u64 {
    expected.groups - expected.empty_groups - REFUSED
}

#[test]
fn nothing_changed() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    for _ in 0..2 {
        let (outcome, calls) = checked(&lab, &[]);
        assert_eq!(calls, LISTS, "{:?}", lab.sim().stats().by_path);
        assert_eq!(taken(&outcome, "app-users"), expected.apps);
        assert_eq!(taken(&outcome, "group-members"), members_lists(&expected));
        assert_eq!(outcome.log("Sync complete.")["incremental"]["read"], serde_json::json!({"group-members": REFUSED}));
    }
    let (outcome, calls) = checked(&lab, &["--full"]);
    assert_eq!(calls, expected.calls());
    assert_eq!(outcome.log("Sync complete.")["incremental"]["why_full"], "it was asked for");
    assert_eq!(sync(&lab, &["--full-every", "2"]).1, LISTS);
    assert_eq!(sync(&lab, &["--full-every", "2"]).1, expected.calls());
    let outcome = lab.run(&["--full-every", "weekly"]);
    assert!(outcome.code == 2 && outcome.stderr.contains("--full-every: \"weekly\" is not"), "{}", outcome.stderr);
    // Other options.
    let (outcome, _) = checked(&lab, &["--skip-app-groups"]);
    assert!(outcome.log("Sync complete.")["incremental"]["why_full"].as_str().unwrap().contains("other options"));
    assert_eq!(checked(&lab, &["--skip-app-groups"]).1, LISTS);
}

#[test]
fn one_membership_changed() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    let group = lab.sim().change_org(|org| {
        // One that brings no app.
        let with_apps: Vec<String> = org.app_groups().map(|(_, group)| group).collect();
        let group =
            org.group_ids().skip(2).find(|id| !with_apps.contains(id) && !org.members_of(id).is_empty()).unwrap();
        let members = org.members_of(&group);
        let user = org.user_ids().find(|id| !members.contains(id)).unwrap();
        assert!(org.add_member(&group, &user).unwrap());
        group
    });
    // Read as long as the change is so young that the list may not show it all.
    for log in [MORE_LOG, 0] {
        let (outcome, calls) = checked(&lab, &[]);
        assert_eq!((calls, read(&outcome, "group-members")), (LISTS + log + 1, 1 + REFUSED));
    }
    lab.sim().advance_clock(SETTLED);
    assert_eq!(checked(&lab, &[]).1, LISTS + 1);
    assert_eq!(checked(&lab, &[]).1, LISTS);
    let log = lab.sim().change_org(|org| {
        let has_roles = !org.roles_held_by(Principal::Group(&group)).is_empty();
        org.remove_group(&group).unwrap();
        if has_roles { MORE_LOG } else { 0 }
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!(taken(&outcome, "group-members"), members_lists(&expected) - 1);
    assert_eq!(calls, LISTS + log);
}

#[test]
fn one_assignment_changed() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    lab.sim().change_org(|org| {
        let app = org.app_ids(true).next().unwrap();
        let holders: Vec<String> = org.users_of_app(&app).into_iter().map(|fact| fact.user).collect();
        let user = org.user_ids().find(|id| !holders.contains(id) && org.status_of(id).unwrap() == "ACTIVE").unwrap();
        org.assign_user(&app, &user).unwrap();
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, read(&outcome, "app-users")), (LISTS + MORE_LOG + 1, 1));
    assert_eq!(taken(&outcome, "app-users"), expected.apps - 1);
    assert_eq!(checked(&lab, &[]).1, LISTS);
    // A group that has an app more.
    lab.sim().change_org(|org| {
        let app = org.app_ids(true).next().unwrap();
        let groups = org.groups_of_app(&app);
        let group = org.group_ids().skip(2).find(|id| !groups.contains(id)).unwrap();
        assert!(org.assign_group_to_app(&app, &group).unwrap());
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, read(&outcome, "app-users")), (LISTS + MORE_LOG + 2, 1));
}

#[test]
fn apps_go_and_come_back() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    let app = lab.sim().change_org(|org| {
        let app = org.app_ids(true).find(|app| !org.groups_of_app(app).is_empty()).unwrap();
        org.set_app_active(&app, false).unwrap();
        app
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, taken(&outcome, "app-users")), (LISTS + MORE_LOG, expected.apps - 1));
    assert!(!lab.grant_ids("sync.c1z").iter().any(|id| id.contains(&app)));
    lab.sim().change_org(|org| org.set_app_active(&app, true).unwrap());
    lab.sim().advance_clock(SETTLED);
    let (outcome, _) = checked(&lab, &[]);
    assert_eq!(read(&outcome, "app-users"), 1);
    assert!(lab.grant_ids("sync.c1z").iter().any(|id| id.starts_with(&format!("app:{app}:access:group:"))));
}

#[test]
fn people_go_and_come_back() {
    for deletion_moves_groups in [false, true] {
        let mut org = org();
        org.set_deletion_moves_groups(deletion_moves_groups);
        let (lab, _) = synced(SimConfig::new(org), &[]);
        let (gone, left) = lab.sim().change_org(|org| {
            let of = |org: &Org, n: usize| {
                let active: Vec<_> = org.user_ids().filter(|id| org.status_of(id).unwrap() == "ACTIVE").collect();
                active[n].clone()
            };
            let (gone, left) = (of(org, 3), of(org, 9));
            org.remove_user(&gone).unwrap();
            org.set_user_status(&left, "DEPROVISIONED").unwrap();
            (gone, left)
        });
        lab.sim().advance_clock(SETTLED);
        let (outcome, _) = checked(&lab, &[]);
        assert!(taken(&outcome, "group-members") > 30 || deletion_moves_groups);
        // Not in the file, and not there again when it is no news any more.
        for _ in 0..2 {
            assert!(!lab.grant_ids("sync.c1z").iter().any(|id| id.ends_with(&gone)));
            assert_eq!(checked(&lab, &[]).1, LISTS);
        }
        lab.sim().change_org(|org| {
            let again = org.add_user("Come", "Back", "back@acme.example", "ACTIVE");
            let group = org.group_ids().nth(3).unwrap();
            org.add_member(&group, &again).unwrap();
            org.set_user_status(&left, "ACTIVE").unwrap();
        });
        lab.sim().advance_clock(SETTLED);
        checked(&lab, &[]);
    }
}

#[test]
fn a_role_is_granted() {
    let (lab, _) = synced(SimConfig::new(org()), &[]);
    lab.sim().change_org(|org| {
        let user = org.user_roles().map(|(id, _)| id).next().unwrap();
        org.grant_role(Principal::User(&user), "MOBILE_ADMIN").unwrap();
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, read(&outcome, "user-roles")), (LISTS + MORE_LOG + 1, 1));
    lab.sim().change_org(|org| {
        let user = org.user_ids().find(|id| org.roles_held_by(Principal::User(id)).is_empty()).unwrap();
        org.grant_role(Principal::User(&user), "APP_ADMIN").unwrap();
        let group = org.group_roles().map(|(id, _)| id).next().unwrap();
        org.grant_role(Principal::Group(&group), "MOBILE_ADMIN").unwrap();
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((read(&outcome, "user-roles"), read(&outcome, "group-roles")), (1, 1));
    assert_eq!(calls, LISTS + MORE_LOG + 2);
}

#[test]
fn a_custom_role_is_bound() {
    let arguments = ["--sync-custom-roles"];
    let (lab, expected) = synced(SimConfig::new(org()), &arguments);
    let (_, calm) = checked(&lab, &arguments);
    lab.sim().change_org(|org| {
        let user = org.user_roles().map(|(id, _)| id).next().unwrap();
        org.bind_role(Principal::User(&user), "cr000000000000s1m1d7", "iam00000000000s1m1d7").unwrap();
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &arguments);
    // The event names no holder, so that everybody's roles are read.
    let (bindings, members) = (read(&outcome, "resource-set-bindings"), read(&outcome, "binding-members"));
    assert_eq!((bindings, members), (1, 1));
    assert!(taken(&outcome, "resource-set-bindings") >= 1);
    let holders = expected.admins + read(&outcome, "group-roles");
    assert_eq!((read(&outcome, "user-roles"), calls), (expected.admins, calm + MORE_LOG + holders + 2));
    assert_eq!(checked(&lab, &arguments).1, calm);
}

#[test]
fn without_the_right_to_read_the_log() {
    let config = SimConfig { tokens: vec![Token::new("00nologs").without(Area::Logs)], ..SimConfig::new(org()) };
    let (lab, expected) = synced(config, &[]);
    let (outcome, calls) = checked(&lab, &[]);
    let note = outcome.logs().into_iter().find(|line| line["level"] == "warn").unwrap();
    for note in [&note["msg"], &outcome.log("Sync complete.")["incremental"]["notes"][0]] {
        let note = note.as_str().unwrap();
        assert!(note.contains("okta.logs.read") && note.contains("read in full"), "{note}");
    }
    assert_eq!((read(&outcome, "app-users"), taken(&outcome, "app-users")), (expected.apps, 0));
    // Members need no log, but those of Everyone.
    assert_eq!(taken(&outcome, "group-members"), members_lists(&expected) - 1);
    assert_eq!(calls, expected.calls() + 1 - taken(&outcome, "group-members"));
}

#[test]
fn a_log_that_does_not_reach_back() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    lab.sim().advance_clock(Duration::from_hours(24 * 86));
    let (outcome, _) = checked(&lab, &[]);
    assert!(outcome.stderr.contains("longer ago than Okta keeps"), "{}", outcome.stderr);
    assert_eq!(read(&outcome, "app-users"), expected.apps);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, read(&outcome, "app-users")), (LISTS, 0));
}

#[test]
fn events_that_come_late_are_found() {
    let late = Duration::from_hours(1);
    let (lab, _) = synced(SimConfig { log_lag: late, ..SimConfig::new(org()) }, &[]);
    lab.sim().change_org(|org| {
        let app = org.app_ids(true).next().unwrap();
        let holders: Vec<String> = org.users_of_app(&app).into_iter().map(|fact| fact.user).collect();
        let user = org.user_ids().find(|id| !holders.contains(id) && org.status_of(id).unwrap() == "ACTIVE").unwrap();
        org.assign_user(&app, &user).unwrap();
    });
    // Nobody can know yet.
    assert_eq!(sync(&lab, &[]).1, LISTS);
    lab.sim().advance_clock(late);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!((calls, read(&outcome, "app-users")), (LISTS + MORE_LOG + 1, 1));
    assert_eq!(checked(&lab, &[]).1, LISTS);
}

#[test]
fn one_percent_changed() {
    let org = Org::generate(&Shape { awkward: false, ..Shape::new(1_000, 1_000, 100).seed(5) });
    let (lab, expected) = synced(SimConfig::new(org), &[]);
    lab.sim().change_org(|org| {
        let users: Vec<String> = org.user_ids().collect();
        for user in users.iter().step_by(100) {
            let changes = serde_json::json!({"title": "Changed"});
            org.edit_profile(user, changes.as_object().unwrap()).unwrap();
        }
        let stranger = |known: &[String], n: usize| {
            let mut active = users.iter().skip(n * 7).filter(|user| org_status(org, user) == "ACTIVE");
            active.find(|user| !known.contains(user)).unwrap().clone()
        };
        let groups: Vec<_> = org.group_ids().skip(2).step_by(100).collect();
        let joins: Vec<_> = groups.iter().enumerate().map(|(n, id)| stranger(&org.members_of(id), n)).collect();
        let apps: Vec<_> = org.app_ids(true).step_by(100).collect();
        let assigned: Vec<_> = apps
            .iter()
            .enumerate()
            .map(|(n, id)| {
                let holders: Vec<_> = org.users_of_app(id).into_iter().map(|fact| fact.user).collect();
                stranger(&holders, n)
            })
            .collect();
        for (group, user) in groups.iter().zip(joins) {
            assert!(org.add_member(group, &user).unwrap());
        }
        for (app, user) in apps.iter().zip(assigned) {
            org.assign_user(app, &user).unwrap();
        }
    });
    lab.sim().advance_clock(SETTLED);
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!(read(&outcome, "group-members"), 10 + REFUSED);
    assert!(read(&outcome, "app-users") >= 1);
    assert!(calls * 20 <= expected.calls(), "{calls} of {}", expected.calls());
}

fn org_status(org: &Org, user: &str) -> String {
    org.status_of(user).unwrap_or_default()
}

#[test]
fn a_mark_that_nobody_can_read_costs_calls_only() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    let last = rusqlite::Connection::open(lab.path("sync.c1z.work/last.db")).unwrap();
    assert_eq!(last.execute("UPDATE meta SET value = 'nonsense' WHERE key = 'mark'", []).unwrap(), 1);
    drop(last);
    let (outcome, _) = checked(&lab, &[]);
    assert_eq!((read(&outcome, "app-users"), taken(&outcome, "app-users")), (expected.apps, 0));
    let note = outcome.log("Sync complete.")["incremental"]["notes"][0].clone();
    assert!(note.as_str().unwrap().contains("read in full"), "{note}");
    assert_eq!(checked(&lab, &[]).1, LISTS);
}

#[test]
fn another_credential_may_see_something_else() {
    let tokens = vec![Token::new("00first"), Token::new("00second")];
    let (lab, expected) = synced(SimConfig { tokens, ..SimConfig::new(org()) }, &[]);
    let before = lab.sim().stats().requests;
    let mut command = lab.bare();
    let outcome =
        Outcome::of(command.args(["--domain", &lab.sim().host(), "--api-token", "00second"]).output().unwrap());
    assert_eq!((outcome.code, lab.sim().stats().requests - before), (0, expected.calls()), "{}", outcome.stderr);
    assert!(outcome.log("Sync complete.")["incremental"]["why_full"].as_str().unwrap().contains("other options"));
}

#[test]
fn what_was_kept_can_be_lost() {
    let (lab, expected) = synced(SimConfig::new(org()), &[]);
    std::fs::remove_dir_all(lab.path("sync.c1z.work")).unwrap();
    let (outcome, calls) = checked(&lab, &[]);
    assert_eq!(calls, expected.calls());
    assert!(outcome.stderr.contains("nothing was kept of the last sync, or it was lost"), "{}", outcome.stderr);
    assert_eq!(checked(&lab, &[]).1, LISTS);
}
