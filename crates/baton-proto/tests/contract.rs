//! Our descriptors against the tables of the published contract (`docs/spec/proto/README.md` 2), field by field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod tables;

use std::collections::BTreeSet;

use baton_proto::descriptors;
use prost_reflect::prost_types::FieldOptions;
use prost_reflect::{
    Cardinality, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use tables::{EnumRow, FieldRow, Index, Package, RpcRow};

fn packages() -> Vec<Package> {
    tables::read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/proto")))
}

#[test]
fn every_file_is_there_with_its_syntax_and_imports() {
    let packages = packages();
    let mut count = 0;
    for (package, row) in packages.iter().flat_map(|p| p.files.iter().map(move |row| (p, row))) {
        let file = descriptors().get_file_by_name(&row.path).unwrap_or_else(|| panic!("{} is missing", row.path));
        let raw = file.file_descriptor_proto();
        assert_eq!(file.package_name(), package.name, "{}", row.path);
        // The descriptor leaves proto2 out.
        assert_eq!(raw.syntax.as_deref().unwrap_or("proto2"), row.syntax, "{}", row.path);
        assert_eq!(raw.options.as_ref().unwrap().go_package(), row.go_package, "{}", row.path);
        // Rules of protoc-gen-validate are not part of our files; one file uses its messages as data.
        let without_rules = |path: &&String| *path != "validate/validate.proto";
        let ours: BTreeSet<_> = raw.dependency.iter().filter(without_rules).collect();
        assert_eq!(ours, row.imports.iter().filter(without_rules).collect(), "{}", row.path);
        count += 1;
    }
    println!("{count} files");
    assert_eq!(count, 56);
}

#[test]
fn every_field_of_every_message_agrees() {
    let packages = packages();
    let mut fields = 0;
    let mut known = BTreeSet::new();
    for row in packages.iter().flat_map(|p| &p.messages) {
        let message = descriptors().get_message_by_name(&row.name).unwrap_or_else(|| panic!("{} is missing", row.name));
        assert_eq!(message.parent_file().name(), row.file, "{}", row.name);
        let options = message.descriptor_proto().options.clone().unwrap_or_default();
        assert_eq!(options.deprecated(), row.deprecated, "{}", row.name);
        assert_eq!(declared(&message), row.fields, "{}", row.name);
        assert_eq!(reserved_of_message(&message), row.reserved, "{}", row.name);
        assert_eq!(table_option(&message), row.table, "{}", row.name);
        assert_eq!(index_options(&message), row.indexes, "{}", row.name);
        fields += row.fields.len();
        known.insert(row.name.clone());
    }
    let ours: BTreeSet<_> = descriptors()
        .all_messages()
        .filter(|m| is_ours(&packages, m.package_name()) && !m.is_map_entry())
        .map(|m| m.full_name().to_owned())
        .collect();
    assert_eq!(ours, known, "no message too many");
    println!("{} messages, {fields} fields", known.len());
    assert_eq!((known.len(), fields), (436, 1357));
}

#[test]
fn every_enum_value_agrees() {
    let packages = packages();
    let (mut enums, mut values) = (0, 0);
    for row in packages.iter().flat_map(|p| &p.enums) {
        let found = descriptors().get_enum_by_name(&row.name).unwrap_or_else(|| panic!("{} is missing", row.name));
        assert_eq!(found.parent_file().name(), row.file, "{}", row.name);
        let ours: Vec<_> = found
            .enum_descriptor_proto()
            .value
            .iter()
            .map(|v| EnumRow { name: v.name().to_owned(), number: v.number() })
            .collect();
        assert_eq!(ours, row.values, "{}", row.name);
        assert_eq!(reserved_of_enum(&found), row.reserved, "{}", row.name);
        enums += 1;
        values += ours.len();
    }
    let ours = descriptors().all_enums().filter(|e| is_ours(&packages, e.package_name())).count();
    println!("{enums} enums, {values} values");
    assert_eq!((enums, values), (35, 205));
    assert_eq!(ours, enums, "no enum too many");
}

#[test]
fn every_rpc_agrees() {
    let packages = packages();
    let (mut services, mut rpcs) = (0, 0);
    for row in packages.iter().flat_map(|p| &p.services) {
        let service = descriptors().get_service_by_name(&row.name).unwrap_or_else(|| panic!("{} is missing", row.name));
        assert_eq!(service.parent_file().name(), row.file, "{}", row.name);
        let ours: Vec<_> = service
            .methods()
            .map(|method| RpcRow {
                name: method.name().to_owned(),
                request: method.input().full_name().to_owned(),
                response: method.output().full_name().to_owned(),
                client_streams: method.is_client_streaming(),
                server_streams: method.is_server_streaming(),
            })
            .collect();
        assert_eq!(ours, row.rpcs, "{}", row.name);
        services += 1;
        rpcs += ours.len();
    }
    println!("{services} services, {rpcs} rpcs");
    assert_eq!((services, rpcs), (27, 69));
    assert_eq!(descriptors().services().count(), services, "no service too many");
}

#[test]
fn the_extensions_agree() {
    let packages = packages();
    let rows: Vec<_> = packages.iter().flat_map(|p| &p.extensions).collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let extension = extension(&row.name);
        assert_eq!(extension.containing_message().full_name(), row.extendee);
        assert_eq!(extension.number(), row.number);
        assert!(matches!(extension.kind(), Kind::Message(m) if m.full_name() == row.kind));
        assert_eq!(extension.cardinality(), Cardinality::Optional);
    }
    println!("2 extensions");
}

