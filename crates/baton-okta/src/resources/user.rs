//! Users: Okta accounts. Nothing can be granted on a user, so there are no entitlements (`okta-sync.md` 6.1).

use baton_connector::{FetchError, GapKind, Page, Work, WorkKind, build};
use baton_proto::c1::connector::v2::status::ResourceStatus;
use baton_proto::c1::connector::v2::user_trait::{self, AccountType, Email};
use baton_proto::c1::connector::v2::{Resource, ResourceType, Status, UserTrait, resource_type::Trait};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Attributes, User};
use okta_client::{Bucket, endpoints};

use super::single::{Asked, Single};
use super::{Context, Kind, Module, begin, describe, everyone, gap, identified, point_in_time, stored_without};
use crate::config::Rules;
use crate::errors;
use crate::profile::{Profile, TooDeep};

/// The resource type's id.
pub(crate) const ID: &str = "user";

/// All users, page by page.
pub(crate) const USERS: WorkKind = "users";

/// One user.
pub(crate) const ONE_USER: WorkKind = "one-user";

/// The resource type `user`.
pub(crate) const MODULE: Module = Module {
    resource_type,
    exists: |_| true,
    kinds: &[
        Kind { name: USERS, label: "users", bucket: Bucket::Users, fetch: fetch_users },
        Kind { name: ONE_USER, label: "single users", bucket: Bucket::User, fetch: fetch_user },
    ],
    start: |scope| if scope.users { vec![Work::new(USERS, "")] } else { Vec::new() },
    single: (ID, ONE_USER),
};

/// The profile keys, in lower case, that hold an employee's number.
const EMPLOYEE_ID_KEYS: [&str; 6] =
    ["employeenumber", "employeeid", "employeeidnumber", "employee_number", "employee_id", "employee_idnumber"];

/// The profile key under which the status stands as Okta says it.
const RAW_STATUS_KEY: &str = "c1_okta_raw_user_status";

/// What stands for a first or last name that a user does not have.
const NO_NAME: &str = "unknown";

/// The description of the resource type.
pub(crate) fn resource_type() -> ResourceType {
    describe(ID, "User", Some(Trait::User), true, &["okta.users.read", "okta.users.manage"])
}

fn fetch_users<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let request = endpoints::users::list(context.limit(200));
        let answer = context
            .client
            .page(&request, cursor)
            .await
            .map_err(|error| errors::fatal(ID, "listing the users", &error))?;
        let mut page = begin(&answer, ID);
        for user in &answer.items {
            add(&mut page, user, &context.rules);
        }
        if let Some(group) = everyone::named(work) {
            everyone::add_members(&mut page, group, &answer.items);
        }
        Ok(page)
    }
    .boxed()
}

fn fetch_user<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
    async move {
        let asked: Asked<User> = (ID, "user", |user| &user.id);
        let request = endpoints::users::get(&work.subject);
        context.one(request, Single::of(work), asked, |user, page| add(page, user, &context.rules)).await
    }
    .boxed()
}

/// Adds a user to a page, or the reason why it is not there.
pub(super) fn add(page: &mut Page, user: &User, rules: &Rules) {
    let profile = user.attributes();
    if !rules.filter_email_domains.admit(&profile) {
        let message = format!("user {} has no address in the domains to be synced", user.id);
        page.gaps.push(gap(GapKind::LeftOut, ID, &user.id, message));
        return;
    }
    let Mapped { resource, unmapped } = map(user, profile, rules.skip_secondary_emails);
    page.resources.push(resource);
    page.gaps.extend(stored_without(ID, "user", &user.id, unmapped));
}

/// The resource of a user, whatever is to be synced of users. What of it cannot be stored is left out.
pub(crate) fn resource(user: &User, rules: &Rules) -> Resource {
    map(user, user.attributes(), rules.skip_secondary_emails).resource
}

/// A user as a resource.
struct Mapped {
    resource: Resource,
    /// What of the user could not be stored.
    unmapped: Vec<String>,
}

