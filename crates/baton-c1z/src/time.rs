//! The time text of `datetime` columns: the wall clock of the host that wrote the file, without a zone
//! (`docs/spec/c1z-format.md` 4.2).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};

/// `at` as the wall clock of this host (`TZ` honoured): `YYYY-MM-DD HH:MM:SS`, then, when there is a fraction, a dot
/// and one to nine digits without trailing zeros.
#[must_use]
pub fn to_text(at: Timestamp) -> String {
    to_text_in(at, &TimeZone::system())
}

/// `at` as the wall clock of `zone`.
#[must_use]
pub fn to_text_in(at: Timestamp, zone: &TimeZone) -> String {
    let clock = zone.to_datetime(at);
    let mut text = clock.strftime("%Y-%m-%d %H:%M:%S").to_string();
    if clock.subsec_nanosecond() != 0 {
        let fraction = format!(".{:09}", clock.subsec_nanosecond());
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// The text is no time in any of the layouts that readers of `.c1z` files accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time such as 2026-11-23 12:33:16.27")]
pub struct ParseTimeError(String);

/// Reads the text of a `datetime` column. What the clock showed is kept and taken as UTC, as the reference reader
/// does: compare such times only with each other, and show them as they are.
///
/// Accepted are a blank or `T` between date and time, minutes without seconds, a date alone, a fraction, and `Z` or
/// `±hh:mm` at the end.
///
/// # Errors
/// [`ParseTimeError`] for every other text.
pub fn parse(text: &str) -> Result<Timestamp, ParseTimeError> {
    read(text).ok_or_else(|| ParseTimeError(text.to_owned()))
}

fn read(text: &str) -> Option<Timestamp> {
    let (clock, offset) = split_offset(text)?;
    offset.to_timestamp(read_clock(clock)?).ok()
}

/// Cuts the zone off the end; without one the clock is taken as UTC.
fn split_offset(text: &str) -> Option<(&str, Offset)> {
    if let Some(clock) = text.strip_suffix('Z') {
        return Some((clock, Offset::UTC));
    }
    let Some((clock, zone)) = text.split_at_checked(text.len().saturating_sub(6)) else {
        return Some((text, Offset::UTC));
    };
    let (sign, digits) = match zone.as_bytes().first() {
        Some(b'+') => (1, &zone[1..]),
        Some(b'-') => (-1, &zone[1..]),
        _ => return Some((text, Offset::UTC)),
    };
    let Some((hours, minutes)) = digits.split_once(':') else {
        return Some((text, Offset::UTC));
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    if minutes > 59 {
        return None;
    }
    Some((clock, Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?))
}

fn two_digits(text: &str) -> Option<i32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn read_clock(text: &str) -> Option<DateTime> {
    const DATE: usize = "2026-11-23".len();
    if !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_at_checked(DATE)?;
    let date = Date::strptime("%Y-%m-%d", date).ok()?;
    if rest.is_empty() {
        return Some(date.to_datetime(jiff::civil::Time::midnight()));
    }
    let clock = rest.strip_prefix([' ', 'T'])?;
    let layout = if clock.len() == "12:33".len() { "%H:%M" } else { "%H:%M:%S%.f" };
    let time = strtime::parse(layout, clock).ok()?.to_time().ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn trailing_zeros_of_the_fraction_are_left_out() {
        let cases = [
            ("2026-11-23T12:33:16.2776356Z", "2026-11-23 12:33:16.2776356"),
            ("2026-11-23T12:33:16.5Z", "2026-11-23 12:33:16.5"),
            ("2026-11-23T12:33:16.000000001Z", "2026-11-23 12:33:16.000000001"),
            ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05"),
        ];
        for (at, text) in cases {
            assert_eq!(to_text_in(utc(at), &TimeZone::UTC), text);
            assert_eq!(parse(text).unwrap(), utc(at));
        }
    }

    #[test]
    fn the_wall_clock_of_the_zone_is_written_without_the_zone() {
        let zone = TimeZone::fixed(Offset::from_hours(-5).unwrap());
        assert_eq!(to_text_in(utc("2026-03-01T02:00:00.25Z"), &zone), "2026-02-28 21:00:00.25");
    }

    #[test]
    fn layouts_that_readers_accept() {
        let cases = [
            ("2026-11-23T12:33:16", "2026-11-23T12:33:16Z"),
            ("2026-11-23 12:33:16Z", "2026-11-23T12:33:16Z"),
            ("2026-11-23T12:33:16.5+02:00", "2026-11-23T10:33:16.5Z"),
            ("2026-11-23 12:33:16-05:30", "2026-11-23T18:03:16Z"),
            ("2026-11-23 12:33", "2026-11-23T12:33:00Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z"),
        ];
        for (text, at) in cases {
            assert_eq!(parse(text).unwrap(), utc(at), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let wrong = [
            "",
            "hello",
            "2026-13-01",
            "2026-11-23x12:33:16",
            "2026-11-23 12:33:16 ",
            "2026-11-23 25:00:00",
            "é26-11-23 12:33:16",
            "2026-11-23 12:33:16+02:99",
            "1795437196",
        ];
        for text in wrong {
            assert_eq!(parse(text), Err(ParseTimeError(text.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_i64..4_000_000_000, nanos in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, nanos).unwrap();
            prop_assert_eq!(parse(&to_text_in(at, &TimeZone::UTC)).unwrap(), at);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
