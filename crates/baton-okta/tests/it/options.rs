//! What each option changes (`docs/spec/okta-sync.md` 14.4, `docs/spec/decisions.md` 2): nothing else than what it
//! says.

use std::collections::BTreeSet;

use baton_connector::{GapKind, GrantDraft, Options, Source};
use baton_okta::{EmailDomains, Rules};
use okta_sim::{Fault, FaultRule, Org, Shape, Sim, SimConfig};

use crate::fetching::{Synced, connector, fetch_all};

/// A fetch of the test org, and the paths that were asked.
async fn synced(rules: Rules, options: &Options) -> (Synced, Vec<String>) {
    let sim = Sim::start(SimConfig::new(Org::facts())).await.unwrap();
    let synced = fetch_all(&connector(&sim, rules, None), options).await.unwrap();
    let paths = sim.stats().by_path.into_keys().collect();
    sim.stop().await;
    (synced, paths)
}

/// The grants that are in `all` and not in `some`.
fn gone(all: &Synced, some: &Synced) -> Vec<String> {
    let some = some.grant_ids();
    all.grant_ids().into_iter().filter(|id| !some.contains(id)).collect()
}

async fn plain() -> Synced {
    synced(Rules::default(), &Options::default()).await.0
}

#[tokio::test]
async fn app_groups_can_be_skipped() {
    let (some, _) = synced(Rules { skip_app_groups: true, ..Rules::default() }, &Options::default()).await;
    assert_eq!(some.ids("group"), ["00g1eng", "00g3every", "00g4empty", "00g5nostats", "00g6denied"]);
    assert!(!some.entitlement_ids().contains(&"group:00g2push:member"));
    assert_eq!(
        gone(&plain().await, &some),
        ["app:0oa2saml:access:group:00g2push", "group:00g2push:member:user:00u7susp"]
    );
    assert!(some.gaps.iter().any(|gap| gap.kind == GapKind::LeftOut && gap.id == "00g2push"));
}

#[tokio::test]
async fn app_groups_that_are_skipped_cost_nothing() {
    let sim = Sim::start(SimConfig { log_requests: true, ..SimConfig::new(Org::facts()) }).await.unwrap();
    let source = connector(&sim, Rules { skip_app_groups: true, ..Rules::default() }, None);
    fetch_all(&source, &Options::default()).await.unwrap();
    let log = sim.stats().log;
    assert!(log.iter().all(|request| !request.target.contains("00g2push")), "{log:?}");
    sim.stop().await;
}

#[tokio::test]
async fn only_users_of_certain_domains() {
    let rules = Rules { filter_email_domains: EmailDomains::new(["@Acme.Example"]), ..Rules::default() };
    let (some, _) = synced(rules, &Options::default()).await;
    assert_eq!(some.ids("user").len(), 8);
    assert!(!some.ids("user").contains(&"00u10other") && !some.ids("user").contains(&"00u9weird"));
    // Whoever passes keeps every grant, whatever the profile in the app says.
    assert_eq!(
        gone(&plain().await, &some),
        [
            "app:0oa1oidc:access:user:00u10other",
            "group:00g1eng:member:user:00u10other",
            "group:00g3every:member:user:00u10other",
            "group:00g3every:member:user:00u9weird",
            "role:ORG_ADMIN:assigned:user:00u10other",
        ]
    );
    let mut left_out: Vec<_> =
        some.gaps.iter().filter(|gap| gap.kind == GapKind::LeftOut).map(|gap| gap.id.as_str()).collect();
    left_out.sort_unstable();
    assert_eq!(left_out, ["00u10other", "00u9weird"]);

    let rules = Rules { filter_email_domains: EmailDomains::new(["partner.example"]), ..Rules::default() };
    let (some, _) = synced(rules, &Options::default()).await;
    assert_eq!(some.ids("user"), ["00u10other"]);
    assert!(some.grant_ids().contains(&"app:0oa1oidc:access:user:00u10other".to_owned()));
}

#[tokio::test]
async fn inactive_apps_on_demand() {
    let all = plain().await;
    assert_eq!(all.ids("app"), ["0oa1oidc", "0oa2saml", "0oa4swa", "0oa5nomode"]);
    let (more, paths) = synced(Rules { sync_inactive_apps: true, ..Rules::default() }, &Options::default()).await;
    assert_eq!(more.ids("app").len(), 5);
    assert_eq!(more.grant_ids(), all.grant_ids());
    assert!(!paths.is_empty());
}

