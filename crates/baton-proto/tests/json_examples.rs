//! Protobuf JSON on examples: outputs of the Go tools (`docs/spec/proto/README.md` 4.1), and the rules one by one (4).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use base64::Engine;
use baton_proto::any::{find, pack};
use baton_proto::baton::v1::{C1zDiffOutput, EntitlementListOutput, GrantDiff, ResourceListOutput};
use baton_proto::c1::config::v1::{self as config, Configuration};
use baton_proto::c1::connector::v2::{
    AppTrait, ConnectorCapabilities, Grant, GrantSources, RawId, Resource, ResourceId, UserTrait, grant_sources,
};
use baton_proto::c1::reader::v2::{SyncRun, SyncStats};
use baton_proto::json::{self, JsonError, UnknownAny};
use baton_proto::{Message, Name};
use prost_types::{Any, Timestamp};

/// The n-th block of the published examples whose fence is followed by `language`; whole, without fences.
fn recorded(language: &str, n: usize) -> String {
    let text = include_str!("../../../docs/spec/proto/README.md");
    let examples = text.split("### 4.1 Examples").nth(1).unwrap();
    let blocks = examples.split("\n```").skip(1).step_by(2);
    let mut of_language = blocks.filter_map(|block| block.split_once('\n').filter(|(fence, _)| *fence == language));
    of_language.nth(n).expect("the example").1.to_owned()
}

/// Without the white space between tokens, which the Go tools vary.
fn compact(text: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    text.chars()
        .filter(|&c| {
            if c == '"' && !escaped {
                in_text = !in_text;
            }
            escaped = in_text && c == '\\' && !escaped;
            in_text || !c.is_whitespace()
        })
        .collect()
}

/// Read and written again the example is the same, key order included.
fn same_again<M: Message + Name + Default>(example: &str) -> M {
    let message: M = json::from_str(example).unwrap();
    assert_eq!(json::to_string(&message).unwrap(), compact(example));
    message
}

#[test]
fn the_capabilities_example_is_reproduced_to_the_letter() {
    let example = recorded("json", 0);
    let any: Any = same_again(&example);
    assert_eq!(json::to_string_pretty(&any).unwrap(), example);
    let capabilities: ConnectorCapabilities = baton_proto::any::unpack(&any).unwrap().unwrap();
    assert_eq!(capabilities.connector_capabilities.len(), 8);
}

#[test]
fn the_config_example_is_reproduced_to_the_letter() {
    let example = recorded("json", 1);
    let configuration: Configuration = same_again(&example);
    assert_eq!(json::to_string_pretty(&configuration).unwrap(), example);
}

#[test]
fn the_list_and_stats_examples_are_reproduced() {
    let devices = recorded("json", 2);
    let list: ResourceListOutput = same_again(&devices);
    assert_eq!(list.resources.len(), 1);

    let grant: Grant = same_again(&recorded("json", 4));
    assert!(grant.sources.unwrap().sources["group:00g1:member"].is_direct);

    let run: SyncRun = same_again(&recorded("json", 5));
    assert_eq!(run.stats.unwrap().grants, 85401);

    let diff: C1zDiffOutput = same_again(&recorded("json", 6));
    assert_eq!(diff.grants, Some(GrantDiff::default()));
}

#[test]
fn the_resource_example_has_the_recorded_binary_form() {
    let text = recorded("json", 3);
    let resource: Resource = same_again(&text);
    let recorded = base64::engine::general_purpose::STANDARD.decode(recorded("", 0).trim()).unwrap();
    assert_eq!(resource.encode_to_vec(), recorded);
    assert_eq!(Resource::decode(recorded.as_slice()).unwrap(), resource);
    assert_eq!(find::<UserTrait>(&resource.annotations).unwrap().login, "ann@example.com");

    let mut from_bytes = String::new();
    json::append_encoded(&mut from_bytes, "c1.connector.v2.Resource", &recorded, UnknownAny::Refuse).unwrap();
    assert_eq!(from_bytes, compact(&text));
}

