//! How many requests a fetch takes: what a thrifty reader needs, and not one more.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod fetching;

use baton_connector::{Options, Source};
use baton_okta::Rules;
use fetching::{connector, fetch_all};
use okta_sim::{Org, Shape, Sim, SimConfig};

#[tokio::test]
async fn exactly_the_calls_that_are_needed() {
    for (shape, groups_are_fewer) in [(Shape::new(1_500, 250, 60), false), (Shape::new(300, 12, 40), true)] {
        for inactive_too in [false, true] {
            let org = Org::generate(&shape);
            let expected = org.expected(!inactive_too);
            assert_eq!(expected.groups_with_apps < expected.apps, groups_are_fewer);
            let sim = Sim::start(SimConfig::new(org)).await.unwrap();
            let source = connector(&sim, Rules { sync_inactive_apps: inactive_too, ..Rules::default() }, None);
            source.validate().await.unwrap();
            let synced = fetch_all(&source, &Options::default()).await.unwrap();
            let calls = sim.stats().requests;
            assert_eq!(calls, expected.calls(), "{expected:?}: {:?}", sim.stats().by_path);
            let told: u64 = source.traffic().iter().map(|lane| lane.calls).sum();
            assert_eq!(told, calls);
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
