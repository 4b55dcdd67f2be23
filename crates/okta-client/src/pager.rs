//! Follows lists from page to page, in both of Okta's styles: `Link` headers and links in the body.
//!
//! Links are followed as given, with four exceptions. Only path and query are used, on the configured host: `/iam/*` links
//! to the admin console's host. An `expand` that the link has lost (which several lists have done for months) is added
//! again. A link to another path is rejected: some lists have linked to their bigger siblings. A link to the page that it
//! came with is rejected too, since it would never end.

use http::{HeaderMap, header};
use url::{Url, form_urlencoded};

use crate::error::{Error, ErrorKind};
use crate::org_url::OrgUrl;
use crate::request::Request;

/// Returns the cursor of the page after the one requested with `page_path` (path and query), or `None` if that was the last.
/// `in_body` is the link in the body.
pub(crate) fn next_cursor(
    org: &OrgUrl,
    first: &Request,
    page_path: &str,
    headers: &HeaderMap,
    in_body: Option<&str>,
) -> Result<Option<String>, Error> {
    match resolve_link(org, first, headers, in_body)? {
        Some(cursor) if position(&cursor) == position(page_path) => {
            Err(link_error("leads to the page that it came with"))
        }
        cursor => Ok(cursor),
    }
}

/// Returns the cursor after a page of a list without an end: `page_path` again if nothing has come since.
pub(crate) fn resume_cursor(
    org: &OrgUrl,
    first: &Request,
    page_path: &str,
    headers: &HeaderMap,
) -> Result<String, Error> {
    let cursor = resolve_link(org, first, headers, None)?;
    Ok(cursor.unwrap_or_else(|| page_path.to_owned()))
}

/// Returns the cursor of the link to the next page.
fn resolve_link(
    org: &OrgUrl,
    first: &Request,
    headers: &HeaderMap,
    in_body: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(link) = next_link(headers).or_else(|| in_body.map(str::to_owned)) else { return Ok(None) };
    let url = org.join("/").and_then(|base| base.join(&link).ok());
    let Some(url) = url else {
        return Err(link_error("cannot be read"));
    };
    if without_trailing_slash(url.path()) != without_trailing_slash(first.path()) {
        return Err(link_error(&format!("leads to another list, {}", url.path())));
    }
    Ok(Some(with_lost_expand(&url, first)))
}

/// Checks that `cursor` belongs to the list of `first`.
pub(crate) fn check_cursor(first: &Request, cursor: &str) -> Result<(), Error> {
    let path = cursor.split('?').next().unwrap_or_default();
    if without_trailing_slash(path) == without_trailing_slash(first.path()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, format!("a cursor of another list ({path})")))
}

/// Returns `page_path` with its `limit` replaced, if it has one.
pub(crate) fn with_limit(page_path: &str, limit: impl FnOnce(u32) -> u32) -> String {
    let Some((path, query)) = page_path.split_once('?') else { return page_path.to_owned() };
    let mut limit = Some(limit);
    let parts = query.split('&').map(|part| {
        let old = part.strip_prefix("limit=").and_then(|value| value.parse().ok());
        match (old, limit.take()) {
            (Some(old), Some(limit)) => format!("limit={}", limit(old)),
            (_, unused) => {
                limit = unused;
                part.to_owned()
            }
        }
    });
    let query: Vec<String> = parts.collect();
    format!("{path}?{}", query.join("&"))
}

/// Returns the page size that `page_path` requests, if it does.
pub(crate) fn limit(page_path: &str) -> Option<u32> {
    let (_, query) = page_path.split_once('?')?;
    query.split('&').find_map(|part| part.strip_prefix("limit=")?.parse().ok())
}

/// Returns the largest number of records that a page of the list of `first` may hold: a few times the requested page size,
/// since a list may ignore it. The limit in a cursor is set by the server and is not used.
pub(crate) fn max_records(first: &Request) -> usize {
    /// For lists without a page size. The longest of Okta's pages has ten thousand records.
    const WITHOUT_LIMIT: usize = 20_000;
    /// For lists that request a few records only.
    const MIN_RECORDS: usize = 1_000;
    limit(&first.path_and_query).map_or(WITHOUT_LIMIT, |limit| {
        usize::try_from(limit).unwrap_or(WITHOUT_LIMIT).saturating_mul(4).max(MIN_RECORDS)
    })
}

