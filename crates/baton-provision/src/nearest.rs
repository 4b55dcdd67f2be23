//! Suggestions for mistyped names.

/// Returns the known name that differs from `typed` by at most two typing errors, if there is one. Case does not count;
/// short names may differ by one only.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let slips = |name: &str| strsim::damerau_levenshtein(&typed, &name.to_lowercase());
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
        assert_eq!(nearest("Domain", known), Some("domain"));
        assert_eq!(nearest("provisioning", known), None);
    }
}
