//! The rules that a schema sets for single values.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use baton_proto::c1::config::v1::{
    BoolRules, Int64Rules, RepeatedResourceIdRules, RepeatedStringRules, StringMapRules, StringRules, WellKnownString,
};
use prost_types::Value;
use regex_lite::Regex;

type Checked = Result<(), String>;

/// Checks a text. `options` are the values that the schema offers; none means any.
pub(super) fn text(rules: Option<&StringRules>, options: &[&str], text: &str) -> Checked {
    ensure(options.is_empty() || options.contains(&text), || format!("it must be one of {}", options.join(", ")))?;
    let Some(rules) = rules else { return Ok(()) };
    if text.is_empty() && !rules.validate_empty {
        return ensure(!rules.is_required, || "it must not be empty".to_owned());
    }
    let length = text.chars().count() as u64;
    let is = |wanted: &Option<String>, holds: fn(&str, &str) -> bool| wanted.as_deref().is_none_or(|w| holds(text, w));
    let quoted = |what: &str, value: &Option<String>| format!("it must {what} {:?}", value.as_deref().unwrap_or(""));
    ensure(is(&rules.eq, |text, wanted| text == wanted), || quoted("be", &rules.eq))?;
    ensure(rules.len.is_none_or(|len| length == len), || {
        format!("it must have {} characters", rules.len.unwrap_or(0))
    })?;
    ensure(rules.min_len.is_none_or(|min| length >= min), || {
        format!("it must have at least {} characters", rules.min_len.unwrap_or(0))
    })?;
    ensure(rules.max_len.is_none_or(|max| length <= max), || {
        format!("it must have at most {} characters", rules.max_len.unwrap_or(0))
    })?;
    ensure(is(&rules.prefix, |text, wanted| text.starts_with(wanted)), || quoted("begin with", &rules.prefix))?;
    ensure(is(&rules.suffix, |text, wanted| text.ends_with(wanted)), || quoted("end with", &rules.suffix))?;
    ensure(is(&rules.contains, |text, wanted| text.contains(wanted)), || quoted("contain", &rules.contains))?;
    ensure(is(&rules.not_contains, |text, wanted| !text.contains(wanted)), || {
        quoted("not contain", &rules.not_contains)
    })?;
    ensure(rules.r#in.is_empty() || rules.r#in.iter().any(|one| one == text), || {
        format!("it must be one of {}", rules.r#in.join(", "))
    })?;
    ensure(!rules.not_in.iter().any(|one| one == text), || {
        format!("it must not be one of {}", rules.not_in.join(", "))
    })?;
    if let Some(pattern) = &rules.pattern {
        let regex =
            Regex::new(pattern).map_err(|error| format!("the schema's pattern {pattern:?} is wrong: {error}"))?;
        ensure(regex.is_match(text), || quoted("match", &rules.pattern))?;
    }
    well_known(rules.well_known(), text)
}

fn well_known(kind: WellKnownString, text: &str) -> Checked {
    let (fits, what) = match kind {
        WellKnownString::Unspecified => return Ok(()),
        WellKnownString::Email => (crate::check::is_address(text), "an e-mail address"),
        WellKnownString::Hostname => (is_hostname(text), "a host name"),
        WellKnownString::Ip => (text.parse::<IpAddr>().is_ok(), "an IP address"),
        WellKnownString::Ipv4 => (text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        WellKnownString::Ipv6 => (text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        WellKnownString::Uri => (is_uri(text), "a URI with a scheme"),
        WellKnownString::Address => (is_hostname(text) || text.parse::<IpAddr>().is_ok(), "a host name or IP address"),
        WellKnownString::Uuid => (is_uuid(text), "a UUID"),
    };
    ensure(fits, || format!("it must be {what}"))
}

fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let letters = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        letters && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty() && !rest.contains(' ')
    })
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Checks a switch.
pub(super) fn boolean(rules: Option<&BoolRules>, on: bool) -> Checked {
    let wanted = rules.and_then(|rules| rules.eq);
    ensure(wanted.is_none_or(|wanted| on == wanted), || format!("it must be {}", !on))
}

