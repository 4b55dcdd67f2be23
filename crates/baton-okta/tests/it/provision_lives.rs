//! Lives of accounts: made, let in, kept out, put into groups, deleted, and made again, in any order and with anything
//! going wrong in between. What was told implies what is there.

use std::collections::BTreeMap;

use baton_connector::provision::{AccountOutcome, AccountRequest, ActionCall, CredentialWish, StateAfter};
use baton_connector::{Change, ChangeError, Provisioner, build};
use baton_okta::OktaProvisioner;
use baton_proto::c1::connector::v2::AccountInfo;
use baton_proto::json;
use okta_sim::{Fault, FaultRule, Faults, Org, Sim};
use serde_json::{Value, json};

use crate::provisioner::{Dice, grant, lost_or_late, parts, start};

const LOGINS: [&str; 4] = ["ann@acme.example", "bob@acme.example", "cyd@acme.example", "dee@acme.example"];
const GROUP: &str = "00g4empty";

/// What is there under a login: nobody, or an account with an id, a status, and a membership or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Account {
    id: String,
    status: String,
    member: bool,
}

type Accounts = BTreeMap<&'static str, Account>;

/// The accounts as they are.
fn accounts(org: &Org) -> Accounts {
    let members = org.members_of(GROUP);
    let found = LOGINS.into_iter().filter_map(|login| {
        let id = org.user_id(login)?;
        Some((login, Account { status: org.status_of(&id)?, member: members.contains(&id), id }))
    });
    found.collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Create { inactive: bool, silent: bool },
    Enable,
    Disable,
    Deactivate,
    Delete,
    Join,
    Leave,
}

const DEEDS: [Deed; 9] = [
    Deed::Create { inactive: false, silent: false },
    Deed::Create { inactive: true, silent: false },
    Deed::Create { inactive: false, silent: true },
    Deed::Enable,
    Deed::Disable,
    Deed::Deactivate,
    Deed::Delete,
    Deed::Join,
    Deed::Leave,
];

fn struct_of(value: &Value) -> prost_types::Struct {
    json::from_value::<AccountInfo>(&json!({ "profile": value })).unwrap().profile.unwrap()
}

/// Does it; tells whether it was so before.
async fn act(okta: &OktaProvisioner, deed: Deed, login: &str, id: &str, change: &Change) -> Result<bool, ChangeError> {
    let invoke = async |name: &str, resource_type: &str, user: Value| {
        let args = struct_of(&json!({ "user_id": user }));
        let call = ActionCall { name: name.to_owned(), resource_type: resource_type.to_owned(), args };
        let done = okta.invoke(&call, change).await?;
        Ok(format!("{:?}", done.values).contains("was already"))
    };
    let membership = grant(("group", GROUP, "member"), ("user", id));
    match deed {
        Deed::Create { inactive, silent } => {
            let profile = json!({
                "first_name": "A", "last_name": "B", "email": login,
                "create_inactive": inactive.to_string(), "send_activation_email": (!silent).to_string(),
            });
            let info = AccountInfo { profile: Some(struct_of(&profile)), ..AccountInfo::default() };
            let request = AccountRequest { info, credential: CredentialWish::NoPassword };
            let made = okta.create_account("user", &request, change).await?;
            Ok(made.outcome == AccountOutcome::AlreadyExists)
        }
        Deed::Enable => invoke("enable_user", "", id.into()).await,
        Deed::Disable => invoke("disable_user", "", id.into()).await,
        Deed::Deactivate => {
            invoke("deactivate_user", "user", json!({"resource_type_id": "user", "resource_id": id})).await
        }
        Deed::Delete => Ok(okta.delete_resource(&build::resource_id("user", id), None, change).await?.already),
        Deed::Join => {
            let (entitlement, principal) = parts(&membership);
            Ok(okta.grant(entitlement, principal, change).await?.already)
        }
        Deed::Leave => Ok(okta.revoke(&membership, change).await?.already),
    }
}

/// Whether an account is as the deed was to bring about.
fn is_so(deed: Deed, account: Option<&Account>) -> bool {
    let status = account.map(|account| account.status.as_str());
    match deed {
        Deed::Create { inactive: true, .. } => status == Some("STAGED"),
        Deed::Create { .. } => status.is_some_and(|status| status != "STAGED"),
        Deed::Enable => status.is_some_and(|status| !["STAGED", "SUSPENDED", "DEPROVISIONED"].contains(&status)),
        Deed::Disable => status.is_some_and(|status| ["STAGED", "SUSPENDED", "DEPROVISIONED"].contains(&status)),
        Deed::Deactivate => status == Some("DEPROVISIONED"),
        Deed::Delete => status.is_none(),
        Deed::Join => account.is_some_and(|account| account.member),
        Deed::Leave => account.is_none_or(|account| !account.member),
    }
}

