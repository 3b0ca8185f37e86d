//! A second reading of the search rules, on documents alone: slow, literal, and independent of the plan.
//!
//! Written from FHIR R4 and from the reading rules of the specification (correlation T11, hierarchy T6,
//! logical references T8), never from `plan` or `execute`. It shares with the engine the parsed request
//! and nothing else.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the tests' alphabet is a small part of what requests may hold; the rest panics or answers nothing"
)]

mod answer;
mod brackets;
mod compare;
mod hours;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::fhir::ResourceType;
use shared::param::reference::ReferenceQuery;
use shared::param::{Prefix, QueryValue};
use shared::registry::{ParameterType, SearchParameter, find};

use super::directory::{BASE_URL, Identity};
use crate::parse::ast::{Brackets, Correlation, Criterion, Expr, Hop, Test};

/// The documents of a directory.
pub(super) struct World<'a> {
    pub(super) documents: &'a BTreeMap<Identity, Value>,
    pub(super) correlation: Correlation,
}

/// A part of one alternative of an expression.
#[derive(Clone, Copy)]
enum Part<'e> {
    Criterion(&'e Criterion),
    Not(&'e Expr),
    Within(&'e Brackets),
}

/// Criteria over one chain with equal `:above`, in slots: a slot holds on one target (T11 a, b).
struct Group<'e> {
    chain: &'e [Hop],
    above: bool,
    slots: Vec<Vec<&'e Criterion>>,
}

/// The alternatives of an expression: its disjunctive normal form (T11 e).
fn alternatives(expr: &Expr) -> Vec<Vec<Part<'_>>> {
    match expr {
        Expr::Criterion(criterion) => vec![vec![Part::Criterion(criterion)]],
        Expr::Not(inner) => vec![vec![Part::Not(inner)]],
        Expr::Within(brackets) => vec![vec![Part::Within(brackets)]],
        Expr::Or(parts) => parts.iter().flat_map(alternatives).collect(),
        Expr::And(parts) => parts.iter().fold(vec![Vec::new()], |sofar, part| {
            let more = alternatives(part);
            let pairs = sofar.iter().flat_map(|left| more.iter().map(move |right| (left, right)));
            pairs.map(|(left, right)| [left.as_slice(), right.as_slice()].concat()).collect()
        }),
    }
}

/// Puts the criteria of one alternative into groups and slots; `together` as under T11, else alone.
fn groups<'e>(parts: &[Part<'e>], together: bool) -> Vec<Group<'e>> {
    let mut groups: Vec<Group<'e>> = Vec::new();
    for part in parts {
        let Part::Criterion(criterion) = part else { continue };
        // (c) two reverse chains over one reference are independent.
        let alone = !together || criterion.chain.iter().any(|hop| matches!(hop, Hop::Reverse(..)));
        let same = |group: &&mut Group<'e>| {
            group.chain == criterion.chain.as_slice() && group.above == criterion.above
        };
        let known = if alone { None } else { groups.iter_mut().find(same) };
        match known {
            Some(group) => add(&mut group.slots, criterion),
            None => groups.push(Group {
                chain: &criterion.chain,
                above: criterion.above,
                slots: vec![vec![criterion]],
            }),
        }
    }
    groups
}

/// (a) One occurrence of each name to a slot; bounds and negations go to the first.
fn add<'e>(slots: &mut Vec<Vec<&'e Criterion>>, criterion: &'e Criterion) {
    let takes_a_slot = |c: &Criterion| !is_negative(c) && !is_bound(&c.test);
    let is_taken = |slot: &Vec<&Criterion>| {
        slot.iter().any(|c| c.parameter.code == criterion.parameter.code && takes_a_slot(c))
    };
    if !takes_a_slot(criterion) {
        return slots[0].push(criterion);
    }
    match slots.iter_mut().find(|slot| !is_taken(slot)) {
        Some(slot) => slot.push(criterion),
        None => slots.push(vec![criterion]),
    }
}

