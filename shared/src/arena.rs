//! The live documents of one index generation, compressed, in one append-only file.
//!
//! The store is a slow reader of pages, so every document that the index can find also stands here. An
//! index document holds the offset of its record; an old snapshot therefore still shows old documents,
//! and no table of offsets has to be kept. What is no longer referred to is left in place until the
//! generation is rebuilt; so is what a crash left behind the last commit, which nothing refers to
//! either. Reads are positioned (no memory map, no shared cursor).
//!
//! File: 8 bytes of magic, then records: `blob length u32 | crc32 of key and blob u32 | key u32 | blob`,
//! all little-endian. A blob is what the store holds (see [`crate::store::Codec`]), not decoded here.
//!
//! Order of events: append, [`Arena::sync`], then commit the index.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::{DOCUMENT_LEN_MAX, Key};

const MAGIC: &[u8; 8] = b"RORARN\x00\x01";
const RECORD_PREFIX_LEN: usize = 12;
/// Most compressed documents fit, so that one read fetches prefix and blob.
const FIRST_READ_LEN: usize = 4 << 10;
/// Appended bytes are written in pieces of about this size.
const WRITE_BUFFER_LEN: usize = 1 << 20;
/// zstd grows what it cannot shrink by less than this; a longer length is damage, and must not become
/// an allocation.
const BLOB_LEN_MAX: usize = DOCUMENT_LEN_MAX + DOCUMENT_LEN_MAX / 128;

/// An open arena: any number of readers, and writers that take turns.
#[derive(Debug)]
pub struct Arena {
    file: File,
    tail: Mutex<Tail>,
}

#[derive(Debug)]
struct Tail {
    /// Length of the file.
    written: u64,
    /// Appended, not yet written.
    buffer: Vec<u8>,
}

