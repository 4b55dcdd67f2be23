//! The envelope of a `.c1z` file: unpacked within its limits, as a whole and frame by frame to the same database, or refused
//! with nothing left behind.
#![no_main]

use baton_c1z::Error;
use baton_c1z::envelope::{Limits, decode, detect};
use baton_c1z::fuzzing::decode_frames;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_decoded_bytes: 4 << 20, max_window_log: 21, trust_declared_size: true };

fuzz_target!(|data: &[u8]| {
    let (file, db) = fuzz::file(data);
    let _ = detect(&file);
    let decoded = decode(&file, &db, &LIMITS);
    let whole = std::fs::read(&db);
    match &decoded {
        Ok(()) => assert!(whole.as_ref().is_ok_and(|whole| whole.len() as u64 <= LIMITS.max_decoded_bytes)),
        Err(_) => assert!(whole.is_err(), "something is left of a failed attempt"),
    }
    let _ = std::fs::remove_file(&db);
    match decode_frames(&file, &db, &LIMITS) {
        // A frame that is unpacked at once needs no window, whatever it asks for.
        Ok(true) if matches!(decoded, Err(Error::Window { .. })) => {}
        Ok(true) => assert_eq!(std::fs::read(&db).ok(), whole.ok(), "{decoded:?}"),
        Ok(false) => {}
        Err(error) => assert!(decoded.is_err(), "{error}"),
    }
});
