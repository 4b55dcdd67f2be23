//! The file that the reference connector wrote: it is read completely, as its own tool reads it.

use std::collections::BTreeMap;
use std::path::Path;

use baton_c1z::{
    Builder, EntitlementFilter, Error, GrantFilter, NewSync, Reader, ResourceFilter, SyncType, envelope, time,
};
use baton_proto::c1::connector::v2::{Resource, ResourceId};
use baton_proto::json;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support;
use crate::support::samples;

/// What the reference tool printed, by the id that `key` finds in each row.
fn recorded(dir: &Path, what: &str, list: &str, key: fn(&Value) -> String) -> BTreeMap<String, Value> {
    let file = std::fs::File::open(dir.join(format!("sample-v1.{what}.json.gz"))).unwrap();
    let mut printed: Value = serde_json::from_reader(GzDecoder::new(file)).unwrap();
    let Value::Array(rows) = printed[list].take() else { panic!("no list of {what}") };
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Looks objects up as the reference tool does, and makes its JSON of them.
struct Lookup<'a> {
    reader: &'a Reader,
    sync: &'a str,
}

impl Lookup<'_> {
    fn resource_type(&self, id: &ResourceId) -> Value {
        json::to_value(&self.reader.resource_type(self.sync, &id.resource_type).unwrap().unwrap()).unwrap()
    }

    fn resource(&self, stub: Option<&Resource>) -> (ResourceId, Value) {
        let id = stub.unwrap().id.clone().unwrap();
        let found = self.reader.resource(self.sync, &id.resource_type, &id.resource).unwrap().unwrap();
        (id, json::to_value(&found).unwrap())
    }
}

#[test]
fn all_of_it_is_read_as_the_reference_reads_it() {
    let dir = samples();
    let reader = Reader::open(&dir.join("sample-v1.c1z")).unwrap();
    let sync = reader.current().unwrap().sync_id;
    assert_eq!(sync, "3MVdDHW4351Z9BXvKZOv4qSxtlW");
    let lookup = Lookup { reader: &reader, sync: &sync };

    let types: BTreeMap<_, _> = reader
        .resource_types(&sync)
        .unwrap()
        .into_iter()
        .map(|one| (one.id.clone(), json!({"resourceType": json::to_value(&one).unwrap()})))
        .collect();
    assert_eq!(types.len(), 5);
    assert_eq!(types, recorded(dir, "resource-types", "resourceTypes", |row| text(&row["resourceType"]["id"])));

    let mut resources = BTreeMap::new();
    reader
        .for_each_resource(&sync, ResourceFilter::default(), |one| {
            let id = one.id.clone().unwrap();
            let row = json!({"resource": json::to_value(&one).unwrap(), "resourceType": lookup.resource_type(&id)});
            resources.insert(format!("{}:{}", id.resource_type, id.resource), row);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(resources.len(), 336);
    let key = |row: &Value| {
        let id = &row["resource"]["id"];
        format!("{}:{}", text(&id["resourceType"]), text(&id["resource"]))
    };
    assert_eq!(resources, recorded(dir, "resources", "resources", key));

    let mut entitlements = BTreeMap::new();
    reader
        .for_each_entitlement(&sync, EntitlementFilter::default(), |one| {
            let (id, resource) = lookup.resource(one.resource.as_ref());
            let row = json!({
                "entitlement": json::to_value(&one).unwrap(),
                "resource": resource,
                "resourceType": lookup.resource_type(&id),
            });
            entitlements.insert(one.id, row);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(entitlements.len(), 36);
    assert_eq!(entitlements, recorded(dir, "entitlements", "entitlements", |row| text(&row["entitlement"]["id"])));
}

#[test]
fn its_grants_are_read_as_the_reference_reads_them() {
    let dir = samples();
    let reader = Reader::open(&dir.join("sample-v1.c1z")).unwrap();
    let sync = reader.current().unwrap().sync_id;
    let lookup = Lookup { reader: &reader, sync: &sync };
    let mut grants = BTreeMap::new();
    let mut per_type = BTreeMap::<String, i64>::new();
    reader
        .for_each_grant(&sync, GrantFilter::default(), |one| {
            let stub = one.entitlement.as_ref().unwrap();
            let entitlement = reader.entitlement(&sync, &stub.id)?.unwrap();
            let (id, resource) = lookup.resource(entitlement.resource.as_ref());
            let (_, principal) = lookup.resource(one.principal.as_ref());
            *per_type.entry(id.resource_type.clone()).or_default() += 1;
            let row = json!({
                "grant": json::to_value(&one).unwrap(),
                "entitlement": json::to_value(&entitlement).unwrap(),
                "resource": resource,
                "resourceType": lookup.resource_type(&id),
                "principal": principal,
            });
            grants.insert(one.id, row);
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(grants.len(), 1427);
    let stats = reader.stats(&sync).unwrap();
    assert_eq!(stats.grants_by_resource_type, per_type);
    assert_eq!(per_type, BTreeMap::from([("app".into(), 583), ("group".into(), 841), ("role".into(), 3)]));
    let recorded = recorded(dir, "grants", "grants", |row| text(&row["grant"]["id"]));
    assert_eq!(grants.len(), recorded.len());
    for (id, row) in &grants {
        assert_eq!(Some(row), recorded.get(id), "{id}");
    }
}

/// Writes all rows of the sample, grants as whole as they are there, and prints how large our file is.
#[test]
fn rewritten_by_us_it_says_the_same_and_is_no_larger() {
    let dir = samples();
    let sample = dir.join("sample-v1.c1z");
    let reader = Reader::open(&sample).unwrap();
    let run = reader.current().unwrap();
    let (_temp, db, file) = support::temp();
    let mut builder = Builder::create(&db).unwrap();
    let new =
        NewSync { sync_id: &run.sync_id, sync_type: SyncType::Full, started_at: run.started_at, parent_sync_id: "" };
    builder.begin_sync(&new).unwrap();
    for one in reader.resource_types(&run.sync_id).unwrap() {
        builder.put_resource_type(&one).unwrap();
    }
    reader.for_each_resource(&run.sync_id, ResourceFilter::default(), |one| builder.put_resource(&one)).unwrap();
    reader
        .for_each_entitlement(&run.sync_id, EntitlementFilter::default(), |one| builder.put_entitlement(&one))
        .unwrap();
    let all = GrantFilter { with_expandable: true, ..GrantFilter::default() };
    reader.for_each_grant(&run.sync_id, all, |one| builder.put_whole_grant(&one)).unwrap();
    let counted = builder.end_sync(run.ended_at.unwrap(), &run.sync_token).unwrap();
    builder.finish().unwrap();
    assert_eq!(counted, reader.stats(&run.sync_id).unwrap(), "our count is the reference's");

    let theirs = std::fs::metadata(&sample).unwrap().len();
    let ours = envelope::seal(&db, &file).unwrap().bytes;
    eprintln!("sample: {theirs} bytes by the reference, {ours} by us");
    assert!(ours <= theirs, "{ours} bytes against {theirs}");

    let again = Reader::open(&file).unwrap();
    let written = time::parse(&time::to_text(run.started_at)).unwrap();
    assert_eq!(again.current().unwrap().started_at, written);
    assert_eq!(support::grants(&again, &run.sync_id, all), support::grants(&reader, &run.sync_id, all));
}
