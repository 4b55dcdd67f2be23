//! The descriptors in the form that writing and reading JSON need: fields in declaration order, names
//! ready to print, types as indexes. Made once.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{Cardinality, FieldDescriptor, Kind as Described, MessageDescriptor};

/// Every message and enum of the descriptor pool.
pub(super) struct Schema {
    messages: Vec<MessageShape>,
    enums: Vec<EnumShape>,
    by_name: HashMap<String, MessageId>,
}

/// Index of a message in the schema.
#[derive(Clone, Copy)]
pub(super) struct MessageId(usize);

/// Index of an enum in the schema.
#[derive(Clone, Copy)]
pub(super) struct EnumId(usize);

/// One message.
pub(super) struct MessageShape {
    pub(super) name: String,
    pub(super) form: Form,
    /// In declaration order.
    pub(super) fields: Vec<FieldShape>,
    /// Field number and place in `fields`, sorted by number.
    by_number: Vec<(u32, usize)>,
    /// JSON names and proto names.
    by_name: HashMap<String, usize>,
}

/// Messages whose JSON form is not an object of their fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Fields,
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// `BoolValue` and its like: the bare value of their one field.
    Wrapper,
    /// An object without fields, but put under `value` inside `Any`.
    Empty,
}

/// One field.
pub(super) struct FieldShape {
    pub(super) number: u32,
    /// The JSON name in quotation marks with a colon.
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) cardinality: Card,
    /// Place of the field's oneof in its message, leaving out those made for `optional`.
    pub(super) oneof: Option<usize>,
    /// Where the field comes in the binary form: its number, or the smallest of its oneof.
    pub(super) wire_order: u32,
}

