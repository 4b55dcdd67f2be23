//! A `.c1z` file whose frames can be unpacked one by one, as those that we write can.

use std::fs::File;
use std::io;
use std::path::Path;

use zstd::zstd_safe;

use super::decode::{Limits, open};
use super::{FRAME, MARK_V1, fill};
use crate::bulk::{Frame, Packed};
use crate::db_header::DbHeader;
use crate::error::{Doing, Error};

/// Bytes of the file that are looked at at a time.
const BUFFER: usize = 4 << 20;

/// Makes the database of `c1z` at `db`, all of it packed; `None` if the file is not made of whole frames of one size, or is not
/// what its database says, or exceeds `limits`: then [`decode`](super::decode) reads it, or says what is wrong.
///
/// # Errors
/// As [`decode`](super::decode).
pub(crate) fn decode_in_parts(c1z: &Path, db: &Path, limits: &Limits) -> Result<Option<Packed>, Error> {
    let mut file = open(c1z)?;
    let Some((frames, size)) = frames(&mut file).doing("read", c1z)? else { return Ok(None) };
    if size > limits.max_decoded_bytes || FRAME > 1 << limits.max_window_log {
        return Ok(None);
    }
    private_fs::create(db).and_then(|db| db.set_len(size)).doing("create", db)?;
    let mut packed = Packed::whole(db, file, c1z, frames).doing("unpack", c1z)?;
    let mut first = Vec::new();
    if packed.read(0, &mut first).is_err() {
        return Ok(None);
    }
    let header = DbHeader::parse(&first).filter(|header| header.is_plain() && header.size() == Some(size));
    Ok(header.map(|_| packed))
}

/// Where the frames of a file are, whose mark has been read, and how large its content is. Every frame but the last has to hold
/// [`FRAME`] bytes, and say so.
fn frames(file: &mut File) -> io::Result<Option<(Vec<Frame>, u64)>> {
    let most = zstd_safe::compress_bound(FRAME);
    let (mut frames, mut size) = (Vec::new(), 0);
    let mut at = MARK_V1.len() as u64;
    let (mut buffer, mut from, mut filled) = (vec![0; BUFFER], 0, 0);
    loop {
        if filled - from < most {
            buffer.copy_within(from..filled, 0);
            (from, filled) = (0, filled - from);
            filled += fill(file, &mut buffer[filled..])?;
        }
        let rest = &buffer[from..filled];
        if rest.is_empty() {
            break;
        }
        let content = zstd_safe::get_frame_content_size(rest).ok().flatten();
        let length = zstd_safe::find_frame_compressed_size(rest).ok();
        let (Some(content), Some(length)) = (content, length) else { return Ok(None) };
        // A frame without content, as skippable ones are, is no block.
        if content == 0 || content > FRAME as u64 || size % FRAME as u64 != 0 {
            return Ok(None);
        }
        frames.push(Frame { at, length: length as u64 });
        size += content;
        at += length as u64;
        from += length;
    }
    Ok((!frames.is_empty()).then_some((frames, size)))
}
