//! The files of a backup.
//!
//! `resources.ndjson.zst` has a line `[type, id]` for each key, from 0; `changes.ndjson.zst` a line for each
//! entry of the change log, from 1, with the document as it was stored; `manifest.json` says how many lines
//! and bytes each has and what their BLAKE3 hashes are, and has one of its own. Numbers whose name ends in
//! `Ms` are milliseconds since 1970.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::data_dir;
use shared::store::{ChangeKind, Digest, Key, Seq};

use super::{BackupError, at};

/// Raised when the files change shape.
pub(crate) const FORMAT: u32 = 1;
/// Type and id of every key.
pub(crate) const RESOURCES: &str = "resources.ndjson.zst";
/// The change log with its documents.
pub(crate) const CHANGES: &str = "changes.ndjson.zst";
/// What makes the others a backup.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Compression level; a document is compressed among its neighbors, so that a low one is enough.
const LEVEL: i32 = 3;
const BUFFER_LEN: usize = 256 << 10;

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// When it was made.
    pub(crate) created: String,
    /// The last change in it.
    pub(crate) seq: Seq,
    /// The number of the last load.
    pub(crate) last_load: u32,
    /// The latest instant given to a write.
    pub(crate) clock_ms: i64,
    /// Documents in it.
    pub(crate) documents: u64,
    /// The other files.
    pub(crate) files: Vec<Written>,
    /// The hash of the manifest without it.
    pub(crate) digest: String,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// Its name.
    pub(crate) name: String,
    /// Its lines.
    pub(crate) lines: u64,
    /// Its size.
    pub(crate) bytes: u64,
    /// The BLAKE3 hash of its bytes, in hexadecimal.
    pub(crate) blake3: String,
}

/// A line of the change log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entry<'a> {
    /// Its place in the log.
    pub(crate) seq: Seq,
    /// What it did.
    pub(crate) kind: Kind,
    /// The changed resource: the number of its line in the other file, from 0.
    pub(crate) key: Key,
    /// The version it made.
    pub(crate) version: u32,
    /// The load it belongs to; 0 for a single write.
    pub(crate) load: u32,
    /// When it was recorded.
    pub(crate) recorded_ms: i64,
    /// `meta.lastUpdated`.
    pub(crate) last_updated_ms: i64,
    /// The digest of the content, in hexadecimal; absent for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// The document; absent for a delete, and when only the header of the version is kept.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<&'a RawValue>,
}

/// [`ChangeKind`] as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A first version, or one after a delete.
    Create,
    /// Another version.
    Update,
    /// A delete.
    Delete,
}

impl From<ChangeKind> for Kind {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Create => Self::Create,
            ChangeKind::Update => Self::Update,
            ChangeKind::Delete => Self::Delete,
        }
    }
}

impl From<Kind> for ChangeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Create => Self::Create,
            Kind::Update => Self::Update,
            Kind::Delete => Self::Delete,
        }
    }
}

impl Manifest {
    /// Writes it into a folder, which is a backup from then on.
    pub(super) fn write(mut self, folder: &Path) -> Result<(), BackupError> {
        self.digest = self.own_digest();
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&self).expect("a manifest is plain data");
        data_dir::replace_file(&path, &text, 0o644).map_err(at(&path))
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// When there is none, or it is not what was written.
    pub(crate) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::Unfinished(folder.to_owned()));
            }
            Err(error) => return Err(at(&path)(error)),
        };
        let damaged = |what: String| BackupError::Damaged { path: path.clone(), what };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("cannot be read: {error}")))?;
        if manifest.format != FORMAT {
            let format = manifest.format;
            return Err(damaged(format!("has format {format}, this program reads {FORMAT}")));
        }
        if manifest.digest != manifest.own_digest() {
            return Err(damaged("is not what was written".to_owned()));
        }
        Ok(manifest)
    }

    /// Reads every file and compares it with what was written.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] for the first that is another.
    pub(crate) fn check_files(&self, folder: &Path) -> Result<(), BackupError> {
        for name in [RESOURCES, CHANGES] {
            let path = folder.join(name);
            let damaged =
                |what: &str| BackupError::Damaged { path: path.clone(), what: what.into() };
            let expected = self.file(folder, name)?;
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(damaged("is missing"));
                }
                Err(error) => return Err(at(&path)(error)),
            };
            let mut hasher = blake3::Hasher::new();
            let bytes = io::copy(&mut BufReader::with_capacity(BUFFER_LEN, file), &mut hasher)
                .map_err(at(&path))?;
            if bytes != expected.bytes {
                return Err(damaged("has another length than what was written"));
            }
            if hasher.finalize().to_hex().as_str() != expected.blake3 {
                return Err(damaged("has other bytes than what was written"));
            }
        }
        Ok(())
    }

    /// What the manifest says of a file.
    pub(crate) fn file(&self, folder: &Path, name: &str) -> Result<&Written, BackupError> {
        self.files.iter().find(|file| file.name == name).ok_or_else(|| BackupError::Damaged {
            path: folder.join(MANIFEST),
            what: format!("does not name {name}"),
        })
    }

    fn own_digest(&self) -> String {
        let without = Self { digest: String::new(), ..self.clone() };
        let text = serde_json::to_vec(&without).expect("a manifest is plain data");
        blake3::hash(&text).to_hex().to_string()
    }
}