#[tokio::test]
async fn without_sources_app_grants_are_plain() {
    let (some, _) = synced(Rules { app_grant_sources: false, ..Rules::default() }, &Options::default()).await;
    assert_eq!(some.grant_ids(), plain().await.grant_ids());
    assert!(some.grants.iter().all(|grant| grant.metadata.is_none() && grant.immutable.is_none()));
}

/// All grants as they come into a file, in an order of their own.
fn stored(synced: Synced) -> Vec<GrantDraft> {
    let mut grants: Vec<_> =
        synced.grants.into_iter().map(|grant| GrantDraft { skip_if_absent: false, ..grant }).collect();
    grants.sort_by_key(GrantDraft::id);
    grants
}

fn everyone_from_users() -> Rules {
    Rules { everyone_from_users: true, ..Rules::default() }
}

#[tokio::test]
async fn members_of_everyone_can_come_with_the_users() {
    let orgs = [Org::facts(), Org::generate(&Shape::new(450, 12, 4)), Org::generate(&Shape::new(90, 30, 4).seed(3))];
    for org in orgs {
        let sim = Sim::start(SimConfig { log_requests: true, ..SimConfig::new(org) }).await.unwrap();
        let domains = EmailDomains::new(["acme.example", "partner.example"]);
        for rules in [Rules::default(), Rules { filter_email_domains: domains, ..Rules::default() }] {
            let whole = fetch_all(&connector(&sim, rules.clone(), Some(40)), &Options::default()).await.unwrap();
            let everyone = whole.resources.iter().find(|resource| resource.display_name == "Everyone").unwrap();
            let path = format!("/api/v1/groups/{}/users", everyone.id.as_ref().unwrap().resource);
            let asked = || sim.stats().log.iter().filter(|request| request.target.starts_with(&path)).count();
            let before = asked();
            assert!(before > 0);
            let rules = Rules { everyone_from_users: true, ..rules };
            let less = fetch_all(&connector(&sim, rules, Some(40)), &Options::default()).await.unwrap();
            assert_eq!(asked(), before, "asked for all the same");
            assert_eq!(less.pages["everyone"], 1);
            assert!(stored(less) == stored(whole));
        }
        sim.stop().await;
    }
}

#[tokio::test]
async fn members_of_everyone_are_read_where_the_group_is_not_found() {
    let fault = FaultRule::on("/api/v1/groups", Fault::Code(403, "E0000006")).first(1);
    let sim = Sim::start(SimConfig { faults: fault.into(), ..SimConfig::new(Org::facts()) }).await.unwrap();
    let some = fetch_all(&connector(&sim, everyone_from_users(), None), &Options::default()).await.unwrap();
    assert_eq!(some.grant_ids(), plain().await.grant_ids());
    assert_eq!(some.pages["everyone"], 1);
    assert!(sim.stats().by_path.contains_key("GET /api/v1/groups/{id}/users"));
    sim.stop().await;
}

#[tokio::test]
async fn without_users_or_grants_everyone_is_not_looked_for() {
    let groups = Options { resource_types: vec!["group".to_owned()], ..Options::default() };
    for options in [groups, Options { skip_grants: true, ..Options::default() }] {
        let (some, _) = synced(everyone_from_users(), &options).await;
        assert!(!some.pages.contains_key("everyone"), "{:?}", some.pages);
    }
}

#[tokio::test]
async fn resources_only() {
    let options = Options { skip_entitlements_and_grants: true, ..Options::default() };
    let (some, paths) = synced(Rules::default(), &options).await;
    assert_eq!((some.entitlements.len(), some.grants.len()), (0, 0));
    assert_eq!(some.resources.len(), 10 + 6 + 4 + 10);
    assert_eq!(paths, ["GET /api/v1/apps", "GET /api/v1/groups", "GET /api/v1/users"]);
}

