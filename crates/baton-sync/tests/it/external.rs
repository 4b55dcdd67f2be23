//! Grants to principals that another connector's file knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use baton_c1z::{Builder, NewSync, Reader, SyncType};
use baton_connector::{ExternalMatch, GapKind, GrantDraft, Metadata, Options, build, ids};
use baton_proto::any;
use baton_proto::c1::connector::v2::resource_type::Trait;
use baton_proto::c1::connector::v2::user_trait::Email;
use baton_proto::c1::connector::v2::{
    BatonId, EntitlementImmutable, Grant, GrantExpandable, GrantImmutable, GrantMetadata, Resource, ResourceType,
    UserTrait,
};
use baton_sync::{ExternalFile, Summary, SyncConfig, SyncError};
use prost_types::value::Kind;

use crate::support::{MadeUp, contents, expandable, grant, grant_ids, resource_type, sync_with};

fn of_type(id: &str, of: Trait) -> ResourceType {
    ResourceType { traits: vec![of.into()], ..resource_type(id) }
}

/// A resource with a profile attribute, and an address if it is a person's.
fn principal(of: &str, id: &str, (key, value): (&str, &str), address: &str) -> Resource {
    let value = prost_types::Value { kind: Some(Kind::StringValue(value.to_owned())) };
    let profile = prost_types::Struct { fields: [(key.to_owned(), value)].into() };
    let emails = vec![Email { address: address.to_owned(), is_primary: true }];
    let annotations = match address {
        "" => Vec::new(),
        _ => vec![build::annotation(&UserTrait { emails, ..UserTrait::default() })],
    };
    Resource { profile: Some(profile), annotations, ..build::resource(of, id, id) }
}

fn held(owner: &str, id: &str, slug: &str, of: &str, principal: &str) -> Grant {
    let entitlement = build::entitlement_ref(owner, id, slug);
    let bare = |of: &str, id: &str| Resource { id: Some(build::resource_id(of, id)), ..Resource::default() };
    Grant {
        id: ids::grant(&entitlement.id, of, principal),
        entitlement: Some(baton_proto::c1::connector::v2::Entitlement {
            id: entitlement.id,
            resource: Some(bare(owner, id)),
            ..Default::default()
        }),
        principal: Some(bare(of, principal)),
        ..Grant::default()
    }
}

/// The other connector's file: persons p1 to p3 and teams t1, t2; p1 and p2 are in t1, p3 in t2; a door that p1 has.
fn other(folder: &Path) -> PathBuf {
    let (db, file) = (folder.join("other.db"), folder.join("other.c1z"));
    let mut builder = Builder::create(&db).unwrap();
    let started_at = jiff::Timestamp::now();
    let run = NewSync { sync_id: "other", sync_type: SyncType::Full, started_at, parent_sync_id: "" };
    builder.begin_sync(&run).unwrap();
    for of in [of_type("person", Trait::User), of_type("team", Trait::Group), of_type("door", Trait::App)] {
        builder.put_resource_type(&of).unwrap();
    }
    for resource in [
        principal("person", "p1", ("badge", "Alpha"), "Ann@Acme.example"),
        principal("person", "p2", ("badge", "BETA"), "bob@acme.example"),
        principal("person", "p3", ("email", "cyd@acme.example"), "cyd@home.example"),
        principal("team", "t1", ("badge", "alpha"), ""),
        principal("team", "t2", ("code", "two"), ""),
        principal("door", "d1", ("code", "door"), ""),
    ] {
        builder.put_resource(&resource).unwrap();
        let id = resource.id.clone().unwrap();
        if id.resource_type != "person" {
            let slug = if id.resource_type == "team" { "member" } else { "open" };
            let entitlement =
                build::assignment(&resource, slug, String::new(), String::new(), Vec::new(), "v1".to_owned());
            builder.put_entitlement(&entitlement).unwrap();
        }
    }
    for grant in [
        held("team", "t1", "member", "person", "p1"),
        held("team", "t1", "member", "person", "p2"),
        held("team", "t2", "member", "person", "p3"),
        held("door", "d1", "open", "person", "p1"),
    ] {
        builder.put_whole_grant(&grant).unwrap();
    }
    builder.end_sync(jiff::Timestamp::now(), "").unwrap();
    builder.seal(&file).unwrap();
    file
}

