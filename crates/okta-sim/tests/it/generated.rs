//! Generated orgs: the same from the same seed, in proportion, and the same over the wire as in the truth.

use std::collections::{BTreeMap, BTreeSet};

use okta_sim::{Org, Shape, SimConfig};

use crate::client::{Client, ids};

type Pairs = Vec<(String, String)>;

fn relations(org: &Org) -> (Pairs, Vec<okta_sim::AppUserFact>, Pairs) {
    (org.memberships().collect(), org.app_users().collect(), org.app_groups().collect())
}

#[test]
fn the_same_shape_gives_the_same_org_and_another_seed_another() {
    let shape = Shape::new(300, 40, 20);
    let (one, two) = (Org::generate(&shape), Org::generate(&shape));
    assert_eq!(relations(&one), relations(&two));
    assert_eq!(one.user_roles().collect::<Vec<_>>(), two.user_roles().collect::<Vec<_>>());
    let other = Org::generate(&shape.clone().seed(2));
    assert!(one.user_ids().all(|id| other.user_ids().all(|known| known != id)));
    assert_ne!(relations(&one).0.len(), relations(&other).0.len());
}

#[test]
fn proportions_are_those_of_the_documentation() {
    let org = Org::generate(&Shape::new(10_000, 2_000, 200));
    let expected = org.expected(false);
    assert_eq!((expected.users, expected.groups, expected.apps, expected.admins), (10_000, 2_000, 200, 50));
    let per_user = expected.grants() as f64 / 10_000.0;
    assert!((13.3..14.7).contains(&per_user), "{per_user} grants a user");
    let memberships = expected.memberships as f64 / expected.grants() as f64;
    assert!((0.55..0.65).contains(&memberships), "{memberships} of the grants are memberships");
    assert!((380..=420).contains(&expected.empty_groups), "{}", expected.empty_groups);
    assert_eq!(expected.groups_with_roles, 12);
    assert!((600..=700).contains(&expected.groups_with_apps), "{}", expected.groups_with_apps);
    assert!(expected.member_pages > 2_000 - expected.empty_groups, "some groups have several pages");
    assert_eq!(org.expected(true).apps, org.app_ids(true).count() as u64);
    assert!(org.expected(true).apps < expected.apps);
    let direct = org.app_users().filter(|user| user.via_group.is_none()).count() as f64;
    let share = direct / expected.app_users as f64;
    assert!((0.05..0.5).contains(&share), "{share} of the app users are assigned directly");
}

#[test]
fn users_of_an_app_are_consistent_with_the_groups_of_the_app() {
    let org = Org::generate(&Shape::new(600, 60, 20));
    let mut members: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (group, user) in org.memberships() {
        members.entry(group).or_default().insert(user);
    }
    let groups: BTreeSet<(String, String)> = org.app_groups().collect();
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for fact in org.app_users() {
        if let Some(group) = fact.via_group {
            assert!(groups.contains(&(fact.app.clone(), group.clone())));
            assert!(members[&group].contains(&fact.user));
        }
        users.entry(fact.app).or_default().insert(fact.user);
    }
    let everyone = &members[&org.group_ids().next().unwrap()];
    for (app, group) in &groups {
        let active = members.get(group).into_iter().flatten().filter(|user| everyone.contains(*user));
        for user in active {
            assert!(users[app].contains(user), "{user} is in {group} and so has {app}");
        }
    }
}

#[test]
fn orgs_of_every_size_can_be_made() {
    for (users, groups, apps) in [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1), (3, 2, 1), (40, 3, 7), (2, 50, 30)] {
        let org = Org::generate(&Shape::new(users, groups, apps));
        let expected = org.expected(false);
        assert_eq!((expected.users, expected.groups, expected.apps), (users.into(), groups.into(), apps.into()));
    }
}

