//! The live documents of a generation: compressed, in the arena, at the address the index holds.
//!
//! The address of a document is a column of its index document. An old snapshot therefore reads old
//! documents without any table of offsets, and a merge of segments moves nothing but the address.

use std::io;
use std::sync::Arc;

use crate::arena::Arena;
use crate::store::{Codec, Key};

/// Where the current document of a resource stands: in which generation's arena, and where in it. While
/// one generation takes the place of another, snapshots of both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentAddress {
    /// The number of the generation.
    pub generation: u32,
    /// Byte offset of the record.
    pub offset: u64,
}

/// The arena of a generation, and what decodes its records.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The number of the generation.
    pub generation: u32,
    /// The compressed documents.
    pub arena: Arc<Arena>,
    /// The dictionaries.
    pub codec: Arc<Codec>,
}

impl Documents {
    /// Appends a compressed document and returns its address; it can be read once the arena is flushed.
    ///
    /// # Errors
    /// When the arena cannot be written.
    pub fn append(&self, key: Key, blob: &[u8]) -> io::Result<DocumentAddress> {
        let offset = self.arena.append(key, blob)?;
        Ok(DocumentAddress { generation: self.generation, offset })
    }

    /// Appends the JSON of a document to `out`.
    ///
    /// # Errors
    /// When the arena cannot be read, the record is damaged, or the address is of another generation.
    pub fn read(&self, address: DocumentAddress, out: &mut Vec<u8>) -> io::Result<()> {
        if address.generation != self.generation {
            let text = "the document stands in another generation";
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        self.arena
            .with_record(address.offset, |_, blob| self.codec.decode(blob, out))?
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
