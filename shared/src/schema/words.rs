//! The terms of full text: what the index holds of each word that `text::cut` finds.
//!
//! A word's term is `type class form word`, one letter for the resource type, one for the visibility
//! class, `=` for the word itself, `~` for its stem when it differs and `!` once more for a word of the
//! resource's name, `#` once more for a number that is one of its identifiers or telephones, all at one
//! position; at the last word of a name, `^` and the name's words that say something, each apart by a
//! space. Words about a record only have one term each, behind `%`. Stemming is limited to plural and feminine: heavier stems mix unrelated units.

use std::borrow::Cow;

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};

use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::text::cut::Cutter;
use crate::text::{fold, is_function_word};

/// Name under which the analyzer is registered.
pub const ANALYZER: &str = "ror_words";

/// The form of a term: a word of the resource's own name.
pub const NAME: char = '!';

/// The form of a term: a number of the resource's own, whole.
pub const NUMBER: char = '#';

/// The form of a term: a whole name, as [`push_key`] makes it.
pub const NAME_KEY: char = '^';

/// The form of a term: a word about a record of the resource (a price, a capacity), not about itself.
pub const RECORD: char = '%';

/// Longest [`NAME_KEY`], in bytes: a longer name is nobody's query.
const NAME_KEY_MAX: usize = 160;

/// Shortest number that has a term of its own, in bytes: shorter ones are no identifiers known by their form.
const NUMBER_MIN: usize = 9;

/// Bumped when words are cut, folded or stemmed differently.
pub const ANALYZER_VERSION: u32 = 5;

/// The form of a term: the word itself.
pub const WORD: char = '=';

/// The form of a term: the stem of the word.
pub const STEM: char = '~';

/// The first two characters of the terms of a type and class, and of the text given to the analyzer.
pub fn scope(resource_type: ResourceType, class: VisibilityClass) -> String {
    let letter = |n: u8| char::from(b'A' + n);
    String::from_iter([letter(resource_type as u8), letter(class as u8)])
}

/// Like [`scope`], for the narrative (`_text`).
pub fn narrative_scope(resource_type: ResourceType) -> String {
    scope(resource_type, VisibilityClass::Open).to_ascii_lowercase()
}

/// Appends a word to those of a name: function words are left out, so that `hôpital de Brest` is the name
/// of `HOPITAL BREST`.
pub fn push_key(key: &mut String, word: &str) {
    // "à" has lost its accent.
    if word == "a" || is_function_word(word) {
        return;
    }
    if !key.is_empty() {
        key.push(' ');
    }
    key.push_str(word);
}

/// The stem of a folded word: without the marks of plural and feminine.
///
/// `medicales`, `medical` and `medicaux` meet in `medic`; words under four letters, numbers and
/// codes keep their form.
pub fn stem(word: &str) -> &str {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word;
    }
    if let Some(base) = without(word, "aux", 4) {
        return base;
    }
    let mut stem = without(word, "s", 3).or_else(|| without(word, "x", 3)).unwrap_or(word);
    for _ in 0..2 {
        stem = without(stem, "e", 3).unwrap_or(stem);
    }
    if let Some(base) = without(stem, "al", 4) {
        return base;
    }
    match stem.as_bytes() {
        // "ancienne" and "ancien": the feminine doubles the consonant.
        [.., b, a] if a == b && stem.len() > 4 => &stem[..stem.len() - 1],
        _ => stem,
    }
}

/// A folded word without the mark of the plural; the word itself where it has none.
///
/// `psychiatres` is `psychiatre`, `mentaux` is `mental`; what ends in `eaux` only loses its `x`.
pub fn singular(word: &str) -> Cow<'_, str> {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    match without(word, "aux", 3) {
        Some(base) if !base.ends_with('e') => Cow::Owned(format!("{base}al")),
        _ => Cow::Borrowed(word.strip_suffix(['s', 'x']).unwrap_or(word)),
    }
}

/// What a word of medicine shares with those derived from the same: `pediatr` of `pediatrie`,
/// `pediatriques` and `pediatre`; `None` for other words.
pub fn family(word: &str) -> Option<&str> {
    let stem = stem(word);
    FAMILIES.iter().find_map(|(root, endings)| {
        let (start, ending) = stem.rsplit_once(root)?;
        let is_one = start.len() >= 2 && endings.contains(&ending);
        is_one.then(|| &stem[..start.len() + root.len()])
    })
}

/// Ends of words of medicine, with what their stems end in: the doctor, the discipline, what belongs to it.
const FAMILIES: [(&str, &[&str]); 4] = [
    ("iatr", &["", "i", "iqu"]),
    ("log", &["i", "iqu", "ist", "u"]),
    ("graph", &["", "i", "iqu"]),
    ("therap", &["eut", "i", "iqu"]),
];

/// `word` without `ending`, when at least `keep` letters stay.
fn without<'a>(word: &'a str, ending: &str, keep: usize) -> Option<&'a str> {
    word.strip_suffix(ending).filter(|base| base.len() >= keep)
}

/// The analyzer, to be registered with an index.
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::from(ScopedWords)
}

/// Emits the words of a text whose first two characters are its [`scope`].
#[derive(Debug, Clone)]
struct ScopedWords;

