//! What the actions take and return (`docs/spec/okta-provisioning.md` 7.2). C1 shows these to people, and sends what
//! they fill in.

use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::config::v1::{
    BoolField, Field, RepeatedResourceIdRules, ResourceField, ResourceIdField, ResourceIdRules, ResourceIdSliceField,
    StringField, StringMapField, StringRules,
};
use baton_proto::c1::connector::v2::{ActionType, BatonActionSchema};

use crate::ids::{group, user};

/// The attributes of Okta's base profile that `update_profile` has arguments for.
pub(super) const ATTRIBUTES: [&str; 18] = [
    "login",
    "email",
    "secondEmail",
    "firstName",
    "lastName",
    "middleName",
    "displayName",
    "title",
    "department",
    "division",
    "organization",
    "employeeNumber",
    "costCenter",
    "userType",
    "primaryPhone",
    "mobilePhone",
    "countryCode",
    "managerId",
];

/// The schemas of all actions, the global ones first.
pub(in crate::provision) fn all() -> Vec<BatonActionSchema> {
    vec![
        enable_user(),
        disable_user(),
        update_user(),
        deactivate_user(),
        delete_user(),
        update_profile(),
        create_group(),
        modify_group(),
    ]
}

fn enable_user() -> BatonActionSchema {
    BatonActionSchema {
        arguments: vec![required(text("user_id", "User ID", ""))],
        return_types: vec![success(), message()],
        ..schema("enable_user", "", &[ActionType::Account, ActionType::AccountEnable])
    }
}

fn disable_user() -> BatonActionSchema {
    BatonActionSchema {
        arguments: vec![required(text("user_id", "User ID", ""))],
        return_types: vec![success(), message()],
        ..schema("disable_user", "", &[ActionType::Account, ActionType::AccountDisable])
    }
}

fn update_user() -> BatonActionSchema {
    let profile =
        "The attributes to be changed, by their names in Okta, as an object or as its JSON text; null clears one";
    BatonActionSchema {
        display_name: "Update User".to_owned(),
        description: "Changes attributes of a user's profile. It is meant for profiles that are pushed automatically; \
                      by hand, update_profile is the better choice."
            .to_owned(),
        arguments: vec![
            required(text("user_id", "User Resource ID", "The id of the user in Okta")),
            required(text("user_profile", "User Profile Data", profile)),
        ],
        return_types: vec![success(), text("updated_fields", "Updated Fields", "The attributes of the update, sorted")],
        ..schema("update_user", "", &[ActionType::Account, ActionType::AccountUpdateProfile])
    }
}

fn deactivate_user() -> BatonActionSchema {
    BatonActionSchema {
        display_name: "Deactivate User".to_owned(),
        description:
            "Deactivates a user: the user loses password and apps and cannot sign in any more. Okta keeps the \
                      record."
                .to_owned(),
        arguments: vec![required(one_user("The user to be deactivated"))],
        return_types: vec![success(), message()],
        ..schema("deactivate_user", user::ID, &[ActionType::ResourceDisable])
    }
}

fn delete_user() -> BatonActionSchema {
    BatonActionSchema {
        display_name: "Delete User".to_owned(),
        description: "Deactivates a user and deletes the record for good. It cannot be undone.".to_owned(),
        arguments: vec![required(one_user("The user to be deleted"))],
        return_types: vec![success(), message()],
        ..schema("delete_user", user::ID, &[ActionType::ResourceDelete])
    }
}

fn update_profile() -> BatonActionSchema {
    let attributes = ATTRIBUTES.iter().map(|name| text(name, name, about(name)));
    let more = "Further attributes of the org's user profile, by their names in Okta; null clears one";
    let more =
        field("additionalAttributes", "Additional Attributes", more, Type::StringMapField(StringMapField::default()));
    let user = required(one_user("The user whose profile is to be changed"));
    let resource = Type::ResourceField(ResourceField::default());
    BatonActionSchema {
        display_name: "Update User Profile".to_owned(),
        description: "Changes attributes of a user's profile. Those that are not given stay as they are.".to_owned(),
        arguments: std::iter::once(user).chain(attributes).chain([more]).collect(),
        return_types: vec![success(), field("updated_user", "Updated User", "The user after the change", resource)],
        ..schema("update_profile", user::ID, &[ActionType::AccountUpdateProfile])
    }
}

