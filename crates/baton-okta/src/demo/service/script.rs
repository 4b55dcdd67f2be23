//! What C1 asks for in the demo, in its order, and what came of it: read in the org and in what C1 got, not believed.

use std::io::Write as _;
use std::path::Path;

use age::x25519::Identity;
use baton_c1z::Reader;
use baton_proto::any;
use baton_proto::c1::connector::v2::create_account_response::Result as Made;
use baton_proto::c1::connector::v2::{AccountInfo, CreateAccountResponse, Event, ListEventsResponse, event};
use baton_proto::c1::connectorapi::baton::v1::task::{HelloTask, ListEventsTask, TaskType};
use baton_runtime::{Failure, words};
use c1_sim::{C1Sim, Finish, tasks};
use okta_sim::Sim;

use crate::profile::Profile;

/// How long a password C1 asks for.
const PASSWORD: i64 = 24;

/// Who joins a group, and which.
const MEMBER: (&str, &str, &str) = ("Mia", "Chen", "mia.chen@acme.example");
const GROUP: &str = "Finance";
/// Who gets an account.
const NEW: (&str, &str, &str) = ("Noor", "Haddad", "noor.haddad@acme.example");

/// A thing that C1 asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Hello,
    Sync,
    Grant,
    CreateAccount,
    Disable,
    Events,
    Revoke,
    Delete,
}

impl Step {
    pub(super) const ALL: [Self; 8] = [
        Self::Hello,
        Self::Sync,
        Self::Grant,
        Self::CreateAccount,
        Self::Disable,
        Self::Events,
        Self::Revoke,
        Self::Delete,
    ];

    /// Its name in the protocol.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Sync => "sync_full",
            Self::Grant => "grant",
            Self::CreateAccount => "create_account",
            Self::Disable => "action_invoke",
            Self::Events => "list_events",
            Self::Revoke => "revoke",
            Self::Delete => "delete_resource",
        }
    }
}

/// The two sides, and who is who.
pub(super) struct Script<'a> {
    c1: &'a C1Sim,
    sim: &'a Sim,
    file: &'a Path,
    /// C1's key: nobody else reads the password.
    key: Identity,
    member: String,
    group: String,
    /// The account that was made.
    made: Option<String>,
    /// When the story begins, in seconds since 1970: the org's log is full of older ones.
    begins: i64,
}

impl<'a> Script<'a> {
    /// Adds a person and a group to the org, so that there is somebody to tell of.
    pub(super) fn new(c1: &'a C1Sim, sim: &'a Sim, file: &'a Path) -> Result<Self, Failure> {
        let (member, group) = sim.change_org(|org| {
            let (first, last, login) = MEMBER;
            (org.add_user(first, last, login, "ACTIVE"), org.add_group(GROUP))
        });
        let begins = jiff::Timestamp::now().as_second();
        Ok(Self { c1, sim, file, key: Identity::generate(), member, group, made: None, begins })
    }

    /// What C1 asks for.
    pub(super) fn task(&self, step: Step) -> Result<TaskType, Failure> {
        Ok(match step {
            Step::Hello => TaskType::Hello(HelloTask::default()),
            Step::Sync => tasks::sync(),
            Step::Grant => tasks::grant(&self.group, &self.member),
            Step::CreateAccount => self.account(),
            Step::Disable => tasks::action("disable_user", Profile::default().text("user_id", self.made()?).build()),
            Step::Events => TaskType::ListEvents(ListEventsTask {
                start_at: Some(prost_types::Timestamp { seconds: self.begins, nanos: 0 }),
                ..ListEventsTask::default()
            }),
            Step::Revoke => tasks::revoke(&self.group, &self.member),
            Step::Delete => tasks::delete(self.made()?),
        })
    }

    /// What came of it, in words.
    pub(super) fn outcome(&mut self, step: Step, id: &str, finish: &Finish) -> Result<String, Failure> {
        match step {
            Step::Hello => self.greeted(),
            Step::Sync => self.synced(id),
            Step::Grant => self.membership(true),
            Step::Revoke => self.membership(false),
            Step::CreateAccount => self.account_made(finish),
            Step::Disable => Ok(format!("disable_user: {}", self.status()?)),
            Step::Events => Ok(told_of(&answer::<ListEventsResponse>(finish)?.events)),
            Step::Delete => self.status(),
        }
    }

    fn greeted(&self) -> Result<String, Failure> {
        self.c1.look(|received| {
            let hello = received.hellos.last().ok_or_else(|| wrong("C1 has seen no Hello"))?;
            let build = hello.build_info.clone().unwrap_or_default();
            let capabilities = hello.connector_metadata.clone().unwrap_or_default().capabilities.unwrap_or_default();
            Ok(format!(
                "{} {} can read {} and do {}",
                build.package.rsplit('/').next().unwrap_or_default(),
                build.package_version,
                words::count(capabilities.resource_type_capabilities.len() as u64, "resource type"),
                words::count(capabilities.connector_capabilities.len() as u64, "kind") + " of work",
            ))
        })
    }

