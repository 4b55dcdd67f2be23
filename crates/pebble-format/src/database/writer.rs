//! Writes a new database.

use crate::error::{Error, Result};
use crate::files::Sink;
use crate::manifest::edit::{Edit, NewTable};
use crate::names;
use crate::options::{self, Options};
use crate::record::RecordWriter;
use crate::sst::writer::{Writer, WriterOptions};

/// The level of all tables: the last one, which has the oldest data.
const LEVEL: u8 = 6;
const MANIFEST: u64 = 1;
/// Pebble's first sequence number is 10; those below are for its own use.
const LAST_SEQUENCE: u64 = 10;

/// How a [`DatabaseWriter`] writes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseOptions {
    /// How tables are packed.
    pub tables: WriterOptions,
    /// Bytes after which a table ends. 64 MiB by default.
    pub table_size: u64,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { tables: WriterOptions::default(), table_size: 64 << 20 }
    }
}

impl DatabaseOptions {
    /// Sets how tables are packed.
    #[must_use]
    pub fn with_tables(mut self, options: WriterOptions) -> Self {
        self.tables = options;
        self
    }

    /// Sets the bytes after which a table ends.
    #[must_use]
    pub fn with_table_size(mut self, bytes: u64) -> Self {
        self.table_size = bytes;
        self
    }
}

/// Writes a new database of sorted keys.
///
/// The tables do not overlap and need no log. The markers come last, so that a directory that was not finished is no
/// database.
#[derive(Debug)]
pub struct DatabaseWriter<S: Sink> {
    sink: S,
    options: DatabaseOptions,
    current: Option<(u64, Writer<S::File>)>,
    tables: Vec<NewTable>,
    next_file: u64,
    last: Option<Vec<u8>>,
    entries: u64,
}

impl<S: Sink> DatabaseWriter<S> {
    /// Starts a database in a directory without files.
    #[must_use]
    pub fn new(sink: S, options: DatabaseOptions) -> Self {
        Self { sink, options, current: None, tables: Vec::new(), next_file: MANIFEST + 1, last: None, entries: 0 }
    }

    /// Appends a key, which is above all those before it.
    ///
    /// # Errors
    ///
    /// Fails if the key is not above the one before it, or cannot be written.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if self.last.as_deref().is_some_and(|last| key <= last) {
            return Err(Error::Order { index: self.entries });
        }
        if self.current.is_none() {
            let number = self.take_number();
            let file = self.sink.create(&names::table(number))?;
            self.current = Some((number, Writer::new(file, self.options.tables.clone())));
        }
        if let Some((_, writer)) = &mut self.current {
            writer.put(key, value)?;
            if writer.written() >= self.options.table_size {
                self.end_table()?;
            }
        }
        self.entries = self.entries.saturating_add(1);
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        Ok(())
    }

    fn take_number(&mut self) -> u64 {
        let number = self.next_file;
        self.next_file = number.saturating_add(1);
        number
    }

    fn end_table(&mut self) -> Result<()> {
        let Some((number, writer)) = self.current.take() else { return Ok(()) };
        let (file, summary) = writer.finish()?;
        self.sink.complete(&names::table(number), file)?;
        let table = NewTable::new(number, summary.size, summary.smallest, summary.largest);
        self.tables.push(table.with_sequences(summary.smallest_sequence, summary.largest_sequence));
        Ok(())
    }

    /// Ends the database, and returns where it was written to.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written.
    pub fn finish(mut self) -> Result<S> {
        self.end_table()?;
        let options = names::options(self.take_number());
        write(&mut self.sink, &options, Options::for_new_database().as_bytes())?;
        let edit = Edit {
            comparer: Some(options::COMPARER.as_bytes().to_vec()),
            next_file: Some(self.next_file),
            last_sequence: Some(LAST_SEQUENCE),
            added: std::mem::take(&mut self.tables).into_iter().map(|table| (LEVEL, table)).collect(),
            ..Edit::default()
        };
        let mut records = RecordWriter::new();
        records.add(&edit.encode());
        let manifest = names::manifest(MANIFEST);
        write(&mut self.sink, &manifest, &records.finish())?;
        let format = format!("{:03}", names::FORMAT_VERSIONS.end());
        for (kind, value) in [(names::MANIFEST_MARKER, manifest.as_str()), (names::FORMAT_MARKER, &format)] {
            write(&mut self.sink, &names::marker(kind, value), &[])?;
        }
        Ok(self.sink)
    }
}

fn write<S: Sink>(sink: &mut S, name: &str, content: &[u8]) -> Result<()> {
    let mut file = sink.create(name)?;
    std::io::Write::write_all(&mut file, content)?;
    Ok(sink.complete(name, file)?)
}