/// Whether an account is as a deed may leave it that was done in part.
fn is_partly(deed: Deed, account: Option<&Account>) -> bool {
    let status = account.map(|account| account.status.as_str());
    match deed {
        Deed::Create { inactive: false, silent: true } => status == Some("STAGED"),
        Deed::Delete => status == Some("DEPROVISIONED"),
        _ => false,
    }
}

fn let_fail(sim: &Sim, fault: Option<&Fault>, number: u32) {
    const PATHS: [(&str, &str); 6] = [
        ("POST", "/api/v1/users"),
        ("POST", "/api/v1/users/{id}/lifecycle/{operation}"),
        ("DELETE", "/api/v1/users/{id}"),
        ("PUT", "/api/v1/groups/{id}/users/{user}"),
        ("DELETE", "/api/v1/groups/{id}/users/{user}"),
        ("GET", "/api/v1/users/{id}"),
    ];
    let rule =
        |(method, path): (&str, &str), fault: &Fault| FaultRule::on(path, fault.clone()).method(method).attempt(number);
    let rules = PATHS.iter().filter_map(|at| fault.map(|fault| rule(*at, fault)));
    sim.set_faults(rules.fold(Faults::none(), Faults::and));
}

async fn live(seed: u64, rounds: u32) {
    let (sim, okta) = start(Org::facts()).await;
    let (mut dice, faults) = (Dice(seed), lost_or_late());
    // Of accounts that are gone the ids are remembered, and used on.
    let mut ids: BTreeMap<&str, String> = LOGINS.iter().map(|login| (*login, "00unobody0".to_owned())).collect();
    let mut done = BTreeMap::<String, u32>::new();
    for round in 0..rounds {
        let login = LOGINS[dice.roll(LOGINS.len())];
        let deed = DEEDS[dice.roll(DEEDS.len())];
        let fault = (dice.roll(2) == 0).then(|| faults[dice.roll(faults.len())].clone());
        let_fail(&sim, fault.as_ref(), 1 + u32::try_from(dice.roll(2)).unwrap());
        let before = accounts(&sim.org());
        let id = before.get(login).map_or_else(|| ids[login].clone(), |account| account.id.clone());
        let change = Change::apply();
        let told = act(&okta, deed, login, &id, &change).await;
        let after = accounts(&sim.org());
        let context =
            format!("seed {seed}, round {round}: {deed:?} {login}, {fault:?}: {told:?} {:#?}", change.steps());
        let [others_before, others_after] = [&before, &after].map(|all| {
            let mut others = all.clone();
            others.remove(login);
            others
        });
        assert_eq!(others_before, others_after, "{context}");
        let (was, is) = (before.get(login), after.get(login));
        match &told {
            Ok(true) => {
                assert_eq!(was, is, "{context}");
                // Whoever has the login already is left alone, whatever was asked for.
                let created = matches!(deed, Deed::Create { .. });
                assert!(if created { was.is_some() } else { is_so(deed, was) }, "{context}");
            }
            Ok(false) => assert!(is_so(deed, is) && was != is, "{context}"),
            Err(error) => match error.state {
                StateAfter::Unchanged => assert_eq!(was, is, "{context}"),
                StateAfter::Partial => assert!(is_partly(deed, is), "{context}"),
                // Said only when an answer was lost and the look at what became of it failed, too.
                StateAfter::Unknown => assert!(fault.is_some(), "{context}"),
            },
        }
        if let Some(account) = is {
            ids.insert(login, account.id.clone());
        }
        let end = told.map_or_else(|error| error.state.as_str().to_owned(), |already| format!("already {already}"));
        *done.entry(end).or_default() += 1;
    }
    for end in ["already true", "already false", "unchanged"] {
        assert!(done.get(end).is_some_and(|times| *times > 10), "{end} hardly ever happened: {done:?}");
    }
    sim.stop().await;
}

#[tokio::test]
async fn told_outcomes_imply_the_state_of_accounts_1() {
    live(11, 150).await;
}

#[tokio::test]
async fn told_outcomes_imply_the_state_of_accounts_2() {
    live(12, 150).await;
}