fn is_ours(packages: &[Package], name: &str) -> bool {
    packages.iter().any(|package| package.name == name)
}

/// The fields of a message in declaration order, in the words of the tables.
fn declared(message: &MessageDescriptor) -> Vec<FieldRow> {
    let raw = message.descriptor_proto();
    raw.field
        .iter()
        .map(|raw| {
            let field = message.get_field_by_name(raw.name()).unwrap();
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            FieldRow {
                number: field.number(),
                name: field.name().to_owned(),
                json: field.json_name().to_owned(),
                kind: kind_of(&field),
                label: label_of(&field),
                oneof: oneof.map(|oneof| oneof.name().to_owned()).unwrap_or_default(),
                deprecated: raw.options.as_ref().is_some_and(FieldOptions::deprecated),
                default: raw.default_value.clone(),
            }
        })
        .collect()
}

fn kind_of(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let (key, value) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            format!("map<{}, {}>", kind_name(&key), kind_name(&value))
        }
        kind => kind_name(&kind),
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(named) => named.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn label_of(field: &FieldDescriptor) -> &'static str {
    let raw = field.field_descriptor_proto();
    let proto2 = field.parent_file().file_descriptor_proto().syntax.is_none();
    match field.cardinality() {
        Cardinality::Repeated if field.is_map() => "map",
        Cardinality::Repeated => "repeated",
        _ if raw.proto3_optional() || proto2 => "optional",
        _ => "singular",
    }
}

fn reserved_of_message(message: &MessageDescriptor) -> BTreeSet<String> {
    let raw = message.descriptor_proto();
    let numbers = message.reserved_ranges().flatten().map(|number| number.to_string());
    numbers.chain(raw.reserved_name.iter().cloned()).collect()
}

fn reserved_of_enum(named: &EnumDescriptor) -> BTreeSet<String> {
    let raw = named.enum_descriptor_proto();
    let numbers = named.reserved_ranges().flatten().map(|number| number.to_string());
    numbers.chain(raw.reserved_name.iter().cloned()).collect()
}

fn extension(name: &str) -> ExtensionDescriptor {
    descriptors().get_extension_by_name(name).unwrap_or_else(|| panic!("{name} is missing"))
}

/// The option that names a record's table and its key.
fn table_option(message: &MessageDescriptor) -> Option<(String, Vec<String>)> {
    let options = message.options();
    let extension = extension("c1.storage.v3.table");
    options.has_extension(&extension).then(|| {
        let value = options.get_extension(&extension).into_owned();
        let table = value.as_message().unwrap();
        (text(table, "name"), texts(table, "primary_key"))
    })
}

/// The options that name the indexes over a record's fields.
fn index_options(message: &MessageDescriptor) -> Vec<Index> {
    let extension = extension("c1.storage.v3.index");
    let mut indexes = Vec::new();
    for raw in &message.descriptor_proto().field {
        let options = message.get_field_by_name(raw.name()).unwrap().options();
        if options.has_extension(&extension) {
            let value = options.get_extension(&extension).into_owned();
            let index = value.as_message().unwrap();
            assert!(!index.has_field_by_name("unique"), "no index of the tables is unique");
            indexes.push(Index {
                field: raw.name().to_owned(),
                name: text(index, "name"),
                composite: texts(index, "composite"),
                partial: text(index, "partial"),
            });
        }
    }
    indexes
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).unwrap().as_str().unwrap().to_owned()
}

fn texts(message: &DynamicMessage, field: &str) -> Vec<String> {
    let value = message.get_field_by_name(field).unwrap().into_owned();
    value.as_list().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
