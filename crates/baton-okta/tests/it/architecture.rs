//! Keeps the picture in `ARCHITECTURE.md` true: which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Who may use whom in the program. What is not listed is forbidden.
const ARROWS: &[(&str, &[&str])] = &[
    ("private-fs", &[]),
    ("baton-proto", &[]),
    ("baton-c1z", &["baton-proto", "private-fs"]),
    ("baton-connector", &["baton-proto"]),
    ("baton-sync", &["baton-c1z", "baton-connector", "baton-proto", "private-fs"]),
    ("baton-explore", &["baton-c1z", "baton-proto", "terminal-text"]),
    ("baton-provision", &["baton-c1z", "baton-connector", "baton-proto", "terminal-text"]),
    (
        "baton-service",
        &["baton-connector", "baton-proto", "baton-provision", "baton-sync", "private-fs", "terminal-text"],
    ),
    ("sim-tls", &[]),
    ("terminal-text", &[]),
    ("xtask", &[]),
    ("c1-sim", &["baton-proto", "sim-tls"]),
    (
        "baton-runtime",
        &[
            "baton-c1z",
            "baton-connector",
            "baton-explore",
            "baton-proto",
            "baton-provision",
            "baton-service",
            "baton-sync",
            "private-fs",
            "terminal-text",
        ],
    ),
    ("okta-sim", &["sim-tls"]),
    ("okta-client", &[]),
    ("pebble-format", &[]),
    (
        "baton-okta",
        &[
            "baton-c1z",
            "baton-connector",
            "baton-explore",
            "baton-proto",
            "baton-provision",
            "baton-runtime",
            // For `demo --service` only, as are c1-sim and okta-sim.
            "baton-service",
            "baton-sync",
            "c1-sim",
            "okta-client",
            "okta-sim",
            "private-fs",
            "terminal-text",
        ],
    ),
];

fn uses(kinds: &[DependencyKind]) -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let members: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let of = |package: &cargo_metadata::Package| {
        let ours = package.dependencies.iter().filter(|dependency| kinds.contains(&dependency.kind));
        ours.map(|dependency| dependency.name.clone()).filter(|name| members.contains(name)).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), of(package))).collect()
}

#[test]
fn arrows_go_down_only() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ARROWS.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let uses = uses(&[DependencyKind::Normal, DependencyKind::Build]);
    let known: Vec<_> = uses.keys().map(String::as_str).collect();
    assert_eq!(known, allowed.keys().copied().collect::<Vec<_>>(), "every crate has its place in the picture");
    for (name, used) in &uses {
        for other in used {
            assert!(allowed[name.as_str()].contains(other.as_str()), "{name} must not use {other}");
        }
    }
}

#[test]
fn okta_and_baton_do_not_know_each_other() {
    // Not even in their tests: somebody could take either half without the other.
    let uses = uses(&[DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development]);
    for (name, used) in uses.iter().filter(|(name, _)| *name != "baton-okta") {
        let foreign = if name.starts_with("okta-") { "baton-" } else { "okta-" };
        assert!(!used.iter().any(|other| other.starts_with(foreign)), "{name} must not use {used:?}");
    }
}
