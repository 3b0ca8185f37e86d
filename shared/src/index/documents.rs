//! The live documents of a generation: compressed, in the arena, at the address the index holds.
//!
//! The address of a document is a column of its index document. An old snapshot therefore reads old
//! documents without any table of offsets, and a merge of segments moves nothing but the address.

use std::io;
use std::sync::Arc;

use crate::arena::Arena;
use crate::store::Codec;

/// Where the current document of a resource stands in its generation's arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentAddress {
    /// Byte offset of the record.
    pub offset: u64,
}

/// The arena of a generation, and what decodes its records.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The compressed documents.
    pub arena: Arc<Arena>,
    /// The dictionaries.
    pub codec: Arc<Codec>,
}

impl Documents {
    /// Appends the JSON of a document to `out`.
    ///
    /// # Errors
    /// When the arena cannot be read, or the record is damaged.
    pub fn read(&self, address: DocumentAddress, out: &mut Vec<u8>) -> io::Result<()> {
        self.arena
            .with_record(address.offset, |_, blob| self.codec.decode(blob, out))?
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
