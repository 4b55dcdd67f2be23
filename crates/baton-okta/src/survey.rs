//! Looking at an org to tell how long a sync of it takes: the lists that tell sizes, and the limits that the answers tell.

use std::collections::BTreeMap;

use okta_client::models::{App, Group, Record};
use okta_client::{Bucket, Client, Error, ErrorKind, ListRequest, endpoints};

use crate::access::Credential;
use crate::endpoint_choice::known_limits;
use crate::estimate::Census;
use crate::quota_plan::EndpointPair;
use crate::scope::Scope;

/// How many pages of each list are read: 5,000 groups, 2,000 applications, 500 administrators.
const GROUP_PAGES: u32 = 25;
const APP_PAGES: u32 = 10;
const ADMIN_PAGES: u32 = 5;

/// What may be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visible {
    pub groups: bool,
    pub apps: bool,
    pub admins: bool,
    pub resource_sets: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    pub census: Census,
    /// Limits by bucket, in calls a minute, as far as they are known.
    pub limits: BTreeMap<Bucket, u64>,
    /// The short lists that the org has.
    pub pairs: Vec<EndpointPair>,
}

/// Looks at the org, as far as a sync of `scope` would. `short_lists` says whether that would use them.
///
/// # Errors
///
/// A list cannot be read.
pub(crate) async fn take(
    client: &Client,
    scope: Scope,
    active_apps_only: bool,
    visible: Visible,
    short_lists: bool,
) -> Result<Survey, Error> {
    let mut census = Census::default();
    let mut is_cut = false;
    let (mut some_group, mut some_app) = (None, None);
    if visible.groups {
        let see = |group: Group| {
            census.add(&group);
            if group.stats().users_count != Some(0) {
                some_group.get_or_insert(group.id);
            }
        };
        is_cut |= each(client, &endpoints::groups::list(200), GROUP_PAGES, see).await?;
    }
    if visible.apps {
        let list = endpoints::apps::list(200, active_apps_only);
        let see = |app: App| {
            census.apps += 1;
            some_app.get_or_insert(app.id);
        };
        is_cut |= each(client, &list, APP_PAGES, see).await?;
    }
    if visible.admins {
        is_cut |= each(client, &endpoints::roles::assignees(200), ADMIN_PAGES, |_| census.admins += 1).await?;
    }
    if visible.resource_sets {
        is_cut |= each(client, &endpoints::iam::resource_sets(), ADMIN_PAGES, |_| census.resource_sets += 1).await?;
    }
    let mut pairs = Vec::new();
    if short_lists && scope.memberships() && has(client, some_group, endpoints::groups::skinny_members).await? {
        pairs.push(EndpointPair::Members);
    }
    if short_lists && scope.app_users() && has(client, some_app, endpoints::apps::skinny_users).await? {
        pairs.push(EndpointPair::AppUsers);
    }
    Ok(Survey { census: Census { is_cut, ..census }, limits: known_limits(client), pairs })
}

/// Whether the org has a short list, by the one below the object `id`.
async fn has<T: Record>(
    client: &Client,
    id: Option<String>,
    list: fn(&str, u32) -> Result<ListRequest<T>, Error>,
) -> Result<bool, Error> {
    let Some(id) = id else { return Ok(false) };
    match client.page(&list(&id, 1)?, None).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Cancelled => Err(error),
        Err(_) => Ok(false),
    }
}

/// The bucket in which signing in is counted.
pub(crate) fn sign_in_bucket(access: &Credential) -> Bucket {
    sign_in_bucket_of(matches!(access, Credential::ServiceApp(_)))
}

/// The bucket in which a service app or an API token is let in.
pub(crate) fn sign_in_bucket_of(is_app: bool) -> Bucket {
    if is_app { Bucket::Token } else { Bucket::Rest }
}

/// Reads up to `pages` pages of a list; whether there are more.
async fn each<T: Record>(
    client: &Client,
    list: &ListRequest<T>,
    pages: u32,
    mut see: impl FnMut(T),
) -> Result<bool, Error> {
    let mut cursor = None;
    for _ in 0..pages {
        let page = client.page(list, cursor.as_deref()).await?;
        page.items.into_iter().for_each(&mut see);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
