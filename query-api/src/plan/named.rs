//! The records that an answer names: the prices and capacities that make a resource match, or that it
//! is sorted by under conditions of the order.
//!
//! A record is named when the whole way to it holds: every resource on the way satisfies what the
//! criteria ask of it. What is negated names nothing.

use shared::registry::RecordKind;

use super::order::{Order, OrderKey};
use super::predicate::{JoinStep, Leaf, Predicate};

/// Records that are named with the matches they belong to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    /// What they are.
    pub(crate) kind: RecordKind,
    /// The way from a match to the resource that holds them; empty when it is the match.
    pub(crate) steps: Vec<JoinStep>,
    /// What the resources on the way satisfy: after this many steps, this.
    pub(crate) conditions: Vec<(usize, Predicate)>,
    /// What the record satisfies.
    pub(crate) leaves: Vec<Leaf>,
}

/// Whether records of a kind are named: those whose numbers an answer is about.
pub(crate) const fn is_named(kind: RecordKind) -> bool {
    match kind {
        RecordKind::Price | RecordKind::Capacity => true,
        RecordKind::Equipment
        | RecordKind::Dwelling
        | RecordKind::Patient
        | RecordKind::UseContext => false,
    }
}

/// The records named by what the matches satisfy and by their order.
pub(super) fn records(predicate: &Predicate, order: &[OrderKey]) -> Vec<Named> {
    let mut way = Way { steps: Vec::new(), conditions: Vec::new(), found: Vec::new() };
    way.walk(predicate);
    for key in order {
        if let OrderKey::Field(key) = key
            && key.conditioned
        {
            way.sorted_by(key);
        }
    }
    way.found
}

/// A walk through a predicate: where it is, and what it has found.
struct Way {
    steps: Vec<JoinStep>,
    conditions: Vec<(usize, Predicate)>,
    found: Vec<Named>,
}

impl Way {
    fn walk(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::All | Predicate::Not(_) | Predicate::Leaf(_) => {}
            Predicate::And(parts) => parts.iter().for_each(|part| self.walk(part)),
            Predicate::Or(parts) => {
                for part in parts {
                    self.conditions.push((self.steps.len(), part.clone()));
                    self.walk(part);
                    self.conditions.pop();
                }
            }
            Predicate::Join(step, target) => {
                self.steps.push(*step);
                self.conditions.push((self.steps.len(), (**target).clone()));
                self.walk(target);
                self.conditions.pop();
                self.steps.pop();
            }
            Predicate::Record(kind, leaves) => {
                let (steps, conditions) = (self.steps.clone(), self.conditions.clone());
                self.add(Named { kind: *kind, steps, conditions, leaves: leaves.clone() });
            }
        }
    }

    fn sorted_by(&mut self, key: &Order) {
        let Some(kind) = key.record else { return };
        for source in &key.sources {
            let conditions =
                vec![(0, source.matches.clone()), (source.steps.len(), source.target.clone())];
            let (steps, leaves) = (source.steps.clone(), source.record.clone());
            self.add(Named { kind, steps, conditions, leaves });
        }
    }

    fn add(&mut self, named: Named) {
        let is_known = self.found.contains(&named);
        if is_named(named.kind) && !named.leaves.is_empty() && !is_known {
            self.found.push(named);
        }
    }
}
