//! What relevance needs to know of all documents, as of when the generation was built.
//!
//! A word weighs more the fewer documents hold it. Were that counted anew at each commit, every change
//! would reorder answers that have nothing to do with it; so it is counted once, when a generation is
//! published, and kept in `words.zst` beside the index. Words that came later weigh as the rarest.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tantivy::termdict::TermStreamer;
use tantivy::{Result, Searcher, SegmentReader};

use crate::fhir::ResourceType;
use crate::schema::index_schema;
use crate::schema::words::{RECORD, WORD};

/// Name of the file in the directory of a generation.
const FILE: &str = "words.zst";

/// First line of the file.
const FORMAT: &str = "words 1";

/// Compression: the file is read at every start, written once.
const ZSTD_LEVEL: i32 = 3;

/// Words in fewer documents are not kept: they weigh as words that never were there.
const KEPT_FROM: u32 = 2;

/// Mean length of a document when nothing was counted.
const USUAL_WORDS: f32 = 50.0;

/// How many resources of each type there were, how long they were, and how many held each word.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordStatistics {
    types: [TypeStatistics; ResourceType::ALL.len()],
    scopes: HashMap<String, Frequencies>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct TypeStatistics {
    documents: u64,
    words: u64,
}

/// The words of one scope, or of its records ([`of_records`]), sorted, with the number of documents that hold each.
#[derive(Debug, Clone, Default, PartialEq)]
struct Frequencies {
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<u32>,
    /// Documents of all words up to and with this one.
    sums: Vec<u64>,
}

impl WordStatistics {
    /// Number of resources of a type.
    pub fn documents(&self, base: ResourceType) -> u64 {
        self.types[base.index()].documents
    }

    /// Number of resources of all types.
    pub(super) fn all_documents(&self) -> u64 {
        self.types.iter().map(|counts| counts.documents).sum()
    }

    /// Mean number of words of a resource of a type.
    pub fn mean_words(&self, base: ResourceType) -> f32 {
        let TypeStatistics { documents, words } = self.types[base.index()];
        if documents == 0 { USUAL_WORDS } else { (words as f32 / documents as f32).max(1.0) }
    }

    /// Number of documents that hold a word, in any of the scopes; 0 for one or none. What is about
    /// records only counts where nothing else holds it.
    pub fn documents_with(&self, scopes: &[String], word: &str) -> u64 {
        self.count(scopes, |known| known.cmp(word))
    }

    /// The same of all words that start with `start`; a document counts once for each.
    pub fn documents_with_start(&self, scopes: &[String], start: &str) -> u64 {
        let order = |known: &str| {
            if known.starts_with(start) { std::cmp::Ordering::Equal } else { known.cmp(start) }
        };
        self.count(scopes, order)
    }

    fn count(&self, scopes: &[String], order: impl Fn(&str) -> std::cmp::Ordering + Copy) -> u64 {
        let sum = |name: &dyn Fn(&String) -> String| {
            let known = scopes.iter().filter_map(|scope| self.scopes.get(&name(scope)));
            known.map(|frequencies| frequencies.of(order)).sum()
        };
        match sum(&String::clone) {
            0 => sum(&|scope| of_records(scope)),
            documents => documents,
        }
    }

    /// Counts what an index holds.
    pub(super) fn collect(searcher: &Searcher) -> Result<Self> {
        let mut statistics = Self::default();
        let mut indexes = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            statistics.count_documents(reader)?;
            indexes.push(reader.inverted_index(index_schema().words)?);
        }
        let mut streams = Vec::with_capacity(indexes.len());
        for index in &indexes {
            let mut stream = index.terms().stream()?;
            if stream.advance() {
                streams.push(stream);
            }
        }
        while let Some((term, documents)) = next_term(&mut streams) {
            statistics.add(&term, documents);
        }
        Ok(statistics)
    }

    fn count_documents(&mut self, reader: &SegmentReader) -> Result<()> {
        let kinds = reader.fast_fields().column_first_or_default::<u64>("kind")?;
        let norms = reader.get_fieldnorms_reader(index_schema().words)?;
        for doc in reader.doc_ids_alive() {
            // Records have kinds above those of resources, and no words.
            if let Some(counts) = self.types.get_mut(kinds.get_val(doc) as usize) {
                counts.documents += 1;
                counts.words += u64::from(norms.fieldnorm(doc));
            }
        }
        Ok(())
    }

    /// Adds a term of the word field; terms come in their order.
    fn add(&mut self, term: &[u8], documents: u32) {
        let Ok(term) = std::str::from_utf8(term) else { return };
        // Stems and the like stand behind other signs, and these two are no part of a word.
        let Some((scope, word)) = term.split_once([WORD, RECORD]) else { return };
        if scope.len() != 2 || documents < KEPT_FROM {
            return;
        }
        let is_record = term[scope.len()..].starts_with(RECORD);
        let of_records = is_record.then(|| of_records(scope));
        let scope = of_records.as_deref().unwrap_or(scope);
        if !self.scopes.contains_key(scope) {
            self.scopes.insert(scope.to_owned(), Frequencies::default());
        }
        if let Some(frequencies) = self.scopes.get_mut(scope) {
            frequencies.push(word, u64::from(documents));
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(FORMAT) {
            return None;
        }
        let mut statistics = Self::default();
        let mut scope = None;
        for line in lines {
            let mut parts = line.split(' ');
            match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
                ("type", base, Some(documents), Some(words)) => {
                    let base: ResourceType = base.parse().ok()?;
                    let (documents, words) = (documents.parse().ok()?, words.parse().ok()?);
                    statistics.types[base.index()] = TypeStatistics { documents, words };
                }
                // A count is a number, a scope is letters: "scope" may also be a word.
                ("scope", name, None, None) if name.parse::<u64>().is_err() => {
                    scope = Some(statistics.scopes.entry(name.to_owned()).or_default());
                }
                (word, documents, None, None) => {
                    scope.as_mut()?.push(word, documents.parse().ok()?);
                }
                _ => return None,
            }
        }
        Some(statistics)
    }
}