#[derive(Clone, Copy)]
pub(super) enum Card {
    /// A zero is left out.
    Implicit,
    /// Written whenever it is there.
    Explicit,
    Repeated {
        packed: bool,
    },
    /// Keys are strings in every package; the kind of the field is that of the map's values.
    Map,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Int32,
    Sint32,
    Sfixed32,
    Uint32,
    Fixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint64,
    Fixed64,
    Float,
    Double,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

/// One enum: numbers and names, sorted by number.
pub(super) struct EnumShape {
    values: Vec<(i32, String)>,
}

impl EnumShape {
    pub(super) fn name(&self, number: i32) -> Option<&str> {
        let found = self.values.binary_search_by_key(&number, |(number, _)| *number);
        found.ok().map(|at| self.values[at].1.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|(_, known)| known == name).map(|(number, _)| *number)
    }
}

impl MessageShape {
    pub(super) fn by_number(&self, number: u32) -> Option<usize> {
        // Numbers mostly run from 1 without gaps.
        let guess = (number as usize).wrapping_sub(1);
        if let Some(&(found, place)) = self.by_number.get(guess)
            && found == number
        {
            return Some(place);
        }
        let found = self.by_number.binary_search_by_key(&number, |(number, _)| *number);
        found.ok().map(|at| self.by_number[at].1)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

impl Schema {
    /// The schema of [`crate::descriptors`].
    pub(super) fn get() -> &'static Self {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::build);
        &SCHEMA
    }

    pub(super) fn find(&self, full_name: &str) -> Option<MessageId> {
        self.by_name.get(full_name).copied()
    }

    pub(super) fn message(&self, id: MessageId) -> &MessageShape {
        &self.messages[id.0]
    }

    pub(super) fn enumeration(&self, id: EnumId) -> &EnumShape {
        &self.enums[id.0]
    }

    fn build() -> Self {
        let pool = crate::descriptors();
        let messages: Vec<_> = pool.all_messages().collect();
        let by_name: HashMap<_, _> =
            messages.iter().enumerate().map(|(at, m)| (m.full_name().to_owned(), MessageId(at))).collect();
        let mut enums = Vec::new();
        let mut enum_ids = HashMap::new();
        for described in pool.all_enums() {
            enum_ids.insert(described.full_name().to_owned(), EnumId(enums.len()));
            let mut values: Vec<_> = described.values().map(|v| (v.number(), v.name().to_owned())).collect();
            values.sort_by_key(|(number, _)| *number);
            enums.push(EnumShape { values });
        }
        let kinds = Kinds { messages: &by_name, enums: &enum_ids };
        let messages = messages.iter().map(|message| kinds.message(message)).collect();
        Self { messages, enums, by_name }
    }
}

struct Kinds<'a> {
    messages: &'a HashMap<String, MessageId>,
    enums: &'a HashMap<String, EnumId>,
}

impl Kinds<'_> {
    fn message(&self, message: &MessageDescriptor) -> MessageShape {
        // The iterator of the descriptor goes by number; the raw descriptor keeps declaration order.
        let declared = &message.descriptor_proto().field;
        let fields: Vec<_> = declared.iter().filter_map(|field| message.get_field_by_name(field.name())).collect();
        let mut by_number: Vec<_> = fields.iter().enumerate().map(|(at, field)| (field.number(), at)).collect();
        by_number.sort_unstable();
        let mut by_name = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            by_name.insert(field.name().to_owned(), at);
            by_name.insert(field.json_name().to_owned(), at);
        }
        MessageShape {
            name: message.full_name().to_owned(),
            form: form(message.full_name()),
            fields: fields.iter().map(|field| self.field(field)).collect(),
            by_number,
            by_name,
        }
    }

    fn field(&self, field: &FieldDescriptor) -> FieldShape {
        let kind = match field.kind() {
            Described::Message(entry) if field.is_map() => self.kind(&entry.map_entry_value_field().kind()),
            kind => self.kind(&kind),
        };
        let cardinality = match field.cardinality() {
            Cardinality::Repeated if field.is_map() => Card::Map,
            Cardinality::Repeated => Card::Repeated { packed: field.is_packed() },
            _ if field.supports_presence() => Card::Explicit,
            _ => Card::Implicit,
        };
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let first_of_oneof = oneof.as_ref().and_then(|oneof| oneof.fields().map(|member| member.number()).min());
        FieldShape {
            number: field.number(),
            key: format!("\"{}\":", field.json_name()),
            kind,
            cardinality,
            wire_order: first_of_oneof.unwrap_or(field.number()),
            oneof: oneof.and_then(|oneof| field.parent_message().oneofs().position(|known| known == oneof)),
        }
    }

    fn kind(&self, kind: &Described) -> Kind {
        match kind {
            Described::Bool => Kind::Bool,
            Described::Int32 => Kind::Int32,
            Described::Sint32 => Kind::Sint32,
            Described::Sfixed32 => Kind::Sfixed32,
            Described::Uint32 => Kind::Uint32,
            Described::Fixed32 => Kind::Fixed32,
            Described::Int64 => Kind::Int64,
            Described::Sint64 => Kind::Sint64,
            Described::Sfixed64 => Kind::Sfixed64,
            Described::Uint64 => Kind::Uint64,
            Described::Fixed64 => Kind::Fixed64,
            Described::Float => Kind::Float,
            Described::Double => Kind::Double,
            Described::String => Kind::String,
            Described::Bytes => Kind::Bytes,
            // Both maps hold every type of the pool.
            Described::Enum(named) => Kind::Enum(self.enums[named.full_name()]),
            Described::Message(named) => Kind::Message(self.messages[named.full_name()]),
        }
    }
}

fn form(full_name: &str) -> Form {
    let Some(name) = full_name.strip_prefix("google.protobuf.") else { return Form::Fields };
    match name {
        "Any" => Form::Any,
        "Timestamp" => Form::Timestamp,
        "Duration" => Form::Duration,
        "FieldMask" => Form::FieldMask,
        "Struct" => Form::Struct,
        "Value" => Form::Value,
        "ListValue" => Form::ListValue,
        "Empty" => Form::Empty,
        "BoolValue" | "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value" | "FloatValue" | "DoubleValue"
        | "StringValue" | "BytesValue" => Form::Wrapper,
        _ => Form::Fields,
    }
}
