//! Why a path is not used.

use std::io;

/// Why a path is not used. The texts go behind `cannot write <path>: ` and name the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A symbolic link stands there.
    #[error("it is a symbolic link, which is not followed here: name the place itself, or remove the link")]
    Link,
    /// A symbolic link of somebody else leads elsewhere.
    #[error("the symbolic link there belongs to another user (uid {uid}): name the file itself, or remove the link")]
    ForeignLink {
        /// Who owns the link.
        uid: u32,
    },
    /// It is a folder, a device, a FIFO or a socket.
    #[error("it is not a regular file: choose another place")]
    NotAFile,
    /// It is not a folder.
    #[error("it is not a folder: choose another place, or remove it")]
    NotAFolder,
    /// It belongs to somebody else.
    #[error("it belongs to another user (uid {uid}): choose another place, or remove it if nobody needs it")]
    ForeignOwner {
        /// Who owns it.
        uid: u32,
    },
    /// Somebody else may write it.
    #[error(
        "other users can write to it (mode {mode:04o}): choose another place, remove it, or, if its content can be \
         trusted, make it private with `chmod go-w`"
    )]
    OthersWrite {
        /// Its permission bits.
        mode: u32,
    },
}

impl Refusal {
    /// The refusal inside an error of this crate; `None` if the operating system refused.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refusal)
    }
}
