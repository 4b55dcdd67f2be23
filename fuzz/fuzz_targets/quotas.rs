//! Rate-limit headers and `Date`: whatever a server says, there is a way on within minutes.
//!
//! Each line is a call: `seconds since the last|status|limit|remaining|reset|date`. Without a status no answer comes.
#![no_main]

use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use okta_client::fuzzing::{CallResult, QuotaSimulation, corrected_time};

/// The longest that a bucket may wait, in seconds: the end of a window is believed if it is less than ten minutes ahead.
const LONGEST: f64 = 610.0;
/// So often a call may be put off before it is sent.
const MOST_WAITS: u32 = 20;
/// When it begins, in seconds since 1970.
const START: f64 = 1_700_000_000.37;

fn number<T: std::str::FromStr>(field: Option<&&[u8]>) -> Option<T> {
    std::str::from_utf8(field?).ok()?.parse().ok()
}

fuzz_target!(|data: &[u8]| {
    let mut quotas = QuotaSimulation::new(data.first().copied().unwrap_or(90), START);
    for line in data.split(|byte| *byte == b'\n').take(100) {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'|').collect();
        let mut headers = HeaderMap::new();
        let names = ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "date"];
        for (name, value) in names.into_iter().zip(fields.iter().skip(2)).filter(|(_, value)| !value.is_empty()) {
            fuzz::put(&mut headers, name, value);
        }
        let date = corrected_time(1_700_000_000, &headers);
        assert!((-400_000_000_000..400_000_000_000).contains(&date), "{date}");
        let status = number::<u16>(fields.get(1)).and_then(|status| StatusCode::from_u16(status).ok());
        let mut seconds = number::<f64>(fields.first()).filter(|of| (0.0..1e6).contains(of)).unwrap_or_default();
        for waits in 0.. {
            match quotas.call(seconds, status.map(|status| (status, &headers))) {
                CallResult::Sent => break,
                CallResult::Wait(more) => {
                    assert!(more > 0.0 && more < LONGEST && waits < MOST_WAITS, "{more} {waits}");
                    seconds = more + 0.001;
                }
                CallResult::WaitForResponse => panic!("there is no other call"),
            }
        }
    }
});
