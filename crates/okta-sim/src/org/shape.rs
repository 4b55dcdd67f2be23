//! How big a generated org is and how things are spread in it.

/// The size of an org that [`Org::generate`](super::Org::generate) makes. The same shape always gives the same org.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Where all that is random comes from.
    pub seed: u64,
    /// Number of users, of every status.
    pub users: u32,
    /// Number of groups. The first is Everyone, the second the built-in Okta Administrators.
    pub groups: u32,
    /// Number of apps, inactive ones included.
    pub apps: u32,
    /// Group memberships per user, those in Everyone included.
    pub memberships_per_user: f64,
    /// App assignments per user, those through groups included.
    pub assignments_per_user: f64,
    /// Users who hold an admin role directly.
    pub admins: u32,
    /// Groups that hold admin roles; the last of them is empty.
    pub admin_groups: u32,
    /// Custom admin roles.
    pub custom_roles: u32,
    /// Resource sets.
    pub resource_sets: u32,
    /// API tokens.
    pub api_tokens: u32,
    /// Devices.
    pub devices: u32,
    /// Whether the org holds the awkward cases; see [`Org::generate`](super::Org::generate).
    pub awkward: bool,
}

impl Shape {
    /// An org of this many users, groups and apps, the rest in proportion: about 14 grants per user, six in ten of them
    /// memberships.
    #[must_use]
    pub fn new(users: u32, groups: u32, apps: u32) -> Self {
        Self {
            seed: 1,
            users,
            groups,
            apps,
            memberships_per_user: 8.4,
            assignments_per_user: 5.55,
            admins: (users / 200).clamp(5, 200).min(users),
            admin_groups: 12.min(groups.saturating_sub(2) / 3),
            custom_roles: 3,
            resource_sets: 2,
            api_tokens: 3.min(users),
            devices: (users / 20).min(250),
            awkward: true,
        }
    }

    /// The same org with another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for Shape {
    /// 1,000 users, 100 groups, 50 apps.
    fn default() -> Self {
        Self::new(1_000, 100, 50)
    }
}
