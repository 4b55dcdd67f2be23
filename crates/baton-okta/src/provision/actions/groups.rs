//! Actions that make and change groups (`docs/spec/okta-provisioning.md` 7.5).

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use baton_connector::provision::{ActionDone, StateAfter, Step, StepOutcome};
use baton_connector::{Change, ChangeError, Code, build};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::groups;
use okta_client::models::{Group, GroupDetails};
use okta_client::{Error, Request, Response};
use serde_json::{Map, Value, json};

use super::args::{Args, invalid};
use super::profile::differing;
use super::{done, returned};
use crate::ids::{group, user};
use crate::provision::OktaProvisioner;
use crate::provision::errors;
use crate::provision::membership::Membership;
use crate::provision::operation::Operation;
use crate::provision::peek::Peek;
use crate::provision::reconcile::{DesiredState, Made, Observation, pause, reconcile};
use crate::provision::subject::Subject;
use crate::provision::user_status::Last;

/// How often a group is looked for that an unanswered request has made.
const LOOKS_FOR_OURS: u32 = 5;
/// The pause before the next such look: Okta's search has been seen to trail by four seconds.
const PAUSE_FOR_OURS: Duration = Duration::from_secs(1);

/// Makes a group, and its first members one after another.
pub(super) async fn create(
    provisioner: &OktaProvisioner,
    op: &Operation<'_>,
    args: &Args,
    change: &Change,
) -> Result<ActionDone, ChangeError> {
    let name = name(args.needed("name")?)?;
    let members = args.resources("userMembers", user::ID)?;
    let description = args.text("description")?.unwrap_or_default();
    let request = groups::create(name, description).map_err(|error| errors::failed("making the group", &error))?;
    let desired =
        NewGroup { name, request, looks: AtomicU32::new(0), answered: Last::nothing(), last: Last::nothing() };
    let Made { note, .. } = reconcile(op, &desired).await?;
    if change.is_dry_run() {
        members.iter().for_each(|member| change.record(withheld_member(member)));
        return Ok(done(json!({}), note));
    }
    let Some(made) = desired.last.get() else {
        let told = note.unwrap_or_default();
        let message = format!("the group {name:?} was made, but its id is not known: {told}");
        let hint = if members.is_empty() { "" } else { "\nhint: sync, and grant the membership to its first members" };
        return Err(ChangeError::new(Code::Unavailable, format!("{message}{hint}")).leaving(StateAfter::Partial));
    };
    fill(provisioner, &made, &members, change).await?;
    Ok(done(json!({ "resource": returned(crate::resources::group::resource(&made)) }), note))
}

/// Adds members to a new group. One who cannot be added does not keep out the others.
async fn fill(
    provisioner: &OktaProvisioner,
    made: &Group,
    members: &[&str],
    change: &Change,
) -> Result<(), ChangeError> {
    let of = build::resource(group::ID, &made.id, made.name().unwrap_or_default());
    let of = Subject::of(Some(&of), "the group has no id")?;
    let mut added = Vec::new();
    let mut failed: Vec<(&str, ChangeError)> = Vec::new();
    for member in members {
        let op = provisioner.operation(change, group::ID, &[user::ID]);
        let membership = Membership::new(of, Subject::unnamed(user::ID, member), true)?;
        match reconcile(&op, &membership).await {
            Ok(_) => added.push(*member),
            Err(error) => failed.push((member, error)),
        }
        if op.is_cancelled() {
            break;
        }
    }
    let left = members.len() - added.len() - failed.len();
    let Some((_, first)) = failed.first() else {
        return match left {
            0 => Ok(()),
            _ => Err(ChangeError::new(Code::Cancelled, told(of, &added, &failed, left)).leaving(StateAfter::Partial)),
        };
    };
    let unknown = failed.iter().any(|(_, error)| error.state == StateAfter::Unknown);
    let state = if unknown { StateAfter::Unknown } else { StateAfter::Partial };
    Err(ChangeError::new(first.code, told(of, &added, &failed, left)).leaving(state))
}

