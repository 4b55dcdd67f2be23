//! Bindings: a custom role, limited to a resource set, and who holds it there (`docs/spec/okta-sync.md` 6.7).

use std::sync::Arc;

use baton_connector::{
    EntitlementRef, FetchError, Gap, GapKind, GrantDraft, Page, Principal, Reuse, Work, WorkKind, build, ids,
};
use baton_proto::c1::connector::v2::{Entitlement, Resource, ResourceType};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Binding, BindingMember, ResourceSet};
use okta_client::{Bucket, endpoints};
use serde_json::{Value, json};

use super::single::{Asked, Single};
use super::{Below, Context, Kind, Module, describe, gap, group, resource_set, user};
use crate::errors::Refused;
use crate::scope::Scope;

/// The resource type's id.
pub(crate) const ID: &str = "resourceset-binding";

/// The bindings of one resource set.
pub(crate) const BINDINGS: WorkKind = "resource-set-bindings";
/// The members of one binding.
pub(crate) const BINDING_MEMBERS: WorkKind = "binding-members";
/// One binding.
pub(crate) const ONE_BINDING: WorkKind = "one-binding";

/// The resource type `resourceset-binding`. Its work begins with the resource sets.
pub(crate) const MODULE: Module = Module {
    resource_type,
    exists: |rules| rules.sync_custom_roles,
    kinds: &[
        Kind { name: BINDINGS, label: "resource set bindings", bucket: Bucket::Iam, fetch: fetch_bindings },
        Kind { name: BINDING_MEMBERS, label: "members of bindings", bucket: Bucket::Iam, fetch: fetch_members },
        Kind { name: ONE_BINDING, label: "single bindings", bucket: Bucket::Iam, fetch: fetch_binding },
    ],
    start: |_| Vec::new(),
    single: (ID, ONE_BINDING),
};

const SLUG: &str = "member";

/// The id of the entitlement that a binding has.
pub(crate) fn entitlement_id(binding: &str) -> String {
    ids::entitlement(ID, binding, SLUG)
}

/// The description of the resource type.
fn resource_type() -> ResourceType {
    describe(ID, "Resource Set Binding", None, false, &["okta.roles.read", "okta.roles.manage"])
}

/// The work that reads the bindings of a set. A binding has no name of its own, so the work knows the set's.
pub(super) fn bindings_of(set: &ResourceSet, scope: Scope) -> Work {
    let detail = json!({"label": set.label, "description": set.description, "scope": scope.detail()});
    Work::new(BINDINGS, set.id.as_str()).with_detail(detail.to_string()).reusable(Reuse::UnlessChanged)
}

/// A resource set as the work about its bindings knows it.
struct Set<'a> {
    id: &'a str,
    label: String,
    description: String,
    scope: Scope,
}

impl<'a> Set<'a> {
    fn of(work: &'a Work) -> Self {
        let detail: Value = serde_json::from_str(&work.detail).unwrap_or_default();
        let text = |key: &str| detail[key].as_str().unwrap_or_default().to_owned();
        let (label, description) = (text("label"), text("description"));
        Self { id: &work.subject, label, description, scope: Scope::parse(&text("scope")) }
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
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let set = Set::of(work);
        let of = if set.scope.bindings { ID } else { resource_set::ID };
        let below =
            Below { resource_type: of, what: "the bindings of resource set", id: set.id, refused: Refused::Gap };
        let request = endpoints::iam::bindings(set.id);
        context.page_below(request, cursor, below, |bindings, page| set.add(page, bindings)).await
    }
    .boxed()
}

/// Two requests: the binding itself tells nothing but that it is there, and looks like its set.
fn fetch_binding<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    const WHAT: &str = "resource set binding";
    async move {
        let single = Single::of(work);
        let Some((set, role)) = single.id.split_once(':') else { return Ok(single.gone(ID, WHAT)) };
        let asked: Asked<Binding> = (ID, WHAT, |binding| &binding.id);
        let request = endpoints::iam::binding(set, role);
        let page = context.one(request, single.with_id(role), asked, |_, _| {}).await?;
        if !page.gaps.is_empty() {
            return Ok(Page {
                gaps: page.gaps.into_iter().map(|gap| Gap { id: work.subject.clone(), ..gap }).collect(),
                ..page
            });
        }
        let asked: Asked<ResourceSet> = (ID, "resource set", |set| &set.id);
        let request = endpoints::iam::resource_set(set);
        context
            .one(request, single.with_id(set), asked, |found, page| {
                // What is granted on the set is the set's.
                let scope = Scope { bindings: true, resource_sets: false, ..single.scope };
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
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let id = work.subject.as_str();
        let (set, role) = id.split_once(':').unwrap_or((id, ""));
        let below = Below { resource_type: ID, what: "the members of resource set binding", id, refused: Refused::Gap };
        let request = endpoints::iam::members(set, role);
        context.page_below(request, cursor, below, |members, page| add_members(page, id, members)).await
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
        vec![resource_set::resource_type()],
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

    use super::*;
    use crate::config::Rules;

    fn page(label: &str, types: &[&str]) -> Page {
        let set = json!({"id": "iamrs1", "label": label, "description": null});
        let set: ResourceSet = record_from_json(set.to_string().as_bytes()).unwrap();
        let types = types.iter().map(ToString::to_string).collect();
        let options = Options { resource_types: types, ..Options::default() };
        let scope = Scope::of(&options, &Rules { sync_custom_roles: true, ..Rules::default() });
        let mut page = Page::default();
        let work = bindings_of(&set, scope);
        Set::of(&work).add(&mut page, &[Binding { id: "cr0vault".to_owned() }]);
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
                "grantableTo": [protojson::to_value(&resource_set::resource_type()).unwrap()],
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
