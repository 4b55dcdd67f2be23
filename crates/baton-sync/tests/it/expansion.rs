//! Grant expansion: the worked examples of `docs/spec/c1z-format.md` 15.4 and 15.5.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use baton_connector::{
    GrantDraft, KindSpec, Options, Page, Schema, Source, SourceError, SyncSession, TypeSpec, Work, build,
};
use baton_proto::c1::connector::v2::{Grant, GrantImmutable};
use baton_proto::{Message, any};
use baton_sync::{Silent, SyncConfig, SyncError};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::support::{contents, expandable, grant, resource_type};

/// Users `u1`… and groups that have one entitlement `has` each.
struct Groups {
    groups: &'static [&'static str],
    grants: Vec<GrantDraft>,
}

impl Source for Groups {
    fn schema(&self) -> Schema {
        Schema {
            types: ["user", "group"].map(|id| TypeSpec::new(resource_type(id))).to_vec(),
            kinds: &[KindSpec { kind: "all", label: "everything", queue: "all" }],
            ..Schema::default()
        }
    }

    fn fingerprint(&self) -> String {
        String::new()
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        async { Ok(()) }.boxed()
    }

    fn open(self: Arc<Self>, _options: &Options) -> Arc<dyn SyncSession> {
        Arc::new(Session { schema: self.schema(), source: self })
    }
}

/// A sync of the groups.
struct Session {
    source: Arc<Groups>,
    schema: Schema,
}

impl SyncSession for Session {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self) -> BoxFuture<'_, Result<(), SourceError>> {
        self.source.validate()
    }

    fn initial_work(&self) -> Vec<Work> {
        vec![Work::new("all", "")]
    }

    fn fetch<'a>(&'a self, _work: &'a Work, _cursor: Option<&'a str>) -> BoxFuture<'a, Result<Page, SourceError>> {
        let mut page = Page { grants: self.source.grants.clone(), ..Page::default() };
        page.resources.extend((1..=5).map(|user| build::resource("user", &format!("u{user}"), "")));
        for group in self.source.groups {
            let resource = build::resource("group", group, "");
            page.entitlements.push(build::assignment(
                &resource,
                "has",
                String::new(),
                String::new(),
                Vec::new(),
                String::new(),
            ));
            page.resources.push(resource);
        }
        async { Ok(page) }.boxed()
    }
}

fn has(group: &str) -> String {
    format!("group:{group}:has")
}

fn user(group: &str, user: &str) -> GrantDraft {
    grant(("group", group, "has"), "user", user)
}

/// `source`'s group holds `destination`, so whoever holds `source` gets it too.
fn edge(source: &str, destination: &str, shallow: bool, types: &[&str]) -> GrantDraft {
    expandable(grant(("group", destination, "has"), "group", source), &[&has(source)], shallow, types)
}

async fn expand(groups: &'static [&'static str], grants: Vec<GrantDraft>, target: &Path) -> Result<(), SyncError> {
    let source = Arc::new(Groups { groups, grants });
    baton_sync::run(source, SyncConfig::new(target), Arc::new(Silent), CancellationToken::new()).await.map(|_| ())
}

/// Sources of every grant in the file, by `group/principal`.
fn sources(target: &Path) -> BTreeMap<String, Vec<(String, bool)>> {
    let tables = contents(target);
    let rows = tables["v1_grants"].iter().map(|row| {
        let data: Vec<u8> =
            (0..row[6].len()).step_by(2).map(|at| u8::from_str_radix(&row[6][at..at + 2], 16).unwrap()).collect();
        let grant = Grant::decode(data.as_slice()).unwrap();
        let short = |id: &str| id.trim_start_matches("group:").trim_end_matches(":has").to_owned();
        let sources = grant.sources.clone().unwrap_or_default().sources;
        let sources = sources.into_iter().map(|(id, source)| (short(&id), source.is_direct)).collect();
        (format!("{}/{}", row[1], row[4]), sources)
    });
    rows.collect()
}

fn from(sources: &[(&str, bool)]) -> Vec<(String, bool)> {
    sources.iter().map(|(id, direct)| ((*id).to_owned(), *direct)).collect()
}

