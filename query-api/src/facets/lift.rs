//! A facet's own choice among the criteria, and the criteria without it.
//!
//! The choice is every positive criterion on the facet's parameter over the same chain, climbing or not, that
//! the search cannot do without: in the URL, or joined by AND in a `_filter`. Negations and `:missing`
//! stay, and so does what stands inside OR or NOT, where it is no choice of one value.
//!
//! Where the criteria climb (`:above`), the facet does: it counts what a choice would be asked of.
//!
//! Brackets over the chain, joined by AND, speak of a target and of records of their own. A facet goes into
//! them when its own choice stands there, or else what it would have to hold together with.

use shared::fhir::ResourceType;
use shared::param::near::NearQuery;
use shared::param::token::SystemQuery;
use shared::param::{Prefix, QueryValue};
use shared::registry::RecordKind;

use crate::parse::ast::{Brackets, Criterion, Expr, Hop, Test, Way};

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

    /// The same as it is read inside brackets over the chain.
    pub(super) fn inside(&self) -> Self {
        Self { chain: Vec::new(), ..self.clone() }
    }

    pub(super) fn is(&self, criterion: &Criterion) -> bool {
        criterion.base == self.base
            && self.codes.contains(&criterion.parameter.code)
            && criterion.chain == self.chain
            && self.names_values(&criterion.test)
    }

    /// Whether a criterion is on the record that holds the values of the choice.
    fn is_mate(&self, criterion: &Criterion) -> bool {
        self.record.is_some()
            && criterion.parameter.record == self.record
            && criterion.chain == self.chain
    }

    /// Whether a test says which values are wanted, all of them of the system.
    fn names_values(&self, test: &Test) -> bool {
        let Test::Any(values) = test else { return !test.is_negative() && self.system.is_none() };
        values.iter().all(|value| match (value, self.system) {
            (QueryValue::Token(query), Some(system)) => {
                matches!(&query.system, SystemQuery::Is(named) if named == system)
            }
            (QueryValue::Number(query), _) => query.prefix != Prefix::Ne,
            (_, system) => system.is_none(),
        })
    }
}

/// Where a choice is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// Whether it climbs.
    pub(super) above: bool,
    /// The brackets it stands in: the way to them through the parts of ANDs. `None` beside all.
    pub(super) brackets: Option<Vec<usize>>,
}

/// How much a part of the criteria says of where a choice belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Nothing,
    /// Something is asked of the target.
    Target,
    /// Something is asked of the record that holds the values.
    Record,
    /// The choice is made there.
    Choice,
}

/// Where a choice is made, or would be: where the most is said of it, in the first of equals.
pub(super) fn site(expr: &Expr, choice: &Choice) -> Site {
    let mut best = claim(expr, choice);
    let mut site = Site { above: climbs(expr, choice), brackets: None };
    each_brackets(expr, &mut Vec::new(), &mut |address, brackets| {
        if brackets.chain != choice.chain {
            return;
        }
        // Whatever stands inside is asked of the target.
        let claim = claim(&brackets.inner, &choice.inside()).max(Claim::Target);
        if claim > best {
            best = claim;
            site = Site { above: brackets.above, brackets: Some(address.to_vec()) };
        }
    });
    site
}

fn claim(expr: &Expr, choice: &Choice) -> Claim {
    if is_made(expr, choice) {
        return Claim::Choice;
    }
    let mut found = Claim::Nothing;
    each_criterion(expr, &mut |criterion| {
        if criterion.chain == choice.chain {
            found = found.max(Claim::Target);
        }
        if choice.is_mate(criterion) {
            found = Claim::Record;
        }
    });
    found
}

fn is_made(expr: &Expr, choice: &Choice) -> bool {
    match expr {
        Expr::Criterion(criterion) => choice.is(criterion),
        Expr::And(children) => children.iter().any(|child| is_made(child, choice)),
        Expr::Or(_) | Expr::Not(_) | Expr::Within(_) => false,
    }
}

