//! Whatever happens to an org, what follows from what stays true.

use std::collections::{BTreeMap, BTreeSet};

use okta_sim::{Org, Principal, Shape};

/// A sequence of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn pick<'a>(&mut self, from: &'a [String]) -> &'a str {
        &from[self.below(from.len())]
    }
}

const STATUSES: [&str; 5] = ["ACTIVE", "SUSPENDED", "DEPROVISIONED", "STAGED", "LOCKED_OUT"];
const ROLES: [&str; 4] = ["APP_ADMIN", "SUPER_ADMIN", "WORKFLOWS_ADMIN", "HELP_DESK_ADMIN"];

/// Makes one change; all of them keep to what Okta allows.
fn change(org: &mut Org, dice: &mut Dice, step: usize) {
    let users: Vec<String> = org.user_ids().collect();
    // The first two are built in.
    let groups: Vec<String> = org.group_ids().skip(2).collect();
    let apps: Vec<String> = org.app_ids(false).collect();
    let (user, group, app) = (dice.pick(&users), dice.pick(&groups), dice.pick(&apps));
    let principal = if dice.below(2) == 0 { Principal::User(user) } else { Principal::Group(group) };
    match dice.below(16) {
        0 => drop(org.add_user("New", "User", &format!("new{step}@acme.example"), STATUSES[dice.below(5)])),
        1 => org.remove_user(user).unwrap(),
        2 | 3 => org.set_user_status(user, STATUSES[dice.below(5)]).unwrap(),
        4 => drop(org.add_group(&format!("New {step}"))),
        5 if groups.len() > 3 => org.remove_group(group).unwrap(),
        6..=8 => drop(org.add_member(group, user).unwrap()),
        9 => {
            let members = org.members_of(group);
            if !members.is_empty() {
                assert!(org.remove_member(group, dice.pick(&members)).unwrap());
            }
        }
        10 if org.status_of(user).unwrap() != "DEPROVISIONED" => org.assign_user(app, user).unwrap(),
        11 => drop(org.unassign_user(app, user).unwrap()),
        12 => drop(org.assign_group_to_app(app, group).unwrap()),
        13 => {
            let groups = org.groups_of_app(app);
            if !groups.is_empty() {
                org.unassign_group_from_app(app, dice.pick(&groups)).unwrap();
            }
        }
        14 => drop(org.grant_role(principal, ROLES[dice.below(4)]).unwrap()),
        15 => drop(org.bind_role(principal, "cr000000000000s1m1d7", "iam00000000000s1m1d7").unwrap()),
        _ => {}
    }
}

/// What has to be true after every change.
fn check(org: &Org) {
    let users: BTreeMap<String, String> = org.user_ids().map(|id| (id.clone(), org.status_of(&id).unwrap())).collect();
    let groups: BTreeSet<String> = org.group_ids().collect();
    let members: BTreeSet<(String, String)> = org.memberships().collect();
    for (group, user) in &members {
        assert!(groups.contains(group) && users.contains_key(user), "{group} {user}");
    }
    let everyone = org.group_ids().next().unwrap();
    let present: BTreeSet<&String> =
        users.iter().filter(|(_, status)| *status != "DEPROVISIONED").map(|(id, _)| id).collect();
    let in_everyone = org.members_of(&everyone);
    assert_eq!(in_everyone.iter().collect::<BTreeSet<_>>(), present);

    let app_groups: BTreeSet<(String, String)> = org.app_groups().collect();
    let mut have = BTreeSet::new();
    for fact in org.app_users() {
        assert!(present.contains(&fact.user), "{fact:?}");
        if let Some(group) = &fact.via_group {
            assert!(members.contains(&(group.clone(), fact.user.clone())), "{fact:?}");
            assert!(app_groups.contains(&(fact.app.clone(), group.clone())), "{fact:?}");
        }
        assert!(have.insert((fact.app, fact.user)), "twice");
    }
    for (app, group) in &app_groups {
        assert!(groups.contains(group));
        for user in org.members_of(group).into_iter().filter(|user| present.contains(user)) {
            assert!(have.contains(&(app.clone(), user)), "{group} brings {app}");
        }
    }

    let mut bound = BTreeSet::new();
    let held = org.user_roles().map(|(id, role)| (format!("/api/v1/users/{id}"), role));
    for (path, role) in held.chain(org.group_roles().map(|(id, role)| (format!("/api/v1/groups/{id}"), role))) {
        let id = path.rsplit('/').next().unwrap();
        assert!(users.contains_key(id) || groups.contains(id), "{path}");
        if role.role_type == "CUSTOM" {
            let (set, role) = (role.resource_set.clone().unwrap(), role.custom_role.clone().unwrap());
            let members = org.binding_members(&set, &role).unwrap();
            assert!(members.contains(&path), "{path} {members:?}");
            bound.insert((set, role, path));
        }
    }
    let admins: BTreeSet<String> = org.user_roles().map(|(id, _)| id).collect();
    assert_eq!(org.expected(false).admins, admins.len() as u64);
    assert_eq!(org.expected(false).users, users.len() as u64);
}

#[test]
fn relations_follow_from_each_other_after_every_change() {
    for seed in 0..40 {
        let mut org = Org::generate(&Shape { awkward: false, ..Shape::new(25, 12, 5).seed(seed) });
        let mut dice = Dice(seed);
        check(&org);
        for step in 0..60 {
            change(&mut org, &mut dice, step);
            check(&org);
        }
    }
}
