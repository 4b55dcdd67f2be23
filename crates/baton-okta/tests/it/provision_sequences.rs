//! Many changes by one connector in one process, as in service mode: nothing that was read for one is used for the next,
//! and whatever goes wrong in between, the outcomes that were told imply the state that the org is in.

use std::collections::BTreeSet;

use baton_connector::{Change, Provisioner};
use baton_proto::c1::connector::v2::Grant;
use okta_sim::{FaultRule, Faults, Org, Principal};

use crate::provisioner::{Dice, grant, lost_or_late, parts, start};

#[tokio::test]
async fn every_change_sees_what_the_last_one_did() {
    let (sim, okta) = start(Org::facts()).await;
    for grant in [
        grant(("role", "REPORT_ADMIN", "assigned"), ("user", "00u2staged")),
        grant(("group", "00g4empty", "member"), ("user", "00u2staged")),
        grant(("app", "0oa1oidc", "access"), ("user", "00u2staged")),
        grant(("resourceset-binding", "iamrs1:cr0vault", "member"), ("user", "00u2staged")),
    ] {
        let (entitlement, principal) = parts(&grant);
        for _ in 0..2 {
            assert!(!okta.grant(entitlement, principal, &Change::apply()).await.unwrap().already, "{}", grant.id);
            assert!(okta.grant(entitlement, principal, &Change::apply()).await.unwrap().already, "{}", grant.id);
            assert!(!okta.revoke(&grant, &Change::apply()).await.unwrap().already, "{}", grant.id);
            assert!(okta.revoke(&grant, &Change::apply()).await.unwrap().already, "{}", grant.id);
        }
    }
    assert_eq!(sim.writes().len(), 16);
}

#[tokio::test]
async fn ids_that_lead_elsewhere_are_refused_before_a_request() {
    let (sim, okta) = start(Org::facts()).await;
    for id in ["me", "", "00u1/lifecycle/deactivate", "../groups/00g1eng", "00u1?x", "a b", "current"] {
        for of in [
            ("group", "00g4empty", "member"),
            ("app", "0oa1oidc", "access"),
            ("role", "REPORT_ADMIN", "assigned"),
            ("custom-role", "cr0vault", "assigned"),
            ("resourceset-binding", "iamrs1:cr0vault", "member"),
        ] {
            let grant = grant(of, ("user", id));
            let change = Change::apply();
            let error = okta.revoke(&grant, &change).await.unwrap_err();
            assert_eq!(error.code, baton_connector::Code::InvalidArgument, "{}: {error}", grant.id);
            assert!(
                change.steps().iter().all(|step| step.method == "GET" && !step.target.contains("00u1")),
                "{change:?}"
            );
        }
    }
    for binding in ["iamrs1", "iamrs1:", ":cr0vault", "iamrs1:cr0vault:x", "iamrs1:../roles"] {
        let grant = grant(("resourceset-binding", binding, "member"), ("user", "00u1active"));
        let change = Change::apply();
        let error = okta.revoke(&grant, &change).await.unwrap_err();
        assert_eq!(error.code, baton_connector::Code::InvalidArgument, "{binding}");
        assert!(change.steps().is_empty());
    }
    assert!(sim.writes().is_empty());
}

/// Which of the grants there are in the org.
fn held(org: &Org, grants: &[Grant]) -> BTreeSet<String> {
    let has = |grant: &&Grant| {
        let (entitlement, principal) = parts(grant);
        let (of, who) = (entitlement.resource.as_ref().unwrap().id.as_ref().unwrap(), principal.id.as_ref().unwrap());
        let holder =
            if who.resource_type == "user" { Principal::User(&who.resource) } else { Principal::Group(&who.resource) };
        match of.resource_type.as_str() {
            "group" => org.members_of(&of.resource).contains(&who.resource),
            "app" if who.resource_type == "group" => org.groups_of_app(&of.resource).contains(&who.resource),
            "app" => org.users_of_app(&of.resource).iter().any(|user| user.user == who.resource),
            "role" => org.roles_held_by(holder).iter().any(|role| role.role_type == of.resource),
            _ => {
                let (set, role) = of.resource.split_once(':').unwrap();
                let path = format!("/api/v1/{}s/{}", who.resource_type, who.resource);
                org.binding_members(set, role).is_some_and(|members| members.contains(&path))
            }
        }
    };
    grants.iter().filter(has).map(|grant| grant.id.clone()).collect()
}

#[tokio::test]
async fn told_outcomes_imply_the_state_of_the_org() {
    // None of these brings another one along.
    let all = [
        grant(("group", "00g4empty", "member"), ("user", "00u2staged")),
        grant(("group", "00g6denied", "member"), ("user", "00u5pwexp")),
        grant(("app", "0oa2saml", "access"), ("user", "00u2staged")),
        grant(("app", "0oa1oidc", "access"), ("group", "00g6denied")),
        grant(("role", "REPORT_ADMIN", "assigned"), ("user", "00u2staged")),
        grant(("role", "HELP_DESK_ADMIN", "assigned"), ("group", "00g4empty")),
        grant(("resourceset-binding", "iamrs2:cr0vault", "member"), ("user", "00u2staged")),
        grant(("resourceset-binding", "iamrs2:cr0vault", "member"), ("group", "00g4empty")),
    ];
    let (sim, okta) = start(Org::facts()).await;
    let (mut dice, faults) = (Dice(7), lost_or_late());
    for round in 0..120 {
        let grant = &all[dice.roll(all.len())];
        let wanted = dice.roll(2) == 0;
        let method = ["PUT", "POST", "PATCH", "DELETE"];
        let fault = (dice.roll(3) == 0).then(|| faults[dice.roll(faults.len())].clone());
        sim.set_faults(fault.clone().map_or_else(Faults::none, |fault| {
            let paths = [
                "/api/v1/groups/{id}/users/{user}",
                "/api/v1/apps/{id}/users",
                "/api/v1/apps/{id}/users/{user}",
                "/api/v1/apps/{id}/groups/{group}",
                "/api/v1/users/{id}/roles",
                "/api/v1/users/{id}/roles/{assignment}",
                "/api/v1/groups/{id}/roles",
                "/api/v1/groups/{id}/roles/{assignment}",
                "/api/v1/iam/resource-sets/{id}/bindings",
                "/api/v1/iam/resource-sets/{id}/bindings/{role}/members",
                "/api/v1/iam/resource-sets/{id}/bindings/{role}/members/{member}",
            ];
            let rules = paths.iter().flat_map(|path| method.map(|method| (path, method)));
            rules.fold(Faults::none(), |faults, (path, method)| {
                faults.and(FaultRule::on(*path, fault.clone()).method(method).first(1))
            })
        }));
        let before = held(&sim.org(), &all);
        let change = Change::apply();
        let (entitlement, principal) = parts(grant);
        let told = if wanted {
            okta.grant(entitlement, principal, &change).await.map(|granted| granted.already)
        } else {
            okta.revoke(grant, &change).await.map(|revoked| revoked.already)
        };
        let after = held(&sim.org(), &all);
        let context = format!("round {round}: {} to {wanted}, {fault:?}: {told:?} {:#?}", grant.id, change.steps());
        let mut implied = before.clone();
        match told {
            Ok(already) => {
                assert_eq!(already, before.contains(&grant.id) == wanted, "{context}");
                if wanted {
                    implied.insert(grant.id.clone())
                } else {
                    implied.remove(&grant.id)
                };
            }
            Err(error) => assert_eq!(error.state.as_str(), "unchanged", "{context}"),
        }
        assert_eq!(after, implied, "{context}");
    }
}
