//! What the seed says about a generated object: names, dates, states, computed from its number whenever they are needed.

use super::names::{DEPARTMENTS, FIRST, LAST, MAIL_DOMAIN, PLACES, PRODUCTS};
use crate::random::draw;

/// 2019-01-01T00:00:00Z: the generated past begins here.
const BEGIN: i64 = 1_546_300_800;
/// Six years: it ends before 2025.
const SPAN: u64 = 6 * 365 * 86_400;

const STATUS: u64 = 1;
const NAME: u64 = 2;
const TIME: u64 = 3;
const REST: u64 = 4;
const GROUP_TIME: u64 = 5;
const APP: u64 = 6;

/// What the seed says about a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserSketch {
    /// The user's number.
    pub(crate) n: u32,
    /// Okta's status.
    pub(crate) status: &'static str,
    /// First name, shown and in logins.
    pub(crate) first: (&'static str, &'static str),
    /// Last name, shown and in logins.
    pub(crate) last: (&'static str, &'static str),
    /// Seconds since 1970.
    pub(crate) created: i64,
    /// Seconds since 1970.
    pub(crate) updated: i64,
    /// Random bits for everything else.
    pub(crate) dice: u64,
}

impl UserSketch {
    /// The user with this number.
    pub(crate) fn of(seed: u64, n: u32) -> Self {
        let name = draw(seed, NAME, n.into());
        let (created, updated) = times(draw(seed, TIME, n.into()));
        Self {
            n,
            status: Self::status(seed, n),
            first: FIRST[(name % 48) as usize],
            last: LAST[(name / 48 % 48) as usize],
            created,
            updated,
            dice: draw(seed, REST, n.into()),
        }
    }

    /// The status of the user with this number: eight in ten are active.
    pub(crate) fn status(seed: u64, n: u32) -> &'static str {
        match draw(seed, STATUS, n.into()) % 1000 {
            0..800 => "ACTIVE",
            800..840 => "PROVISIONED",
            840..880 => "STAGED",
            880..890 => "RECOVERY",
            890..920 => "PASSWORD_EXPIRED",
            920..930 => "LOCKED_OUT",
            930..950 => "SUSPENDED",
            _ => "DEPROVISIONED",
        }
    }

    /// The login; it ends in the user's number, so that it leads back to the user.
    pub(crate) fn login(&self) -> String {
        format!("{}.{}.{}@{MAIL_DOMAIN}", self.first.1, self.last.1, self.n)
    }
}

/// The user number in a generated login, or in its part before the `@`.
pub(crate) fn number_in_login(login: &str) -> Option<u32> {
    login.split('@').next()?.rsplit_once('.')?.1.parse().ok()
}

/// What the seed says about a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupSketch {
    /// The group's number.
    pub(crate) n: u32,
    /// Okta's group type.
    pub(crate) kind: &'static str,
    /// The first word of the name.
    pub(crate) department: &'static str,
    /// The place in the name.
    pub(crate) city: &'static str,
    /// Seconds since 1970.
    pub(crate) created: i64,
    /// Seconds since 1970.
    pub(crate) updated: i64,
    /// Seconds since 1970.
    pub(crate) membership_updated: i64,
}

impl GroupSketch {
    /// The group with this number: one in ten comes from an app.
    pub(crate) fn of(seed: u64, n: u32) -> Self {
        let dice = draw(seed, GROUP_TIME, n.into());
        let (created, updated) = times(dice);
        Self {
            n,
            kind: if n % 10 == 7 { "APP_GROUP" } else { "OKTA_GROUP" },
            department: DEPARTMENTS[(dice >> 20) as usize % DEPARTMENTS.len()],
            city: PLACES[(dice >> 30) as usize % PLACES.len()].0,
            created,
            updated,
            membership_updated: updated + (dice >> 40) as i64 % (90 * 86_400),
        }
    }
}

impl GroupSketch {
    /// The name.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}", self.department, self.city, self.n)
    }
}

/// What the seed says about an app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppSketch {
    /// The catalog key.
    pub(crate) name: &'static str,
    /// The first words of the label.
    pub(crate) product: &'static str,
    /// The sign-on mode.
    pub(crate) mode: &'static str,
    /// `ACTIVE` or `INACTIVE`.
    pub(crate) status: &'static str,
}

impl AppSketch {
    /// The app with this number: one in twenty is inactive, four in ten sign on by SAML.
    pub(crate) fn of(seed: u64, n: u32) -> Self {
        let dice = draw(seed, APP, n.into());
        let (name, mode) = match dice % 10 {
            0..4 => ("saml_2_0", "SAML_2_0"),
            4..7 => ("oidc_client", "OPENID_CONNECT"),
            7 => ("bookmark", "BOOKMARK"),
            8 => ("template_swa", "BROWSER_PLUGIN"),
            _ => ("template_sps", "SECURE_PASSWORD_STORE"),
        };
        let product = PRODUCTS[(dice >> 8) as usize % PRODUCTS.len()];
        Self { name, product, mode, status: if n % 20 == 7 { "INACTIVE" } else { "ACTIVE" } }
    }
}

impl AppSketch {
    /// The label of the app with number `n`.
    pub(crate) fn label(&self, n: u32) -> String {
        format!("{} {n}", self.product)
    }
}

/// A creation and a later change.
pub(crate) fn times(dice: u64) -> (i64, i64) {
    let created = BEGIN + (dice % SPAN) as i64;
    (created, created + (dice / SPAN % (300 * 86_400)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_back_to_the_user() {
        let user = UserSketch::of(3, 4711);
        assert_eq!(number_in_login(&user.login()), Some(4711));
        assert_eq!(number_in_login("ada.baker.12"), Some(12));
        assert_eq!(number_in_login("ada@acme.example"), None);
    }

    #[test]
    fn statuses_are_spread_as_said() {
        let count = |status: &str| (0..10_000).filter(|&n| UserSketch::status(9, n) == status).count();
        assert!((7_800..8_200).contains(&count("ACTIVE")));
        assert!((400..600).contains(&count("DEPROVISIONED")));
    }
}
