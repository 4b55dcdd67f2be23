//! A database as a whole: its manifest, tables and logs read as one sorted map, and new databases written.

pub(crate) mod deletions;
pub(crate) mod logs;
pub(crate) mod reader;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod writer;
