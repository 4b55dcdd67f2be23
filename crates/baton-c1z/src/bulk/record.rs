//! SQLite's record format: how a row or an index key is stored in a cell (SQLite file format, 2.1).

use rusqlite::types::ValueRef;

/// Appends `value` in SQLite's variable-length form: big-endian, seven bits a byte, eight in the ninth.
#[inline]
pub(crate) fn varint(out: &mut Vec<u8>, value: u64) {
    match value {
        0..=0x7F => out.push(value as u8),
        0x80..=0x3FFF => out.extend_from_slice(&[(value >> 7) as u8 | 0x80, value as u8 & 0x7F]),
        _ => long_varint(out, value),
    }
}

fn long_varint(out: &mut Vec<u8>, value: u64) {
    if value > 0x00FF_FFFF_FFFF_FFFF {
        let mut bytes = [0; 9];
        bytes[8] = value as u8;
        let mut rest = value >> 8;
        for byte in bytes[..8].iter_mut().rev() {
            *byte = (rest & 0x7F) as u8 | 0x80;
            rest >>= 7;
        }
        out.extend_from_slice(&bytes);
        return;
    }
    let mut shift = 7 * (varint_len(value) - 1);
    while shift > 0 {
        out.push((value >> shift) as u8 & 0x7F | 0x80);
        shift -= 7;
    }
    out.push(value as u8 & 0x7F);
}

/// Number of bytes that [`varint`] appends.
pub(crate) fn varint_len(value: u64) -> u32 {
    if value > 0x00FF_FFFF_FFFF_FFFF {
        return 9;
    }
    (64 - (value | 1).leading_zeros()).div_ceil(7)
}

/// Appends the record of `values`.
pub(crate) fn record(out: &mut Vec<u8>, values: &[ValueRef<'_>]) {
    let start = out.len();
    // The length of the header counts the bytes that say it. Nearly always it is one, which is filled in behind.
    out.push(0);
    for value in values {
        varint(out, serial_type(*value));
    }
    match out.len() - start {
        length @ 0..=0x7F => out[start] = length as u8,
        length => {
            let length = length as u64 + 1;
            out.splice(start..=start, [(length >> 7) as u8 | 0x80, length as u8 & 0x7F]);
        }
    }
    for value in values {
        match *value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => {
                let bytes = number.to_be_bytes();
                out.extend_from_slice(&bytes[8 - integer_len(number)..]);
            }
            ValueRef::Real(number) => out.extend_from_slice(&number.to_be_bytes()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// The serial type: encodes type and length of a value.
pub(super) fn serial_type(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(0) => 8,
        ValueRef::Integer(1) => 9,
        ValueRef::Integer(number) => match integer_len(number) {
            6 => 5,
            8 => 6,
            bytes => bytes as u64,
        },
        ValueRef::Real(_) => 7,
        ValueRef::Blob(bytes) => 12 + 2 * bytes.len() as u64,
        ValueRef::Text(bytes) => 13 + 2 * bytes.len() as u64,
    }
}

/// Number of bytes in which an integer is stored; none for those that the type alone determines.
pub(super) fn integer_len(number: i64) -> usize {
    if number == 0 || number == 1 {
        return 0;
    }
    let magnitude = if number < 0 { !number } else { number };
    match 64 - magnitude.leading_zeros() + 1 {
        0..=8 => 1,
        9..=16 => 2,
        17..=24 => 3,
        25..=32 => 4,
        33..=48 => 6,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn varints_are_those_of_sqlite() {
        let encoded = |value| {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value) as usize);
            out
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(0x7F), [0x7F]);
        assert_eq!(encoded(0x80), [0x81, 0]);
        assert_eq!(encoded(0x3FFF), [0xFF, 0x7F]);
        assert_eq!(encoded(0x4000), [0x81, 0x80, 0]);
        assert_eq!(encoded(0x00FF_FFFF_FFFF_FFFF), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert_eq!(encoded(0x0100_0000_0000_0000), [0x80, 0xC0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]);
        assert_eq!(encoded(u64::MAX), [0xFF; 9]);
    }

    #[test]
    fn integers_take_as_few_bytes_as_possible() {
        for (number, bytes) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (-1, 1),
            (127, 1),
            (-128, 1),
            (128, 2),
            (32_768, 3),
            (1 << 23, 4),
            (1 << 31, 6),
            (1 << 47, 8),
            (i64::MIN, 8),
        ] {
            assert_eq!(integer_len(number), bytes, "{number}");
        }
    }
}