/// Visits the brackets that all matches satisfy, each with the way to it.
fn each_brackets<'a>(
    expr: &'a Expr,
    address: &mut Vec<usize>,
    visit: &mut impl FnMut(&[usize], &'a Brackets),
) {
    match expr {
        Expr::And(children) => {
            for (at, child) in children.iter().enumerate() {
                address.push(at);
                each_brackets(child, address, visit);
                address.pop();
            }
        }
        Expr::Within(brackets) => visit(address, brackets),
        Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_) => {}
    }
}

/// The brackets at an address that [`site`] gave.
pub(super) fn brackets_at<'a>(expr: &'a Expr, address: &[usize]) -> &'a Brackets {
    match (expr, address) {
        (Expr::And(children), [at, rest @ ..]) => brackets_at(&children[*at], rest),
        (Expr::Within(brackets), []) => brackets,
        (
            Expr::And(_) | Expr::Within(_) | Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_),
            [] | [..],
        ) => unreachable!("an address leads through ANDs to brackets"),
    }
}

/// Whether a choice beside brackets climbs: as the one that is made does, else as the criteria on the same
/// kind of record over the same chain do.
fn climbs(expr: &Expr, choice: &Choice) -> bool {
    let (mut own, mut mates) = (Vec::new(), Vec::new());
    each_criterion(expr, &mut |criterion| {
        if choice.is(criterion) {
            own.push(criterion.above);
        } else if choice.is_mate(criterion) {
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
        Expr::Not(_) | Expr::Within(_) => {}
    }
}

/// The expression without the choice.
pub(super) fn without(expr: &Expr, choice: &Choice) -> Expr {
    match site(expr, choice).brackets {
        None => lifted(expr, choice),
        Some(address) => in_brackets(expr, &address, |inner| lifted(inner, &choice.inside())),
    }
}

/// The expression with a criterion on the parameter of the choice in the place of the choice.
pub(super) fn with(expr: &Expr, choice: &Choice, probe: &Expr) -> Expr {
    let and = |expr: Expr, probe: &Expr| Expr::And(vec![expr, probe.clone()]);
    match (site(expr, choice).brackets, probe) {
        (Some(address), Expr::Criterion(probe)) => {
            let probe = Expr::Criterion(Criterion { chain: Vec::new(), ..probe.clone() });
            in_brackets(expr, &address, |inner| and(lifted(inner, &choice.inside()), &probe))
        }
        (_, probe) => and(without(expr, choice), probe),
    }
}

fn lifted(expr: &Expr, choice: &Choice) -> Expr {
    match expr {
        Expr::Criterion(criterion) if choice.is(criterion) => Expr::And(Vec::new()),
        Expr::And(children) => {
            Expr::And(children.iter().map(|child| lifted(child, choice)).collect())
        }
        Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_) | Expr::Within(_) => expr.clone(),
    }
}

/// The expression with something else in the brackets at an address.
fn in_brackets(expr: &Expr, address: &[usize], change: impl FnOnce(&Expr) -> Expr) -> Expr {
    match (expr, address) {
        (Expr::And(children), [at, rest @ ..]) => {
            let mut children = children.clone();
            children[*at] = in_brackets(&children[*at], rest, change);
            Expr::And(children)
        }
        (Expr::Within(brackets), _) => {
            Expr::Within(Brackets { inner: Box::new(change(&brackets.inner)), ..brackets.clone() })
        }
        (Expr::And(_) | Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_), _) => expr.clone(),
    }
}

/// The first circle of the choice.
pub(super) fn first_circle<'a>(expr: &'a Expr, choice: &Choice) -> Option<&'a NearQuery> {
    match site(expr, choice).brackets {
        None => circle_of(expr, choice),
        Some(address) => circle_of(&brackets_at(expr, &address).inner, &choice.inside()),
    }
}

fn circle_of<'a>(expr: &'a Expr, choice: &Choice) -> Option<&'a NearQuery> {
    match expr {
        Expr::Criterion(criterion) if choice.is(criterion) => {
            let Test::Any(values) = &criterion.test else { return None };
            values.iter().find_map(|value| {
                if let QueryValue::Near(circle) = value { Some(circle) } else { None }
            })
        }
        Expr::And(children) => children.iter().find_map(|child| circle_of(child, choice)),
        Expr::Criterion(_) | Expr::Or(_) | Expr::Not(_) | Expr::Within(_) => None,
    }
}