fn link_error(why: &str) -> Error {
    Error::new(ErrorKind::Unreadable, format!("the link to the next page {why}"))
        .with_hint("nothing after this page was read; report this to Okta if it persists")
}

fn without_trailing_slash(path: &str) -> &str {
    path.trim_end_matches('/')
}

/// Returns path and query of the link, with the first page's `expand` if the link has none.
fn with_lost_expand(url: &Url, first: &Request) -> String {
    let mut cursor = first.path().to_owned();
    let mut separator = '?';
    let mut push = |part: &str| {
        cursor.push(separator);
        cursor.push_str(part);
        separator = '&';
    };
    if let Some(query) = url.query().filter(|query| !query.is_empty()) {
        push(query);
    }
    let lost = !url.query_pairs().any(|(key, _)| key == "expand");
    let expand = first.query().into_iter().flat_map(|query| query.split('&')).find(|part| part.starts_with("expand="));
    if let Some(expand) = expand.filter(|_| lost) {
        push(expand);
    }
    cursor
}

/// Returns what a path and query select, without the page size. Sorted, because the server may reorder the parameters.
fn position(path_and_query: &str) -> Vec<(String, String)> {
    let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.retain(|(key, value)| key != "limit" && !value.is_empty());
    pairs.sort();
    pairs
}

/// Returns the target of `rel="next"` in the `Link` headers, of which one line may hold several.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.to_owned())
}

