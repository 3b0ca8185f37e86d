//! Generations on disk: `generations/NNNNNN/` with its Tantivy index, arena and manifest, and the one
//! pointer `CURRENT`, switched by an atomic rename. A reader never sees half a generation.
//!
//! A generation without a manifest was never finished. A rebuild keeps the generation it replaces, so that
//! there is one to go back to; numbers are never given twice while one of them stands.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use tantivy::{Index, IndexReader, ReloadPolicy};

use super::documents::Documents;
use super::snapshot::Snapshot;
use super::statistics::{self, WordStatistics};
use super::writer::{IndexWriter, WriterOptions, open_index};
use crate::arena::Arena;
use crate::data_dir;
use crate::schema::index_schema;
use crate::store::Codec;

/// Why a generation cannot be opened or published.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is not what this build writes.
    #[error("{path} is not a manifest: {source}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The index was built with other parameters, analyzers or classes.
    #[error(
        "{path} was built with schema {found}, this program has {expected}: run `indexer rebuild`"
    )]
    OtherSchema {
        /// The generation.
        path: PathBuf,
        /// The digest in its manifest.
        found: String,
        /// The digest of this build.
        expected: String,
    },
    /// `CURRENT` names what is no generation.
    #[error("{path} is no generation ({reason}), but CURRENT names it: run `indexer rebuild`")]
    Absent {
        /// The generation.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// The index cannot be opened or read.
    #[error("the index cannot be read ({0}); if it is damaged, run `indexer rebuild`")]
    Index(#[from] tantivy::TantivyError),
}

/// A load that makes a generation this many times as large counts its words anew.
const REFREEZE_GROWTH: u64 = 2;

/// What a generation says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Digest of the schema it was built with.
    pub schema_digest: String,
    /// The last change of the store it held when it was published.
    pub seq: u64,
    /// Number of resources when it was published.
    pub resources: u64,
}

/// One generation, open.
pub struct Generation {
    number: u32,
    dir: PathBuf,
    index: Index,
    reader: IndexReader,
    documents: Documents,
    statistics: OnceLock<Arc<WordStatistics>>,
}

/// The files of a generation's index.
#[derive(Clone)]
pub struct IndexFiles(Index);