fn external(path: PathBuf) -> ExternalFile {
    ExternalFile { path, entitlement: None, traits: Vec::new() }
}

/// A grant on an application to whoever matches.
fn waiting(app: &str, placeholder: &str, wish: ExternalMatch) -> GrantDraft {
    GrantDraft { external: Some(wish), ..grant(("app", app, "access"), "person", placeholder) }
}

fn attribute(of: Trait, key: &str, value: &str) -> ExternalMatch {
    ExternalMatch::Attribute { of, key: key.to_owned(), value: value.to_owned() }
}

struct Lab {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        Self { folder, target }
    }

    fn other(&self) -> ExternalFile {
        external(other(self.folder.path()))
    }

    async fn sync(&self, extra: Vec<GrantDraft>, external: Option<ExternalFile>) -> Result<Summary, SyncError> {
        let source = Arc::new(MadeUp { extra, ..MadeUp::default() });
        sync_with(&source, SyncConfig { external, ..SyncConfig::new(&self.target) }).await
    }

    fn reader(&self) -> (Reader, String) {
        let reader = Reader::open(&self.target).unwrap();
        let sync = reader.current().unwrap().sync_id;
        (reader, sync)
    }

    /// Grants on applications to persons and teams.
    fn given(&self) -> Vec<String> {
        let mut ids = grant_ids(&self.target);
        ids.retain(|id| id.starts_with("app:") && (id.contains(":person:") || id.contains(":team:")));
        ids
    }

    fn resources(&self, of: &str) -> Vec<String> {
        let rows = &contents(&self.target)["v1_resources"];
        rows.iter().filter(|row| row[0] == of).map(|row| row[1].clone()).collect()
    }
}

#[tokio::test]
async fn grants_are_given_to_those_who_match() {
    let lab = Lab::new();
    let extra = vec![
        waiting("a0", "everybody", ExternalMatch::All(Trait::User)),
        waiting("a1", "one", ExternalMatch::Id("t2".to_owned())),
        waiting("a1", "badge", attribute(Trait::User, "badge", "aLPHa")),
        waiting("a1", "address", attribute(Trait::User, "email", "BOB@ACME.EXAMPLE")),
        waiting("a2", "home", attribute(Trait::User, "email", "cyd@home.example")),
        waiting("a2", "profile", attribute(Trait::User, "email", "CYD@acme.example")),
        waiting("a2", "team", attribute(Trait::Group, "badge", "ALPHA")),
        waiting("a2", "nobody", attribute(Trait::User, "badge", "gamma")),
        waiting("a2", "door", ExternalMatch::All(Trait::App)),
    ];
    let summary = lab.sync(extra, Some(lab.other())).await.unwrap();
    let mut given = lab.given();
    given.sort();
    assert_eq!(
        given,
        [
            "app:a0:access:person:p1",
            "app:a0:access:person:p2",
            "app:a0:access:person:p3",
            "app:a1:access:person:p1",
            "app:a1:access:person:p2",
            "app:a1:access:team:t2",
            "app:a2:access:person:p3",
            "app:a2:access:team:t1",
        ]
    );
    // A principal that is not found is reported, not lost.
    let gap = summary.gaps.iter().find(|gap| gap.kind == GapKind::Unresolved).unwrap();
    assert_eq!((gap.resource_type.as_str(), gap.count), ("person", 2));
    let counted: Vec<_> = summary.types.iter().map(|of| (of.id.as_str(), of.resources)).collect();
    assert_eq!(counted, [("user", 23), ("group", 5), ("app", 3), ("person", 3), ("team", 2)]);

    let (reader, sync) = lab.reader();
    let re_issued = reader.grant(&sync, "app:a1:access:person:p1").unwrap().unwrap();
    assert_eq!(re_issued.principal.unwrap().id.unwrap(), build::resource_id("person", "p1"));
    let wish = re_issued.annotations.iter().find_map(ExternalMatch::from_annotation);
    assert_eq!(wish, Some(attribute(Trait::User, "badge", "aLPHa")));
}

