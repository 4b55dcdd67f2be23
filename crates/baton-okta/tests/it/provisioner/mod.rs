//! The writing side of the connector in this process, on a simulated org over real TLS.

use baton_connector::{build, ids};
use baton_okta::{Config, OktaProvisioner, OktaSource, Requests, Rules};
use baton_proto::c1::connector::v2::{Entitlement, Grant, Resource};
use okta_client::OrgUrl;
use okta_sim::{Fault, Org, Sim, SimConfig};
use secrecy::SecretString;

/// Starts an org and the connector to it.
pub async fn start(org: Org) -> (Sim, OktaProvisioner) {
    let sim = Sim::start(SimConfig { record_writes: true, ..SimConfig::new(org) }).await.unwrap();
    let config = Config {
        rules: Rules { sync_custom_roles: true, ..Rules::default() },
        requests: Requests { extra_ca: Some(sim.ca_pem().to_owned()), ..Requests::default() },
        ..Config::new(OrgUrl::parse(&sim.host()).unwrap(), SecretString::from(sim.token().to_owned()))
    };
    let provisioner = OktaSource::new(config).unwrap().provisioner();
    (sim, provisioner)
}

/// The grant of an entitlement, with the resources that a caller knows.
pub fn grant(of: (&str, &str, &str), principal: (&str, &str)) -> Grant {
    let id = ids::entitlement(of.0, of.1, of.2);
    let principal_resource = build::resource(principal.0, principal.1, "");
    Grant {
        id: ids::grant(&id, principal.0, principal.1),
        entitlement: Some(Entitlement {
            id,
            resource: Some(build::resource(of.0, of.1, "")),
            ..Entitlement::default()
        }),
        principal: Some(principal_resource),
        ..Grant::default()
    }
}

/// What is granted, and to whom.
pub fn parts(grant: &Grant) -> (&Entitlement, &Resource) {
    (grant.entitlement.as_ref().unwrap(), grant.principal.as_ref().unwrap())
}

/// Numbers that look random and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What can go wrong with a change: before it is carried out, and after.
pub fn lost_or_late() -> Vec<Fault> {
    let plain = [Fault::Status(500), Fault::DropConnection, Fault::Html(502), Fault::Code(409, "E0000268")];
    let done = [Fault::Status(500), Fault::DropConnection, Fault::Truncate, Fault::Empty(504)];
    plain.into_iter().chain(done.into_iter().map(Fault::after_doing)).collect()
}
