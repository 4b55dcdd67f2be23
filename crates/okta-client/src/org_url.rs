//! Parses the address of an org.

use std::fmt;
use std::str::FromStr;

use url::{Position, Url};

/// `https://host[:port]` of an org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgUrl(Url);

/// The reasons why a text is not the address of an org.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrgUrlError {
    /// Nothing but blanks.
    #[error("the Okta domain is empty; give the host name of the org, for example acme.okta.com")]
    Empty,
    /// A text copied from instructions.
    #[error(
        "the Okta domain {0:?} is a placeholder; replace it by the host name of your org, for example acme.okta.com"
    )]
    Placeholder(String),
    /// The host of the admin console.
    #[error("the Okta domain {given:?} is the admin console's; leave out \"-admin\": {instead}")]
    AdminHost {
        /// What was given.
        given: String,
        /// What was probably meant.
        instead: String,
    },
    /// `acme.okta.com.com`.
    #[error("the Okta domain {given:?} ends in \".com.com\"; did you mean {instead}?")]
    DoubledCom {
        /// What was given.
        given: String,
        /// What was probably meant.
        instead: String,
    },
    /// Some other scheme than https.
    #[error("the Okta domain {given:?} asks for {scheme}; only https is used, give the host name alone")]
    Scheme {
        /// What was given.
        given: String,
        /// The given scheme.
        scheme: String,
    },
    /// A path, a query, a fragment or user information.
    #[error("the Okta domain {given:?} has {part} in it; give the host name alone, for example acme.okta.com")]
    TooMuch {
        /// What was given, without anything that could be a password.
        given: String,
        /// The superfluous part.
        part: &'static str,
    },
    /// No URL at all.
    #[error("the Okta domain {given:?} is not a host name ({reason}); give, for example, acme.okta.com")]
    Malformed {
        /// What was given.
        given: String,
        /// The message of the URL parser.
        reason: String,
    },
}

impl OrgUrl {
    /// Parses the address of an org: a host name with or without port, with or without `https://` before it and a
    /// slash after it.
    ///
    /// # Errors
    ///
    /// For everything else, and for addresses that are known not to be an org's: see [`OrgUrlError`].
    pub fn parse(text: &str) -> Result<Self, OrgUrlError> {
        let given = text.trim();
        if given.is_empty() {
            return Err(OrgUrlError::Empty);
        }
        if given.contains(['{', '}', '<', '>']) {
            return Err(OrgUrlError::Placeholder(given.to_owned()));
        }
        let malformed = |reason: &str| OrgUrlError::Malformed { given: given.to_owned(), reason: reason.to_owned() };
        if given.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(malformed("it contains blanks or other characters that no host name has"));
        }
        let url = match given.split_once("://") {
            Some((scheme, _)) if !scheme.eq_ignore_ascii_case("https") => {
                return Err(OrgUrlError::Scheme { given: given.to_owned(), scheme: scheme.to_owned() });
            }
            Some((_, rest)) => Url::parse(&format!("https://{}", host_and_port(rest, given)?)),
            None => Url::parse(&format!("https://{}", host_and_port(given, given)?)),
        };
        let url = url.map_err(|e| malformed(&e.to_string()))?;
        reject_known_mistakes(&url, given)?;
        Ok(Self(url))
    }

    /// Returns the host, in lower case, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the host with its port if that is not 443, as in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }

    /// Returns the URL of a path in the org.
    ///
    /// `path_and_query` begins with a slash, so that it cannot alter the host.
    pub(crate) fn join(&self, path_and_query: &str) -> Option<Url> {
        if !path_and_query.starts_with('/') {
            return None;
        }
        Url::parse(&format!("{self}{path_and_query}")).ok()
    }
}

