//! What the fuzz targets call beside the public interface: the written forms of the configuration.

use crate::config_file;
use crate::value;

/// Reads a configuration file; gives the number of its entries.
///
/// # Errors
/// It is none. The text does not repeat any of it.
pub fn config_file(text: &str) -> Result<usize, String> {
    config_file::parse(text).map(|entries| entries.len())
}

/// Reads a list as operators write it.
///
/// # Errors
/// Its quotes do not pair up.
pub fn list(text: &str) -> Result<Vec<String>, String> {
    value::list(text)
}