impl Arena {
    /// Opens the arena at `path`, creating an empty one when there is none.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when the file is something else.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut written = file.metadata()?.len();
        if written == 0 {
            file.write_all_at(MAGIC, 0)?;
            written = MAGIC.len() as u64;
        }
        let mut magic = [0; MAGIC.len()];
        let got = read_up_to(&file, &mut magic, 0)?;
        if &magic[..got] != MAGIC {
            return Err(invalid("it is not a document arena"));
        }
        Ok(Self { file, tail: Mutex::new(Tail { written, buffer: Vec::new() }) })
    }

    /// Appends a compressed document and returns the offset of its record. It can be read after
    /// [`Self::flush`].
    ///
    /// # Errors
    /// When the file cannot be written; what was appended since the last flush is then tried again by
    /// the next one.
    pub fn append(&self, key: Key, blob: &[u8]) -> io::Result<u64> {
        let mut tail = self.tail();
        let offset = tail.written + tail.buffer.len() as u64;
        tail.buffer.extend_from_slice(&(blob.len() as u32).to_le_bytes());
        tail.buffer.extend_from_slice(&checksum(key, blob).to_le_bytes());
        tail.buffer.extend_from_slice(&key.to_le_bytes());
        tail.buffer.extend_from_slice(blob);
        if tail.buffer.len() >= WRITE_BUFFER_LEN {
            self.write_out(&mut tail)?;
        }
        Ok(offset)
    }

    /// Hands everything appended to the system: it can be read, but a crash of the machine may lose it.
    pub fn flush(&self) -> io::Result<()> {
        self.write_out(&mut self.tail())
    }

    /// Flushes and waits for the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.flush()?;
        self.file.sync_data()
    }

    /// The length in bytes, everything appended included.
    pub fn size_bytes(&self) -> u64 {
        let tail = self.tail();
        tail.written + tail.buffer.len() as u64
    }

    /// Appends the blob at `offset` to `out`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when no intact record starts there; `out` is then as before.
    pub fn read(&self, offset: u64, out: &mut Vec<u8>) -> io::Result<()> {
        self.with_record(offset, |_, blob| out.extend_from_slice(blob))
    }

    /// Calls `use_record` with the key and the blob at `offset`, without copying a usual one.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn with_record<R>(
        &self,
        offset: u64,
        use_record: impl FnOnce(Key, &[u8]) -> R,
    ) -> io::Result<R> {
        let mut first = [0; FIRST_READ_LEN];
        let got = read_up_to(&self.file, &mut first, offset)?;
        let Some((prefix, rest)) = first[..got].split_first_chunk::<RECORD_PREFIX_LEN>() else {
            return Err(invalid("no record starts at this offset of the arena"));
        };
        let number = |at: usize| {
            u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]])
        };
        let (blob_len, crc, key) = (number(0) as usize, number(4), number(8));
        if blob_len > BLOB_LEN_MAX {
            return Err(invalid("a record of the arena has an impossible length"));
        }
        let long;
        let blob = if let Some(blob) = rest.get(..blob_len) {
            blob
        } else {
            let mut bytes = vec![0; blob_len];
            let got = read_up_to(&self.file, &mut bytes, offset + RECORD_PREFIX_LEN as u64)?;
            bytes.truncate(got);
            long = bytes;
            &long
        };
        if blob.len() != blob_len || checksum(key, blob) != crc {
            return Err(invalid("a record of the arena has a wrong checksum"));
        }
        Ok(use_record(key, blob))
    }

    fn write_out(&self, tail: &mut Tail) -> io::Result<()> {
        self.file.write_all_at(&tail.buffer, tail.written)?;
        tail.written += tail.buffer.len() as u64;
        tail.buffer.clear();
        Ok(())
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        // A tail is changed by steps that cannot panic half-way.
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until `buffer` is full or the file ends.
fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read_at(&mut buffer[got..], offset.saturating_add(got as u64)) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn checksum(key: Key, blob: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.to_le_bytes());
    hasher.update(blob);
    hasher.finalize()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(i: u32) -> Vec<u8> {
        // Every thirteenth does not fit the first read.
        let len = if i % 13 == 12 { 20_000 } else { 100 + i as usize };
        (0..len).map(|at| (at as u32).wrapping_mul(i + 7) as u8).collect()
    }

    fn read(arena: &Arena, offset: u64) -> io::Result<Vec<u8>> {
        let mut out = b"before".to_vec();
        let result = arena.read(offset, &mut out);
        assert!(out.starts_with(b"before"));
        result.map(|()| out.split_off(6))
    }

    fn fill(arena: &Arena) -> Vec<u64> {
        let offsets = (0..300).map(|i| arena.append(i, &blob(i)).unwrap()).collect();
        arena.sync().unwrap();
        offsets
    }

    #[test]
    fn what_was_appended_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::open(&dir.path().join("arena")).unwrap();
        let offsets = fill(&arena);
        for (i, offset) in offsets.iter().enumerate().rev() {
            assert_eq!(read(&arena, *offset).unwrap(), blob(i as u32));
            assert_eq!(arena.with_record(*offset, |key, _| key).unwrap(), i as u32);
        }
        let last = *offsets.last().unwrap();
        assert_eq!(arena.size_bytes(), last + 12 + blob(299).len() as u64);
    }

    #[test]
    fn reopening_appends_behind_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("arena");
        let offsets = fill(&Arena::open(&path).unwrap());
        let torn = std::fs::read(&path).unwrap()[..40].to_vec();
        let len = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&torn, len).unwrap();
        let arena = Arena::open(&path).unwrap();
        let offset = arena.append(7, b"next").unwrap();
        assert_eq!(offset, len + 40);
        assert!(read(&arena, offset).is_err(), "not flushed yet");
        arena.flush().unwrap();
        assert_eq!(read(&arena, offset).unwrap(), b"next");
        assert_eq!(read(&arena, offsets[299]).unwrap(), blob(299));
    }

    #[test]
    fn damage_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("arena");
        let offsets = fill(&Arena::open(&path).unwrap());
        let intact = std::fs::read(&path).unwrap();
        let victim = offsets[40] as usize;
        for at in [victim, victim + 3, victim + 5, victim + 9, victim + 14, victim + 40] {
            let mut bytes = intact.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            let arena = Arena::open(&path).unwrap();
            let error = read(&arena, offsets[40]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "byte {at}");
        }
        let arena = Arena::open(&path).unwrap();
        assert!(read(&arena, offsets[1] + 1).is_err(), "between records");
        assert!(read(&arena, intact.len() as u64 + 100).is_err(), "behind the end");
        assert!(read(&arena, u64::MAX).is_err());
        for other in [&b"short"[..], b"something else"] {
            std::fs::write(&path, other).unwrap();
            assert!(Arena::open(&path).is_err());
        }
    }

    #[test]
    fn threads_append_beside_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let arena = Arena::open(&dir.path().join("arena")).unwrap();
        let offsets: Vec<u64> = std::thread::scope(|scope| {
            let write = |i: u32| {
                let arena = &arena;
                scope.spawn(move || (0..200).map(|_| arena.append(i, &blob(i)).unwrap()).collect())
            };
            let threads: Vec<_> = (0..4).map(write).collect();
            threads.into_iter().flat_map(|t| -> Vec<u64> { t.join().unwrap() }).collect()
        });
        arena.flush().unwrap();
        for (at, offset) in offsets.iter().enumerate() {
            assert_eq!(read(&arena, *offset).unwrap(), blob(at as u32 / 200));
        }
    }
}
