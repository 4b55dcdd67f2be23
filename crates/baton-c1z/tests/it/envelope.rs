//! Which shells are accepted and which refused: the variants of `docs/spec/c1z-format.md` 2.4.

use std::io::Write;
use std::path::PathBuf;

use baton_c1z::envelope::{Limits, decode, seal};
use baton_c1z::{Error, Reader};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support;

const MARK: &[u8] = b"C1ZF\0";
/// A skippable frame of three bytes.
const SKIPPABLE: &[u8] = b"\x50\x2A\x4D\x18\x03\x00\x00\x00abc";

struct Case {
    dir: TempDir,
    file: PathBuf,
}

impl Case {
    fn new(bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("case.c1z");
        std::fs::write(&file, bytes).unwrap();
        Self { dir, file }
    }

    fn from_parts(parts: &[&[u8]]) -> Self {
        Self::new(&[&[MARK], parts].concat().concat())
    }

    fn decode_with(&self, limits: &Limits) -> Result<Vec<u8>, Error> {
        let db = self.dir.path().join("db");
        let result = decode(&self.file, &db, limits);
        assert_eq!(db.exists(), result.is_ok(), "a failed decode leaves nothing");
        result.map(|()| std::fs::read(&db).unwrap())
    }

    fn decode(&self) -> Result<Vec<u8>, Error> {
        self.decode_with(&Limits::default())
    }

    fn reason(&self) -> String {
        self.decode().unwrap_err().to_string()
    }
}

/// Half a megabyte that is neither all the same nor without pattern.
fn content() -> Vec<u8> {
    (0..131_072_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 12 & 0xFFFF).to_le_bytes()).collect()
}

struct Frame {
    level: i32,
    size: bool,
    checksum: bool,
    window_log: Option<u32>,
}

impl Default for Frame {
    fn default() -> Self {
        Self { level: 3, size: true, checksum: true, window_log: None }
    }
}

impl Frame {
    fn pack(&self, content: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), self.level).unwrap();
        encoder.include_checksum(self.checksum).unwrap();
        if self.size {
            encoder.set_pledged_src_size(Some(content.len() as u64)).unwrap();
        }
        if let Some(window_log) = self.window_log {
            encoder.window_log(window_log).unwrap();
        }
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }
}

#[test]
fn accepted_frames() {
    let content = content();
    let frames = [
        Frame::default(),
        Frame { size: false, ..Frame::default() },
        Frame { checksum: false, ..Frame::default() },
        Frame { level: 1, ..Frame::default() },
        Frame { level: 19, ..Frame::default() },
        Frame { size: false, window_log: Some(27), ..Frame::default() },
    ];
    for frame in frames {
        assert_eq!(Case::from_parts(&[&frame.pack(&content)]).decode().unwrap(), content);
    }
}

#[test]
fn several_frames_are_one_database() {
    let content = content();
    let (first, second) = content.split_at(123_457);
    let (first, second) = (Frame::default().pack(first), Frame::default().pack(second));
    let empty = Frame::default().pack(b"");
    assert_eq!(Case::from_parts(&[&first, &second]).decode().unwrap(), content);
    assert_eq!(Case::from_parts(&[&empty, &first, &empty, &second, &empty]).decode().unwrap(), content);
    assert_eq!(
        Case::from_parts(&[SKIPPABLE, &first, SKIPPABLE, SKIPPABLE, &second, SKIPPABLE]).decode().unwrap(),
        content
    );
    assert_eq!(Case::from_parts(&[SKIPPABLE]).decode().unwrap(), b"");
}

#[test]
fn the_bare_mark_is_an_empty_database() {
    let case = Case::from_parts(&[]);
    assert_eq!(case.decode().unwrap(), b"");
    let reader = Reader::open(&case.file).unwrap();
    assert!(reader.syncs().unwrap().is_empty());
    let error = reader.current().unwrap_err();
    assert_eq!(error.code(), 9);
    assert!(error.to_string().contains("no finished sync"), "{error}");
}

