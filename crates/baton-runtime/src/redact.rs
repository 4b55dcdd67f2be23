//! The last resort against secrets in texts: whatever looks like a configured secret is masked.
//!
//! Secrets travel in types that do not print; this catches what comes back from elsewhere, for example in the answer of
//! a proxy that quotes a request.

use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "[redacted]";

/// Shorter secrets are not looked for: masking every "on" would make logs unreadable and hide nothing.
const SHORTEST: usize = 4;

/// Masks secrets in texts. `Debug` shows none of them.
#[derive(Default)]
pub(crate) struct Redactor {
    /// The written forms of all secrets, longest first.
    forms: Vec<SecretString>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("forms", &self.forms.len()).finish()
    }
}

impl Redactor {
    /// A redactor of these secrets, in the forms in which they are usually written.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut forms: Vec<String> = secrets
            .into_iter()
            .flat_map(|secret| {
                let secret = secret.expose_secret();
                let quoted = format!("{secret:?}");
                [
                    secret.to_owned(),
                    secret.trim().to_owned(),
                    quoted[1..quoted.len() - 1].to_owned(),
                    serde_json::Value::from(secret).to_string().trim_matches('"').to_owned(),
                    percent_encoded(secret),
                ]
            })
            .filter(|form| form.len() >= SHORTEST)
            .collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms: forms.into_iter().map(SecretString::from).collect() }
    }

    /// The text without secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            if text.contains(form.expose_secret()) {
                text = text.replace(form.expose_secret(), MASK);
            }
        }
        text
    }
}

/// The form that a text has in the query of a URL.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(secret: &str) -> Redactor {
        Redactor::new([&SecretString::from(secret)])
    }

    #[test]
    fn the_usual_forms_are_masked() {
        let redactor = redactor("a\"b/ \\c");
        assert_eq!(redactor.clean("x a\"b/ \\c y"), "x [redacted] y");
        assert_eq!(redactor.clean(&format!("{:?}", "a\"b/ \\c")), "\"[redacted]\"");
        assert_eq!(redactor.clean("?token=a%22b%2F%20%5Cc"), "?token=[redacted]");
    }

    #[test]
    fn short_and_empty_secrets_hide_nothing() {
        assert_eq!(redactor("").clean("text"), "text");
        assert_eq!(redactor("x").clean("text"), "text");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", redactor("hunter2")), "Redactor { forms: 1 }");
    }

    proptest! {
        // The mask itself must not count as a find: no letters, so that no secret is part of it.
        #[test]
        fn no_secret_survives(secret in "[0-9A-Z\"\\\\/%+= ]{8,40}", before in ".{0,20}", after in ".{0,20}") {
            let cleaned = redactor(&secret).clean(&format!("{before}{secret}{after} {secret:?}"));
            prop_assert!(!cleaned.contains(&secret));
            prop_assert!(!cleaned.contains(secret.trim()) || secret.trim().len() < SHORTEST);
        }
    }
}
