//! Bindings: a custom role, limited to a resource set, and who holds it there (`docs/spec/okta-sync.md` 6.7).

use std::sync::Arc;

use baton_connector::{EntitlementRef, Gap, GapKind, GrantDraft, Page, Principal, Reuse, SourceError, Work, build};
use baton_proto::c1::connector::v2::{Entitlement, Resource};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Binding, BindingMember, ResourceSet};
use okta_client::{Bucket, endpoints};

use super::follow_up::BindingsDetail;
use super::mapping::gap;
use super::module::{Kind, Module};
use super::pages::{ResourceDescriptor, SubList, page_of_absent};
use super::resource_set;
use crate::context::{Context, SingleScope};
use crate::errors::Refused;
use crate::ids::resource_set as resource_set_ids;
use crate::ids::resource_set_binding::{BINDING_MEMBERS, BINDINGS, ID, ONE_BINDING, SLUG};
use crate::ids::{group, user};
use crate::scope::Scope;
use crate::types;

/// The resource type `resourceset-binding`. Its work begins with the resource sets.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: BINDINGS, label: "resource set bindings", bucket: Bucket::Iam, fetch: fetch_bindings },
        Kind { name: BINDING_MEMBERS, label: "members of bindings", bucket: Bucket::Iam, fetch: fetch_members },
        Kind { name: ONE_BINDING, label: "single bindings", bucket: Bucket::Iam, fetch: fetch_binding },
    ],
    start: |_| Vec::new(),
    single: ONE_BINDING,
};

/// A resource set as the work about its bindings knows it.
struct Set<'a> {
    id: &'a str,
    label: String,
    description: String,
    scope: Scope,
}

impl<'a> Set<'a> {
    fn of(work: &'a Work, scope: Scope) -> Result<Self, SourceError> {
        let BindingsDetail { label, description } = work.detail.get()?;
        Ok(Self { id: &work.subject, label, description, scope })
    }

    /// Adds what the bindings of this set mean.
    fn add(&self, page: &mut Page, bindings: &[Binding]) {
        if self.scope.bound_roles() {
            page.grants = resource_set::grants(self.id, bindings);
        }
        if !self.scope.bindings {
            return;
        }
        for binding in bindings {
            let id = format!("{}:{}", self.id, binding.id);
            let resource = resource_set::described(ID, &id, &self.label, &self.description);
            page.entitlements.extend(self.scope.access.then(|| entitlement(&resource)));
            page.resources.push(resource);
            if self.scope.binding_members() {
                page.opens.push(Work::new(BINDING_MEMBERS, id).reusable(Reuse::UnlessChanged));
            }
        }
    }
}

fn fetch_bindings<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let scope = if context.options.is_partial() { resource_set::single_set(context.scope) } else { context.scope };
        let set = Set::of(work, scope)?;
        let of = if set.scope.bindings { ID } else { resource_set_ids::ID };
        let list =
            SubList { resource_type: of, what: "the bindings of resource set", id: set.id, refused: Refused::Gap };
        let request = endpoints::iam::bindings(set.id);
        context.page_of_sub_list(request, cursor, list, |bindings, page| set.add(page, bindings)).await
    }
    .boxed()
}

/// Two requests: the binding itself tells nothing but that it is there, and looks like its set.
fn fetch_binding<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    const WHAT: &str = "resource set binding";
    async move {
        let SingleScope { scope, is_named } = context.scope_of(ID, &work.subject);
        let Some((set, role)) = work.subject.split_once(':') else {
            return Ok(page_of_absent(ID, WHAT, &work.subject));
        };
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: WHAT,
            id: role,
            id_of: |binding: &Binding| binding.id.as_str(),
            is_named,
        };
        let request = endpoints::iam::binding(set, role);
        let page = context.fetch_one(request, descriptor, |_, _| {}).await?;
        if !page.gaps.is_empty() {
            return Ok(Page {
                gaps: page.gaps.into_iter().map(|gap| Gap { id: work.subject.clone(), ..gap }).collect(),
                ..page
            });
        }
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "resource set",
            id: set,
            id_of: |set: &ResourceSet| set.id.as_str(),
            is_named,
        };
        let request = endpoints::iam::resource_set(set);
        context
            .fetch_one(request, descriptor, |found, page| {
                // What is granted on the set is the set's.
                let scope = Scope { bindings: true, resource_sets: false, ..scope };
                let label = found.label.clone().unwrap_or_default();
                let description = found.description.clone().unwrap_or_default();
                Set { id: set, label, description, scope }.add(page, &[Binding { id: role.to_owned() }]);
            })
            .await
    }
    .boxed()
}

