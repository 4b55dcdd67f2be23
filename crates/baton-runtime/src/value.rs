//! The written forms of values: what operators may type for a boolean, a number, a list.

/// Reads a boolean: `true`, `false`, `1`, `0`, `t`, `f` and their capital forms.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    baton_proto::go::parse_bool(text).ok_or_else(|| format!("value must be true or false but got {text:?}"))
}

/// Reads a whole number within `min..=max`.
pub(crate) fn int(text: &str, min: i64, max: i64) -> Result<i64, String> {
    let number: i64 = text.parse().map_err(|_| format!("value must be a whole number but got {text:?}"))?;
    if number < min {
        Err(format!("value must be greater than or equal to {min} but got {number}"))
    } else if number > max {
        Err(format!("value must be less than or equal to {max} but got {number}"))
    } else {
        Ok(number)
    }
}

/// Reads one of `choices`, in whatever case it is written.
pub(crate) fn choice(text: &str, choices: &[&'static str]) -> Result<String, String> {
    choices
        .iter()
        .find(|choice| choice.eq_ignore_ascii_case(text))
        .map(|choice| (*choice).to_owned())
        .ok_or_else(|| format!("value must be one of {} but got {text:?}", choices.join(", ")))
}

/// Reads a list: items separated by commas; an item in double quotes may contain commas, and `""` is a quote in it.
/// Blanks around items and empty items are dropped.
pub(crate) fn list(text: &str) -> Result<Vec<String>, String> {
    let mut items = Vec::new();
    let mut rest = text;
    loop {
        let (item, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_item(quoted)?,
            None => {
                let (item, after) = rest.split_once(',').map_or((rest, None), |(item, after)| (item, Some(after)));
                (item.trim().to_owned(), after)
            }
        };
        if !item.is_empty() {
            items.push(item);
        }
        match after {
            Some(after) => rest = after,
            None => return Ok(items),
        }
    }
}

/// The item up to the closing quote, and what follows the comma behind it.
fn quoted_item(text: &str) -> Result<(String, Option<&str>), String> {
    let mut item = String::new();
    let mut rest = text;
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            return Err("list has a quote that is not closed".to_owned());
        };
        item.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            item.push('"');
            rest = after;
            continue;
        }
        let after = after.trim_start();
        return match after.strip_prefix(',') {
            Some(after) => Ok((item, Some(after))),
            None if after.is_empty() => Ok((item, None)),
            None => Err("list has text behind a closing quote".to_owned()),
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn booleans() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(boolean(text), Ok(true));
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(boolean(text), Ok(false));
        }
        for text in ["", "yes", "on", "tRUE", " true"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_range() {
        assert_eq!(int("-1", -1, 100), Ok(-1));
        assert_eq!(int("101", 1, 100).unwrap_err(), "value must be less than or equal to 100 but got 101");
        assert_eq!(int("0", 1, 100).unwrap_err(), "value must be greater than or equal to 1 but got 0");
        assert_eq!(int("1.5", 1, 100).unwrap_err(), "value must be a whole number but got \"1.5\"");
    }

    #[test]
    fn choices_ignore_case() {
        assert_eq!(choice("JSON", &["json", "console"]).unwrap(), "json");
        assert_eq!(
            choice("xml", &["json", "console"]).unwrap_err(),
            "value must be one of json, console but got \"xml\""
        );
    }

    #[test]
    fn lists() {
        assert_eq!(list("a, b ,c").unwrap(), ["a", "b", "c"]);
        assert_eq!(list("\"a,b\",c").unwrap(), ["a,b", "c"]);
        assert_eq!(list("\"say \"\"hi\"\"\" , c").unwrap(), ["say \"hi\"", "c"]);
        assert_eq!(list("").unwrap(), Vec::<String>::new());
        assert_eq!(list(",a,,").unwrap(), ["a"]);
        assert!(list("\"a").is_err());
        assert!(list("\"a\"b").is_err());
    }

    proptest! {
        #[test]
        fn quoted_lists_come_back(items in prop::collection::vec("[a-z,\" ]{1,8}", 0..5)) {
            let text = items.iter().map(|item| format!("\"{}\"", item.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
            prop_assert_eq!(list(&text).unwrap(), items);
        }
    }
}
