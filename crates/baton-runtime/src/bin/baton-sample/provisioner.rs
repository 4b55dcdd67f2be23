//! How changes end: `…-lost` without an answer, everything else well; what was so already is `u1`'s membership.

use baton_connector::provision::{
    AccountMade, AccountOutcome, AccountRequest, ActionCall, ActionDone, CredentialWish, Deleted, Granted,
    IssuedSecret, Revoked, StateAfter, Step, StepOutcome,
};
use baton_connector::{Change, ChangeError, Code, Provisioner, build};
use baton_proto::c1::config::v1::field::Field as Type;
use baton_proto::c1::config::v1::{Field, StringField};
use baton_proto::c1::connector::v2::{BatonActionSchema, Entitlement, Grant, Resource, ResourceId};
use baton_provision::passwords;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use prost_types::Struct;
use secrecy::{ExposeSecret, SecretSlice};

/// The writing side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes;

/// Sends a request that changes something, or shows it.
fn send(change: &Change, method: &str, target: String, body: Option<&str>) -> Result<(), ChangeError> {
    let lost = target.contains("-lost");
    let outcome = match (change.is_dry_run(), lost) {
        (true, _) => StepOutcome::Withheld,
        (false, true) => StepOutcome::Lost,
        (false, false) => StepOutcome::Answered(204),
    };
    change.record(Step { method: method.to_owned(), target, body: body.map(str::to_owned), outcome });
    if outcome == StepOutcome::Lost {
        let message = "the answer got lost\nhint: look whether it was done";
        return Err(ChangeError::new(Code::Unavailable, message).leaving(StateAfter::Unknown));
    }
    Ok(())
}

fn id(resource: Option<&Resource>) -> &str {
    resource.and_then(|resource| resource.id.as_ref()).map_or("", |id| &id.resource)
}

impl Provisioner for Changes {
    fn grant<'a>(
        &'a self,
        entitlement: &'a Entitlement,
        principal: &'a Resource,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Granted, ChangeError>> {
        let user = id(Some(principal));
        let target = format!("/groups/{}/users/{user}", id(entitlement.resource.as_ref()));
        let already = user == "u1";
        let sent = if already { Ok(()) } else { send(change, "PUT", target, None) };
        ready(sent.map(|()| Granted { already, note: None })).boxed()
    }

    fn revoke<'a>(&'a self, grant: &'a Grant, change: &'a Change) -> BoxFuture<'a, Result<Revoked, ChangeError>> {
        let group = grant.entitlement.as_ref().and_then(|entitlement| entitlement.resource.as_ref());
        let target = format!("/groups/{}/users/{}", id(group), id(grant.principal.as_ref()));
        ready(send(change, "DELETE", target, None).map(|()| Revoked { already: false, note: None })).boxed()
    }

    fn account_types(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn create_account<'a>(
        &'a self,
        resource_type: &'a str,
        account: &'a AccountRequest,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<AccountMade, ChangeError>> {
        async move {
            let login = &account.info.login;
            let secrets = match &account.credential {
                CredentialWish::RandomPassword { length, constraints, .. } => {
                    let password = passwords::generate(*length, constraints)?;
                    let bytes = SecretSlice::from(password.expose_secret().as_bytes().to_vec());
                    let (description, schema) = (String::new(), String::new());
                    vec![IssuedSecret { name: "password".to_owned(), description, schema, bytes }]
                }
                _ => Vec::new(),
            };
            let there = login == "ada";
            if !there {
                send(change, "POST", "/users".to_owned(), Some(r#"{"password":"[masked]"}"#))?;
            }
            Ok(AccountMade {
                outcome: if there { AccountOutcome::AlreadyExists } else { AccountOutcome::Created },
                resource: Some(build::resource(resource_type, "u9", login.clone())),
                secrets: if there { Vec::new() } else { secrets },
                note: None,
            })
        }
        .boxed()
    }

    fn delete_resource<'a>(
        &'a self,
        resource: &'a ResourceId,
        _: Option<&'a ResourceId>,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<Deleted, ChangeError>> {
        let already = resource.resource == "gone";
        let target = format!("/{}s/{}", resource.resource_type, resource.resource);
        let sent = if already { Ok(()) } else { send(change, "DELETE", target, None) };
        ready(sent.map(|()| Deleted { already, note: None })).boxed()
    }

    fn actions(&self) -> Vec<BatonActionSchema> {
        let text = |name: &str, is_required| Field {
            name: name.to_owned(),
            is_required,
            field: Some(Type::StringField(StringField::default())),
            ..Field::default()
        };
        let schema = |name: &str, resource_type: &str| BatonActionSchema {
            name: name.to_owned(),
            description: format!("To {name} somebody"),
            resource_type_id: resource_type.to_owned(),
            arguments: vec![text("user_id", true), text("why", false)],
            ..BatonActionSchema::default()
        };
        vec![schema("enable", ""), schema("remove", "user")]
    }

    fn invoke<'a>(
        &'a self,
        call: &'a ActionCall,
        change: &'a Change,
    ) -> BoxFuture<'a, Result<ActionDone, ChangeError>> {
        async move {
            let user = call.args.fields.get("user_id").and_then(|value| value.kind.as_ref());
            if matches!(user, Some(prost_types::value::Kind::StringValue(user)) if user == "nobody") {
                return Err(ChangeError::new(Code::NotFound, "there is no user nobody"));
            }
            send(change, "POST", format!("/{}", call.name), None)?;
            let values = Struct { fields: [("success".to_owned(), true.into())].into() };
            Ok(ActionDone { values, note: None })
        }
        .boxed()
    }
}
