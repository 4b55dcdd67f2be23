//! Making accounts (`docs/spec/okta-provisioning.md` 5).
//!
//! Okta keeps logins unique, and what decides is the login: whoever has it already is left alone, whatever their status.
//! The request is never sent twice. Its answer is the account: id and status are taken from there, also where the account
//! cannot be read back. If the answer is lost, the login tells whether the request was carried out; somebody else's account
//! is never taken for ours, because there was none when we looked before.

use std::sync::{Mutex, PoisonError};

use baton_connector::provision::{
    AccountMade, AccountOutcome, AccountRequest, IssuedSecret, StateAfter, Step, StepOutcome,
};
use baton_connector::{Change, ChangeError, Code};
use futures::FutureExt;
use futures::future::BoxFuture;
use okta_client::endpoints::users::{self, Lifecycle};
use okta_client::models::User;
use okta_client::{Error, Request, Response};
use secrecy::{ExposeSecret, SecretSlice};

use super::errors;
use super::operation::Operation;
use super::peek::Peek;
use super::reconcile::{DesiredState, Made, Observation, reconcile};
use super::user_status::{STAGED, status};
use crate::config::Rules;
use crate::lock::lock;

mod new_account;

use new_account::NewAccount;
pub(super) use new_account::kind;

/// Makes the account.
pub(super) async fn make(
    op: &Operation<'_>,
    account: &AccountRequest,
    rules: &Rules,
    change: &Change,
) -> Result<AccountMade, ChangeError> {
    let new_account = NewAccount::from_request(account)?;
    let create = users::create(&new_account.user).map_err(|error| errors::failed("making the account", &error))?;
    let desired = Account { new_account, create, known: Mutex::default() };
    let Made { already, note } = match reconcile(op, &desired).await {
        Ok(made) => made,
        // Okta has said that the login is taken, and more need not be known.
        Err(_) if desired.known(|known| known.taken) && op.made() == 0 => Made { already: true, note: None },
        Err(error) => return Err(desired.with_next_step(error)),
    };
    let Known { user, activated, .. } = desired.known.into_inner().unwrap_or_else(PoisonError::into_inner);
    let NewAccount { activate_in_silence, password, mut notes, .. } = desired.new_account;
    let dry_run = change.is_dry_run() && !already;
    if dry_run && activate_in_silence {
        change.record(withheld_activation());
    }
    let inactive = || !activated && user.as_ref().is_none_or(|user| status(user) == STAGED);
    if !dry_run && !already && activate_in_silence && inactive() {
        let told = note.map(|note| format!("; {note}")).unwrap_or_default();
        let message =
            format!("the account was made, but not activated{told}\nhint: find it by its login, and call enable_user");
        return Err(ChangeError::new(Code::Unavailable, message).leaving(StateAfter::Partial));
    }
    notes.extend(note);
    if already {
        let found = user.as_ref().map(|user| format!("the status of user {} is {}", user.id, status(user)));
        let found =
            found.unwrap_or_else(|| "Okta says that the login is taken, but shows nobody who has it".to_owned());
        notes = vec![found];
        notes.extend(op.notes(already));
    }
    let secrets = password.filter(|_| !already && !dry_run).as_ref().map(issued).into_iter().collect();
    let outcome = if already { AccountOutcome::AlreadyExists } else { AccountOutcome::Created };
    let resource = user.as_ref().map(|found| crate::resources::user::resource(found, rules));
    Ok(AccountMade { outcome, resource, secrets, note: (!notes.is_empty()).then(|| notes.join("; ")) })
}

fn issued(password: &secrecy::SecretString) -> IssuedSecret {
    let bytes: Vec<u8> = password.expose_secret().as_bytes().to_vec();
    IssuedSecret {
        name: "password".to_owned(),
        description: "The user's first password".to_owned(),
        schema: String::new(),
        bytes: SecretSlice::from(bytes),
    }
}

