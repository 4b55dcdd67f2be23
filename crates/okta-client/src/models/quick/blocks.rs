//! Finds the ends of strings, objects and arrays, 64 bytes at a time: each byte is one bit of a word.

use super::fallback::Fallback;

/// The largest nesting depth; deeper values are left to `serde_json`.
pub(super) const MAX_DEPTH: u32 = 64;

/// The number of bytes that are scanned together: the bits of a word.
const BLOCK: usize = 64;

/// Returns the length of the escape at `at`, which is a backslash; `None` if it is invalid.
pub(super) fn escape_at(json: &[u8], at: usize) -> Option<usize> {
    match json.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => json.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// The positions of quotes, backslashes and control characters in the last scanned block.
#[derive(Default)]
pub(super) struct SpecialBytes {
    block: Option<usize>,
    bits: u64,
    /// Whether some of them are no quotes.
    has_escape_or_control: bool,
}

impl SpecialBytes {
    /// Returns the first of them at or after `at`; the end of `json` if there is none.
    #[inline(always)]
    pub(super) fn next(&mut self, json: &[u8], at: usize) -> usize {
        let mut block = at / BLOCK;
        let mut skip = at % BLOCK;
        while block * BLOCK < json.len() {
            self.load(json, block);
            let bits = self.bits >> skip;
            if bits != 0 {
                return block * BLOCK + skip + bits.trailing_zeros() as usize;
            }
            block += 1;
            skip = 0;
        }
        json.len()
    }

    #[inline(always)]
    fn load(&mut self, json: &[u8], block: usize) {
        if self.block != Some(block) {
            self.scan(block, block_at(json, block * BLOCK, &mut [0; BLOCK]));
        }
    }

    #[inline(never)]
    fn scan(&mut self, block: usize, bytes: &[u8; BLOCK]) {
        self.block = Some(block);
        self.bits = bits(bytes, |byte| byte == b'"' || is_escape_or_control(byte));
        self.has_escape_or_control =
            bytes.iter().fold(false, |has_escape_or_control, byte| has_escape_or_control | is_escape_or_control(*byte));
    }
}

/// Returns the block at `at`; `last`, padded with blanks after the end of `json`, if there is no whole one.
fn block_at<'b>(json: &'b [u8], at: usize, last: &'b mut [u8; BLOCK]) -> &'b [u8; BLOCK] {
    let rest = &json[at..];
    rest.first_chunk().unwrap_or_else(|| {
        *last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        last
    })
}

/// Returns the position after the object or array that begins at `begin`.
#[inline(never)]
pub(super) fn end_of_brackets(json: &[u8], begin: usize, special: &mut SpecialBytes) -> Result<usize, Fallback> {
    let mut open = OpenBrackets::default();
    let mut strings = StringState::default();
    let mut last = [0; BLOCK];
    let mut block = begin / BLOCK;
    // Bytes before the beginning are masked out.
    let mut mask = u64::MAX << (begin % BLOCK);
    while block * BLOCK < json.len() {
        let bytes = block_at(json, block * BLOCK, &mut last);
        if mask != u64::MAX || !strings.skip_plain(bytes) {
            special.load(json, block);
            let quoted = strings.next(json, block * BLOCK, bytes, special, mask)?;
            let mut brackets = bits(bytes, is_bracket) & !quoted & mask;
            while brackets != 0 {
                let place = brackets.trailing_zeros() as usize;
                if open.next(bytes[place])? {
                    return Ok(block * BLOCK + place + 1);
                }
                brackets &= brackets - 1;
            }
            mask = u64::MAX;
        }
        block += 1;
    }
    Err(Fallback)
}

#[inline(always)]
fn is_bracket(byte: u8) -> bool {
    matches!(byte | 0x20, b'{' | b'}')
}

#[inline(always)]
fn is_escape_or_control(byte: u8) -> bool {
    byte < 0x20 || byte == b'\\'
}

/// Returns a bit for every byte of a block, the first byte's the lowest: whether `is` holds for it.
#[inline(always)]
fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    // In two steps, because the compiler vectorizes the first. With `map` it emits calls.
    let mut flags = [0; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(*byte));
    }
    let (eights, _) = flags.as_chunks();
    eights.iter().rev().fold(0, |bits, eight| {
        // Eight bytes of 0 or 1 become the eight bits of the highest byte.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        (bits << 8) | gathered
    })
}

