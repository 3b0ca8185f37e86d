//! The live documents of one index generation, compressed, in one append-only file.
//!
//! The store is a slow reader of pages, so every document that the index can find also stands here. An
//! index document holds the offset of its record; an old snapshot therefore still shows old documents,
//! and no table of offsets has to be kept. What is no longer referred to is left in place until the
//! generation is rebuilt. Reads are positioned (no memory map, no shared cursor).
//!
//! File: 8 bytes of magic, then records: `blob length u32 | crc32 of key and blob u32 | key u32 | blob`,
//! all little-endian. A blob is what the store holds (see [`crate::store::Codec`]).
//!
//! Order of events: append, [`ArenaWriter::sync`], then commit the index with the arena's length. After
//! a crash [`ArenaWriter::open`] cuts the file to the length of the last commit.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::{Codec, CodecError, Key};

const MAGIC: &[u8; 8] = b"RORARN\x00\x01";
const RECORD_PREFIX_LEN: usize = 12;
/// Most compressed documents fit, so that one read fetches prefix and blob.
const FIRST_READ_LEN: usize = 4 << 10;
/// Appended bytes are written in pieces of about this size.
const WRITE_BUFFER_LEN: usize = 1 << 20;

/// An arena that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArenaError {
    /// The file cannot be read or written.
    #[error("the document arena {} failed: {source}", path.display())]
    Io {
        /// The arena's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not an arena, or shorter than the index knows it to be.
    #[error("the document arena {} is damaged: {what}; rebuild the index", path.display())]
    Damaged {
        /// The arena's file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A record's checksum is wrong, or no record starts at the offset.
    #[error("the document arena {} is damaged at offset {offset}; rebuild the index", path.display())]
    Record {
        /// The arena's file.
        path: PathBuf,
        /// Where the record should start.
        offset: u64,
    },
    /// The blob cannot be decompressed.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Appends to an arena; the only writer of its file.
#[derive(Debug)]
pub struct ArenaWriter {
    path: PathBuf,
    file: File,
    /// Appended, not yet written.
    buffer: Vec<u8>,
    /// Length of the file, the buffer not included.
    written: u64,
}

impl ArenaWriter {
    /// Creates an empty arena, replacing what stands at `path`.
    pub fn create(path: &Path) -> Result<Self, ArenaError> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(true)
            .open(path)
            .map_err(io_error(path))?;
        file.write_all(MAGIC).map_err(io_error(path))?;
        let written = MAGIC.len() as u64;
        Ok(Self { path: path.to_owned(), file, buffer: Vec::new(), written })
    }

    /// Opens an arena to append after `len`, its length at the last commit; what a crash left behind
    /// that is cut off.
    ///
    /// # Errors
    /// [`ArenaError::Damaged`] when the file is shorter than `len`.
    pub fn open(path: &Path, len: u64) -> Result<Self, ArenaError> {
        let mut file =
            OpenOptions::new().read(true).write(true).open(path).map_err(io_error(path))?;
        check_magic(path, &file)?;
        let found = file.metadata().map_err(io_error(path))?.len();
        if found < len || len < MAGIC.len() as u64 {
            let what = "it is shorter than the index says";
            return Err(ArenaError::Damaged { path: path.to_owned(), what });
        }
        file.set_len(len).map_err(io_error(path))?;
        file.seek(SeekFrom::Start(len)).map_err(io_error(path))?;
        Ok(Self { path: path.to_owned(), file, buffer: Vec::new(), written: len })
    }

    /// Appends a compressed document and returns the offset of its record. Readers see it after
    /// [`Self::flush`].
    pub fn append(&mut self, key: Key, blob: &[u8]) -> Result<u64, ArenaError> {
        let offset = self.len();
        let prefix = record_prefix(key, blob);
        self.buffer.extend_from_slice(&prefix);
        self.buffer.extend_from_slice(blob);
        if self.buffer.len() >= WRITE_BUFFER_LEN {
            self.flush()?;
        }
        Ok(offset)
    }

    /// The length of the arena, everything appended included.
    pub fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether no record was ever appended.
    pub fn is_empty(&self) -> bool {
        self.len() == MAGIC.len() as u64
    }

    /// Hands everything appended to the system: readers see it, a crash of the machine may lose it.
    pub fn flush(&mut self) -> Result<(), ArenaError> {
        if !self.buffer.is_empty() {
            self.file.write_all(&self.buffer).map_err(io_error(&self.path))?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Flushes and waits for the disk. Returns the length to keep with the commit.
    pub fn sync(&mut self) -> Result<u64, ArenaError> {
        self.flush()?;
        self.file.sync_data().map_err(io_error(&self.path))?;
        Ok(self.written)
    }
}

/// Reads documents of an arena; shared by any number of threads, beside the writer.
#[derive(Debug)]
pub struct Arena {
    path: PathBuf,
    file: File,
    codec: Arc<Codec>,
}

impl Arena {
    /// Opens the arena at `path`; `codec` is the store's.
    pub fn open(path: &Path, codec: Arc<Codec>) -> Result<Self, ArenaError> {
        let file = File::open(path).map_err(io_error(path))?;
        check_magic(path, &file)?;
        Ok(Self { path: path.to_owned(), file, codec })
    }

    /// Appends the JSON of the document at `offset` to `out` and returns its key.
    ///
    /// # Errors
    /// [`ArenaError::Record`] when no intact record starts there; `out` is then as before.
    pub fn read(&self, offset: u64, out: &mut Vec<u8>) -> Result<Key, ArenaError> {
        let mut first = [0; FIRST_READ_LEN];
        let got = self.read_some(&mut first, offset)?;
        let damaged = || ArenaError::Record { path: self.path.clone(), offset };
        let (prefix, rest) =
            first[..got].split_first_chunk::<RECORD_PREFIX_LEN>().ok_or_else(damaged)?;
        let prefix = RecordPrefix::read(prefix);
        if prefix.blob_len > blob_len_max() {
            return Err(damaged());
        }
        if let Some(blob) = rest.get(..prefix.blob_len) {
            self.decode(&prefix, blob, out, damaged)
        } else {
            let mut blob = vec![0; prefix.blob_len];
            let start = offset + RECORD_PREFIX_LEN as u64;
            if self.read_some(&mut blob, start)? < blob.len() {
                return Err(damaged());
            }
            self.decode(&prefix, &blob, out, damaged)
        }
    }

    /// Walks the first `len` bytes record by record, checking each: `(offset, key, blob)`.
    pub fn scan(&self, len: u64) -> Result<ArenaScan, ArenaError> {
        let file = File::open(&self.path).map_err(io_error(&self.path))?;
        let mut reader = BufReader::with_capacity(WRITE_BUFFER_LEN, file);
        let at = MAGIC.len() as u64;
        reader.seek(SeekFrom::Start(at)).map_err(io_error(&self.path))?;
        Ok(ArenaScan { path: self.path.clone(), reader, at, len })
    }

    fn decode(
        &self,
        prefix: &RecordPrefix,
        blob: &[u8],
        out: &mut Vec<u8>,
        damaged: impl Fn() -> ArenaError,
    ) -> Result<Key, ArenaError> {
        if !prefix.matches(blob) {
            return Err(damaged());
        }
        self.codec.decode(blob, out)?;
        Ok(prefix.key)
    }

    /// Reads until `buffer` is full or the file ends.
    fn read_some(&self, buffer: &mut [u8], offset: u64) -> Result<usize, ArenaError> {
        let mut got = 0;
        while got < buffer.len() {
            match self.file.read_at(&mut buffer[got..], offset + got as u64) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_error(&self.path)(error)),
            }
        }
        Ok(got)
    }
}

/// The records of an arena, one after the other; ends after the first damaged one.
#[derive(Debug)]
pub struct ArenaScan {
    path: PathBuf,
    reader: BufReader<File>,
    at: u64,
    len: u64,
}

impl Iterator for ArenaScan {
    type Item = Result<(u64, Key, Vec<u8>), ArenaError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.len {
            return None;
        }
        let offset = self.at;
        let record = self.read_record();
        if record.is_none() {
            self.at = self.len;
        }
        let damaged = || ArenaError::Record { path: self.path.clone(), offset };
        Some(record.map(|(key, blob)| (offset, key, blob)).ok_or_else(damaged))
    }
}

