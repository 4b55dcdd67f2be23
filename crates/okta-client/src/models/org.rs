//! The org itself.

use super::lenient::record;

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
