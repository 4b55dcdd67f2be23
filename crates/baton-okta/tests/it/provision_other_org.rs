//! Revokes whose principal is not in the org: access is reported as gone only where something else of the grant shows that
//! this is the org of the file.

use okta_sim::{Org, Shape, SimConfig};

use crate::changing::{Changing, Told};
use crate::support::{Lab, Outcome};

/// A grant of every kind in the org of the facts.
const GRANTS: [&str; 9] = [
    "group:00g1eng:member:user:00u1active",
    "app:0oa2saml:access:user:00u7susp",
    "app:0oa1oidc:access:group:00g1eng",
    "role:ORG_ADMIN:assigned:user:00u10other",
    "role:APP_ADMIN:assigned:group:00g1eng",
    "custom-role:cr0vault:assigned:user:00u9weird",
    "custom-role:WORKFLOWS_ADMIN:assigned:group:00g1eng",
    "resource-set:iamrs1:bindings:custom-role:cr0vault",
    "resourceset-binding:iamrs1:cr0vault:member:user:00u9weird",
];

#[test]
fn a_file_of_another_org_revokes_nothing_and_says_so() {
    let file = Changing::facts();
    let other = Org::generate(&Shape::new(20, 5, 5));
    let lab = Lab::start(SimConfig { record_writes: true, ..SimConfig::new(other) });
    std::fs::copy(file.lab.path("sync.c1z"), lab.path("sync.c1z")).unwrap();
    let other = Changing { lab };
    for grant in GRANTS {
        let told = other.revoke(grant);
        told.failed("NotFound", "unchanged").says(&["not known", "another org", "--domain", &other.lab.sim().host()]);
        // People see the same.
        let outcome =
            Outcome::of(other.lab.command(&["--sync-custom-roles", "--revoke-grant", grant]).output().unwrap());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: the file may be of another org"), "{}", outcome.stderr);
    }
    assert!(other.writes().is_empty());
}

#[test]
fn what_the_principal_had_is_gone_where_the_rest_of_the_grant_is_there() {
    let org = Changing::facts();
    org.alter(|org| {
        for user in ["00u1active", "00u7susp", "00u9weird"] {
            org.remove_user(user).unwrap();
        }
        org.remove_group("00g1eng").unwrap();
    });
    let revoke = |grant: &str| -> Told { org.revoke(grant) };
    revoke("app:0oa2saml:access:user:00u7susp").is("already_revoked").says(&["no user Sue Suspended (00u7susp)"]);
    revoke("app:0oa1oidc:access:group:00g1eng").is("already_revoked").says(&["no group Engineering (00g1eng)"]);
    revoke("custom-role:cr0vault:assigned:user:00u9weird").is("already_revoked").says(&["no user", "00u9weird"]);
    revoke("group:00g1eng:member:user:00u3prov").is("already_revoked").says(&["no group Engineering (00g1eng)"]);
    // The user and the group are both gone.
    revoke("group:00g1eng:member:user:00u1active").failed("NotFound", "unchanged").says(&["neither user"]);
    assert!(org.writes().is_empty());
}
