//! One word: the terms that meet it, and what each is worth.
//!
//! One letter is met by itself only, up to four letters by what they start, so that acronyms do not
//! match half the dictionary ("IRM" is in "infirmier"). Numbers and codes are never looked for inside
//! others.

use shared::index::SegmentView;
use shared::schema::words::{NAME, STEM, WORD, stem};
use tantivy::postings::TermInfo;

use crate::execute::Result;

use super::{
    INSIDE, PREFIX, PREFIX_IN_NAME, SAME_STEM, Scored, Search, WHOLE, WHOLE_IN_NAME, Worth,
    term_info,
};

/// Fewest letters of a word that is looked for inside others.
const INSIDE_FROM: usize = 5;

/// Fewest letters of a word that is looked for at the start of others.
const PREFIX_FROM: usize = 2;

impl Search<'_> {
    /// The resources that hold a word in some form, each with its best match.
    pub(super) fn word(&mut self, word: &str) -> Result<Vec<Scored>> {
        let snapshot = self.snapshot;
        let mut terms = Vec::new();
        for segment in snapshot.segments() {
            for scope in self.scopes {
                self.watch.look()?;
                matching_terms(&segment.view, scope, word, &mut terms)?;
                for (info, worth) in terms.drain(..) {
                    self.note(segment, &info, worth)?;
                }
            }
        }
        Ok(self.tally.take())
    }
}

fn matching_terms(
    view: &SegmentView,
    scope: &str,
    word: &str,
    terms: &mut Vec<(TermInfo, Worth)>,
) -> Result<()> {
    let length = word.chars().count();
    let mut add = |found: &str, info: &TermInfo| {
        let worth = match found.strip_prefix(word) {
            Some("") => WHOLE,
            Some(_) => PREFIX,
            None => INSIDE,
        };
        terms.push((info.clone(), worth));
    };
    if length < PREFIX_FROM {
        if let Some(info) = term_info(view, scope, WORD, word)? {
            add(word, &info);
        }
    } else if length < INSIDE_FROM || word.contains(|c: char| c.is_numeric()) {
        view.dictionary(scope, WORD)?.starting_with(word, &mut add);
    } else {
        view.dictionary(scope, WORD)?.containing(word, &mut add);
    }
    if length < PREFIX_FROM {
        terms.extend(term_info(view, scope, NAME, word)?.map(|info| (info, WHOLE_IN_NAME)));
    } else {
        view.dictionary(scope, NAME)?.starting_with(word, &mut |found, info| {
            let worth = if found.len() == word.len() { WHOLE_IN_NAME } else { PREFIX_IN_NAME };
            terms.push((info.clone(), worth));
        });
    }
    let stem = stem(word);
    for form in [WORD, STEM] {
        // A word that is its own stem was found above.
        if form == STEM || stem != word {
            terms.extend(term_info(view, scope, form, stem)?.map(|info| (info, SAME_STEM)));
        }
    }
    Ok(())
}
