//! What tells one sync from another, in forms that are stored and therefore never change.

use aws_lc_rs::digest::{SHA256, digest};
use baton_connector::{Options, Source};

/// Everything that must be the same for an interrupted sync to be carried on, and for its pages to be reused by another.
pub(crate) fn fingerprint(source: &dyn Source, options: &Options) -> String {
    format!("{}\n{}", source.fingerprint(), options.identity())
}

/// Sixteen characters that stand for `bytes` in the name of a file.
pub(crate) fn short_hash(bytes: &[u8]) -> String {
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