/// The second request of an account that is activated in silence. Its path is not known before the first is answered.
fn withheld_activation() -> Step {
    Step {
        method: "POST".to_owned(),
        target: "/api/v1/users/{new}/lifecycle/activate?sendEmail=false".to_owned(),
        body: None,
        outcome: StepOutcome::Withheld,
    }
}

/// That somebody has the login, and unless they had it before, that it is the account that was asked for.
struct Account {
    new_account: NewAccount,
    create: Request,
    known: Mutex<Known>,
}

/// What is known about the login.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Whether somebody had it before us.
    taken: bool,
    /// Whether it has been looked up.
    looked: bool,
    /// The account that we made has been seen.
    ours: bool,
    /// The user who has it, as last read.
    user: Option<User>,
    /// The account by Okta's answer to the request for it.
    answered: Option<User>,
    /// The activation has been needed, and therefore sent.
    activation_sent: bool,
    /// Okta has accepted the activation.
    activated: bool,
}

impl Account {
    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut lock(&self.known))
    }

    /// The account that we made, as last read.
    fn ours(&self) -> Option<User> {
        self.known(|known| known.user.clone().filter(|_| known.ours))
    }

    async fn see(&self, op: &Operation<'_>) -> Result<Observation, Error> {
        if let Some(answered) = self.known(|known| known.answered.clone()) {
            return self.see_by_id(op, answered).await;
        }
        self.known(|known| known.user = None);
        let user = match op.peeked(with_login(op, &self.new_account.login).await)? {
            Peek::Found(user) => Some(user),
            Peek::Absent => None,
            // Okta refuses a login that is taken.
            Peek::Refused(error) => return Ok(Observation::Unseen(self.create.clone(), error)),
        };
        let accepted = op.made() > 0;
        let changed = self.known(|known| {
            let first = !known.looked;
            known.looked = true;
            known.taken |= first && user.is_some();
            let ours =
                !known.taken && user.as_ref().is_some_and(|user| known.ours || accepted || self.is_as_asked(user));
            known.ours |= ours;
            known.user.clone_from(&user);
            !known.taken && !ours
        });
        let Some(user) = user else {
            return Ok(Observation::Pending(vec![self.create.clone()]));
        };
        if changed {
            return Ok(Observation::Impossible(self.of_somebody(&user)));
        }
        if self.known(|known| known.ours) {
            return self.activation(&user).map_or(Ok(Observation::Satisfied(None)), Observation::pending);
        }
        Ok(Observation::Satisfied(None))
    }

    /// Reads the account that Okta has answered with. That it cannot be read does not make it less there.
    async fn see_by_id(&self, op: &Operation<'_>, answered: User) -> Result<Observation, Error> {
        let read = op.get::<User>(users::get(&answered.id)).await;
        let (user, unread) = match read {
            Ok(user) => (user, None),
            Err(error) => (answered, Some(error)),
        };
        let activation = self.activation(&user);
        let Known { activation_sent, activated, .. } = self.known(|known| {
            known.user = Some(user);
            let before = known.clone();
            known.activation_sent |= activation.is_some();
            before
        });
        match (activation, unread) {
            (None, None) => Ok(Observation::Satisfied(None)),
            (Some(request), None) => Observation::pending(request),
            (None, Some(error)) => {
                Ok(Observation::Satisfied(Some(format!("the account could not be read back: {error}"))))
            }
            (Some(_), Some(error)) if activated => {
                let note = "the account could not be read back, and its status is shown as before the activation";
                Ok(Observation::Satisfied(Some(format!("{note}: {error}"))))
            }
            // The answer says nothing about what became of the activation.
            (Some(_), Some(error)) if activation_sent => Err(error),
            (Some(request), Some(_)) => Observation::pending(request),
        }
    }

    /// The request that activates our account, if that is to be done and as far as its status shows has not been done.
    fn activation(&self, user: &User) -> Option<Result<Request, Error>> {
        let wanted = self.new_account.activate_in_silence && status(user) == STAGED;
        wanted.then(|| users::lifecycle(&user.id, Lifecycle::Activate { send_email: false }))
    }

    /// Whether a user is what the request asks Okta for. Other members of the profile may come back in another form.
    fn is_as_asked(&self, user: &User) -> bool {
        let found = user.profile_members();
        let same = |key: &str| {
            let text =
                |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_lowercase);
            text(found.get(key)) == text(self.new_account.user.profile.get(key))
        };
        ["login", "email", "firstName", "lastName"].into_iter().all(same)
            && (status(user) == STAGED) != self.new_account.user.activate
    }

    /// The answer was lost, and now somebody has the login who is not what we asked for.
    fn of_somebody(&self, user: &User) -> ChangeError {
        let message = format!(
            "the answer to the request for the account was lost, and now user {} has the login {} with other names or \
             another status: it cannot be told who made it\nhint: look at the user in the admin console",
            user.id, self.new_account.login
        );
        ChangeError::new(Code::Aborted, message).leaving(StateAfter::Unknown)
    }

    /// Says what is to be done about an account that was made and could not be activated.
    fn with_next_step(&self, mut error: ChangeError) -> ChangeError {
        if let Some(user) = self.ours() {
            let password = if self.new_account.password.is_some() { "; nobody has its password" } else { "" };
            let (message, hints) = error.message.split_once("\nhint: ").unwrap_or((&error.message, ""));
            let hints = if hints.is_empty() { String::new() } else { format!("\nhint: {hints}") };
            error.message = format!(
                "user {id} was made, staged{password}; {message}\n\
                 hint: call the action enable_user for {id} to activate it{hints}",
                id = user.id
            );
            if error.state == StateAfter::Unchanged {
                error.state = StateAfter::Partial;
            }
        }
        error
    }
}

