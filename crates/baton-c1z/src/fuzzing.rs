//! What the fuzz targets call beside the public interface: the readers of files and pages that work without SQLite.

use std::path::Path;

use crate::bulk::{Outline, Packed};
use crate::connection;
use crate::envelope::{Limits, decode_in_parts};
use crate::error::Error;

pub use crate::bulk::{BothWays, grants_both_ways};

/// Makes the database of `c1z` at `db`, frame by frame; `false` if the file is not made for that.
///
/// # Errors
/// As [`decode`](crate::envelope::decode).
pub fn decode_frames(c1z: &Path, db: &Path, limits: &Limits) -> Result<bool, Error> {
    let Some(mut packed) = decode_in_parts(c1z, db, limits)? else { return Ok(false) };
    packed.restore()?;
    Ok(true)
}

/// Walks through all trees of a database, without SQLite; `None` if something of it is out of the ordinary.
#[must_use]
pub fn walk_trees(db: &Path) -> Option<()> {
    let mut packed = Packed::new(db);
    let mut outline = Outline::open(db, &mut packed)?;
    outline.restore(1)?;
    let connection = connection::open_read_only(db, db).ok()?;
    let mut roots = connection.prepare("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0").ok()?;
    let roots = roots.query_map([], |row| row.get(0)).ok()?.collect::<rusqlite::Result<Vec<u32>>>().ok()?;
    roots.into_iter().try_for_each(|root| outline.restore(root))
}