#[test]
fn other_families_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = decode(&dir.path().join("none.c1z"), &dir.path().join("db"), &Limits::default()).unwrap_err();
    assert!(matches!(missing, Error::Missing { .. }));
    assert!(matches!(Case::new(b"").decode(), Err(Error::Empty { .. })));
    assert!(matches!(Case::new(b"C1Z").decode(), Err(Error::CutOff { .. })));
    assert!(matches!(Case::new(b"PK\x03\x04 a zip").decode(), Err(Error::NotC1z { .. })));
    assert!(matches!(Case::new(b"SQLite format 3\0").decode(), Err(Error::NotC1z { .. })));
    let v3 = Case::new(b"C1Z3\0....").decode().unwrap_err();
    assert!(v3.to_string().contains("Pebble"), "{v3}");
    assert!(matches!(decode(dir.path(), &dir.path().join("db"), &Limits::default()), Err(Error::Io { .. })));
}

#[test]
fn bytes_that_are_no_frame_are_refused() {
    let frame = Frame::default().pack(&content());
    assert!(Case::from_parts(&[b"SQLite format 3\0"]).reason().contains("not zstd-compressed"));
    for tail in [&b"\0\0\0\0\0\0\0\0"[..], b"more bytes", b"SQLite format 3\0"] {
        let reason = Case::from_parts(&[&frame, tail]).reason();
        assert!(reason.contains("other bytes follow"), "{reason}");
    }
    for tail in [&b"\0"[..], b"\0\0\0", b"\x28\xB5\x2F"] {
        assert!(Case::from_parts(&[&frame, tail]).decode().is_err());
    }
}

#[test]
fn cuts_and_wrong_checksums_are_refused() {
    let frame = Frame::default().pack(&content());
    for cut in [1, 3, 4, 5, 1000, frame.len() - 6, frame.len() - 1] {
        let case = Case::from_parts(&[&frame[..frame.len() - cut]]);
        assert!(matches!(case.decode(), Err(Error::CutOff { .. })), "{cut}");
    }
    let cut = Case::from_parts(&[SKIPPABLE, &SKIPPABLE[..9]]);
    assert!(matches!(cut.decode(), Err(Error::CutOff { .. })));
    let mut wrong = frame.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert!(Case::from_parts(&[&wrong]).reason().contains("checksum"));
}

#[test]
fn the_size_is_capped_whether_declared_or_not() {
    let content = content();
    let size = content.len() as u64;
    let declared = Case::from_parts(&[&Frame::default().pack(&content)]);
    let silent = Case::from_parts(&[&Frame { size: false, ..Frame::default() }.pack(&content)]);
    for trust_declared_size in [true, false] {
        let limits = |max_decoded_bytes| Limits { max_decoded_bytes, trust_declared_size, ..Limits::default() };
        for case in [&declared, &silent] {
            assert!(matches!(case.decode_with(&limits(size - 1)), Err(Error::TooLarge { .. })));
            assert_eq!(case.decode_with(&limits(size)).unwrap(), content);
        }
    }
    // Several small frames count together.
    let frame = Frame::default().pack(&content);
    let limits = Limits { max_decoded_bytes: size * 2 - 1, ..Limits::default() };
    assert!(matches!(Case::from_parts(&[&frame, &frame]).decode_with(&limits), Err(Error::TooLarge { .. })));
}

#[test]
fn a_declared_size_is_refused_before_anything_is_unpacked() {
    // The frame is cut right after its header: had it been read on, the cut would have been the error.
    let header = &Frame::default().pack(&content())[..12];
    let limits = Limits { max_decoded_bytes: 1000, ..Limits::default() };
    assert!(matches!(Case::from_parts(&[header]).decode_with(&limits), Err(Error::TooLarge { .. })));
    let patient = Limits { trust_declared_size: false, ..limits };
    assert!(matches!(Case::from_parts(&[header]).decode_with(&patient), Err(Error::CutOff { .. })));
}

#[test]
fn windows_are_capped() {
    // Frame header by hand: no size, no checksum, window of 2^28 bytes, then one empty last block.
    let frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 18 << 3, 0x01, 0x00, 0x00];
    let case = Case::from_parts(&[&frame]);
    let error = case.decode().unwrap_err();
    assert!(matches!(error, Error::Window { .. }));
    assert!(error.to_string().contains("BATON_DECODER_MAX_MEMORY_MB"), "{error}");
    assert_eq!(case.decode_with(&Limits { max_window_log: 29, ..Limits::default() }).unwrap(), b"");
}

#[test]
fn zeros_after_the_last_page_do_no_harm() {
    let (dir, db, file) = support::temp();
    support::write_org(&db, &file, "s1");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes.resize(bytes.len() + 5_000_000, 0);
    std::fs::write(&db, bytes).unwrap();
    seal(&db, &file).unwrap();
    assert_eq!(Reader::open(&file).unwrap().stats("s1").unwrap().grants, 3);
    drop(dir);
}

