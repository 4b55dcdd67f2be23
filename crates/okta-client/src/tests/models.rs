//! Models tolerate what no API description allows.

use crate::models::{
    AppUser, Assignee, Group, GroupDetails, GroupRule, LogEvent, Member, RoleAssignment, Time, User, list_from_json,
    list_with_limit, record_from_json,
};

#[test]
fn members_may_be_absent_null_or_of_another_type() {
    for body in [
        r#"{"id":"00u1"}"#,
        r#"{"id":"00u1","status":null,"created":null,"lastLogin":null,"profile":null}"#,
        r#"{"id":"00u1","status":{"a":[1]},"created":17,"lastLogin":[true],"profile":"text"}"#,
        r#"{"id":"00u1","status":-1.5e300,"created":false,"profile":[],"new":{"deep":[{"er":null}]}}"#,
    ] {
        let user: User = record_from_json(body.as_bytes()).unwrap();
        assert_eq!(user.id, "00u1");
        assert!(user.status.is_none() && user.created.is_none() && user.last_login.is_none(), "{body}");
        assert!(user.profile.is_none() && user.profile_members().is_empty(), "{body}");
    }
    for body in [
        r#"{"id":"00g1"}"#,
        r#"{"id":"00g1","type":null,"profile":null,"_embedded":null}"#,
        r#"{"id":"00g1","type":5,"profile":[1,{"name":"x"}],"_embedded":{"stats":"none"}}"#,
        r#"{"id":"00g1","profile":{"name":{}},"_embedded":{"stats":{"usersCount":null,"appsCount":-3}}}"#,
    ] {
        let group: Group = record_from_json(body.as_bytes()).unwrap();
        assert!(group.group_type.is_none() && group.name().is_none(), "{body}");
        assert_eq!(*group.stats(), crate::models::GroupStats::default(), "unknown, not zero: {body}");
    }
}

#[test]
fn only_a_missing_id_makes_a_record_unreadable() {
    for body in [r#"{"status":"ACTIVE"}"#, r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":7}"#, "[]", "null", "\"00u1\""] {
        assert!(record_from_json::<User>(body.as_bytes()).is_err(), "{body}");
    }
    let body = r#"[{"id":"00u1"},{"id":null,"status":"ACTIVE"},7,"x",true,null,[{"id":"00u9"}],-1,0.5,{"id":"00u2"}]"#;
    let list = list_from_json::<Member>(body.as_bytes(), None).unwrap();
    assert_eq!(list.items.iter().map(|member| member.id.as_str()).collect::<Vec<_>>(), ["00u1", "00u2"]);
    assert_eq!(list.unreadable.len(), 8);
    assert_eq!(list.unreadable[0].reason, "a group member without an id");
}

#[test]
fn a_key_that_comes_twice_counts_by_its_last_readable_value() {
    let body = r#"{"id":"00u1","status":"STAGED","id":null,"status":"ACTIVE","status":{}}"#;
    let user: User = record_from_json(body.as_bytes()).unwrap();
    assert_eq!((user.id.as_str(), user.status.as_deref()), ("00u1", Some("ACTIVE")));
}