impl Frequencies {
    fn push(&mut self, word: &str, documents: u64) {
        self.text.push_str(word);
        self.ends.push(self.text.len() as u32);
        self.sums.push(self.sums.last().unwrap_or(&0) + documents);
    }

    fn word(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        (0..self.ends.len()).map(|at| (self.word(at), self.sums[at] - self.sum_before(at)))
    }

    fn sum_before(&self, at: usize) -> u64 {
        if at == 0 { 0 } else { self.sums[at - 1] }
    }

    /// Documents of the words that `order` finds equal.
    fn of(&self, order: impl Fn(&str) -> std::cmp::Ordering) -> u64 {
        let first = self.position(|word| order(word).is_lt());
        let after = self.position(|word| order(word).is_le());
        self.sum_before(after) - self.sum_before(first)
    }

    /// How many words satisfy `before`, which the first ones do.
    fn position(&self, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.word(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Under which name the words about records of a scope are counted.
fn of_records(scope: &str) -> String {
    format!("{scope}{RECORD}")
}

/// Writes the file of a generation.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(statistics: &WordStatistics, dir: &Path) -> io::Result<()> {
    let mut text = format!("{FORMAT}\n");
    for (base, counts) in ResourceType::ALL.iter().zip(&statistics.types) {
        let _ = writeln!(text, "type {base} {} {}", counts.documents, counts.words);
    }
    let mut scopes: Vec<_> = statistics.scopes.iter().collect();
    scopes.sort_unstable_by_key(|(scope, _)| scope.as_str());
    for (scope, frequencies) in scopes {
        let _ = writeln!(text, "scope {scope}");
        for (word, documents) in frequencies.iter() {
            let _ = writeln!(text, "{word} {documents}");
        }
    }
    let packed = zstd::encode_all(text.as_bytes(), ZSTD_LEVEL)?;
    // Whoever reads sees the former file or this one.
    let beside = dir.join(FILE).with_extension("new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(&packed)?;
    file.sync_all()?;
    fs::rename(&beside, dir.join(FILE))
}

/// Reads the file of a generation; `None` when there is none.
///
/// # Errors
/// When it cannot be read or is not what [`write()`] writes.
pub(super) fn read(dir: &Path) -> io::Result<Option<WordStatistics>> {
    let packed = match fs::read(dir.join(FILE)) {
        Ok(packed) => packed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = zstd::decode_all(packed.as_slice())?;
    let parsed = String::from_utf8(text).ok().and_then(|text| WordStatistics::parse(&text));
    parsed
        .map(Some)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not the statistics of words"))
}

/// The least term of all streams, and in how many documents it is; the streams move past it.
fn next_term(streams: &mut Vec<TermStreamer<'_>>) -> Option<(Vec<u8>, u32)> {
    let term = streams.iter().map(TermStreamer::key).min()?.to_vec();
    let mut documents = 0;
    streams.retain_mut(|stream| {
        if stream.key() != term {
            return true;
        }
        documents += stream.value().doc_freq;
        stream.advance()
    });
    Some((term, documents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> WordStatistics {
        let mut statistics = WordStatistics::default();
        for (term, documents) in [
            ("AA=cardio", 10),
            ("AA=cardiologie", 30),
            ("AA=rare", 1),
            ("AA=scope", 7),
            ("AA~cardiologi", 40),
            ("AA%cardio", 50),
            ("AA%tarif", 50),
            ("AB=cardiologie", 5),
        ] {
            statistics.add(term.as_bytes(), documents);
        }
        statistics.types[0] = TypeStatistics { documents: 100, words: 4_000 };
        statistics
    }

    #[test]
    fn counts_words_and_starts_of_words() {
        let statistics = example();
        let (one, both) = (["AA".to_owned()], ["AA".to_owned(), "AB".to_owned()]);
        assert_eq!(statistics.documents_with(&one, "cardiologie"), 30);
        assert_eq!(statistics.documents_with(&both, "cardiologie"), 35);
        assert_eq!(statistics.documents_with(&both, "cardiolog"), 0);
        assert_eq!(statistics.documents_with_start(&both, "cardiolog"), 35);
        assert_eq!(statistics.documents_with_start(&both, "cardio"), 45);
        assert_eq!(statistics.documents_with_start(&both, "z"), 0);
        assert_eq!(statistics.documents_with(&both, "rare"), 0);
        assert_eq!(statistics.documents_with(&both, "cardio"), 10);
        assert_eq!(statistics.documents_with(&both, "tarif"), 50);
        assert_eq!(statistics.documents_with_start(&both, "tar"), 50);
        let (first, other) = (ResourceType::ALL[0], ResourceType::ALL[1]);
        assert!((statistics.mean_words(first) - 40.0).abs() < 1e-6);
        assert!((statistics.mean_words(other) - USUAL_WORDS).abs() < 1e-6);
    }

    #[test]
    fn the_file_keeps_everything() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        write(&example(), dir.path()).unwrap();
        assert_eq!(read(dir.path()).unwrap(), Some(example()));
        fs::write(dir.path().join(FILE), zstd::encode_all(&b"other"[..], 1).unwrap()).unwrap();
        assert!(read(dir.path()).is_err());
    }
}
