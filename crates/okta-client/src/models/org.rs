//! The org itself.

use super::lenient::{Link, part, record};

record! {
    /// The org that the credential belongs to.
    pub struct Org as "org" {
        /// The company's name.
        pub company_name: Option<String> = "companyName",
        /// The label in the org's own host name.
        pub subdomain: Option<String> = "subdomain",
        /// `ACTIVE`, …
        pub status: Option<String> = "status",
    }
}

record! {
    /// The public metadata of an org.
    pub struct OrgMetadata as "description of the org" {
        /// `v1` or `idx`: which sign-in engine the org uses.
        pub pipeline: Option<String> = "pipeline",
        /// Its addresses.
        pub links: OrgLinks = "_links",
    }
}

part! {
    /// The addresses of an org.
    pub struct OrgLinks {
        /// The one at `okta.com`, or one like it.
        pub organization: Link = "organization",
        /// The custom domain, if there is one.
        pub alternate: Link = "alternate",
    }
}