impl ArenaScan {
    fn read_record(&mut self) -> Option<(Key, Vec<u8>)> {
        let mut prefix = [0; RECORD_PREFIX_LEN];
        self.reader.read_exact(&mut prefix).ok()?;
        let prefix = RecordPrefix::read(&prefix);
        let end = self.at + (RECORD_PREFIX_LEN + prefix.blob_len) as u64;
        if end > self.len {
            return None;
        }
        let mut blob = vec![0; prefix.blob_len];
        self.reader.read_exact(&mut blob).ok()?;
        self.at = end;
        prefix.matches(&blob).then_some((prefix.key, blob))
    }
}

struct RecordPrefix {
    blob_len: usize,
    crc: u32,
    key: Key,
}

impl RecordPrefix {
    fn read(bytes: &[u8; RECORD_PREFIX_LEN]) -> Self {
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self { blob_len: number(0) as usize, crc: number(4), key: number(8) }
    }

    fn matches(&self, blob: &[u8]) -> bool {
        checksum(self.key, blob) == self.crc
    }
}

fn record_prefix(key: Key, blob: &[u8]) -> [u8; RECORD_PREFIX_LEN] {
    let mut prefix = [0; RECORD_PREFIX_LEN];
    prefix[..4].copy_from_slice(&(blob.len() as u32).to_le_bytes());
    prefix[4..8].copy_from_slice(&checksum(key, blob).to_le_bytes());
    prefix[8..].copy_from_slice(&key.to_le_bytes());
    prefix
}

