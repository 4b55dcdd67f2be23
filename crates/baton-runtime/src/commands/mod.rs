//! What the program can be asked to do.

pub(crate) mod completion;
pub(crate) mod read;
pub(crate) mod sync;

pub(crate) use read::READING;
