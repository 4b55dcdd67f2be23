//! Private keys as operators paste them: nothing of the text is repeated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use okta_client::fuzzing::key_text;

/// Words of this length are in no error text of ours.
const WORD: usize = 41;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(Err(error)) = key_text(text.trim()) else { return };
    let said = format!("{error} {error:?}");
    for word in text.split(|c: char| !c.is_ascii_graphic()).filter(|word| word.len() >= WORD) {
        let leaks = (0..=word.len() - WORD).any(|at| said.contains(&word[at..at + WORD]));
        assert!(!leaks, "{said}");
    }
});
