//! How a document is compressed, in the store and in the arena alike: zstd with one dictionary for
//! each resource type.
//!
//! A *blob* is `dictionary id (u16 LE, 0 = none) | document length (u32 LE) | zstd frame`. It names its
//! dictionary, so it can be copied from the store to an arena and back as it stands. Dictionaries are
//! never dropped or changed: an old blob stays readable for ever. Not here: where dictionaries are
//! kept (see [`super::Store::train`]) and checksums (sled's pages and the arena's records have theirs).

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use zstd::zstd_safe::{CCtx, CDict, DCtx, DDict, compress_bound};

use crate::fhir::ResourceType;

/// Level 1 is as small as level 3 with a dictionary, and twice as fast to write.
const LEVEL: i32 = 1;

/// Bytes before the zstd frame.
const PREFIX_LEN: usize = 6;

/// No document is larger; a longer length in a blob is damage, and must not become an allocation.
pub const DOCUMENT_LEN_MAX: usize = 256 << 20;

/// Target size of a trained dictionary.
const DICTIONARY_LEN: usize = 64 << 10;

/// The number of a dictionary: 0 is none, the first trained is 1.
pub type DictionaryId = u16;

/// A blob that cannot be read, or a document that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The blob is too short to hold its prefix, or announces an impossible length.
    #[error("a compressed document of {0} bytes is damaged at its start")]
    Prefix(usize),
    /// The blob names a dictionary this store does not have.
    #[error("a compressed document needs dictionary {0}, which is not in this store")]
    UnknownDictionary(DictionaryId),
    /// zstd refuses the frame, or it holds another length than announced.
    #[error("a compressed document is damaged: {0}")]
    Frame(&'static str),
    /// The document is longer than [`DOCUMENT_LEN_MAX`].
    #[error("a document of {0} bytes is too long to store")]
    TooLong(usize),
}

/// Compresses and decompresses documents; shared by the store and every arena, used by any thread.
pub struct Codec {
    table: ArcSwap<Table>,
}

#[derive(Clone, Default)]
struct Table {
    /// Position = id − 1.
    dictionaries: Vec<Arc<Dictionary>>,
    /// The newest dictionary of each type, which new documents use.
    current: [DictionaryId; ResourceType::ALL.len()],
}

struct Dictionary {
    compress: CDict<'static>,
    decompress: DDict<'static>,
}