#[tokio::test]
async fn what_is_copied_is_marked_as_not_our_own() {
    let lab = Lab::new();
    lab.sync(Vec::new(), Some(lab.other())).await.unwrap();
    assert_eq!(lab.resources("person"), ["person:p1", "person:p2", "person:p3"]);
    assert!(lab.resources("door").is_empty());
    let (reader, sync) = lab.reader();
    let has = |annotations: &[prost_types::Any], name: &str| annotations.iter().any(|any| any.type_url.ends_with(name));
    let person = reader.resource(&sync, "person", "p1").unwrap().unwrap();
    assert!(
        any::find::<BatonId>(&person.annotations).is_some() && any::find::<UserTrait>(&person.annotations).is_some()
    );
    let own = reader.resource(&sync, "user", "u1").unwrap().unwrap();
    assert!(!has(&own.annotations, "BatonID"));
    let member = reader.entitlement(&sync, "team:t1:member").unwrap().unwrap();
    assert!(any::find::<EntitlementImmutable>(&member.annotations).is_some());
    let grant = reader.grant(&sync, "team:t1:member:person:p1").unwrap().unwrap();
    assert!(any::find::<GrantImmutable>(&grant.annotations).is_some());
    assert_eq!(reader.entitlement(&sync, "door:d1:open").unwrap(), None);
    assert_eq!(reader.grant(&sync, "door:d1:open:person:p1").unwrap(), None);
    let types: Vec<_> = reader.resource_types(&sync).unwrap().into_iter().map(|of| of.id).collect();
    assert_eq!(types, ["user", "group", "app", "person", "team"]);
}

#[tokio::test]
async fn the_choice_can_be_narrowed() {
    let lab = Lab::new();
    let wish = || {
        vec![
            waiting("a0", "all", ExternalMatch::All(Trait::User)),
            waiting("a1", "d", ExternalMatch::Id("d1".to_owned())),
        ]
    };
    let members = ExternalFile { entitlement: Some("team:t1:member".to_owned()), ..lab.other() };
    lab.sync(wish(), Some(members)).await.unwrap();
    assert_eq!(lab.given(), ["app:a0:access:person:p1", "app:a0:access:person:p2"]);
    assert_eq!((lab.resources("person").len(), lab.resources("team").len()), (2, 0));

    let apps = ExternalFile { traits: vec![Trait::App], ..lab.other() };
    let summary = lab.sync(wish(), Some(apps)).await.unwrap();
    assert!(lab.given().is_empty() && lab.resources("person").is_empty());
    assert_eq!(lab.resources("door"), ["door:d1"]);
    assert!(grant_ids(&lab.target).contains(&"app:a1:access:door:d1".to_owned()));
    // Its holder was not copied, so the grant would point to nobody: it is left out, and counted.
    assert!(!grant_ids(&lab.target).iter().any(|id| id.starts_with("door:")));
    let left_out: Vec<_> = summary.gaps.iter().filter(|gap| gap.kind == GapKind::LeftOut).collect();
    assert_eq!(left_out.iter().map(|gap| (gap.resource_type.as_str(), gap.count)).collect::<Vec<_>>(), [("person", 1)]);
    let (id, message) = &left_out[0].examples[0];
    assert_eq!(id, "p1");
    assert!(message.contains("door:d1:open"), "{message}");
}

