//! Pages of lists: the quick reader reads nothing that `serde_json` reads differently.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use okta_client::fuzzing::read_page;
use okta_client::models::{
    App, AppGroup, AppUser, Assignee, Binding, BindingMember, CustomRole, Device, Group, GroupDetails, GroupRule,
    LogEvent, Member, Record, ResourceSet, RoleAssignment, RoleTarget, TokenInfo, User, list_from_json,
    record_from_json,
};

/// More records than this are too many.
const MOST: usize = 20;

fn check<T: Record + Debug>(body: &[u8]) {
    for key in [None, Some("value")] {
        let readings = read_page::<T>(body, key, MOST);
        match (readings.quick, readings.strict) {
            (Some(quick), Ok(strict)) => assert_eq!(quick, Ok(strict)),
            // It may pass over what is no JSON, if nobody wants it, but never over the end.
            (Some(Ok(quick)), Err(strict)) => assert!(!strict.is_truncated(), "{quick}"),
            _ => {}
        }
    }
    let _ = record_from_json::<T>(body);
}

fn check_profiles(body: &[u8]) {
    let Ok(list) = list_from_json::<User>(body, None) else { return };
    for user in list.items {
        assert_eq!(user.attributes(), user.profile_members().into());
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    match kind % 19 {
        0 => check::<User>(body),
        1 => check::<Group>(body),
        2 => check::<GroupDetails>(body),
        3 => check::<GroupRule>(body),
        4 => check::<App>(body),
        5 => check::<AppUser>(body),
        6 => check::<AppGroup>(body),
        7 => check::<Member>(body),
        8 => check::<Device>(body),
        9 => check::<CustomRole>(body),
        10 => check::<ResourceSet>(body),
        11 => check::<Binding>(body),
        12 => check::<BindingMember>(body),
        13 => check::<RoleAssignment>(body),
        14 => check::<Assignee>(body),
        15 => check::<RoleTarget>(body),
        16 => check::<TokenInfo>(body),
        17 => check::<LogEvent>(body),
        _ => check_profiles(body),
    }
});