#[tokio::test]
async fn deep_shallow_and_filtered_edges() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let grants = vec![
        user("A", "u1"),
        user("B", "u2"),
        user("C", "u2"),
        edge("A", "B", false, &[]),
        edge("B", "C", false, &[]),
        edge("B", "D", true, &[]),
        edge("B", "E", false, &["user"]),
    ];
    expand(&["A", "B", "C", "D", "E"], grants, &target).await.unwrap();
    let sources = sources(&target);
    let expected = [
        ("A/u1", from(&[])),
        ("B/u1", from(&[("A", true)])),
        ("B/u2", from(&[])),
        ("B/A", from(&[])),
        ("C/u1", from(&[("B", false)])),
        ("C/u2", from(&[("B", true), ("C", true)])),
        ("C/A", from(&[("B", true)])),
        ("C/B", from(&[])),
        ("D/u2", from(&[("B", true)])),
        ("D/A", from(&[("B", true)])),
        ("D/B", from(&[])),
        ("E/u1", from(&[("B", false)])),
        ("E/u2", from(&[("B", true)])),
        ("E/B", from(&[])),
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(id, sources)| (id.to_owned(), sources)).collect();
    assert_eq!(sources, expected);
}

#[tokio::test]
async fn members_of_a_circle_pass_on_outwards_but_not_to_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let grants = vec![
        user("F", "u3"),
        user("G", "u4"),
        user("H", "u5"),
        edge("F", "G", false, &[]),
        edge("G", "F", false, &[]),
        edge("H", "F", false, &[]),
        edge("F", "I", false, &[]),
    ];
    expand(&["F", "G", "H", "I"], grants, &target).await.unwrap();
    let sources = sources(&target);
    assert_eq!(sources["F/u5"], from(&[("H", true)]));
    assert_eq!(sources["G/u5"], from(&[("H", true)]));
    assert!(!sources.contains_key("G/u3"));
    assert!(!sources.contains_key("F/u4"));
    assert_eq!(sources["I/u3"], from(&[("F", true)]));
    assert_eq!(sources["I/u4"], from(&[("G", true)]));
    assert_eq!(sources["I/u5"], from(&[("F", false), ("G", false)]));
    assert_eq!(sources["I/F"], from(&[("G", true), ("I", true)]));
    assert_eq!(sources["I/G"], from(&[("F", true)]));
    assert_eq!(sources["I/H"], from(&[("F", true)]));
}

#[tokio::test]
async fn an_expanded_grant_cannot_be_revoked_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    expand(&["A", "B"], vec![user("A", "u1"), edge("A", "B", true, &[])], &target).await.unwrap();
    let reader = baton_c1z::Reader::open(&target).unwrap();
    let sync = reader.syncs().unwrap()[0].sync_id.clone();
    let expanded = reader.grant(&sync, "group:B:has:user:u1").unwrap().unwrap();
    assert!(any::find::<GrantImmutable>(&expanded.annotations).is_some());
    let carrier = reader.grant(&sync, "group:B:has:group:A").unwrap().unwrap();
    assert!(any::find::<GrantImmutable>(&carrier.annotations).is_none());
    // The row that carries the expansion still says so, for the next expansion.
    let row = contents(&target)["v1_grants"].iter().find(|row| row[5] == "group:B:has:group:A").unwrap().clone();
    assert_eq!(row[8], "1");
    assert!(!row[7].is_empty());
}

#[tokio::test]
async fn sources_that_are_not_there_are_skipped_and_foreign_ones_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let missing = expandable(grant(("group", "B", "has"), "group", "A"), &["group:Z:has"], false, &[]);
    expand(&["A", "B"], vec![user("A", "u1"), missing], &target).await.unwrap();
    assert!(!sources(&target).contains_key("B/u1"));

    let foreign = expandable(grant(("group", "B", "has"), "group", "A"), &["group:C:has"], false, &[]);
    let error = expand(&["A", "B", "C"], vec![foreign], &target).await.unwrap_err();
    assert!(matches!(error, SyncError::Expansion(_)), "{error}");
}

#[tokio::test]
async fn grants_that_expansion_is_about_come_last() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let grants = vec![
        user("A", "u1"),
        user("C", "u1"),
        edge("A", "B", false, &[]),
        user("C", "u2"),
        // Of a group that is not there: nothing follows from it.
        expandable(grant(("group", "D", "has"), "user", "u5"), &[&has("gone")], false, &[]),
        user("D", "u1"),
    ];
    expand(&["A", "B", "C", "D"], grants, &target).await.unwrap();
    let reader = baton_c1z::Reader::open(&target).unwrap();
    let mut ids = Vec::new();
    let each = |grant: Grant| {
        ids.push(grant.id.replace("group:", "").replace(":has:user:", "/").replace(":has:", "/"));
        Ok::<_, baton_c1z::Error>(())
    };
    reader.for_each_grant("", baton_c1z::GrantFilter::default(), each).unwrap();
    assert_eq!(ids, ["C/u1", "C/u2", "D/u5", "D/u1", "A/u1", "B/A", "B/u1"]);
    assert!(!folder.path().join("sync.c1z.work/apart.db").exists());
}