/// Words are cut as they are asked for, into one token: an index has very many of them.
#[derive(Debug)]
struct ScopedWordStream {
    scope: String,
    folded: String,
    cutter: Cutter,
    token: Token,
    /// Further terms of the present word, last one first: its form and where it ends.
    further: Vec<(char, usize)>,
    /// What is known of the present name; asked for once `is_name_due`.
    name: String,
    is_name_due: bool,
}

impl Tokenizer for ScopedWords {
    type TokenStream<'a> = ScopedWordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ScopedWordStream {
        let (scope, text) = text.split_at(text.len().min(2));
        ScopedWordStream {
            scope: scope.to_owned(),
            folded: fold(text),
            cutter: Cutter::default(),
            token: Token::default(),
            further: Vec::new(),
            name: String::new(),
            is_name_due: false,
        }
    }
}

impl TokenStream for ScopedWordStream {
    fn advance(&mut self) -> bool {
        let term = &mut self.token.text;
        let word_start = self.scope.len() + WORD.len_utf8();
        if let Some((form, end)) = self.further.pop() {
            term.truncate(end);
            term.replace_range(self.scope.len()..word_start, form.encode_utf8(&mut [0; 4]));
            return true;
        }
        if std::mem::take(&mut self.is_name_due) {
            term.truncate(self.scope.len());
            term.push(NAME_KEY);
            term.push_str(&self.name);
            return true;
        }
        let Some((word, position)) = self.cutter.next(&self.folded) else { return false };
        term.clear();
        term.push_str(&self.scope);
        term.push(if self.cutter.is_in_record() { RECORD } else { WORD });
        term.push_str(&word);
        self.token.position = position;
        if self.cutter.is_in_record() {
            return true;
        }
        let stem = stem(&word);
        if stem.len() < word.len() {
            self.further.push((STEM, word_start + stem.len()));
        }
        if word.len() >= NUMBER_MIN && self.cutter.is_own_number(&self.folded) {
            self.further.push((NUMBER, word_start + word.len()));
        }
        if self.cutter.is_in_name() {
            self.further.push((NAME, word_start + word.len()));
            if self.cutter.starts_name() {
                self.name.clear();
            }
            push_key(&mut self.name, &word);
            let is_key = (1..=NAME_KEY_MAX).contains(&self.name.len());
            self.is_name_due = is_key && self.cutter.ends_value(&self.folded);
        }
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_terms_of_a_word_stand_where_it_does() {
        let scope = scope(ResourceType::Organization, VisibilityClass::Open);
        let mut analyzer = analyzer();
        let text = format!(
            "{scope}\u{1d}Soins de l'Île\u{1e}\u{1f}Tarifs\u{1e}Unités médicales\u{1e}\u{1c}440000271\u{1e}\u{1c}440000271-1\u{1e}\
             \u{1c}+33 2 99 28 43 21\u{1e}440000271"
        );
        let mut stream = analyzer.token_stream(&text);
        let mut terms = Vec::new();
        while stream.advance() {
            let token = stream.token();
            terms.push((token.text[2..].to_owned(), token.position));
        }
        let expected = [
            ("=soins", 0),
            ("!soins", 0),
            ("~soin", 0),
            ("=de", 1),
            ("!de", 1),
            ("=ile", 2),
            ("!ile", 2),
            ("^soins ile", 2),
            ("%tarifs", 4),
            ("=unites", 6),
            ("~unit", 6),
            ("=medicales", 7),
            ("~medic", 7),
            ("=440000271", 9),
            ("#440000271", 9),
            ("=440000271", 11),
            ("=1", 12),
            ("=0299284321", 14),
            ("#0299284321", 14),
            ("=440000271", 16),
        ];
        assert_eq!(terms, expected.map(|(term, position)| (term.to_owned(), position)));
    }

    #[test]
    fn stems_join_plural_and_feminine_only() {
        for (a, b) in [
            ("medicales", "medical"),
            ("medicaux", "medical"),
            ("cardiaque", "cardiaques"),
            ("infirmier", "infirmieres"),
            ("chirurgie", "chirurgies"),
            ("agee", "agees"),
            ("regionaux", "regionale"),
            ("ancien", "anciennes"),
            ("lit", "lits"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        for (a, b) in [
            ("cardiologie", "cardiologue"),
            ("lits", "litige"),
            ("mater", "maternite"),
            ("soin", "sein"),
        ] {
            assert_ne!(stem(a), stem(b), "{a} {b}");
        }
        assert_eq!(stem("75015"), "75015");
    }

    #[test]
    fn singulars_and_families() {
        for (word, expected) in [
            ("psychiatres", "psychiatre"),
            ("mentaux", "mental"),
            ("hopitaux", "hopital"),
            ("bureaux", "bureau"),
            ("lit", "lit"),
            ("ssr", "ssr"),
            ("2as", "2as"),
        ] {
            assert_eq!(singular(word), expected, "{word}");
        }
        for (words, root) in [
            (&["geriatrie", "geriatrique", "geriatriques", "geriatre", "geriatres"][..], "geriatr"),
            (&["cardiologie", "cardiologue", "cardiologiques", "cardiologiste"], "cardiolog"),
            (&["radiographie", "radiographique"], "radiograph"),
            (&["kinesitherapie", "kinesitherapeutes"], "kinesitherap"),
        ] {
            for word in words {
                assert_eq!(family(word), Some(root), "{word}");
            }
        }
        for word in ["logique", "logement", "therapie", "cardio", "chirurgie", "geriatron"] {
            assert_eq!(family(word), None, "{word}");
        }
    }
}