    /// Writes the file that C1 got where the operator finds it, and tells what is in it.
    fn synced(&self, id: &str) -> Result<String, Failure> {
        let bytes = self.c1.look(|received| received.uploads.get(id).and_then(|files| files.last()).cloned());
        let bytes = bytes.ok_or_else(|| wrong("C1 has got no file"))?;
        private_fs::create(self.file)
            .and_then(|mut made| made.write_all(&bytes))
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", self.file.display())))?;
        let unreadable = |error: baton_c1z::Error| Failure::with_code(error.code(), error.to_string());
        let reader = Reader::open(self.file).map_err(unreadable)?;
        let stats = reader.stats(&reader.current().map_err(unreadable)?.sync_id).map_err(unreadable)?;
        let count = |count: i64, thing| words::count(count.unsigned_abs(), thing);
        Ok(format!(
            "{} and {} in a file of {}, whole",
            count(stats.resources, "resource"),
            count(stats.grants, "grant"),
            words::bytes(bytes.len() as u64)
        ))
    }

    fn membership(&self, is_member: bool) -> Result<String, Failure> {
        let (first, last, _) = MEMBER;
        if self.sim.org().members_of(&self.group).contains(&self.member) != is_member {
            return Err(wrong("the org has other members than C1 was told"));
        }
        let word = if is_member { "in" } else { "no longer in" };
        Ok(format!("{first} {last} is {word} the group {GROUP}"))
    }

    fn account_made(&mut self, finish: &Finish) -> Result<String, Failure> {
        let response: CreateAccountResponse = answer(finish)?;
        let Some(Made::Success(success)) = response.result else {
            return Err(wrong("the account was not made"));
        };
        let id = success.resource.and_then(|resource| resource.id).unwrap_or_default().resource;
        let encrypted = response.encrypted_data.first().ok_or_else(|| wrong("there is no password"))?;
        let password = age::decrypt(&self.key, &encrypted.encrypted_bytes)
            .map_err(|error| wrong(&format!("C1 cannot read the password: {error}")))?;
        let status = self.sim.org().status_of(&id).ok_or_else(|| wrong("the org does not know the account"))?;
        self.made = Some(id);
        let (first, last, _) = NEW;
        Ok(format!(
            "{first} {last} is {status}; the password of {} characters opens with C1's key only",
            password.len()
        ))
    }

    fn status(&self) -> Result<String, Failure> {
        let status = self.sim.org().status_of(self.made()?);
        let (first, last, _) = NEW;
        Ok(format!("{first} {last} is {}", status.as_deref().unwrap_or("gone from the org")))
    }

    fn made(&self) -> Result<&str, Failure> {
        self.made.as_deref().ok_or_else(|| wrong("there is no account yet"))
    }

    /// An account with a password that is made up here and read by C1.
    fn account(&self) -> TaskType {
        let (first, last, email) = NEW;
        let profile = Profile::default().text("first_name", first).text("last_name", last).text("email", email);
        let account = AccountInfo { profile: Some(profile.build()), ..AccountInfo::default() };
        tasks::create_account(account, PASSWORD, &self.key.to_public().to_string())
    }
}

/// The response in a finish.
fn answer<M: baton_proto::Message + baton_proto::Name + Default>(finish: &Finish) -> Result<M, Failure> {
    let response = finish.response().and_then(|response| any::unpack::<M>(response)?.ok());
    response.ok_or_else(|| wrong("C1 has got another answer than it asked for"))
}

/// The events of a page by their kinds.
fn told_of(events: &[Event]) -> String {
    let count = |is_it: fn(&event::Event) -> bool| {
        events.iter().filter_map(|event| event.event.as_ref()).filter(|event| is_it(event)).count() as u64
    };
    let given = count(|event| matches!(event, event::Event::CreateGrantEvent(_) | event::Event::GrantEvent(_)));
    let taken = count(|event| matches!(event, event::Event::CreateRevokeEvent(_) | event::Event::RevokeEvent(_)));
    let changed = count(|event| matches!(event, event::Event::ResourceChangeEvent(_)));
    let kinds = [(given, "of access given"), (taken, "of access taken away"), (changed, "of users or groups changed")];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let kinds: Vec<String> = kinds.collect();
    format!("{} of Okta's log: {}", words::count(events.len() as u64, "event"), kinds.join(", "))
}

fn wrong(what: &str) -> Failure {
    Failure::new(format!("the demo went wrong: {what}"))
}
