//! Parts that are found, but nowhere together: one of them is read as what it may be meant to be.
//!
//! A slip often gives another word, or the inside of one (`blache` of `BLANCHE`), which keeps everything
//! else from being found. One part is read anew at a time, the others stay as they are: what two wrong
//! words might mean is anybody's guess. What cannot be helped is told.

use shared::param::text::TextPart;
use shared::schema::words::NAME;

use super::score::INITIAL;
use super::{Found, Reading, Scored, Search, keep_common, union};
use crate::execute::Result;

impl Search<'_> {
    /// What holds all parts but one as they are, and that one in another reading, which is added to what
    /// was found of it.
    pub(super) fn together(
        &mut self,
        wanted: &[TextPart],
        parts: &mut [Found],
    ) -> Result<Vec<Scored>> {
        let mut read = Vec::new();
        let mut hindering = Vec::new();
        for (at, part) in wanted.iter().enumerate() {
            self.watch.look()?;
            let others = all_but(parts, at);
            if others.is_empty() {
                continue;
            }
            hindering.push(part);
            let TextPart::Word { word, is_acronym: false } = part else { continue };
            // What was found nowhere was read anew already.
            let is_read = parts[at].hits.is_empty() && word.len() > 1;
            if is_read || self.readings.iter().any(|known| known.word == *word) {
                continue;
            }
            let mut other = match word.len() {
                1 => self.initial(word)?,
                _ => self.misspelled(word, true)?.hits,
            };
            keep_common(&mut other, &others);
            if other.is_empty() {
                self.readings.retain(|reading| !(reading.is_apart && reading.word == *word));
            } else {
                read.push((at, other));
            }
        }
        let mut hits = Vec::new();
        for (at, other) in read {
            hits = union(&hits, &other);
            parts[at].hits = union(&parts[at].hits, &other);
        }
        if hits.is_empty() && self.readings.is_empty() {
            self.tell_hindering(&hindering, wanted.len());
        }
        Ok(hits)
    }

    /// The resources with a name of which a word starts with a letter: `r. poincaré`.
    fn initial(&mut self, letter: &str) -> Result<Vec<Scored>> {
        self.note(|view, scope, terms| {
            view.dictionary(scope, NAME)?.starting_with(letter, &mut |_, info| {
                terms.push((info.clone(), INITIAL));
            });
            Ok(())
        })?;
        let as_words = "the first letter of a word".to_owned();
        self.readings.push(Reading { word: letter.to_owned(), as_words, is_apart: true });
        Ok(self.tally.take().0)
    }

    /// Tells without which parts something would be found; where that is any of them, only that they are
    /// apart.
    fn tell_hindering(&mut self, hindering: &[&TextPart], of: usize) {
        self.is_scattered |= hindering.len() == of;
        if hindering.is_empty() || hindering.len() == of {
            return;
        }
        let typed = |part: &&TextPart| match part {
            TextPart::Word { word, .. } => format!("\"{word}\""),
            TextPart::Phrase(words) => format!("\"{}\"", words.join(" ")),
            TextPart::Number { number, .. } => format!("\"{number}\""),
        };
        let typed: Vec<String> = hindering.iter().map(typed).collect();
        self.say(format!(
            "nothing holds all of the words together; without {} something does",
            typed.join(", or without ")
        ));
    }
}

/// What holds all parts but one.
fn all_but(parts: &[Found], left_out: usize) -> Vec<Scored> {
    let mut others = parts.iter().enumerate().filter(|(at, _)| *at != left_out);
    let mut all = others.next().map_or_else(Vec::new, |(_, part)| part.hits.clone());
    for (_, part) in others {
        keep_common(&mut all, &part.hits);
    }
    all
}
