//! Files: written, read, damaged, older ones, those of others.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod builder;
mod damage;
mod envelope;
mod hostile;
mod older_files;
mod packed;
mod sample;
mod support;