#[tokio::test]
async fn what_is_served_is_the_truth() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(120, 30, 12)))).await;
    let org = client.sim.org();
    let (mut memberships, mut refused) = (Vec::new(), 0);
    for group in org.group_ids() {
        if client.get(&format!("/api/v1/groups/{group}/users")).await.status == 403 {
            refused += 1;
            continue;
        }
        let users = client.ids(&format!("/api/v1/groups/{group}/users?limit=50")).await;
        memberships.extend(users.into_iter().map(|user| (group.clone(), user)));
    }
    assert_eq!(refused, 1, "Okta Administrators");
    assert_eq!(memberships, org.memberships().collect::<Vec<_>>());

    let (mut app_users, mut app_groups) = (Vec::new(), Vec::new());
    for app in org.app_ids(false) {
        for user in client.all(&format!("/api/v1/apps/{app}/users?limit=20")).await.0 {
            let via = user["_links"]["group"]["href"].as_str().map(|link| link.rsplit('/').next().unwrap().to_owned());
            assert_eq!(user["scope"], if via.is_some() { "GROUP" } else { "USER" });
            app_users.push(okta_sim::AppUserFact {
                app: app.clone(),
                user: user["id"].as_str().unwrap().into(),
                via_group: via,
            });
        }
        let groups = client.ids(&format!("/api/v1/apps/{app}/groups?limit=20")).await;
        app_groups.extend(groups.into_iter().map(|group| (app.clone(), group)));
    }
    assert_eq!(app_users, org.app_users().collect::<Vec<_>>());
    assert_eq!(app_groups, org.app_groups().collect::<Vec<_>>());

    let mut by_group = Vec::new();
    for group in org.group_ids() {
        let apps = client.ids(&format!("/api/v1/groups/{group}/apps")).await;
        by_group.extend(apps.into_iter().map(|app| (app, group.clone())));
    }
    by_group.sort();
    app_groups.sort();
    assert_eq!(by_group, app_groups, "the same from both sides");

    let admins = client.json("/api/v1/iam/assignees/users").await;
    let mut direct = 0;
    for admin in ids(admins["value"].as_array().unwrap()) {
        let roles = client.json(&format!("/api/v1/users/{admin}/roles")).await;
        direct += roles.as_array().unwrap().iter().filter(|role| role["assignmentType"] == "USER").count();
    }
    assert_eq!(direct, org.user_roles().count());
}

#[tokio::test]
async fn the_awkward_cases_are_in_it() {
    let client = Client::start(SimConfig::new(Org::generate(&Shape::new(200, 40, 25)))).await;
    let users = client.all("/api/v1/users?search=status+pr").await.0;
    let statuses: BTreeSet<&str> = users.iter().map(|user| user["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.len(), 9, "{statuses:?}");
    let logins: Vec<&str> = users.iter().filter_map(|user| user["profile"]["login"].as_str()).collect();
    assert!(logins.contains(&"no-at-sign") && logins.contains(&"two@at@signs.example"));
    assert!(users.iter().any(|user| user["profile"]["displayName"] == ""));
    assert!(users.iter().any(|user| user.to_string().len() > 4_096));
    assert!(users.iter().any(|user| user["profile"]["numbers"][6] == i64::MIN));
    let members = client.all(&format!("/api/v1/groups/{}/users", client.sim.org().group_ids().nth(2).unwrap())).await.0;
    assert!(members.iter().any(|user| user["status"] == "DEPROVISIONED"));
    let groups = client.all("/api/v1/groups?expand=stats").await.0;
    assert!(groups.iter().any(|group| group["type"] == "FUTURE_GROUP"));
    assert_eq!(groups.iter().filter(|group| group.get("_embedded").is_none()).count(), 1);
    assert!(groups.iter().any(|group| group["profile"].get("description").is_none()));
    let apps = client.all("/api/v1/apps?limit=200").await.0;
    assert!(apps.iter().any(|app| app.get("signOnMode").is_none()));
    assert!(apps.iter().any(|app| app["label"] == "") && apps.iter().any(|app| app["status"] == "INACTIVE"));
}
