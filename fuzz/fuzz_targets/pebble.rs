//! The files of a Pebble database: tables, manifests, logs. The first byte says which of them the rest is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pebble_format::sst::Table;
use pebble_format::{Database, Limits, MemoryFiles};

fuzz_target!(|data: &[u8]| {
    let Some((kind, content)) = data.split_first() else { return };
    let limits = Limits::default().with_block(1 << 20).with_total(8 << 20).with_range_deletions(1000);
    let content = content.to_vec();
    if kind % 3 == 0 {
        let Ok(table) = Table::open(content.into(), limits) else { return };
        let _ = table.range_deletions();
        let keys: Vec<_> = table.iter().map_while(Result::ok).map(|entry| entry.key).collect();
        assert!(keys.is_sorted());
        return;
    }
    let mut files = MemoryFiles::new();
    files.insert("marker.format-version.000001.024", "");
    if kind % 3 == 1 {
        files.insert("MANIFEST-000001", content);
    } else {
        let mut manifest = pebble_format::record::RecordWriter::new();
        manifest.add(&[3, 9, 4, 100]);
        files.insert("MANIFEST-000001", manifest.finish());
        files.insert("000002.log", content);
    }
    let Ok(database) = Database::open(&files, limits) else { return };
    let keys: Vec<_> = database.iter().map_while(Result::ok).map(|(key, _)| key).collect();
    assert!(keys.is_sorted());
});
