//! Links to the next page, in headers and bodies: whatever they say, a cursor stays in its list and leads on.
//!
//! The first line is the link in the body, the second the cursor that was asked for, the others are `Link` headers.
#![no_main]

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use okta_client::fuzzing::{halved, next_cursor};
use okta_client::{OrgUrl, Request, endpoints};

fn check(org: &OrgUrl, first: &Request, asked: &str, headers: &HeaderMap, in_body: Option<&str>) {
    let Ok(Some(cursor)) = next_cursor(org, first, asked, headers, in_body) else { return };
    let path = cursor.split('?').next().unwrap_or_default();
    assert_eq!(path, first.path());
    assert_ne!(cursor, asked);
    assert!(cursor.bytes().all(|byte| byte.is_ascii_graphic()), "{cursor:?}");
    let halved = halved(&cursor);
    assert_eq!(halved.split('?').next(), Some(path));
}

fuzz_target!(|data: &[u8]| {
    let org = OrgUrl::parse("acme.okta.com").expect("a host name");
    let (in_body, rest) = fuzz::first_line(data);
    let (asked, mut rest) = fuzz::first_line(rest);
    let in_body = std::str::from_utf8(in_body).ok().filter(|link| !link.is_empty());
    let asked = std::str::from_utf8(asked).unwrap_or_default();
    let mut headers = HeaderMap::new();
    while !rest.is_empty() {
        let (line, more) = fuzz::first_line(rest);
        fuzz::put(&mut headers, "link", line);
        rest = more;
    }
    check(&org, &endpoints::users::list(200).request, asked, &headers, in_body);
    check(&org, &endpoints::groups::list(200).request, asked, &headers, in_body);
    check(&org, &endpoints::roles::assignees(200).request, asked, &headers, in_body);
    if let Ok(members) = endpoints::groups::members("00g1", 1000) {
        check(&org, &members.request, asked, &headers, in_body);
    }
});
