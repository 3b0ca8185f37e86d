//! The order of matches and what comes in with them, read from the documents.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;
use shared::param::QueryValue;
use shared::registry::{ParameterType, SearchParameter, find, of_type};

use super::brackets::speaks;
use super::{Part, World, alternatives, compare, groups, read, record_kind};
use crate::laws::directory::Identity;
use crate::parse::ast::{Brackets, Correlation, Criterion, Expr, Include, Sort, Test};

/// The value of one sort key.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::laws) enum Key {
    Number(f64),
    Text(String),
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => panic!("{a:?} and {b:?} of one key"),
        }
    }
}

/// Missing values come last both ways.
fn compare_keys(a: Option<&Key>, b: Option<&Key>, descending: bool) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if descending => b.compare(a),
        (Some(a), Some(b)) => a.compare(b),
    }
}

impl World<'_> {
    /// The matches in the order of the sort keys, then by id; each with its keys.
    pub(in crate::laws) fn in_order(
        &self,
        matches: &BTreeSet<Identity>,
        expr: &Expr,
        sort: &[Sort],
    ) -> Vec<(Vec<Option<Key>>, Identity)> {
        let mut keyed: Vec<_> = matches
            .iter()
            .map(|found| {
                let keys = sort.iter().map(|sort| self.sort_key(found, expr, sort));
                (keys.collect::<Vec<_>>(), found.clone())
            })
            .collect();
        keyed.sort_by(|(a, x), (b, y)| {
            let keys = a.iter().zip(b).zip(sort);
            keys.map(|((a, b), sort)| compare_keys(a.as_ref(), b.as_ref(), sort.descending))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| x.1.cmp(&y.1))
        });
        keyed
    }

    /// (f) min for ascending, max for descending, of the matching records, else of all of the target.
    fn sort_key(&self, resource: &Identity, expr: &Expr, sort: &Sort) -> Option<Key> {
        let mut keys = Vec::new();
        for parts in alternatives(expr) {
            if !self.all_hold(resource, &parts) {
                continue;
            }
            let mut over = groups(&parts, true);
            over.retain(|group| group.chain == sort.chain.as_slice());
            let mut brackets: Vec<&Brackets> = parts.iter().filter_map(in_brackets).collect();
            brackets.retain(|brackets| brackets.chain == sort.chain);
            let climbing = over.iter().map(|g| g.above).chain(brackets.iter().map(|b| b.above));
            let climbing: Vec<bool> = climbing.collect();
            // A key follows what climbs when there is nothing else to follow.
            let above = sort.above || (!climbing.is_empty() && climbing.iter().all(|c| *c));
            over.retain(|group| group.above == above);
            brackets.retain(|brackets| brackets.above == above);
            let singles_out = !over.is_empty() || !brackets.is_empty();
            if self.correlation == Correlation::Independent || !singles_out {
                // Nothing singles out a target or a record.
                for target in self.reach(resource, &sort.chain, above) {
                    keys.extend(self.all_keys(&target, sort.parameter));
                }
                continue;
            }
            let kind = sort.chain.last().and_then(|hop| read::kind(hop.to(), sort.parameter.code));
            let kind = kind.or(read::kind(resource.0, sort.parameter.code));
            let slots: Vec<_> = over.iter().flat_map(|group| &group.slots).collect();
            let of_kind = |slot: &&&Vec<&Criterion>| {
                slot.iter().any(|c| kind.is_some() && record_kind(c) == kind)
            };
            let speak = |brackets: &&&Brackets| kind.is_some_and(|k| speaks(&brackets.inner, k));
            let is_said = slots.iter().any(|slot| of_kind(&slot))
                || brackets.iter().any(|brackets| speak(&brackets));
            for target in self.reach(resource, &sort.chain, above) {
                for slot in slots.iter().filter(|slot| !is_said || of_kind(slot)) {
                    keys.extend(self.keys_of_slot(&target, slot, kind, sort.parameter));
                }
                for brackets in brackets.iter().filter(|brackets| !is_said || speak(brackets)) {
                    keys.extend(self.keys_in(&target, &brackets.inner, kind, sort.parameter));
                }
            }
        }
        let keys = keys.into_iter();
        if sort.descending { keys.max_by(Key::compare) } else { keys.min_by(Key::compare) }
    }

    /// Of a target that meets a slot, the records that do, where it speaks of their kind.
    fn keys_of_slot(
        &self,
        target: &Identity,
        slot: &[&Criterion],
        kind: Option<read::Kind>,
        of: &SearchParameter,
    ) -> Vec<Key> {
        if !self.slot_holds(target, slot) {
            return Vec::new();
        }
        let Some(kind) = kind.filter(|kind| slot.iter().any(|c| record_kind(c) == Some(*kind)))
        else {
            return self.all_keys(target, of);
        };
        let records = read::records(self.document(target), kind);
        let held = records.iter().filter(|r| self.record_holds(r, &records, kind, slot));
        held.flat_map(|record| record.values(of.code)).filter_map(|v| key(v, of)).collect()
    }

    /// Of a target that meets what stands in brackets, the records of which it is true.
    fn keys_in(
        &self,
        target: &Identity,
        inner: &Expr,
        kind: Option<read::Kind>,
        of: &SearchParameter,
    ) -> Vec<Key> {
        let mut keys = Vec::new();
        for parts in alternatives(inner) {
            if self.choices(target, &parts).is_empty() {
                continue;
            }
            let chosen = kind.and_then(|kind| self.chosen(target, &parts, kind));
            match chosen {
                None => keys.extend(self.all_keys(target, of)),
                Some(records) => {
                    let values = records.iter().flat_map(|record| record.values(of.code));
                    keys.extend(values.filter_map(|value| key(value, of)));
                }
            }
        }
        keys
    }

    fn all_keys(&self, target: &Identity, of: &SearchParameter) -> Vec<Key> {
        let document = self.document(target);
        let values = read::values(document, target.0, of.code);
        values.into_iter().filter_map(|value| key(value, of)).collect()
    }

    /// The matches by the distance of the nearest place that meets the criteria, then by id (g).
    pub(in crate::laws) fn by_distance(
        &self,
        matches: &BTreeSet<Identity>,
        expr: &Expr,
        descending: bool,
    ) -> Vec<Identity> {
        let mut keyed: Vec<_> = matches
            .iter()
            .map(|found| (self.distance_m(found, expr).map(Key::Number), found.clone()))
            .collect();
        keyed.sort_by(|(a, x), (b, y)| {
            compare_keys(a.as_ref(), b.as_ref(), descending).then_with(|| x.1.cmp(&y.1))
        });
        keyed.into_iter().map(|(_, found)| found).collect()
    }

    /// The distance of a match from the nearest of the searched points.
    pub(in crate::laws) fn distance_m(&self, resource: &Identity, expr: &Expr) -> Option<f64> {
        let centers = centers(expr);
        let places = self.counting(resource, expr);
        let positions = places.iter().filter_map(|p| compare::position(self.document(p)));
        let pairs = positions.flat_map(|at| centers.iter().map(move |c| (*c, at)));
        pairs.map(|(center, at)| compare::distance_m(center, at)).min_by(f64::total_cmp)
    }

    /// The distance of a Location itself, be it a match or an include.
    pub(in crate::laws) fn own_distance_m(&self, place: &Identity, expr: &Expr) -> Option<f64> {
        let position = compare::position(self.document(place))?;
        let all = centers(expr).into_iter().map(|center| compare::distance_m(center, position));
        all.min_by(f64::total_cmp)
    }

    /// The places of a match that meet the criteria over the chain to them, in each alternative it meets.
    fn counting(&self, resource: &Identity, expr: &Expr) -> Vec<Identity> {
        let mut found = Vec::new();
        let chain = near_chain(expr);
        for parts in alternatives(expr).iter().filter(|parts| self.all_hold(resource, parts)) {
            for part in parts {
                if let Part::Within(brackets) = part
                    && !centers(&brackets.inner).is_empty()
                {
                    let targets = self.reach(resource, &brackets.chain, brackets.above);
                    let holds = |t: &Identity| self.holds_within(t, &brackets.inner);
                    found.extend(targets.into_iter().filter(holds));
                }
            }
            let Some(chain) = chain else { continue };
            let all = groups(parts, true);
            let group = all.iter().find(|group| group.chain == chain);
            let places = self.reach(resource, chain, false).into_iter();
            // The match is the place, and without correlation no criterion singles one out.
            let slot = group
                .map(|group| &group.slots[0])
                .filter(|_| !chain.is_empty() && self.correlation == Correlation::Record);
            found.extend(places.filter(|p| slot.is_none_or(|slot| self.slot_holds(p, slot))));
        }
        found
    }

    /// What the includes bring in with the matches of one page.
    pub(in crate::laws) fn included(
        &self,
        page: &BTreeSet<Identity>,
        includes: &[Include],
        searched: shared::fhir::ResourceType,
    ) -> BTreeSet<Identity> {
        let mut all = page.clone();
        let mut first = true;
        loop {
            let before = all.len();
            for include in includes {
                // T5: an include of another type than the searched one is for included resources.
                let is_foreign = !include.reverse && include.source != Some(searched);
                if first || include.iterate || is_foreign {
                    let from = if include.iterate || is_foreign { &all } else { page };
                    let brought: Vec<Identity> =
                        from.iter().flat_map(|from| self.brought(from, include)).collect();
                    all.extend(brought);
                }
            }
            first = false;
            if all.len() == before {
                return all.difference(page).cloned().collect();
            }
        }
    }

    fn brought(&self, from: &Identity, include: &Include) -> Vec<Identity> {
        let source = include.source.expect("the test's includes name their source");
        let parameters: Vec<&SearchParameter> = match include.parameter {
            Some(parameter) => vec![find(source, parameter.code).expect("of this type")],
            None => of_type(source).filter(|p| !p.targets.is_empty()).collect(),
        };
        let is_wanted = |t: &Identity| include.target.is_none_or(|wanted| wanted == t.0);
        let mut brought = Vec::new();
        for parameter in parameters {
            if include.reverse {
                let sources = self.documents.keys().filter(|(t, _)| *t == source);
                let refers = |s: &&Identity| self.targets(s, parameter).contains(from);
                if is_wanted(from) {
                    brought.extend(sources.filter(refers).cloned());
                }
            } else if from.0 == source {
                brought.extend(self.targets(from, parameter).into_iter().filter(is_wanted));
            }
        }
        brought
    }
}

