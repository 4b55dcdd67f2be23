//! How many requests a fetch takes: what a thrifty reader needs, and not one more.

use baton_connector::{Options, Source};
use baton_okta::Rules;
use okta_sim::{Org, Shape, Sim, SimConfig};

use crate::fetching::{connector, fetch_session};

fn rules(sync_inactive_apps: bool) -> Rules {
    Rules { sync_inactive_apps, ..Rules::default() }
}

#[tokio::test]
async fn exactly_the_calls_that_are_needed() {
    for (shape, groups_are_fewer) in [(Shape::new(1_500, 250, 60), false), (Shape::new(300, 12, 40), true)] {
        for inactive_too in [false, true] {
            let org = Org::generate(&shape);
            let expected = org.expected(!inactive_too);
            assert_eq!(expected.groups_with_apps < expected.apps, groups_are_fewer);
            let sim = Sim::start(SimConfig::new(org)).await.unwrap();
            let session = connector(&sim, rules(inactive_too), None).open(&Options::default());
            session.validate().await.unwrap();
            let synced = fetch_session(session.as_ref()).await.unwrap();
            let calls = sim.stats().requests;
            assert_eq!(calls, expected.calls(), "{expected:?}: {:?}", sim.stats().by_path);
            let told: u64 = session.traffic().iter().map(|queue| queue.calls).sum();
            assert_eq!(told, calls);
            let everything =
                Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..rules(inactive_too) };
            let session = connector(&sim, everything, None).open(&Options::default());
            session.validate().await.unwrap();
            let all = fetch_session(session.as_ref()).await.unwrap();
            assert_eq!(sim.stats().requests - calls, expected.calls_for_everything(), "{:?}", sim.stats().by_path);
            assert_eq!(all.ids("resource-set").len() as u64, expected.resource_sets);
            assert_eq!(all.ids("resourceset-binding").len() as u64, expected.bindings);
            assert_eq!(all.ids("api-token").len() as u64, expected.api_tokens);
            assert_eq!(all.ids("device").len() as u64, expected.devices);
            assert!(expected.devices > 1 && expected.custom_roles > 1 && expected.resource_sets > 1, "{expected:?}");
            // Nothing is saved by leaving something out.
            assert_eq!(synced.ids("user").len() as u64, expected.users);
            assert_eq!(synced.ids("group").len() as u64, expected.groups);
            assert_eq!(synced.ids("app").len() as u64, expected.apps);
            let count = |prefix: &str, of: &str| {
                let grants = synced.grants.iter().filter(|grant| grant.entitlement.resource_type == prefix);
                grants.filter(|grant| grant.principal.resource_type == of).count() as u64
            };
            assert_eq!(count("group", "user"), expected.memberships);
            assert_eq!(count("app", "user"), expected.app_users);
            assert_eq!(count("app", "group"), expected.app_groups);
            sim.stop().await;
        }
    }
}

#[tokio::test]
async fn the_test_org_of_the_facts() {
    // The Go connector needs 38 for the same objects (`docs/spec/okta-sync.md` 13.2): it asks for the roles of groups
    // that have none, and for the groups of every app.
    let org = Org::facts();
    let calls = org.expected(false).calls_for_everything();
    assert_eq!(calls, 35);
    let sim = Sim::start(SimConfig::new(org)).await.unwrap();
    let rules = Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..rules(true) };
    let session = connector(&sim, rules, None).open(&Options::default());
    session.validate().await.unwrap();
    fetch_session(session.as_ref()).await.unwrap();
    assert_eq!(sim.stats().requests, calls, "{:?}", sim.stats().by_path);
    // What two types need is read once.
    for path in ["/api/v1/iam/assignees/users", "/api/v1/iam/resource-sets", "/api/v1/iam/roles"] {
        assert_eq!(sim.stats().calls(path), 1, "{path}");
    }
    assert_eq!(sim.stats().calls("/api/v1/iam/resource-sets/{id}/bindings"), 2);
    sim.stop().await;
}