impl DesiredState for Account {
    fn doing(&self) -> String {
        match self.ours() {
            Some(user) => format!("activating user {}", user.id),
            None => format!("making the account {}", self.new_account.login),
        }
    }

    fn unmet(&self) -> String {
        match self.ours() {
            Some(user) => format!("the status of user {} is {}", user.id, status(&user)),
            None => format!("nobody has the login {}", self.new_account.login),
        }
    }

    fn look<'a>(&'a self, op: &'a Operation<'_>) -> BoxFuture<'a, Result<Observation, Error>> {
        self.see(op).boxed()
    }

    fn judge<'a>(&'a self, _op: &'a Operation<'_>, error: &'a Error) -> BoxFuture<'a, Option<ChangeError>> {
        let judged = if error.is_duplicate_login() {
            self.known(|known| known.taken = true);
            None
        } else {
            Some(errors::failed(&self.doing(), error))
        };
        futures::future::ready(judged).boxed()
    }

    fn accepted(&self, request: &Request, answer: &Response) {
        self.known(|known| {
            if *request == self.create {
                known.answered = answer.json::<User>().ok();
                known.ours |= known.answered.is_some();
            } else {
                known.activated = true;
            }
        });
    }

    /// Only the activation is.
    fn is_repeatable(&self) -> bool {
        self.known(|known| known.ours)
    }
}

/// The user with this login. Okta also finds users by the part of the login before the `@`; these do not count.
async fn with_login(op: &Operation<'_>, login: &str) -> Result<Option<User>, Error> {
    let is = |user: &User| {
        let of_user = user.attributes();
        of_user.text("login").is_some_and(|of| of.to_lowercase() == login.to_lowercase())
    };
    match users::by_login(login) {
        Ok(request) => Ok(op.find::<User>(Ok(request)).await?.filter(is)),
        // Logins that no path can hold.
        Err(_) => Ok(op.all::<User>(Ok(users::with_login(login))).await?.into_iter().find(is)),
    }
}
