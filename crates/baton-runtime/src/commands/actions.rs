//! The actions of a connector, shown.

use baton_connector::ChangeError;
use baton_proto::c1::config::v1::Field;
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::connector::v2::{BatonActionSchema, ListActionSchemasResponse};
use baton_proto::json as protobuf;
use baton_provision::actions;
use serde_json::{Map, Value, json};

use crate::commands::change;
use crate::failure::Failure;
use crate::logs::Level;
use crate::operation::Operation;
use crate::outcome;
use crate::session::Session;

/// Prints the schemas that were asked for.
pub(crate) fn run(operation: Operation, session: &Session) -> Result<(), Failure> {
    let settings = &session.settings;
    let failure = |error: ChangeError| Failure::with_code(error.code.number(), error.message);
    let provisioner = change::provisioner(session).map_err(failure)??;
    let schemas = if operation == Operation::ListActions {
        actions::schemas(provisioner.as_ref(), settings.text("list-action-schemas-resource-type"))
    } else {
        let resource_type = settings.text("get-action-schema-resource-type");
        let found = actions::schema(provisioner.as_ref(), settings.text("get-action-schema"), resource_type);
        vec![found.map_err(failure)?]
    };
    let response = ListActionSchemasResponse { schemas, annotations: Vec::new() };
    let json = protobuf::to_value(&response).map_err(|error| Failure::with_code(13, error.to_string()))?;
    let fields = json!({"count": response.schemas.len(), "schemas": json.get("schemas")});
    session.logger.record(Level::Info, "Action Schemas", fields.as_object().cloned().unwrap_or_else(Map::new));
    match (outcome::is_json(session), operation) {
        (true, Operation::ListActions) => session.print_json(&json.to_string()),
        (true, _) => session.print_json(&json["schemas"][0].to_string()),
        (false, _) if response.schemas.is_empty() => session.print("no actions"),
        (false, _) => session.print(&response.schemas.iter().map(described).collect::<Vec<_>>().join("\n")),
    }
}

/// An action in a few lines: its name, what it is for, its arguments.
fn described(schema: &BatonActionSchema) -> String {
    let scope = match schema.resource_type_id.as_str() {
        "" => "global".to_owned(),
        of => format!("of {of}"),
    };
    let mut lines = vec![format!("{} ({scope})", schema.name)];
    if !schema.description.is_empty() {
        lines.push(format!("  {}", schema.description));
    }
    lines.extend(schema.arguments.iter().map(|field| {
        let required = if field.is_required { ", required" } else { "" };
        format!("  {}: {}{required}", field.name, kind(field))
    }));
    lines.join("\n")
}

/// What an action answered, for people: its message, the resource that it is about, and whatever else it tells; nothing
/// of what the word for its outcome says already.
pub(crate) fn told(response: &Value) -> String {
    let parts = response.as_object().into_iter().flatten().filter_map(|(name, value)| match (name.as_str(), value) {
        ("success", Value::Bool(true)) => None,
        ("message", Value::String(text)) => Some(terminal_text::line(text).into_owned()),
        (name, Value::String(text)) => Some(format!("{name} {}", terminal_text::line(text))),
        (name, value) => Some(resource(value).unwrap_or_else(|| format!("{name} {value}"))),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A resource among the values of an action, as type, id and name.
fn resource(value: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = value.get("resourceId")?;
    let of = format!("{} {}", text(&id["resourceTypeId"])?, text(&id["resourceId"])?);
    Some(match text(&value["displayName"]).filter(|name| !name.is_empty()) {
        Some(name) => format!("{of} ({})", terminal_text::line(&name)),
        None => of,
    })
}

/// The type of an argument, in words.
fn kind(field: &Field) -> &'static str {
    match field.field {
        Some(Type::StringField(_)) => "text",
        Some(Type::IntField(_)) => "whole number",
        Some(Type::BoolField(_)) => "true or false",
        Some(Type::StringSliceField(_)) => "list of texts",
        Some(Type::StringMapField(_)) => "object",
        Some(Type::ResourceIdField(_)) => "resource id",
        Some(Type::ResourceIdSliceField(_)) => "list of resource ids",
        Some(Type::ResourceField(_)) => "resource",
        Some(Type::ResourceSliceField(_)) => "list of resources",
        Some(Type::EntitlementSliceField(_)) => "list of entitlements",
        Some(Type::GrantSliceField(_)) => "list of grants",
        None => "anything",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::told;

    #[test]
    fn an_answer_is_told_in_words() {
        let id = json!({"resourceTypeId": "group", "resourceId": "00g1"});
        for (response, words) in [
            (json!({"success": true}), ""),
            (json!({"success": true, "message": "Account 00u1 has been disabled"}), "Account 00u1 has been disabled"),
            (json!({"success": false}), "success false"),
            (json!({"updated_fields": "title", "success": true}), "updated_fields title"),
            (json!({"resource": {"resourceId": id, "displayName": "Night shift"}}), "group 00g1 (Night shift)"),
            (json!({"resource": {"resourceId": id, "displayName": ""}}), "group 00g1"),
            (json!({"failed": ["00u1"], "message": "made"}), r#"failed ["00u1"], made"#),
        ] {
            assert_eq!(told(&response), words, "{response}");
        }
    }
}
