//! Internal keys: a user key with its sequence number and kind.

use crate::error::{Error, Result, corrupt};

/// The largest sequence number.
pub const MAX_SEQUENCE: u64 = (1 << 56) - 1;

/// What an entry does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Deletes the key.
    Delete,
    /// Sets the key.
    Set,
    /// Deletes the key, which was set once.
    SingleDelete,
    /// Deletes the keys from this one up to, and without, the one in the value.
    RangeDelete,
    /// Sets the key; an older entry of the key may be a deletion.
    SetWithDelete,
    /// Deletes the key; the value holds the size of what is deleted.
    DeleteSized,
}

impl Kind {
    /// The kind with this number.
    pub(crate) fn from_id(id: u8) -> Result<Self> {
        Ok(match id {
            0 => Self::Delete,
            1 => Self::Set,
            7 => Self::SingleDelete,
            15 => Self::RangeDelete,
            18 => Self::SetWithDelete,
            23 => Self::DeleteSized,
            other => {
                let detail = match other {
                    2 => "MERGE (2)".to_owned(),
                    19..=21 => format!("a range key ({other})"),
                    22 => "INGEST (22)".to_owned(),
                    24 => "EXCISE (24)".to_owned(),
                    _ => other.to_string(),
                };
                return Err(Error::Unsupported { what: "an entry's kind", detail });
            }
        })
    }

    fn id(self) -> u8 {
        match self {
            Self::Delete => 0,
            Self::Set => 1,
            Self::SingleDelete => 7,
            Self::RangeDelete => 15,
            Self::SetWithDelete => 18,
            Self::DeleteSized => 23,
        }
    }

    /// Whether the entry gives its key a value.
    #[must_use]
    pub fn is_set(self) -> bool {
        matches!(self, Self::Set | Self::SetWithDelete)
    }
}

/// Sequence number and kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The sequence number: of two entries of a key, the one with the higher number counts.
    pub sequence: u64,
    /// What the entry does.
    pub kind: Kind,
}

impl Trailer {
    /// Reads the number `sequence << 8 | kind`.
    pub(crate) fn from_raw(raw: u64) -> Result<Self> {
        Ok(Self { sequence: raw >> 8, kind: Kind::from_id((raw & 0xff) as u8)? })
    }

    /// The number `sequence << 8 | kind`: entries of one key are stored in descending order of it.
    pub(crate) fn raw(self) -> u64 {
        self.sequence << 8 | u64::from(self.kind.id())
    }
}

/// Splits an encoded internal key into user key and trailer.
pub(crate) fn split(key: &[u8]) -> Result<(&[u8], u64)> {
    let (user, trailer) =
        key.split_last_chunk::<8>().ok_or_else(|| corrupt("internal key", key.len(), "is cut off"))?;
    Ok((user, u64::from_le_bytes(*trailer)))
}

/// Appends an internal key.
pub(crate) fn put(out: &mut Vec<u8>, user: &[u8], trailer: Trailer) {
    out.extend_from_slice(user);
    out.extend_from_slice(&trailer.raw().to_le_bytes());
}

/// An internal key, from a user key and the raw form of its trailer.
pub(crate) fn encoded(user: &[u8], raw: u64) -> Vec<u8> {
    [user, &raw.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn keys_round_trip() {
        for kind in [0, 1, 7, 15, 18, 23].map(|id| Kind::from_id(id).unwrap()) {
            let mut out = Vec::new();
            let trailer = Trailer { sequence: MAX_SEQUENCE, kind };
            put(&mut out, b"key", trailer);
            let (user, raw) = split(&out).unwrap();
            assert_eq!((user, Trailer::from_raw(raw).unwrap()), (&b"key"[..], trailer));
        }
    }

    #[test]
    fn unknown_kinds_and_short_keys_are_errors() {
        for id in [2, 3, 16, 19, 22, 24, 255] {
            assert!(matches!(Kind::from_id(id), Err(Error::Unsupported { .. })), "{id}");
        }
        assert!(split(b"1234567").is_err());
    }
}
