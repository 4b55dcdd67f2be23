//! How databases are opened.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{At, Doing, Error};

/// Memory for pages, and for each sorted run while an index is built, in KiB.
const CACHE_KIB: i64 = 8 << 10;

/// Bytes of a database page. The Go connector's files have SQLite's default of 4,096; every reader takes any size from
/// the header. Larger pages mean fewer reads, writes and page splits: with 1.4 million grants, writing and indexing cost
/// 5.4 s of CPU instead of 8.2 s, and the compressed file is 8 percent smaller. Beyond this size nothing more is won.
const PAGE_SIZE: u32 = 32 << 10;

/// Opens a fresh database for bulk writing, in the place of what stood there and readable by its owner only. It is thrown
/// away when anything fails and synced as a whole when it is sealed, so nothing is synced here. The journal is held in
/// memory, not off: a statement that fails, as the making of a unique index may, must leave the database as it was, and
/// pages that the transaction itself has added, which are nearly all, are not journaled anyway.
pub(crate) fn create(db: &Path) -> Result<Connection, Error> {
    // SQLite would let everybody read it. Files that it makes beside a database have the mode of that.
    private_fs::create(db).doing("replace", db)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags).at(db)?;
    connection.pragma_update(None, "page_size", PAGE_SIZE).at(db)?;
    tune(&connection).at(db)?;
    Ok(connection)
}

/// Opens a database that is being made again, after something else has written to it.
pub(crate) fn reopen(db: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags).at(db)?;
    tune(&connection).at(db)?;
    Ok(connection)
}

/// Opens `db`, a private copy of a database that somebody else wrote, to be migrated: nothing that its schema smuggles in is
/// run, and a write-ahead log in its header is turned back into a rollback journal. Errors speak of `file`.
pub(crate) fn open_copy(db: &Path, file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags).at(file)?;
    distrust(&connection).at(file)?;
    tune(&connection).at(file)?;
    Ok(connection)
}

/// Opens a migrated copy for reading.
pub(crate) fn open_read_only(db: &Path, file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags).at(file)?;
    distrust(&connection).at(file)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).at(file)?;
    Ok(connection)
}

/// Triggers, views and functions of a foreign schema have no business in a `.c1z`.
pub(crate) fn distrust(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    // Index building sorts in runs as large as the cache and keeps them in files.
    connection.pragma_update(None, "temp_store", "FILE")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)
}
