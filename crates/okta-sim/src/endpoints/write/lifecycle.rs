//! The statuses of users: which operation leads from where to where.

use serde_json::json;

use super::users::{find, shown};
use super::{Change, Done};
use crate::org::Org;
use crate::random::draw;
use crate::refusal::Refusal;

/// Runs `/users/{id}/lifecycle/{operation}`.
pub(super) fn run(org: &mut Org, change: &Change<'_>, key: &str, operation: &str) -> Result<Done, Refusal> {
    let n = find(org, key)?;
    let status = org.user_status(n).to_owned();
    let status = status.as_str();
    if status == "ACTIVATING" {
        return Err(Refusal::still_activating());
    }
    match operation {
        "activate" => activate(org, change, n, status),
        "reactivate" => match status {
            "PROVISIONED" | "RECOVERY" => {
                org.set_status(n, "PROVISIONED", "reactivate");
                with_link(org, change, n, change.flag("sendEmail")?.unwrap_or(false))
            }
            _ => Err(Refusal::wrong_status()),
        },
        "deactivate" if status == "DEPROVISIONED" => Err(Refusal::not_found(key, "User")),
        "deactivate" => {
            change.flag("sendEmail")?;
            deactivate(org, n);
            Ok(Done::nothing())
        }
        "suspend" if status == "ACTIVE" => moved(org, n, "SUSPENDED", operation),
        "suspend" => Err(Refusal::invalid("suspendUser", ["Cannot suspend a user that is not active".to_owned()])),
        "unsuspend" if status == "SUSPENDED" => moved(org, n, "ACTIVE", operation),
        "unsuspend" => {
            Err(Refusal::invalid("unsuspendUser", ["Cannot unsuspend a user that is not suspended".to_owned()]))
        }
        "unlock" if status == "LOCKED_OUT" => moved(org, n, "ACTIVE", operation),
        "unlock" => Err(Refusal::not_locked()),
        "expire_password" | "expire_password_with_temp_password" => match status {
            "ACTIVE" | "PASSWORD_EXPIRED" | "LOCKED_OUT" | "RECOVERY" => {
                org.set_status(n, "PASSWORD_EXPIRED", "expire_password");
                let with_password = operation != "expire_password" || change.flag("tempPassword")? == Some(true);
                if with_password {
                    let password = format!("Tmp{}", token(org, n));
                    return Ok(Done::ok(json!({ "tempPassword": password }).to_string()));
                }
                Ok(shown(org, change, n))
            }
            _ => Err(Refusal::wrong_status()),
        },
        "reset_password" => reset_password(org, change, n, status),
        "reset_factors" if status == "DEPROVISIONED" => Err(Refusal::wrong_status()),
        "reset_factors" => Ok(Done::nothing()),
        _ => Err(Refusal::no_such_path()),
    }
}

/// Deactivates a user, at once or when the org has the habit of being slow when others have read the old status.
pub(super) fn deactivate(org: &mut Org, n: u32) {
    let reads = org.habits.slow_deactivation;
    if reads == 0 {
        org.finish_deactivation(n);
    } else {
        org.edit_user(n, |user| user["transitioningToStatus"] = "DEPROVISIONED".into());
        // Asked for again, it goes on as it had begun.
        org.leaving.entry(n).or_insert(reads);
    }
}

fn activate(org: &mut Org, change: &Change<'_>, n: u32, status: &str) -> Result<Done, Refusal> {
    match status {
        "STAGED" | "DEPROVISIONED" => {}
        "ACTIVE" | "PROVISIONED" | "PASSWORD_EXPIRED" => return Err(Refusal::already_active()),
        _ => return Err(Refusal::wrong_status()),
    }
    let send = change.flag("sendEmail")?.unwrap_or(true);
    let credentials = org.user_value(n)["credentials"].take();
    let foreign = matches!(credentials["provider"]["type"].as_str(), Some("FEDERATION" | "SOCIAL"));
    let ready = foreign || credentials.get("password").is_some();
    org.set_status(n, if ready { "ACTIVE" } else { "PROVISIONED" }, "activate");
    with_link(org, change, n, send)
}

fn reset_password(org: &mut Org, change: &Change<'_>, n: u32, status: &str) -> Result<Done, Refusal> {
    let Some(send) = change.flag("sendEmail")? else { return Err(Refusal::missing_parameter()) };
    match status {
        "ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => {}
        _ => return Err(Refusal::password_not_reset()),
    }
    org.set_status(n, "RECOVERY", "reset_password");
    if send {
        return Ok(Done::nothing());
    }
    let url = format!("{}/reset_password/{}", change.hosts.org, token(org, n));
    Ok(Done::ok(json!({ "resetPasswordUrl": url }).to_string()))
}

fn moved(org: &mut Org, n: u32, status: &str, operation: &str) -> Result<Done, Refusal> {
    org.set_status(n, status, operation);
    Ok(Done::nothing())
}

/// Without an e-mail the caller gets the link that would have been in it.
fn with_link(org: &Org, change: &Change<'_>, n: u32, sent: bool) -> Result<Done, Refusal> {
    if sent {
        return Ok(Done::nothing());
    }
    let token = token(org, n);
    let url = format!("{}/tokens/{token}/verify", change.hosts.org);
    Ok(Done::ok(json!({"activationUrl": url, "activationToken": token}).to_string()))
}

/// A token of a user: twenty characters, the same in every run.
fn token(org: &Org, n: u32) -> String {
    format!("{:016X}Sim7", draw(org.seed, 70, n.into()))
}
