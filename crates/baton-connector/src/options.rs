//! What an operator asked a sync to do, as far as every connector understands it.

use std::fmt::Write;

use crate::bid::{ResourceBid, ResourceRef};

/// The options of a sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these resource types; empty means all.
    pub resource_types: Vec<String>,
    /// Only these resources, with their entitlements and grants, in a partial sync; empty means all.
    pub resources: Vec<ResourceBid>,
    /// Resources only.
    pub skip_entitlements_and_grants: bool,
    /// Resources and entitlements only.
    pub skip_grants: bool,
    /// Only the grants that the source reports, not those that follow from them.
    pub skip_expand_grants: bool,
}

impl Options {
    /// Whether resources of the type `id` are to be synced.
    #[must_use]
    pub fn wants(&self, id: &str) -> bool {
        self.resource_types.is_empty() || self.names(id)
    }

    /// Whether the operator named the type `id`, or a resource of it.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        self.resource_types.iter().any(|named| named == id)
            || self.resources.iter().any(|named| named.resource.resource_type == id)
    }

    /// Whether only some resources are to be synced.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.resources.is_empty()
    }

    /// Whether the operator named this very resource.
    #[must_use]
    pub fn targets(&self, resource: &ResourceRef) -> bool {
        self.resources.iter().any(|named| named.resource == *resource)
    }

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