/// A bound, whether a number keeps to it, and the words for that.
type Bound = (Option<i64>, fn(i64, i64) -> bool, &'static str);

/// Checks a number.
pub(super) fn int(rules: Option<&Int64Rules>, number: i64) -> Checked {
    let Some(rules) = rules else { return Ok(()) };
    if number == 0 && !rules.validate_empty && !rules.is_required {
        return Ok(());
    }
    let bounds: [Bound; 5] = [
        (rules.eq, |number, bound| number == bound, "equal to"),
        (rules.lt, |number, bound| number < bound, "less than"),
        (rules.lte, |number, bound| number <= bound, "at most"),
        (rules.gt, |number, bound| number > bound, "greater than"),
        (rules.gte, |number, bound| number >= bound, "at least"),
    ];
    for (bound, holds, words) in bounds {
        ensure(bound.is_none_or(|bound| holds(number, bound)), || {
            format!("it must be {words} {}", bound.unwrap_or_default())
        })?;
    }
    ensure(rules.r#in.is_empty() || rules.r#in.contains(&number), || format!("it must be one of {:?}", rules.r#in))?;
    ensure(!rules.not_in.contains(&number), || format!("it must not be one of {:?}", rules.not_in))
}

/// Checks a list of texts.
pub(super) fn texts(rules: Option<&RepeatedStringRules>, items: &[&str]) -> Checked {
    let Some(rules) = rules else { return Ok(()) };
    if items.is_empty() && !rules.validate_empty {
        return ensure(!rules.is_required, || "it must not be empty".to_owned());
    }
    count(rules.min_items, rules.max_items, items.len())?;
    let different: BTreeSet<_> = items.iter().collect();
    ensure(!rules.unique || different.len() == items.len(), || "no item may be there twice".to_owned())?;
    for item in items {
        text(rules.item_rules.as_ref(), &[], item).map_err(|reason| format!("its item {item:?}: {reason}"))?;
    }
    Ok(())
}

/// Checks a list of resource ids.
pub(super) fn resource_ids(rules: Option<&RepeatedResourceIdRules>, items: &[Value]) -> Checked {
    let Some(rules) = rules else { return Ok(()) };
    if items.is_empty() && !rules.validate_empty {
        return ensure(!rules.is_required, || "it must not be empty".to_owned());
    }
    count(rules.min_items, rules.max_items, items.len())?;
    let twice = (1..items.len()).any(|position| items[..position].contains(&items[position]));
    ensure(!rules.unique || !twice, || "no item may be there twice".to_owned())
}

/// Checks a map of so many entries.
pub(super) fn map(rules: Option<&StringMapRules>, entries: usize) -> Checked {
    ensure(entries > 0 || !rules.is_some_and(|rules| rules.is_required), || "it must not be empty".to_owned())
}

fn count(min: Option<u64>, max: Option<u64>, items: usize) -> Checked {
    let items = items as u64;
    ensure(min.is_none_or(|min| items >= min), || format!("it must have at least {} items", min.unwrap_or(0)))?;
    ensure(max.is_none_or(|max| items <= max), || format!("it must have at most {} items", max.unwrap_or(0)))
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn every_rule_of_texts() {
        let default = StringRules::default;
        let cases: [(StringRules, &str, &str); 10] = [
            (StringRules { eq: some("a"), ..default() }, "a", "b"),
            (StringRules { len: Some(2), ..default() }, "aü", "ü"),
            (StringRules { min_len: Some(2), ..default() }, "ab", "a"),
            (StringRules { max_len: Some(3), ..default() }, "日本語", "日本語日"),
            (StringRules { pattern: some("^[a-z]+$"), ..default() }, "abc", "a1"),
            (StringRules { prefix: some("00u"), ..default() }, "00u1", "00g1"),
            (StringRules { suffix: some("x"), ..default() }, "ax", "xa"),
            (StringRules { contains: some("x"), not_contains: some("y"), ..default() }, "axb", "axy"),
            (StringRules { r#in: vec!["a".to_owned()], ..default() }, "a", "b"),
            (StringRules { not_in: vec!["b".to_owned()], ..default() }, "a", "b"),
        ];
        for (rules, good, bad) in cases {
            assert_eq!(text(Some(&rules), &[], good), Ok(()), "{rules:?}");
            assert!(text(Some(&rules), &[], bad).is_err(), "{rules:?}");
        }
        assert!(text(None, &["OKTA", "FEDERATION"], "LDAP").is_err());
        let required = StringRules { is_required: true, min_len: Some(1), ..default() };
        assert!(text(Some(&required), &[], "").is_err());
        // What is empty keeps the other rules only if the schema says so.
        assert!(text(Some(&StringRules { min_len: Some(1), ..default() }), &[], "").is_ok());
        assert!(text(Some(&StringRules { min_len: Some(1), validate_empty: true, ..default() }), &[], "").is_err());
        assert!(text(Some(&StringRules { pattern: some("("), ..default() }), &[], "x").is_err());
    }

    #[test]
    fn well_known_forms() {
        let cases = [
            (WellKnownString::Email, "a@b.c", "a"),
            (WellKnownString::Hostname, "acme.okta.com", "-acme"),
            (WellKnownString::Ip, "::1", "localhost"),
            (WellKnownString::Ipv4, "127.0.0.1", "::1"),
            (WellKnownString::Ipv6, "::1", "127.0.0.1"),
            (WellKnownString::Uri, "https://a", "a b"),
            (WellKnownString::Address, "a.b", "a b"),
            (WellKnownString::Uuid, "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ];
        for (kind, good, bad) in cases {
            assert_eq!(well_known(kind, good), Ok(()), "{kind:?}");
            assert!(well_known(kind, bad).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn every_rule_of_numbers_and_switches() {
        let default = Int64Rules::default;
        let cases = [
            (Int64Rules { eq: Some(3), ..default() }, 3, 4),
            (Int64Rules { lt: Some(3), ..default() }, 2, 3),
            (Int64Rules { lte: Some(3), ..default() }, 3, 4),
            (Int64Rules { gt: Some(3), ..default() }, 4, 3),
            (Int64Rules { gte: Some(3), ..default() }, 3, 2),
            (Int64Rules { r#in: vec![1, 2], ..default() }, 1, 3),
            (Int64Rules { not_in: vec![3], ..default() }, 1, 3),
        ];
        for (rules, good, bad) in cases {
            assert_eq!(int(Some(&rules), good), Ok(()), "{rules:?}");
            assert!(int(Some(&rules), bad).is_err(), "{rules:?}");
        }
        assert!(boolean(Some(&BoolRules { eq: Some(true) }), false).is_err());
        assert!(boolean(Some(&BoolRules { eq: Some(true) }), true).is_ok());
    }

    #[test]
    fn every_rule_of_lists_and_maps() {
        let rules = RepeatedStringRules {
            min_items: Some(1),
            max_items: Some(2),
            unique: true,
            item_rules: Some(StringRules { max_len: Some(1), ..StringRules::default() }),
            validate_empty: true,
            is_required: true,
        };
        assert!(texts(Some(&rules), &["a", "b"]).is_ok());
        for bad in [&[][..], &["a", "b", "c"], &["a", "a"], &["ab"]] {
            assert!(texts(Some(&rules), bad).is_err(), "{bad:?}");
        }
        let rules = RepeatedResourceIdRules { unique: true, max_items: Some(1), ..RepeatedResourceIdRules::default() };
        assert!(resource_ids(Some(&rules), &[Value::default()]).is_ok());
        assert!(resource_ids(Some(&rules), &[Value::default(), Value::default()]).is_err());
        assert!(map(Some(&StringMapRules { is_required: true, ..StringMapRules::default() }), 0).is_err());
        assert!(map(None, 0).is_ok());
    }
}