fn checksum(key: Key, blob: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.to_le_bytes());
    hasher.update(blob);
    hasher.finalize()
}

/// No blob is longer; a longer length is damage, and must not become an allocation.
fn blob_len_max() -> usize {
    zstd::zstd_safe::compress_bound(crate::store::DOCUMENT_LEN_MAX) + 16
}

fn check_magic(path: &Path, file: &File) -> Result<(), ArenaError> {
    let mut magic = [0; MAGIC.len()];
    match file.read_exact_at(&mut magic, 0) {
        Ok(()) if &magic == MAGIC => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(io_error(path)(error)),
        Ok(()) | Err(_) => {
            Err(ArenaError::Damaged { path: path.to_owned(), what: "it is not an arena" })
        }
    }
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> ArenaError {
    move |source| ArenaError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::ResourceType;

    fn document(i: u32) -> Vec<u8> {
        // Every thirteenth does not fit the first read, compressed or not.
        let len = if i % 13 == 12 { 20_000 } else { 100 };
        let mut state = u64::from(i) + 1;
        let noise = (0..len).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b'a' + ((state >> 33) % 26) as u8
        });
        noise.collect()
    }

    fn filled(path: &Path, codec: &Codec) -> (Vec<u64>, u64) {
        let mut writer = ArenaWriter::create(path).unwrap();
        assert!(writer.is_empty());
        let offsets = (0..300)
            .map(|i| {
                let blob = codec.encode(ResourceType::Task, &document(i)).unwrap();
                writer.append(i, &blob).unwrap()
            })
            .collect();
        (offsets, writer.sync().unwrap())
    }

    #[test]
    fn what_was_appended_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("arena");
        let codec = Arc::new(Codec::default());
        let (offsets, len) = filled(&path, &codec);
        let arena = Arena::open(&path, Arc::clone(&codec)).unwrap();
        for (i, offset) in offsets.iter().enumerate().rev() {
            let i = i as u32;
            let mut out = b"[".to_vec();
            assert_eq!(arena.read(*offset, &mut out).unwrap(), i);
            assert_eq!(out[1..], document(i));
        }
        let scanned: Vec<_> = arena.scan(len).unwrap().map(|r| r.unwrap()).collect();
        assert_eq!(scanned.iter().map(|(offset, _, _)| *offset).collect::<Vec<_>>(), offsets);
        assert!(scanned.iter().zip(0..).all(|((_, key, _), i)| *key == i));
    }

    #[test]
    fn a_crash_leaves_what_was_committed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("arena");
        let codec = Arc::new(Codec::default());
        let (_, len) = filled(&path, &codec);
        // Something after the commit, torn.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"torn").unwrap();
        let mut writer = ArenaWriter::open(&path, len).unwrap();
        let blob = codec.encode(ResourceType::Task, b"next").unwrap();
        assert_eq!(writer.append(7, &blob).unwrap(), len);
        let len = writer.sync().unwrap();
        drop(writer);
        let arena = Arena::open(&path, codec).unwrap();
        assert_eq!(arena.scan(len).unwrap().map(|record| record.unwrap()).count(), 301);
        assert!(matches!(ArenaWriter::open(&path, len + 1), Err(ArenaError::Damaged { .. })));
    }

    #[test]
    fn damage_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("arena");
        let codec = Arc::new(Codec::default());
        let (offsets, len) = filled(&path, &codec);
        let intact = std::fs::read(&path).unwrap();
        let victim = offsets[40] as usize;
        for at in [victim, victim + 3, victim + 5, victim + 9, victim + 14, victim + 40] {
            let mut bytes = intact.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            let arena = Arena::open(&path, Arc::clone(&codec)).unwrap();
            let mut out = b"before".to_vec();
            assert!(arena.read(offsets[40], &mut out).is_err(), "byte {at}");
            assert_eq!(out, b"before");
            assert!(arena.scan(len).unwrap().any(|record| record.is_err()));
        }
        let arena = Arena::open(&path, Arc::clone(&codec)).unwrap();
        assert!(arena.read(offsets[1] + 1, &mut Vec::new()).is_err(), "between records");
        assert!(arena.read(len + 100, &mut Vec::new()).is_err(), "behind the end");
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(Arena::open(&path, codec), Err(ArenaError::Damaged { .. })));
    }
}
