//! What Okta says when it refuses a change.

use super::{Refusal, RefusalBody};
use crate::org::change::HolderRow;

impl Refusal {
    /// 400: something in the request is not as it has to be; `what` is what Okta says it checked.
    pub(crate) fn invalid(what: &str, causes: impl IntoIterator<Item = String>) -> Self {
        let refusal = Self::new(400, "E0000001", format!("Api validation failed: {what}"));
        causes.into_iter().fold(refusal, Self::because)
    }

    /// 400: the body is no JSON, or a member is of the wrong type.
    pub(crate) fn malformed_body() -> Self {
        Self::new(400, "E0000003", "The request body was not well-formed.")
    }

    /// 400: there is a body, but nothing says what it is.
    pub(crate) fn no_media_type() -> Self {
        Self::new(400, "E0000018", "Bad request. Accept and/or Content-Type headers are likely not set.")
    }

    /// 400: the body is not JSON.
    pub(crate) fn unknown_media_type() -> Self {
        let summary = "Bad request. Accept and/or Content-Type headers likely do not match supported values.";
        Self::new(400, "E0000021", summary)
    }

    /// 411: the length of the body is not told.
    pub(crate) fn length_required() -> Self {
        Self { status: 411, body: RefusalBody::Empty, ..Self::not_served() }
    }

    /// 400: a parameter is missing.
    pub(crate) fn missing_parameter() -> Self {
        Self::new(400, "E0000028", "The request is missing a required parameter.")
    }

    /// 400: a password cannot be expired of somebody who is not activated.
    pub(crate) fn expired_but_not_active() -> Self {
        let text =
            "Could not create user. To create a user and expire their password immediately, `activate` must be true.";
        Self::new(400, "E0000125", text).because(text)
    }

    /// 400: a password cannot be expired that is not there.
    pub(crate) fn expired_without_password() -> Self {
        let text = "Could not create user. To create a user and expire their password immediately, a password must be specified.";
        Self::new(400, "E0000124", text).because(text)
    }

    /// 400: too many groups for a new user.
    pub(crate) fn too_many_groups() -> Self {
        Self::new(400, "E0000093", "Target count limit exceeded").because("The number of group targets is too large")
    }

    /// 403: not in this status.
    pub(crate) fn wrong_status() -> Self {
        Self::new(403, "E0000038", "This operation is not allowed in the user's current status.")
    }

    /// 403: somebody active cannot be activated.
    pub(crate) fn already_active() -> Self {
        Self::new(403, "E0000016", "Activation failed because the user is already active")
    }

    /// 409: the activation is under way.
    pub(crate) fn still_activating() -> Self {
        Self::new(409, "E0000112", "Cannot update this user because they are still being activated.")
    }

    /// 403: nothing to unlock.
    pub(crate) fn not_locked() -> Self {
        Self::new(403, "E0000032", "Unlock is not allowed for this user.").because("The user is not locked out.")
    }

    /// 403: the password cannot be reset now.
    pub(crate) fn password_not_reset() -> Self {
        Self::new(403, "E0000017", "Password reset failed")
    }

    /// 403: the new password does not fit.
    pub(crate) fn credentials_not_updated(cause: &str) -> Self {
        Self::new(403, "E0000014", "Update of credentials failed").because(cause)
    }

    /// 409: the user has the app directly.
    pub(crate) fn already_assigned() -> Self {
        Self::new(409, "E0000062", "The specified user is already assigned to the application.")
    }

    /// 403: somebody deactivated gets no apps.
    pub(crate) fn inactive_app_user() -> Self {
        Self::new(403, "E0000117", "Cannot modify the app user or its profile of an inactive user.")
    }

    /// 409: a standard role that is held already.
    pub(crate) fn role_already_assigned(holder: HolderRow) -> Self {
        let kind = match holder {
            HolderRow::User(_) => "user",
            HolderRow::Group(_) => "group",
        };
        Self::new(409, "E0000090", format!("The role specified is already assigned to the {kind}."))
    }

    /// 409: the same of a standard role that is built on a custom one.
    pub(crate) fn iam_role_already_assigned() -> Self {
        Self::new(409, "E0000263", "The standard IAM role is already assigned.")
    }

    /// 400: a role of this type has no targets.
    pub(crate) fn wrong_role_type() -> Self {
        Self::new(400, "E0000091", "The provided role type was not the same as required role type.")
    }

    /// 400: a group that rules fill can hold no role.
    pub(crate) fn rule_with_role() -> Self {
        Self::new(400, "E0000192", "Roles cannot be assigned to groups with group membership rules.")
    }

    /// 400: a rule excludes as many users as it can. Okta documents the limit, not the answer.
    pub(crate) fn exclusion_list_full() -> Self {
        Self::invalid(
            "people.users.exclude",
            ["people.users.exclude: The array must have at most 100 items".to_owned()],
        )
    }

    /// 400: a group of more than 5,000 can hold no role.
    pub(crate) fn admin_group_too_large() -> Self {
        Self::new(400, "E0000193", "Groups with more than 5,000 members cannot have admin roles.")
    }

    /// 400: groups of this type can hold no role.
    pub(crate) fn group_type_with_role() -> Self {
        Self::new(400, "E0000194", "Roles can only be assigned to groups of Okta, Active Directory or LDAP.")
    }

    /// 400: built-in groups can hold no role.
    pub(crate) fn built_in_with_role() -> Self {
        Self::new(400, "E0000211", "Roles cannot be assigned to built-in groups.")
    }

    /// 409: the role is bound in the set already.
    pub(crate) fn binding_exists() -> Self {
        Self::new(409, "E0000195", "Api validation failed: binding").because("Binding already exists")
    }

    /// 400: a binding has to have a member.
    pub(crate) fn last_member() -> Self {
        Self::invalid("member", ["The last member of a binding cannot be removed".to_owned()])
    }
}
