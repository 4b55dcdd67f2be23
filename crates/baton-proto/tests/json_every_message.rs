//! Protobuf JSON on made-up messages of every type: nothing is lost on the way to text and back, and an
//! independent implementation writes the same.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use baton_proto::descriptors;
use baton_proto::json::{self, UnknownAny};
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use serde_json::Value as Json;

/// Numbers from a seed (SplitMix64), so that a failing case can be named by its seed alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 10] = ["", "a", "user:00u1", "\"", "\\", "\n\u{1}", "é<&>", "😀", "null", "-0"];
        (0..self.below(4)).map(|_| PIECES[self.below(10) as usize]).collect()
    }

    fn message(&mut self, of: &MessageDescriptor, depth: u32) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        match of.full_name() {
            "google.protobuf.Any" => {
                let inner = self.inner(depth);
                let url = format!("type.googleapis.com/{}", inner.descriptor().full_name());
                message.set_field_by_name("type_url", Value::String(url));
                message.set_field_by_name("value", Value::Bytes(inner.encode_to_vec().into()));
            }
            "google.protobuf.Timestamp" | "google.protobuf.Duration" => {
                message.set_field_by_name("seconds", Value::I64(self.below(250_000_000_000) as i64));
                let step = [1, 1_000, 1_000_000, 1_000_000_000][self.below(4) as usize];
                message.set_field_by_name("nanos", Value::I32((self.below(1_000_000_000) / step * step) as i32));
            }
            "google.protobuf.FieldMask" => {
                message.set_field_by_name("paths", Value::List(vec![Value::String("display_name".into())]));
            }
            "google.protobuf.Value" => self.struct_value(&mut message, depth),
            _ => {
                for field in of.fields() {
                    if self.below(3) > 0 {
                        self.field(&mut message, &field, depth);
                    }
                }
            }
        }
        message
    }

    fn inner(&mut self, depth: u32) -> DynamicMessage {
        const INSIDE: [&str; 5] = [
            "c1.connector.v2.UserTrait",
            "c1.connector.v2.RawId",
            "google.protobuf.Timestamp",
            "google.protobuf.Empty",
            "google.protobuf.Any",
        ];
        let choice = if depth == 0 { 1 } else { self.below(5) as usize };
        let descriptor = descriptors().get_message_by_name(INSIDE[choice]).unwrap();
        self.message(&descriptor, depth.saturating_sub(1))
    }

    fn struct_value(&mut self, message: &mut DynamicMessage, depth: u32) {
        let (name, value) = match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => ("null_value", Value::EnumNumber(0)),
            1 => ("number_value", Value::F64(self.number())),
            2 => ("string_value", Value::String(self.text())),
            3 => ("bool_value", Value::Bool(self.below(2) == 1)),
            n => {
                let (field, inner) = [("struct_value", "Struct"), ("list_value", "ListValue")][n as usize - 4];
                let descriptor = descriptors().get_message_by_name(&format!("google.protobuf.{inner}")).unwrap();
                (field, Value::Message(self.message(&descriptor, depth - 1)))
            }
        };
        message.set_field_by_name(name, value);
    }

    fn number(&mut self) -> f64 {
        [0.0, 1.0, -2.5, 1e21, 1.5e-7, 9_007_199_254_740_993.0][self.below(6) as usize]
    }

    fn field(&mut self, message: &mut DynamicMessage, field: &FieldDescriptor, depth: u32) {
        if depth == 0 && matches!(field.kind(), Kind::Message(_)) {
            return;
        }
        let value = if field.is_map() {
            let Kind::Message(entry) = field.kind() else { return };
            let values = entry.map_entry_value_field();
            Value::Map((0..self.below(3)).map(|_| (MapKey::String(self.text()), self.value(&values, depth))).collect())
        } else if field.is_list() {
            Value::List((0..self.below(3)).map(|_| self.value(field, depth)).collect())
        } else {
            self.value(field, depth)
        };
        message.set_field(field, value);
    }

    fn value(&mut self, field: &FieldDescriptor, depth: u32) -> Value {
        let bits = if self.below(3) == 0 { self.roll() } else { self.below(3) };
        match field.kind() {
            Kind::Bool => Value::Bool(bits & 1 == 1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(bits as i32),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(bits as u32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(bits as i64),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(bits),
            Kind::Float => Value::F32(self.number() as f32),
            Kind::Double => Value::F64(self.number()),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Enum(_) => Value::EnumNumber((bits % 40) as i32),
            Kind::Message(inner) => Value::Message(self.message(&inner, depth.saturating_sub(1))),
        }
    }
}

fn written(name: &str, encoded: &[u8]) -> String {
    let mut text = String::new();
    json::append_encoded(&mut text, name, encoded, UnknownAny::Refuse).unwrap();
    text
}

/// Numbers compared in single precision: `1` and `1.0` are the same, and so are the digits that we leave out of a
/// `float`. That no digit of a double is lost is seen on the way back.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(a), Json::Number(b)) => a.as_f64().map(|n| n as f32) == b.as_f64().map(|n| n as f32),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_others_write_the_same(seed in any::<u64>()) {
        for descriptor in descriptors().all_messages().filter(|message| !message.is_map_entry()) {
            // Options of descriptors are never data; the file descriptors use them without end.
            if descriptor.full_name() == "c1.c1z.v3.C1ZManifestV3" || descriptor.parent_file().name() == "google/protobuf/descriptor.proto" {
                continue;
            }
            let name = descriptor.full_name();
            let message = Dice(seed).message(&descriptor, 3);
            let text = written(name, &message.encode_to_vec());
            let value: Json = serde_json::from_str(&text).unwrap();

            let theirs = serde_json::to_value(&message).unwrap();
            prop_assert!(same(&value, &theirs), "{name}\nours   {text}\ntheirs {theirs}");

            let read = json::encode_value(name, &value).unwrap();
            prop_assert_eq!(written(name, &read), text.clone(), "{}", name);
            let decoded = DynamicMessage::decode(descriptor.clone(), read.as_slice()).unwrap();
            prop_assert!(same(&serde_json::to_value(&decoded).unwrap(), &theirs), "{name}: {text}");
        }
    }
}
