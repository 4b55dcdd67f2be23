//! The expressions of `filter` and `search`: a part of SCIM's filter language, with Okta's own limits per list.

mod evaluate;
mod parse;
mod rules;

pub(crate) use evaluate::matches;
pub(crate) use rules::{Condition, List, compile, compile_log};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// The attribute has a value.
    Present(String),
    Compare {
        path: String,
        op: Op,
        value: Literal,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Sw,
    Ew,
    Co,
    Gt,
    Ge,
    Lt,
    Le,
}

/// What an attribute is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

impl Expr {
    /// Calls `visit` for every comparison, `pr` included (as `None`).
    fn each<'a, E>(
        &'a self,
        visit: &mut impl FnMut(&'a str, Option<(Op, &'a Literal)>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.each(visit)?;
                right.each(visit)
            }
            Self::Not(inner) => inner.each(visit),
            Self::Present(path) => visit(path, None),
            Self::Compare { path, op, value } => visit(path, Some((*op, value))),
        }
    }

    fn has_not(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.has_not() || right.has_not(),
            Self::Not(_) => true,
            Self::Present(_) | Self::Compare { .. } => false,
        }
    }
}
