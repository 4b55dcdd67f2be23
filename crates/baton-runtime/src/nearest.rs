//! What somebody who typed a wrong name probably meant.

/// The known name that differs from `typed` by a slip of the finger or two, if there is one.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = |name: &str| strsim::damerau_levenshtein(typed, name);
    known
        .into_iter()
        .map(|name| (slips(name), name))
        .filter(|(slips, name)| *slips <= if name.len() < 5 { 1 } else { 2 })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_understood() {
        let known = ["domain", "api-token", "file"];
        assert_eq!(nearest("domian", known), Some("domain"));
        assert_eq!(nearest("api_token", known), Some("api-token"));
        assert_eq!(nearest("fiel", known), Some("file"));
        assert_eq!(nearest("provisioning", known), None);
    }
}
