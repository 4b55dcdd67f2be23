//! Users: Okta accounts. Nothing can be granted on a user, so there are no entitlements (`docs/spec/okta-sync.md` 6.1).

use std::sync::LazyLock;

use baton_connector::{EncodedResource, GapKind, Page, SourceError, Work, build};
use baton_proto::c1::connector::v2::status::ResourceStatus;
use baton_proto::c1::connector::v2::user_trait::{self, AccountType};
use baton_proto::c1::connector::v2::{RawId, Resource, UserTrait, V1Identifier};
use baton_proto::{Message, any, wire};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Attributes, User};
use okta_client::{Bucket, endpoints};
use prost_types::Timestamp;
use serde_json::value::RawValue;

use super::everyone;
use super::follow_up::ListDetail;
use super::mapping::{gap, point_in_time, stored_without};
use super::module::{Kind, Module};
use super::pages::ResourceDescriptor;
use crate::config::Rules;
use crate::context::{Context, SingleScope};
use crate::ids::user::{ID, ONE_USER, USERS};
use crate::profile::WrittenProfile;

/// The resource type `user`.
pub(crate) const MODULE: Module = Module {
    id: ID,
    kinds: &[
        Kind { name: USERS, label: "users", bucket: Bucket::Users, fetch: fetch_users },
        Kind { name: ONE_USER, label: "single users", bucket: Bucket::User, fetch: fetch_user },
    ],
    start: |scope| if scope.users { vec![Work::new(USERS, "")] } else { Vec::new() },
    single: ONE_USER,
};

/// The profile keys, in lower case, that hold an employee's number.
const EMPLOYEE_ID_KEYS: [&str; 6] =
    ["employeenumber", "employeeid", "employeeidnumber", "employee_number", "employee_id", "employee_idnumber"];

/// The profile key under which the status stands as Okta says it.
const RAW_STATUS_KEY: &str = "c1_okta_raw_user_status";

/// What stands for a first or last name that a user does not have.
const NO_NAME: &str = "unknown";

fn fetch_users<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let everyone = work.detail.get::<ListDetail>()?.everyone;
        let request = endpoints::users::list(context.limit(200));
        let list = (ID, "listing the users");
        let map = |users: &[User], page: &mut Page| {
            users.iter().for_each(|user| add(page, user, &context.rules));
            if let Some(group) = &everyone {
                everyone::add_members(page, group, users);
            }
        };
        context.page_of_main_list(&request, cursor, list, map).await
    }
    .boxed()
}

fn fetch_user<'a>(
    context: &'a Context,
    work: &'a Work,
    _cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let SingleScope { is_named, .. } = context.scope_of(ID, &work.subject);
        let descriptor = ResourceDescriptor {
            resource_type: ID,
            what: "user",
            id: &work.subject,
            id_of: |user: &User| user.id.as_str(),
            is_named,
        };
        let request = endpoints::users::get(&work.subject);
        context.fetch_one(request, descriptor, |user, page| add(page, user, &context.rules)).await
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
    let Mapped { data, unmapped } = map(user, profile, rules.skip_secondary_emails);
    page.encoded.push(EncodedResource { resource_type: ID, id: user.id.clone(), data });
    page.gaps.extend(stored_without(ID, "user", &user.id, unmapped));
}

/// The resource of a user, whatever is to be synced of users. What of it cannot be stored is left out.
pub(crate) fn resource(user: &User, rules: &Rules) -> Resource {
    let Mapped { data, .. } = map(user, user.attributes(), rules.skip_secondary_emails);
    // It has just been encoded, and what readers could not decode was left out.
    Resource::decode(data.as_slice()).unwrap_or_else(|_| build::resource(ID, &user.id, ""))
}

/// A user as a resource.
struct Mapped {
    /// The encoded resource.
    data: Vec<u8>,
    /// What of the user could not be stored.
    unmapped: Vec<String>,
}

/// The type URLs of a user's annotations.
struct Urls {
    v1_identifier: String,
    raw_id: String,
    user_trait: String,
}

static URLS: LazyLock<Urls> = LazyLock::new(|| Urls {
    v1_identifier: any::type_url::<V1Identifier>(),
    raw_id: any::type_url::<RawId>(),
    user_trait: any::type_url::<UserTrait>(),
});