#[tokio::test]
async fn only_certain_types() {
    for (types, asked, grants) in [
        (&["role"][..], &[][..], 0),
        (&["user"], &["GET /api/v1/users"], 0),
        (&["app"], &["GET /api/v1/apps"], 0),
        (&["user", "group"], &["GET /api/v1/groups", "GET /api/v1/groups/{id}/users", "GET /api/v1/users"], 15),
        (&["group", "role"], &["GET /api/v1/groups", "GET /api/v1/groups/{id}/roles"], 3),
        (
            &["user", "role"],
            &["GET /api/v1/iam/assignees/users", "GET /api/v1/users", "GET /api/v1/users/{id}/roles"],
            2,
        ),
        (&["group", "app"], &["GET /api/v1/apps", "GET /api/v1/groups", "GET /api/v1/groups/{id}/apps"], 4),
        (&["user", "app"], &["GET /api/v1/apps", "GET /api/v1/apps/{id}/users", "GET /api/v1/users"], 5),
    ] {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        let options = Options { resource_types: types.clone(), ..Options::default() };
        let (some, paths) = synced(Rules::default(), &options).await;
        assert_eq!(paths, asked, "{types:?}");
        assert_eq!(some.grants.len(), grants, "{types:?}");
        // No grant says that it comes through something that is not in the sync.
        assert!(types.contains(&"group".to_owned()) || some.grants.iter().all(|grant| grant.metadata.is_none()));
        for of in ["user", "group", "app", "role"] {
            assert_eq!(some.ids(of).is_empty(), !types.contains(&of.to_owned()), "{types:?} {of}");
        }
    }
}

/// Custom roles, tokens and devices too.
fn everything() -> Rules {
    Rules { sync_custom_roles: true, sync_secrets: true, sync_devices: true, ..Rules::default() }
}

/// What `more` has and `some` has not: resources as `type id`, entitlements, grants.
fn added(some: &Synced, more: &Synced) -> [Vec<String>; 3] {
    let resources = |synced: &Synced| -> BTreeSet<String> {
        let ids = synced.resources.iter().map(|resource| resource.id.clone().unwrap());
        ids.map(|id| format!("{} {}", id.resource_type, id.resource)).collect()
    };
    let entitlements = |synced: &Synced| synced.entitlement_ids().into_iter().map(str::to_owned).collect();
    let grants = |synced: &Synced| synced.grant_ids().into_iter().collect();
    let of = |all: &dyn Fn(&Synced) -> BTreeSet<String>| all(more).difference(&all(some)).cloned().collect();
    [of(&resources), of(&entitlements), of(&grants)]
}

#[tokio::test]
async fn custom_roles_resource_sets_and_bindings_on_demand() {
    let (more, _) = synced(Rules { sync_custom_roles: true, ..Rules::default() }, &Options::default()).await;
    let plain = plain().await;
    let [resources, entitlements, grants] = added(&plain, &more);
    assert_eq!(
        resources,
        [
            "custom-role WORKFLOWS_ADMIN",
            "custom-role cr0audit",
            "custom-role cr0vault",
            "resource-set iamrs1",
            "resource-set iamrs2",
            "resourceset-binding iamrs1:cr0audit",
            "resourceset-binding iamrs1:cr0vault",
        ]
    );
    assert_eq!(
        entitlements,
        [
            "custom-role:WORKFLOWS_ADMIN:assigned",
            "custom-role:cr0audit:assigned",
            "custom-role:cr0vault:assigned",
            "resource-set:iamrs1:bindings",
            "resource-set:iamrs2:bindings",
            "resourceset-binding:iamrs1:cr0audit:member",
            "resourceset-binding:iamrs1:cr0vault:member",
        ]
    );
    assert_eq!(
        grants,
        [
            "custom-role:WORKFLOWS_ADMIN:assigned:group:00g1eng",
            "custom-role:WORKFLOWS_ADMIN:assigned:user:00u10other",
            "custom-role:cr0vault:assigned:group:00g1eng",
            "custom-role:cr0vault:assigned:user:00u9weird",
            "resource-set:iamrs1:bindings:custom-role:cr0audit",
            "resource-set:iamrs1:bindings:custom-role:cr0vault",
            "resourceset-binding:iamrs1:cr0audit:member:user:00u1active",
            "resourceset-binding:iamrs1:cr0vault:member:group:00g1eng",
            "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
        ]
    );
    assert_eq!(added(&more, &plain), [const { Vec::<String>::new() }; 3], "nothing else changes");
    // Workflows Administrator no longer dangles; the OAuth client that holds a role is told of.
    let unresolved = |synced: &Synced| synced.gaps.iter().filter(|gap| gap.kind == GapKind::Unresolved).count();
    assert_eq!((unresolved(&plain), unresolved(&more)), (2, 0));
    assert!(more.gaps.iter().any(|gap| gap.kind == GapKind::LeftOut && gap.message.contains("OAuth client 0oa1oidc")));
}