#[test]
fn defaults_are_left_out_and_presence_is_kept() {
    assert_eq!(json::to_string(&EntitlementListOutput::default()).unwrap(), "{}");
    assert_eq!(json::to_string(&config::Int64Rules { gte: Some(0), ..Default::default() }).unwrap(), r#"{"gte":"0"}"#);
    let field = config::Field {
        name: "x".into(),
        field: Some(config::field::Field::BoolField(config::BoolField::default())),
        ..Default::default()
    };
    assert_eq!(json::to_string(&field).unwrap(), r#"{"name":"x","boolField":{}}"#);
    assert_eq!(json::from_str::<config::Field>(r#"{"name":"x","boolField":{}}"#).unwrap(), field);
}

#[test]
fn maps_are_sorted_and_64_bit_numbers_are_text() {
    let by_type = [("b", 2), ("10", 1), ("9", -1)].map(|(key, n)| (key.to_owned(), n)).into();
    let stats = SyncStats { grants: i64::MAX, resources_by_resource_type: by_type, ..Default::default() };
    let text = json::to_string(&stats).unwrap();
    assert_eq!(text, r#"{"grants":"9223372036854775807","resourcesByResourceType":{"10":"1","9":"-1","b":"2"}}"#);
    assert_eq!(json::from_str::<SyncStats>(&text).unwrap(), stats);
    // As a number it is read too.
    assert_eq!(json::from_str::<SyncStats>(r#"{"grants":5e2}"#).unwrap().grants, 500);
}

#[test]
fn both_names_are_read_and_others_refused() {
    let expected = ResourceId { resource_type: "user".into(), resource: "00u1".into(), ..Default::default() };
    for text in [r#"{"resourceType":"user","resource":"00u1"}"#, r#"{"resource_type":"user","resource":"00u1"}"#] {
        assert_eq!(json::from_str::<ResourceId>(text).unwrap(), expected);
    }
    let error = json::from_str::<Resource>(r#"{"id":{"kind":"user"}}"#).unwrap_err();
    assert_eq!(error.to_string(), r#"at "id": c1.connector.v2.ResourceId has no field "kind""#);
    assert!(json::from_str::<ResourceId>(r#"{"resourceType":"a","resource_type":"b"}"#).is_err());
    assert!(json::from_str::<ResourceId>("[]").is_err());
    assert!(matches!(json::from_str::<ResourceId>("{").unwrap_err(), JsonError::Syntax(_)));
}

#[test]
fn null_means_not_set_but_two_members_of_a_group_are_refused() {
    assert_eq!(json::from_str::<ResourceId>(r#"{"resourceType":null}"#).unwrap(), ResourceId::default());
    let error = json::from_str::<config::Field>(r#"{"intField":{},"boolField":{}}"#).unwrap_err();
    assert!(error.to_string().contains("boolField"), "{error}");
}

#[test]
fn enums_go_by_name_and_unknown_numbers_survive() {
    let text = r#"{"traits":["TRAIT_USER",77]}"#;
    let list = json::from_str::<baton_proto::c1::connector::v2::ResourceType>(text).unwrap();
    assert_eq!(list.traits, [1, 77]);
    assert_eq!(json::to_string(&list).unwrap(), text);
    assert!(json::from_str::<baton_proto::c1::connector::v2::ResourceType>(r#"{"traits":["USER"]}"#).is_err());
}

#[test]
fn any_in_any_goes_both_ways() {
    let inner = pack(&RawId { id: "00u1".into() });
    let outer = pack(&inner);
    let text = json::to_string(&outer).unwrap();
    assert_eq!(
        text,
        r#"{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"type.googleapis.com/c1.connector.v2.RawId","id":"00u1"}}"#
    );
    assert_eq!(json::from_str::<Any>(&text).unwrap(), outer);
}

#[test]
fn well_known_types_in_any_stand_under_value() {
    let time = pack(&Timestamp { seconds: 0, nanos: 0 });
    let text = json::to_string(&time).unwrap();
    assert_eq!(text, r#"{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}"#);
    assert_eq!(json::from_str::<Any>(&text).unwrap(), time);
    assert_eq!(json::to_string(&Any::default()).unwrap(), "{}");
    assert_eq!(json::from_str::<Any>("{}").unwrap(), Any::default());
}

#[test]
fn structs_are_plain_json() {
    let text = r#"{"profile":{"a":[null,true,{"n":1.5}],"m":"<&>","z":3}}"#;
    let app: AppTrait = json::from_str(text).unwrap();
    assert_eq!(json::to_string(&app).unwrap(), text);
    let unsorted: AppTrait = json::from_str(r#"{"profile":{"z":3,"m":"<&>","a":[null,true,{"n":1.5}]}}"#).unwrap();
    assert_eq!(unsorted.encode_to_vec(), app.encode_to_vec());
}

fn with_unknown() -> Grant {
    let unknown = Any { type_url: "type.googleapis.com/other.Thing".into(), value: vec![1, 2, 3] };
    let nested = pack(&unknown);
    Grant { id: "g".into(), annotations: vec![unknown, pack(&RawId { id: "r".into() }), nested], ..Grant::default() }
}

#[test]
fn an_any_of_unknown_type_is_an_error() {
    let error = json::to_string(&with_unknown()).unwrap_err();
    assert_eq!(error.to_string(), "the message type \"type.googleapis.com/other.Thing\" is not known");
    let text = r#"{"annotations":[{"@type":"type.googleapis.com/other.Thing","a":1}]}"#;
    assert!(matches!(json::from_str::<Grant>(text).unwrap_err(), JsonError::UnknownType(_)));
}

#[test]
fn or_it_is_dropped_wherever_it_stands() {
    let mut text = String::new();
    json::append(&mut text, &with_unknown(), UnknownAny::Drop).unwrap();
    assert_eq!(text, r#"{"id":"g","annotations":[{"@type":"type.googleapis.com/c1.connector.v2.RawId","id":"r"}]}"#);

    let only_unknown = Grant { annotations: vec![with_unknown().annotations[0].clone()], ..Grant::default() };
    text.clear();
    json::append(&mut text, &only_unknown, UnknownAny::Drop).unwrap();
    assert_eq!(text, "{}");
}

#[test]
fn damaged_bytes_and_impossible_values_are_errors() {
    let mut text = String::new();
    let error = json::append_encoded(&mut text, "c1.connector.v2.Grant", &[0xff], UnknownAny::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "a c1.connector.v2.Grant cannot be written as JSON: its binary form is damaged");
    assert!(json::append_encoded(&mut text, "no.Such", &[], UnknownAny::Refuse).is_err());
    let run = SyncRun { started_at: Some(Timestamp { seconds: i64::MAX, nanos: 0 }), ..SyncRun::default() };
    assert!(json::to_string(&run).unwrap_err().to_string().contains("years 1 to 9999"));
}

#[test]
fn deep_nesting_is_refused_on_both_sides() {
    let mut any = pack(&RawId::default());
    for _ in 0..200 {
        any = pack(&any);
    }
    assert!(json::to_string(&any).unwrap_err().to_string().contains("nested too deeply"));
    let text = format!("{}{}", r#"{"@type":"google.protobuf.Any","value":"#.repeat(5000), "}".repeat(5000));
    assert!(json::from_str::<Any>(&text).is_err());
}

#[test]
fn pieces_of_one_message_are_merged_and_the_last_of_a_group_wins() {
    let first = Grant { id: "old".into(), principal: Some(named("a", "")), ..Grant::default() };
    let sources = [("e".to_owned(), grant_sources::GrantSource { is_direct: true })].into();
    let second = Grant {
        id: "new".into(),
        principal: Some(named("", "b")),
        sources: Some(GrantSources { sources }),
        ..Grant::default()
    };
    let bytes = [first.encode_to_vec(), second.encode_to_vec()].concat();
    let mut text = String::new();
    json::append_encoded(&mut text, "c1.connector.v2.Grant", &bytes, UnknownAny::Refuse).unwrap();
    assert_eq!(
        text,
        r#"{"principal":{"displayName":"a","description":"b"},"id":"new","sources":{"sources":{"e":{"isDirect":true}}}}"#
    );

    let [int, flag] = [r#"{"intField":{}}"#, r#"{"boolField":{}}"#]
        .map(|text| json::from_str::<config::Field>(text).unwrap().encode_to_vec());
    text.clear();
    json::append_encoded(&mut text, "c1.config.v1.Field", &[int, flag].concat(), UnknownAny::Refuse).unwrap();
    assert_eq!(text, r#"{"boolField":{}}"#);
}

fn named(display_name: &str, description: &str) -> Resource {
    Resource { display_name: display_name.into(), description: description.into(), ..Resource::default() }
}

#[test]
fn indentation_leaves_texts_alone() {
    let compact = r#"{"a":"{[,:\"\\","b":[],"c":{},"d":[1,{"e":null}]}"#;
    let expected = "{\n  \"a\": \"{[,:\\\"\\\\\",\n  \"b\": [],\n  \"c\": {},\n  \"d\": [\n    1,\n    {\n      \"e\": null\n    }\n  ]\n}";
    assert_eq!(json::indent(compact), expected);
}