/// Returns the part after the scheme without a trailing slash, provided that it is only a host and a port.
fn host_and_port<'t>(rest: &'t str, given: &str) -> Result<&'t str, OrgUrlError> {
    if rest.contains('@') {
        // The part before the @ may be a password and is not repeated.
        return Err(OrgUrlError::TooMuch {
            given: rest.rsplit('@').next().unwrap_or_default().to_owned(),
            part: "user information",
        });
    }
    let too_much = |part| Err(OrgUrlError::TooMuch { given: given.to_owned(), part });
    if rest.contains('#') {
        return too_much("a fragment");
    }
    if rest.contains('?') {
        return too_much("a query");
    }
    let host = rest.strip_suffix('/').unwrap_or(rest);
    if host.contains('/') {
        return too_much("a path");
    }
    Ok(host)
}

/// Rejects hosts that are known mistakes.
fn reject_known_mistakes(url: &Url, given: &str) -> Result<(), OrgUrlError> {
    let host = url.host_str().unwrap_or_default();
    for domain in ["okta.com", "oktapreview.com", "okta-emea.com"] {
        let console = format!("-admin.{domain}");
        if host.contains(&console) {
            let instead = host.replace(&console, &format!(".{domain}"));
            return Err(OrgUrlError::AdminHost { given: given.to_owned(), instead });
        }
    }
    if let Some(stem) = host.strip_suffix(".com.com") {
        return Err(OrgUrlError::DoubledCom { given: given.to_owned(), instead: format!("{stem}.com") });
    }
    Ok(())
}

impl FromStr for OrgUrl {
    type Err = OrgUrlError;

    fn from_str(text: &str) -> Result<Self, OrgUrlError> {
        Self::parse(text)
    }
}

/// `https://host[:port]`, without a slash at the end.
impl fmt::Display for OrgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..Position::BeforePath])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn accepts_what_people_type() {
        for (given, expected) in [
            ("acme.okta.com", "https://acme.okta.com"),
            ("acme.okta.com/", "https://acme.okta.com"),
            ("  acme.okta.com\n", "https://acme.okta.com"),
            ("https://acme.okta.com", "https://acme.okta.com"),
            ("HTTPS://Acme.Okta.com/", "https://acme.okta.com"),
            ("acme.okta.com:443", "https://acme.okta.com"),
            ("127.0.0.1:18443", "https://127.0.0.1:18443"),
            ("https://localhost:9/", "https://localhost:9"),
            ("[::1]:18443", "https://[::1]:18443"),
            ("login.acme.example", "https://login.acme.example"),
        ] {
            assert_eq!(OrgUrl::parse(given).unwrap().to_string(), expected, "{given:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_org() {
        for (given, part) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("http://acme.okta.com", "asks for http;"),
            ("ftp://acme.okta.com", "asks for ftp"),
            ("acme.okta.com/api/v1", "a path"),
            ("https://acme.okta.com//", "a path"),
            ("acme.okta.com?x=1", "a query"),
            ("acme.okta.com#top", "a fragment"),
            ("me:secret@acme.okta.com", "user information"),
            ("https://{yourOktaDomain}", "placeholder"),
            ("<your-org>.okta.com", "placeholder"),
            ("acme-admin.okta.com", "leave out \"-admin\": acme.okta.com"),
            ("acme-admin.oktapreview.com", "acme.oktapreview.com"),
            ("acme-admin.okta-emea.com:8443", "acme.okta-emea.com"),
            ("acme.okta.com.com", "did you mean acme.okta.com?"),
            ("acme okta.com", "is not a host name"),
            ("acme.okta.com:port", "is not a host name"),
            ("https://", "is not a host name"),
            ("acme\\evil.com", "is not a host name"),
        ] {
            let error = OrgUrl::parse(given).unwrap_err().to_string();
            assert!(error.contains(part), "{given:?}: {error}");
        }
    }

    #[test]
    fn repeats_no_password() {
        let error = OrgUrl::parse("https://me:hunter2@acme.okta.com").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn nothing_leaves_the_host() {
        let org = OrgUrl::parse("acme.okta.com:8443").unwrap();
        assert_eq!(org.authority(), "acme.okta.com:8443");
        assert_eq!(org.join("/api/v1/org").unwrap().as_str(), "https://acme.okta.com:8443/api/v1/org");
        assert!(org.join("@evil.example/").is_none());
        assert!(org.join(".evil.example/").is_none());
    }
}
