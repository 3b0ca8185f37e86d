//! The quarantine: refused documents with place and reasons, as NDJSON, so that they can be repaired and
//! loaded again.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::prepare::Refusal;

/// Writes refusals to a file that is created with the first one.
pub(super) struct Quarantine {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

/// One line of the file.
#[derive(Serialize)]
struct Quarantined<'a> {
    source: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    reasons: &'a [String],
    /// The document's text; bytes that are not UTF-8 are replaced.
    document: &'a str,
}

impl Quarantine {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(super) fn write(&mut self, refusal: &Refusal) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                if let Some(folder) = self.path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                empty.insert(BufWriter::new(File::create(&self.path)?))
            }
        };
        let entry = Quarantined {
            source: &refusal.origin.source,
            line: refusal.origin.line,
            entry: refusal.origin.entry,
            reasons: &refusal.reasons,
            document: &String::from_utf8_lossy(&refusal.bytes),
        };
        serde_json::to_writer(&mut *file, &entry)?;
        file.write_all(b"\n")
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure everything is on disk. Returns the file, when there was something to write.
    pub(super) fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(file) = self.file else { return Ok(None) };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(Some(self.path))
    }
}
