//! `GrantExpandable`: taken out of the stored grant into a column of its own (`docs/spec/c1z-format.md` 3.4 and 4.5).

use baton_proto::c1::connector::v2::GrantExpandable;
use baton_proto::{Message, any};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use prost_types::Any;

/// Number of `Grant.annotations`.
const ANNOTATIONS: u32 = 4;

/// Whether an encoded `GrantExpandable` names an entitlement, which is what makes a grant an edge.
pub(crate) fn is_usable(expansion: &[u8]) -> bool {
    GrantExpandable::decode(expansion)
        .is_ok_and(|expandable| expandable.entitlement_ids.iter().any(|id| !id.trim().is_empty()))
}

/// What [`split`] makes of a grant.
pub(crate) struct Split {
    /// The grant without `GrantExpandable`.
    pub grant: Vec<u8>,
    /// The first `GrantExpandable` that names an entitlement.
    pub expansion: Option<Vec<u8>>,
}

/// Takes every `GrantExpandable` out of an encoded grant, whose other bytes stay as they are, fields of later versions
/// included. `None` if there is nothing to take out.
pub(crate) fn split(grant: &[u8]) -> Result<Option<Split>, DecodeError> {
    let mut split = Split { grant: Vec::new(), expansion: None };
    let mut any_found = false;
    let mut left = grant;
    while !left.is_empty() {
        let field = left;
        let (number, wire_type) = decode_key(&mut left)?;
        skip_field(wire_type, number, &mut left, DecodeContext::default())?;
        let field = &field[..field.len() - left.len()];
        match expandable(number, wire_type, field)? {
            Some(expansion) => {
                any_found = true;
                if split.expansion.is_none() && is_usable(&expansion) {
                    split.expansion = Some(expansion);
                }
            }
            None => split.grant.extend_from_slice(field),
        }
    }
    Ok(any_found.then_some(split))
}

/// The encoded `GrantExpandable` that a field of a grant holds, if it does.
fn expandable(number: u32, wire_type: WireType, mut field: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    if number != ANNOTATIONS || wire_type != WireType::LengthDelimited {
        return Ok(None);
    }
    decode_key(&mut field)?;
    let annotation = Any::decode_length_delimited(field)?;
    Ok(any::is::<GrantExpandable>(&annotation).then_some(annotation.value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use baton_proto::c1::connector::v2::{Grant, GrantImmutable, V1Identifier};
    use proptest::prelude::*;

    use super::*;

    fn expandable_to(ids: &[&str]) -> GrantExpandable {
        GrantExpandable { entitlement_ids: ids.iter().map(|&id| id.to_owned()).collect(), ..Default::default() }
    }

    #[test]
    fn the_annotation_is_cut_out_and_all_else_kept() {
        let expansion = expandable_to(&["group:g1:member"]);
        let others = [any::pack(&V1Identifier { id: "old".to_owned() }), any::pack(&GrantImmutable::default())];
        let mut grant = Grant { id: "g".to_owned(), annotations: others.to_vec(), ..Default::default() };
        let mut without = grant.encode_to_vec();
        grant.annotations.insert(1, any::pack(&expansion));
        let mut with = grant.encode_to_vec();
        // A field of a later version: number 100, text.
        let later = [0xA2, 0x06, 0x02, b'h', b'i'];
        without.extend_from_slice(&later);
        with.extend_from_slice(&later);
        let split = split(&with).unwrap().unwrap();
        assert_eq!(split.grant, without);
        assert_eq!(split.expansion.unwrap(), expansion.encode_to_vec());
    }

    #[test]
    fn blank_ids_make_no_edge() {
        for ids in [&[][..], &[""], &[" ", "\t"]] {
            let grant = Grant { annotations: vec![any::pack(&expandable_to(ids))], ..Default::default() };
            let split = split(&grant.encode_to_vec()).unwrap().unwrap();
            assert_eq!((split.grant, split.expansion), (Vec::new(), None));
        }
        let two = Grant {
            annotations: vec![any::pack(&expandable_to(&[""])), any::pack(&expandable_to(&["", "e"]))],
            ..Default::default()
        };
        let expansion = split(&two.encode_to_vec()).unwrap().unwrap().expansion.unwrap();
        assert_eq!(expansion, expandable_to(&["", "e"]).encode_to_vec());
    }

    #[test]
    fn plain_grants_are_left_alone() {
        let grant = Grant { id: "g".to_owned(), ..Default::default() };
        assert!(split(&grant.encode_to_vec()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = split(&bytes);
        }
    }
}
