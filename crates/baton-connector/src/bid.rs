//! Baton ids: how people and C1 name one resource or entitlement in text (`docs/spec/connector-runtime.md` 1.7).
//!
//! `bid:r:group/00g1` is a resource, `bid:r:org/1/group/00g1` one with its parent, `bid:e:group/00g1:member` an
//! entitlement. A backslash in front of `\`, `/` or `:` makes them part of an id.

use std::fmt;
use std::str::FromStr;

use baton_proto::c1::connector::v2::ResourceId;

/// A resource by type and id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceRef {
    /// Resource type id.
    pub resource_type: String,
    /// Resource id.
    pub id: String,
}

impl ResourceRef {
    /// The resource `id` of a type.
    #[must_use]
    pub fn new(resource_type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { resource_type: resource_type.into(), id: id.into() }
    }
}

impl From<&ResourceId> for ResourceRef {
    fn from(id: &ResourceId) -> Self {
        Self::new(id.resource_type.as_str(), id.resource.as_str())
    }
}

/// A resource, and the parent under which it is found if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResourceBid {
    /// The resource.
    pub resource: ResourceRef,
    /// Its parent.
    pub parent: Option<ResourceRef>,
}

impl ResourceBid {
    /// A resource without a parent.
    #[must_use]
    pub fn new(resource_type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { resource: ResourceRef::new(resource_type, id), parent: None }
    }
}

/// An entitlement: the resource that it belongs to, and its slug.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntitlementBid {
    /// The resource.
    pub resource: ResourceBid,
    /// `Entitlement.slug`.
    pub slug: String,
}

/// Why a text is no Baton id. The text of the error shows where, below the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.shown())]
pub struct BidError {
    text: String,
    /// Characters before the place at which it goes wrong.
    at: usize,
    what: &'static str,
}

impl BidError {
    fn new(text: &str, at: usize, what: &'static str) -> Self {
        Self { text: text.to_owned(), at, what }
    }

    fn shown(&self) -> String {
        // Nobody finds a mark below a line that has been broken.
        let line: String = self.text.chars().map(|char| if char.is_control() { '?' } else { char }).collect();
        format!("not a Baton id: {}\n  {line}\n  {}^", self.what, " ".repeat(self.at))
    }
}

const SHORT: &str = "a resource is TYPE/ID, or TYPE/ID of its parent and then its own";

impl FromStr for ResourceBid {
    type Err = BidError;

    fn from_str(text: &str) -> Result<Self, BidError> {
        let mut parser = Parser::behind(text, "bid:r:", "the id of a resource begins with bid:r:")?;
        let bid = parser.resource()?;
        match parser.chars.get(parser.at) {
            None => Ok(bid),
            Some(_) => Err(parser.error("nothing may follow a resource; a colon within an id is written \\:")),
        }
    }
}

impl FromStr for EntitlementBid {
    type Err = BidError;

    fn from_str(text: &str) -> Result<Self, BidError> {
        let mut parser = Parser::behind(text, "bid:e:", "the id of an entitlement begins with bid:e:")?;
        let resource = parser.resource()?;
        if !parser.take(':') {
            return Err(parser.error("an entitlement is a resource, a colon and a slug"));
        }
        let slug = parser.part("the slug is missing")?;
        match parser.chars.get(parser.at) {
            None => Ok(Self { resource, slug }),
            Some(_) => Err(parser.error("nothing may follow a slug")),
        }
    }
}

impl fmt::Display for ResourceBid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bid:r:{}", Path(self))
    }
}

impl fmt::Display for EntitlementBid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bid:e:{}:{}", Path(&self.resource), Escaped(&self.slug))
    }
}

/// The part of an id that stands for a resource.
struct Path<'a>(&'a ResourceBid);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ResourceBid { resource, parent } = self.0;
        if let Some(parent) = parent {
            write!(f, "{}/{}/", Escaped(&parent.resource_type), Escaped(&parent.id))?;
        }
        write!(f, "{}/{}", Escaped(&resource.resource_type), Escaped(&resource.id))
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if is_special(char) {
                f.write_str("\\")?;
            }
            write!(f, "{char}")?;
        }
        Ok(())
    }
}

fn is_special(char: char) -> bool {
    matches!(char, '\\' | '/' | ':')
}

struct Parser<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
}

impl<'a> Parser<'a> {
    /// A parser of what follows `prefix`.
    fn behind(text: &'a str, prefix: &str, what: &'static str) -> Result<Self, BidError> {
        let same = text.chars().zip(prefix.chars()).take_while(|(one, other)| one == other).count();
        if same < prefix.chars().count() {
            return Err(BidError::new(text, same, what));
        }
        Ok(Self { text, chars: text.chars().collect(), at: same })
    }

    fn resource(&mut self) -> Result<ResourceBid, BidError> {
        let first = self.reference()?;
        if !self.take('/') {
            return Ok(ResourceBid { resource: first, parent: None });
        }
        let resource = self.reference()?;
        Ok(ResourceBid { resource, parent: Some(first) })
    }

