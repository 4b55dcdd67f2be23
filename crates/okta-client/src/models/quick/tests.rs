//! Compares the quick reader with the strict one.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::models::page::{quick_list_from_json, strict_list_from_json};
use crate::models::{App, AppUser, Group, GroupRule, List, Member, NotJson, Record, User};

/// Returns the content of a list as text, independent of escapes.
fn printed<T: Record + std::fmt::Debug>(list: Result<List<T>, NotJson>) -> Printed {
    list.map(|list| format!("{list:?}"))
}

/// The result of a reader.
type Printed = Result<String, NotJson>;

fn quick<T: Record>(body: &[u8], key: Option<&str>) -> Option<Result<List<T>, NotJson>> {
    quick_list_from_json(body, key, usize::MAX)
}

fn strict<T: Record>(body: &[u8], key: Option<&str>) -> Result<List<T>, NotJson> {
    strict_list_from_json(body, key, usize::MAX)
}

/// Returns the results of both readers; `None` if the quick one falls back.
fn both<T: Record + std::fmt::Debug>(body: &[u8]) -> (Option<Printed>, Printed) {
    let key = Some("value");
    (quick::<T>(body, key).map(printed), printed(strict::<T>(body, key)))
}

/// Returns the results for several types of records.
fn every(body: &[u8]) -> Vec<(Option<Printed>, Printed)> {
    vec![both::<Member>(body), both::<AppUser>(body), both::<User>(body), both::<Group>(body), both::<GroupRule>(body)]
}

/// How many elements the quick reader found.
fn count(body: &[u8]) -> Option<usize> {
    let list = quick::<Member>(body, Some("value"))?.ok()?;
    Some(list.items.len() + list.unreadable.len())
}

/// The text of a string: with escapes, brackets and other things that are none inside of it, of many lengths.
fn string() -> impl Strategy<Value = String> {
    let part = select(vec![
        "a",
        "Zoë",
        "\\\"",
        "\\\\",
        "\\\\\\\"",
        "\\/",
        "\\u00e9",
        "\\uD83D\\uDE00",
        "\\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "null",
        "00u1",
        "2026-01-02T03:04:05.000Z",
        "https://acme.okta.com/api/v1/groups/00g1",
        "",
    ]);
    vec(part, 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn key() -> impl Strategy<Value = String> {
    let known = select(vec![
        "id",
        "i\\u0064",
        "scope",
        "status",
        "profile",
        "_links",
        "group",
        "href",
        "type",
        "name",
        "_embedded",
        "stats",
        "usersCount",
        "actions",
        "assignUserToGroups",
        "groupIds",
        "created",
        "lastUpdated",
        "",
    ]);
    prop_oneof![6 => known.prop_map(|key| format!("\"{key}\"")), 1 => string()]
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t  ")]
}

fn object(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    let member = (key(), blank(), blank(), value).prop_map(|(key, a, b, value)| format!("{key}{a}:{b}{value}"));
    (vec((blank(), member), 0..most), blank()).prop_map(|(members, end)| {
        let members: Vec<_> = members.into_iter().map(|(blank, member)| format!("{blank}{member}")).collect();
        format!("{{{}{end}}}", members.join(","))
    })
}

fn value() -> impl Strategy<Value = String> {
    let scalar = select(vec!["null", "true", "false", "0", "-12", "1.5e300", "7E-2"]).prop_map(str::to_owned);
    let leaf = prop_oneof![3 => string(), 1 => scalar];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let elements = (vec(inner.clone(), 0..5), blank(), blank());
        let array = elements.prop_map(|(elements, a, b)| format!("[{a}{}{b}]", elements.join(&format!("{a},{b}"))));
        prop_oneof![object(inner, 6), array]
    })
}

