//! Which grants of a file say that they follow from others. Other tools take a grant with sources that do not name its own
//! entitlement for one that expansion made, and delete it when they make the expansion anew (`docs/spec/baton-cli.md` 3).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use baton_c1z::{Error, GrantFilter, Reader};
use baton_connector::{Options, Source};
use baton_okta::{OktaSource, Rules};
use baton_proto::any;
use baton_proto::c1::connector::v2::{Grant, GrantImmutable, GrantMetadata};
use baton_sync::{Event, Observer, SyncConfig};
use okta_sim::{Org, Shape, Sim, SimConfig};
use tokio_util::sync::CancellationToken;

use crate::fetching::connector;

struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}

/// The grants of a synced file by id.
async fn grants(source: &Arc<OktaSource>, file: &Path, expand: bool) -> BTreeMap<String, Grant> {
    let options = Options { skip_expand_grants: !expand, ..Options::default() };
    let config = SyncConfig { options, ..SyncConfig::new(file) };
    let source = Arc::clone(source) as Arc<dyn Source>;
    baton_sync::run(source, config, Arc::new(Silent), CancellationToken::new()).await.unwrap();
    let reader = Reader::open(file).unwrap();
    let sync = reader.current().unwrap().sync_id;
    let mut grants = BTreeMap::new();
    let read = reader.for_each_grant(&sync, GrantFilter::default(), |grant| -> Result<(), Error> {
        grants.insert(grant.id.clone(), grant);
        Ok(())
    });
    read.unwrap();
    grants
}

/// Whether the grant passes for one that expansion made.
fn seems_expanded(grant: &Grant) -> bool {
    let Some(sources) = &grant.sources else { return false };
    let own = &grant.entitlement.as_ref().unwrap().id;
    !sources.sources.is_empty() && !sources.sources.contains_key(own)
}

#[tokio::test]
async fn only_expansion_makes_grants_with_sources_that_leave_out_their_own_entitlement() {
    for org in [Org::facts(), Org::generate(&Shape::new(400, 60, 30))] {
        let sim = Sim::start(SimConfig::new(org)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules { sync_custom_roles: true, ..Rules::default() };
        let source = connector(&sim, rules, None);
        let plain = grants(&source, &folder.path().join("plain.c1z"), false).await;
        let whole = grants(&source, &folder.path().join("whole.c1z"), true).await;

        let added: Vec<_> = whole.keys().filter(|id| !plain.contains_key(*id)).collect();
        let seem_expanded: Vec<_> =
            whole.values().filter(|grant| seems_expanded(grant)).map(|grant| &grant.id).collect();
        assert!(!added.is_empty());
        assert_eq!(seem_expanded, added, "expansion made these, and made nothing else");
        assert!(plain.keys().all(|id| whole.contains_key(id)));
        assert!(plain.values().all(|grant| grant.sources.is_none()));

        // What comes through a group says so all the same.
        let via_group = |grant: &Grant| any::find::<GrantMetadata>(&grant.annotations);
        let on_apps = whole.values().filter(|grant| grant.id.starts_with("app:"));
        let (named, others): (Vec<_>, Vec<_>) = on_apps.partition(|grant| via_group(grant).is_some());
        assert!(!named.is_empty() && !others.is_empty());
        for grant in named {
            let facts = via_group(grant).unwrap().metadata.unwrap().fields;
            assert_eq!(facts.keys().collect::<Vec<_>>(), ["c1_okta_via_group"], "{}", grant.id);
            assert!(any::find::<GrantImmutable>(&grant.annotations).is_some(), "{}", grant.id);
        }
        sim.stop().await;
    }
}
