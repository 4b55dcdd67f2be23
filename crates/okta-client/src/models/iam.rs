//! Custom admin roles, resource sets and their bindings.

use super::lenient::{Link, part, record};

record! {
    /// A role that the org created, or a standard one of the same form.
    pub struct CustomRole as "custom role" {
        /// The type of a standard role; custom roles have none.
        pub role_type: Option<String> = "type",
        /// Its display name.
        pub label: Option<String> = "label",
        /// Its description.
        pub description: Option<String> = "description",
    }
}

record! {
    /// A set of resources that roles can be limited to.
    pub struct ResourceSet as "resource set" {
        /// Its display name.
        pub label: Option<String> = "label",
        /// Its description.
        pub description: Option<String> = "description",
    }
}

record! {
    /// A role that is bound on a resource set; the id is the role's. There is one binding per role and set.
    pub struct Binding as "resource set binding" {}
}

record! {
    /// A holder of the role of a binding. The id is that of the membership; only the link identifies the holder.
    pub struct BindingMember as "binding member" {
        /// Links, among them to the holder of the role.
        pub links: BindingMemberLinks = "_links",
    }
}

part! {
    /// The links of a member of a binding that are read.
    pub struct BindingMemberLinks {
        /// The user, group or OAuth client that holds the role.
        pub this: Link = "self",
    }
}

impl BindingMember {
    /// Returns the collection of the holder of the role (`users`, `groups`, `clients`), and its id there.
    #[must_use]
    pub fn holder(&self) -> Option<(&str, &str)> {
        let href = self.links.this.href.as_deref()?;
        let path = href.split(['?', '#']).next().unwrap_or(href).trim_end_matches('/');
        let (rest, id) = path.rsplit_once('/')?;
        let collection = rest.rsplit('/').next().filter(|collection| !collection.is_empty())?;
        (!id.is_empty()).then_some((collection, id))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::models::{list_from_json, record_from_json};

    fn member(links: &serde_json::Value) -> BindingMember {
        record_from_json(json!({"id": "irb1", "_links": links}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_member_is_known_by_its_link() {
        let holder = |href: &str| {
            let member = member(&json!({"self": {"href": href}}));
            member.holder().map(|(collection, id)| format!("{collection} {id}"))
        };
        assert_eq!(holder("https://acme.okta.com/api/v1/users/00u1").as_deref(), Some("users 00u1"));
        assert_eq!(holder("https://acme.okta.com/api/v1/groups/00g1/?x=1#y").as_deref(), Some("groups 00g1"));
        assert_eq!(holder("https://acme.okta.com/oauth2/v1/clients/0oa1").as_deref(), Some("clients 0oa1"));
        assert_eq!(holder("00u1"), None);
        assert_eq!(holder("/00u1"), None);
        assert_eq!(holder(""), None);
        assert_eq!(member(&json!(null)).holder(), None);
    }

    #[test]
    fn lists_stand_under_their_own_keys_and_link_to_the_next_page() {
        let next = "https://acme-admin.okta.com/api/v1/iam/resource-sets?after=x";
        let body = json!({
            "resource-sets": [{"id": "iam1", "label": "Vaults", "description": null}, {"label": "nameless"}],
            "_links": {"next": {"href": next}},
        });
        let list = list_from_json::<ResourceSet>(body.to_string().as_bytes(), Some("resource-sets")).unwrap();
        assert_eq!((list.items[0].label.as_deref(), list.items[0].description.as_deref()), (Some("Vaults"), None));
        assert_eq!((list.items.len(), list.unreadable.len(), list.next.as_deref()), (1, 1, Some(next)));
    }
}
