//! Secrets where other users of the machine can read them: on the command line, and in files.
//!
//! The run goes on: a warning tells the operator what to change.

use std::path::Path;

use crate::config_file::ConfigFile;
use crate::field::{Field, Hint};

/// The warnings about a secret that was set. `flag`: it stands on the command line.
pub(crate) fn of_secret(field: &Field, value: &str, flag: bool) -> Option<String> {
    let file = Some(Path::new(value)).filter(|path| field.hint == Hint::File && path.is_file());
    match file {
        // Its name is not shown: as the value of a secret, it is masked in every text.
        Some(path) if is_open(path) => Some(format!(
            "the file that --{} names can be read by every user of this machine: protect it with chmod 600",
            field.name
        )),
        Some(_) => None,
        None if flag => Some(format!(
            "--{} puts a secret on the command line, where every user of this machine can read it: set {} instead",
            field.name,
            field.env()
        )),
        None => None,
    }
}

/// The warning about a configuration file that holds one of the secrets among `fields`.
pub(crate) fn of_config_file(fields: &[Field], file: &ConfigFile) -> Option<String> {
    let path = file.path.as_deref()?;
    let secret = fields.iter().filter(|field| field.secret);
    let key = secret.flat_map(Field::names).find(|name| file.entries.contains_key(*name))?;
    is_open(path).then(|| {
        format!(
            "{}, which holds the secret {key}, can be read by every user of this machine: chmod 600 {0}",
            path.display()
        )
    })
}

/// Whether every user of the machine may read the file, as far as its own mode says.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
