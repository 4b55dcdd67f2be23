//! What the program can be asked to do.

pub(crate) mod actions;
pub(crate) mod change;
pub(crate) mod completion;
pub(crate) mod describe;
pub(crate) mod events;
pub(crate) mod health_check;
pub(crate) mod read;
pub(crate) mod serve;
pub(crate) mod sync;

pub(crate) use describe::DESCRIBING;
pub(crate) use read::READING;
