//! What is noted of a sync besides what other readers know: rows of `v1_connector_sessions`, the scratch space of connectors,
//! which readers ignore (c1z-format facts, 3.7 and 4.10).

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::builder::Builder;
use crate::error::{At, Error};
use crate::previous_file::PreviousFile;
use crate::reader::Reader;

const SYSTEM: &str = "sync-metadata/system";
const INCREMENTAL: &str = "sync-metadata/incremental";

/// The keys of these rows. Other rows of the table belong to connectors and do not outlive their sync.
pub(crate) const KEYS: [&str; 2] = [SYSTEM, INCREMENTAL];

/// The system that a sync has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemId {
    /// Its own id, which no other system of this kind has; empty if it is not known.
    pub id: String,
    /// The host name under which it was read, with the port unless that is the usual one.
    pub host: String,
}

impl SystemId {
    /// Whether this is certainly another system than `other`: both ids are known and differ. Host names prove nothing,
    /// because a system may have several.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        !self.id.is_empty() && !other.id.is_empty() && self.id != other.id
    }
}

/// The host name, and the id where it is known.
impl std::fmt::Display for SystemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.id.as_str() {
            "" => f.write_str(&self.host),
            id => write!(f, "{} ({id})", self.host),
        }
    }
}

impl Builder {
    /// Notes which system the open sync has read; once a sync.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] without an open sync; the database cannot be written.
    pub fn put_system(&mut self, system: &SystemId) -> Result<(), Error> {
        // Texts always have a JSON form.
        self.put_session(SYSTEM, &serde_json::to_vec(system).unwrap_or_default())
    }

    /// Notes as JSON what the open sync has read and what it has reused; once a sync.
    ///
    /// # Errors
    /// As [`put_system`](Self::put_system).
    pub fn put_incremental(&mut self, json: &str) -> Result<(), Error> {
        self.put_session(INCREMENTAL, json.as_bytes())
    }
}

impl Reader {
    /// The system that a sync has read; `None` if its writer has not noted it, as only ours does.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn system(&self, sync: &str) -> Result<Option<SystemId>, Error> {
        Ok(self.session(sync, SYSTEM)?.and_then(|noted| serde_json::from_slice(&noted).ok()))
    }

    /// What a sync has read and what it has reused, as JSON; `None` if its writer has not noted it, as only ours does.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn incremental(&self, sync: &str) -> Result<Option<String>, Error> {
        Ok(self.session(sync, INCREMENTAL)?.and_then(|noted| String::from_utf8(noted).ok()))
    }

    fn session(&self, sync: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let query = "SELECT CAST(value AS BLOB) FROM v1_connector_sessions WHERE sync_id = ? AND key = ?";
        self.connection.query_row(query, params![sync, key], |row| row.get(0)).optional().at(&self.path)
    }
}

impl PreviousFile {
    /// As [`Reader::system`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn system(&self, sync: &str) -> Result<Option<SystemId>, Error> {
        self.outline()?.system(sync)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &str, host: &str) -> SystemId {
        SystemId { id: id.to_owned(), host: host.to_owned() }
    }

    #[test]
    fn systems_differ_by_their_ids() {
        let one = system("00o1", "one.okta.com");
        assert!(one.differs_from(&system("00o2", "one.okta.com")));
        for same in [system("00o1", "id.example.com"), system("", "two.okta.com")] {
            assert!(!one.differs_from(&same) && !same.differs_from(&one), "{same}");
        }
    }
}