#[expect(deprecated, reason = "readers of older files and accounts still look at the status in the trait")]
fn map(user: &User, profile: Attributes<'_>, skip_secondary_email: bool) -> Mapped {
    let mut unmapped = Vec::new();
    let raw_status = user.status.as_deref().unwrap_or_default();
    let (status, trait_status) = status(raw_status);
    let login = login(&profile);
    let of_user = UserTrait {
        emails: emails(&profile, skip_secondary_email),
        status: Some(user_trait::Status { status: trait_status.into(), ..Default::default() }),
        account_type: AccountType::Human.into(),
        login: login.unwrap_or_default().to_owned(),
        login_aliases: login.and_then(alias).map(str::to_owned).into_iter().collect(),
        employee_ids: employee_ids(&profile),
        last_login: point_in_time("lastLogin", user.last_login.as_ref(), &mut unmapped),
        ..UserTrait::default()
    };
    let mut annotations = identified(&user.id);
    annotations.push(build::annotation(&of_user));
    if profile.is_empty() && user.profile.as_deref().is_some_and(|raw| !is_empty_object(raw.get())) {
        unmapped.push("its profile, which cannot be read".to_owned());
    }
    let display_name = display_name(&profile);
    let resource = Resource {
        annotations,
        profile: Some(resource_profile(profile, raw_status, skip_secondary_email, &mut unmapped)),
        status: Some(Status { status: status.into(), details: raw_status.to_owned() }),
        created_at: point_in_time("created", user.created.as_ref(), &mut unmapped),
        ..build::resource(ID, &user.id, display_name)
    };
    Mapped { resource, unmapped }
}

/// Whether the text of a JSON object has no members.
fn is_empty_object(json: &str) -> bool {
    json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|inner| inner.trim().is_empty())
}

/// Okta's status as the resource's and as the trait's. Who could sign in after nothing but a step of their own
/// (setting a password, waiting out a lock) is enabled.
fn status(okta: &str) -> (ResourceStatus, user_trait::status::Status) {
    use user_trait::status::Status as Trait;
    match okta {
        "ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => {
            (ResourceStatus::Enabled, Trait::Enabled)
        }
        "STAGED" | "SUSPENDED" | "DEPROVISIONED" => (ResourceStatus::Disabled, Trait::Disabled),
        _ => (ResourceStatus::Unspecified, Trait::Unspecified),
    }
}

/// `displayName` if it is a text, even an empty one; else first and last name.
fn display_name(profile: &Attributes<'_>) -> String {
    let name = |key: &str| profile.text(key).unwrap_or(NO_NAME);
    profile.text("displayName").map_or_else(|| format!("{} {}", name("firstName"), name("lastName")), str::to_owned)
}

/// The whole Okta profile and the raw status.
fn resource_profile(
    profile: Attributes<'_>,
    raw_status: &str,
    skip_secondary_email: bool,
    unmapped: &mut Vec<String>,
) -> prost_types::Struct {
    let mut stored = Profile::default();
    for (key, value) in profile {
        if let Err(TooDeep) = stored.attribute(&key, value) {
            unmapped.push(format!("the profile attribute {key}, which nests too deeply"));
        }
    }
    stored = stored.text(RAW_STATUS_KEY, raw_status);
    if skip_secondary_email {
        stored = stored.null("secondEmail");
    }
    stored.build()
}

/// The addresses as they stand in the profile, unchecked, the primary one first. A login is none.
fn emails(profile: &Attributes<'_>, skip_secondary: bool) -> Vec<Email> {
    let address = |key: &str, is_primary: bool| {
        let address = profile.text(key).filter(|address| !address.is_empty())?;
        Some(Email { address: address.to_owned(), is_primary })
    };
    let second = if skip_secondary { None } else { address("secondEmail", false) };
    address("email", true).into_iter().chain(second).collect()
}

/// The login, under whatever spelling of the key.
fn login<'p>(profile: &'p Attributes<'_>) -> Option<&'p str> {
    let mut logins = profile.texts().filter(|(key, _)| key.eq_ignore_ascii_case("login"));
    logins.find(|(_, login)| !login.is_empty()).map(|(_, login)| login)
}

/// The short form of a login that looks like an address.
fn alias(login: &str) -> Option<&str> {
    login.split_once('@').filter(|(_, domain)| !domain.contains('@')).map(|(name, _)| name)
}

/// The texts under all keys that hold an employee's number, in the order of the profile, each once.
fn employee_ids(profile: &Attributes<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    for (key, id) in profile.texts() {
        if EMPLOYEE_ID_KEYS.iter().any(|of| key.eq_ignore_ascii_case(of)) && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

#[cfg(test)]
mod tests;