#[test]
fn statistics_in_every_spelling() {
    for key in ["hasAdminPrivilege", "hasAdminPrivlege", "hasAdminPrivileges"] {
        let body =
            format!(r#"{{"id":"00g1","_embedded":{{"stats":{{"usersCount":12,"appsCount":"3","{key}":true}}}}}}"#);
        let group: Group = record_from_json(body.as_bytes()).unwrap();
        let stats = group.stats();
        assert_eq!((stats.users_count, stats.apps_count), (Some(12), Some(3)));
        assert_eq!(stats.has_admin_privilege, Some(true), "{key}");
    }
}

#[test]
fn broken_texts_cost_no_page() {
    // Half a surrogate pair, escaped, and bytes that are no UTF-8, raw.
    let mut body = br#"[{"id":"00u1","status":"A\uD83DB","profile":{"b":"\uDE00","a":"\uD83D\uDE00"}},"#.to_vec();
    body.extend_from_slice(b"{\"id\":\"00u2\",\"status\":\"\xff\"},{\"id\":\"00u3\",\"profile\":{\"n\":1e999}}]");
    let list = list_from_json::<User>(&body, None).unwrap();
    assert_eq!(list.items.len() + list.unreadable.len(), 3);
    assert_eq!(list.items[0].status.as_deref(), Some("A\u{fffd}B"));
    let profile = list.items[0].profile_members();
    assert_eq!(
        profile.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
        ["b=\"\u{fffd}\"", "a=\"😀\""]
    );
    assert_eq!(list.items[1].status.as_deref(), Some("\u{fffd}"));
}

#[test]
fn half_a_pair_inside_a_profile_is_repaired_when_it_is_read() {
    let user: User = record_from_json(br#"{"id":"00u1","profile":{"z":"\uD83D","a":1}}"#).unwrap();
    let profile = user.profile_members();
    assert_eq!(profile.keys().collect::<Vec<_>>(), ["z", "a"]);
    assert_eq!(profile["z"], "\u{fffd}");
}

#[test]
fn a_profile_is_the_same_to_those_who_only_look() {
    let many = |members: usize| (0..members).map(|n| format!(r#""k{n}":{n}"#)).collect::<Vec<_>>().join(",");
    let nested = |deep: usize| format!(r#""a":{}1{}"#, "[".repeat(deep), "]".repeat(deep));
    for members in [
        r#""t":"x","e":"","esc":"a\"\u00e9","n":-4,"u":18446744073709551615,"f":1.5,"b":true,"z":null"#.to_owned(),
        r#""l":["a",1,{"x":[]}],"o":{"b":"x","a":{}},"esc\"aped":"y""#.to_owned(),
        r#""login":"first","a":1,"login":"last","a":"text""#.to_owned(),
        r#""half":"\uD83D","login":"x""#.to_owned(),
        r#""beyond":1e999"#.to_owned(),
        many(64),
        many(65),
        format!(r#"{},"k3":"again""#, many(64)),
        format!(r#"{},"k3":"again""#, many(90)),
        nested(100),
        nested(127),
        nested(128),
        nested(5000),
        String::new(),
    ] {
        let body = format!(r#"{{"id":"00u1","profile":{{{members}}}}}"#);
        let user: User = record_from_json(body.as_bytes()).unwrap();
        assert_eq!(user.attributes(), user.profile_members().into(), "{members}");
    }
    let user: User = record_from_json(br#"{"id":"00u1","profile":{"b":"x","n":1,"a":"y","b":"z"}}"#).unwrap();
    let profile = user.attributes();
    assert_eq!((profile.text("b"), profile.text("n"), profile.text("c")), (Some("z"), None, None));
    assert_eq!(profile.texts().collect::<Vec<_>>(), [("b", "z"), ("a", "y")]);
}

#[test]
fn a_number_beyond_all_bounds_costs_only_its_record() {
    let body = br#"[{"id":"00u1","status":1e999},{"id":"00u2"}]"#;
    let list = list_from_json::<User>(body, None).unwrap();
    assert_eq!(list.items.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["00u2"]);
    assert_eq!(list.unreadable[0].id.as_deref(), Some("00u1"), "what is known is told");
}

#[test]
fn a_list_that_is_too_long_is_refused_and_not_kept() {
    let body = |n: usize| format!("[{}]", vec![r#"{"id":"00u1"}"#; n].join(","));
    assert_eq!(list_with_limit::<Member>(body(4).as_bytes(), None, 4).unwrap().items.len(), 4);
    // As both readers see it: half a surrogate pair is left to the patient one.
    for odd in ["", r#",{"id":"\uD83D"}"#, ",7", ",{}"] {
        let long = body(4).replace(']', &format!("{odd},{{\"id\":\"00u2\"}}]"));
        for (body, key) in [(long.clone(), None), (format!(r#"{{"value":{long}}}"#), Some("value"))] {
            let error = list_with_limit::<Member>(body.as_bytes(), key, 4).unwrap_err();
            let found = if odd.is_empty() { 5 } else { 6 };
            let words = format!("a list of {found} group members, where 4 are the most to be expected");
            assert_eq!((error.to_string(), error.is_truncated()), (words, false), "{body}");
        }
    }
}

#[test]
fn a_part_that_is_too_large_costs_only_its_record() {
    let fits = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let users = |profile: &str| format!(r#"[{{"id":"00u1","profile":{profile}}},{{"id":"00u2"}}]"#);
    let list = list_from_json::<User>(users(&fits(1 << 20)).as_bytes(), None).unwrap();
    assert_eq!((list.items.len(), list.unreadable.len()), (2, 0));
    let list = list_from_json::<User>(users(&fits((1 << 20) + 1)).as_bytes(), None).unwrap();
    assert_eq!((list.items.len(), list.unreadable[0].id.as_deref()), (1, Some("00u1")));
    assert!(list.unreadable[0].reason.contains("more than 1 MiB"), "{:?}", list.unreadable);

    let events = format!(r#"[{{"uuid":"1","debugContext":[{}0]}},{{"uuid":"2"}}]"#, "[],".repeat(400_000));
    let list = list_from_json::<LogEvent>(events.as_bytes(), None).unwrap();
    assert_eq!((list.items.len(), list.items[0].id.as_str(), list.unreadable.len()), (1, "2", 1));

    let ids = |n: usize| {
        format!(r#"{{"id":"0pr1","actions":{{"assignUserToGroups":{{"groupIds":[{}]}}}}}}"#, vec!["\"\""; n].join(","))
    };
    assert_eq!(record_from_json::<GroupRule>(ids(10_000).as_bytes()).unwrap().group_ids().len(), 10_000);
    let error = record_from_json::<GroupRule>(ids(10_001).as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("a list of more than 10000 texts"), "{error}");
}

#[test]
fn lists_inside_an_object() {
    let body = br#"{"_links":{"next":{"href":"https://acme-admin.okta.com/x"}},"value":[{"id":"00u1"}],"value2":[]}"#;
    let list = list_from_json::<Assignee>(body, Some("value")).unwrap();
    assert_eq!((list.items.len(), list.next.as_deref()), (1, Some("https://acme-admin.okta.com/x")));
    for body in [&br#"{"other":[]}"#[..], br#"{"value":null}"#, br#"{"value":{}}"#, b"{}", b"null", b"7", b""] {
        assert!(list_from_json::<Assignee>(body, Some("value")).is_err(), "{}", String::from_utf8_lossy(body));
    }
    assert!(list_from_json::<Assignee>(br#"[{"id":"00u1"}]"#, Some("value")).is_ok(), "a bare array is fine too");
}

#[test]
fn truncated_bodies_are_distinguished() {
    let cut = |body: &[u8]| list_from_json::<User>(body, None).unwrap_err().is_truncated();
    assert!(cut(br#"[{"id":"00u1"},{"id":"00"#));
    assert!(cut(b"["));
    assert!(!cut(br#"[{"id":"00u1"}] trailing"#));
    assert!(!cut(b"<html>"));
}

#[test]
fn the_rest_is_read_by_its_own_names() {
    let body = br#"{"id":"irb1","type":"CUSTOM","status":"ACTIVE","assignmentType":"GROUP","role":"cr01",
        "resource-set":"iam1","label":"L","_links":{"assignee":{"href":"https://acme.okta.com/api/v1/groups/00g1"}}}"#;
    let role: RoleAssignment = record_from_json(body).unwrap();
    assert_eq!(role.role_type.as_deref(), Some("CUSTOM"));
    assert_eq!(role.assignment_type.as_deref(), Some("GROUP"));
    assert_eq!((role.role.as_deref(), role.resource_set.as_deref()), (Some("cr01"), Some("iam1")));
    assert_eq!(role.links.assignee.last_segment(), Some("00g1"));

    let body = br#"{"id":"00u1","scope":"GROUP","profile":{"x":null},"_links":{"group":{"href":"https://a/api/v1/apps/0oa1/groups/00g7?x=1"}}}"#;
    let user: AppUser = record_from_json(body).unwrap();
    assert_eq!((user.scope.as_deref(), user.group_id()), (Some("GROUP"), Some("00g7")));
    let direct: AppUser = record_from_json(br#"{"id":"00u1","scope":"USER","_links":{"group":[]}}"#).unwrap();
    assert_eq!(direct.group_id(), None);
}

#[test]
fn times_are_parsed_on_demand() {
    assert_eq!(Time::new("2026-01-02T03:04:05.000Z").parse().unwrap().as_second(), 1_767_323_045);
    assert_eq!(Time::new("yesterday").parse(), None);
    assert_eq!(Time::new("yesterday").as_str(), "yesterday");
}

#[test]
fn a_group_keeps_the_attributes_that_the_org_added() {
    let body = r#"{"id":"00g1","type":"APP_GROUP","source":{"id":"0oa1"},
        "profile":{"name":"N","description":null,"costCenter":7,"tags":["a"]}}"#;
    let group: GroupDetails = record_from_json(body.as_bytes()).unwrap();
    assert_eq!((group.group_type.as_deref(), group.source.id.as_deref()), (Some("APP_GROUP"), Some("0oa1")));
    let profile = group.profile_members();
    assert_eq!(profile.keys().collect::<Vec<_>>(), ["name", "description", "costCenter", "tags"]);
    assert_eq!((&profile["costCenter"], profile["description"].is_null()), (&7.into(), true));
    let bare: GroupDetails = record_from_json(br#"{"id":"00g1","source":null,"profile":[]}"#).unwrap();
    assert!(bare.profile_members().is_empty() && bare.source.id.is_none());
}

#[test]
fn a_rule_names_the_groups_that_it_fills() {
    let groups = |actions: &str| {
        let body = format!(r#"{{"id":"0pr1","status":"ACTIVE","actions":{actions}}}"#);
        record_from_json::<GroupRule>(body.as_bytes()).unwrap().group_ids().to_vec()
    };
    assert_eq!(groups(r#"{"assignUserToGroups":{"groupIds":["00g1",null,7,"00g2"]}}"#), ["00g1", "00g2"]);
    for actions in ["null", "{}", "[]", r#"{"assignUserToGroups":null}"#, r#"{"assignUserToGroups":{"groupIds":{}}}"#] {
        assert!(groups(actions).is_empty(), "{actions}");
    }
}
