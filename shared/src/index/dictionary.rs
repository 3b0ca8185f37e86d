//! The terms behind one prefix of a segment's dictionary (the words of a type and class, the texts of a
//! field), in memory: a substring is found by one scan.
//!
//! Substrings by automaton over the term dictionary cost milliseconds whatever they find; a scan of the
//! dictionary's text costs a fraction of one.

use memchr::memmem;
use tantivy::postings::TermInfo;
use tantivy::{InvertedIndexReader, Result};

/// Ends a word: no byte of UTF-8, so that no part of a word holds it.
const END: u8 = 0xff;

/// Words or texts, sorted, with where their postings are.
#[derive(Debug, Default)]
pub struct WordDictionary {
    /// The words, each followed by [`END`].
    text: Vec<u8>,
    /// Where each word starts in `text`, and one past the end.
    starts: Vec<u32>,
    infos: Vec<TermInfo>,
}

impl WordDictionary {
    /// Reads what follows `prefix` in the terms that start with it.
    pub(super) fn read(index: &InvertedIndexReader, prefix: &[u8]) -> Result<Self> {
        let mut dictionary = Self::default();
        let mut stream = index.terms().range().ge(prefix).into_stream()?;
        while stream.advance() {
            let Some(word) = stream.key().strip_prefix(prefix) else { break };
            dictionary.starts.push(dictionary.text.len() as u32);
            dictionary.text.extend_from_slice(word);
            dictionary.text.push(END);
            dictionary.infos.push(stream.value().clone());
        }
        dictionary.starts.push(dictionary.text.len() as u32);
        Ok(dictionary)
    }

    /// Calls `visit` with each word that contains `part`, once, and where its postings are.
    pub fn containing(&self, part: &str, visit: &mut dyn FnMut(&str, &TermInfo)) {
        let mut last = None;
        for at in memmem::find_iter(&self.text, part) {
            let word = self.starts.partition_point(|start| *start as usize <= at) - 1;
            if last != Some(word) {
                last = Some(word);
                visit(self.word(word), &self.infos[word]);
            }
        }
    }

    /// Calls `visit` with each word that starts with `start`, and where its postings are.
    pub fn starting_with(&self, start: &str, visit: &mut dyn FnMut(&str, &TermInfo)) {
        let (mut low, mut high) = (0, self.infos.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.word(middle) < start { low = middle + 1 } else { high = middle }
        }
        while low < self.infos.len() && self.word(low).starts_with(start) {
            visit(self.word(low), &self.infos[low]);
            low += 1;
        }
    }

    /// All words, with where their postings are.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TermInfo)> {
        self.infos.iter().enumerate().map(|(word, info)| (self.word(word), info))
    }

    fn word(&self, word: usize) -> &str {
        let bytes = &self.text[self.starts[word] as usize..self.starts[word + 1] as usize - 1];
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}
