//! What distinguishes one sync from another, in forms that are stored and therefore never change.

use baton_connector::{Options, Source};

/// The version of this program, for what only the same one may read again.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Everything that must be the same for an interrupted sync to be carried on, and for its pages to be reused by another.
pub(crate) fn fingerprint(source: &dyn Source, options: &Options) -> String {
    format!("{}\n{}", source.fingerprint(), options.identity())
}
