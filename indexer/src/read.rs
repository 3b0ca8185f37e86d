//! Inputs → single documents as bytes, each with the place it came from.
//!
//! Understood are NDJSON, one JSON document in a file, FHIR Bundles (collection, batch, transaction,
//! searchset) in either, JSON arrays of resources, all of it plain, gzip or zstd, from files, folders or
//! standard input (`-`). NDJSON is read line by line; a single document is held in memory as a whole.
//! Whether a document is any good is not decided here: even a line of rubbish is a document.

mod bundle;
mod open;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use bundle::{Entry, Shape};
use open::{Input, Inputs, document_extension};

/// The longest line, and the longest single document.
const TEXT_LEN_MAX: u64 = 1 << 30;

/// Where a document came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, or `-`.
    pub source: Arc<str>,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its position in a Bundle or array, from 1.
    pub entry: Option<u64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)?;
        self.entry.map_or(Ok(()), |entry| write!(f, " entry {entry}"))
    }
}

/// One document, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDocument {
    /// Where it came from.
    pub origin: Origin,
    /// Its text.
    pub bytes: Vec<u8>,
    /// Why it cannot be a resource, when that is already known.
    pub refusal: Option<String>,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// An input cannot be opened or read, or is damaged.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The input.
        path: PathBuf,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A line or document is longer than can be held.
    #[error("{0}: longer than {TEXT_LEN_MAX} bytes; use NDJSON, one resource on a line")]
    TooLong(Origin),
    /// The receiver has gone; it knows why.
    #[error("reading was stopped")]
    Stopped,
}

/// What was met while reading, beside documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Files read.
    pub files: u64,
    /// Files in folders that are not documents, by their ending.
    pub skipped: Vec<PathBuf>,
    /// Search outcomes in Bundles, which are not data.
    pub outcomes: u64,
}

/// Inputs that exist, ready to be read.
#[derive(Debug)]
pub struct Reader {
    inputs: Inputs,
    consumed: Arc<AtomicU64>,
}

impl Reader {
    /// Finds the inputs: files, folders (searched for `.ndjson`, `.jsonl` and `.json`, also `.gz` and
    /// `.zst`), or `-`.
    ///
    /// # Errors
    /// When one does not exist.
    pub fn new(arguments: &[PathBuf]) -> Result<Self, ReadError> {
        let inputs =
            Inputs::find(arguments).map_err(|(path, source)| ReadError::Io { path, source })?;
        Ok(Self { inputs, consumed: Arc::default() })
    }

    /// The size of all inputs as they stand; 0 when it cannot be known.
    pub fn size_bytes(&self) -> u64 {
        self.inputs.size_bytes
    }

    /// Counts the bytes read so far, of [`Self::size_bytes`].
    pub fn consumed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.consumed)
    }

    /// Reads everything, in order, and hands each document to `emit`, which may end the reading by
    /// returning `false`.
    ///
    /// # Errors
    /// [`ReadError`]; a damaged input is never taken for a shorter one.
    pub fn read(self, emit: &mut dyn FnMut(RawDocument) -> bool) -> Result<ReadSummary, ReadError> {
        let mut summary = ReadSummary { skipped: self.inputs.skipped, ..ReadSummary::default() };
        for input in &self.inputs.list {
            let path = match input {
                Input::Stdin => Path::new("-"),
                Input::File(path) => path,
            };
            let mut source =
                Source { path, name: path.to_string_lossy().into(), emit: &mut *emit, outcomes: 0 };
            let text = open::open(input, &self.consumed).map_err(|e| source.io_error(e))?;
            source.read(text, document_extension(path))?;
            summary.files += 1;
            summary.outcomes += source.outcomes;
        }
        debug_assert!(
            self.inputs.size_bytes == 0
                || self.consumed.load(Ordering::Relaxed) <= self.inputs.size_bytes
        );
        Ok(summary)
    }
}

/// One input being read.
struct Source<'a> {
    path: &'a Path,
    name: Arc<str>,
    emit: &'a mut dyn FnMut(RawDocument) -> bool,
    outcomes: u64,
}