fn fetch_members<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let id = work.subject.as_str();
        let (set, role) = id.split_once(':').unwrap_or((id, ""));
        let list =
            SubList { resource_type: ID, what: "the members of resource set binding", id, refused: Refused::Gap };
        let request = endpoints::iam::members(set, role);
        context.page_of_sub_list(request, cursor, list, |members, page| add_members(page, id, members)).await
    }
    .boxed()
}

/// Says that it can be granted to resource sets, although it is granted to users and groups: what C1 knows it by.
fn entitlement(binding: &Resource) -> Entitlement {
    let label = &binding.display_name;
    let id = binding.id.as_ref().map(|id| id.resource.as_str()).unwrap_or_default();
    build::assignment(
        binding,
        SLUG,
        format!("{label} Resource Set Binding Member"),
        format!("Member of {label} resource-set-binding member in Okta"),
        types::resource_types([resource_set_ids::ID]),
        format!("membership:{id}"),
    )
}

/// A grant per user and group that holds the role of the binding. All have the same V1 id, which C1 knows them by.
fn add_members(page: &mut Page, binding: &str, members: &[BindingMember]) {
    let entitlement = Arc::new(build::entitlement_ref(ID, binding, SLUG));
    let v1_id: Arc<str> = Arc::from(format!("grant:membership:{binding}:{binding}"));
    for member in members {
        match principal(member) {
            Ok(principal) => page.grants.push(grant(&entitlement, &v1_id, principal)),
            Err((kind, why)) => {
                let message = format!("member {} of resource set binding {binding} {why}", member.id);
                page.gaps.push(gap(kind, ID, binding, message));
            }
        }
    }
}

fn grant(entitlement: &Arc<EntitlementRef>, v1_id: &Arc<str>, principal: Principal) -> GrantDraft {
    GrantDraft { v1_shared: true, ..GrantDraft::new(entitlement, v1_id, principal) }
}

