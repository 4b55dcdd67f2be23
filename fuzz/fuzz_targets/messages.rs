//! Stored rows as JSON: what can be written can be read again, and is written the same.
//!
//! The first byte chooses the message.
#![no_main]

use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use baton_proto::json::{UnknownAny, append_encoded, from_str, to_string};
use baton_proto::{Message, Name};
use libfuzzer_sys::fuzz_target;

fn check<M: Message + Name + Default>(encoded: &[u8]) {
    let _ = append_encoded(&mut String::new(), &M::full_name(), encoded, UnknownAny::Drop);
    let mut text = String::new();
    if append_encoded(&mut text, &M::full_name(), encoded, UnknownAny::Refuse).is_err() {
        return;
    }
    let Ok(message) = from_str::<M>(&text) else { return };
    assert_eq!(to_string(&message).ok(), Some(text));
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, encoded)) = data.split_first() else { return };
    match kind % 4 {
        0 => check::<Grant>(encoded),
        1 => check::<Resource>(encoded),
        2 => check::<Entitlement>(encoded),
        _ => check::<ResourceType>(encoded),
    }
});
