//! Pages: cursors and the links that carry them.

use url::form_urlencoded::Serializer;

use crate::query::Query;

/// Where a page starts: after the object with this id. Opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Number of the page that starts here, counted from 1.
    pub(crate) page: u32,
    /// The last object of the page before.
    pub(crate) id: String,
}

impl Cursor {
    /// Reads a cursor; `None` for every text that no page gave out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (page, id) = text.strip_prefix("PG")?.split_once('-')?;
        let page = page.parse().ok().filter(|&page| page > 1)?;
        (!id.is_empty()).then(|| Self { page, id: id.to_owned() })
    }

    fn text(&self) -> String {
        format!("PG{}-{}", self.page, self.id)
    }

    /// The page that a query asks for: 1 when it names none, 0 when its cursor is no cursor.
    pub(crate) fn page_of(query: &Query) -> u32 {
        query.get("after").map_or(1, |after| Self::parse(after).map_or(0, |cursor| cursor.page))
    }
}

/// The links of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    /// Path and query of this page.
    pub(crate) own: String,
    /// Path and query of the next page.
    pub(crate) next: Option<String>,
}

impl Links {
    /// The values of the `Link` header lines, `self` first.
    pub(crate) fn headers(&self, origin: &str) -> Vec<String> {
        let line = |link: &String, relation: &str| format!("<{origin}{link}>; rel=\"{relation}\"");
        std::iter::once(line(&self.own, "self")).chain(self.next.as_ref().map(|next| line(next, "next"))).collect()
    }
}

/// How links are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LinkRules {
    /// Links lack `expand`, as those of several Okta lists have at times.
    pub(crate) forget_expand: bool,
    /// Lists under `/iam` name their next page in a header.
    pub(crate) iam_headers: bool,
    pub(crate) twist: Option<Twist>,
}

/// What is wrong on purpose with the link to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    /// It leads to this page again.
    Loop,
    /// From the second page on it leads to the first page.
    Circle,
    /// From the second page on it leads to a page with the same objects.
    Endless,
    /// It leads to another path.
    Stray,
    /// It leads to the plain list instead of the short one.
    Plain,
}

/// Parameters that Okta carries over into links, in its order, after cursor and limit.
const KEPT: [&str; 8] = ["since", "until", "search", "filter", "q", "sortBy", "sortOrder", "expand"];

/// The links of a page of this path. `limit` is the size used, `last` the id of the last object when more follow.
pub(crate) fn links(path: &str, query: &Query, limit: Option<usize>, last: Option<&str>, rules: LinkRules) -> Links {
    let link = |path: &str, after: Option<&str>| {
        let mut pairs = Serializer::new(String::new());
        if let Some(after) = after {
            pairs.append_pair("after", after);
        }
        if let Some(limit) = limit {
            pairs.append_pair("limit", &limit.to_string());
        }
        for name in KEPT {
            if let Some(value) = query.get(name).filter(|_| !(rules.forget_expand && name == "expand")) {
                pairs.append_pair(name, value);
            }
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    };
    let own = link(path, query.get("after"));
    let page = Cursor::page_of(query);
    let next_cursor = |id: &str| Cursor { page: page + 1, id: id.to_owned() }.text();
    let after = last.map(next_cursor);
    // The cursor of this page, which the first has not.
    let own_cursor = query.get("after").and_then(Cursor::parse);
    let next = match (rules.twist, own_cursor) {
        (Some(Twist::Loop), _) => Some(own.clone()),
        (Some(Twist::Circle), Some(_)) => Some(link(path, None)),
        (Some(Twist::Endless), Some(cursor)) => Some(link(path, Some(&next_cursor(&cursor.id)))),
        (Some(Twist::Stray), _) => Some(link("/api/v1/elsewhere", after.as_deref())),
        (Some(Twist::Plain), _) => after.map(|after| link(&path.replace("/skinny_users", "/users"), Some(&after))),
        (None | Some(Twist::Circle | Twist::Endless), _) => after.map(|after| link(path, Some(&after))),
    };
    Links { own, next }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_is_what_a_page_gave_out() {
        let cursor = Cursor { page: 2, id: "00u1".into() };
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        for text in ["", "00u1", "PG-00u1", "PG1-00u1", "PG0-x", "PGx-00u1", "PG2-", "pg2-00u1"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn links_carry_the_query_on() {
        let query = Query::parse("limit=1000&search=status+pr&expand=stats&unknown=x");
        let all = links("/p", &query, Some(200), Some("00u9"), LinkRules::default());
        assert_eq!(all.own, "/p?limit=200&search=status+pr&expand=stats");
        assert_eq!(all.next.unwrap(), "/p?after=PG2-00u9&limit=200&search=status+pr&expand=stats");
        let forgetful = links("/p", &query, Some(200), None, LinkRules { forget_expand: true, ..LinkRules::default() });
        assert_eq!((forgetful.own.as_str(), forgetful.next), ("/p?limit=200&search=status+pr", None));
        assert_eq!(links("/p", &Query::default(), None, None, LinkRules::default()).own, "/p");
    }

    #[test]
    fn links_that_lead_nowhere_begin_on_the_second_page() {
        let next = |query: &str, twist| {
            let rules = LinkRules { twist: Some(twist), ..LinkRules::default() };
            links("/p", &Query::parse(query), None, Some("00u9"), rules).next.unwrap()
        };
        for twist in [Twist::Circle, Twist::Endless] {
            assert_eq!(next("", twist), "/p?after=PG2-00u9");
        }
        assert_eq!(next("after=PG2-00u1", Twist::Circle), "/p");
        assert_eq!(next("after=PG2-00u1", Twist::Endless), "/p?after=PG3-00u1");
    }
}