fn create_group() -> BatonActionSchema {
    let rules = RepeatedResourceIdRules { allowed_resource_type_ids: vec![user::ID.to_owned()], ..Default::default() };
    let members = Type::ResourceIdSliceField(ResourceIdSliceField { rules: Some(rules), default_value: Vec::new() });
    let resource = Type::ResourceField(ResourceField::default());
    BatonActionSchema {
        arguments: vec![
            required(group_name("The name of the group; Okta lets no two of its groups have the same")),
            text("description", "Description", "What the group is for"),
            field("userMembers", "Initial User Members", "The users who are in the group from the beginning", members),
        ],
        return_types: vec![success(), field("resource", "Created Group", "The new group", resource)],
        ..schema("create", group::ID, &[ActionType::ResourceCreate])
    }
}

fn modify_group() -> BatonActionSchema {
    let resource = Type::ResourceField(ResourceField::default());
    BatonActionSchema {
        display_name: "Modify Group".to_owned(),
        description: "Changes the name or the description of a group. All else stays as it is.".to_owned(),
        arguments: vec![
            required(text("group_id", "Group ID", "The id of the group in Okta")),
            group_name("The new name; without it the name stays"),
            text("description", "Description", "The new description, which may be empty; without it it stays"),
        ],
        return_types: vec![success(), field("resource", "Updated Group", "The group after the change", resource)],
        ..schema("modify_group", group::ID, &[ActionType::Unspecified])
    }
}

fn schema(name: &str, resource_type: &str, types: &[ActionType]) -> BatonActionSchema {
    BatonActionSchema {
        name: name.to_owned(),
        resource_type_id: resource_type.to_owned(),
        action_type: types.iter().map(|of| (*of).into()).collect(),
        ..BatonActionSchema::default()
    }
}

fn field(name: &str, display_name: &str, description: &str, of: Type) -> Field {
    Field {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        description: description.to_owned(),
        field: Some(of),
        ..Field::default()
    }
}

fn required(field: Field) -> Field {
    Field { is_required: true, ..field }
}

fn text(name: &str, display_name: &str, description: &str) -> Field {
    field(name, display_name, description, Type::StringField(StringField::default()))
}

fn group_name(description: &str) -> Field {
    let rules = StringRules { min_len: Some(1), max_len: Some(255), ..StringRules::default() };
    let of = StringField { rules: Some(rules), ..StringField::default() };
    field("name", "Group Name", description, Type::StringField(of))
}

fn one_user(description: &str) -> Field {
    let rules = ResourceIdRules { allowed_resource_type_ids: vec![user::ID.to_owned()] };
    let of = ResourceIdField { rules: Some(rules), default_value: None };
    field("user_id", "User", description, Type::ResourceIdField(of))
}

fn success() -> Field {
    field("success", "Success", "Whether it was done", Type::BoolField(BoolField::default()))
}

fn message() -> Field {
    text("message", "Message", "What was done")
}

/// What a profile attribute holds.
fn about(attribute: &str) -> &'static str {
    match attribute {
        "login" => "The name to sign in with",
        "email" => "The primary e-mail address",
        "secondEmail" => "The secondary e-mail address",
        "firstName" => "The given name",
        "lastName" => "The family name",
        "middleName" => "The middle name",
        "displayName" => "The name as it is shown",
        "title" => "The title, such as Vice President",
        "department" => "The department",
        "division" => "The division",
        "organization" => "The organization",
        "employeeNumber" => "The number that the organization gives the user",
        "costCenter" => "The cost center",
        "userType" => "The kind of relation, such as employee or contractor",
        "primaryPhone" => "The primary phone number",
        "mobilePhone" => "The mobile phone number",
        "countryCode" => "The country as a code of ISO 3166",
        "managerId" => "The Okta id of the manager",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
