//! An index of the resources in the file.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use baton_connector::EntitlementRef;
use baton_proto::c1::connector::v2::ResourceType;
use hashbrown::DefaultHashBuilder;

/// Hashes of ids.
type Ids = HashSet<u64, BuildHasherDefault<Hashed>>;

/// The resources that are in the file, by type, as hashes: eight bytes for each of a million users. A collision would
/// only keep a loose end that should have been counted.
#[derive(Debug)]
pub(crate) struct ResourceIndex {
    /// Few, so that they are found by looking.
    types: Vec<(String, Ids)>,
    hasher: DefaultHashBuilder,
}

impl ResourceIndex {
    /// Nothing yet of the types of this sync.
    pub(crate) fn new<'a>(types: impl IntoIterator<Item = &'a ResourceType>) -> Self {
        let types = types.into_iter().map(|resource_type| (resource_type.id.clone(), HashSet::default())).collect();
        Self { types, hasher: DefaultHashBuilder::default() }
    }

    /// Makes a further type part of the sync.
    pub(crate) fn include(&mut self, resource_type: &str) {
        if !self.syncs(resource_type) {
            self.types.push((resource_type.to_owned(), HashSet::default()));
        }
    }

    /// Whether resources of the type are part of the sync.
    pub(crate) fn syncs(&self, resource_type: &str) -> bool {
        self.types.iter().any(|(known, _)| known == resource_type)
    }

    /// Adds a resource; false if its type is not part of the sync.
    pub(crate) fn add(&mut self, resource_type: &str, id: &str) -> bool {
        let hash = self.hasher.hash_one(id);
        let ids = self.types.iter_mut().find(|(known, _)| known == resource_type);
        ids.map(|(_, ids)| ids.insert(hash)).is_some()
    }

    /// How many resources of the type are in the file.
    pub(crate) fn count(&self, resource_type: &str) -> u64 {
        self.of_type(resource_type).map_or(0, |ids| ids.len() as u64)
    }

    /// Whether each of these resources, given by type and id, is in the file. To ask for many at a time is quicker: one after
    /// the other, each look-up would wait for memory.
    pub(crate) fn have<'a>(&self, resources: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<bool> {
        let hashed = resources.map(|(resource_type, id)| (self.of_type(resource_type), self.hasher.hash_one(id)));
        let hashed: Vec<_> = hashed.collect();
        hashed.into_iter().map(|(ids, hash)| ids.is_some_and(|ids| ids.contains(&hash))).collect()
    }

    /// Whether the resource is in the file.
    pub(crate) fn has(&self, resource_type: &str, id: &str) -> bool {
        self.of_type(resource_type).is_some_and(|ids| ids.contains(&self.hasher.hash_one(id)))
    }

    fn of_type(&self, resource_type: &str) -> Option<&Ids> {
        self.types.iter().find(|(known, _)| known == resource_type).map(|(_, ids)| ids)
    }
}

/// Whether the two endpoints of a grant are in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantEndpoints {
    pub owner: Owner,
    /// Whether the principal is there.
    pub principal: bool,
}

/// Whether the resource is there that an entitlement belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    There,
    Missing,
    /// Its type is not part of the sync.
    NotSynced,
}

impl Owner {
    pub(crate) fn look_up(entitlement: &EntitlementRef, resource_index: &ResourceIndex) -> Self {
        if !resource_index.syncs(&entitlement.resource_type) {
            Self::NotSynced
        } else if resource_index.has(&entitlement.resource_type, &entitlement.resource) {
            Self::There
        } else {
            Self::Missing
        }
    }
}

/// What is kept is a hash already.
#[derive(Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never called for a u64; here so that the trait is whole.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_type_and_id() {
        let types = ["user", "group"].map(|id| ResourceType { id: id.to_owned(), ..ResourceType::default() });
        let mut resource_index = ResourceIndex::new(&types);
        assert!(resource_index.add("user", "1"));
        assert!(!resource_index.add("device", "1"));
        assert!(resource_index.has("user", "1"));
        assert!(
            !resource_index.has("group", "1") && !resource_index.has("user", "2") && !resource_index.has("device", "1")
        );
        assert!(resource_index.syncs("group") && !resource_index.syncs("device"));
        let asked = [("user", "1"), ("group", "1"), ("device", "1"), ("user", "2"), ("user", "1")];
        assert_eq!(resource_index.have(asked.into_iter()), [true, false, false, false, true]);
    }
}