#[test]
fn a_header_in_wal_mode_is_read() {
    let (_dir, db, file) = support::temp();
    support::write_org(&db, &file, "s1");
    let mut bytes = std::fs::read(&db).unwrap();
    bytes[18..20].copy_from_slice(&[2, 2]);
    std::fs::write(&db, bytes).unwrap();
    seal(&db, &file).unwrap();
    assert_eq!(Reader::open(&file).unwrap().stats("s1").unwrap().grants, 3);
}

#[test]
fn contents_that_are_no_whole_database_are_refused() {
    let (_dir, db, file) = support::temp();
    support::write_org(&db, &file, "s1");
    let bytes = std::fs::read(&db).unwrap();
    std::fs::write(&db, &bytes[..bytes.len() - (32 << 10)]).unwrap();
    seal(&db, &file).unwrap();
    assert!(matches!(Reader::open(&file), Err(Error::CutOff { .. })), "it has more pages by its own header");
    let nonsense = Case::from_parts(&[&Frame::default().pack(&content())]);
    let error = Reader::open(&nonsense.file).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("case.c1z"), "{error}");
}

/// A database of 20 MiB, sealed.
fn sealed() -> Case {
    let (dir, db, file) = support::temp();
    support::write_org(&db, &file, "s1");
    let connection = rusqlite::Connection::open(&db).unwrap();
    connection
        .execute_batch(
            "INSERT INTO v1_connector_sessions (sync_id, key, value) VALUES ('s1', 'k', randomblob(20 << 20))",
        )
        .unwrap();
    drop(connection);
    let size = seal(&db, &file).unwrap().bytes;
    assert_eq!(std::fs::metadata(&file).unwrap().len(), size);
    std::fs::copy(&db, dir.path().join("original")).unwrap();
    Case { dir, file }
}

#[test]
fn what_is_sealed_are_frames_with_size_and_checksum_and_a_small_window() {
    let case = sealed();
    let original = std::fs::read(case.dir.path().join("original")).unwrap();
    let sealed = std::fs::read(&case.file).unwrap();
    assert!(sealed.starts_with(MARK));
    let (mut frames, mut sizes) = (&sealed[5..], Vec::new());
    while !frames.is_empty() {
        let (frame, rest) = frames.split_at(zstd::zstd_safe::find_frame_compressed_size(frames).unwrap());
        sizes.push(zstd::zstd_safe::get_frame_content_size(frame).unwrap().unwrap());
        assert_eq!(frame[4] & 0b100, 0b100, "checksum flag");
        let whole = frame[4] & 0b10_0000 != 0;
        assert!(whole || frame[5] >> 3 <= 13, "window of at most 2^23 bytes");
        frames = rest;
    }
    assert_eq!(sizes.iter().sum::<u64>(), original.len() as u64);
    assert!(sizes.len() > 9 && sizes.iter().all(|size| *size <= 1 << 20), "{sizes:?}");
    assert!(case.decode().unwrap() == original);
}

#[test]
fn a_cut_between_two_frames_is_seen() {
    let case = sealed();
    let sealed = std::fs::read(&case.file).unwrap();
    let mut at = 5;
    while at < sealed.len() {
        std::fs::write(&case.file, &sealed[..at]).unwrap();
        if at > 5 {
            assert!(matches!(case.decode(), Err(Error::CutOff { .. })), "{at}");
        }
        at += zstd::zstd_safe::find_frame_compressed_size(&sealed[at..]).unwrap();
    }
}

#[test]
fn the_unpacked_database_is_private() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let case = Case::from_parts(&[&Frame::default().pack(b"content")]);
        case.decode().unwrap();
        let mode = std::fs::metadata(case.dir.path().join("db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unnoticed(at in 0.0..1.0_f64, bit in 0..8_u8, cut in any::<bool>()) {
        let content = &content()[..40_000];
        let packed = [MARK, &Frame::default().pack(content)].concat();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let at = (at * packed.len() as f64) as usize;
        let mut bytes = packed;
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        match Case::new(&bytes).decode() {
            Ok(decoded) => {
                // Cut behind the mark: the empty database. Else the bit is one that changes nothing of the content.
                prop_assert!(decoded == content || (cut && at == 5 && decoded.is_empty()));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Case::from_parts(&[&bytes]).decode();
        let _ = Case::new(&bytes).decode();
    }
}