thread_local! {
    // zstd's contexts are large and reusable; one pair for each thread that touches documents.
    static COMPRESS: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
    static DECOMPRESS: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

impl Default for Codec {
    fn default() -> Self {
        Self { table: ArcSwap::from_pointee(Table::default()) }
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("current", &self.table.load().current).finish()
    }
}

impl Codec {
    /// Whether documents of this type already have a dictionary.
    pub fn has_dictionary(&self, resource_type: ResourceType) -> bool {
        self.table.load().current[resource_type.index()] != 0
    }

    /// The id the next dictionary will have.
    pub(super) fn next_id(&self) -> DictionaryId {
        self.table.load().dictionaries.len() as DictionaryId + 1
    }

    /// Adds dictionary `id`, which must be [`Self::next_id`], and uses it for `resource_type` from now on.
    pub(super) fn add(&self, id: DictionaryId, resource_type: ResourceType, dictionary: &[u8]) {
        debug_assert_eq!(id, self.next_id());
        let mut table = Table::clone(&self.table.load());
        table.dictionaries.push(Arc::new(Dictionary {
            compress: CDict::create(dictionary, LEVEL),
            decompress: DDict::create(dictionary),
        }));
        table.current[resource_type.index()] = id;
        self.table.store(Arc::new(table));
    }

    /// Compresses one document of `resource_type`.
    ///
    /// # Errors
    /// [`CodecError::TooLong`].
    pub fn encode(
        &self,
        resource_type: ResourceType,
        document: &[u8],
    ) -> Result<Vec<u8>, CodecError> {
        if document.len() > DOCUMENT_LEN_MAX {
            return Err(CodecError::TooLong(document.len()));
        }
        let table = self.table.load();
        let id = table.current[resource_type.index()];
        let mut blob = vec![0; PREFIX_LEN + compress_bound(document.len())];
        blob[..2].copy_from_slice(&id.to_le_bytes());
        blob[2..PREFIX_LEN].copy_from_slice(&(document.len() as u32).to_le_bytes());
        let frame_len = COMPRESS.with_borrow_mut(|context| {
            let frame = &mut blob[PREFIX_LEN..];
            match dictionary_index(id) {
                None => context.compress(frame, document, LEVEL),
                Some(i) => {
                    context.compress_using_cdict(frame, document, &table.dictionaries[i].compress)
                }
            }
        });
        let frame_len =
            frame_len.map_err(|code| CodecError::Frame(zstd::zstd_safe::get_error_name(code)))?;
        blob.truncate(PREFIX_LEN + frame_len);
        blob.shrink_to_fit();
        Ok(blob)
    }

    /// Appends the document held by `blob` to `out`.
    ///
    /// # Errors
    /// When the blob is damaged or its dictionary unknown; `out` is then as before.
    pub fn decode(&self, blob: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let (id, document_len, frame) = split(blob)?;
        let table = self.table.load();
        let dictionary = match dictionary_index(id) {
            None => None,
            Some(i) => Some(table.dictionaries.get(i).ok_or(CodecError::UnknownDictionary(id))?),
        };
        let start = out.len();
        out.resize(start + document_len, 0);
        let written = DECOMPRESS.with_borrow_mut(|context| match dictionary {
            None => context.decompress(&mut out[start..], frame),
            Some(d) => context.decompress_using_ddict(&mut out[start..], frame, &d.decompress),
        });
        let problem = match written {
            Ok(n) if n == document_len => return Ok(()),
            Ok(_) => "another length than announced",
            Err(code) => zstd::zstd_safe::get_error_name(code),
        };
        out.truncate(start);
        Err(CodecError::Frame(problem))
    }
}

/// Trains a dictionary on sample documents of one type. `None` when they are too few or too alike for
/// zstd to learn from.
pub(super) fn train(samples: &[Vec<u8>]) -> Option<Vec<u8>> {
    zstd::dict::from_samples(samples, DICTIONARY_LEN).ok().filter(|d| !d.is_empty())
}

/// The length of the document a blob holds, without decompressing it.
///
/// # Errors
/// [`CodecError::Prefix`].
pub fn document_len(blob: &[u8]) -> Result<usize, CodecError> {
    split(blob).map(|(_, len, _)| len)
}

fn split(blob: &[u8]) -> Result<(DictionaryId, usize, &[u8]), CodecError> {
    let (prefix, frame) =
        blob.split_first_chunk::<PREFIX_LEN>().ok_or(CodecError::Prefix(blob.len()))?;
    let id = u16::from_le_bytes([prefix[0], prefix[1]]);
    let len = u32::from_le_bytes([prefix[2], prefix[3], prefix[4], prefix[5]]) as usize;
    if len > DOCUMENT_LEN_MAX {
        return Err(CodecError::Prefix(blob.len()));
    }
    Ok((id, len, frame))
}

fn dictionary_index(id: DictionaryId) -> Option<usize> {
    (id as usize).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(i: usize) -> Vec<u8> {
        format!(
            "{{\"resourceType\":\"Location\",\"id\":\"loc-{i}\",\"name\":\"Site {}\",\"status\":\"active\"}}",
            i * 7919
        )
        .into_bytes()
    }

    #[test]
    fn round_trip_with_and_without_dictionary() {
        let codec = Codec::default();
        let plain = codec.encode(ResourceType::Location, &sample(1)).unwrap();
        let dictionary = train(&(0..2000).map(sample).collect::<Vec<_>>()).unwrap();
        codec.add(1, ResourceType::Location, &dictionary);
        let trained = codec.encode(ResourceType::Location, &sample(1)).unwrap();
        let other_type = codec.encode(ResourceType::Task, &sample(1)).unwrap();
        assert!(trained.len() < plain.len() / 2, "{} against {}", trained.len(), plain.len());
        for blob in [&plain, &trained, &other_type] {
            let mut out = b"before".to_vec();
            codec.decode(blob, &mut out).unwrap();
            assert_eq!(out, [b"before".as_slice(), &sample(1)].concat());
            assert_eq!(document_len(blob).unwrap(), sample(1).len());
        }
    }

    #[test]
    fn damage_is_an_error_and_leaves_the_output_alone() {
        let codec = Codec::default();
        let blob = codec.encode(ResourceType::Task, &sample(3)).unwrap();
        let mut flipped = blob.clone();
        flipped[7] ^= 0xff;
        let mut longer = blob.clone();
        longer[2] += 1;
        let mut foreign = blob.clone();
        foreign[0] = 9;
        let mut huge = blob.clone();
        huge[5] = 0xff;
        for damaged in [&blob[..3], &blob[..blob.len() - 2], &flipped, &longer, &foreign, &huge] {
            let mut out = b"before".to_vec();
            assert!(codec.decode(damaged, &mut out).is_err());
            assert_eq!(out, b"before");
        }
        assert_eq!(codec.decode(&foreign, &mut Vec::new()), Err(CodecError::UnknownDictionary(9)));
    }

    #[test]
    fn empty_document() {
        let codec = Codec::default();
        let blob = codec.encode(ResourceType::Task, b"").unwrap();
        let mut out = Vec::new();
        codec.decode(&blob, &mut out).unwrap();
        assert!(out.is_empty());
    }
}
