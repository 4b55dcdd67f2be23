//! Whether an object meets a condition.

use std::cmp::Ordering;

use serde_json::Value;

use super::rules::{Condition, is_date};
use super::{Expr, Literal, Op};

/// Whether the object whose attributes `attribute` gives (null when there is none) meets the condition.
pub(crate) fn matches(condition: &Condition, attribute: &impl Fn(&str) -> Value) -> bool {
    holds(&condition.expr, condition.fold_case, attribute)
}

fn holds(expr: &Expr, fold: bool, attribute: &impl Fn(&str) -> Value) -> bool {
    match expr {
        Expr::And(left, right) => holds(left, fold, attribute) && holds(right, fold, attribute),
        Expr::Or(left, right) => holds(left, fold, attribute) || holds(right, fold, attribute),
        Expr::Not(inner) => !holds(inner, fold, attribute),
        Expr::Present(path) => match attribute(path) {
            Value::Null => false,
            Value::Array(list) => !list.is_empty(),
            _ => true,
        },
        Expr::Compare { path, op, value } => match attribute(path) {
            Value::Array(list) => list.iter().any(|item| compare(item, *op, value, fold, is_date(path))),
            item => compare(&item, *op, value, fold, is_date(path)),
        },
    }
}

fn compare(item: &Value, op: Op, value: &Literal, fold: bool, date: bool) -> bool {
    let (item, value) = match (item, value) {
        (Value::String(item), Literal::Text(value)) if date => {
            let instants = item.parse::<jiff::Timestamp>().ok().zip(value.parse::<jiff::Timestamp>().ok());
            return instants.is_some_and(|(item, value)| ordered(op, item.cmp(&value)));
        }
        (Value::String(item), Literal::Text(value)) if fold => (item.to_lowercase(), value.to_lowercase()),
        (Value::String(item), Literal::Text(value)) => (item.clone(), value.clone()),
        (Value::Number(item), Literal::Number(value)) => {
            return item.as_f64().and_then(|item| item.partial_cmp(value)).is_some_and(|order| ordered(op, order));
        }
        (Value::Bool(item), Literal::Bool(value)) => return ordered(op, item.cmp(value)),
        (Value::Null, Literal::Null) => return op == Op::Eq,
        _ => return op == Op::Ne,
    };
    match op {
        Op::Sw => item.starts_with(&value),
        Op::Ew => item.ends_with(&value),
        Op::Co => item.contains(&value),
        _ => ordered(op, item.cmp(&value)),
    }
}

fn ordered(op: Op, order: Ordering) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Sw | Op::Ew | Op::Co => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::super::{List, compile};
    use super::*;
    use crate::query::Query;

    fn met(parameter: &str, text: &str) -> bool {
        let object = json!({
            "id": "00u1", "status": "ACTIVE", "lastUpdated": "2024-05-06T07:08:09.000Z",
            "profile": {"login": "Ada@x", "level": 3, "tags": ["red", "Blue"], "none": null, "yes": true, "list": []},
        });
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair(parameter, text).finish();
        let condition = compile(List::Users, &Query::parse(&query)).unwrap().unwrap();
        matches(&condition, &|path| path.split('.').fold(object.clone(), |value, name| value[name].clone()))
    }

    #[test]
    fn conditions_are_met_or_not() {
        for (text, expected) in [
            (r#"status eq "active""#, true),
            (r#"profile.login sw "ada""#, true),
            (r#"profile.login co "A@X""#, true),
            (r#"profile.tags eq "blue""#, true),
            (r#"profile.tags eq "green""#, false),
            ("profile.level gt 2", true),
            ("profile.level le 2", false),
            ("profile.yes eq true", true),
            ("profile.none pr", false),
            ("profile.list pr", false),
            ("profile.level pr", true),
            (r#"lastUpdated gt "2024-05-06T07:08:08Z" and lastUpdated lt "2024-05-06T07:08:10.000Z""#, true),
            (r#"lastUpdated gt "2024-05-06T09:08:08+02:00""#, true),
            (r#"status eq "STAGED" or not (status eq "STAGED")"#, true),
        ] {
            assert_eq!(met("search", text), expected, "{text}");
        }
    }

    #[test]
    fn filters_regard_case() {
        assert!(met("filter", r#"status eq "ACTIVE""#));
        assert!(!met("filter", r#"status eq "active""#));
    }
}
