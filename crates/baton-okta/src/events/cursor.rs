//! Where a reader of the feed stands.
//!
//! A cursor is `okta1,HOST,SINCE,PLACE`: the org, a time before which everything stored has been read, and Okta's own
//! name for the place in the log (`after`). Which events are asked for is no part of it, so that a cursor stays good when
//! a later release or other options tell more of them.
//!
//! The time goes along because a request without `since` covers seven days only, whatever its `after`. It lags behind
//! the place by a day or two, moves by whole days, and is what an operator begins anew with when Okta no longer knows
//! the place.

use jiff::Timestamp;
use okta_client::OrgUrl;

/// How a cursor of this connector begins.
const FORM: &str = "okta1,";

/// The longest that a place may be; Okta's have some twenty characters.
const LONGEST_PLACE: usize = 512;

const DAY: i64 = 24 * 60 * 60;

/// How long Okta keeps events (`docs/spec/okta-api.md` 1.4), in seconds.
const KEPT: i64 = 90 * DAY;

/// How much later than a cursor's time the place can be at which nothing is missing: the lag of the time, and the
/// rounding.
const LAG: i64 = 2 * DAY;

/// How far back a feed begins if nobody says, as Okta does; in seconds.
const USUAL: i64 = 7 * DAY;

/// Where a reader of the feed stands. Times are whole seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Everything that was stored before has been read.
    pub since: i64,
    /// The place in the log behind which the reader goes on; none before Okta has told one.
    pub place: Option<String>,
}

impl Cursor {
    /// The beginning of a feed.
    pub(super) fn begin(start: Option<i64>, now: i64) -> Self {
        Self { since: start.unwrap_or(now - USUAL), place: None }
    }

    /// Reads a cursor of this org, or says why the text is none. One of the older connector, which is Okta's name for the
    /// place alone, is understood, too.
    pub(super) fn parse(text: &str, org: &OrgUrl, now: i64) -> Result<Self, String> {
        let malformed = || "it was not given out by this feed".to_owned();
        let Some(rest) = text.strip_prefix(FORM) else {
            let place = place(text).ok_or_else(malformed)?;
            return Ok(Self { since: now - KEPT, place: Some(place) });
        };
        let mut parts = rest.splitn(3, ',');
        let (Some(host), Some(since), Some(after)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        if host != org.authority() {
            return Err(format!("it is a cursor of the org {host}"));
        }
        let since = since.parse::<Timestamp>().map_err(|_| malformed())?.as_second();
        let place = match after {
            "" => None,
            after => Some(place(after).ok_or_else(malformed)?),
        };
        Ok(Self { since, place })
    }

    /// The cursor as text.
    pub(super) fn text(&self, org: &OrgUrl) -> String {
        let place = self.place.as_deref().unwrap_or_default();
        format!("{FORM}{},{},{place}", org.authority(), written(self.since))
    }

    /// Moves the time on to what Okta still keeps. Gives the time from which events are gone that have not been read, if
    /// there may be any.
    pub(super) fn catch_up(&mut self, now: i64) -> Option<i64> {
        let oldest = now - KEPT;
        let lag = if self.place.is_some() { LAG } else { 0 };
        let lost = (self.since + lag < oldest).then_some(self.since);
        self.since = self.since.max(oldest);
        lost
    }

    /// Takes down that everything has been read which was stored before `read`.
    pub(super) fn advance(&mut self, read: i64) {
        self.since = self.since.max((read - DAY).div_euclid(DAY) * DAY);
    }
}

/// A name that Okta may have for a place: what needs no quoting anywhere, so no path and no address either.
fn place(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.:=+~".contains(c);
    (!text.is_empty() && text.len() <= LONGEST_PLACE && text.chars().all(fits)).then(|| text.to_owned())
}

/// A time as Okta takes it: UTC, whole seconds.
pub(super) fn written(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn org(text: &str) -> OrgUrl {
        OrgUrl::parse(text).unwrap()
    }

    #[test]
    fn a_cursor_survives_as_text() {
        let acme = org("acme.okta.com:8443");
        for place in [None, Some("1627500044869_1".to_owned())] {
            let cursor = Cursor { since: NOW, place };
            let text = cursor.text(&acme);
            assert_eq!(Cursor::parse(&text, &acme, NOW), Ok(cursor));
        }
        let cursor = Cursor { since: NOW, place: Some("1_1".to_owned()) };
        assert_eq!(cursor.text(&acme), "okta1,acme.okta.com:8443,2027-01-15T08:00:00Z,1_1");
    }

    #[test]
    fn foreign_cursors_are_refused() {
        let acme = org("acme.okta.com");
        let other = Cursor { since: NOW, place: None }.text(&org("other.okta.com"));
        assert!(Cursor::parse(&other, &acme, NOW).unwrap_err().contains("other.okta.com"));
        for text in [
            "okta1,",
            "okta1,acme.okta.com",
            "okta1,acme.okta.com,yesterday,1_1",
            "okta1,acme.okta.com,2027-01-15T08:00:00Z",
            "okta1,acme.okta.com,2027-01-15T08:00:00Z,a b",
            "okta1,acme.okta.com,2027-01-15T08:00:00Z,1_1,2",
            "/api/v1/users?after=00u1",
            "https://acme.okta.com/api/v1/logs?after=1_1",
            "two words",
            "ü",
            &"x".repeat(600),
        ] {
            let error = Cursor::parse(text, &acme, NOW).unwrap_err();
            assert_eq!(error, "it was not given out by this feed", "{text:?}");
        }
    }

    #[test]
    fn a_place_alone_is_read_on_from_the_beginning_of_what_is_kept() {
        let cursor = Cursor::parse("1627500044869_1", &org("acme.okta.com"), NOW).unwrap();
        assert_eq!(cursor, Cursor { since: NOW - KEPT, place: Some("1627500044869_1".to_owned()) });
    }

    #[test]
    fn time_moves_by_whole_days_and_never_back() {
        let mut cursor = Cursor { since: NOW - 7 * DAY, place: None };
        cursor.advance(NOW - 7 * DAY);
        assert_eq!(cursor.since, NOW - 7 * DAY);
        cursor.advance(NOW);
        let midnight = cursor.since;
        assert!(midnight % DAY == 0 && midnight <= NOW - DAY && midnight > NOW - LAG);
        cursor.advance(NOW + 60);
        assert_eq!(cursor.since, midnight);
    }

    #[test]
    fn what_okta_no_longer_keeps_is_told() {
        let behind = |days: i64, place: Option<&str>| {
            let mut cursor = Cursor { since: NOW - days * DAY, place: place.map(str::to_owned) };
            let lost = cursor.catch_up(NOW);
            assert!(cursor.since >= NOW - KEPT && cursor.catch_up(NOW).is_none());
            lost
        };
        assert_eq!(behind(89, None), None);
        assert_eq!(behind(91, None), Some(NOW - 91 * DAY));
        assert_eq!(behind(91, Some("1_1")), None, "its time lags behind its place");
        assert_eq!(behind(93, Some("1_1")), Some(NOW - 93 * DAY));
    }
}