/// The open brackets of a skipped object or array.
#[derive(Default)]
struct OpenBrackets {
    /// The lowest bit is the innermost one; set for an object.
    objects: u64,
    depth: u32,
}

impl OpenBrackets {
    /// Processes the next bracket; `true` if it closes the outermost one.
    fn next(&mut self, bracket: u8) -> Result<bool, Fallback> {
        let object = u64::from(bracket == b'{' || bracket == b'}');
        if matches!(bracket, b'{' | b'[') {
            if self.depth == MAX_DEPTH {
                return Err(Fallback);
            }
            self.depth += 1;
            self.objects = (self.objects << 1) | object;
            return Ok(false);
        }
        if self.objects & 1 != object {
            return Err(Fallback);
        }
        self.depth -= 1;
        self.objects >>= 1;
        Ok(self.depth == 0)
    }
}

/// Which bytes are part of strings, block by block.
#[derive(Default)]
struct StringState {
    /// All bits set if the next block begins inside of a string.
    inside: u64,
    /// Whether the first byte of the next block belongs to an escape.
    escaped: bool,
}

impl StringState {
    /// Skips a block of plain text and quotes only; `false` if it contains anything else.
    fn skip_plain(&mut self, block: &[u8; BLOCK]) -> bool {
        if self.escaped || block.iter().fold(false, |more, byte| more | is_bracket(*byte) | is_escape_or_control(*byte))
        {
            return false;
        }
        let quotes: u8 = block.iter().map(|byte| u8::from(*byte == b'"')).sum();
        if quotes % 2 == 1 {
            self.inside = !self.inside;
        }
        true
    }

    /// Returns the bits inside of strings in the block at `at`, for the bytes of the mask.
    #[inline(always)]
    fn next(
        &mut self,
        json: &[u8],
        at: usize,
        bytes: &[u8; BLOCK],
        special: &SpecialBytes,
        mask: u64,
    ) -> Result<u64, Fallback> {
        if !special.has_escape_or_control && !self.escaped {
            return Ok(self.quoted(special.bits & mask));
        }
        let backslashes = bits(bytes, |byte| byte == b'\\') & mask;
        let controls = bits(bytes, |byte| byte < 0x20) & mask;
        let escaped = self.escapes(backslashes);
        let quoted = self.quoted(special.bits & mask & !backslashes & !controls & !escaped);
        let mut escapes = backslashes & !escaped;
        if (escapes & !quoted) | (controls & quoted) != 0 {
            return Err(Fallback);
        }
        while escapes != 0 {
            escape_at(json, at + escapes.trailing_zeros() as usize).ok_or(Fallback)?;
            escapes &= escapes - 1;
        }
        Ok(quoted)
    }

    /// Returns the bits from each opening quote to the closing one.
    fn quoted(&mut self, quotes: u64) -> u64 {
        // Every bit becomes the parity of itself and all lower ones.
        let parity = [1, 2, 4, 8, 16, 32].into_iter().fold(quotes, |bits, shift| bits ^ (bits << shift));
        let quoted = parity ^ self.inside;
        self.inside = if quoted >> (BLOCK - 1) == 0 { 0 } else { u64::MAX };
        quoted
    }

    /// Returns the bits of the bytes that follow an unescaped backslash.
    fn escapes(&mut self, backslashes: u64) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.escaped));
        let mut left = backslashes & !escaped;
        while left != 0 {
            let place = left.trailing_zeros();
            // Zero if the escaped byte is the first of the next block.
            let next = 2_u64 << place;
            self.escaped = next == 0;
            escaped |= next;
            left &= !(next | (1 << place));
        }
        escaped
    }
}
