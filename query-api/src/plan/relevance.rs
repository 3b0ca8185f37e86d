//! What the relevance of a match is made of: the word searches of its criteria, in their structure.
//!
//! Negated criteria rank nothing, nor do texts that only exclude, nor anything but words.

use super::{JoinStep, Leaf, LeafTest, Predicate};

/// How the word searches of a plan make one score.
#[derive(Debug, Clone)]
pub(crate) enum Relevance {
    /// How well the resource holds the words of this leaf.
    Words(Leaf),
    /// All are asked: their mean, by weight.
    All(Vec<Relevance>),
    /// One of these is asked: the best.
    Any(Vec<Relevance>),
    /// That of the best resource at the other end.
    Join(JoinStep, Box<Relevance>),
}

impl Relevance {
    /// What a predicate gives to rank by; `None` when it searches no words.
    pub(super) fn of(predicate: &Predicate) -> Option<Self> {
        match predicate {
            Predicate::All | Predicate::Not(_) | Predicate::Record(..) => None,
            Predicate::Leaf(leaf) => {
                let LeafTest::Words(query) = &leaf.test else { return None };
                let ranks = query.texts.iter().any(|text| !text.wanted.is_empty());
                ranks.then(|| Self::Words(leaf.clone()))
            }
            Predicate::And(parts) => Self::of_parts(parts, Self::All),
            Predicate::Or(parts) => Self::of_parts(parts, Self::Any),
            Predicate::Join(step, target) => {
                Self::of(target).map(|target| Self::Join(*step, Box::new(target)))
            }
        }
    }

    fn of_parts(parts: &[Predicate], combined: fn(Vec<Self>) -> Self) -> Option<Self> {
        let mut parts: Vec<Self> = parts.iter().filter_map(Self::of).collect();
        if parts.len() > 1 { Some(combined(parts)) } else { parts.pop() }
    }
}
