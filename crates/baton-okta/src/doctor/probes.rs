//! One record of everything that a sync would read: whether the credential may read it, and what becomes of the sync if
//! it may not.

use baton_runtime::Failure;
use okta_client::models::{App, Group, LogEvent, Record, User};
use okta_client::{Error, ErrorKind, ListRequest, endpoints};

use super::DoctorContext;
use super::report::{Finding, Report};
use super::sign_in::{FORBIDDEN, refusal, without_scope};
use crate::access::Credential;
use crate::changes;
use crate::errors;
use crate::ids::{api_token, app, custom_role, device, group, resource_set, resource_set_binding, role, user};
use crate::required_permissions::{ADMINS_PAGE, MUST_BE_READ, ROLES_PAGE, RequiredPermission};
use crate::scope::Scope;

/// The code of a sync that finds nobody.
const NOBODY: u8 = 9;

/// What could be read, for who counts it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub users: bool,
    pub groups: bool,
    pub apps: bool,
    pub admins: bool,
    pub resource_sets: bool,
}

/// Probes each type of the sync, but for those whose scope is known to be missing.
pub(super) async fn check(context: &DoctorContext, report: &mut Report<'_>) -> Result<Seen, Failure> {
    let mut scope = context.scope;
    for of in without_scope(context) {
        scope.leave_out(of);
    }
    let mut seen = Seen::default();
    let mut somebody = None;
    if scope.users {
        let (finding, found) = users(context).await;
        seen.users = found.is_some();
        somebody = found;
        report.add(finding)?;
    }
    let mut some_group = None;
    if scope.groups {
        let finding = match groups(context, scope).await {
            Ok((finding, found)) => {
                seen.groups = true;
                some_group = found;
                finding
            }
            Err(error) => failed(group::ID, &error, context),
        };
        report.add(finding)?;
    }
    if scope.apps {
        let probed = apps(context, scope).await;
        seen.apps = probed.is_ok();
        report.add(probed.unwrap_or_else(|error| failed(app::ID, &error, context)))?;
    }
    if scope.roles && !scope.user_roles() && !scope.group_roles() {
        report.add(Finding::ok(role::ID, "needs no request: who holds roles is not synced"))?;
    } else if scope.user_roles() || scope.group_roles() {
        let of = if scope.roles { role::ID } else { custom_role::ID };
        let probed = holders(context, scope, somebody.as_ref(), some_group.as_ref()).await;
        seen.admins = probed.is_ok() && scope.user_roles();
        report.add(probed.unwrap_or_else(|error| failed(of, &error, context)))?;
    }
    for finding in switched(context, scope, &mut seen).await {
        report.add(finding)?;
    }
    if context.events {
        report.add(events(context).await)?;
    } else if changes::depends(scope) {
        report.add(later_syncs(context).await)?;
    }
    Ok(seen)
}

/// The first records of a list.
async fn first<T: Record>(context: &DoctorContext, list: &ListRequest<T>) -> Result<Vec<T>, Error> {
    Ok(context.client.page(list, None).await?.items)
}

async fn users(context: &DoctorContext) -> (Finding, Option<User>) {
    let found = match first(context, &endpoints::users::list(1)).await {
        Ok(found) => found,
        Err(error) => return (failed(user::ID, &error, context), None),
    };
    if let Some(user) = found.into_iter().next() {
        return (Finding::ok(user::ID, "may be read"), Some(user));
    }
    let (whom, page) = match context.access {
        Credential::ApiToken => ("the owner of the API token", ADMINS_PAGE),
        Credential::ServiceApp(_) => ("the service app", ROLES_PAGE),
    };
    let text = "Okta answers with success and not a single user: that is what it shows to whoever has no admin role over \
                users. A sync refuses to take that for an empty org";
    let role = RequiredPermission::for_type(user::ID).map(|need| need.role).unwrap_or_default();
    (Finding::problem(user::ID, text, format!("give {whom} {role} ({page})"), NOBODY), None)
}

async fn groups(context: &DoctorContext, scope: Scope) -> Result<(Finding, Option<Group>), Error> {
    let found = first(context, &endpoints::groups::list(1)).await?.into_iter().next();
    let Some(group) = found else { return Ok((Finding::ok(group::ID, "may be read; there is none"), None)) };
    if scope.memberships() {
        about_one(first(context, &endpoints::groups::members(&group.id, 1)?).await)?;
    }
    let stats = group.stats();
    let finding = if stats.users_count.is_none() || stats.has_admin_privilege.is_none() {
        let text = "may be read, but Okta sends no counts along: members, roles and applications of every group have to \
                    be asked for, also where there are none";
        Finding::warning(group::ID, text, "nothing can be set; the sync takes more calls")
    } else {
        Finding::ok(group::ID, "may be read with members and counts")
    };
    Ok((finding, Some(group)))
}

