//! Requests as data, built and tested without any network.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::Method;

use crate::body::Body;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind};
use crate::models::Record;

/// The longest wait of a prompt request: longer than the pause between two calls of a small quota that are spread evenly
/// over its window.
pub(crate) const MAX_PROMPT_WAIT: Duration = Duration::from_secs(3);

/// One call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, percent-encoded, beginning with a slash.
    pub path_and_query: String,
    /// The path with `{id}` in place of ids, for logs.
    pub template: &'static str,
    /// The bucket whose quota it uses.
    pub bucket: Bucket,
    /// Whether it can safely be sent twice. Only such a request is retried after a failure that leaves open whether Okta has
    /// executed it.
    pub idempotent: bool,
    /// Whether it must be sent within three seconds or not at all. If the pacer delays it longer, the call fails with
    /// [`ErrorKind::RateLimited`] and [`Outcome::NotSent`](crate::Outcome::NotSent) when it is admitted, and the caller
    /// reads the state again that the request depends on.
    pub prompt: bool,
    /// A `Content-Type` header that requests a smaller response.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Option<Body>,
}

impl Request {
    /// Creates a GET of `path`, which is `template` with its `{id}` filled in.
    pub(crate) fn get(template: &'static str, path: String) -> Self {
        Self {
            bucket: Bucket::for_call(&Method::GET, &path),
            method: Method::GET,
            path_and_query: path,
            template,
            idempotent: true,
            prompt: false,
            content_type: None,
            body: None,
        }
    }

    /// Creates a change, which is never retried while it is unknown whether it has been executed. That includes PUT and
    /// DELETE, which are not always idempotent at Okta (deleting a user twice deactivates, then deletes).
    pub(crate) fn change(method: Method, template: &'static str, path: String) -> Self {
        Self {
            bucket: Bucket::for_call(&method, &path),
            method,
            path_and_query: path,
            template,
            idempotent: false,
            prompt: false,
            content_type: None,
            body: None,
        }
    }

    /// Adds a body.
    pub(crate) fn with_body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Marks the request as prompt: see [`Request::prompt`].
    #[must_use]
    pub fn promptly(self) -> Self {
        Self { prompt: true, ..self }
    }

    /// Returns the path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// Returns the query, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}

/// Method, path and query, without the body.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path_and_query)
    }
}

/// The call for the first page of a list whose records are `T`s.
#[derive(Debug)]
pub struct ListRequest<T> {
    /// The call itself.
    pub request: Request,
    /// The member that holds the records, for lists inside an object.
    pub key: Option<&'static str>,
    records: PhantomData<fn() -> T>,
}

impl<T> Clone for ListRequest<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), key: self.key, records: PhantomData }
    }
}

impl<T: Record> ListRequest<T> {
    /// Creates the request for a list that is a bare array.
    pub(crate) fn array(request: Request) -> Self {
        Self { request, key: None, records: PhantomData }
    }

    /// Creates the request for a list that is the member `key` of an object.
    pub(crate) fn in_object(key: &'static str, request: Request) -> Self {
        Self { request, key: Some(key), records: PhantomData }
    }
}

/// Words that the API accepts in place of an id: the owner of the credential, a list. They are not ids.
const ALIASES: [&str; 4] = ["me", "default", "current", "rules"];

/// Returns the path `template` with its `{id}` replaced.
///
/// # Errors
///
/// Unless `id` has the form of an Okta id: up to 100 letters, digits, `_` and `-`, and none of the [`ALIASES`].
/// Nothing in it then needs escaping, and no id can lead to another path.
pub(crate) fn fill(template: &'static str, id: &str) -> Result<String, Error> {
    fill_all(template, [id])
}

/// Returns the path `template` with its two `{id}`s replaced, in their order.
///
/// # Errors
///
/// Unless both have the form of an Okta id, as for [`fill`].
pub(crate) fn fill_two(template: &'static str, first: &str, second: &str) -> Result<String, Error> {
    fill_all(template, [first, second])
}

/// Returns the path `template` with its `{id}`s replaced, in their order.
///
/// # Errors
///
/// Unless all have the form of an Okta id, as for [`fill`].
pub(crate) fn fill_all<const N: usize>(template: &'static str, ids: [&str; N]) -> Result<String, Error> {
    let mut path = template.to_owned();
    for id in ids {
        check_id(id, template)?;
        path = path.replacen("{id}", id, 1);
    }
    Ok(path)
}

/// Checks that `id` has the form of an Okta id, before it is used in a call of `template`.
///
/// # Errors
///
/// As for [`fill`].
pub(crate) fn check_id(id: &str, template: &'static str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 100 || !id.chars().all(fits) || ALIASES.contains(&id) {
        let what = format!("{id:?} is not an Okta id; {template} was not called");
        return Err(Error::new(ErrorKind::Invalid, what).not_sent());
    }
    Ok(())
}

/// Returns the path `template` with its `{login}` replaced, percent-encoded.
///
/// # Errors
///
/// If no path can represent the login: one with a slash is not found by Okta, one of dots only would be a relative path
/// segment, and `me` is the owner of the credential.
pub(crate) fn fill_login(template: &'static str, login: &str) -> Result<String, Error> {
    let is_unsafe = |c: char| c == '/' || c == '\\' || c.is_control();
    if login.is_empty()
        || login.len() > 400
        || login.chars().all(|c| c == '.')
        || login.contains(is_unsafe)
        || login == "me"
    {
        let what = format!("{login:?} is not a login that can be looked up; {template} was not called");
        return Err(Error::new(ErrorKind::Invalid, what).not_sent());
    }
    // Two differences between forms and paths: a space is no `+` in a path, and an `@` is not escaped.
    let encoded: String = url::form_urlencoded::byte_serialize(login.as_bytes()).collect();
    Ok(template.replacen("{login}", &encoded.replace('+', "%20").replace("%40", "@"), 1))
}

/// Returns `path` with `pairs` as its query, form-encoded.
pub(crate) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}
