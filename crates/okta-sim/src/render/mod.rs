//! The objects of an org as Okta shows them.

pub(crate) mod app;
pub(crate) mod assignment;
pub(crate) mod group;
pub(crate) mod json;
pub(crate) mod org;
pub(crate) mod user;