fn body() -> impl Strategy<Value = String> {
    let element = prop_oneof![9 => object(value(), 14), 1 => value()];
    (vec(element, 0..6), blank(), blank(), any::<bool>()).prop_map(|(elements, a, b, wrapped)| {
        let array = format!("{a}[{b}{}{a}]{b}", elements.join(&format!("{b},{a}")));
        if wrapped { format!(r#"{{"x":{{}},"value":{array},"_links":{{"next":{{"href":"u"}}}}}}"#) } else { array }
    })
}

proptest! {
    #[test]
    fn whatever_is_well_formed_is_read_as_before(body in body()) {
        for (quick, strict) in every(body.as_bytes()) {
            prop_assert!(strict.is_ok(), "{}", body);
            prop_assert_eq!(quick, Some(strict), "{}", body);
        }
    }

    #[test]
    fn a_body_that_is_cut_off_is_never_a_list(body in body(), cut in any::<proptest::sample::Index>()) {
        let body = body.trim_end().as_bytes();
        let cut = &body[..cut.index(body.len())];
        for (quick, strict) in every(cut) {
            prop_assert!(quick.is_none() && strict.is_err(), "{}", String::from_utf8_lossy(cut));
        }
    }

    #[test]
    fn damage_is_left_to_the_strict_reader_or_touches_nothing_that_is_read(
        body in body(),
        at in any::<proptest::sample::Index>(),
        byte in prop_oneof![select(b"\"\\{}[],: \n\x01\xffu0n".to_vec()), any::<u8>()],
        how in 0..3,
    ) {
        let mut damaged = body.clone().into_bytes();
        let at = at.index(damaged.len());
        match how {
            0 => damaged[at] = byte,
            1 => damaged.insert(at, byte),
            _ => drop(damaged.remove(at)),
        }
        for (quick, strict) in every(&damaged) {
            match (quick, strict) {
                (Some(quick), Ok(strict)) => prop_assert_eq!(quick, Ok(strict), "{}", String::from_utf8_lossy(&damaged)),
                (Some(_), Err(_)) if count(&damaged).is_some() => prop_assert_eq!(count(&damaged), count(body.as_bytes())),
                (Some(Err(quick)), Err(strict)) => prop_assert_eq!(quick, strict),
                _ => {}
            }
        }
    }
}

#[test]
fn what_is_passed_over_must_have_its_strings_and_brackets_in_order() {
    let readers_accept = |inner: &str| {
        let body = format!(r#"[{{"id":"00u1","x":{inner}}},{{"id":"00u2"}}]"#);
        let strict = strict::<Member>(body.as_bytes(), None).is_ok();
        (quick::<Member>(body.as_bytes(), None).is_some(), strict)
    };
    for fine in [
        r#"{"a":["}"]}"#,
        r#"{"a":"\\"}"#,
        r#"{"a":"\\\""}"#,
        r#"{"\u00e9":"\uD83D"}"#,
        "\"\u{7f}\"",
        "-0.5e+3",
        "1e999",
        "[\n]",
        "true",
    ] {
        assert_eq!(readers_accept(fine), (true, true), "{fine}");
    }
    for bad in [
        "{]",
        "[}",
        "{[}]",
        r#"{"a":"b}"#,
        r#"{"a"}}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        "{\"a\":\"\n\"}",
        r#"{\"a":1}"#,
        r#""\x""#,
        "\"\n\"",
        "nul",
        "nulll",
        "tru",
        "01",
        "1.",
        "-",
        "",
        "}",
        ",",
    ] {
        assert_eq!(readers_accept(bad), (false, false), "{bad}");
    }
    // Not checked: see the module documentation.
    for passed_over in [r#"{"a" tru}"#, "[1 2,]", "{,}"] {
        assert_eq!(readers_accept(passed_over), (true, false), "{passed_over}");
    }
}

#[test]
fn what_is_read_must_be_in_order_everywhere() {
    for bad in [
        r#"[{"id":"00u1",}]"#,
        r#"[{"id" "00u1"}]"#,
        r#"[{"id":"00u1" "x":1}]"#,
        r#"[{"id":"00u1"},]"#,
        r#"[{"id":"00u1"} {"id":"00u2"}]"#,
        r#"[,{"id":"00u1"}]"#,
        r#"[{,"id":"00u1"}]"#,
        r#"[{id:"00u1"}]"#,
        r#"[{"id":"00u1"}]]"#,
        r#"[{"id":"00u1"}}"#,
        r#"[{"id":"00u1","profile":{"a" 1}}]"#,
        r#"{"value":[{"id":"00u1"}],}"#,
    ] {
        for (quick, strict) in [both::<User>(bad.as_bytes()), both::<App>(bad.as_bytes())] {
            let profile = bad.contains("profile");
            assert!(strict.is_err() && (quick.is_none() || profile), "{bad}");
        }
        assert!(quick::<User>(bad.as_bytes(), Some("value")).is_none(), "{bad}");
    }
}

#[test]
fn an_escape_may_lie_across_blocks() {
    for before in 0..200 {
        for string in [r#"\""#, r"\\", r#"\\\""#, r#"\\\\\"}"#, r"\u00e9", r"\uD83D\uDE00"] {
            let body = format!(r#"[{{"id":"00u1","x":{{"{}":"{string}"}},"y":"{string}"}}]"#, "k".repeat(before));
            let (quick, strict) = both::<Member>(body.as_bytes());
            assert!(strict.is_ok() && quick == Some(strict), "{body}");
        }
    }
}

#[test]
fn depth_is_bounded() {
    for deep in [63, 64, 65, 127, 1000, 1_000_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = format!("{}{}{}", open.repeat(deep), 1, close.repeat(deep));
            for key in ["x", "id", "_embedded", "actions", "profile"] {
                let body = format!(r#"[{{"id":"00u1","{key}":{nested}}},{{"id":"00u2"}}]"#);
                for (quick, strict) in every(body.as_bytes()) {
                    assert!(quick.is_none() || quick == Some(strict), "{deep} {key}");
                }
            }
        }
    }
}