async fn apps(context: &DoctorContext, scope: Scope) -> Result<Finding, Error> {
    let list = endpoints::apps::list(1, !context.config.rules.sync_inactive_apps);
    let found: Option<App> = first(context, &list).await?.into_iter().next();
    let Some(app) = found else { return Ok(Finding::ok(app::ID, "may be read; there is none")) };
    if scope.app_users() {
        about_one(first(context, &endpoints::apps::users(&app.id, 1)?).await)?;
    }
    if scope.app_groups() {
        about_one(first(context, &endpoints::apps::groups(&app.id, 1)?).await)?;
    }
    Ok(Finding::ok(app::ID, "may be read with users and groups"))
}

/// What became of a request about one object: that it has vanished meanwhile says nothing.
fn about_one<T>(answer: Result<Vec<T>, Error>) -> Result<(), Error> {
    match answer {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Who holds admin roles: by the list of administrators, by one of them, and by a group.
async fn holders(
    context: &DoctorContext,
    scope: Scope,
    somebody: Option<&User>,
    some_group: Option<&Group>,
) -> Result<Finding, Error> {
    if scope.user_roles() {
        let admins = first(context, &endpoints::roles::assignees(1)).await?;
        let one = admins.first().map(|admin| admin.id.as_str()).or(somebody.map(|user| user.id.as_str()));
        if let Some(id) = one {
            about_one(first(context, &endpoints::roles::of_user(id)?).await)?;
        }
    }
    if let Some(group) = some_group.filter(|_| scope.group_roles()) {
        about_one(first(context, &endpoints::groups::roles(&group.id)?).await)?;
    }
    Ok(Finding::ok(role::ID, "who holds admin roles may be read"))
}

/// The types that take a switch.
async fn switched(context: &DoctorContext, scope: Scope, seen: &mut Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut probed = |of: &'static str, answer: Result<(), Error>| {
        let is_read = answer.is_ok();
        findings.push(match answer {
            Ok(()) => Finding::ok(of, "may be read"),
            Err(error) => failed(of, &error, context),
        });
        is_read
    };
    if scope.custom_roles {
        probed(custom_role::ID, first(context, &endpoints::iam::roles()).await.map(drop));
    }
    if scope.resource_sets || scope.bindings {
        let of = if scope.resource_sets { resource_set::ID } else { resource_set_binding::ID };
        seen.resource_sets = probed(of, sets(context).await);
    }
    if scope.api_tokens {
        probed(api_token::ID, first(context, &endpoints::tokens::list()).await.map(drop));
    }
    if scope.devices {
        probed(device::ID, first(context, &endpoints::devices::list(1)).await.map(drop));
    }
    findings
}

/// Resource sets, and the bindings of one.
async fn sets(context: &DoctorContext) -> Result<(), Error> {
    let sets = first(context, &endpoints::iam::resource_sets()).await?;
    match sets.first() {
        Some(set) => about_one(first(context, &endpoints::iam::bindings(&set.id)?).await),
        None => Ok(()),
    }
}

/// One record of the System Log.
async fn log(context: &DoctorContext) -> Result<Vec<LogEvent>, Error> {
    // Any time will do; Okta does not look further back than it keeps events.
    let since = context.client.server_time().unwrap_or_default().to_string();
    first(context, &endpoints::logs::since(&since, None, 1)).await
}

/// Whether later syncs can tell what has changed.
async fn later_syncs(context: &DoctorContext) -> Finding {
    const CHECK: &str = "later syncs";
    context.access.want_logs();
    match log(context).await {
        Ok(_) => {
            Finding::ok(CHECK, "the System Log may be read: what it does not name is taken over from the last sync")
        }
        Err(error) if error.kind() == ErrorKind::Forbidden => {
            let (text, fix) = refusal(&error, Some(RequiredPermission::for_later_syncs()), context);
            let text = format!(
                "will read assignments of applications and admin roles in full, because the System Log may not be read: \
                 {text}"
            );
            Finding::warning(CHECK, text, fix)
        }
        Err(error) => Finding::failure(CHECK, "the System Log cannot be read", &error),
    }
}

async fn events(context: &DoctorContext) -> Finding {
    const CHECK: &str = "events";
    match log(context).await {
        Ok(_) => Finding::ok(CHECK, "the System Log may be read"),
        Err(error) if error.kind() == ErrorKind::Forbidden => {
            let (text, fix) = refusal(&error, Some(RequiredPermission::for_logs()), context);
            Finding::problem(CHECK, format!("the System Log may not be read: {text}"), fix, FORBIDDEN)
        }
        Err(error) => Finding::failure(CHECK, "the System Log cannot be read", &error),
    }
}

/// What a failed probe means for a sync: types that it can do without are left out of it, the others end it.
fn failed(of: &'static str, error: &Error, context: &DoctorContext) -> Finding {
    if !matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) {
        return Finding::failure(of, "cannot be read", error);
    }
    let (text, fix) = refusal(error, RequiredPermission::for_type(of), context);
    if MUST_BE_READ.contains(&of) {
        return Finding::problem(
            of,
            format!("may not be read, and no sync goes without: {text}"),
            fix,
            errors::grpc_code(error),
        );
    }
    Finding::warning(of, format!("will not be in the file: {text}"), fix)
}
