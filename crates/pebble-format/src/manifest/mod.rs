//! Manifests (`MANIFEST-NNNNNN`): the edits that lead to the live tables of a database.
//!
//! `docs/spec/c1z-format.md` 8.4 describes the encoding.

pub(crate) mod edit;
pub(crate) mod read_edit;
pub(crate) mod version;

pub use edit::{Edit, NewTable};
pub use version::Version;
