//! Real recorded orgs, served verbatim: everything recorded is in the file.

use std::collections::BTreeSet;
use std::path::Path;

use okta_sim::{Org, SimConfig};

use crate::support::Lab;

#[test]
fn every_recorded_user_group_app_and_assignment_is_in_the_file() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/recorded-okta");
    if !recorded.is_dir() {
        eprintln!("skipped: {} is not there", recorded.display());
        return;
    }
    let load = || Org::recorded(&recorded).unwrap();
    let truth = load();
    let lab = Lab::start(SimConfig::new(load()));
    let outcome = lab.run(&["--sync-inactive-apps", "-f", "sync.c1z"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let ids = |kind: &str| lab.resource_ids("sync.c1z", kind);
    let (users, groups, apps): (BTreeSet<_>, BTreeSet<_>, BTreeSet<_>) =
        (truth.user_ids().collect(), truth.group_ids().collect(), truth.app_ids(false).collect());
    assert!(
        users.len() > 100 && groups.len() > 50 && apps.len() > 100,
        "{} {} {}",
        users.len(),
        groups.len(),
        apps.len()
    );
    assert_eq!(ids("user"), users);
    assert_eq!(ids("group"), groups);
    assert_eq!(ids("app"), apps);
    let grants = lab.grant_ids("sync.c1z");
    let members = truth.memberships().map(|(group, user)| format!("group:{group}:member:user:{user}"));
    let app_users = truth.app_users().map(|fact| format!("app:{}:access:user:{}", fact.app, fact.user));
    let app_groups = truth.app_groups().map(|(app, group)| format!("app:{app}:access:group:{group}"));
    let expected: BTreeSet<_> = members.chain(app_users).chain(app_groups).collect();
    let missing: Vec<_> = expected.difference(&grants).collect();
    assert!(missing.is_empty(), "missing: {missing:?}\n{}", outcome.stderr);
    assert!(!expected.is_empty());
    eprintln!("{} users, {} groups, {} apps, {} assignments", users.len(), groups.len(), apps.len(), expected.len());
}
