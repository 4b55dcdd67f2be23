//! Files and folders that only their owner can use, opened without trusting what stands at a path.
//!
//! Working data names every user of an org and their access, and a program that runs as root or for weeks opens it by
//! names that others can guess. So a folder is private from its creation on, and a path is only used when what stands
//! there
//!
//! - is a regular file or a folder, never a device or a FIFO, whose opening may block or have effects,
//! - is not reached through a symbolic link in its last component,
//! - belongs to the user that the process runs as,
//! - cannot be written by others.
//!
//! Anything else is refused with a [`Refusal`] inside the `io::Error`. The check happens on what was opened, not on the
//! path before, and nothing is truncated: a file that has to be empty is made anew.
//!
//! | function | for |
//! |---|---|
//! | [`private_folder`], [`check_entries`] | folders of working data |
//! | [`create`], [`open`], [`read`] | the files in them, and log files |
//! | [`temp_folder`] | folders that go away |
//! | [`follow`], [`Kept`] | files that are replaced as a whole |
//!
//! A file that the operator names to be read is none of these: it may be a pipe, and belong to anybody.
//!
//! Owners and modes are those of Unix. On other systems these checks do not apply.

mod entry;
mod refusal;
mod replaced;
#[cfg(test)]
mod tests;

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "other.rs"]
mod system;

pub use entry::{check_entries, create, open, private_folder, read, temp_folder};
pub use refusal::Refusal;
pub use replaced::{Kept, follow};
