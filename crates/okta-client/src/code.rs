//! The error codes of Okta that callers act on (`docs/spec/okta-api.md` 5). Only the code is stable; summaries change.

/// The request is not valid, or the state of the object does not allow it; the causes say what and why.
pub const VALIDATION: &str = "E0000001";
/// The body cannot be read.
pub const MALFORMED: &str = "E0000003";
/// The request came without a credential, or with one that is not valid any more.
pub const INVALID_SESSION: &str = "E0000005";
/// The credential's owner may not do this.
pub const NO_PERMISSION: &str = "E0000006";
/// The object does not exist.
pub const NOT_FOUND: &str = "E0000007";
/// There is no such path.
pub const NO_SUCH_PATH: &str = "E0000008";
/// Okta failed.
pub const INTERNAL: &str = "E0000009";
/// Okta is in read-only mode; it sends this with status 503.
pub const READ_ONLY: &str = "E0000010";
/// The API token is wrong, expired or revoked.
pub const INVALID_TOKEN: &str = "E0000011";
/// A password or another credential was not accepted.
pub const CREDENTIAL_REFUSED: &str = "E0000014";
/// The org does not have the feature.
pub const NO_FEATURE: &str = "E0000015";
/// The user to activate is active already.
pub const ALREADY_ACTIVE: &str = "E0000016";
/// The user's profile is mastered elsewhere.
pub const MASTERED_ELSEWHERE: &str = "E0000023";
/// The user to unlock is not locked.
pub const NOT_LOCKED: &str = "E0000032";
/// The user's state does not allow this.
pub const WRONG_USER_STATE: &str = "E0000038";
/// Too many requests.
pub const RATE_LIMIT: &str = "E0000047";
/// The application must be deactivated first.
pub const APP_ACTIVE: &str = "E0000056";
/// The operation is not supported.
pub const UNSUPPORTED: &str = "E0000060";
/// The user has the application already.
pub const APP_ALREADY_ASSIGNED: &str = "E0000062";
/// The attribute is filled from elsewhere.
pub const ATTRIBUTE_MAPPED: &str = "E0000075";
/// The attribute can only be read.
pub const ATTRIBUTE_READ_ONLY: &str = "E0000077";
/// The attribute can never be changed.
pub const ATTRIBUTE_IMMUTABLE: &str = "E0000078";
/// The password does not fit the org's policy.
pub const PASSWORD_POLICY: &str = "E0000080";
/// Groups that rules fill can hold no admin role.
pub const ROLE_ON_RULE_GROUP: &str = "E0000192";
/// Groups with more than 5,000 members can hold no admin role.
pub const ROLE_ON_LARGE_GROUP: &str = "E0000193";
/// Groups of this type can hold no admin role.
pub const ROLE_ON_GROUP_TYPE: &str = "E0000194";
/// Built-in groups can hold no admin role.
pub const ROLE_ON_BUILT_IN_GROUP: &str = "E0000211";
/// The user or group has the admin role already.
pub const ROLE_ALREADY_ASSIGNED: &str = "E0000090";
/// The object can only be read.
pub const OBJECT_READ_ONLY: &str = "E0000111";
/// The user is still being activated.
pub const STILL_ACTIVATING: &str = "E0000112";
/// An inactive user's applications and profile cannot be changed.
pub const USER_INACTIVE: &str = "E0000117";
/// The custom or standard role is bound already.
pub const IAM_ROLE_ALREADY_ASSIGNED: &str = "E0000263";
/// Another change of roles is in progress; worth a retry.
pub const ROLE_CHANGE_RUNNING: &str = "E0000268";
