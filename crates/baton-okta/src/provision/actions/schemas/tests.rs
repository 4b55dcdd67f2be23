#![allow(clippy::unwrap_used)]

use super::*;

/// A schema in one line: name, scope, display name, types, arguments (`*` marks what is required), returns.
fn line(of: &BatonActionSchema) -> String {
    let kind = |field: &Field| match field.field.as_ref().unwrap() {
        Type::StringField(of) => match &of.rules {
            Some(rules) => format!("text {}-{}", rules.min_len.unwrap(), rules.max_len.unwrap()),
            None => "text".to_owned(),
        },
        Type::BoolField(_) => "bool".to_owned(),
        Type::StringMapField(_) => "map".to_owned(),
        Type::ResourceIdField(of) => of.rules.as_ref().unwrap().allowed_resource_type_ids.join("|") + " id",
        Type::ResourceIdSliceField(of) => of.rules.as_ref().unwrap().allowed_resource_type_ids.join("|") + " ids",
        Type::ResourceField(_) => "resource".to_owned(),
        other => format!("{other:?}"),
    };
    let one = |field: &Field| {
        format!("{}{} {:?} {}", field.name, if field.is_required { "*" } else { "" }, field.display_name, kind(field))
    };
    let all = |fields: &[Field]| fields.iter().map(one).collect::<Vec<_>>().join(", ");
    let scope = if of.resource_type_id.is_empty() { "global" } else { &of.resource_type_id };
    format!(
        "{} {scope} {:?} {:?}: {} -> {}",
        of.name,
        of.display_name,
        of.action_type,
        all(&of.arguments),
        all(&of.return_types)
    )
}

#[test]
fn the_schemas_are_those_that_c1_knows() {
    let lines: Vec<_> = all().iter().map(line).collect();
    let told = r#"success "Success" bool, message "Message" text"#;
    let attributes: Vec<_> = ATTRIBUTES.iter().map(|name| format!("{name} {name:?} text")).collect();
    let wanted = [
        format!(r#"enable_user global "" [2, 5]: user_id* "User ID" text -> {told}"#),
        format!(r#"disable_user global "" [2, 4]: user_id* "User ID" text -> {told}"#),
        r#"update_user global "Update User" [2, 3]: user_id* "User Resource ID" text, user_profile* "User Profile Data" text -> success "Success" bool, updated_fields "Updated Fields" text"#.to_owned(),
        format!(r#"deactivate_user user "Deactivate User" [9]: user_id* "User" user id -> {told}"#),
        format!(r#"delete_user user "Delete User" [7]: user_id* "User" user id -> {told}"#),
        format!(
            r#"update_profile user "Update User Profile" [3]: user_id* "User" user id, {}, additionalAttributes "Additional Attributes" map -> success "Success" bool, updated_user "Updated User" resource"#,
            attributes.join(", ")
        ),
        r#"create group "" [6]: name* "Group Name" text 1-255, description "Description" text, userMembers "Initial User Members" user ids -> success "Success" bool, resource "Created Group" resource"#.to_owned(),
        r#"modify_group group "Modify Group" [0]: group_id* "Group ID" text, name "Group Name" text 1-255, description "Description" text -> success "Success" bool, resource "Updated Group" resource"#.to_owned(),
    ];
    assert_eq!(lines, wanted);
}

#[test]
fn no_type_occurs_twice_in_a_scope_but_the_general_ones() {
    for scope in ["user", "group"] {
        let mut types: Vec<_> =
            all().iter().filter(|of| of.resource_type_id == scope).flat_map(|of| of.action_type.clone()).collect();
        let count = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), count, "{scope}");
    }
}

#[test]
fn descriptions_are_where_people_need_them() {
    for schema in all() {
        assert_eq!(schema.description.is_empty(), schema.display_name.is_empty(), "{}", schema.name);
        for argument in &schema.arguments {
            let bare = ["enable_user", "disable_user"].contains(&schema.name.as_str());
            assert_eq!(argument.description.is_empty(), bare, "{} {}", schema.name, argument.name);
        }
    }
}