/// Which members are in a new group, and which are not.
fn told(of: Subject<'_>, added: &[&str], failed: &[(&str, ChangeError)], left: usize) -> String {
    let mut text = format!("{of} was made");
    if !added.is_empty() {
        text.push_str(&format!(", with {}", added.join(", ")));
    }
    for (member, error) in failed {
        let why = error.message.split("\nhint: ").next().unwrap_or_default();
        text.push_str(&format!("; failed to add member {member}: {why}"));
    }
    if left > 0 {
        text.push_str(&format!("; {left} more were not tried"));
    }
    format!("{text}\nhint: the group stays; grant its membership to those who are missing")
}

/// The request for a member of a group whose id is not known before it is made.
fn withheld_member(member: &str) -> Step {
    Step {
        method: "PUT".to_owned(),
        target: format!("/api/v1/groups/{{new}}/users/{member}"),
        body: None,
        outcome: StepOutcome::Withheld,
    }
}

/// A name for a group.
fn name(given: &str) -> Result<&str, ChangeError> {
    if given.trim().is_empty() {
        return Err(invalid("name must not be empty"));
    }
    Ok(given)
}

/// That there is a group which was not there before.
///
/// Okta's answer to the request is the group. Only where it is lost the group is looked for by its name, in a search that
/// trails behind. Okta keeps the names of its own groups unique, so that sending the request again can make no second one.
struct NewGroup<'a> {
    name: &'a str,
    request: Request,
    looks: AtomicU32,
    /// The group by Okta's answer.
    answered: Last<Group>,
    last: Last<Group>,
}

impl NewGroup<'_> {
    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        if let Some(answered) = self.answered.get() {
            return Ok(Observation::Satisfied(self.see_by_id(op, answered).await));
        }
        self.last.set(None);
        let first = self.looks.fetch_add(1, Ordering::Relaxed) == 0;
        let found = match op.peeked(self.find(op).await)? {
            Peek::Found(found) => found,
            Peek::Absent => return Ok(Observation::Pending(vec![self.request.clone()])),
            // Okta refuses a name that is taken.
            Peek::Refused(error) => return Ok(Observation::Unseen(self.request.clone(), error)),
        };
        if first {
            return Ok(Observation::Impossible(self.taken(Some(&found))));
        }
        self.last.set(Some(found));
        Ok(Observation::Satisfied(None))
    }

    /// Reads the group that Okta has answered with. That it cannot be read does not make it less there.
    async fn see_by_id(&self, op: &Operation<'_>, answered: Group) -> Option<String> {
        let (found, note) = match op.find::<Group>(groups::get(&answered.id)).await {
            Ok(Some(found)) => (found, None),
            Ok(None) => (answered, Some("Okta does not show the group yet".to_owned())),
            Err(error) => (answered, Some(format!("the group could not be read back: {error}"))),
        };
        self.last.set(Some(found));
        note
    }

    /// The group of Okta's own with this name.
    async fn find(&self, op: &Operation<'_>) -> Result<Option<Group>, Error> {
        let all = op.all::<Group>(Ok(groups::named(self.name))).await?;
        let is = |group: &Group| group.name() == Some(self.name) && group.group_type.as_deref() == Some("OKTA_GROUP");
        Ok(all.into_iter().find(is))
    }

    fn taken(&self, by: Option<&Group>) -> ChangeError {
        let by = by.map(|group| format!(": group {}", group.id)).unwrap_or_default();
        let message = format!(
            "a group with the name {:?} exists already{by}\nhint: use that one, change it with modify_group, or choose \
             another name",
            self.name
        );
        ChangeError::new(Code::AlreadyExists, message)
    }

    /// The name was free, a request has been lost, and now the name is taken by a group that the search does not show.
    fn not_found_yet(&self) -> ChangeError {
        let message = format!(
            "the answer to the request for the group {:?} was lost, and now there is a group with that name, which Okta's \
             search does not show\n\
             hint: look for it in the admin console in a minute, and grant its membership to its first members",
            self.name
        );
        ChangeError::new(Code::Unavailable, message).leaving(StateAfter::Unknown)
    }
}

