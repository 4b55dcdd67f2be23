//! Blocks, the parts of a table: how they lie in a file, and the two ways rows are packed in them.
//!
//! Tables up to format v4 pack rows one after another ([`row`]); since v5 they pack columns ([`column`], [`columnar`]).

pub(crate) mod column;
pub(crate) mod columnar;
pub(crate) mod columnar_rows;
pub(crate) mod physical;
pub(crate) mod row;
pub(crate) mod row_writer;