#[tokio::test]
async fn who_passes_a_grant_on_is_the_one_who_was_found() {
    let lab = Lab::new();
    let ids = ["bid:e:person/the team:member", "person:the team:owner", "group:g1:member"];
    let mut edge =
        expandable(waiting("a0", "the team", attribute(Trait::Group, "badge", "alpha")), &ids, true, &["person"]);
    edge.immutable = Some("why".to_owned());
    let fact = prost_types::Value { kind: Some(Kind::StringValue("why".to_owned())) };
    let facts = prost_types::Struct { fields: [("fact".to_owned(), fact)].into() };
    edge.metadata = Some(Metadata::new(facts.clone()));
    lab.sync(vec![edge], Some(lab.other())).await.unwrap();
    assert_eq!(lab.given(), ["app:a0:access:team:t1", "app:a0:access:person:p1", "app:a0:access:person:p2"]);
    let (reader, sync) = lab.reader();
    let mut found = None;
    let filter = baton_c1z::GrantFilter { with_expandable: true, ..Default::default() };
    reader
        .for_each_grant(&sync, filter, |grant| {
            if grant.id == "app:a0:access:team:t1" {
                found = Some(grant);
            }
            Ok::<_, baton_c1z::Error>(())
        })
        .unwrap();
    let found = found.unwrap();
    let expandable: GrantExpandable = any::find(&found.annotations).unwrap();
    assert_eq!(expandable.entitlement_ids, ["team:t1:member"]);
    assert!(expandable.shallow && expandable.resource_type_ids == ["person"]);
    assert_eq!(any::find::<GrantImmutable>(&found.annotations).unwrap().source_id, "why");
    assert_eq!(any::find::<GrantMetadata>(&found.annotations).unwrap().metadata, Some(facts));
}

#[tokio::test]
async fn a_copied_resource_takes_the_place_of_an_own_one() {
    let lab = Lab::new();
    let db = lab.folder.path().join("same.db");
    let mut builder = Builder::create(&db).unwrap();
    let started_at = jiff::Timestamp::now();
    builder
        .begin_sync(&NewSync { sync_id: "s", sync_type: SyncType::ResourcesOnly, started_at, parent_sync_id: "" })
        .unwrap();
    let theirs = ResourceType { display_name: "Theirs".to_owned(), ..of_type("user", Trait::User) };
    builder.put_resource_type(&theirs).unwrap();
    for id in ["u1", "u99"] {
        builder.put_resource(&principal("user", id, ("badge", id), "")).unwrap();
    }
    builder.end_sync(jiff::Timestamp::now(), "").unwrap();
    builder.finish().unwrap();
    let file = lab.folder.path().join("same.c1z");
    baton_c1z::envelope::seal(&db, &file).unwrap();
    let extra = vec![grant(("app", "a0", "access"), "user", "u99"), grant(("app", "a0", "access"), "user", "u98")];
    let summary = lab.sync(extra, Some(external(file))).await.unwrap();
    assert_eq!(lab.resources("user").len(), 24);
    let (reader, sync) = lab.reader();
    let marked =
        |id: &str| any::find::<BatonId>(&reader.resource(&sync, "user", id).unwrap().unwrap().annotations).is_some();
    assert!(marked("u1") && marked("u99") && !marked("u2"));
    // The type stays as this connector describes it.
    assert_eq!(reader.resource_type(&sync, "user").unwrap().unwrap().display_name, "USER");
    // A principal that was copied is there; one that is in neither file is not.
    let dangling = summary.gaps.iter().find(|gap| gap.kind == GapKind::Dangling).unwrap();
    assert_eq!((dangling.count, dangling.examples[0].0.as_str()), (1, "u98"));
}

#[tokio::test]
async fn without_the_other_file_the_grants_stay_as_they_are() {
    let lab = Lab::new();
    let extra = vec![
        waiting("a0", "ann@acme.example", attribute(Trait::User, "email", "ann@acme.example")),
        waiting("a9", "ann@acme.example", attribute(Trait::User, "email", "ann@acme.example")),
    ];
    let summary = lab.sync(extra, None).await.unwrap();
    assert_eq!(lab.given(), ["app:a0:access:person:ann@acme.example"]);
    // One is kept; the other is about an application that is not there.
    let kinds = [GapKind::Dangling, GapKind::Unresolved];
    let count = |kind| summary.gaps.iter().filter(|gap| gap.kind == kind).map(|gap| gap.count).sum::<u64>();
    assert_eq!(kinds.map(count), [1, 1]);
}