/// Writes the `c1.connector.v2.Resource` of a user, in the order of its fields. Users are what costs most in orgs that have
/// very many, so nothing is built in between; a test compares the bytes with those of the generated encoder.
fn map(user: &User, profile: Attributes<'_>, skip_secondary_email: bool) -> Mapped {
    let mut unmapped = Vec::new();
    let raw_profile = user.profile.as_deref().map(RawValue::get).unwrap_or_default();
    let raw_status = user.status.as_deref().unwrap_or_default();
    let (status, trait_status) = status(raw_status);
    let mut data = Vec::with_capacity(512 + 2 * raw_profile.len());
    let out = &mut data;
    // 1 id { 1 resource_type, 2 resource }
    wire::nested(out, 1, |out| {
        wire::text(out, 1, ID);
        wire::text(out, 2, &user.id);
    });
    // 3 display_name
    match profile.text("displayName") {
        Some(name) => wire::text(out, 3, name),
        None => wire::text(out, 3, &name_of(&profile)),
    }
    // 4 annotations
    wire::any(out, 4, &URLS.v1_identifier, |out| wire::text(out, 1, &user.id));
    wire::any(out, 4, &URLS.raw_id, |out| wire::text(out, 1, &user.id));
    let last_login = point_in_time("lastLogin", user.last_login.as_ref(), &mut unmapped);
    wire::any(out, 4, &URLS.user_trait, |out| {
        user_trait(out, &profile, skip_secondary_email, trait_status, last_login.as_ref());
    });
    // 9 profile
    if profile.is_empty() && user.profile.is_some() && !is_empty_object(raw_profile) {
        unmapped.push("its profile, which cannot be read".to_owned());
    }
    resource_profile(profile, raw_status, skip_secondary_email, &mut unmapped).write(out, 9);
    // 11 status { 1 status, 2 details }
    wire::nested(out, 11, |out| {
        wire::number(out, 1, status as u64);
        wire::text(out, 2, raw_status);
    });
    // 12 created_at
    if let Some(created) = point_in_time("created", user.created.as_ref(), &mut unmapped) {
        wire::message(out, 12, &created);
    }
    Mapped { data, unmapped }
}

/// The fields of a `c1.connector.v2.UserTrait`.
fn user_trait(
    out: &mut Vec<u8>,
    profile: &Attributes<'_>,
    skip_secondary_email: bool,
    status: user_trait::status::Status,
    last_login: Option<&Timestamp>,
) {
    // 1 emails { 1 address, 2 is_primary }
    for (address, is_primary) in emails(profile, skip_secondary_email) {
        wire::nested(out, 1, |out| {
            wire::text(out, 1, address);
            wire::number(out, 2, is_primary.into());
        });
    }
    // 2 status { 1 status }: readers of older files and accounts still look at it.
    wire::nested(out, 2, |out| wire::number(out, 1, status as u64));
    // 5 account_type, 6 login, 7 login_aliases
    wire::number(out, 5, AccountType::Human as u64);
    if let Some(login) = login(profile) {
        wire::text(out, 6, login);
        if let Some(alias) = alias(login) {
            wire::item(out, 7, alias);
        }
    }
    // 9 last_login
    if let Some(last_login) = last_login {
        wire::message(out, 9, last_login);
    }
    // 13 employee_ids
    for id in employee_ids(profile) {
        wire::item(out, 13, id);
    }
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

/// First and last name, for users whose `displayName` is no text. (An empty text is one.)
fn name_of(profile: &Attributes<'_>) -> String {
    let name = |key: &str| profile.text(key).unwrap_or(NO_NAME);
    format!("{} {}", name("firstName"), name("lastName"))
}

/// The whole Okta profile and the raw status.
fn resource_profile<'a>(
    profile: Attributes<'a>,
    raw_status: &'a str,
    skip_secondary_email: bool,
    unmapped: &mut Vec<String>,
) -> WrittenProfile<'a> {
    let attributes = profile.into_iter();
    let mut stored = WrittenProfile::with_capacity(attributes.len() + 2);
    for (key, value) in attributes {
        if let Err(key) = stored.attribute(key, value) {
            unmapped.push(format!("the profile attribute {key}, which nests too deeply"));
        }
    }
    stored.text(RAW_STATUS_KEY, raw_status);
    if skip_secondary_email {
        stored.null("secondEmail");
    }
    stored
}

/// The addresses as they stand in the profile, unchecked, the primary one first, and whether it is that. A login is none.
fn emails<'p>(profile: &'p Attributes<'_>, skip_secondary: bool) -> impl Iterator<Item = (&'p str, bool)> {
    let address = |key: &str| profile.text(key).filter(|address| !address.is_empty());
    let second = if skip_secondary { None } else { address("secondEmail") };
    address("email").map(|address| (address, true)).into_iter().chain(second.map(|address| (address, false)))
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
fn employee_ids<'p>(profile: &'p Attributes<'_>) -> Vec<&'p str> {
    let mut ids = Vec::new();
    for (key, id) in profile.texts() {
        if EMPLOYEE_ID_KEYS.iter().any(|of| key.eq_ignore_ascii_case(of)) && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests;
