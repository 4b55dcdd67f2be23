//! Bounded reading of integers and byte strings.

use crate::error::{Error, Result, corrupt};

/// A position in a byte slice. Every read is checked against the end.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    what: &'static str,
    data: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    /// Starts at the first byte. `what` names the structure in errors.
    pub(crate) fn new(what: &'static str, data: &'a [u8]) -> Self {
        Self { what, data, at: 0 }
    }

    /// Moves to `at`.
    pub(crate) fn at(what: &'static str, data: &'a [u8], at: usize) -> Result<Self> {
        if at > data.len() { Err(corrupt(what, at, "points behind the end")) } else { Ok(Self { what, data, at }) }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.data.len()
    }

    /// The error for a malformed field that ends here.
    pub(crate) fn fail(&self, problem: &'static str) -> Error {
        corrupt(self.what, self.at, problem)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(len).ok_or_else(|| self.fail("a length is too large"))?;
        let taken = self.data.get(self.at..end).ok_or_else(|| self.fail("is cut off"))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.fail("is cut off"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn uvarint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.fail("a variable-length number is above 64 bits"))
    }

    /// A uvarint that counts bytes in memory.
    pub(crate) fn length(&mut self) -> Result<usize> {
        usize::try_from(self.uvarint()?).map_err(|_| self.fail("a length is too large"))
    }

    /// A byte string after its length.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8]> {
        let len = self.length()?;
        self.take(len)
    }
}

/// Appends `value` as a uvarint.
pub(crate) fn put_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `bytes` after their length.
pub(crate) fn put_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uvarint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn uvarints_round_trip() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            put_uvarint(&mut out, value);
            let mut input = Input::new("number", &out);
            assert_eq!(input.uvarint().unwrap(), value);
            assert!(input.is_empty());
        }
    }

    #[test]
    fn too_long_or_cut_off_numbers_are_errors() {
        assert!(Input::new("number", &[0xff; 11]).uvarint().is_err());
        let mut above = [0xff_u8; 10];
        above[9] = 2;
        assert!(Input::new("number", &above).uvarint().is_err());
        assert!(Input::new("number", &[0x80]).uvarint().is_err());
        assert!(Input::new("bytes", &[5, 1, 2]).prefixed().is_err());
    }
}