/// Splits one header value into links: target and parameters. Commas inside of `<…>` or quotes do not separate.
fn links(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, next) = after.split_at(end.unwrap_or(after.len()));
        found.push((target.trim(), parameters));
        rest = next;
    }
    found
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::endpoints::{groups, roles, users};

    fn org() -> OrgUrl {
        OrgUrl::parse("acme.okta.com:8443").unwrap()
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::LINK, line.parse().unwrap())).collect()
    }

    fn next(first: &Request, lines: &[&str], in_body: Option<&str>) -> Result<Option<String>, Error> {
        next_cursor(&org(), first, &first.path_and_query, &headers(lines), in_body)
    }

    const SELF: &str = "<https://acme.okta.com:8443/api/v1/users?limit=200>; rel=\"self\"";
    const NEXT: &str = "<https://acme.okta.com:8443/api/v1/users?after=00u2&limit=200&search=status+pr>; rel=\"next\"";

    #[test]
    fn links_on_separate_lines_or_in_one() {
        let first = users::list(200).request;
        let expected = Some("/api/v1/users?after=00u2&limit=200&search=status+pr".to_owned());
        assert_eq!(next(&first, &[SELF, NEXT], None).unwrap(), expected);
        assert_eq!(next(&first, &[NEXT, SELF], None).unwrap(), expected);
        assert_eq!(next(&first, &[&format!("{SELF}, {NEXT}")], None).unwrap(), expected);
        let commas = "<https://acme.okta.com:8443/api/v1/users?after=a,b>; title=\"x, <y>\"; rel=next";
        assert_eq!(next(&first, &[SELF, commas], None).unwrap().unwrap(), "/api/v1/users?after=a,b");
    }

    #[test]
    fn no_next_link_is_the_last_page() {
        let first = users::list(200).request;
        assert_eq!(next(&first, &[SELF], None).unwrap(), None);
        assert_eq!(next(&first, &[], None).unwrap(), None);
        assert_eq!(next(&first, &["nonsense", "<https://unclosed"], None).unwrap(), None);
    }

    #[test]
    fn a_link_in_the_body_to_the_console_is_followed_on_our_host() {
        let first = roles::assignees(200).request;
        let link = "https://acme-admin.okta.com/api/v1/iam/assignees/users?after=00u9&limit=200";
        let own = "<https://acme.okta.com:8443/api/v1/iam/assignees/users>; rel=\"self\"";
        let cursor = next(&first, &[own], Some(link)).unwrap().unwrap();
        assert_eq!(cursor, "/api/v1/iam/assignees/users?after=00u9&limit=200");
    }

    #[test]
    fn a_link_to_another_host_never_leaves_ours() {
        let first = users::list(200).request;
        let link = "<https://evil.example/api/v1/users?after=00u2>; rel=\"next\"";
        let cursor = next(&first, &[link], None).unwrap().unwrap();
        assert_eq!(org().join(&cursor).unwrap().host_str(), Some("acme.okta.com"));
        let relative = "</api/v1/users?after=00u2>; rel=\"next\"";
        assert_eq!(next(&first, &[relative], None).unwrap().unwrap(), "/api/v1/users?after=00u2");
    }

    #[test]
    fn a_lost_expand_is_put_back() {
        let first = groups::list(200).request;
        let link = "<https://acme.okta.com/api/v1/groups?after=00g2&limit=200>; rel=\"next\"";
        assert_eq!(next(&first, &[link], None).unwrap().unwrap(), "/api/v1/groups?after=00g2&limit=200&expand=stats");
        let link = "<https://acme.okta.com/api/v1/groups?after=00g2&expand=stats>; rel=\"next\"";
        assert_eq!(next(&first, &[link], None).unwrap().unwrap(), "/api/v1/groups?after=00g2&expand=stats");
    }

    #[test]
    fn a_page_that_repeats_itself_is_refused() {
        let first = users::list(200).request;
        let page_path = "/api/v1/users?limit=200&after=00u2&search=status+pr";
        let error = next_cursor(&org(), &first, page_path, &headers(&[NEXT]), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        let first_again = "<https://acme.okta.com/api/v1/users?search=status%20pr&limit=100&after=>; rel=\"next\"";
        assert!(next(&first, &[first_again], None).is_err());
    }

    #[test]
    fn a_list_without_an_end_may_repeat_itself() {
        let first = crate::endpoints::logs::since("2026-01-02T03:04:05Z", None, 1000).request;
        let resume = |lines: &[&str]| resume_cursor(&org(), &first, "/api/v1/logs?after=1", &headers(lines));
        let next = |after: u32| format!("<https://acme.okta.com/api/v1/logs?after={after}>; rel=\"next\"");
        assert_eq!(resume(&[&next(2)]).unwrap(), "/api/v1/logs?after=2");
        assert_eq!(resume(&[&next(1)]).unwrap(), "/api/v1/logs?after=1");
        assert_eq!(resume(&[]).unwrap(), "/api/v1/logs?after=1");
        assert!(resume(&["<https://acme.okta.com/api/v1/users?after=2>; rel=\"next\""]).is_err());
    }

    #[test]
    fn another_path_is_refused() {
        let first = groups::members("00g1", 1000).unwrap().request;
        for path in ["/api/v1/users", "/api/v1/groups/00g2/users", "/api/v1/groups/00g1/users/../roles", "/"] {
            let link = format!("<https://acme.okta.com{path}?after=00u2>; rel=\"next\"");
            let error = next(&first, &[&link], None).unwrap_err();
            assert!(error.to_string().contains("another list"), "{path}: {error}");
        }
        assert!(next(&first, &["<https://[bad>; rel=next"], None).is_err());
        assert!(next(&first, &["</api/v1/groups/00g1/users/?after=x>; rel=next"], None).is_ok());
    }

    #[test]
    fn a_stored_cursor_must_belong_to_the_list() {
        let first = users::list(200).request;
        assert!(check_cursor(&first, "/api/v1/users?after=x").is_ok());
        assert!(check_cursor(&first, "/api/v1/groups?after=x").is_err());
        assert!(check_cursor(&first, "https://evil.example/api/v1/users").is_err());
    }

    #[test]
    fn a_page_may_hold_a_few_times_what_was_asked_for() {
        assert_eq!(max_records(&groups::members("00g1", 1000).unwrap().request), 4_000);
        assert_eq!(max_records(&users::list(500).request), 2_000);
        assert_eq!(max_records(&users::list(2).request), 1_000);
        assert_eq!(max_records(&roles::of_user("00u1").unwrap().request), 20_000);
        assert_eq!(limit("/api/v1/users?after=00u2&limit=500&search=status+pr"), Some(500));
        assert_eq!(limit("/api/v1/users?limit=many"), None);
    }

    #[test]
    fn a_smaller_page_keeps_everything_else() {
        let halved = with_limit("/api/v1/users?after=00u2&limit=200&search=status+pr", |limit| limit / 2);
        assert_eq!(halved, "/api/v1/users?after=00u2&limit=100&search=status+pr");
        assert_eq!(with_limit("/api/v1/users?after=x", |_| 1), "/api/v1/users?after=x");
        assert_eq!(with_limit("/api/v1/org", |_| 1), "/api/v1/org");
    }
}