/// A digest in hexadecimal.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The digest that was written in hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if text.len() != 2 * digest.len() || !text.is_ascii() {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Writes a file of a backup, line by line.
pub(super) struct Writer {
    path: PathBuf,
    name: &'static str,
    lines: u64,
    out: zstd::Encoder<'static, Hashed>,
}

/// Counts and hashes what goes to the disk.
struct Hashed {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writer {
    pub(super) fn create(folder: &Path, name: &'static str) -> Result<Self, BackupError> {
        let path = folder.join(name);
        let file = File::create(&path).map_err(at(&path))?;
        let file = BufWriter::with_capacity(BUFFER_LEN, file);
        let hashed = Hashed { file, hasher: blake3::Hasher::new(), bytes: 0 };
        let mut out = zstd::Encoder::new(hashed, LEVEL).map_err(at(&path))?;
        out.include_checksum(true).map_err(at(&path))?;
        Ok(Self { path, name, lines: 0, out })
    }

    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), BackupError> {
        self.lines += 1;
        let written = self.out.write_all(line).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(at(&self.path))
    }

    /// Waits for the disk.
    pub(super) fn finish(self) -> Result<Written, BackupError> {
        let Self { path, name, lines, out } = self;
        let Hashed { file, hasher, bytes } = out.finish().map_err(at(&path))?;
        let file = file.into_inner().map_err(|error| at(&path)(error.into_error()))?;
        file.sync_all().map_err(at(&path))?;
        Ok(Written {
            name: name.into(),
            lines,
            bytes,
            blake3: hasher.finalize().to_hex().to_string(),
        })
    }
}

/// Reads a file of a backup, line by line.
pub(crate) struct Lines {
    path: PathBuf,
    text: Box<dyn BufRead + Send + Sync>,
}

impl Lines {
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self, BackupError> {
        let path = folder.join(name);
        let file = File::open(&path).map_err(at(&path))?;
        let decoder = zstd::Decoder::new(file).map_err(at(&path))?;
        Ok(Self { path, text: Box::new(BufReader::with_capacity(BUFFER_LEN, decoder)) })
    }

    /// The next line without its end; `None` after the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let mut line = Vec::new();
        let got = self.text.read_until(b'\n', &mut line).map_err(at(&self.path))?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok((got > 0).then_some(line))
    }

    /// The next `count` lines, or those that are left.
    pub(crate) fn chunk(&mut self, count: usize) -> Result<Vec<Vec<u8>>, BackupError> {
        let mut chunk = Vec::with_capacity(count);
        while chunk.len() < count
            && let Some(line) = self.next()?
        {
            chunk.push(line);
        }
        Ok(chunk)
    }

    /// A line that is not what it should be.
    pub(crate) fn damaged(&self, number: u64, what: impl Into<String>) -> BackupError {
        let what: String = what.into();
        BackupError::Damaged { path: self.path.clone(), what: format!("line {number}: {what}") }
    }
}
