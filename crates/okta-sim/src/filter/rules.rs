//! Which attributes and operators each list understands.

use super::{Expr, Literal, Op, parse::parse};
use crate::query::Query;
use crate::refusal::Refusal;

/// A list that can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Users,
    Groups,
    Apps,
    Devices,
}

/// A condition, and whether texts are compared without regard to case, as `search` does and `filter` does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) expr: Expr,
    pub(crate) fold_case: bool,
}

/// The condition in a query, or `None` when it has none.
pub(crate) fn compile(list: List, query: &Query) -> Result<Option<Condition>, Refusal> {
    match (query.get("search"), query.get("filter")) {
        (Some(_), Some(_)) => Err(Refusal::search_with_filter()),
        (Some(text), None) if list != List::Apps => {
            let expr = parse(text).map_err(|cause| Refusal::invalid_search(&cause))?;
            check(&expr, list, true)?;
            Ok(Some(Condition { expr, fold_case: true }))
        }
        (None, Some(text)) if list != List::Devices => {
            let expr = parse(text).map_err(|cause| Refusal::invalid_filter(text, &cause))?;
            if expr.has_not() {
                return Err(Refusal::unsupported_filter("The operator not is not supported."));
            }
            check(&expr, list, false)?;
            Ok(Some(Condition { expr, fold_case: false }))
        }
        _ => Ok(None),
    }
}

/// The condition on events of the System Log: every operator, on every member but `published` and what changed.
pub(crate) fn compile_log(query: &Query) -> Result<Option<Condition>, Refusal> {
    const MEMBERS: [&str; 15] = [
        "actor",
        "authenticationContext",
        "client",
        "debugContext",
        "displayMessage",
        "eventType",
        "legacyEventType",
        "outcome",
        "request",
        "securityContext",
        "severity",
        "target",
        "transaction",
        "uuid",
        "version",
    ];
    let Some(text) = query.get("filter") else { return Ok(None) };
    let expr = parse(text).map_err(|cause| Refusal::invalid_filter(text, &cause))?;
    expr.each(&mut |path, _| {
        let known = path.split('.').next().is_some_and(|first| MEMBERS.contains(&first));
        if known && !path.contains("changeDetails") {
            return Ok(());
        }
        Err(Refusal::invalid_filter(text, &format!("events cannot be filtered by '{path}'")))
    })?;
    Ok(Some(Condition { expr, fold_case: false }))
}

fn check(expr: &Expr, list: List, search: bool) -> Result<(), Refusal> {
    expr.each(&mut |path, comparison| {
        let op = comparison.map(|(op, _)| op);
        let known = if search { searchable(list, path, op) } else { filterable(list, path, op) };
        if !known {
            let cause = format!("The attribute '{path}' cannot be used with this operator.");
            return Err(if search { Refusal::invalid_search(&cause) } else { Refusal::unsupported_filter(&cause) });
        }
        match comparison {
            Some((_, Literal::Text(text))) if is_date(path) && text.parse::<jiff::Timestamp>().is_err() => {
                Err(Refusal::invalid_date(text))
            }
            _ => Ok(()),
        }
    })
}

/// Whether an attribute is an instant.
pub(super) fn is_date(path: &str) -> bool {
    matches!(path, "created" | "activated" | "statusChanged" | "lastUpdated" | "lastMembershipUpdated")
}

const ORDER: [Op; 4] = [Op::Gt, Op::Ge, Op::Lt, Op::Le];

fn searchable(list: List, path: &str, op: Option<Op>) -> bool {
    let top: &[&str] = match list {
        List::Users => &["id", "status", "created", "activated", "statusChanged", "lastUpdated", "type.id"],
        List::Groups => &["id", "type", "created", "lastUpdated", "lastMembershipUpdated", "source.id"],
        List::Devices => &["id", "status", "lastUpdated"],
        List::Apps => &[],
    };
    let contained: &[&str] = match list {
        List::Users => &["profile.firstName", "profile.lastName", "profile.email", "profile.login"],
        List::Groups => &["profile.name", "profile.description"],
        List::Devices => &["profile.displayName"],
        List::Apps => &[],
    };
    let known = top.contains(&path) || path.strip_prefix("profile.").is_some_and(|name| !name.is_empty());
    known
        && match op {
            None | Some(Op::Eq | Op::Sw | Op::Gt | Op::Ge | Op::Lt | Op::Le) => true,
            Some(Op::Co) => contained.contains(&path),
            Some(Op::Ne | Op::Ew) => false,
        }
}

fn filterable(list: List, path: &str, op: Option<Op>) -> bool {
    let Some(op) = op else { return false };
    let (equal, ordered): (&[&str], &[&str]) = match list {
        List::Users => (
            &["id", "status", "lastUpdated", "profile.login", "profile.email", "profile.firstName", "profile.lastName"],
            &["lastUpdated"],
        ),
        List::Groups => {
            (&["id", "type", "lastUpdated", "lastMembershipUpdated"], &["lastUpdated", "lastMembershipUpdated"])
        }
        List::Apps => {
            (&["id", "status", "name", "credentials.signing.kid", "settings.slo.enabled", "user.id", "group.id"], &[])
        }
        List::Devices => (&[], &[]),
    };
    (op == Op::Eq && equal.contains(&path)) || (ORDER.contains(&op) && ordered.contains(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(list: List, query: &str) -> String {
        match compile(list, &Query::parse(query)) {
            Ok(None) => "none".to_owned(),
            Ok(Some(_)) => "ok".to_owned(),
            Err(refusal) => match refusal.body {
                crate::refusal::RefusalBody::Okta { code, .. } => code.to_owned(),
                other => format!("{other:?}"),
            },
        }
    }

    #[test]
    fn what_each_list_understands() {
        for (list, query, expected) in [
            (List::Users, "", "none"),
            (List::Users, "search=status+pr", "ok"),
            (
                List::Users,
                "search=profile.department+eq+%22X%22+and+lastUpdated+gt+%222024-01-01T00:00:00.000Z%22",
                "ok",
            ),
            (List::Users, "search=profile.login+co+%22a%22", "ok"),
            (List::Users, "search=profile.title+co+%22a%22", "E0000031"),
            (List::Users, "search=status+ne+%22ACTIVE%22", "E0000031"),
            (List::Users, "search=nonsense+pr", "E0000031"),
            (List::Users, "search=status+zz", "E0000031"),
            (List::Users, "search=lastUpdated+gt+%22yesterday%22", "E0000030"),
            (List::Users, "filter=status+eq+%22ACTIVE%22", "ok"),
            (List::Users, "filter=status+pr", "E0000094"),
            (List::Users, "filter=profile.title+eq+%22X%22", "E0000094"),
            (List::Users, "filter=not+(status+eq+%22ACTIVE%22)", "E0000094"),
            (List::Users, "filter=status+eq", "E0000053"),
            (List::Users, "filter=status+eq+%22A%22&search=status+pr", "E0000033"),
            (List::Groups, "filter=lastMembershipUpdated+ge+%222024-01-01T00:00:00Z%22", "ok"),
            (List::Groups, "filter=profile.name+eq+%22X%22", "E0000094"),
            (List::Groups, "search=source.id+eq+%220oa%22", "ok"),
            (List::Apps, "filter=status+eq+%22ACTIVE%22", "ok"),
            (List::Apps, "filter=label+eq+%22X%22", "E0000094"),
            (List::Apps, "search=status+pr", "none"),
            (List::Devices, "search=status+eq+%22ACTIVE%22", "ok"),
        ] {
            assert_eq!(code(list, query), expected, "{list:?} {query}");
        }
    }
}
