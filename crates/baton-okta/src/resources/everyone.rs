//! The group Everyone, whose members are the users that are listed anyway: they need not be read again
//! (`docs/spec/okta-sync.md` 15, item 4). Nobody documents that they are the same, so it takes a switch.
//!
//! The group has to be known before the users are listed. One call finds it; then users and groups are listed, each with
//! the group in its work's detail, so that a run that resumes an interrupted sync does the same.

use baton_connector::{GrantDraft, Page, SourceError, Work};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Group, User};
use okta_client::{Bucket, ErrorKind, endpoints};

use super::follow_up::{BUILT_IN, ListDetail};
use super::memberships::memberships;
use super::module::Kind;
use crate::config::Rules;
use crate::context::Context;
use crate::errors;
use crate::ids::group::{self, EVERYONE, GROUPS};
use crate::ids::user::USERS;
use crate::scope::Scope;

/// The kind of work that finds it.
pub(super) const KIND: Kind =
    Kind { name: EVERYONE, label: "the group Everyone", bucket: Bucket::Groups, fetch: fetch_everyone };

/// Users of this status are in no group Everyone.
const DEACTIVATED: &str = "DEPROVISIONED";

/// Puts finding the group before the lists of users and groups, if its members are to be taken from the users.
pub(crate) fn first(works: Vec<Work>, scope: Scope, rules: &Rules) -> Vec<Work> {
    if !rules.everyone_from_users || !scope.memberships() {
        return works;
    }
    let find = Work::new(EVERYONE, "");
    let others = works.into_iter().filter(|work| ![USERS, GROUPS].contains(&work.kind));
    std::iter::once(find).chain(others).collect()
}

/// Adds the memberships of the users on a page.
pub(super) fn add_members(page: &mut Page, group: &str, users: &[User]) {
    let members = users.iter().filter(|user| user.status.as_deref() != Some(DEACTIVATED));
    // Who may list users need not see the group: then there is nothing to be a member of.
    page.grants.extend(
        memberships(group, members.map(|user| user.id.clone()))
            .map(|grant| GrantDraft { skip_if_absent: true, ..grant }),
    );
}

/// Whether it is the group of all users, as far as one can tell. Its name cannot be changed.
pub(crate) fn is_everyone(group: &Group) -> bool {
    group.group_type.as_deref() == Some(BUILT_IN) && group.name() == Some("Everyone")
}

fn fetch_everyone<'a>(
    context: &'a Context,
    _work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, SourceError>> {
    async move {
        let found = match context.client.page(&endpoints::groups::built_in(), cursor).await {
            Ok(answer) => {
                let mut found = answer.items.iter().filter(|group| is_everyone(group));
                match (found.next(), found.next(), &answer.next) {
                    (Some(one), None, None) => Ok(one.id.clone()),
                    _ => Err("Okta does not show exactly one such group".to_owned()),
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Invalid) => {
                Err(error.to_string())
            }
            Err(error) => return Err(errors::fatal(group::ID, "finding the group Everyone", &error)),
        };
        let mut page = Page::default();
        let everyone = found
            .inspect_err(|why| {
                page.notes.push(format!("the members of Everyone are read, not taken from the list of users: {why}"));
            })
            .ok();
        let detail = ListDetail { everyone };
        page.opens = [USERS, GROUPS].map(|kind| Work::new(kind, "").with_detail(&detail)).into();
        Ok(page)
    }
    .boxed()
}
