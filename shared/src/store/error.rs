//! Why the store cannot do what it was asked: one variant for each thing a caller may do about it.

use std::io;
use std::path::PathBuf;

use super::{CodecError, Expected, Key};

/// A store that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("the document store {} is in use by {holder}", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
        /// Who said so when it opened the store.
        holder: String,
    },
    /// The directory cannot be created, read or written.
    #[error("the document store {} cannot be opened: {source}", path.display())]
    Unreachable {
        /// The store's directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store was written by another version of this program.
    #[error("the document store has format {found}, this program reads format {expected}")]
    Format {
        /// The store's.
        found: u32,
        /// Ours.
        expected: u32,
    },
    /// A row that makes no sense; restore a backup.
    #[error("the document store is damaged ({0} cannot be read); restore a backup")]
    Corrupt(&'static str),
    /// sled found its files damaged; restore a backup.
    #[error("the document store is damaged ({0}); restore a backup")]
    Damaged(String),
    /// sled failed to read or write.
    #[error("the document store failed: {0}")]
    Engine(io::Error),
    /// A failed write closed the store, and it could not be opened again yet.
    #[error("the document store is closed after a failure; it is being opened again")]
    Closed,
    /// A document cannot be compressed or decompressed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A resource is not in the state the writer expected.
    #[error("resource {key} has version {actual:?}, expected {expected:?}")]
    Conflict {
        /// The resource.
        key: Key,
        /// What the writer expected.
        expected: Expected,
        /// Its newest version, `None` when it does not exist or is deleted.
        actual: Option<u32>,
    },
    /// All 2³² keys are given out.
    #[error("the directory has no room for another resource")]
    KeysExhausted,
}

impl StoreError {
    /// Whether the system has no room for what was to be written: a full disk, a quota, a limit of the
    /// process.
    pub fn is_out_of_space(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self, Self::Engine(source) | Self::Unreachable { source, .. }
            if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge))
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(source) => Self::Engine(source),
            sled::Error::Corruption { at, .. } => Self::Damaged(format!("at {at:?}")),
            sled::Error::CollectionNotFound(_) => Self::Corrupt("the tree"),
            sled::Error::Unsupported(what) | sled::Error::ReportableBug(what) => {
                Self::Damaged(what)
            }
        }
    }
}
