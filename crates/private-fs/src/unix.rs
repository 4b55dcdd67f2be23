//! Owners, modes and open flags of Unix.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use crate::Refusal;

/// Permission bits that let group and others write.
const OTHERS_WRITE: u32 = 0o022;
/// All permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Mode of new files.
const FILE: u32 = 0o600;
/// Mode of new folders.
const FOLDER: u32 = 0o700;

/// Uid of the user that the process acts as.
fn euid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Only the process's user may own it, and only they may write it.
pub(crate) fn check_owner(meta: &Metadata) -> Result<(), Refusal> {
    if meta.uid() != euid() {
        return Err(Refusal::ForeignOwner { uid: meta.uid() });
    }
    let mode = meta.mode() & 0o7777;
    if mode & OTHERS_WRITE != 0 { Err(Refusal::OthersWrite { mode }) } else { Ok(()) }
}

/// The process's user or root may own it: root can change everything anyway.
pub(crate) fn check_trusted_owner(meta: &Metadata) -> Result<(), Refusal> {
    if is_trusted(meta.uid()) { Ok(()) } else { Err(Refusal::ForeignOwner { uid: meta.uid() }) }
}

/// The owner of a link that is followed may also be that of the folder that it stands in, who decides what stands there.
/// This is the rule of Linux's `protected_symlinks`, in every folder.
pub(crate) fn check_link(link: &Metadata, folder: &Metadata) -> Result<(), Refusal> {
    let uid = link.uid();
    if is_trusted(uid) || uid == folder.uid() { Ok(()) } else { Err(Refusal::ForeignLink { uid }) }
}

fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == euid()
}

/// Has `open` neither follow a link nor wait, and make new files private.
pub(crate) fn careful(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(FILE).custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY))
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

/// Creates a folder with mode 0700.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER).create(path)
}

/// Opens a folder that stands there already, checks it, and takes group's and others' rights away.
pub(crate) fn secure_folder(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::DIRECTORY));
    let folder = options.open(path)?;
    let meta = folder.metadata()?;
    check_owner(&meta)?;
    if meta.mode() & OTHERS != 0 { folder.set_permissions(Permissions::from_mode(FOLDER)) } else { Ok(()) }
}

/// Takes group's and others' rights from a checked file in a checked folder, where nobody can put another in its place.
pub(crate) fn secure_file(path: &Path, meta: &Metadata) -> io::Result<()> {
    if meta.mode() & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(meta.mode() & 0o700))
}

/// Permissions for new temporary folders.
pub(crate) fn private(builder: &mut tempfile::Builder<'_, '_>) {
    builder.permissions(Permissions::from_mode(FOLDER));
}

/// Mode and group of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    mode: u32,
    gid: u32,
}

impl Access {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self { mode: meta.mode() & 0o777, gid: meta.gid() }
    }

    /// Gives them to `file`. The rights of a group that the process may not give stay with nobody.
    pub(crate) fn give(self, file: &File) -> io::Result<()> {
        let same_group = file.metadata()?.gid() == self.gid;
        let keeps_group = same_group || std::os::unix::fs::fchown(file, None, Some(self.gid)).is_ok();
        let mode = if keeps_group { self.mode } else { self.mode & !0o070 };
        file.set_permissions(Permissions::from_mode(mode))
    }
}
