//! The actions of a connector, shown.

use baton_connector::ChangeError;
use baton_proto::c1::config::v1::Field;
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::connector::v2::{BatonActionSchema, ListActionSchemasResponse};
use baton_proto::json as protobuf;
use baton_provision::actions;
use serde_json::{Map, json};

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
    let text = match (outcome::is_json(session), operation) {
        (true, Operation::ListActions) => json.to_string(),
        (true, _) => json["schemas"][0].to_string(),
        (false, _) if response.schemas.is_empty() => "no actions".to_owned(),
        (false, _) => response.schemas.iter().map(described).collect::<Vec<_>>().join("\n"),
    };
    outcome::write(session, &text)
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