/// The user or group that a member is, or why it is none.
fn principal(member: &BindingMember) -> Result<Principal, (GapKind, String)> {
    let Some((collection, id)) = member.holder() else {
        return Err((GapKind::Unmappable, "does not say who it is".to_owned()));
    };
    let resource_type = match collection {
        "users" => user::ID,
        "groups" => group::ID,
        "clients" => return Err((GapKind::LeftOut, format!("is the OAuth client {id}, and clients are not synced"))),
        _ => return Err((GapKind::Unmappable, format!("is neither a user nor a group, but one of {collection}"))),
    };
    Ok(Principal { resource_type, id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    //! Every row of the mapping of bindings, with literal expectations.

    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_connector::Options;
    use baton_proto::json as protojson;
    use okta_client::models::record_from_json;

    use serde_json::json;

    use super::*;
    use crate::config::Rules;
    use crate::resources::follow_up;

    fn page(label: &str, types: &[&str]) -> Page {
        let set = json!({"id": "iamrs1", "label": label, "description": null});
        let set: ResourceSet = record_from_json(set.to_string().as_bytes()).unwrap();
        let types = types.iter().map(ToString::to_string).collect();
        let options = Options { resource_types: types, ..Options::default() };
        let scope = Scope::of(&options, &Rules { sync_custom_roles: true, ..Rules::default() });
        let mut page = Page::default();
        let work = follow_up::bindings_of(&set);
        Set::of(&work, scope).unwrap().add(&mut page, &[Binding { id: "cr0vault".to_owned() }]);
        page
    }

    #[test]
    fn one_answer_serves_both_types() {
        let page = page("Vaults \"quoted\"\n🔐", &[]);
        let stored = json!({
            "id": {"resourceType": "resourceset-binding", "resource": "iamrs1:cr0vault"},
            "displayName": "Vaults \"quoted\"\n🔐",
            "annotations": [{"@type": "type.googleapis.com/c1.connector.v2.AppTrait"}],
            "profile": {"id": "iamrs1:cr0vault", "label": "Vaults \"quoted\"\n🔐", "description": ""},
        });
        assert_eq!(protojson::to_value(&page.resources[0]).unwrap(), stored);
        assert_eq!(
            protojson::to_value(&page.entitlements[0]).unwrap(),
            json!({
                "resource": stored,
                "id": "resourceset-binding:iamrs1:cr0vault:member",
                "displayName": "Vaults \"quoted\"\n🔐 Resource Set Binding Member",
                "description": "Member of Vaults \"quoted\"\n🔐 resource-set-binding member in Okta",
                "grantableTo": [protojson::to_value(&types::resource_types([resource_set_ids::ID])[0]).unwrap()],
                "annotations": [{
                    "@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": "membership:iamrs1:cr0vault",
                }],
                "purpose": "PURPOSE_VALUE_ASSIGNMENT",
                "slug": "member",
            })
        );
        assert_eq!(page.grants[0].id(), "resource-set:iamrs1:bindings:custom-role:cr0vault");
        assert_eq!((page.opens[0].kind, page.opens[0].subject.as_str()), (BINDING_MEMBERS, "iamrs1:cr0vault"));
    }

    #[test]
    fn only_what_was_asked_for() {
        let sets = page("Vaults", &["resource-set", "custom-role"]);
        assert_eq!((sets.resources.len(), sets.grants.len(), sets.opens.len()), (0, 1, 0));
        let bindings = page("Vaults", &["resourceset-binding", "user"]);
        assert_eq!((bindings.resources.len(), bindings.grants.len(), bindings.opens.len()), (1, 0, 1));
    }

    #[test]
    fn members_are_users_and_groups() {
        let member = |n: usize, path: &str| {
            let href = format!("https://acme.okta.com{path}");
            let member = json!({"id": format!("irb{n}"), "_links": {"self": {"href": href}}});
            record_from_json::<BindingMember>(member.to_string().as_bytes()).unwrap()
        };
        let paths = ["/api/v1/users/00u1", "/oauth2/v1/clients/0oa1", "/api/v1/groups/00g1", "/api/v1/robots/r2", ""];
        let members: Vec<_> = paths.iter().enumerate().map(|(n, path)| member(n, path)).collect();
        let mut page = Page::default();
        add_members(&mut page, "iamrs1:cr0vault", &members);
        let ids: Vec<_> = page.grants.iter().map(GrantDraft::id).collect();
        assert_eq!(
            ids,
            [
                "resourceset-binding:iamrs1:cr0vault:member:user:00u1",
                "resourceset-binding:iamrs1:cr0vault:member:group:00g1",
            ]
        );
        let v1 = "grant:membership:iamrs1:cr0vault:iamrs1:cr0vault";
        assert!(
            page.grants.iter().all(|grant| &*grant.v1_prefix == v1 && grant.v1_shared && grant.expandable.is_none())
        );
        // Nobody is lost without a word.
        let kinds: Vec<_> = page.gaps.iter().map(|gap| gap.kind).collect();
        assert_eq!(kinds, [GapKind::LeftOut, GapKind::Unmappable, GapKind::Unmappable]);
        assert!(page.gaps[0].message.contains("0oa1") && page.gaps[0].message.contains("irb1"), "{:?}", page.gaps);
    }
}
