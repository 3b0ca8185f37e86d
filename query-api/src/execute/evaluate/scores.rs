//! Words → how well each match meets them: found once a request, asked for each match that is looked at.

use std::rc::Rc;

use shared::error::Issue;
use shared::fhir::ResourceType;

use super::Evaluation;
use crate::execute::Result;
use crate::execute::words::{self, WordHits};
use crate::plan::{JoinStep, Leaf, LeafTest, Relevance, TypePlan};

/// What each word search of a plan found, combined as [`Relevance`] says.
#[derive(Debug)]
pub(in crate::execute) enum Scores {
    Words(Rc<WordHits>),
    All(Vec<Scores>),
    Any(Vec<Scores>),
    Join(JoinStep, Box<Scores>),
}

impl Scores {
    /// How much they weigh among others that must hold too.
    fn weight(&self) -> f32 {
        match self {
            Self::Words(hits) => hits.weight,
            Self::All(parts) => parts.iter().map(Self::weight).sum(),
            Self::Any(parts) => parts.iter().map(Self::weight).fold(0.0, f32::max),
            Self::Join(_, target) => target.weight(),
        }
    }
}

impl Evaluation<'_> {
    pub(super) fn word_hits(&mut self, base: ResourceType, leaf: &Leaf) -> Result<Rc<WordHits>> {
        let LeafTest::Words(query) = &leaf.test else {
            unreachable!("only word leaves are asked for their words")
        };
        if let Some(hits) = self.words.get(query) {
            return Ok(Rc::clone(hits));
        }
        let hits = Rc::new(words::find(self.snapshot, &self.watch, base, query)?);
        self.words.insert(query.clone(), Rc::clone(&hits));
        Ok(hits)
    }

    /// How the words of the request were read, where not as typed.
    pub(in crate::execute) fn word_issues(&self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = Vec::new();
        for issue in self.words.values().flat_map(|hits| &hits.issues) {
            if !issues.contains(issue) {
                issues.push(issue.clone());
            }
        }
        // The map has no order.
        issues.sort_unstable_by(|a, b| a.diagnostics.cmp(&b.diagnostics));
        issues
    }

    /// What the matches of a plan are scored by; `None` when it searches no words.
    pub(in crate::execute) fn scores(&mut self, plan: &TypePlan) -> Result<Option<Scores>> {
        let relevance = plan.relevance.as_ref();
        relevance.map(|relevance| self.scores_of(plan.base, relevance)).transpose()
    }

    fn scores_of(&mut self, base: ResourceType, relevance: &Relevance) -> Result<Scores> {
        let mut scores_of = |parts: &[Relevance]| -> Result<Vec<Scores>> {
            parts.iter().map(|part| self.scores_of(base, part)).collect()
        };
        Ok(match relevance {
            Relevance::All(parts) => Scores::All(scores_of(parts)?),
            Relevance::Any(parts) => Scores::Any(scores_of(parts)?),
            Relevance::Words(leaf) => Scores::Words(self.word_hits(base, leaf)?),
            Relevance::Join(step, target) => {
                Scores::Join(*step, Box::new(self.scores_of(step.to, target)?))
            }
        })
    }

    /// The relevance of a match, from 0 to 1.
    pub(in crate::execute) fn score(&self, scores: &Scores, key: u32) -> Result<f32> {
        Ok(match scores {
            Scores::Words(hits) => hits.score(key),
            Scores::All(parts) => {
                let (mut sum, mut bound) = (0.0, 0.0);
                for part in parts {
                    sum += part.weight() * self.score(part, key)?;
                    bound += part.weight();
                }
                if bound > 0.0 { (sum / bound).clamp(0.0, 1.0) } else { 0.0 }
            }
            Scores::Any(parts) => {
                let mut best = 0.0f32;
                for part in parts {
                    best = best.max(self.score(part, key)?);
                }
                best
            }
            Scores::Join(step, target) => {
                let mut best = 0.0f32;
                for end in self.reached(std::slice::from_ref(step), key)? {
                    best = best.max(self.score(target, end)?);
                }
                best
            }
        })
    }
}
