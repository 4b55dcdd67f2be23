//! The names of the files of a database.

use crate::error::{Error, Result};

/// Format versions of a database directory that are supported. Older ones may have features that are gone, newer ones
/// features that are unknown.
pub(crate) const FORMAT_VERSIONS: std::ops::RangeInclusive<u64> = 13..=24;
/// The kind of marker that names the format version.
pub(crate) const FORMAT_MARKER: &str = "format-version";
/// The kind of marker that names the live manifest.
pub(crate) const MANIFEST_MARKER: &str = "manifest";
const MANIFEST: &str = "MANIFEST-";
const OPTIONS: &str = "OPTIONS-";

pub(crate) fn table(number: u64) -> String {
    format!("{number:06}.sst")
}

pub(crate) fn manifest(number: u64) -> String {
    format!("{MANIFEST}{number:06}")
}

pub(crate) fn options(number: u64) -> String {
    format!("{OPTIONS}{number:06}")
}

/// Name of the first marker of a kind.
pub(crate) fn marker(kind: &str, value: &str) -> String {
    format!("marker.{kind}.000001.{value}")
}

fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The value of the newest marker of a kind: the one with the highest iteration.
///
/// Markers are empty files whose names say everything, `marker.<kind>.<iteration>.<value>`: a new one takes effect with
/// the creation of its file.
#[must_use]
pub fn newest_marker<'a>(names: &'a [String], kind: &str) -> Option<&'a str> {
    let markers = names.iter().filter_map(|name| {
        let rest = name.strip_prefix("marker.")?.strip_prefix(kind)?.strip_prefix('.')?;
        let (iteration, value) = rest.split_once('.')?;
        Some((digits(iteration)?, value))
    });
    markers.max_by_key(|(iteration, _)| *iteration).map(|(_, value)| value)
}

/// Checks that the format version of a directory is supported.
pub(crate) fn check_format(names: &[String]) -> Result<()> {
    let value =
        newest_marker(names, FORMAT_MARKER).ok_or_else(|| Error::Missing("the format-version marker".to_owned()))?;
    match digits(value) {
        Some(version) if FORMAT_VERSIONS.contains(&version) => Ok(()),
        _ => Err(Error::Unsupported { what: "the format version of the database", detail: value.to_owned() }),
    }
}

/// Name of the live manifest: what the marker says, or the only manifest there is.
pub(crate) fn live_manifest(names: &[String]) -> Result<&str> {
    if let Some(name) = newest_marker(names, MANIFEST_MARKER) {
        let found = names.iter().find(|found| *found == name && found.starts_with(MANIFEST));
        return found.map(String::as_str).ok_or_else(|| Error::Missing(name.to_owned()));
    }
    let mut manifests = names.iter().filter(|name| name.starts_with(MANIFEST));
    match (manifests.next(), manifests.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Error::Missing("the manifest".to_owned())),
        (Some(_), Some(_)) => Err(Error::Missing("the marker that names the live manifest".to_owned())),
    }
}

/// Name of the newest options file.
pub(crate) fn newest_options(names: &[String]) -> Option<&str> {
    let found = names.iter().filter_map(|name| Some((digits(name.strip_prefix(OPTIONS)?)?, name)));
    found.max_by_key(|(number, _)| *number).map(|(_, name)| name.as_str())
}

/// Numbers and names of the logs from `oldest` on, in order.
pub(crate) fn logs(names: &[String], oldest: u64) -> Vec<(u64, &str)> {
    let found = names.iter().filter_map(|name| Some((digits(name.strip_suffix(".log")?)?, name.as_str())));
    let mut logs: Vec<_> = found.filter(|(number, _)| *number >= oldest).collect();
    logs.sort_unstable();
    logs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_newest_marker_counts() {
        let names = names(&[
            "marker.format-version.000009.018",
            "marker.format-version.000010.024",
            "marker.manifest.000002.MANIFEST-000005",
            "marker.manifest.x.MANIFEST-000009",
            "MANIFEST-000001",
            "MANIFEST-000005",
        ]);
        assert_eq!(newest_marker(&names, FORMAT_MARKER), Some("024"));
        assert_eq!(live_manifest(&names).unwrap(), "MANIFEST-000005");
        check_format(&names).unwrap();
    }

    #[test]
    fn a_lone_manifest_needs_no_marker() {
        assert_eq!(live_manifest(&names(&["MANIFEST-000003"])).unwrap(), "MANIFEST-000003");
        assert!(live_manifest(&names(&["MANIFEST-000003", "MANIFEST-000004"])).is_err());
        assert!(live_manifest(&names(&["marker.manifest.000001.MANIFEST-000002", "MANIFEST-000003"])).is_err());
        assert!(live_manifest(&names(&["marker.manifest.000001.000003.log", "000003.log"])).is_err());
        assert!(live_manifest(&[]).is_err());
    }

    #[test]
    fn other_format_versions_are_refused() {
        for version in ["012", "025", "", "x", "-13", "99999999999999999999"] {
            assert!(check_format(&names(&[&marker(FORMAT_MARKER, version)])).is_err(), "{version}");
        }
        assert!(check_format(&[]).is_err());
    }

    #[test]
    fn logs_come_in_order_of_their_numbers() {
        let names = names(&["1000000.log", "000009.log", "000002.log", "000010.log", "000010.sst", "+00011.log"]);
        assert_eq!(logs(&names, 9).iter().map(|(number, _)| *number).collect::<Vec<_>>(), [9, 10, 1_000_000]);
        assert_eq!(newest_options(&names), None);
    }
}
