//! One word: the terms that meet it, and what each is worth.
//!
//! One letter is met by itself only, up to four letters by what they start, so that acronyms do not
//! match half the dictionary ("IRM" is in "infirmier"). Numbers and codes are never looked for inside
//! others, nor do short words meet starts of words about records. A plural meets what its singular does, a discipline its doctors (`pédiatrie`, `pédiatre`).

use shared::index::{KeySet, SegmentView};
use shared::schema::words::{NAME, RECORD, STEM, WORD, family, singular, stem};
use tantivy::postings::TermInfo;

use crate::execute::Result;

use super::score::{
    DERIVED, INSIDE, OF_RECORD, PREFIX, PREFIX_IN_NAME, SAME_STEM, SHORT_IN_NAME, WHOLE,
    WHOLE_IN_NAME, Worth,
};
use super::{Scored, Search, term_info};

/// Fewest letters of a word that is looked for inside others.
const INSIDE_FROM: usize = 5;

/// Fewest letters of a word that is looked for at the start of others, and with which a name whose word
/// starts so counts as one that holds it: fewer are an acronym (`CH`, of `CHATEAU` the start only).
const PREFIX_FROM: usize = 2;
const NAMED_FROM: usize = 4;

impl Search<'_> {
    /// The resources that hold a word in some form, each with its best match, and those whose name does.
    pub(super) fn word(&mut self, word: &str) -> Result<(Vec<Scored>, KeySet)> {
        self.note(|view, scope, terms| matching_terms(view, scope, word, terms))?;
        Ok(self.tally.take())
    }
}

fn matching_terms(
    view: &SegmentView,
    scope: &str,
    word: &str,
    terms: &mut Vec<(TermInfo, Worth)>,
) -> tantivy::Result<()> {
    let length = word.chars().count();
    let is_coded = word.contains(|c: char| c.is_numeric());
    if length < PREFIX_FROM {
        terms.extend(term_info(view, scope, WORD, word)?.map(|info| (info, WHOLE)));
        terms.extend(term_info(view, scope, NAME, word)?.map(|info| (info, WHOLE_IN_NAME)));
        terms.extend(term_info(view, scope, RECORD, word)?.map(|info| (info, OF_RECORD)));
        return Ok(());
    }
    let (words, names) = (view.dictionary(scope, WORD)?, view.dictionary(scope, NAME)?);
    let shorter = Some(singular(word)).filter(|s| s.len() >= INSIDE_FROM && **s != *word);
    // What the plural is in, a singular that it starts with is in too.
    let is_covered = shorter.as_ref().is_some_and(|singular| word.starts_with(&**singular));
    for part in (!is_covered).then_some(word).into_iter().chain(shorter.as_deref()) {
        let mut add = |found: &str, info: &TermInfo| {
            let worth = match (found == word, found.starts_with(part)) {
                (true, _) => WHOLE,
                (false, true) => PREFIX,
                (false, false) => INSIDE,
            };
            terms.push((info.clone(), worth));
        };
        if length < INSIDE_FROM || is_coded {
            words.starting_with(part, &mut add);
        } else {
            words.containing(part, &mut add);
        }
        names.starting_with(part, &mut |found, info| {
            let worth = match found == word {
                true => WHOLE_IN_NAME,
                false if length < NAMED_FROM => SHORT_IN_NAME,
                false => PREFIX_IN_NAME,
            };
            terms.push((info.clone(), worth));
        });
    }
    let records = view.dictionary(scope, RECORD)?;
    let shortest = shorter.as_deref().unwrap_or(word);
    if length < INSIDE_FROM || is_coded {
        terms.extend(term_info(view, scope, RECORD, word)?.map(|info| (info, OF_RECORD)));
    } else {
        records.containing(shortest, &mut |_, info| terms.push((info.clone(), OF_RECORD)));
    }
    if let Some(root) = family(word) {
        words.starting_with(root, &mut |_, info| terms.push((info.clone(), DERIVED)));
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
