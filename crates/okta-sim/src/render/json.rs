//! Writing JSON straight into a text buffer: the simulator must cost less than the client that it serves.

/// The hosts that links in answers name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// Origin of the org, such as `https://localhost:8443`, without a slash at the end.
    pub(crate) org: String,
    /// Origin of the org's admin console; some links under `/iam` lead there.
    pub(crate) admin: String,
}

/// Appends a JSON string: quoted, escaped where JSON demands it.
pub(crate) fn text(out: &mut String, value: &str) {
    out.push('"');
    let mut clean = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&value[clean..at]);
        clean = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            _ => {
                out.push_str("\\u00");
                out.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
                out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&value[clean..]);
    out.push('"');
}

/// Appends a whole number.
pub(crate) fn number(out: &mut String, value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|&digit| char::from(digit)));
}

/// Appends a quoted instant in Okta's form, `"2026-01-02T03:04:05.000Z"`, from seconds since 1970.
pub(crate) fn instant(out: &mut String, unix_seconds: i64) {
    let (year, month, day) = civil(unix_seconds.div_euclid(86_400));
    let second = unix_seconds.rem_euclid(86_400) as u32;
    let mut form = *b"\"0000-00-00T00:00:00.000Z\"";
    let mut put = |at: usize, width: usize, mut value: u32| {
        for place in (at + 1..=at + width).rev() {
            form[place] = b'0' + (value % 10) as u8;
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, month);
    put(8, 2, day);
    put(11, 2, second / 3600);
    put(14, 2, second / 60 % 60);
    put(17, 2, second % 60);
    out.push_str(std::str::from_utf8(&form).unwrap_or_default());
}

/// Year, month and day of a day number counted from 1970-01-01 (proleptic Gregorian calendar; years 0 to 9999).
pub(crate) fn civil(days: i64) -> (u32, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year.clamp(0, 9_999) as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_demands() {
        for value in ["", "plain", "qu\"ote", "back\\slash", "line\nfeed\ttab\r", "\u{1}\u{1f}", "ünï 👩‍💻 \u{2028}"]
        {
            let mut out = String::new();
            text(&mut out, value);
            assert_eq!(serde_json::from_str::<String>(&out).ok().as_deref(), Some(value));
        }
    }

    #[test]
    fn numbers_and_instants() {
        let mut out = String::new();
        for value in [0, 9, 10, 12_345, u64::MAX] {
            number(&mut out, value);
            out.push(' ');
        }
        assert_eq!(out, "0 9 10 12345 18446744073709551615 ");
        let instant_text = |at: i64| {
            let mut out = String::new();
            instant(&mut out, at);
            out.trim_matches('"').to_owned()
        };
        assert_eq!(instant_text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(instant_text(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(instant_text(1_767_323_045), "2026-01-02T03:04:05.000Z");
        assert_eq!(instant_text(-1), "1969-12-31T23:59:59.000Z");
    }
}
