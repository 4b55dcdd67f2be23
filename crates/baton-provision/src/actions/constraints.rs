//! What arguments must keep together: which need each other, which exclude each other.

use baton_proto::c1::config::v1::{Constraint, ConstraintKind};

/// A sentence for each constraint that is broken. `given` says whether an argument is there.
pub(super) fn broken(constraints: &[Constraint], given: impl Fn(&str) -> bool) -> Vec<String> {
    constraints.iter().filter_map(|constraint| sentence(constraint, &given)).collect()
}

fn sentence(constraint: &Constraint, given: &impl Fn(&str) -> bool) -> Option<String> {
    let names = &constraint.field_names;
    let (there, missing): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| given(name));
    match constraint.kind() {
        ConstraintKind::RequiredTogether if !there.is_empty() && !missing.is_empty() => {
            Some(format!("{} needs {} as well", there.join(", "), missing.join(", ")))
        }
        ConstraintKind::AtLeastOne if there.is_empty() => Some(format!("one of {} is needed", names.join(", "))),
        ConstraintKind::MutuallyExclusive if there.len() > 1 => {
            Some(format!("only one of {} can be given", there.join(", ")))
        }
        ConstraintKind::DependentOn if !there.is_empty() => {
            let needed = constraint.secondary_field_names.iter().filter(|name| !given(name)).cloned();
            let needed: Vec<_> = needed.collect();
            (!needed.is_empty()).then(|| format!("{} needs {} as well", there.join(", "), needed.join(", ")))
        }
        _ => None,
    }
}
