//! A request as data: built and tested without any network.

use std::marker::PhantomData;

use http::Method;

use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind};
use crate::models::Record;

/// One call of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, percent-encoded, beginning with a slash.
    pub path_and_query: String,
    /// The path with `{id}` in place of ids, for logs.
    pub template: &'static str,
    /// Whose quota it uses.
    pub bucket: Bucket,
    /// Whether sending it twice does no harm. Only such a request is sent again after a failure that leaves open
    /// whether Okta has carried it out.
    pub idempotent: bool,
    /// A `Content-Type` header that asks for a smaller answer.
    pub content_type: Option<&'static str>,
}

impl Request {
    /// A GET of `path`, which is `template` with its `{id}` filled in.
    pub(crate) fn get(template: &'static str, path: String) -> Self {
        Self {
            bucket: Bucket::of(&Method::GET, &path),
            method: Method::GET,
            path_and_query: path,
            template,
            idempotent: true,
            content_type: None,
        }
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The query, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}

/// The call for the first page of a list whose records are `T`s.
#[derive(Debug)]
pub struct ListRequest<T> {
    /// The call itself.
    pub request: Request,
    /// The member that holds the records, for lists that come inside an object.
    pub key: Option<&'static str>,
    records: PhantomData<fn() -> T>,
}

impl<T> Clone for ListRequest<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), key: self.key, records: PhantomData }
    }
}

impl<T: Record> ListRequest<T> {
    /// A list that comes as a bare array.
    pub(crate) fn array(request: Request) -> Self {
        Self { request, key: None, records: PhantomData }
    }

    /// A list that comes under `key` inside an object.
    pub(crate) fn under(key: &'static str, request: Request) -> Self {
        Self { request, key: Some(key), records: PhantomData }
    }
}

/// The path `template` with its `{id}` replaced.
///
/// # Errors
///
/// Unless `id` has the form of an Okta id: up to 100 letters, digits, `_` and `-`. Nothing in it then needs escaping,
/// and no id can lead to another path.
pub(crate) fn fill(template: &'static str, id: &str) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 100 || !id.chars().all(fits) {
        return Err(Error::new(ErrorKind::Invalid, format!("{id:?} is not an Okta id; {template} was not called")));
    }
    Ok(template.replacen("{id}", id, 1))
}

/// The path `template` with its two `{id}`s replaced, in their order.
///
/// # Errors
///
/// Unless both have the form of an Okta id.
pub(crate) fn fill_two(template: &'static str, first: &str, second: &str) -> Result<String, Error> {
    fill(template, second)?;
    Ok(fill(template, first)?.replacen("{id}", second, 1))
}

/// `path` with a query made of `pairs`, form-encoded.
pub(crate) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}
