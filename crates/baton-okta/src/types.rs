//! The resource types as they are stored (`docs/spec/okta-sync.md` 4.1).

use baton_connector::build;
use baton_proto::c1::connector::v2::{
    CapabilityPermission, CapabilityPermissions, OptInRequired, ResourceType, SkipEntitlementsAndGrants,
    resource_type::Trait,
};

use crate::config::Rules;
use crate::ids::{api_token, app, custom_role, device, group, resource_set, resource_set_binding, role, user};

/// What is fixed about a resource type.
pub(crate) struct TypeInfo {
    /// The type's id.
    pub id: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The trait of its resources.
    pub resource_trait: Option<Trait>,
    /// Whether its resources have no entitlements.
    pub is_bare: bool,
    /// Whether it is synced only when it is named or switched on.
    pub opt_in: bool,
    /// Whether a sync that has lost much of it fails.
    pub guarded: bool,
    /// The OAuth scopes to read and to change it.
    pub permissions: &'static [&'static str],
    /// Whether the type exists under these rules.
    pub exists: fn(&Rules) -> bool,
}

const ROLES: &[&str] = &["okta.roles.read", "okta.roles.manage"];

/// All resource types, in stored order.
pub(crate) const TYPES: [TypeInfo; 9] = [
    TypeInfo {
        is_bare: true,
        guarded: true,
        ..TypeInfo::new(user::ID, "User", Some(Trait::User), &["okta.users.read", "okta.users.manage"])
    },
    TypeInfo {
        guarded: true,
        ..TypeInfo::new(group::ID, "Group", Some(Trait::Group), &["okta.groups.read", "okta.groups.manage"])
    },
    TypeInfo::new(role::ID, "Role", Some(Trait::Role), ROLES),
    TypeInfo {
        guarded: true,
        ..TypeInfo::new(app::ID, "App", Some(Trait::App), &["okta.apps.read", "okta.apps.manage"])
    },
    TypeInfo {
        exists: |rules| rules.sync_custom_roles,
        ..TypeInfo::new(custom_role::ID, "Custom Role", Some(Trait::Role), ROLES)
    },
    TypeInfo {
        exists: |rules| rules.sync_custom_roles,
        ..TypeInfo::new(resource_set::ID, "Resource Set", None, ROLES)
    },
    TypeInfo {
        exists: |rules| rules.sync_custom_roles,
        ..TypeInfo::new(resource_set_binding::ID, "Resource Set Binding", None, ROLES)
    },
    TypeInfo {
        is_bare: true,
        exists: |rules| rules.sync_secrets,
        ..TypeInfo::new(api_token::ID, "API Token", Some(Trait::Secret), &["okta.apiTokens.read"])
    },
    // It exists always, so that it can be named.
    TypeInfo {
        is_bare: true,
        opt_in: true,
        ..TypeInfo::new(device::ID, "Device", Some(Trait::ManagedDevice), &["okta.devices.read"])
    },
];

impl TypeInfo {
    const fn new(
        id: &'static str,
        display_name: &'static str,
        resource_trait: Option<Trait>,
        permissions: &'static [&'static str],
    ) -> Self {
        Self {
            id,
            display_name,
            resource_trait,
            is_bare: false,
            opt_in: false,
            guarded: false,
            permissions,
            exists: |_| true,
        }
    }

    /// The type as it is stored: the V1 id first, then whether there are entitlements on it, then the OAuth scopes that
    /// reading and changing it need.
    pub(crate) fn resource_type(&self) -> ResourceType {
        let mut annotations = vec![build::v1_identifier(self.id)];
        if self.is_bare {
            annotations.push(build::annotation(&SkipEntitlementsAndGrants::default()));
        }
        let permission = |permission: &&str| CapabilityPermission { permission: (*permission).to_owned() };
        let permissions = self.permissions.iter().map(permission).collect();
        annotations.push(build::annotation(&CapabilityPermissions { permissions }));
        if self.opt_in {
            annotations.push(build::annotation(&OptInRequired::default()));
        }
        ResourceType {
            id: self.id.to_owned(),
            display_name: self.display_name.to_owned(),
            traits: self.resource_trait.into_iter().map(i32::from).collect(),
            annotations,
            ..ResourceType::default()
        }
    }
}

/// The resource types that exist under these rules.
pub(crate) fn existing(rules: &Rules) -> impl Iterator<Item = &'static TypeInfo> {
    TYPES.iter().filter(|info| (info.exists)(rules))
}

/// The resource types with these ids as they are stored, for entitlements that can be granted to them.
pub(crate) fn resource_types<const N: usize>(ids: [&str; N]) -> Vec<ResourceType> {
    ids.iter().filter_map(|id| TYPES.iter().find(|info| info.id == *id)).map(TypeInfo::resource_type).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use baton_proto::json;
    use serde_json::json;

    use super::*;

    #[test]
    fn resource_types_are_described_as_published() {
        let types: Vec<_> = TYPES.iter().map(|info| json::to_value(&info.resource_type()).unwrap()).collect();
        let annotation = |name: &str| json!({"@type": format!("type.googleapis.com/c1.connector.v2.{name}")});
        let described = |id: &str, name: &str, of: Option<&str>, scopes: &[&str], bare: bool| {
            let mut annotations = vec![json!({"@type": "type.googleapis.com/c1.connector.v2.V1Identifier", "id": id})];
            if bare {
                annotations.push(annotation("SkipEntitlementsAndGrants"));
            }
            let permissions: Vec<_> = scopes.iter().map(|scope| json!({ "permission": scope })).collect();
            annotations.push(json!({
                "@type": "type.googleapis.com/c1.connector.v2.CapabilityPermissions",
                "permissions": permissions,
            }));
            let mut described = json!({"id": id, "displayName": name, "annotations": annotations});
            if let Some(of) = of {
                described["traits"] = json!([of]);
            }
            described
        };
        let roles = ["okta.roles.read", "okta.roles.manage"];
        let mut device = described("device", "Device", Some("TRAIT_MANAGED_DEVICE"), &["okta.devices.read"], true);
        device["annotations"].as_array_mut().unwrap().push(annotation("OptInRequired"));
        assert_eq!(
            types,
            [
                described("user", "User", Some("TRAIT_USER"), &["okta.users.read", "okta.users.manage"], true),
                described("group", "Group", Some("TRAIT_GROUP"), &["okta.groups.read", "okta.groups.manage"], false),
                described("role", "Role", Some("TRAIT_ROLE"), &roles, false),
                described("app", "App", Some("TRAIT_APP"), &["okta.apps.read", "okta.apps.manage"], false),
                described("custom-role", "Custom Role", Some("TRAIT_ROLE"), &roles, false),
                described("resource-set", "Resource Set", None, &roles, false),
                described("resourceset-binding", "Resource Set Binding", None, &roles, false),
                described("api-token", "API Token", Some("TRAIT_SECRET"), &["okta.apiTokens.read"], true),
                device,
            ]
        );
    }
}
