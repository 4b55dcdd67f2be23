//! Small pieces of mapping that several resource types share.

use baton_connector::{Gap, GapKind, build};
use baton_proto::c1::connector::v2::RawId;
use okta_client::models::Time;
use prost_types::{Any, Timestamp};

/// A gap.
pub(super) fn gap(kind: GapKind, resource_type: &str, id: &str, message: String) -> Gap {
    Gap { kind, resource_type: resource_type.to_owned(), id: id.to_owned(), message }
}

/// Okta's time as protobuf's, fraction included. A text that is no time is named in `unmapped`.
pub(super) fn point_in_time(member: &str, time: Option<&Time>, unmapped: &mut Vec<String>) -> Option<Timestamp> {
    let time = time?;
    let Some(parsed) = time.parse() else {
        unmapped.push(format!("`{member}`, which is no time: {time}"));
        return None;
    };
    Some(timestamp(parsed))
}

/// A time as protobuf's, fraction included.
pub(super) fn timestamp(time: jiff::Timestamp) -> Timestamp {
    let mut timestamp = Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() };
    timestamp.normalize();
    timestamp
}

/// The gaps of an object that is stored without a part of it.
pub(super) fn stored_without(
    resource_type: &str,
    what: &str,
    id: &str,
    unmapped: Vec<String>,
) -> impl Iterator<Item = Gap> {
    unmapped
        .into_iter()
        .map(move |part| gap(GapKind::Unmappable, resource_type, id, format!("{what} {id} is stored without {part}")))
}

/// The annotations that name an object of Okta's by its id.
pub(super) fn identified(id: &str) -> Vec<Any> {
    vec![build::v1_identifier(id), build::annotation(&RawId { id: id.to_owned() })]
}
