//! The search index: generations on disk, the single writer, segment views, and the immutable
//! snapshot every request reads.

use std::io;

/// Where the current document of a resource stands in its generation's arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentAddress {
    /// Byte offset of the record.
    pub offset: u64,
}

/// Everything a request reads: immutable, and used from parse to last byte.
#[derive(Debug)]
pub struct Snapshot {}

impl Snapshot {
    /// Appends the JSON of a document (one object, no trailing newline) to `out`.
    ///
    /// # Errors
    /// When the arena cannot be read or the record's checksum is wrong.
    pub fn read_document(&self, _address: DocumentAddress, _out: &mut Vec<u8>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
