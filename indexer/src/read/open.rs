//! Inputs as streams of plain bytes: files, folders and standard input, gzip and zstd undone.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BOM: &[u8] = &[0xef, 0xbb, 0xbf];
const BUFFER_LEN: usize = 256 << 10;

/// Endings of files that a folder is searched for.
const EXTENSIONS: [&str; 3] = ["ndjson", "jsonl", "json"];

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Standard input.
    Stdin,
    /// One file.
    File(PathBuf),
}

/// The inputs named on the command line, folders opened up.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// What to read, in order; the files of a folder by name.
    pub(super) list: Vec<Input>,
    /// Files of a folder that are none of ours.
    pub(super) skipped: Vec<PathBuf>,
    /// The size of all files as they stand; 0 with standard input among them.
    pub(super) size_bytes: u64,
}

impl Inputs {
    pub(super) fn find(arguments: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let mut found = Self::default();
        let mut is_sized = true;
        for argument in arguments {
            if argument.as_os_str() == "-" {
                is_sized = false;
                found.list.push(Input::Stdin);
            } else if argument.is_dir() {
                found.walk(argument)?;
            } else {
                found.add(argument.clone())?;
            }
        }
        if !is_sized {
            found.size_bytes = 0;
        }
        Ok(found)
    }

    fn add(&mut self, file: PathBuf) -> Result<(), (PathBuf, io::Error)> {
        let metadata = file.metadata().map_err(|error| (file.clone(), error))?;
        self.size_bytes += metadata.len();
        self.list.push(Input::File(file));
        Ok(())
    }

    fn walk(&mut self, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
        let at = |error| (folder.to_owned(), error);
        let entries: Result<Vec<PathBuf>, io::Error> =
            folder.read_dir().map_err(at)?.map(|entry| entry.map(|e| e.path())).collect();
        let mut entries = entries.map_err(at)?;
        entries.sort();
        for path in entries {
            if path.is_dir() {
                self.walk(&path)?;
            } else if document_extension(&path).is_some() {
                self.add(path)?;
            } else {
                self.skipped.push(path);
            }
        }
        Ok(())
    }
}

/// The ending that tells how documents stand in a file, without `.gz` and `.zst`.
pub(super) fn document_extension(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    EXTENSIONS.into_iter().find(|e| name.strip_suffix(e).is_some_and(|stem| stem.ends_with('.')))
}

/// Opens an input; `consumed` counts its bytes as they stand, for a progress bar.
pub(super) fn open(input: &Input, consumed: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead>> {
    let source: Box<dyn Read> = match input {
        Input::Stdin => Box::new(io::stdin()),
        Input::File(path) => Box::new(File::open(path)?),
    };
    let counted = Counted { inner: source, consumed: Arc::clone(consumed) };
    let mut raw = BufReader::with_capacity(BUFFER_LEN, counted);
    let start = raw.fill_buf()?;
    let mut plain: Box<dyn BufRead> = if start.starts_with(GZIP_MAGIC) {
        let decoder = flate2::bufread::MultiGzDecoder::new(raw);
        Box::new(BufReader::with_capacity(BUFFER_LEN, decoder))
    } else if start.starts_with(ZSTD_MAGIC) {
        let decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
        Box::new(BufReader::with_capacity(BUFFER_LEN, decoder))
    } else {
        Box::new(raw)
    };
    if plain.fill_buf()?.starts_with(BOM) {
        plain.consume(BOM.len());
    }
    Ok(plain)
}

struct Counted {
    inner: Box<dyn Read>,
    consumed: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.consumed.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}
