//! An answer before it is sent, and the headers that every answer carries.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, DATE, LINK, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::body::SimBody;
use crate::clock::http_date;
use crate::limits::Verdict;
use crate::random::draw;
use crate::refusal::{Refusal, RefusalBody};
use crate::stats::Throttle;

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");

const HTML: &str =
    "<!DOCTYPE html><html><head><title>Okta</title></head><body><h1>Something went wrong</h1></body></html>";

/// The ids of one request, the same in every run.
pub(crate) struct Stamp {
    /// For `X-Okta-Request-Id`: 32 hexadecimal digits.
    request_id: String,
    /// For the body of an error.
    pub(crate) error_id: String,
}

impl Stamp {
    pub(crate) fn new(seed: u64, call: u64) -> Self {
        let (high, low) = (draw(seed, 40, call), draw(seed, 41, call));
        Self { request_id: format!("{high:016x}{low:016x}"), error_id: format!("oae{high:016X}{:06X}", low >> 40) }
    }
}

/// An answer before it is sent.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) content_type: Option<&'static str>,
    /// Values of `Link`, one header line each.
    pub(crate) links: Vec<String>,
    pub(crate) challenge: Option<String>,
    /// `DPoP-Nonce`.
    pub(crate) nonce: Option<String>,
    pub(crate) oauth_error: Option<&'static str>,
    pub(crate) limits: Option<Verdict>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) fault: bool,
    pub(crate) truncate: bool,
    /// The body is repeated for ever.
    pub(crate) endless: bool,
    pub(crate) gzipped: bool,
    /// Answers of the servers before the API tell nothing of limits.
    pub(crate) counted: bool,
}

impl Draft {
    fn new(status: u16, body: Bytes, content_type: Option<&'static str>) -> Self {
        Self {
            status,
            body,
            content_type,
            links: Vec::new(),
            challenge: None,
            nonce: None,
            oauth_error: None,
            limits: None,
            throttle: None,
            fault: false,
            truncate: false,
            endless: false,
            gzipped: false,
            counted: true,
        }
    }

    /// 200 with JSON.
    pub(crate) fn json(body: Bytes) -> Self {
        Self::new(200, body, Some("application/json"))
    }

    /// An error answer.
    pub(crate) fn refused(refusal: &Refusal, error_id: &str) -> Self {
        let content_type =
            matches!(refusal.body, RefusalBody::Okta { .. } | RefusalBody::OAuth { .. }).then_some("application/json");
        let draft = Self::new(refusal.status, Bytes::from(refusal.render(error_id)), content_type);
        let (challenge, nonce) = (refusal.challenge.clone(), refusal.nonce.clone());
        let oauth_error = match refusal.body {
            RefusalBody::OAuth { error, .. } => Some(error),
            _ => None,
        };
        Self { challenge, nonce, oauth_error, counted: refusal.counted, ..draft }
    }

    /// A page for people.
    pub(crate) fn html(status: u16) -> Self {
        Self {
            counted: false,
            ..Self::new(status, Bytes::from_static(HTML.as_bytes()), Some("text/html;charset=utf-8"))
        }
    }

    /// Nothing but a status.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Bytes::new(), None)
    }

    /// An array of records that goes on and on.
    pub(crate) fn endless(status: u16) -> Self {
        let records = r#"[{"id":"00u1"}],"#.repeat(4096);
        Self { status, endless: true, ..Self::json(Bytes::from(records)) }
    }

    /// An array of nothing but blanks, compressed to a thousandth.
    pub(crate) fn bomb(mebibytes: u32) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let blanks = vec![b' '; 1 << 20];
        let mut write = |bytes: &[u8]| encoder.write_all(bytes);
        let written = write(b"[").and_then(|()| (0..mebibytes).try_for_each(|_| write(&blanks)));
        // Writing into memory cannot fail.
        let body = written.and_then(|()| write(b"]")).and_then(|()| encoder.finish()).unwrap_or_default();
        Self { gzipped: true, ..Self::json(Bytes::from(body)) }
    }

    /// The same answer with its body compressed, if the caller accepts that.
    pub(crate) fn compressed(mut self, headers: &HeaderMap) -> Self {
        let accepts = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accepts.contains("gzip") && !self.body.is_empty() && !self.gzipped && !self.endless {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            // Writing into memory cannot fail; should it, the body stays as it was.
            if let Ok(bytes) = encoder.write_all(&self.body).and_then(|()| encoder.finish()) {
                self.body = Bytes::from(bytes);
                self.gzipped = true;
            }
        }
        self
    }

    /// The response, with the headers that Okta sends.
    pub(crate) fn response(self, stamp: &Stamp, now: Duration) -> Response<SimBody> {
        let body = match (self.truncate, self.endless) {
            (true, _) => SimBody::half(&self.body),
            (_, true) => SimBody::endless(self.body),
            _ => SimBody::whole(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        put(DATE, &http_date(now));
        put(REQUEST_ID, &stamp.request_id);
        if let Some(content_type) = self.content_type {
            put(CONTENT_TYPE, content_type);
        }
        if self.gzipped {
            put(CONTENT_ENCODING, "gzip");
        }
        for link in &self.links {
            put(LINK, link);
        }
        if let Some(challenge) = &self.challenge {
            put(WWW_AUTHENTICATE, challenge);
        }
        if let Some(nonce) = &self.nonce {
            put(DPOP_NONCE, nonce);
        }
        if let Some(limits) = self.limits.filter(|_| self.counted) {
            put(LIMIT, &limits.limit.to_string());
            put(REMAINING, &limits.remaining.to_string());
            put(RESET, &limits.reset.to_string());
        }
        response
    }
}
