//! What stands in brackets (`ref[…]`), read literally (T11 e): there is a target, and of each kind one of its
//! records, of which everything inside is true, what is negated too.
//!
//! Tries every choice of records. Of a record that is not there neither a criterion nor its negation is
//! true.

use crate::laws::directory::Identity;
use crate::parse::ast::{Expr, Test};

use super::{Part, World, alternatives, groups, is_negative, read, texts};

/// One record of each kind that is chosen.
type Chosen<'a> = Vec<(read::Kind, read::Record<'a>)>;

/// The kind of record that a criterion on the target itself is about, be it a negation.
fn own_kind(part: &Part<'_>) -> Option<read::Kind> {
    match part {
        Part::Criterion(c) if c.chain.is_empty() => read::kind(c.base, c.parameter.code),
        _ => None,
    }
}

impl<'a> World<'a> {
    /// Whether an expression in brackets holds on a target.
    pub(super) fn holds_in_brackets(&self, target: &Identity, expr: &Expr) -> bool {
        alternatives(expr).iter().any(|parts| !self.choices(target, parts).is_empty())
    }

    /// Every choice of records of which one alternative is true.
    pub(super) fn choices(&self, target: &Identity, parts: &[Part<'_>]) -> Vec<Chosen<'a>> {
        let mut slots = groups(parts, true)
            .into_iter()
            .find(|group| group.chain.is_empty())
            .map_or(Vec::new(), |group| group.slots);
        let first = if slots.is_empty() { Vec::new() } else { slots.remove(0) };
        // What a second equality on one name asks for is a record of its own.
        let others_hold = slots.iter().all(|slot| {
            let parts: Vec<Part<'_>> = slot.iter().map(|c| Part::Criterion(c)).collect();
            self.assigned(target, &parts).iter().any(|chosen| self.is_true(target, &parts, chosen))
        });
        if !others_hold {
            return Vec::new();
        }
        let is_own = |part: &&Part<'_>| matches!(part, Part::Criterion(c) if c.chain.is_empty());
        let rest = parts.iter().filter(|part| !is_own(part)).copied();
        let parts: Vec<Part<'_>> = first.into_iter().map(Part::Criterion).chain(rest).collect();
        let mut all = self.assigned(target, &parts);
        all.retain(|chosen| self.is_true(target, &parts, chosen));
        all
    }

    /// The records of one kind of which an alternative is true; `None` when it does not speak of any.
    pub(super) fn chosen(
        &self,
        target: &Identity,
        parts: &[Part<'_>],
        kind: read::Kind,
    ) -> Option<Vec<read::Record<'a>>> {
        let mut kinds = Vec::new();
        kinds_of(parts, &mut kinds);
        if !kinds.contains(&kind) {
            return None;
        }
        let of_kind = |chosen: Chosen<'a>| chosen.into_iter().find(|(k, _)| *k == kind);
        let mut records: Vec<_> =
            self.choices(target, parts).into_iter().filter_map(of_kind).map(|(_, r)| r).collect();
        // What a second equality on one name asks for is a record of its own.
        let own = groups(parts, true).into_iter().find(|group| group.chain.is_empty());
        for slot in own.iter().flat_map(|group| group.slots.iter().skip(1)) {
            let parts: Vec<Part<'_>> = slot.iter().map(|c| Part::Criterion(c)).collect();
            let mut all = self.assigned(target, &parts);
            all.retain(|chosen| self.is_true(target, &parts, chosen));
            records.extend(all.into_iter().filter_map(of_kind).map(|(_, r)| r));
        }
        Some(records)
    }

    /// Every choice of one record of each kind that the parts speak of, where the target has some.
    fn assigned(&self, target: &Identity, parts: &[Part<'_>]) -> Vec<Chosen<'a>> {
        let mut kinds = Vec::new();
        kinds_of(parts, &mut kinds);
        kinds.into_iter().fold(vec![Chosen::new()], |sofar, kind| {
            let records = read::records(self.document(target), kind);
            if records.is_empty() {
                return sofar;
            }
            let with = |chosen: &Chosen<'a>| {
                let more =
                    |record: &read::Record<'a>| [chosen.as_slice(), &[(kind, *record)]].concat();
                records.iter().map(more).collect::<Vec<_>>()
            };
            sofar.iter().flat_map(with).collect()
        })
    }

    fn is_true(&self, target: &Identity, parts: &[Part<'_>], chosen: &Chosen<'a>) -> bool {
        let (own, rest) = split(parts);
        own.iter().all(|part| self.shows(target, part, chosen, true))
            && self.rest_holds(target, &rest)
    }

    /// Whether a part is seen to be true, or to be untrue.
    fn shows(&self, target: &Identity, part: &Part<'_>, chosen: &Chosen<'a>, truth: bool) -> bool {
        let expr = match part {
            Part::Not(expr) => expr,
            part => {
                let record = chosen.iter().find(|(kind, _)| own_kind(part) == Some(*kind));
                let Some((kind, record)) = record else { return false };
                let Part::Criterion(criterion) = part else { return false };
                let of_target = read::records(self.document(target), *kind);
                return self.is_of_record(record, &of_target, criterion) == truth;
            }
        };
        // True when untrue is what it negates: every alternative of it, by a part or by the rest.
        let mut all = alternatives(expr).into_iter().map(|parts| {
            let (own, rest) = split(&parts);
            if truth {
                own.iter().any(|part| self.shows(target, part, chosen, false))
                    || (!rest.is_empty() && !self.rest_holds(target, &rest))
            } else {
                own.iter().all(|part| self.shows(target, part, chosen, true))
                    && self.rest_holds(target, &rest)
            }
        });
        if truth { all.all(|shown| shown) } else { all.any(|shown| shown) }
    }

    /// What is not of records of the target: its own values, further chains and brackets.
    fn rest_holds(&self, target: &Identity, rest: &[Part<'_>]) -> bool {
        let within = rest.iter().all(|part| match part {
            Part::Within(brackets) => {
                let ends = self.reach(target, &brackets.chain, brackets.above);
                ends.iter().any(|end| self.holds_in_brackets(end, &brackets.inner))
            }
            Part::Criterion(_) | Part::Not(_) => true,
        });
        within
            && groups(rest, true).iter().all(|group| {
                let ends = self.reach(target, group.chain, group.above);
                let holds = |slot: &Vec<_>, end: &Identity| {
                    let parts: Vec<Part<'_>> = slot
                        .iter()
                        .map(|c: &&crate::parse::ast::Criterion| Part::Criterion(c))
                        .collect();
                    self.of_end(end, &parts)
                };
                group.slots.iter().all(|slot| ends.iter().any(|end| holds(slot, end)))
            })
    }

    /// Criteria at the end of a chain: those on records are of one record of each kind.
    fn of_end(&self, end: &Identity, parts: &[Part<'_>]) -> bool {
        let is_record = |part: &&Part<'_>| match part {
            Part::Criterion(c) => read::kind(c.base, c.parameter.code).is_some(),
            _ => false,
        };
        let (of_records, others): (Vec<_>, Vec<_>) = parts.iter().partition(is_record);
        let plain = others.into_iter().all(|part| match part {
            Part::Criterion(criterion) => self.criterion_holds(end, criterion),
            _ => false,
        });
        let kinds: Vec<read::Kind> = of_records
            .iter()
            .filter_map(|part| match part {
                Part::Criterion(c) => read::kind(c.base, c.parameter.code),
                _ => None,
            })
            .collect();
        plain
            && kinds.into_iter().all(|kind| {
                let records = read::records(self.document(end), kind);
                records.iter().any(|record| {
                    of_records.iter().all(|part| match part {
                        Part::Criterion(c)
                            if read::kind(c.base, c.parameter.code) == Some(kind) =>
                        {
                            self.is_of_record(record, &records, c)
                        }
                        _ => true,
                    })
                })
            })
    }

    /// Whether a criterion, be it a negation, is true of one record.
    fn is_of_record(
        &self,
        record: &read::Record<'_>,
        of_resource: &[read::Record<'_>],
        criterion: &crate::parse::ast::Criterion,
    ) -> bool {
        if !is_negative(criterion) {
            return self.is_positive_of_record(record, of_resource, criterion);
        }
        let parameter = criterion.parameter;
        let values = record.values(parameter.code);
        match &criterion.test {
            Test::Missing(missing) => values.is_empty() == *missing,
            Test::None(asked) if parameter.kind == shared::registry::ParameterType::String => {
                let equals = Test::Equals(texts(asked));
                !values.iter().any(|value| self.answers(value, parameter, &equals))
            }
            Test::None(asked) => {
                let any = Test::Any(asked.clone());
                !values.iter().any(|value| self.answers(value, parameter, &any))
            }
            ne => values.iter().any(|value| self.answers(value, parameter, ne)),
        }
    }
}

/// What is asked of the records, or negates something; and the rest.
fn split<'e>(parts: &[Part<'e>]) -> (Vec<Part<'e>>, Vec<Part<'e>>) {
    parts.iter().partition(|part| matches!(part, Part::Not(_)) || own_kind(part).is_some())
}

/// Whether an alternative of what stands in brackets speaks of a kind of record.
pub(super) fn speaks(inner: &Expr, kind: read::Kind) -> bool {
    alternatives(inner).iter().any(|parts| {
        let mut kinds = Vec::new();
        kinds_of(parts, &mut kinds);
        kinds.contains(&kind)
    })
}

/// The kinds of record that the parts speak of, each once.
fn kinds_of(parts: &[Part<'_>], kinds: &mut Vec<read::Kind>) {
    for part in parts {
        if let Some(kind) = own_kind(part)
            && !kinds.contains(&kind)
        {
            kinds.push(kind);
        }
        if let Part::Not(expr) = part {
            for parts in alternatives(expr) {
                kinds_of(&parts, kinds);
            }
        }
    }
}