impl IndexFiles {
    /// Those whose content is not what was written: each ends with a checksum.
    ///
    /// # Errors
    /// When a file cannot be read, or has lost its end.
    pub fn damaged(&self) -> Result<Vec<PathBuf>, GenerationError> {
        let mut files: Vec<_> = self.0.validate_checksum()?.into_iter().collect();
        files.sort();
        Ok(files)
    }
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Generation {
    /// The generation that `CURRENT` of `data_dir` names; `None` in an empty data directory.
    ///
    /// # Errors
    /// When it cannot be opened, or was built with another schema.
    pub fn current(data_dir: &Path, codec: Arc<Codec>) -> Result<Option<Self>, GenerationError> {
        match Self::current_number(data_dir)? {
            Some(number) => Self::of_this_schema(data_dir, number, codec).map(Some),
            None => Ok(None),
        }
    }

    /// The number that `CURRENT` names; `None` in an empty data directory.
    ///
    /// # Errors
    /// When it cannot be read, or is no number.
    pub fn current_number(data_dir: &Path) -> Result<Option<u32>, GenerationError> {
        let path = data_dir.join(CURRENT);
        match fs::read_to_string(&path) {
            Ok(name) => name.trim().parse().map(Some).map_err(|_| GenerationError::Absent {
                path: generations(data_dir).join(name.trim()),
                reason: "its name is no number".to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(GenerationError::Io { path, source }),
        }
    }

    /// The finished generation before the current one: what a rollback goes back to. `None` when there is
    /// none.
    ///
    /// # Errors
    /// When it cannot be opened, or was built with another schema.
    pub fn previous(data_dir: &Path, codec: Arc<Codec>) -> Result<Option<Self>, GenerationError> {
        let Some(current) = Self::current_number(data_dir)? else { return Ok(None) };
        let finished = |number: &u32| {
            *number < current && directory(data_dir, *number).join(MANIFEST).exists()
        };
        match numbers(data_dir)?.into_iter().filter(finished).max() {
            Some(number) => Self::of_this_schema(data_dir, number, codec).map(Some),
            None => Ok(None),
        }
    }

    fn of_this_schema(
        data_dir: &Path,
        number: u32,
        codec: Arc<Codec>,
    ) -> Result<Self, GenerationError> {
        let dir = directory(data_dir, number);
        let manifest = read_manifest(&dir).map_err(|error| GenerationError::Absent {
            path: dir.clone(),
            reason: error.to_string(),
        })?;
        let expected = &index_schema().digest;
        if manifest.schema_digest != *expected {
            return Err(GenerationError::OtherSchema {
                path: dir,
                found: manifest.schema_digest,
                expected: expected.clone(),
            });
        }
        Self::open(dir, number, codec)
    }

    /// A new, empty generation, not yet current.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(data_dir: &Path, codec: Arc<Codec>) -> Result<Self, GenerationError> {
        let parent = generations(data_dir);
        fs::create_dir_all(&parent).map_err(at(&parent))?;
        let number = numbers(data_dir)?.into_iter().max().unwrap_or(0) + 1;
        let dir = directory(data_dir, number);
        let index = dir.join("index");
        fs::create_dir_all(&index).map_err(at(&index))?;
        data_dir::sync_parent(&dir).map_err(at(&parent))?;
        Self::open(dir, number, codec)
    }

    /// Removes generations that were begun and never finished; only the holder of the store may.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove_unfinished(data_dir: &Path) -> Result<(), GenerationError> {
        for number in numbers(data_dir)? {
            let dir = directory(data_dir, number);
            if !dir.join(MANIFEST).exists() {
                fs::remove_dir_all(&dir).map_err(at(&dir))?;
            }
        }
        Ok(())
    }

    /// Removes all generations but some; only the holder of the store may. Files that a snapshot still
    /// reads stay readable until it is dropped.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn keep_only(data_dir: &Path, kept: &[u32]) -> Result<(), GenerationError> {
        for number in numbers(data_dir)?.into_iter().filter(|number| !kept.contains(number)) {
            let dir = directory(data_dir, number);
            // Half-removed, it must not be taken for a finished one.
            let manifest = dir.join(MANIFEST);
            if manifest.exists() {
                fs::remove_file(&manifest).map_err(at(&manifest))?;
            }
            fs::remove_dir_all(&dir).map_err(at(&dir))?;
        }
        Ok(())
    }

    fn open(dir: PathBuf, number: u32, codec: Arc<Codec>) -> Result<Self, GenerationError> {
        let index = open_index(&dir.join("index"))?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let path = dir.join("arena");
        let arena = Arc::new(Arena::open(&path).map_err(at(&path))?);
        let documents = Documents { generation: number, arena, codec };
        Ok(Self { number, dir, index, reader, documents, statistics: OnceLock::new() })
    }

    /// The index writer; only one may exist at a time.
    ///
    /// # Errors
    /// When another writer holds the index.
    pub fn writer(&self, options: WriterOptions) -> Result<IndexWriter, GenerationError> {
        Ok(IndexWriter::open(&self.index, options)?)
    }

