//! Resource sets: what custom roles are limited to, and which roles are bound to each (`docs/spec/okta-sync.md` 6.6).
//!
//! The sets are listed once for this type and for the bindings; the page that lists a set's bindings, in
//! `resource_set_binding.rs`, also grants the set to the roles.

use std::sync::Arc;

use baton_connector::{GrantDraft, Page, Principal, SourceError, Work, build};
use baton_proto::c1::connector::v2::{AppTrait, Entitlement, Resource};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Binding, ResourceSet};
use okta_client::{Bucket, endpoints};

use super::follow_up;
use super::module::{Kind, Module};
use super::pages::ResourceDescriptor;
use crate::context::{Context, SingleScope};
use crate::ids::resource_set::{ID, ONE_RESOURCE_SET, RESOURCE_SETS, SLUG};
use crate::ids::{custom_role, resource_set_binding};
use crate::profile::Profile;
use crate::scope::Scope;
use crate::types;

/// The resource type `resource-set`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: RESOURCE_SETS, label: "resource sets", bucket: Bucket::Iam, fetch: fetch_sets },
        Kind { name: ONE_RESOURCE_SET, label: "single resource sets", bucket: Bucket::Iam, fetch: fetch_set },
    ],
    single: ONE_RESOURCE_SET,
    start: |scope| {
        if scope.resource_sets || scope.bindings { vec![Work::new(RESOURCE_SETS, "")] } else { Vec::new() }
    },
};

fn fetch_sets<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let scope = context.scope;
        let types = [(scope.resource_sets, ID), (scope.bindings, resource_set_binding::ID)];
        let types: Vec<_> = types.into_iter().filter(|(wanted, _)| *wanted).map(|(_, id)| id).collect();
        let list = (types.as_slice(), "listing the resource sets");
        context.page_of_types(&endpoints::iam::resource_sets(), cursor, list, |sets, page| add(page, sets, scope)).await
    }
    .boxed()
}

fn fetch_set<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { scope, is_named } = context.scope_of(ID, &work.subject);
        let scope = single_set(scope);
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "resource set",
            id: &work.subject,
            id_of: |set: &ResourceSet| set.id.as_str(),
            is_named,
        };
        let request = endpoints::iam::resource_set(&work.subject);
        context.fetch_one(request, descriptor, |set, page| add(page, std::slice::from_ref(set), scope)).await
    }
    .boxed()
}

/// What is read of a set in a partial sync: its bindings are resources of their own, and only name roles here.
pub(super) fn single_set(scope: Scope) -> Scope {
    Scope { resource_sets: true, bindings: false, ..scope }
}

fn add(page: &mut Page, sets: &[ResourceSet], scope: Scope) {
    for set in sets {
        if scope.resource_sets {
            let resource = resource(set);
            page.entitlements.extend(scope.access.then(|| entitlement(&resource)));
            page.resources.push(resource);
        }
        if scope.bindings || scope.bound_roles() {
            page.opens.push(follow_up::bindings_of(set));
        }
    }
}

/// The resource of a set.
pub(super) fn resource(set: &ResourceSet) -> Resource {
    let label = set.label.as_deref().unwrap_or_default();
    described(ID, &set.id, label, set.description.as_deref().unwrap_or_default())
}

/// A set, or a binding on it, as a resource: they look alike.
pub(super) fn described(resource_type: &str, id: &str, label: &str, description: &str) -> Resource {
    let profile = Profile::default().text("id", id).text("label", label).text("description", description);
    Resource {
        annotations: vec![build::annotation(&AppTrait::default())],
        profile: Some(profile.build()),
        ..build::resource(resource_type, id, label)
    }
}

/// Says that it can be granted to resource sets, although it is granted to roles: what C1 knows it by.
fn entitlement(set: &Resource) -> Entitlement {
    let label = &set.display_name;
    let id = set.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    build::assignment(
        set,
        SLUG,
        format!("{label} Resource Set Binding"),
        format!("Member of {label} resource-set in Okta"),
        types::resource_types([ID]),
        format!("membership:{id}"),
    )
}

/// A grant per role that is bound on a set. All have the same V1 id, which C1 knows them by.
pub(super) fn grants(set: &str, bindings: &[Binding]) -> Vec<GrantDraft> {
    let entitlement = Arc::new(build::entitlement_ref(ID, set, SLUG));
    let v1_id = Arc::from(format!("grant:membership:{set}:{set}"));
    let role = |binding: &Binding| Principal { resource_type: custom_role::ID, id: binding.id.clone() };
    let grant = |binding| GrantDraft { v1_shared: true, ..GrantDraft::new(&entitlement, &v1_id, role(binding)) };
    bindings.iter().map(grant).collect()
}

#[cfg(test)]
mod tests {
    //! Every row of the mapping of resource sets, with literal expectations.

    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::json as protojson;
    use okta_client::models::record_from_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_becomes_a_resource_and_an_entitlement() {
        let set = json!({"id": "iamrs1", "label": "Vaults", "description": "All vaults"});
        let set = resource(&record_from_json(set.to_string().as_bytes()).unwrap());
        let stored = json!({
            "id": {"resourceType": "resource-set", "resource": "iamrs1"},
            "displayName": "Vaults",
            "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.AppTrait"}],
            "profile": {"id": "iamrs1", "label": "Vaults", "description": "All vaults"},
        });
        assert_eq!(protojson::to_value(&set).unwrap(), stored);
        assert_eq!(
            protojson::to_value(&entitlement(&set)).unwrap(),
            json!({
                "resource": stored,
                "id": "resource-set:iamrs1:bindings",
                "displayName": "Vaults Resource Set Binding",
                "description": "Member of Vaults resource-set in Okta",
                "grantableTo": [protojson::to_value(&types::resource_types([ID])[0]).unwrap()],
                "annotations": [
                    {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "membership:iamrs1"},
                ],
                "purpose": "PURPOSE_VALUE_ASSIGNMENT",
                "slug": "bindings",
            })
        );
    }

    #[test]
    fn members_that_are_missing_are_empty() {
        let set = resource(&record_from_json(br#"{"id": "iamrs1", "label": null}"#).unwrap());
        let profile = protojson::to_value(&set).unwrap()["profile"].take();
        assert_eq!((set.display_name.as_str(), profile), ("", json!({"id": "iamrs1", "label": "", "description": ""})));
    }

    #[test]
    fn bound_roles_are_granted_the_set() {
        let bindings = ["cr0vault", "cr0audit"].map(|id| Binding { id: id.to_owned() });
        let grants = grants("iamrs1", &bindings);
        let ids: Vec<_> = grants.iter().map(GrantDraft::id).collect();
        assert_eq!(
            ids,
            ["resource-set:iamrs1:bindings:custom-role:cr0vault", "resource-set:iamrs1:bindings:custom-role:cr0audit"]
        );
        for grant in &grants {
            assert_eq!((&*grant.v1_prefix, grant.v1_shared), ("grant:membership:iamrs1:iamrs1", true));
            assert_eq!(grant.expandable, None);
        }
    }
}