impl DesiredState for NewGroup<'_> {
    fn doing(&self) -> String {
        format!("making the group {:?}", self.name)
    }

    fn unmet(&self) -> String {
        format!("there is no group {:?}", self.name)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        async move {
            if !error.is_duplicate("name") {
                return Some(errors::failed(&self.doing(), error));
            }
            if self.looks.load(Ordering::Relaxed) <= 1 {
                return Some(self.taken(self.find(op).await.ok().flatten().as_ref()));
            }
            // The answer to an earlier request has been lost: the group is the one that it made. The search may not know
            // it yet.
            for _ in 0..LOOKS_FOR_OURS {
                match self.find(op).await {
                    Ok(Some(_)) => return None,
                    Ok(None) => pause(op, PAUSE_FOR_OURS).await,
                    Err(_) => break,
                }
            }
            Some(self.not_found_yet())
        }
        .boxed()
    }

    fn accepted(&self, _request: &Request, answer: &Response) {
        self.answered.set(answer.json::<Group>().ok());
    }
}

/// Changes name and description of a group. All else in its profile stays.
pub(super) async fn modify(op: &Operation<'_>, args: &Args) -> Result<ActionDone, ChangeError> {
    let id = args.id("group_id", group::ID)?;
    let mut wanted = Map::new();
    if let Some(given) = args.text("name")? {
        wanted.insert("name".to_owned(), name(given)?.into());
    }
    if let Some(description) = args.text("description")? {
        wanted.insert("description".to_owned(), description.into());
    }
    if wanted.is_empty() {
        return Err(invalid("at least one of name or description must be provided"));
    }
    let desired = GroupUpdate { id, wanted, last: Last::nothing() };
    let Made { note, .. } = reconcile(op, &desired).await?;
    let found = desired.last.get();
    let resource = found.map_or_else(
        || build::resource(group::ID, id, id),
        |found| crate::resources::group::resource_of_details(&found),
    );
    Ok(done(json!({ "resource": returned(resource) }), note))
}

/// That a group has this name and this description.
struct GroupUpdate<'a> {
    id: &'a str,
    wanted: Map<String, Value>,
    last: Last<GroupDetails>,
}

impl GroupUpdate<'_> {
    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        self.last.set(None);
        let Some(found) = op.find::<GroupDetails>(groups::get(self.id)).await? else {
            let message =
                format!("group {} not found: there is none in Okta, as far as this credential may see", self.id);
            return Ok(Observation::Impossible(ChangeError::new(
                Code::NotFound,
                format!("{message}\nhint: check the id"),
            )));
        };
        let mut profile = found.profile_members();
        let kind = found.group_type.clone().unwrap_or_default();
        let no_profile = found.profile.is_none();
        self.last.set(Some(found));
        // Okta keeps an empty description as none.
        if profile.get("description").is_none_or(Value::is_null) {
            profile.insert("description".to_owned(), "".into());
        }
        let others = differing(&self.wanted, &profile);
        if others.is_empty() {
            let note = (op.made() == 0).then(|| "the group was so already; nothing was sent".to_owned());
            return Ok(Observation::Satisfied(note));
        }
        if op.made() > 0 {
            return Ok(Observation::Satisfied(Some(format!(
                "Okta accepted it, and keeps another value of {}",
                others.join(", ")
            ))));
        }
        if no_profile {
            let message = format!("group {} has no profile, and replacing it might lose something", self.id);
            return Ok(Observation::Impossible(ChangeError::new(Code::FailedPrecondition, message)));
        }
        if let Some(refusal) = self.of_others(&kind) {
            return Ok(Observation::Impossible(refusal));
        }
        profile.extend(self.wanted.clone());
        Observation::pending(groups::replace(self.id, &profile))
    }

    /// The refusal for groups whose profile is not Okta's admins' to change.
    fn of_others(&self, kind: &str) -> Option<ChangeError> {
        match kind {
            "BUILT_IN" => {
                let why = format!("group {} cannot be changed: it is built in (BUILT_IN)", self.id);
                Some(errors::refused(why, "use a group of your own"))
            }
            "APP_GROUP" => {
                let why = format!("group {} cannot be changed: it is imported from an app (APP_GROUP)", self.id);
                Some(errors::refused(why, "change it where it comes from; Okta takes the change over"))
            }
            _ => None,
        }
    }
}

impl DesiredState for GroupUpdate<'_> {
    fn doing(&self) -> String {
        format!("changing group {}", self.id)
    }

    fn unmet(&self) -> String {
        format!("group {} is not as it was to be", self.id)
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, _op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        let mut failed = errors::failed(&self.doing(), error);
        if error.is_duplicate("name") {
            failed.code = Code::AlreadyExists;
        }
        futures::future::ready(Some(failed)).boxed()
    }
}
