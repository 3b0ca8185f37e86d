//! The file in which a load waits until it is applied: documents and deletes in order, in compressed
//! chunks, each of which is applied as one.
//!
//! A chunk is `length u32 LE | zstd frame with checksum`; in it stand entries `kind u8 | length u32 LE |
//! bytes`. A position is the offset of a chunk.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use shared::data_dir;

/// Entries of a chunk: what one step of a load writes while other writers wait.
const ENTRIES: usize = 256;
/// A chunk of large documents is closed earlier.
const BYTES: usize = 2 << 20;
const LEVEL: i32 = 1;
const PUT: u8 = 1;
const DELETE: u8 = 2;

/// What is to be done with a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// Store this document.
    Put(Vec<u8>),
    /// Delete the resource of this type and id: `Location/a`.
    Delete(String),
}

/// A spool being written.
pub(super) struct Spool {
    file: File,
    chunk: Vec<u8>,
    entries: usize,
}

impl Spool {
    /// A new file.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, chunk: Vec::new(), entries: 0 })
    }

    /// Adds an entry at the end.
    pub(super) fn push(&mut self, entry: &Entry) -> io::Result<()> {
        let (kind, bytes) = match entry {
            Entry::Put(document) => (PUT, document.as_slice()),
            Entry::Delete(name) => (DELETE, name.as_bytes()),
        };
        self.chunk.push(kind);
        self.chunk.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.chunk.extend_from_slice(bytes);
        self.entries += 1;
        if self.entries == ENTRIES || self.chunk.len() >= BYTES {
            self.close_chunk()
        } else {
            Ok(())
        }
    }

    /// Gives the whole file its final name and waits for the disk.
    pub(super) fn finish(mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.close_chunk()?;
        self.file.sync_all()?;
        std::fs::rename(from, to)?;
        data_dir::sync_parent(to)
    }

    fn close_chunk(&mut self) -> io::Result<()> {
        if self.entries > 0 {
            let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
            encoder.include_checksum(true)?;
            encoder.write_all(&self.chunk)?;
            let frame = encoder.finish()?;
            self.file.write_all(&(frame.len() as u32).to_le_bytes())?;
            self.file.write_all(&frame)?;
        }
        self.chunk.clear();
        self.entries = 0;
        Ok(())
    }
}

/// A whole spool, being read.
pub(super) struct Spooled(File);

impl Spooled {
    /// Opens a spool that was finished.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::open(path)?))
    }

    /// The entries of the chunk at `position`, and the position of the next; `None` at the end.
    pub(super) fn chunk(&self, position: u64) -> io::Result<Option<(Vec<Entry>, u64)>> {
        let len = self.0.metadata()?.len();
        if position == len {
            return Ok(None);
        }
        let mut prefix = [0; 4];
        self.0.read_exact_at(&mut prefix, position)?;
        let frame_len = u64::from(u32::from_le_bytes(prefix));
        let next = position + 4 + frame_len;
        if next > len {
            return Err(damaged());
        }
        let mut frame = vec![0; frame_len as usize];
        self.0.read_exact_at(&mut frame, position + 4)?;
        Ok(Some((entries(&zstd::decode_all(frame.as_slice())?)?, next)))
    }
}

fn entries(mut chunk: &[u8]) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::with_capacity(ENTRIES);
    while let Some(([kind, a, b, c, d], rest)) = chunk.split_first_chunk() {
        let len = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let (bytes, rest) = rest.split_at_checked(len).ok_or_else(damaged)?;
        chunk = rest;
        entries.push(match *kind {
            PUT => Entry::Put(bytes.to_vec()),
            DELETE => Entry::Delete(String::from_utf8(bytes.to_vec()).map_err(|_| damaged())?),
            _ => return Err(damaged()),
        });
    }
    if chunk.is_empty() { Ok(entries) } else { Err(damaged()) }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the waiting load is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_read_in_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let (begun, path) = (dir.path().join("begun"), dir.path().join("whole"));
        let entries: Vec<Entry> = (0..ENTRIES as u32 * 2 + 7)
            .map(|n| match n % 3 {
                0 => Entry::Delete(format!("Location/{n}")),
                1 => Entry::Put(format!("{{\"id\":\"{n}\"}}").into_bytes()),
                _ => Entry::Put(vec![0xff; n as usize]),
            })
            .collect();
        let mut spool = Spool::create(&begun).unwrap();
        entries.iter().for_each(|entry| spool.push(entry).unwrap());
        spool.finish(&begun, &path).unwrap();
        assert!(!begun.exists());

        let spooled = Spooled::open(&path).unwrap();
        let (mut read, mut position, mut sizes) = (Vec::new(), 0, Vec::new());
        while let Some((chunk, next)) = spooled.chunk(position).unwrap() {
            sizes.push(chunk.len());
            read.extend(chunk);
            position = next;
        }
        assert_eq!((read, sizes), (entries, vec![ENTRIES, ENTRIES, 7]));

        let intact = std::fs::read(&path).unwrap();
        for at in [2, 30, intact.len() - 3] {
            let mut bytes = intact.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            let spooled = Spooled::open(&path).unwrap();
            let mut position = 0;
            let damage = loop {
                match spooled.chunk(position) {
                    Ok(Some((_, next))) => position = next,
                    end => break end.is_err(),
                }
            };
            assert!(damage, "byte {at}");
        }
    }
}