impl Source<'_> {
    fn read(
        &mut self,
        mut text: Box<dyn BufRead>,
        extension: Option<&str>,
    ) -> Result<(), ReadError> {
        let mut first = Vec::new();
        let mut line = 0;
        // The first line that says something.
        while first.trim_ascii().is_empty() {
            first.clear();
            line += 1;
            if !self.next_line(&mut text, &mut first, line)? {
                return Ok(());
            }
        }
        let is_line_oriented =
            matches!(extension, Some("ndjson" | "jsonl")) || is_line_like(&first);
        if is_line_oriented {
            self.text(&first, line)?;
            return self.lines(text, line);
        }
        let room = TEXT_LEN_MAX - first.len() as u64;
        let got = text.take(room + 1).read_to_end(&mut first).map_err(|e| self.io_error(e))?;
        if got as u64 > room {
            return Err(ReadError::TooLong(self.origin(line, None)));
        }
        let is_whole = serde_json::from_slice::<&RawValue>(&first).is_ok();
        let has_lines = first.split(|b| *b == b'\n').skip(1).any(is_line_like);
        if !is_whole && has_lines {
            // NDJSON whose first line is broken.
            return self.lines(io::Cursor::new(first), line - 1);
        }
        self.text(&first, line)
    }

    fn lines(&mut self, mut text: impl BufRead, mut line: u64) -> Result<(), ReadError> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            line += 1;
            if !self.next_line(&mut text, &mut bytes, line)? {
                return Ok(());
            }
            self.text(&bytes, line)?;
        }
    }

    /// Reads a line into `bytes`; `false` at the end.
    fn next_line(
        &self,
        text: &mut impl BufRead,
        bytes: &mut Vec<u8>,
        line: u64,
    ) -> Result<bool, ReadError> {
        let mut limited = text.take(TEXT_LEN_MAX + 1);
        let got = limited.read_until(b'\n', bytes).map_err(|e| self.io_error(e))?;
        if got as u64 > TEXT_LEN_MAX {
            return Err(ReadError::TooLong(self.origin(line, None)));
        }
        Ok(got > 0)
    }

    /// One JSON text: a resource, a Bundle or an array of resources.
    fn text(&mut self, text: &[u8], line: u64) -> Result<(), ReadError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        if text.starts_with(b"[")
            && let Ok(elements) = serde_json::from_slice::<Vec<&RawValue>>(text)
        {
            for (element, number) in elements.into_iter().zip(1..) {
                self.document(element.get().as_bytes(), line, Some(number), None)?;
            }
            return Ok(());
        }
        match bundle::shape(text) {
            Shape::Single => self.document(text, line, None, None),
            Shape::Refused(reason) => self.document(text, line, None, Some(reason)),
            Shape::Bundle(entries) => {
                for (entry, number) in entries.into_iter().zip(1..) {
                    let (raw, refusal) = match entry {
                        Entry::Resource(raw) => (raw, None),
                        Entry::Refused(raw, reason) => (raw, Some(reason)),
                        Entry::Outcome => {
                            self.outcomes += 1;
                            continue;
                        }
                    };
                    self.document(raw.get().as_bytes(), line, Some(number), refusal)?;
                }
                Ok(())
            }
        }
    }

    fn document(
        &mut self,
        bytes: &[u8],
        line: u64,
        entry: Option<u64>,
        refusal: Option<String>,
    ) -> Result<(), ReadError> {
        let origin = self.origin(line, entry);
        let goes_on = (self.emit)(RawDocument { origin, bytes: bytes.to_vec(), refusal });
        if goes_on { Ok(()) } else { Err(ReadError::Stopped) }
    }

    fn origin(&self, line: u64, entry: Option<u64>) -> Origin {
        Origin { source: Arc::clone(&self.name), line, entry }
    }

    fn io_error(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.to_owned(), source }
    }
}

/// Whether a line looks like a document of its own, as in NDJSON.
fn is_line_like(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() > 2 && line.starts_with(b"{") && line.ends_with(b"}")
}