    fn reference(&mut self) -> Result<ResourceRef, BidError> {
        let resource_type = self.part("the resource type is missing")?;
        if !self.take('/') {
            return Err(self.error(SHORT));
        }
        let id = self.part("the resource id is missing")?;
        Ok(ResourceRef { resource_type, id })
    }

    /// The text up to the next special character that is not escaped.
    fn part(&mut self, missing: &'static str) -> Result<String, BidError> {
        let mut part = String::new();
        while let Some(&char) = self.chars.get(self.at) {
            match char {
                '/' | ':' => break,
                '\\' => {
                    let escaped = self.chars.get(self.at + 1).copied().filter(|char| is_special(*char));
                    part.push(escaped.ok_or_else(|| self.error("a backslash stands only before \\, / or :"))?);
                    self.at += 2;
                }
                char => {
                    part.push(char);
                    self.at += 1;
                }
            }
        }
        if part.is_empty() { Err(self.error(missing)) } else { Ok(part) }
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.chars.get(self.at) == Some(&wanted);
        self.at += usize::from(there);
        there
    }

    fn error(&self, what: &'static str) -> BidError {
        BidError::new(self.text, self.at, what)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_parent(parent: ResourceRef, resource: ResourceRef) -> ResourceBid {
        ResourceBid { resource, parent: Some(parent) }
    }

    #[test]
    fn published_examples() {
        for (text, bid) in [
            ("bid:r:user/00u1", ResourceBid::new("user", "00u1")),
            (r"bid:r:resourceset-binding/iamX\:cr0Y", ResourceBid::new("resourceset-binding", "iamX:cr0Y")),
            (
                "bid:r:group/sales/user/george",
                with_parent(ResourceRef::new("group", "sales"), ResourceRef::new("user", "george")),
            ),
            (
                r"bid:r:gr\:=o\\up/s\:al\/es/us\/er/geo\/r\\ge",
                with_parent(ResourceRef::new(r"gr:=o\up", "s:al/es"), ResourceRef::new("us/er", r"geo/r\ge")),
            ),
        ] {
            assert_eq!(text.parse(), Ok(bid.clone()));
            assert_eq!(bid.to_string(), text);
        }
        let member = EntitlementBid { resource: ResourceBid::new("group", "sales"), slug: "member".to_owned() };
        assert_eq!("bid:e:group/sales:member".parse(), Ok(member.clone()));
        assert_eq!(member.to_string(), "bid:e:group/sales:member");
    }

    #[test]
    fn errors_point_at_the_place() {
        for (text, at, what) in [
            ("", 0, "begins with bid:r:"),
            ("00u1", 0, "begins with bid:r:"),
            ("bid:e:group/1:m", 4, "begins with bid:r:"),
            ("bid:r:", 6, "type is missing"),
            ("bid:r:user", 10, "TYPE/ID"),
            ("bid:r:user/", 11, "id is missing"),
            ("bid:r:/00u1", 6, "type is missing"),
            ("bid:r:user/bob:blah", 14, "written \\:"),
            ("bid:r:org/1/user", 16, "TYPE/ID"),
            ("bid:r:a/b/c/d/e", 13, "nothing may follow"),
            (r"bid:r:user/a\b", 12, "backslash"),
            (r"bid:r:user/a\", 12, "backslash"),
        ] {
            let error = text.parse::<ResourceBid>().unwrap_err();
            assert_eq!(error.at, at, "{error}");
            assert!(error.what.contains(what), "{error}");
        }
        let error = "bid:r:user\n/".parse::<ResourceBid>().unwrap_err();
        assert_eq!(error.to_string(), "not a Baton id: the resource id is missing\n  bid:r:user?/\n              ^");
        assert!("bid:e:group/1".parse::<EntitlementBid>().is_err());
        assert!("bid:e:group/1:".parse::<EntitlementBid>().is_err());
        assert!("bid:e:group/1:m:n".parse::<EntitlementBid>().is_err());
    }

    proptest! {
        #[test]
        fn every_id_comes_back(
            parts in proptest::collection::vec(r"[\\/:a-b\n\u{1F600} ]{1,6}", 5), has_parent: bool,
        ) {
            let [a, b, c, d, slug] = <[String; 5]>::try_from(parts).unwrap();
            let parent = has_parent.then(|| ResourceRef::new(a, b));
            let bid = ResourceBid { resource: ResourceRef::new(c, d), parent };
            prop_assert_eq!(bid.to_string().parse(), Ok(bid.clone()));
            let entitlement = EntitlementBid { resource: bid, slug };
            prop_assert_eq!(entitlement.to_string().parse(), Ok(entitlement));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}") {
            let _ = text.parse::<ResourceBid>().map_err(|error| error.to_string());
            let _ = format!("bid:r:{text}").parse::<ResourceBid>();
        }
    }
}