    /// The live documents.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The directory of the generation.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last change the committed index knows.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn committed_seq(&self) -> Result<u64, GenerationError> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|p| p.parse().ok()).unwrap_or(0))
    }

    /// The last change that the current generation of `data_dir` is known to hold, as far as what is left
    /// of it can be read; 0 when there is none. A store that ends before it has lost changes.
    pub fn known_seq(data_dir: &Path) -> u64 {
        let Ok(Some(number)) = Self::current_number(data_dir) else { return 0 };
        let dir = directory(data_dir, number);
        let published = read_manifest(&dir).map_or(0, |manifest| manifest.seq);
        let index = tantivy::Index::open_in_dir(dir.join("index"));
        let payload = index.ok().and_then(|index| index.load_metas().ok()?.payload);
        published.max(payload.and_then(|payload| payload.parse().ok()).unwrap_or(0))
    }

    /// The files of the index, to be looked at from anywhere.
    pub fn files(&self) -> IndexFiles {
        IndexFiles(self.index.clone())
    }

    /// A snapshot of the last commit; views of segments that `previous` has are shared.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn snapshot(&self, previous: Option<&Snapshot>) -> Result<Snapshot, GenerationError> {
        // Read before the reload: a commit in between makes the snapshot newer than it says, never older.
        let seq = self.committed_seq()?;
        self.reader.reload()?;
        let mut snapshot =
            Snapshot::open(self.reader.searcher(), previous, self.documents.clone(), seq)?;
        snapshot.statistics = self.statistics()?;
        Ok(snapshot)
    }

    /// The statistics of words as they were published; of nothing before.
    fn statistics(&self) -> Result<Arc<WordStatistics>, GenerationError> {
        if let Some(known) = self.statistics.get() {
            return Ok(Arc::clone(known));
        }
        let read = statistics::read(&self.dir).map_err(at(&self.dir))?;
        let published = self.dir.join(MANIFEST).exists();
        let read = Arc::new(read.unwrap_or_default());
        if published {
            return Ok(Arc::clone(self.statistics.get_or_init(|| read)));
        }
        Ok(read)
    }

    /// Counts the words of the index, unless that was done when it was of this order of size. Part of
    /// [`Self::publish`]; done before, it need not be waited for there.
    ///
    /// # Errors
    /// When the index cannot be read, or the count not written.
    pub fn freeze_statistics(&self, resources: u64) -> Result<(), GenerationError> {
        let known = statistics::read(&self.dir).map_err(at(&self.dir))?;
        let counted = known.map_or(0, |known| known.all_documents());
        if resources <= counted * REFREEZE_GROWTH {
            return Ok(());
        }
        self.reader.reload()?;
        let counted = WordStatistics::collect(&self.reader.searcher())?;
        statistics::write(&counted, &self.dir).map_err(at(&self.dir))
    }

    /// Writes the manifest, makes everything durable and switches `CURRENT` to this generation.
    ///
    /// # Errors
    /// When a file cannot be written; the former generation then stays current.
    pub fn publish(&self, data_dir: &Path, manifest: &Manifest) -> Result<(), GenerationError> {
        let path = self.dir.join("arena");
        self.documents.arena.sync().map_err(at(&path))?;
        self.freeze_statistics(manifest.resources)?;
        let path = self.dir.join(MANIFEST);
        let text = serde_json::to_string_pretty(manifest)
            .map_err(|source| GenerationError::Manifest { path: path.clone(), source })?;
        data_dir::replace_file(&path, text.as_bytes(), 0o644).map_err(at(&path))?;
        let pointer = data_dir.join(CURRENT);
        let name = format!("{:06}", self.number);
        data_dir::replace_file(&pointer, name.as_bytes(), 0o644).map_err(at(&pointer))
    }
}

/// The one pointer.
const CURRENT: &str = "CURRENT";
/// What a finished generation says of itself.
const MANIFEST: &str = "manifest.json";

fn generations(data_dir: &Path) -> PathBuf {
    data_dir.join("generations")
}

fn directory(data_dir: &Path, number: u32) -> PathBuf {
    generations(data_dir).join(format!("{number:06}"))
}

/// The numbers of all generations, finished or not.
fn numbers(data_dir: &Path) -> Result<Vec<u32>, GenerationError> {
    let parent = generations(data_dir);
    let entries = match fs::read_dir(&parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(GenerationError::Io { path: parent, source }),
    };
    let number = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    Ok(entries.filter_map(number).collect())
}

fn read_manifest(dir: &Path) -> Result<Manifest, GenerationError> {
    let path = dir.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    serde_json::from_str(&text).map_err(|source| GenerationError::Manifest { path, source })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> GenerationError {
    let path = path.to_owned();
    move |source| GenerationError::Io { path, source }
}