fn in_brackets<'e>(part: &Part<'e>) -> Option<&'e Brackets> {
    if let Part::Within(brackets) = part { Some(brackets) } else { None }
}

/// The points of the first place criterion; of alternatives, those of each.
fn centers(expr: &Expr) -> Vec<(f64, f64)> {
    match expr {
        Expr::And(parts) => parts.iter().map(centers).find(|c| !c.is_empty()).unwrap_or_default(),
        Expr::Or(parts) => parts.iter().flat_map(centers).collect(),
        Expr::Within(brackets) => centers(&brackets.inner),
        Expr::Not(_) => Vec::new(),
        Expr::Criterion(criterion) => match &criterion.test {
            Test::Any(values) => values
                .iter()
                .filter_map(|value| match value {
                    QueryValue::Near(query) => Some(compare::circle(query).0),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        },
    }
}

/// The chain of the place criteria outside brackets; the test's requests have one.
fn near_chain(expr: &Expr) -> Option<&[crate::parse::ast::Hop]> {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().find_map(near_chain),
        Expr::Not(_) | Expr::Within(..) => None,
        Expr::Criterion(criterion) => {
            (!centers(expr).is_empty()).then_some(criterion.chain.as_slice())
        }
    }
}

fn key(value: &Value, of: &SearchParameter) -> Option<Key> {
    match of.kind {
        ParameterType::Number => value.as_f64().map(Key::Number),
        ParameterType::Quantity => compare::size(value).map(Key::Number),
        // Dates sort by where they begin.
        ParameterType::Date => compare::date_range(value).map(|(low, _)| Key::Number(low as f64)),
        ParameterType::String => value.as_str().map(|text| Key::Text(compare::string(text))),
        ParameterType::Uri | ParameterType::Token => {
            value.as_str().map(|t| Key::Text(t.to_owned()))
        }
        ParameterType::Reference
        | ParameterType::Composite
        | ParameterType::Special
        | ParameterType::Text => None,
    }
}
