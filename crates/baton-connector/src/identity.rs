//! What tells one sync from another, in forms that are stored and therefore never change.

use std::fmt::Write;

use crate::Options;

/// The system that a source reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemId {
    /// The system's own id, which no other system of this kind has; empty if it is not known.
    pub id: String,
    /// The host name under which it is read, with the port unless that is the usual one.
    pub host: String,
}

impl Options {
    /// The options as a text: a line each, none for those that are not set, and with every value its length in bytes. Two
    /// options have the same text only if they ask for the same. It names files and is stored in them: what is there stays
    /// as it is, and new options get lines of their own.
    #[must_use]
    pub fn identity(&self) -> String {
        let Self { resource_types, resources, skip_entitlements_and_grants, skip_grants, skip_expand_grants } = self;
        let mut text = String::new();
        for id in resource_types {
            line(&mut text, "resource-type", &[id]);
        }
        for bid in resources {
            line(&mut text, "resource", &[&bid.resource.resource_type, &bid.resource.id]);
            if let Some(parent) = &bid.parent {
                line(&mut text, "parent", &[&parent.resource_type, &parent.id]);
            }
        }
        let flags = [
            ("skip-entitlements-and-grants", skip_entitlements_and_grants),
            ("skip-grants", skip_grants),
            ("skip-expand-grants", skip_expand_grants),
        ];
        for (flag, _) in flags.into_iter().filter(|(_, is_set)| **is_set) {
            line(&mut text, flag, &[]);
        }
        text
    }
}

fn line(text: &mut String, key: &str, values: &[&str]) {
    text.push_str(key);
    for value in values {
        // Writing into a text does not fail.
        let _ = write!(text, " {}:{value}", value.len());
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResourceBid, ResourceRef};

    #[test]
    fn options_have_a_text_that_stays_as_it_is() {
        assert_eq!(Options::default().identity(), "");
        let parent = Some(ResourceRef::new("resource-set", "iam1"));
        let options = Options {
            resource_types: vec!["user".to_owned(), "größe".to_owned()],
            resources: vec![
                ResourceBid::new("group", "00g1"),
                ResourceBid { parent, ..ResourceBid::new("resource-set-binding", "iam1:cr2") },
            ],
            skip_entitlements_and_grants: true,
            skip_grants: true,
            skip_expand_grants: true,
        };
        assert_eq!(
            options.identity(),
            "resource-type 4:user\nresource-type 7:größe\nresource 5:group 4:00g1\n\
             resource 20:resource-set-binding 8:iam1:cr2\nparent 12:resource-set 4:iam1\n\
             skip-entitlements-and-grants\nskip-grants\nskip-expand-grants\n"
        );
    }

    #[test]
    fn different_options_have_different_texts() {
        let types = |ids: &[&str]| Options {
            resource_types: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..Options::default()
        };
        assert_ne!(types(&["a", "b"]).identity(), types(&["a\nresource-type 1:b"]).identity());
        assert_ne!(types(&["a b"]).identity(), types(&["a", "b"]).identity());
    }
}
