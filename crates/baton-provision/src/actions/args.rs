//! The arguments of a call against the schema of its action.

use std::collections::BTreeMap;

use baton_connector::{ChangeError, Code};
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::config::v1::{Field, ResourceIdRules};
use baton_proto::c1::connector::v2::BatonActionSchema;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

use super::{constraints, rules};
use crate::nearest;

/// The arguments, in the form that an action expects.
pub(super) fn checked(schema: &BatonActionSchema, args: Struct) -> Result<Struct, ChangeError> {
    let given: BTreeMap<String, Value> = args.fields.into_iter().filter(|(_, value)| !is_null(value)).collect();
    let mut problems: Vec<String> = given
        .keys()
        .filter(|name| !schema.arguments.iter().any(|field| field.name == **name))
        .map(|name| {
            let names = schema.arguments.iter().map(|field| field.name.as_str());
            let meant = nearest(name, names).map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
            format!("the action {} has no argument {name}{meant}", schema.name)
        })
        .collect();
    let mut fields = BTreeMap::new();
    for field in &schema.arguments {
        match given.get(&field.name) {
            None if field.is_required => {
                problems.push(format!("required argument {} is missing or invalid", field.name));
            }
            None => {}
            Some(value) => match converted(field, value) {
                Ok(value) => drop(fields.insert(field.name.clone(), value)),
                Err(reason) => problems.push(format!("argument {}: {reason}", field.name)),
            },
        }
    }
    problems.extend(constraints::broken(&schema.constraints, |name| given.contains_key(name)));
    if problems.is_empty() {
        return Ok(Struct { fields });
    }
    Err(ChangeError::new(Code::InvalidArgument, problems.join("\n")))
}

/// The value as the field's type has it.
fn converted(field: &Field, value: &Value) -> Result<Value, String> {
    let kind = value.kind.as_ref();
    match &field.field {
        Some(Type::StringField(of)) => match kind {
            Some(Kind::StringValue(text)) => rules::text(of.rules.as_ref(), &allowed(of), text).map(|()| value.clone()),
            // Some schemas say "string" for what holds JSON, and their actions take the JSON itself as well.
            Some(Kind::StructValue(_)) => Ok(value.clone()),
            _ => Err(not_a("text", kind)),
        },
        Some(Type::BoolField(of)) => match kind {
            Some(Kind::BoolValue(on)) => rules::boolean(of.rules.as_ref(), *on).map(|()| value.clone()),
            _ => Err(not_a("boolean", kind)),
        },
        Some(Type::IntField(of)) => {
            let number = whole(kind).ok_or_else(|| not_a("whole number", kind))?;
            rules::int(of.rules.as_ref(), number).map(|()| value.clone())
        }
        Some(Type::StringSliceField(of)) => {
            let texts = list(kind)?.iter().map(|item| match &item.kind {
                Some(Kind::StringValue(text)) => Ok(text.as_str()),
                other => Err(format!("its items: {}", not_a("text", other.as_ref()))),
            });
            rules::texts(of.rules.as_ref(), &texts.collect::<Result<Vec<_>, _>>()?).map(|()| value.clone())
        }
        Some(Type::StringMapField(of)) => match kind {
            Some(Kind::StructValue(map)) => rules::map(of.rules.as_ref(), map.fields.len()).map(|()| value.clone()),
            _ => Err(not_a("object", kind)),
        },
        Some(Type::ResourceIdField(of)) => resource_id(kind, types(of.rules.as_ref())),
        Some(Type::ResourceIdSliceField(of)) => {
            let allowed = of.rules.as_ref().map_or(&[][..], |rules| &rules.allowed_resource_type_ids);
            let ids = list(kind)?.iter().map(|item| resource_id(item.kind.as_ref(), allowed));
            let values = ids.collect::<Result<Vec<_>, _>>().map_err(|reason| format!("its items: {reason}"))?;
            rules::resource_ids(of.rules.as_ref(), &values)?;
            Ok(Value { kind: Some(Kind::ListValue(ListValue { values })) })
        }
        Some(Type::ResourceField(_)) => match kind {
            Some(Kind::StructValue(_)) => Ok(value.clone()),
            _ => Err(not_a("object", kind)),
        },
        Some(Type::ResourceSliceField(_) | Type::EntitlementSliceField(_) | Type::GrantSliceField(_)) => {
            let objects = list(kind)?.iter().all(|item| matches!(item.kind, Some(Kind::StructValue(_))));
            if objects { Ok(value.clone()) } else { Err("its items must be objects".to_owned()) }
        }
        None => Ok(value.clone()),
    }
}

/// The values that a text may have, if the schema lists them.
fn allowed(field: &baton_proto::c1::config::v1::StringField) -> Vec<&str> {
    field.options.iter().map(|option| option.value.as_str()).collect()
}

fn types(rules: Option<&ResourceIdRules>) -> &[String] {
    rules.map_or(&[], |rules| &rules.allowed_resource_type_ids)
}

/// `{resource_type_id, resource_id}`, also when the older names of the members are used.
fn resource_id(kind: Option<&Kind>, allowed: &[String]) -> Result<Value, String> {
    const FORM: &str = "it must be an object {\"resource_type_id\": …, \"resource_id\": …}";
    let Some(Kind::StructValue(Struct { fields })) = kind else {
        return Err(FORM.to_owned());
    };
    let text = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| Some((name, fields.get(*name)?.kind.as_ref()?)));
        match found {
            Some((name, Kind::StringValue(text))) if text.is_empty() => Err(format!("its {name} is empty")),
            Some((_, Kind::StringValue(text))) => Ok(text.clone()),
            _ => Err(FORM.to_owned()),
        }
    };
    let resource_type = text(["resource_type_id", "resource_type"])?;
    let id = text(["resource_id", "resource"])?;
    if !allowed.is_empty() && !allowed.contains(&resource_type) {
        return Err(format!("expected resource type {:?}, got {resource_type:?}", allowed.join("\" or \"")));
    }
    let text = |text| Value { kind: Some(Kind::StringValue(text)) };
    let members = [("resource_type_id".to_owned(), text(resource_type)), ("resource_id".to_owned(), text(id))];
    Ok(Value { kind: Some(Kind::StructValue(Struct { fields: members.into() })) })
}

fn list(kind: Option<&Kind>) -> Result<&[Value], String> {
    match kind {
        Some(Kind::ListValue(list)) => Ok(&list.values),
        _ => Err(not_a("list", kind)),
    }
}

/// A number without a fraction, as far as a JSON number is exact.
fn whole(kind: Option<&Kind>) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    match kind {
        #[expect(clippy::cast_possible_truncation, reason = "it is in the range of exact whole numbers")]
        Some(Kind::NumberValue(number)) if number.fract() == 0.0 && number.abs() <= EXACT => Some(*number as i64),
        _ => None,
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value.kind, None | Some(Kind::NullValue(_)))
}

fn not_a(wanted: &str, got: Option<&Kind>) -> String {
    let got = match got {
        None | Some(Kind::NullValue(_)) => "null",
        Some(Kind::NumberValue(_)) => "a number",
        Some(Kind::StringValue(_)) => "a text",
        Some(Kind::BoolValue(_)) => "a boolean",
        Some(Kind::StructValue(_)) => "an object",
        Some(Kind::ListValue(_)) => "a list",
    };
    let article = if wanted.starts_with('o') { "an" } else { "a" };
    format!("it must be {article} {wanted} but is {got}")
}