fn prefix(value: &QueryValue) -> Option<Prefix> {
    match value {
        QueryValue::Date(query) => Some(query.prefix),
        QueryValue::Number(query) => Some(query.prefix),
        QueryValue::Quantity(query) => Some(query.number.prefix),
        _ => None,
    }
}

fn is_bound(test: &Test) -> bool {
    use Prefix::{Eb, Ge, Gt, Le, Lt, Sa};
    let is = |value| matches!(prefix(value), Some(Gt | Ge | Lt | Le | Sa | Eb));
    matches!(test, Test::Any(values) if values.iter().all(is))
}

/// (e) `not`, `ne`, `:not`, `:missing` are asked of the resource, never of a record.
fn is_negative(criterion: &Criterion) -> bool {
    match &criterion.test {
        Test::Missing(_) | Test::None(_) => true,
        Test::Any(values) => values.iter().any(|value| prefix(value) == Some(Prefix::Ne)),
        _ => false,
    }
}

impl<'a> World<'a> {
    fn document(&self, resource: &Identity) -> &'a Value {
        &self.documents[resource]
    }

    /// The matches of an expression among the resources of a type.
    pub(super) fn matches(&self, base: ResourceType, expr: &Expr) -> BTreeSet<Identity> {
        let of_type = self.documents.keys().filter(|(t, _)| *t == base);
        of_type.filter(|resource| self.holds(resource, expr)).cloned().collect()
    }

    fn holds(&self, resource: &Identity, expr: &Expr) -> bool {
        alternatives(expr).iter().any(|parts| self.all_hold(resource, parts))
    }

    fn all_hold(&self, resource: &Identity, parts: &[Part<'_>]) -> bool {
        let others = parts.iter().all(|part| match part {
            Part::Criterion(_) => true,
            Part::Not(inner) => !self.holds(resource, inner),
            Part::Within(brackets) => {
                let targets = self.reach(resource, &brackets.chain, brackets.above);
                targets.iter().any(|target| self.holds_within(target, &brackets.inner))
            }
        });
        others
            && groups(parts, self.correlation == Correlation::Record).iter().all(|group| {
                let targets = self.reach(resource, group.chain, group.above);
                group.slots.iter().all(|slot| targets.iter().any(|t| self.slot_holds(t, slot)))
            })
    }

    /// Whether what stands in brackets holds on a target.
    fn holds_within(&self, target: &Identity, inner: &Expr) -> bool {
        match self.correlation {
            Correlation::Record => self.holds_in_brackets(target, inner),
            Correlation::Independent => self.holds(target, inner),
        }
    }

    /// The criteria of a slot on one resource: record criteria on one record of each kind.
    fn slot_holds(&self, resource: &Identity, slot: &[&Criterion]) -> bool {
        let document = self.document(resource);
        let mut kinds = Vec::new();
        for criterion in slot {
            match record_kind(criterion) {
                Some(kind) => kinds.push(kind),
                None if !self.criterion_holds(resource, criterion) => return false,
                None => {}
            }
        }
        kinds.into_iter().all(|kind| {
            let records = read::records(document, kind);
            records.iter().any(|record| self.record_holds(record, &records, kind, slot))
        })
    }

    fn record_holds(
        &self,
        record: &read::Record<'_>,
        of_resource: &[read::Record<'_>],
        kind: read::Kind,
        slot: &[&Criterion],
    ) -> bool {
        slot.iter()
            .filter(|criterion| record_kind(criterion) == Some(kind))
            .all(|criterion| self.is_positive_of_record(record, of_resource, criterion))
    }

    fn is_positive_of_record(
        &self,
        record: &read::Record<'_>,
        of_resource: &[read::Record<'_>],
        criterion: &Criterion,
    ) -> bool {
        if criterion.parameter.code == "price-in-force" {
            let days = dates(&criterion.test);
            return days.iter().any(|(_, end_ms)| in_force(record, of_resource, *end_ms));
        }
        let values = record.values(criterion.parameter.code);
        values.iter().any(|value| self.answers(value, criterion.parameter, &criterion.test))
    }

    /// One criterion on one resource, whatever record its values are in.
    fn criterion_holds(&self, resource: &Identity, criterion: &Criterion) -> bool {
        let document = self.document(resource);
        let parameter = criterion.parameter;
        match parameter.code {
            "near" | "near-insee-code" => return near_holds(document, &criterion.test),
            "open-at" => {
                let instants = dates(&criterion.test);
                return instants.iter().any(|(instant_ms, _)| self.is_open(resource, *instant_ms));
            }
            "context-type-value" => return Self::context_holds(document, &criterion.test),
            _ => {}
        }
        let values = read::values(document, resource.0, parameter.code);
        match &criterion.test {
            Test::Missing(missing) => values.is_empty() == *missing,
            Test::None(asked) => {
                let positive = match parameter.kind {
                    ParameterType::String => Test::Equals(texts(asked)),
                    _ => Test::Any(asked.clone()),
                };
                !values.iter().any(|value| self.answers(value, parameter, &positive))
            }
            test => values.iter().any(|value| self.answers(value, parameter, test)),
        }
    }

    fn context_holds(measure: &Value, test: &Test) -> bool {
        let part = |context: &Value, path: &str, query: &QueryValue| match query {
            QueryValue::Token(query) => {
                read::at(context, path).iter().any(|value| compare::token(value, query))
            }
            _ => false,
        };
        let contexts = read::use_contexts(measure);
        match test {
            Test::Any(values) => values.iter().any(|value| {
                let QueryValue::Composite(parts) = value else { return false };
                contexts.iter().any(|context| {
                    part(context, "code", &parts[0])
                        && part(context, "valueCodeableConcept", &parts[1])
                })
            }),
            Test::Missing(missing) => contexts.is_empty() == *missing,
            other => panic!("a composite takes no {other:?}"),
        }
    }

    /// Whether one value answers a positive test.
    fn answers(&self, value: &Value, parameter: &SearchParameter, test: &Test) -> bool {
        let as_text = || value.as_str().unwrap_or_default();
        match test {
            Test::Any(asked) => asked.iter().any(|query| match query {
                QueryValue::Token(query) => compare::token(value, query),
                QueryValue::String(asked) => {
                    compare::part(as_text(), asked, |v, a| v.starts_with(a))
                }
                QueryValue::Date(query) => compare::date(value, query),
                QueryValue::Number(query) => {
                    value.as_f64().is_some_and(|stored| compare::number(stored, query))
                }
                QueryValue::Quantity(query) => compare::quantity(value, query),
                QueryValue::Reference(query) => self.refers(value, parameter, query),
                QueryValue::Uri(asked) => value.as_str() == Some(asked),
                other => panic!("{other:?} is not read here"),
            }),
            Test::Exact(asked) => asked.iter().any(|asked| value.as_str() == Some(asked)),
            Test::Equals(asked) => {
                asked.iter().any(|asked| compare::string(as_text()) == compare::string(asked))
            }
            Test::Contains(asked) => {
                asked.iter().any(|a| compare::part(as_text(), a, |v, a| v.contains(a)))
            }
            Test::EndsWith(asked) => {
                asked.iter().any(|a| compare::part(as_text(), a, |v, a| v.ends_with(a)))
            }
            Test::Text(asked) => compare::token_texts(value).iter().any(|text| {
                asked.iter().any(|a| compare::plain(text).starts_with(&compare::plain(a)))
            }),
            Test::Identifier(asked) => asked.iter().any(|query| match query {
                QueryValue::Token(query) => {
                    value.get("identifier").is_some_and(|value| compare::token(value, query))
                }
                _ => false,
            }),
            Test::Above(asked) | Test::Below(asked) if parameter.kind == ParameterType::Uri => {
                let url = value.as_str().unwrap_or_default();
                let is_under = |url: &str, top: &str| {
                    url == top || url.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'))
                };
                texts(asked).iter().any(|asked| match test {
                    Test::Above(_) => is_under(asked, url),
                    _ => is_under(url, asked),
                })
            }
            Test::Below(asked) => {
                let up = self.target(value, parameter).map(|target| self.ancestors(target));
                let up: Vec<Identity> = up.into_iter().flatten().collect();
                asked.iter().map(reference).any(|query| {
                    self.refers(value, parameter, &query)
                        || up.iter().any(|t| names(&query, t) || self.is_part_of(t, &query))
                })
            }
            Test::Above(asked) => asked.iter().any(|query| {
                let of_type = |(t, id): &&Identity| {
                    parameter.targets.contains(t) && names(&reference(query), &(*t, id.clone()))
                };
                let named = self.documents.keys().filter(of_type);
                let mut up = named.flat_map(|named| self.ancestors(named.clone()));
                let target = self.target(value, parameter);
                self.refers(value, parameter, &reference(query))
                    || up.any(|ancestor| Some(&ancestor) == target.as_ref())
            }),
            other => panic!("{other:?} is not a positive test on a value"),
        }
    }

    /// Whether a reference names what is asked, be it there or not.
    fn refers(&self, value: &Value, parameter: &SearchParameter, query: &ReferenceQuery) -> bool {
        match (literal(value), query) {
            (Some(Literal::Ours(target)), query) => names(query, &target),
            (Some(Literal::Other(text)), ReferenceQuery::Url(url)) => text == *url,
            (Some(Literal::Other(_)), ReferenceQuery::Id { .. }) => false,
            (None, query) => {
                self.target(value, parameter).is_some_and(|target| names(query, &target))
            }
        }
    }

    /// Whether a resource says that it is part of what is asked, be it there or not.
    fn is_part_of(&self, resource: &Identity, query: &ReferenceQuery) -> bool {
        let part_of = find(resource.0, "partof").expect("only hierarchies climb");
        let parents = read::values(self.document(resource), resource.0, "partof");
        parents.into_iter().any(|parent| match query {
            ReferenceQuery::Id { .. } => self.refers(parent, part_of, query),
            ReferenceQuery::Url(_) => false,
        })
    }

    /// The resource a reference means, if it is there: by literal, else by type and identifier (T8).
    fn target(&self, value: &Value, parameter: &SearchParameter) -> Option<Identity> {
        match literal(value) {
            Some(Literal::Ours(target)) => self.documents.contains_key(&target).then_some(target),
            Some(Literal::Other(_)) => None,
            None => {
                let target_type: ResourceType = value.get("type")?.as_str()?.parse().ok()?;
                let wanted = value.get("identifier")?;
                debug_assert!(parameter.targets.contains(&target_type));
                let carries = |document: &Value| {
                    read::at(document, "identifier").iter().any(|identifier| {
                        identifier["system"] == wanted["system"]
                            && identifier["value"] == wanted["value"]
                    })
                };
                let mut found = self
                    .documents
                    .iter()
                    .filter(|((t, _), document)| *t == target_type && carries(document));
                let (only, _) = found.next()?;
                found.next().is_none().then(|| only.clone())
            }
        }
    }

    /// The resources at the end of a chain; with `above` their ancestors too (T6).
    fn reach(&self, from: &Identity, chain: &[Hop], above: bool) -> BTreeSet<Identity> {
        let mut reached = BTreeSet::from([from.clone()]);
        for hop in chain {
            reached = reached.iter().flat_map(|from| self.step(from, hop)).collect();
        }
        if above {
            reached = reached.into_iter().flat_map(|target| self.ancestors(target)).collect();
        }
        reached
    }

    fn step(&self, from: &Identity, hop: &Hop) -> Vec<Identity> {
        match hop {
            Hop::Forward(parameter, target_type) => {
                let mut targets = self.targets(from, parameter);
                targets.retain(|(t, _)| t == target_type);
                targets
            }
            Hop::Reverse(source_type, parameter) => {
                let sources = self.documents.keys().filter(|(t, _)| t == source_type);
                let refers = |source: &&Identity| self.targets(source, parameter).contains(from);
                sources.filter(refers).cloned().collect()
            }
        }
    }

    /// The existing resources that one resource refers to.
    fn targets(&self, from: &Identity, parameter: &SearchParameter) -> Vec<Identity> {
        let values = read::values(self.document(from), from.0, parameter.code);
        values.into_iter().filter_map(|value| self.target(value, parameter)).collect()
    }

    /// A resource and everything it is part of.
    fn ancestors(&self, resource: Identity) -> BTreeSet<Identity> {
        let part_of = find(resource.0, "partof").expect("only hierarchies climb");
        let mut closed = BTreeSet::from([resource.clone()]);
        let mut next = vec![resource];
        while let Some(resource) = next.pop() {
            for parent in self.targets(&resource, part_of) {
                if closed.insert(parent.clone()) {
                    next.push(parent);
                }
            }
        }
        closed
    }
}

/// The kind of record a positive criterion must hold on.
fn record_kind(criterion: &Criterion) -> Option<read::Kind> {
    if is_negative(criterion) { None } else { read::kind(criterion.base, criterion.parameter.code) }
}

fn near_holds(location: &Value, test: &Test) -> bool {
    let (Test::Any(asked), Some(position)) = (test, compare::position(location)) else {
        return false;
    };
    asked.iter().any(|query| match query {
        QueryValue::Near(query) => {
            let (center, radius_m) = compare::circle(query);
            compare::distance_m(center, position) <= radius_m
        }
        _ => false,
    })
}

/// Of the prices that differ in nothing but amount, start and deliveries, the last to have started.
fn in_force(price: &read::Record<'_>, prices: &[read::Record<'_>], before_ms: i64) -> bool {
    let start_ms = |price: &read::Record<'_>| {
        let start = price.values("price-validity-start-date").first().copied();
        start.and_then(compare::date_range).map_or(i64::MIN, |(low_ms, _)| low_ms)
    };
    let own_ms = start_ms(price);
    let replaces = |other: &read::Record<'_>| {
        (own_ms.saturating_add(1)..before_ms).contains(&start_ms(other))
            && other.price_key() == price.price_key()
    };
    own_ms < before_ms && !prices.iter().any(replaces)
}

