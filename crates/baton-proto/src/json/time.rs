//! Times and durations as text.

use std::fmt::Write;

const DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since 1970: the range that JSON can express.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Largest duration, about 10,000 years.
const LONGEST: i64 = 315_576_000_000;

/// Appends a time as RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits; `None` if it is out of range.
pub(super) fn push_timestamp(out: &mut String, seconds: i64, nanos: i32) -> Option<()> {
    if !TIMES.contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
        return None;
    }
    let (day, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, date) = civil_of_day(day);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    // Writing to a string does not fail.
    let _ = write!(out, "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}");
    push_fraction(out, nanos.unsigned_abs());
    out.push('Z');
    Some(())
}

/// Appends a duration as seconds with 0, 3, 6 or 9 fraction digits and an `s`; `None` if it is out of range or its
/// two parts have opposite signs.
pub(super) fn push_duration(out: &mut String, seconds: i64, nanos: i32) -> Option<()> {
    let opposite = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    if seconds.abs() > LONGEST || nanos.unsigned_abs() >= 1_000_000_000 || opposite {
        return None;
    }
    if seconds < 0 || nanos < 0 {
        out.push('-');
    }
    let _ = write!(out, "{}", seconds.unsigned_abs());
    push_fraction(out, nanos.unsigned_abs());
    out.push('s');
    Some(())
}

fn push_fraction(out: &mut String, nanos: u32) {
    let _ = match nanos {
        0 => Ok(()),
        n if n % 1_000_000 == 0 => write!(out, ".{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => write!(out, ".{:06}", n / 1_000),
        n => write!(out, ".{n:09}"),
    };
}

/// Reads an RFC 3339 time with any offset into seconds and nanoseconds since 1970.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let (clock, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
            let sign = match offset.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = offset[1..].split_once(':')?;
            (clock, sign * (number(hours, 2, 23)? * 3600 + number(minutes, 2, 59)? * 60))
        }
    };
    let (date, clock) = clock.split_once('T')?;
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, fraction_nanos(fraction)?),
        None => (clock, 0),
    };
    let mut parts = date.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4, 9999)?, number(parts.next()?, 2, 12)?, number(parts.next()?, 2, 31)?);
    let mut clock_parts = clock.split(':');
    let (hour, minute, second) =
        (number(clock_parts.next()?, 2, 23)?, number(clock_parts.next()?, 2, 59)?, number(clock_parts.next()?, 2, 59)?);
    let day_number = day_of_civil(year, month, day);
    let real_day = civil_of_day(day_number) == (year, month, day);
    if parts.next().is_some() || clock_parts.next().is_some() || !real_day {
        return None;
    }
    let seconds = day_number * DAY + hour * 3600 + minute * 60 + second - offset;
    TIMES.contains(&seconds).then_some((seconds, nanos))
}

/// Reads a duration such as `1.5s` into seconds and nanoseconds of the same sign.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let text = text.strip_suffix('s')?;
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, nanos) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, fraction_nanos(fraction)?),
        None => (text, 0),
    };
    let seconds = if whole.is_empty() && nanos != 0 { 0 } else { number(whole, whole.len(), LONGEST)? };
    Some((sign * seconds, sign as i32 * nanos))
}

/// One to nine digits behind the point, as nanoseconds.
fn fraction_nanos(digits: &str) -> Option<i32> {
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    let value = number(digits, digits.len(), 999_999_999)?;
    i32::try_from(value * 10_i64.pow(9 - digits.len() as u32)).ok()
}

/// Exactly `width` digits, with a value up to `largest`.
fn number(digits: &str, width: usize, largest: i64) -> Option<i64> {
    let plain = !digits.is_empty() && digits.len() == width && digits.bytes().all(|b| b.is_ascii_digit());
    let value = if plain { digits.parse().ok()? } else { return None };
    (value <= largest).then_some(value)
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Works on years that begin in
/// March, so that the leap day comes last.
fn civil_of_day(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

/// The inverse of [`civil_of_day`].
fn day_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn timestamp(seconds: i64, nanos: i32) -> Option<String> {
        let mut out = String::new();
        push_timestamp(&mut out, seconds, nanos).map(|()| out)
    }

    fn duration(seconds: i64, nanos: i32) -> Option<String> {
        let mut out = String::new();
        push_duration(&mut out, seconds, nanos).map(|()| out)
    }

    #[test]
    fn times_are_written_with_as_many_digits_as_they_need() {
        assert_eq!(timestamp(0, 0).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(1_704_164_645, 120_000_000).unwrap(), "2024-01-02T03:04:05.120Z");
        assert_eq!(timestamp(1_704_164_645, 1_000).unwrap(), "2024-01-02T03:04:05.000001Z");
        assert_eq!(timestamp(1_704_164_645, 1).unwrap(), "2024-01-02T03:04:05.000000001Z");
        assert_eq!(timestamp(951_782_400, 0).unwrap(), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(*TIMES.start(), 0).unwrap(), "0001-01-01T00:00:00Z");
        assert_eq!(timestamp(*TIMES.end(), 999_999_999).unwrap(), "9999-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn times_out_of_range_have_no_text() {
        assert_eq!(timestamp(TIMES.start() - 1, 0), None);
        assert_eq!(timestamp(TIMES.end() + 1, 0), None);
        assert_eq!(timestamp(0, -1), None);
        assert_eq!(timestamp(0, 1_000_000_000), None);
    }

    #[test]
    fn offsets_are_taken_on_reading() {
        assert_eq!(parse_timestamp("2024-01-02T05:04:05+02:00"), Some((1_704_164_645, 0)));
        assert_eq!(parse_timestamp("2024-01-01T22:34:05.5-04:30"), Some((1_704_164_645, 500_000_000)));
        for wrong in ["", "2024-01-02", "2024-02-30T00:00:00Z", "2024-01-02 03:04:05Z", "2024-01-02T03:04:05", "x"] {
            assert_eq!(parse_timestamp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_keep_their_sign_and_digits() {
        assert_eq!(duration(30, 0).unwrap(), "30s");
        assert_eq!(duration(1, 500_000_000).unwrap(), "1.500s");
        assert_eq!(duration(0, -1).unwrap(), "-0.000000001s");
        assert_eq!(duration(1, -1), None);
        assert_eq!(duration(LONGEST + 1, 0), None);
        assert_eq!(parse_duration("-1.5s"), Some((-1, -500_000_000)));
        assert_eq!(parse_duration("3"), None);
        assert_eq!(parse_duration("s"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in TIMES, nanos in 0..1_000_000_000_i32, span in -LONGEST..=LONGEST) {
            prop_assert_eq!(parse_timestamp(&timestamp(seconds, nanos).unwrap()), Some((seconds, nanos)));
            let signed = if span < 0 { -nanos } else { nanos };
            prop_assert_eq!(parse_duration(&duration(span, signed).unwrap()), Some((span, signed)));
        }
    }
}
