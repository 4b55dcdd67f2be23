//! How Baton's ids are made. C1 joins on them: they never change.

/// `Entitlement.id`: `{resource type}:{resource id}:{slug}`.
#[must_use]
pub fn entitlement(resource_type: &str, resource: &str, slug: &str) -> String {
    [resource_type, resource, slug].join(":")
}

/// `Grant.id`: `{entitlement id}:{principal type}:{principal id}`.
#[must_use]
pub fn grant(entitlement: &str, principal_type: &str, principal: &str) -> String {
    [entitlement, principal_type, principal].join(":")
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_joined_by_colons() {
        let entitlement = super::entitlement("group", "00g1", "member");
        assert_eq!(entitlement, "group:00g1:member");
        assert_eq!(super::grant(&entitlement, "user", "00u1"), "group:00g1:member:user:00u1");
    }
}