#[tokio::test]
async fn resources_only_copies_resources_only() {
    let lab = Lab::new();
    let options = Options { resource_types: vec!["user".to_owned()], ..Options::default() };
    let config = |options| SyncConfig { options, external: Some(lab.other()), ..SyncConfig::new(&lab.target) };
    let source = Arc::new(MadeUp { resources_only: true, ..MadeUp::default() });
    sync_with(&source, config(Options { skip_entitlements_and_grants: true, ..options })).await.unwrap();
    assert_eq!(lab.resources("team").len(), 2);
    let tables = contents(&lab.target);
    assert_eq!((tables["v1_entitlements"].len(), tables["v1_grants"].len()), (0, 0));
    // A partial sync does without it.
    let options = Options { resources: vec!["bid:r:group/g1".parse().unwrap()], ..Options::default() };
    sync_with(&source, config(options)).await.unwrap();
    assert!(lab.resources("team").is_empty());
    assert_eq!(lab.resources("group"), ["group:g1"]);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_before_anything_is_asked() {
    let lab = Lab::new();
    let good = lab.other();
    let bytes = fs::read(&good.path).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = lab.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        external(path)
    };
    let cases = [
        (external(lab.folder.path().join("missing.c1z")), "missing.c1z"),
        (external(lab.folder.path().to_owned()), "cannot be used"),
        (write("empty.c1z", b""), "empty.c1z"),
        (write("text.c1z", b"dear diary"), "text.c1z"),
        (write("cut.c1z", &bytes[..bytes.len() / 2]), "cut.c1z"),
        (write("pebble.c1z", b"C1Z3\0manifest"), "pebble.c1z"),
        (ExternalFile { entitlement: Some("team:t9:member".to_owned()), ..good.clone() }, "team:t9:member"),
        (ExternalFile { traits: vec![Trait::Secret], ..good.clone() }, "TRAIT_SECRET"),
    ];
    for (file, told) in cases {
        let source = Arc::new(MadeUp::default());
        let config = SyncConfig { external: Some(file), ..SyncConfig::new(&lab.target) };
        let error = sync_with(&source, config).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the external file") && text.contains(told), "{text}");
        assert_eq!((error.code(), source.fetched().len()), (2, 0), "{text}");
        assert!(!lab.target.exists() && !lab.folder.path().join("sync.c1z.work").exists(), "{text}");
    }
}

#[tokio::test]
async fn many_find_many() {
    let lab = Lab::new();
    let db = lab.folder.path().join("many.db");
    let mut builder = Builder::create(&db).unwrap();
    let started_at = jiff::Timestamp::now();
    builder.begin_sync(&NewSync { sync_id: "s", sync_type: SyncType::Full, started_at, parent_sync_id: "" }).unwrap();
    builder.put_resource_type(&of_type("person", Trait::User)).unwrap();
    for number in 0..3000 {
        let (id, address) = (format!("p{number}"), format!("P{number}@acme.example"));
        builder.put_resource(&principal("person", &id, ("badge", "all"), &address)).unwrap();
    }
    builder.end_sync(jiff::Timestamp::now(), "").unwrap();
    builder.finish().unwrap();
    let file = lab.folder.path().join("many.c1z");
    baton_c1z::envelope::seal(&db, &file).unwrap();
    let mut extra: Vec<_> = (0..3000)
        .map(|number| format!("p{number}@ACME.example"))
        .map(|address| waiting("a1", &address, attribute(Trait::User, "email", &address)))
        .collect();
    extra.push(waiting("a0", "all", attribute(Trait::User, "badge", "ALL")));
    lab.sync(extra, Some(external(file))).await.unwrap();
    let given = lab.given();
    assert_eq!(given.len(), 6000);
    assert_eq!(given.iter().filter(|id| id.starts_with("app:a0:")).count(), 3000);
    assert!(given.contains(&"app:a1:access:person:p2999".to_owned()));
}
