//! How well one document meets one word: the frequency part of BM25, put between the least and the most that
//! the kind of match is worth. How the words of a text are weighed together is not decided here.

use shared::fhir::ResourceType;
use shared::index::{Segment, SegmentView, Snapshot};
use tantivy::postings::TermInfo;

use super::Scored;

/// How much a kind of match is worth: from its least to its greatest frequency.
///
/// Bands of whole words, stems and starts of words lie above that of matches inside a word; in the
/// resource's own name a word is worth more, and the more the shorter the name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worth {
    least: f32,
    most: f32,
    is_name: bool,
    /// Whether the word is then one of those that the name holds.
    pub(super) is_named: bool,
}

impl Worth {
    const fn text(least: f32, most: f32) -> Self {
        Self { least, most, is_name: false, is_named: false }
    }

    const fn name(least: f32, most: f32) -> Self {
        Self { least, most, is_name: true, is_named: true }
    }
}

pub(super) const OWN_NUMBER: Worth = Worth { is_named: true, ..Worth::text(0.9, 1.0) };
pub(super) const OWN_LONGER_NUMBER: Worth = Worth { is_named: true, ..Worth::text(0.8, 0.9) };
pub(super) const WHOLE: Worth = Worth::text(0.55, 0.85);
pub(super) const WHOLE_IN_NAME: Worth = Worth::name(0.7, 1.0);
pub(super) const SAME_STEM: Worth = Worth::text(0.5, 0.8);
pub(super) const PREFIX: Worth = Worth::text(0.45, 0.75);
pub(super) const DERIVED: Worth = Worth::text(0.4, 0.7);
pub(super) const PREFIX_IN_NAME: Worth = Worth::name(0.55, 0.85);
/// The start of a word in a name, by so few letters that it says little of the name.
pub(super) const SHORT_IN_NAME: Worth = Worth { is_named: false, ..PREFIX_IN_NAME };
/// The start of a word of a name by its first letter.
pub(super) const INITIAL: Worth =
    Worth { least: 0.05, most: 0.3, is_named: false, ..PREFIX_IN_NAME };
pub(super) const INSIDE: Worth = Worth::text(0.1, 0.4);
pub(super) const MISSPELLED: Worth = Worth::text(0.05, 0.3);
/// In the label of a price or a capacity: it says nothing of the resource beside others of its kind.
pub(super) const OF_RECORD: Worth = Worth::text(0.05, 0.3);

/// Mean number of words of a name.
const USUAL_NAME_WORDS: f32 = 4.0;

/// BM25's usual constants.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What BM25 needs to know of all documents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collection {
    documents: f32,
    mean_words: f32,
}

impl Collection {
    pub(super) fn of(snapshot: &Snapshot, base: ResourceType) -> Self {
        let statistics = snapshot.word_statistics();
        Self {
            documents: statistics.documents(base).max(1) as f32,
            mean_words: statistics.mean_words(base),
        }
    }

    /// The weight of a word that so many documents hold; none is read as one.
    pub(super) fn weight(self, documents_with: u64) -> f32 {
        let with = (documents_with.max(1) as f32).min(self.documents);
        (1.0 + (self.documents - with + 0.5) / (with + 0.5)).ln()
    }

    /// The live documents of a term with their scores.
    pub(super) fn score_all(
        self,
        segment: &Segment,
        info: &TermInfo,
        worth: Worth,
        scored: &mut Vec<Scored>,
    ) -> tantivy::Result<()> {
        let view = &segment.view;
        view.for_each_word_block(info, |docs, frequencies| {
            for (doc, frequency) in docs.iter().zip(frequencies) {
                if segment.is_alive(*doc) {
                    scored.push((view.owner(*doc), self.score_in(view, *doc, worth, *frequency)));
                }
            }
        })
    }

    /// The score of a kind of match in a document.
    pub(super) fn score_in(
        self,
        view: &SegmentView,
        doc: u32,
        worth: Worth,
        frequency: u32,
    ) -> f32 {
        let (words, mean) = if worth.is_name {
            (view.name_words(doc), USUAL_NAME_WORDS)
        } else {
            (view.word_count(doc), self.mean_words)
        };
        score(worth, frequency, words as f32 / mean)
    }
}

/// A kind of match, by the frequency part of BM25 divided by its bound; `length` is that of the text
/// beside the mean.
fn score(worth: Worth, frequency: u32, length: f32) -> f32 {
    let frequency = frequency as f32;
    let length = 1.0 - B + B * length;
    worth.least + (worth.most - worth.least) * frequency / (frequency + K1 * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_inside_a_word_is_never_worth_more() {
        let frequent = score(INSIDE, 10_000, 0.01);
        for worth in [WHOLE, WHOLE_IN_NAME, SAME_STEM, PREFIX, DERIVED, PREFIX_IN_NAME] {
            let rare = score(worth, 1, 1_000.0);
            assert!(rare > frequent, "{worth:?}: {rare} {frequent}");
        }
        assert!(score(OWN_NUMBER, 1, 1_000.0) > score(WHOLE, 10_000, 0.01));
        for worth in [WHOLE, WHOLE_IN_NAME, SAME_STEM, PREFIX, INSIDE, MISSPELLED] {
            let score = score(worth, 3, 0.8);
            assert!(score > worth.least && score < worth.most, "{score}");
        }
    }

    #[test]
    fn rarer_words_weigh_more() {
        let collection = Collection { documents: 1_000.0, mean_words: 50.0 };
        let weights: Vec<f32> =
            [0, 1, 10, 500, 1_000, 5_000].map(|with| collection.weight(with)).into();
        assert!(weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
        assert!(weights.iter().all(|weight| *weight > 0.0), "{weights:?}");
        let none = Collection { documents: 1.0, mean_words: 50.0 };
        assert!(none.weight(0) > 0.0);
    }
}
