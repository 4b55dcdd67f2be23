//! Tests of the crate from outside.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod hostile;
mod logs;
mod plain_reader;
mod sample;
mod writing;
