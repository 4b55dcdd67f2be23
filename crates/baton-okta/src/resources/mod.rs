//! The resource types of Okta, one file each: what it lists, its entitlements, its grants.
//!
//! A grant is made in the file of the type that its entitlement belongs to. The mapping functions take Okta's models
//! and make Baton's objects; the functions that ask Okta are thin around them. Files of types do not know each other: what
//! several need is in `follow_up.rs` (the work that a resource opens), `app_grants.rs`, `role_grants.rs` and `memberships.rs`
//! (grants), `pages.rs` and `mapping.rs`.

pub(crate) mod api_token;
pub(crate) mod app;
pub(crate) mod app_grants;
pub(crate) mod app_user_parts;
mod custom_role;
mod device;
pub(crate) mod everyone;
pub(crate) mod follow_up;
pub(crate) mod group;
mod mapping;
mod memberships;
pub(crate) mod module;
mod pages;
mod resource_set;
mod resource_set_binding;
pub(crate) mod role;
mod role_grants;
pub(crate) mod user;

use module::Module;

/// All resource types, in the order in which they are stored.
pub(crate) const MODULES: [&Module; 9] = [
    &user::MODULE,
    &group::MODULE,
    &role::MODULE,
    &app::MODULE,
    &custom_role::MODULE,
    &resource_set::MODULE,
    &resource_set_binding::MODULE,
    &api_token::MODULE,
    &device::MODULE,
];

#[cfg(test)]
mod recorded_tests;
