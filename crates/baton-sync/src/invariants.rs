//! What holds of every sync before it is sealed, by the names that the reference connector gives these checks
//! (`docs/spec/connector-runtime.md` 6.7). A sync of which they do not hold is not sealed.

use std::collections::{HashMap, HashSet};

use baton_proto::c1::connector::v2::{Entitlement, EntitlementExclusionGroup};
use baton_proto::{Message, any};

use crate::error::SyncError;
use crate::plan::Plan;

/// The checks of this module: groups of entitlements that exclude each other, and pages that were made known.
pub(crate) const CHECKS: [&str; 2] = ["I5", "I10"];

/// Entitlements of a group that exclude each other, at most.
const MOST_MEMBERS: usize = 50;

/// What an entitlement in such a group has in its bytes.
const MARK: &[u8] = b"c1.connector.v2.EntitlementExclusionGroup";

/// Groups of entitlements that exclude each other (I5): all of a group are on resources of one type, one at most is the
/// default, and there are not too many.
#[derive(Debug, Default)]
pub(crate) struct ExclusionGroups(HashMap<String, ExclusionGroup>);

#[derive(Debug)]
struct ExclusionGroup {
    resource_type: String,
    members: HashSet<String>,
    /// The one that is the default.
    default: Option<String>,
}

impl ExclusionGroups {
    /// Checks the encoded entitlement `id` on a resource of that type against those before it.
    pub(crate) fn add(&mut self, resource_type: &str, id: &str, data: &[u8]) -> Result<(), SyncError> {
        // Nearly all entitlements are in no group.
        if !data.windows(MARK.len()).any(|part| part == MARK) {
            return Ok(());
        }
        let unreadable = |_| inconsistent(format!("the exclusion group of the entitlement {id} cannot be decoded"));
        let entitlement = Entitlement::decode(data).map_err(unreadable)?;
        for group in entitlement.annotations.iter().filter_map(any::unpack::<EntitlementExclusionGroup>) {
            self.add_to(group.map_err(unreadable)?, resource_type, id)?;
        }
        Ok(())
    }

    fn add_to(&mut self, group: EntitlementExclusionGroup, resource_type: &str, id: &str) -> Result<(), SyncError> {
        let EntitlementExclusionGroup { exclusion_group_id: name, is_default, .. } = group;
        let known = self.0.entry(name.clone()).or_insert_with(|| ExclusionGroup {
            resource_type: resource_type.to_owned(),
            members: HashSet::new(),
            default: None,
        });
        if known.resource_type != resource_type {
            let types = [known.resource_type.as_str(), resource_type].join(" and ");
            return Err(inconsistent(format!("the exclusion group {name} has entitlements of two types, {types}")));
        }
        if is_default && known.default.get_or_insert_with(|| id.to_owned()).as_str() != id {
            let defaults = [known.default.as_deref().unwrap_or_default(), id].join(" and ");
            return Err(inconsistent(format!("the exclusion group {name} has two default entitlements, {defaults}")));
        }
        known.members.insert(id.to_owned());
        if known.members.len() > MOST_MEMBERS {
            return Err(inconsistent(format!("the exclusion group {name} has more than {MOST_MEMBERS} entitlements")));
        }
        Ok(())
    }
}

/// Checks that every list that was made known has been read to its end (I10).
pub(crate) fn all_is_read(plan: &Plan) -> Result<(), SyncError> {
    match plan.unread()?.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(SyncError::Damaged(format!("{first} was not read to its end"))),
    }
}

fn inconsistent(what: String) -> SyncError {
    SyncError::Inconsistent(what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use baton_proto::c1::connector::v2::EntitlementImmutable;
    use prost_types::Any;

    use super::*;

    fn entitlement(annotations: Vec<Any>) -> Vec<u8> {
        Entitlement { annotations, ..Entitlement::default() }.encode_to_vec()
    }

    fn member(group: &str, is_default: bool) -> Vec<u8> {
        let exclusion_group_id = group.to_owned();
        entitlement(vec![any::pack(&EntitlementExclusionGroup {
            exclusion_group_id,
            is_default,
            ..EntitlementExclusionGroup::default()
        })])
    }

    fn failure(groups: &mut ExclusionGroups, resource_type: &str, id: &str, data: &[u8]) -> String {
        groups.add(resource_type, id, data).unwrap_err().to_string()
    }

    #[test]
    fn a_group_has_one_type_one_default_and_few_members() {
        let mut groups = ExclusionGroups::default();
        groups.add("role", "none", &entitlement(vec![any::pack(&EntitlementImmutable::default())])).unwrap();
        for _ in 0..2 {
            groups.add("role", "a", &member("g", true)).unwrap();
        }
        groups.add("role", "b", &member("g", false)).unwrap();
        groups.add("app", "c", &member("other", true)).unwrap();
        assert!(failure(&mut groups, "role", "b", &member("g", true)).contains("two default entitlements, a and b"));
        assert!(failure(&mut groups, "app", "d", &member("g", false)).contains("two types, role and app"));
        for number in 2..MOST_MEMBERS {
            groups.add("role", &number.to_string(), &member("g", false)).unwrap();
        }
        assert!(failure(&mut groups, "role", "e", &member("g", false)).contains("more than 50 entitlements"));
    }

    #[test]
    fn a_group_that_cannot_be_decoded_is_refused() {
        let mut broken = any::pack(&EntitlementExclusionGroup::default());
        broken.value = vec![0xFF];
        let why = failure(&mut ExclusionGroups::default(), "role", "a", &entitlement(vec![broken]));
        assert!(why.contains("the exclusion group of the entitlement a cannot be decoded"), "{why}");
    }
}
