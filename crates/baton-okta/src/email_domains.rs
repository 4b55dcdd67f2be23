//! The e-mail-domain filter: whose accounts belong to the sync.
//!
//! A user is judged once, on the own profile, when the users are listed (`docs/spec/okta-sync.md` 7,
//! `docs/spec/decisions.md` 2.10); what else names a user who did not pass is dropped where grants meet resources.

use okta_client::models::Attributes;

/// Domains that a user must have an address in. Without any, everybody passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailDomains(Vec<String>);

impl EmailDomains {
    /// The domains in `entries`: blanks around them and a leading `@` are taken off, case does not matter, empty
    /// entries and repetitions are ignored.
    pub fn new<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Self {
        let mut domains: Vec<String> = entries
            .into_iter()
            .map(|entry| {
                let entry = entry.as_ref().trim();
                entry.strip_prefix('@').unwrap_or(entry).trim().to_lowercase()
            })
            .filter(|domain| !domain.is_empty())
            .collect();
        domains.sort();
        domains.dedup();
        Self(domains)
    }

    /// Whether nobody is filtered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The domains, sorted, in lower case, without `@`.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether a user with this profile belongs to the sync: `email`, `secondEmail` or a `login` with an `@` must be
    /// in one of the domains. Sub-domains are other domains.
    #[must_use]
    pub fn admit(&self, profile: &Attributes<'_>) -> bool {
        self.is_empty()
            || ["email", "secondEmail", "login"]
                .into_iter()
                .filter_map(|key| profile.text(key))
                .filter_map(|address| address.rsplit_once('@'))
                .any(|(_, domain)| {
                    let domain = domain.to_lowercase();
                    self.0.contains(&domain)
                })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::{Value, json};

    use super::*;

    fn admits(domains: &[&str], profile: &Value) -> bool {
        EmailDomains::new(domains).admit(&profile.as_object().unwrap().clone().into())
    }

    #[test]
    fn entries_are_normalised() {
        let domains = EmailDomains::new([" Acme.Example ", "@acme.example", "", " @ ", "b.example"]);
        assert_eq!(domains.as_slice(), ["acme.example", "b.example"]);
        assert!(EmailDomains::new(["", "@"]).is_empty());
    }

    #[test]
    fn any_of_the_three_addresses_counts() {
        assert!(admits(&["acme.example"], &json!({"email": "a@ACME.example"})));
        assert!(admits(&["acme.example"], &json!({"email": "a@x.example", "secondEmail": "a@acme.example"})));
        assert!(admits(&["acme.example"], &json!({"login": "a@acme.example"})));
        assert!(admits(&["b.example", "acme.example"], &json!({"login": "a@acme.example"})));
    }

    #[test]
    fn others_do_not_pass() {
        assert!(!admits(&["acme.example"], &json!({"email": "a@sub.acme.example"})));
        assert!(!admits(&["acme.example"], &json!({"email": "a@notacme.example"})));
        assert!(!admits(&["acme.example"], &json!({"login": "acme.example", "email": "", "secondEmail": null})));
        assert!(!admits(&["acme.example"], &json!({"email": 7, "mail": "a@acme.example"})));
        assert!(!admits(&["acme.example"], &json!({})));
    }

    #[test]
    fn without_domains_everybody_passes() {
        assert!(admits(&[], &json!({})));
    }
}
