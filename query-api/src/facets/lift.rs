//! A facet's own choice among the criteria, and the criteria without it.
//!
//! The choice is every positive criterion on the facet's parameter over the same chain, climbing or not, that
//! the search cannot do without: in the URL, or joined by AND in a `_filter`. Negations and `:missing`
//! stay, and so does what stands inside OR or NOT, where it is no choice of one value.
//!
//! Where the criteria climb (`:above`), the facet does: it counts what a choice would be asked of.

use shared::fhir::ResourceType;
use shared::param::near::NearQuery;
use shared::param::token::SystemQuery;
use shared::param::{Prefix, QueryValue};
use shared::registry::RecordKind;

use crate::parse::ast::{Criterion, Expr, Hop, Test, Way};

/// Parameters that choose a place.
const PLACES: [&str; 3] = ["near", "near-insee-code", "near-address"];

/// What a facet's own choice looks like.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    chain: Vec<Hop>,
    base: ResourceType,
    codes: Vec<&'static str>,
    record: Option<RecordKind>,
    /// Of a parameter with codes of many systems, only those of this one.
    system: Option<&'static str>,
}

impl Choice {
    /// The choice on a parameter.
    pub(super) fn of(way: &Way, system: Option<&'static str>) -> Self {
        let code = way.parameter.code;
        let codes = if PLACES.contains(&code) { PLACES.to_vec() } else { vec![code] };
        Self {
            chain: way.chain.clone(),
            base: way.base,
            codes,
            record: way.parameter.record,
            system,
        }
    }

    fn is(&self, criterion: &Criterion) -> bool {
        criterion.base == self.base
            && self.codes.contains(&criterion.parameter.code)
            && criterion.chain == self.chain
            && self.names_values(&criterion.test)
    }

    /// Whether a test says which values are wanted, all of them of the system.
    fn names_values(&self, test: &Test) -> bool {
        match test {
            Test::Any(values) => values.iter().all(|value| match (value, self.system) {
                (QueryValue::Token(query), Some(system)) => {
                    matches!(&query.system, SystemQuery::Is(named) if named == system)
                }
                (QueryValue::Number(query), _) => query.prefix != Prefix::Ne,
                (_, system) => system.is_none(),
            }),
            Test::Missing(_) | Test::None(_) | Test::NotIn(_) => false,
            Test::Exact(_)
            | Test::Equals(_)
            | Test::Contains(_)
            | Test::EndsWith(_)
            | Test::Text(_)
            | Test::In(_)
            | Test::Identifier(_)
            | Test::Above(_)
            | Test::Below(_) => self.system.is_none(),
        }
    }
}

/// Whether a choice climbs: as the one that is made does, else as the criteria on the same kind of record
/// over the same chain do.
pub(super) fn climbs(expr: &Expr, choice: &Choice) -> bool {
    let (mut own, mut mates) = (Vec::new(), Vec::new());
    each_criterion(expr, &mut |criterion| {
        if choice.is(criterion) {
            own.push(criterion.above);
        } else if choice.record.is_some()
            && criterion.parameter.record == choice.record
            && criterion.chain == choice.chain
        {
            mates.push(criterion.above);
        }
    });
    let decisive = if own.is_empty() { mates } else { own };
    !decisive.is_empty() && decisive.iter().all(|above| *above)
}

fn each_criterion<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a Criterion)) {
    match expr {
        Expr::And(children) | Expr::Or(children) => {
            for child in children {
                each_criterion(child, visit);
            }
        }
        Expr::Criterion(criterion) => visit(criterion),
        Expr::Not(_) | Expr::Within(..) => {}
    }
}

/// The expression without the choice.
pub(super) fn without(expr: &Expr, choice: &Choice) -> Expr {
    match expr {
        Expr::Criterion(criterion) if choice.is(criterion) => Expr::And(Vec::new()),
        Expr::And(children) => {
            Expr::And(children.iter().map(|child| without(child, choice)).collect())
        }
        Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_) | Expr::Within(..) => expr.clone(),
    }
}

/// The first circle of the choice.
pub(super) fn first_circle<'a>(expr: &'a Expr, choice: &Choice) -> Option<&'a NearQuery> {
    match expr {
        Expr::Criterion(criterion) if choice.is(criterion) => {
            let Test::Any(values) = &criterion.test else { return None };
            values.iter().find_map(|value| {
                if let QueryValue::Near(circle) = value { Some(circle) } else { None }
            })
        }
        Expr::And(children) => children.iter().find_map(|child| first_circle(child, choice)),
        Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_) | Expr::Within(..) => None,
    }
}