/// The dates of a test that holds for any of them, as ranges of milliseconds.
fn dates(test: &Test) -> Vec<(i64, i64)> {
    let Test::Any(asked) = test else { panic!("{test:?} holds no dates") };
    let range = |value: &QueryValue| match value {
        QueryValue::Date(query) => (query.range.low_ms, query.range.high_ms),
        other => panic!("{other:?} is not a date"),
    };
    asked.iter().map(range).collect()
}

fn texts(asked: &[QueryValue]) -> Vec<String> {
    asked
        .iter()
        .map(|value| match value {
            QueryValue::String(text) | QueryValue::Uri(text) => text.clone(),
            other => panic!("{other:?} is not a text"),
        })
        .collect()
}

fn reference(query: &QueryValue) -> ReferenceQuery {
    match query {
        QueryValue::Reference(query) => query.clone(),
        other => panic!("{other:?} is not a reference"),
    }
}

fn names(query: &ReferenceQuery, target: &Identity) -> bool {
    match query {
        ReferenceQuery::Id { resource_type, id } => {
            resource_type.is_none_or(|t| t == target.0) && *id == target.1
        }
        ReferenceQuery::Url(_) => false,
    }
}

/// The literal reference of an element.
enum Literal {
    Ours(Identity),
    Other(String),
}

fn literal(value: &Value) -> Option<Literal> {
    let text = match value {
        // A canonical: what follows the bar is a version.
        Value::String(text) => text.split('|').next()?,
        _ => value.get("reference")?.as_str()?,
    };
    let relative = text.strip_prefix(BASE_URL).map_or(text, |rest| rest.trim_start_matches('/'));
    let mut parts = relative.split('/');
    match (parts.next()?.parse::<ResourceType>(), parts.next()) {
        (Ok(target_type), Some(id)) => Some(Literal::Ours((target_type, id.to_owned()))),
        _ => Some(Literal::Other(text.to_owned())),
    }
}
