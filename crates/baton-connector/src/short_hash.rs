//! Short names for long values, in a form that is stored and therefore never changes.

use aws_lc_rs::digest::{SHA256, digest};

/// The first eight bytes of the SHA-256 of `bytes`, as sixteen hexadecimal digits.
///
/// It names a value in file names and in stored identities, without revealing the value.
#[must_use]
pub fn short_hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_every_release() {
        assert_eq!(short_hash(b""), "e3b0c44298fc1c14");
        assert_eq!(short_hash(b"/var/lib/baton/sync.c1z"), "7f9b9df79bad3604");
    }
}
