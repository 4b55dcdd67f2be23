//! The protobuf binary form, cut into fields; and put together again.

/// The value of one field as it stands in the bytes.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl Raw<'_> {
    /// Whether this is the value that is understood when the field is missing.
    pub(super) fn is_zero(self) -> bool {
        match self {
            Self::Varint(v) | Self::Fixed64(v) => v == 0,
            Self::Fixed32(v) => v == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }
}

/// The bytes are no message, or one with groups, which none of our messages has.
#[derive(Debug)]
pub(super) struct Damaged;

/// Walks over the fields of a message.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field's number and value.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Raw<'a>)>, Damaged> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = take_varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).map_err(|_| Damaged)?;
        let value = match key & 7 {
            0 => Raw::Varint(take_varint(&mut self.0)?),
            1 => Raw::Fixed64(u64::from_le_bytes(take_array(&mut self.0)?)),
            2 => {
                let length = usize::try_from(take_varint(&mut self.0)?).map_err(|_| Damaged)?;
                let (value, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
                self.0 = rest;
                Raw::Bytes(value)
            }
            5 => Raw::Fixed32(u32::from_le_bytes(take_array(&mut self.0)?)),
            _ => return Err(Damaged),
        };
        if number == 0 { Err(Damaged) } else { Ok(Some((number, value))) }
    }
}

/// Takes a variable-length integer from the front.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Damaged)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Damaged)
}

/// Takes a fixed number of bytes from the front.
pub(super) fn take_array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (&value, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
    *bytes = rest;
    Ok(value)
}

/// Appends a variable-length integer.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length-delimited field.
pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// The signed integer behind a zigzag-coded one (`sint32`, `sint64`).
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The zigzag code of a signed integer.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
