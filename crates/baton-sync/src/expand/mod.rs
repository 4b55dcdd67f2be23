//! Grant expansion (`docs/spec/c1z-format.md` 15): whoever holds one entitlement also holds another, because a grant
//! says so.
//!
//! Works on finished tables, entitlement by entitlement in the order of [`graph`], a bounded number of rows at a time. As a
//! rule these are not those of the new file but hold only the grants that it is about ([`expansion_db`]).

mod expansion_db;
mod graph;
mod propagate;

pub(crate) use expansion_db::{ExpansionDb, Related};
pub(crate) use propagate::expand;
