//! Names that answer a text as a whole: those that hold all of it, begin with it, or are it.
//!
//! Parts are met one by one, so that a rare word in a short name would outweigh all others: the flats of
//! a town would come before its hospital. How well a part is met is not decided here.

use shared::param::text::{TextPart, TextQuery};
use shared::schema::words::{NAME_KEY, push_key};

use super::{Found, Scored, Search};
use crate::execute::Result;

/// What of the way to 1 a score is brought by a name that is the text, that begins with it, and that
/// holds all its parts.
const IS_TEXT: f32 = 0.8;
const BEGINS_WITH_TEXT: f32 = 0.65;
const HOLDS_ALL: f32 = 0.5;

impl Search<'_> {
    /// Brings the scores of what a text found nearer to 1 where a name answers it as a whole.
    pub(super) fn favor_names(
        &self,
        text: &TextQuery,
        found: &[Found],
        hits: &mut [Scored],
    ) -> Result<()> {
        if hits.is_empty() {
            return Ok(());
        }
        let mut named = self.named(text)?.into_iter().peekable();
        let has_parts = found.len() > 1;
        for (key, score) in hits {
            while named.next_if(|(other, _)| other < key).is_some() {}
            let of_name = named.next_if(|(other, _)| other == key).map_or(0.0, |(_, part)| part);
            let part = if of_name > 0.0 {
                of_name
            } else if has_parts && found.iter().all(|part| part.named.contains(*key)) {
                HOLDS_ALL
            } else {
                0.0
            };
            *score += (1.0 - *score) * part;
        }
        Ok(())
    }

    /// The resources whose name is the text or begins with it, by key, with their share.
    ///
    /// One word alone begins too many names for that to say more than how it is met.
    fn named(&self, text: &TextQuery) -> Result<Vec<Scored>> {
        let (key, words) = key_of(text);
        if key.is_empty() {
            return Ok(Vec::new());
        }
        let (snapshot, scopes) = (self.snapshot, self.scopes);
        let found = snapshot.map_segments(snapshot.max_docs(), |_, segment| {
            let view = &segment.view;
            let mut found = Vec::new();
            for scope in scopes {
                let whole = format!("{scope}{NAME_KEY}{key}");
                let terms = view.words().terms();
                let mut infos: Vec<_> =
                    terms.get(&whole)?.map(|info| (info, IS_TEXT)).into_iter().collect();
                if words > 1 {
                    // Between a name's words is a space, and `!` is the sign behind it.
                    let range = terms.range().ge(format!("{whole} ")).lt(format!("{whole}!"));
                    let mut stream = range.into_stream()?;
                    while stream.advance() {
                        infos.push((stream.value().clone(), BEGINS_WITH_TEXT));
                    }
                }
                for (info, share) in infos {
                    view.for_each_word_block(&info, |docs, _| {
                        let alive = docs.iter().filter(|doc| segment.is_alive(**doc));
                        found.extend(alive.map(|doc| (view.owner(*doc), share)));
                    })?;
                }
            }
            Ok(found)
        })?;
        let mut named: Vec<Scored> = found.into_iter().flatten().collect();
        named.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        named.dedup_by_key(|(key, _)| *key);
        Ok(named)
    }
}

/// What a text wants as names are kept, and of how many words that is.
fn key_of(text: &TextQuery) -> (String, usize) {
    let mut key = String::new();
    for part in &text.wanted {
        match part {
            TextPart::Word { word, .. } => push_key(&mut key, word),
            TextPart::Phrase(words) => words.iter().for_each(|word| push_key(&mut key, word)),
            TextPart::Number { number, .. } => push_key(&mut key, number),
        }
    }
    let words = if key.is_empty() { 0 } else { key.split(' ').count() };
    (key, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_words_are_in_no_key() {
        for (text, expected) in [
            ("Hôpital de Brest", ("hopital brest", 2)),
            ("\"maison de retraite\" -dialyse les Lilas", ("maison retraite lilas", 3)),
            ("02 40 08 33 33", ("0240083333", 1)),
            ("de la", ("", 0)),
            ("-dialyse", ("", 0)),
        ] {
            let key = key_of(&TextQuery::parse(text).unwrap());
            assert_eq!(key, (expected.0.to_owned(), expected.1), "{text}");
        }
    }
}
