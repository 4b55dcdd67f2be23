//! What a fetch does when Okta refuses, forgets or fails: only what must end it ends it, and nothing is silent.

use baton_connector::{GapKind, Options, Source, SourceError, SourceErrorKind};
use baton_okta::Rules;
use okta_sim::{Fault, FaultRule, Org, Sim, SimConfig, Token};

use crate::fetching::{Synced, connector, connector_with, fetch_all};

async fn with_fault(rule: FaultRule) -> Result<Synced, SourceError> {
    let sim = Sim::start(SimConfig { faults: rule.into(), ..SimConfig::new(Org::facts()) }).await.unwrap();
    let result = fetch_all(&connector(&sim, Rules::default(), None), &Options::default()).await;
    sim.stop().await;
    result
}

/// The grants that a fetch with this fault lacks, and the gaps that it has beyond those of the test org.
async fn loses(rule: FaultRule) -> (Vec<String>, Vec<(GapKind, String, String)>) {
    let whole = with_fault(FaultRule::on("/nowhere", Fault::Status(500))).await.unwrap();
    let some = with_fault(rule).await.unwrap();
    assert_eq!(whole.resources.len(), some.resources.len());
    let left = some.grant_ids();
    let lost = whole.grant_ids().into_iter().filter(|id| !left.contains(id)).collect();
    let gaps = some.gaps.iter().filter(|gap| !whole.gaps.contains(gap));
    (lost, gaps.map(|gap| (gap.kind, gap.resource_type.clone(), gap.id.clone())).collect())
}

#[tokio::test]
async fn what_vanished_costs_only_itself() {
    for (path, of, id, lost) in [
        ("/api/v1/groups/00g2push/users", "group", "00g2push", &["group:00g2push:member:user:00u7susp"][..]),
        ("/api/v1/groups/00g4empty/roles", "role", "00g4empty", &["role:READ_ONLY_ADMIN:assigned:group:00g4empty"]),
        ("/api/v1/groups/00g2push/apps", "app", "00g2push", &["app:0oa2saml:access:group:00g2push"]),
        ("/api/v1/apps/0oa4swa/users", "app", "0oa4swa", &["app:0oa4swa:access:user:00u5pwexp"]),
        ("/api/v1/users/00u1active/roles", "role", "00u1active", &["role:SUPER_ADMIN:assigned:user:00u1active"]),
    ] {
        let rule = FaultRule::on(path, Fault::Code(404, "E0000007"));
        assert_eq!(
            loses(rule).await,
            (lost.iter().map(ToString::to_string).collect(), vec![(GapKind::Gone, of.to_owned(), id.to_owned())])
        );
    }
}

#[tokio::test]
async fn a_group_of_which_okta_tells_nothing_costs_only_itself() {
    for (path, of, lost) in [
        ("/api/v1/groups/00g2push/users", "group", "group:00g2push:member:user:00u7susp"),
        ("/api/v1/groups/00g2push/apps", "app", "app:0oa2saml:access:group:00g2push"),
    ] {
        let rule = FaultRule::on(path, Fault::Code(403, "E0000006"));
        let gap = (GapKind::Forbidden, of.to_owned(), "00g2push".to_owned());
        assert_eq!(loses(rule).await, (vec![lost.to_owned()], vec![gap]));
    }
}

#[tokio::test]
async fn missing_rights_end_the_fetch_with_an_explanation() {
    for path in [
        "/api/v1/users",
        "/api/v1/groups",
        "/api/v1/apps",
        "/api/v1/apps/0oa4swa/users",
        "/api/v1/users/00u1active/roles",
    ] {
        let error = with_fault(FaultRule::on(path, Fault::Code(403, "E0000006"))).await.unwrap_err();
        assert_eq!(error.kind, SourceErrorKind::Forbidden, "{path}");
        for part in [path, "E0000006", "Administrator role", "--sync-resource-types"] {
            assert!(error.message.contains(part), "{error}");
        }
    }
    let error = with_fault(FaultRule::on("/api/v1/groups/00g1eng/users", Fault::InsufficientScope)).await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::Forbidden);
    assert!(error.message.contains("Grant the OAuth scope okta.groups.read"), "{error}");
}

#[tokio::test]
async fn a_refused_token_ends_the_fetch() {
    for (status, code) in [(401, "E0000011"), (403, "E0000005")] {
        let fault = Fault::Code(status, code);
        let error = with_fault(FaultRule::on("/api/v1/groups/{id}/users", fault)).await.unwrap_err();
        assert_eq!(error.kind, SourceErrorKind::Unauthenticated, "{code}");
        assert!(error.message.contains("--api-token") && !error.message.contains("role"), "{error}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    for fault in [Fault::Status(503), Fault::DropConnection, Fault::Truncate] {
        let (lost, gaps) = loses(FaultRule::on("/api/v1/groups/00g1eng/users", fault).first(1)).await;
        assert_eq!((lost.len(), gaps.len()), (0, 0));
    }
}

#[tokio::test]
async fn validation_says_what_is_wrong() {
    let sim =
        Sim::start(SimConfig { tokens: vec![Token::new("00right")], ..SimConfig::new(Org::facts()) }).await.unwrap();
    let source = connector(&sim, Rules::default(), None);
    source.validate().await.unwrap();
    assert_eq!(sim.stats().calls("/api/v1/org"), 1);
    let error = connector_with(&sim, "00wrong").validate().await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::Unauthenticated);
    assert!(error.message.contains("--api-token") && !error.message.contains("00wrong"), "{error}");
    sim.stop().await;
}
