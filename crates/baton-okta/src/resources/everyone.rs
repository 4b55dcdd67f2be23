//! The group Everyone, whose members are the users that are listed anyway: they need not be read again
//! (`docs/spec/okta-sync.md` 15, item 4). Nobody documents that they are the same, so it takes a switch.
//!
//! The group has to be known before the users are listed. One call finds it; then users and groups are listed, each told
//! by its work's detail which group it is, so that whoever carries an interrupted sync on does the same.

use baton_connector::{FetchError, Page, Work, WorkKind};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::models::{Group, User};
use okta_client::{Bucket, ErrorKind, endpoints};

use super::group::{self, BUILT_IN, GROUPS};
use super::user::USERS;
use super::{Context, Kind};
use crate::config::Rules;
use crate::errors;
use crate::scope::Scope;

/// Finds the group.
const EVERYONE: WorkKind = "everyone";

/// The kind of work that finds it.
pub(super) const KIND: Kind =
    Kind { name: EVERYONE, label: "the group Everyone", bucket: Bucket::Groups, fetch: fetch_everyone };

/// Begins the word of a detail that names the group.
const WORD: &str = "everyone=";
/// Users of this status are in no group Everyone.
const DEACTIVATED: &str = "DEPROVISIONED";

/// Puts finding the group before the lists of users and groups, if its members are to be taken from the users.
pub(crate) fn first(works: Vec<Work>, scope: Scope, rules: &Rules) -> Vec<Work> {
    if !rules.everyone_from_users || !scope.memberships() {
        return works;
    }
    let find = Work::new(EVERYONE, "").with_detail(scope.detail());
    let others = works.into_iter().filter(|work| ![USERS, GROUPS].contains(&work.kind));
    std::iter::once(find).chain(others).collect()
}

/// The group that the detail of a work about users or groups names.
pub(super) fn named(work: &Work) -> Option<&str> {
    work.detail.split(' ').find_map(|word| word.strip_prefix(WORD))
}

/// Adds the memberships of the users on a page.
pub(super) fn add_members(page: &mut Page, group: &str, users: &[User]) {
    let members = users.iter().filter(|user| user.status.as_deref() != Some(DEACTIVATED));
    // Who may list users need not see the group: then there is nothing to be a member of.
    page.grants.extend(
        group::memberships(group, members.map(|user| user.id.clone()))
            .map(|grant| baton_connector::GrantDraft { if_there: true, ..grant }),
    );
}

/// Whether it is the group of all users, as far as one can tell. Its name cannot be changed.
pub(crate) fn is_everyone(group: &Group) -> bool {
    group.group_type.as_deref() == Some(BUILT_IN) && group.name() == Some("Everyone")
}

fn fetch_everyone<'a>(
    context: &'a Context,
    work: &'a Work,
    cursor: Option<&'a str>,
) -> BoxFuture<'a, Result<Page, FetchError>> {
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
        let word = match found {
            Ok(id) => format!("{WORD}{id}"),
            Err(why) => {
                page.notes.push(format!("the members of Everyone are read, not taken from the list of users: {why}"));
                String::new()
            }
        };
        let details = [(USERS, word.clone()), (GROUPS, format!("{} {word}", work.detail))];
        page.opens = details.map(|(kind, detail)| Work::new(kind, "").with_detail(detail.trim_end())).into();
        Ok(page)
    }
    .boxed()
}
