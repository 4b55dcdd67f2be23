//! What is told at the end of a sync: what is in the file, what it cost, what is missing and why, what to do next.

mod people;
mod record;

pub(crate) use people::{next_commands, text};
pub(crate) use record::fields;

#[cfg(test)]
mod sample {
    //! A summary with everything in it.

    #![allow(clippy::unwrap_used)]

    use std::path::PathBuf;
    use std::time::Duration;

    use baton_connector::{GapKind, QueueTraffic};
    use baton_sync::{GapCount, KindReading, Reading, Summary, TypeCount};

    pub(super) fn summary() -> Summary {
        let count = |id: &str, name: &str, resources, entitlements, grants| TypeCount {
            id: id.to_owned(),
            display_name: name.to_owned(),
            read: true,
            resources,
            entitlements,
            grants,
        };
        let unread = TypeCount { read: false, ..count("device", "Device", 0, 0, 0) };
        Summary {
            sync_id: "2lnjFJ0nHXSyrnTkdFiUOQRjmYk".to_owned(),
            sync_type: "full",
            resumed: true,
            types: vec![count("user", "User", 1200, 0, 0), count("group", "Group", 60, 60, 4021), unread],
            gaps: vec![
                GapCount {
                    kind: GapKind::Gone,
                    resource_type: "group".to_owned(),
                    count: 3,
                    examples: vec![("00g1".to_owned(), "it was deleted while its members were read".to_owned())],
                },
                GapCount {
                    kind: GapKind::Forbidden,
                    resource_type: "device".to_owned(),
                    count: 1,
                    examples: vec![(String::new(), "the token may not read devices".to_owned())],
                },
                GapCount {
                    kind: GapKind::Dangling,
                    resource_type: "user".to_owned(),
                    count: 1,
                    examples: vec![(
                        "00u9".to_owned(),
                        "grants of app:0oa1:access to it are kept, although it is not in this sync".to_owned(),
                    )],
                },
            ],
            traffic: vec![
                QueueTraffic {
                    queue: "users".to_owned(),
                    calls: 7,
                    retries: 1,
                    throttled: 1,
                    waited: Duration::from_millis(1500),
                    ..QueueTraffic::default()
                },
                QueueTraffic { queue: "unused".to_owned(), ..QueueTraffic::default() },
            ],
            reading: Some(Reading {
                why_full: String::new(),
                since: "2lnjFH0nHXSyrnTkdFiUOQRjmYk".to_owned(),
                notes: Vec::new(),
                kinds: vec![
                    KindReading { kind: "group-members", label: "group members", read: 3, reused: 1996, patched: 0 },
                    KindReading { kind: "app-users", label: "app users", read: 0, reused: 198, patched: 2 },
                    KindReading { kind: "user-roles", label: "roles of users", read: 1, reused: 0, patched: 0 },
                ],
            }),
            pages_fetched: 6,
            pages_from_before: 4,
            elapsed: Duration::from_millis(3210),
            file: PathBuf::from("sync.c1z"),
            file_bytes: 34_816,
            content: std::sync::Arc::new(tempfile::tempfile().unwrap()),
        }
    }
}
