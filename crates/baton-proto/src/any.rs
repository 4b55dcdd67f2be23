//! Packing messages into `google.protobuf.Any` and taking them out again.
//!
//! Annotations and traits travel this way: a type URL, `type.googleapis.com/` and the full name of
//! the message, beside its binary form.

use prost::{DecodeError, Message, Name};
use prost_types::Any;

/// What stands before the full name in the type URLs that we write.
pub const TYPE_URL_PREFIX: &str = "type.googleapis.com/";

/// The message as an `Any`.
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any { type_url: type_url::<M>(), value: message.encode_to_vec() }
}

/// The type URL of a message.
#[must_use]
pub fn type_url<M: Name>() -> String {
    format!("{TYPE_URL_PREFIX}{}", M::full_name())
}

/// Whether the `Any` says that it holds an `M`. Only what follows the last slash of the type URL counts.
pub fn is<M: Name>(any: &Any) -> bool {
    full_name(&any.type_url) == M::full_name()
}

/// The message inside; `None` if the `Any` holds another type.
///
/// # Errors
/// The bytes are not such a message.
pub fn unpack<M: Message + Name + Default>(any: &Any) -> Option<Result<M, DecodeError>> {
    is::<M>(any).then(|| M::decode(any.value.as_slice()))
}

/// The first readable `M` among annotations.
pub fn find<M: Message + Name + Default>(annotations: &[Any]) -> Option<M> {
    annotations.iter().find_map(|any| unpack(any)?.ok())
}

/// The full name of the message that a type URL names.
pub fn full_name(type_url: &str) -> &str {
    type_url.rsplit_once('/').map_or(type_url, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::c1::connector::v2::{GrantImmutable, RawId, V1Identifier};

    #[test]
    fn packed_messages_come_out_again() {
        let raw = RawId { id: "00u1".into() };
        let any = pack(&raw);
        assert_eq!(any.type_url, "type.googleapis.com/c1.connector.v2.RawId");
        assert_eq!(unpack::<RawId>(&any).unwrap().unwrap(), raw);
        assert!(unpack::<V1Identifier>(&any).is_none());
    }

    #[test]
    fn the_part_before_the_last_slash_does_not_matter() {
        let mut any = pack(&RawId { id: "x".into() });
        any.type_url = "example.com/types/c1.connector.v2.RawId".into();
        assert!(is::<RawId>(&any));
        any.type_url = "c1.connector.v2.RawId".into();
        assert!(is::<RawId>(&any));
        any.type_url = "type.googleapis.com/other.RawId".into();
        assert!(!is::<RawId>(&any));
    }

    #[test]
    fn find_takes_the_first_and_skips_what_cannot_be_read() {
        let broken = Any { type_url: pack(&RawId::default()).type_url, value: vec![0xff] };
        let list = [pack(&GrantImmutable::default()), broken, pack(&RawId { id: "a".into() })];
        assert_eq!(find::<RawId>(&list).unwrap().id, "a");
        assert_eq!(find::<V1Identifier>(&list), None);
        assert!(unpack::<RawId>(&list[1]).unwrap().is_err());
    }
}
