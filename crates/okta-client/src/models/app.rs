//! Applications and their assignments.

use super::lenient::{Link, Word, part, record};

record! {
    /// An application of the org.
    pub struct App as "application" {
        /// Its display name.
        pub label: Option<String> = "label",
        /// `ACTIVE`, `INACTIVE` or `DELETED`.
        pub status: Option<String> = "status",
        /// `SAML_2_0`, `OPENID_CONNECT`, … ; null for directory and provisioning-only applications.
        pub sign_on_mode: Option<String> = "signOnMode",
        /// The key of the application's kind in Okta's catalogue, for example `salesforce`.
        pub name: Option<String> = "name",
        /// Settings, of which few are read.
        pub settings: AppSettings = "settings",
    }
}

impl App {
    /// Returns whether it is a service app: an OAuth client that signs in by itself and can hold admin roles.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.settings.oauth_client.application_type.as_deref() == Some("service")
    }
}

part! {
    /// The settings of an application that are read.
    pub struct AppSettings {
        /// Those of an OAuth client.
        pub oauth_client: OAuthClientSettings = "oauthClient",
    }
}

part! {
    /// The settings of an OAuth client that are read.
    pub struct OAuthClientSettings {
        /// `web`, `native`, `browser` or `service`.
        pub application_type: Option<String> = "application_type",
    }
}

record! {
    /// A user who has an application; the id is the user's. Other members, such as the profile, are not read: an org has
    /// many more assignments than users.
    pub struct AppUser as "application user" {
        /// `USER` if assigned directly, `GROUP` if through a group.
        pub scope: Option<Word> = "scope",
        /// The state of the assignment, for example `ACTIVE`.
        pub status: Option<Word> = "status",
        /// Links, among them to the group that assigns the application.
        pub links: AppUserLinks = "_links",
    }
}

impl AppUser {
    /// Returns the group through which the user has the application. Okta names one, even if there are several, and only
    /// when the scope is `GROUP`.
    #[must_use]
    pub fn group_id(&self) -> Option<&str> {
        self.links.group.last_segment()
    }
}

part! {
    /// The links of an application user that are read.
    pub struct AppUserLinks {
        /// The group that assigns the application.
        pub group: Link = "group",
    }
}

record! {
    /// A group that has an application; the id is the group's.
    pub struct AppGroup as "application group" {}
}
