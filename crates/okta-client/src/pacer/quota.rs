//! Parses the quota headers of a response.

use http::{HeaderMap, StatusCode};

/// A quota as one response reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quota {
    /// Calls per window that apply to us.
    pub(crate) limit: u64,
    /// Remaining calls.
    pub(crate) remaining: u64,
    /// When the window ends, in seconds of the server's clock.
    pub(crate) reset: f64,
}

/// The kinds of "too many requests".
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Throttle {
    /// The window's quota is exhausted; other buckets are not affected.
    QuotaExhausted(Quota),
    /// Too many calls at the same time. Okta reports a limit of zero; the reset beside it means nothing.
    Concurrency,
    /// The response does not say which.
    Unknown,
}

/// More calls per minute than any org has. Larger values are clamped to this, so that computations cannot overflow.
const MAX_CALLS: u64 = u32::MAX as u64;

/// Parses the quota headers. Returns `None` if one is missing or unusable, or if they are the zeros of the concurrency limit.
pub(crate) fn quota(headers: &HeaderMap) -> Option<Quota> {
    let limit = number(headers, "x-rate-limit-limit")?.min(MAX_CALLS);
    let quota = Quota {
        limit,
        remaining: number(headers, "x-rate-limit-remaining")?.min(limit),
        reset: reset(number(headers, "x-rate-limit-reset")?),
    };
    (quota.limit > 0).then_some(quota)
}

/// Returns the kind of "too many requests" of a response; `None` for other responses.
pub(crate) fn throttle(status: StatusCode, headers: &HeaderMap) -> Option<Throttle> {
    if status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    if let Some(quota) = quota(headers) {
        return Some(Throttle::QuotaExhausted(quota));
    }
    let zero = |name| number(headers, name) == Some(0);
    if zero("x-rate-limit-limit") && zero("x-rate-limit-remaining") {
        return Some(Throttle::Concurrency);
    }
    Some(Throttle::Unknown)
}

/// Parses the server's time in the `Date` header, in seconds since 1970.
pub(crate) fn date(headers: &HeaderMap) -> Option<f64> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    let format = "%a, %d %b %Y %H:%M:%S GMT";
    let civil = jiff::civil::DateTime::strptime(format, text.trim()).ok()?;
    let timestamp = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    #[allow(clippy::cast_precision_loss)] // Seconds since 1970 are far below 2^52.
    Some(timestamp.as_second() as f64)
}

/// Parses the leading number of a header's value: `500` of `500, 500;w=1`.
fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Returns a reset in seconds; some intermediaries write milliseconds.
fn reset(value: u64) -> f64 {
    const YEAR_5000: u64 = 95_617_584_000;
    #[allow(clippy::cast_precision_loss)] // Far below 2^52 after the division.
    if value > YEAR_5000 { (value / 1000) as f64 } else { value as f64 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn quota_headers(limit: &str, remaining: &str, reset: &str) -> HeaderMap {
        headers(&[("X-Rate-Limit-Limit", limit), ("X-Rate-Limit-Remaining", remaining), ("X-Rate-Limit-Reset", reset)])
    }

    #[test]
    fn reads_the_three_headers() {
        let expected = Quota { limit: 600, remaining: 599, reset: 1_630_402_525.0 };
        assert_eq!(quota(&quota_headers("600", "599", "1630402525")), Some(expected));
        assert_eq!(quota(&quota_headers("600, 600;w=60", "599", "1630402525000")), Some(expected));
        assert_eq!(quota(&quota_headers("600", "many", "1630402525")), None);
        let most = u64::MAX.to_string();
        let absurd = quota(&quota_headers(&most, &most, "1630402525")).unwrap();
        assert_eq!((absurd.limit, absurd.remaining), (MAX_CALLS, MAX_CALLS));
        assert_eq!(quota(&quota_headers("600", &most, "1630402525")).unwrap().remaining, 600);
        assert_eq!(quota(&headers(&[("X-Rate-Limit-Limit", "600")])), None);
    }

    #[test]
    fn distinguishes_the_kinds_of_429() {
        let too_many = StatusCode::TOO_MANY_REQUESTS;
        let spent = throttle(too_many, &quota_headers("600", "0", "1630402525"));
        assert!(matches!(spent, Some(Throttle::QuotaExhausted(Quota { limit: 600, remaining: 0, .. }))));
        assert_eq!(throttle(too_many, &quota_headers("0", "0", "1630402525")), Some(Throttle::Concurrency));
        assert_eq!(throttle(too_many, &HeaderMap::new()), Some(Throttle::Unknown));
        assert_eq!(throttle(StatusCode::OK, &quota_headers("0", "0", "1")), None);
    }

    #[test]
    fn reads_the_date() {
        assert_eq!(date(&headers(&[("Date", "Tue, 31 Aug 2021 09:34:25 GMT")])), Some(1_630_402_465.0));
        assert_eq!(date(&headers(&[("Date", "yesterday")])), None);
        assert_eq!(date(&HeaderMap::new()), None);
    }
}
