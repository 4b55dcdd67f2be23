//! Answers without success, and those of the token endpoint: a text of one line, not too long.
//!
//! The first byte chooses the status, the first line is a challenge, the rest the body.
#![no_main]

use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use okta_client::fuzzing::{refusal, token_answer};

const STATUSES: [u16; 12] = [302, 400, 401, 403, 404, 408, 409, 410, 429, 500, 501, 503];
/// Fifty causes of five hundred characters, a summary, ids, and what stands around them; characters have up to four bytes.
const LONGEST: usize = 60 * 500 * 4;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let status = StatusCode::from_u16(STATUSES[usize::from(*first) % STATUSES.len()]).expect("a status");
    let (challenge, body) = fuzz::first_line(rest);
    let mut headers = HeaderMap::new();
    for name in ["www-authenticate", "location", "x-okta-request-id"] {
        fuzz::put(&mut headers, name, challenge);
    }
    let error = refusal(status, &headers, body);
    let text = format!("{error} {}", error.code().unwrap_or_default());
    assert!(!text.contains(char::is_control) && text.len() < LONGEST, "{text:?}");
    if let Err(error) = token_answer(body) {
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
});