#[tokio::test]
async fn tokens_and_devices_on_demand() {
    let plain = plain().await;
    let none = || [Vec::new(), Vec::<String>::new()];
    for (rules, expected) in [
        (Rules { sync_secrets: true, ..Rules::default() }, &["api-token 00Tok1", "api-token 00Tok2"][..]),
        (
            Rules { sync_devices: true, ..Rules::default() },
            &["device guo1mac", "device guo2win", "device guo3bare", "device guo4lin"],
        ),
    ] {
        let (more, _) = synced(rules, &Options::default()).await;
        let [resources, entitlements, grants] = added(&plain, &more);
        assert_eq!(resources, expected);
        assert_eq!([entitlements, grants], none(), "nothing can be had on them");
        assert_eq!(added(&more, &plain), [const { Vec::<String>::new() }; 3]);
    }
}

#[tokio::test]
async fn only_certain_types_among_those_with_a_switch() {
    for (types, asked, grants) in [
        (&["custom-role"][..], &["GET /api/v1/iam/roles"][..], 0),
        (&["api-token"], &["GET /api/v1/api-tokens"], 0),
        (&["device"], &["GET /api/v1/devices"], 0),
        (&["resource-set"], &["GET /api/v1/iam/resource-sets"], 0),
        (
            &["resourceset-binding"],
            &["GET /api/v1/iam/resource-sets", "GET /api/v1/iam/resource-sets/{id}/bindings"],
            0,
        ),
        (
            &["resource-set", "custom-role"],
            &["GET /api/v1/iam/resource-sets", "GET /api/v1/iam/resource-sets/{id}/bindings", "GET /api/v1/iam/roles"],
            2,
        ),
        (
            &["user", "custom-role"],
            &[
                "GET /api/v1/iam/assignees/users",
                "GET /api/v1/iam/roles",
                "GET /api/v1/users",
                "GET /api/v1/users/{id}/roles",
            ],
            2,
        ),
    ] {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        let options = Options { resource_types: types.clone(), ..Options::default() };
        let (some, paths) = synced(everything(), &options).await;
        assert_eq!(paths, asked, "{types:?}");
        assert_eq!(some.grants.len(), grants, "{types:?}");
        for of in ["user", "group", "role", "custom-role", "resource-set", "resourceset-binding", "api-token", "device"]
        {
            assert_eq!(some.ids(of).is_empty(), !types.contains(&of.to_owned()), "{types:?} {of}");
        }
    }
    // Devices need no switch when they are named.
    let options = Options { resource_types: vec!["device".to_owned()], ..Options::default() };
    assert_eq!(synced(Rules::default(), &options).await.0.ids("device").len(), 4);
}

#[tokio::test]
async fn resources_only_of_every_type() {
    let options = Options { skip_entitlements_and_grants: true, ..Options::default() };
    let (some, paths) = synced(everything(), &options).await;
    assert_eq!((some.entitlements.len(), some.grants.len()), (0, 0));
    assert_eq!((some.ids("custom-role").len(), some.ids("resource-set").len()), (3, 2));
    assert_eq!((some.ids("resourceset-binding").len(), some.ids("api-token").len()), (2, 2));
    assert!(
        !paths.iter().any(|path| path.ends_with("/members") || path.ends_with("/roles") && path.contains("{id}")),
        "{paths:?}"
    );
}

#[tokio::test]
async fn the_filter_holds_for_every_grant() {
    let filtered = Rules { filter_email_domains: EmailDomains::new(["acme.example"]), ..everything() };
    let (some, _) = synced(filtered, &Options::default()).await;
    let (all, _) = synced(everything(), &Options::default()).await;
    let gone: Vec<_> =
        gone(&all, &some).into_iter().filter(|id| id.starts_with("custom") || id.starts_with("res")).collect();
    assert_eq!(
        gone,
        [
            "custom-role:WORKFLOWS_ADMIN:assigned:user:00u10other",
            "custom-role:cr0vault:assigned:user:00u9weird",
            "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
        ]
    );
}

#[tokio::test]
async fn the_fingerprint_names_org_and_rules_and_no_secret() {
    let sim = Sim::start(SimConfig::new(Org::empty())).await.unwrap();
    let plain = connector(&sim, Rules::default(), None);
    let other = connector(&sim, Rules { skip_app_groups: true, ..Rules::default() }, None);
    assert_eq!(plain.fingerprint(), connector(&sim, Rules::default(), Some(7)).fingerprint());
    assert_ne!(plain.fingerprint(), other.fingerprint());
    assert!(plain.fingerprint().contains(&sim.host()));
    for text in [plain.fingerprint(), format!("{plain:?}")] {
        assert!(!text.contains(sim.token()), "{text}");
    }
    sim.stop().await;
}
