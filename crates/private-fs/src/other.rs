//! Systems without Unix's owners and modes: only the kinds of files are looked at.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

use crate::Refusal;

pub(crate) fn check_owner(_: &Metadata) -> Result<(), Refusal> {
    Ok(())
}

pub(crate) fn check_trusted_owner(_: &Metadata) -> Result<(), Refusal> {
    Ok(())
}

pub(crate) fn check_link(_: &Metadata, _: &Metadata) -> Result<(), Refusal> {
    Ok(())
}

pub(crate) fn careful(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(crate) fn secure_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn secure_file(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

pub(crate) fn private(_: &mut tempfile::Builder<'_, '_>) {}

/// The permissions of a file.
#[derive(Debug, Clone)]
pub(crate) struct Access(Permissions);

impl Access {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self(meta.permissions())
    }

    pub(crate) fn give(self, file: &File) -> io::Result<()> {
        file.set_permissions(self.0)
    }
}
