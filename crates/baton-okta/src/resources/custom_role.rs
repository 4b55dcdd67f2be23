//! Custom admin roles, and the standard ones that Okta builds in the same way (`docs/spec/okta-sync.md` 6.5). Who holds
//! them is read together with the standard roles, in `role.rs`.

use baton_connector::{GapKind, Page, SourceError, Work};
use baton_proto::c1::connector::v2::Resource;
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::CustomRole;
use okta_client::{Bucket, endpoints};

use super::follow_up;
use super::module::{Kind, Module};
use super::pages::ResourceDescriptor;
use super::role_grants::{described, entitlement};
use crate::context::{Context, SingleScope};
use crate::ids::custom_role::{CUSTOM_ROLES, ID, ONE_CUSTOM_ROLE};
use crate::profile::Profile;

/// The resource type `custom-role`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: CUSTOM_ROLES, label: "custom roles", bucket: Bucket::Iam, fetch: fetch_custom_roles },
        Kind { name: ONE_CUSTOM_ROLE, label: "single custom roles", bucket: Bucket::Iam, fetch: fetch_custom_role },
    ],
    single: ONE_CUSTOM_ROLE,
    start: |scope| {
        if scope.custom_roles { vec![Work::new(CUSTOM_ROLES, "")] } else { Vec::new() }
    },
};

fn fetch_custom_roles<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let list = (&[ID][..], "listing the custom roles");
        context
            .page_of_types(&endpoints::iam::roles(), cursor, list, |roles, page| {
                page.resources = roles.iter().map(resource).collect();
                if context.scope.access {
                    page.entitlements = page.resources.iter().map(entitlement).collect();
                }
            })
            .await
    }
    .boxed()
}

fn fetch_custom_role<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { scope, is_named } = context.scope_of(ID, &work.subject);
        let descriptor =
            ResourceDescriptor { resource_type: ID, what: "custom role", id: &work.subject, id_of: id, is_named };
        let request = endpoints::iam::role(&work.subject);
        let page = context.fetch_one(request, descriptor, |custom: &CustomRole, page| {
            let resource = resource(custom);
            page.entitlements.extend(scope.access.then(|| entitlement(&resource)));
            page.resources.push(resource);
            page.opens.extend(follow_up::role_holders(scope));
        });
        let mut page = page.await?;
        if !is_named {
            // An assignment named it: a standard role came along with it, and grants on what is really gone are reported.
            page.gaps.retain(|gap| gap.kind != GapKind::Gone);
        }
        Ok(page)
    }
    .boxed()
}

/// The id of a custom role: a standard one among them is known by its type.
fn id(custom: &CustomRole) -> &str {
    custom.role_type.as_deref().filter(|role_type| !role_type.is_empty()).unwrap_or(&custom.id)
}

/// The resource of a role that the list of custom roles holds.
pub(super) fn resource(custom: &CustomRole) -> Resource {
    let role_type = custom.role_type.as_deref().unwrap_or_default();
    let id = id(custom);
    let label = custom.label.as_deref().unwrap_or_default();
    let profile = Profile::default().text("id", custom.id.as_str()).text("label", label).text("type", role_type);
    described(ID, id, label, profile)
}

#[cfg(test)]
mod tests {
    //! Every row of the mapping of custom roles, with literal expectations.

    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::json as protojson;
    use okta_client::models::record_from_json;
    use serde_json::{Value, json};

    use super::*;
    use crate::resources::role_grants::standard_as_custom;

    fn mapped(role: &Value) -> Value {
        protojson::to_value(&resource(&record_from_json(role.to_string().as_bytes()).unwrap())).unwrap()
    }

    fn stored(id: &str, label: &str, profile: &Value) -> Value {
        let mut stored = json!({
            "id": {"resourceType": "custom-role", "resource": id},
            "annotations": [
                {"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": format!("role:{id}")},
                {"@type": "type.googleapis.com/c1.connector.v2.RoleTrait"},
            ],
            "profile": profile,
        });
        if !label.is_empty() {
            stored["displayName"] = label.into();
        }
        stored
    }

    #[test]
    fn a_custom_role_is_known_by_its_id_and_a_standard_one_by_its_type() {
        let custom = json!({"id": "cr0vault", "label": "Vault Keeper", "description": "is not kept"});
        let profile = json!({"id": "cr0vault", "label": "Vault Keeper", "type": ""});
        assert_eq!(mapped(&custom), stored("cr0vault", "Vault Keeper", &profile));
        let typed = json!({"id": "cr0x", "type": "WORKFLOWS_ADMIN", "label": "Workflows Administrator"});
        let profile = json!({"id": "cr0x", "label": "Workflows Administrator", "type": "WORKFLOWS_ADMIN"});
        assert_eq!(mapped(&typed), stored("WORKFLOWS_ADMIN", "Workflows Administrator", &profile));
        let bare = json!({"id": "cr0bare", "label": null});
        assert_eq!(mapped(&bare), stored("cr0bare", "", &json!({"id": "cr0bare", "label": "", "type": ""})));
        let known =
            protojson::to_value(&standard_as_custom("ACCESS_REQUESTS_ADMIN", Some("Access Requests Administrator")))
                .unwrap();
        let profile = json!({"id": "", "label": "Access Requests Administrator", "type": "ACCESS_REQUESTS_ADMIN"});
        assert_eq!(known, stored("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator", &profile));
        assert_eq!(standard_as_custom("TOMORROWS_ADMIN", None).display_name, "TOMORROWS_ADMIN");
    }

    #[test]
    fn the_entitlement_is_that_of_a_role() {
        let role = standard_as_custom("cr0vault", Some("Vault Keeper"));
        let entitlement = entitlement(&role);
        assert_eq!(entitlement.id, "custom-role:cr0vault:assigned");
        assert_eq!(entitlement.display_name, "Vault Keeper Role Member");
        assert_eq!(entitlement.description, "Has the Vault Keeper role in Okta");
        assert_eq!(entitlement.grantable_to.iter().map(|of| of.id.as_str()).collect::<Vec<_>>(), ["user", "group"]);
        let v1 = baton_proto::any::find::<baton_proto::c1::connector::v2::V1Identifier>(&entitlement.annotations);
        assert_eq!(v1.unwrap().id, "role:cr0vault");
    }
}
