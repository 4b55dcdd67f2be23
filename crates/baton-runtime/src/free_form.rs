//! JSON objects of any form, which messages hold as `google.protobuf.Struct`.

use baton_proto::Message;
use baton_proto::json::{self, UnknownAny};
use prost_types::Struct;
use serde_json::Value;

const NAME: &str = "google.protobuf.Struct";

/// The object as JSON; `null` if it holds a number that JSON has not.
pub(crate) fn to_json(object: &Struct) -> Value {
    let mut text = String::new();
    let written = json::append_encoded(&mut text, NAME, &object.encode_to_vec(), UnknownAny::Refuse);
    written.ok().and_then(|()| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// The object that JSON text holds.
///
/// # Errors
///
/// The text is no JSON, or no object.
pub(crate) fn from_text(text: &str) -> Result<Struct, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err("it is no object".to_owned());
    }
    let encoded = json::encode_value(NAME, &value).map_err(|error| error.to_string())?;
    Struct::decode(encoded.as_slice()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn objects_come_back_and_nothing_else_is_one() {
        let text = r#"{"a":"ü","b":[1.5,true,null],"c":{"d":{}}}"#;
        assert_eq!(to_json(&from_text(text).unwrap()).to_string(), text);
        for wrong in ["", "[]", "null", "\"{}\"", "{\"a\":}", "{} {}"] {
            assert!(from_text(wrong).is_err(), "{wrong}");
        }
    }
}
