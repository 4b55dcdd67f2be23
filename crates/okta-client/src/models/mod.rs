//! Okta's objects, with the members that readers of an org need.
//!
//! Parsing is lenient on purpose. Real orgs send nulls where the published description allows none, leave members out,
//! and grow new ones at any time; a strict model would lose whole pages over that. So every member may be absent, null
//! or of an unexpected type: it is then `None`, and the record is kept. Only a record without an id is rejected. Unknown
//! members are skipped without being parsed.

mod app;
mod device;
mod group;
mod iam;
mod lenient;
mod log;
mod org;
pub(crate) mod page;
mod profile;
mod quick;
mod role;
mod time;
mod token;
mod user;

pub use app::{App, AppGroup, AppUser, AppUserLinks};
pub use device::{Device, DeviceProfile};
pub use group::{
    Group, GroupDetails, GroupEmbedded, GroupProfile, GroupRule, GroupRuleActions, GroupRuleConditions,
    GroupRulePeople, GroupRuleTargets, GroupRuleUsers, GroupSource, GroupStats, Member,
};
pub use iam::{Binding, BindingMember, BindingMemberLinks, CustomRole, ResourceSet};
pub use lenient::{Link, Record, Unreadable, Word};
pub use log::{LogEntity, LogEvent};
pub use org::{Org, OrgLinks, OrgMetadata};
pub(crate) use page::list_with_limit;
pub use page::{List, NotJson, list_from_json, record_from_json};
pub use profile::{Attribute, Attributes, profile_members};
pub use role::{Assignee, RoleAssignment, RoleAssignmentLinks, RoleTarget};
pub use time::Time;
pub use token::TokenInfo;
pub use user::User;
