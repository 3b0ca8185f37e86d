//! A phrase: whole words next to each other, in one value of one resource.
//!
//! Positions leave a gap between two values, and the classes of visibility have terms of their own, so
//! that neighbors always stand in one element that the caller may see.

use shared::index::{KeySet, Segment, SegmentView};
use shared::schema::words::{NAME, RECORD, WORD};
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::{DocSet, TERMINATED};

use super::score::{OF_RECORD, WHOLE, WHOLE_IN_NAME, Worth};
use super::{Scored, Search, term_info};
use crate::execute::Result;

impl Search<'_> {
    /// The resources that hold the words next to each other, and those whose name does.
    pub(super) fn phrase(&mut self, words: &[String]) -> Result<(Vec<Scored>, KeySet)> {
        let forms = [(WORD, WHOLE), (NAME, WHOLE_IN_NAME), (RECORD, OF_RECORD)];
        if let [word] = words {
            self.note(|view, scope, terms| {
                for (form, worth) in forms {
                    terms.extend(term_info(view, scope, form, word)?.map(|info| (info, worth)));
                }
                Ok(())
            })?;
            return Ok(self.tally.take());
        }
        let snapshot = self.snapshot;
        for segment in snapshot.segments() {
            for scope in self.scopes {
                for (form, worth) in forms {
                    self.adjacent(segment, scope, words, form, worth)?;
                }
            }
        }
        Ok(self.tally.take())
    }

    fn adjacent(
        &mut self,
        segment: &Segment,
        scope: &str,
        words: &[String],
        form: char,
        worth: Worth,
    ) -> Result<()> {
        let view = &segment.view;
        let Some(mut all) = open(view, scope, form, words)? else { return Ok(()) };
        self.tally.reserve(self.snapshot.universe());
        let mut starts = Vec::new();
        let mut positions = Vec::new();
        while let Some(doc) = next_common(&mut all) {
            self.watch.step()?;
            if segment.is_alive(doc) {
                phrase_starts(&mut all, &mut starts, &mut positions);
                if !starts.is_empty() {
                    let frequency = starts.len() as u32;
                    let found = self.collection.score_in(view, doc, worth, frequency);
                    self.tally.note(view.owner(doc), found);
                    if worth.is_named {
                        self.tally.note_named(vec![view.owner(doc)]);
                    }
                }
            }
            all[0].1.advance();
        }
        Ok(())
    }
}

/// The postings of all words with their places in the phrase, the rarest first; `None` when one is
/// nowhere.
fn open(
    view: &SegmentView,
    scope: &str,
    form: char,
    words: &[String],
) -> Result<Option<Vec<(u32, SegmentPostings)>>> {
    let mut all = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        let Some(info) = term_info(view, scope, form, word)? else { return Ok(None) };
        all.push((place as u32, view.word_positions(&info)?));
    }
    all.sort_by_key(|(_, postings)| postings.doc_freq());
    Ok(Some(all))
}

/// The next document that holds all words; the postings then stand at it.
fn next_common(all: &mut [(u32, SegmentPostings)]) -> Option<u32> {
    let mut doc = all[0].1.doc();
    'candidate: while doc != TERMINATED {
        for at in 1..all.len() {
            let other = &mut all[at].1;
            let found = if other.doc() < doc { other.seek(doc) } else { other.doc() };
            if found != doc {
                doc = if found == TERMINATED { TERMINATED } else { all[0].1.seek(found) };
                continue 'candidate;
            }
        }
        return Some(doc);
    }
    None
}

/// Where the phrase starts in the document at which all postings stand.
fn phrase_starts(
    all: &mut [(u32, SegmentPostings)],
    starts: &mut Vec<u32>,
    positions: &mut Vec<u32>,
) {
    starts.clear();
    for (number, (place, postings)) in all.iter_mut().enumerate() {
        postings.positions(positions);
        // Wraps where the word stands too early to have the others before it; no start is there.
        let here = positions.iter().map(|position| position.wrapping_sub(*place));
        if number == 0 {
            starts.extend(here.filter(|start| *start <= u32::MAX / 2));
        } else {
            let here: Vec<u32> = here.collect();
            starts.retain(|start| here.contains(start));
        }
    }
}
