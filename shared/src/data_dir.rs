//! The small files of a data directory that several programs read: where the documents stand, which
//! server holds them and how it is called, and whether a restore was left unfinished.
//!
//! Files are replaced as a whole, so that a reader, or a crash, sees the old text or the new one. Not
//! here: the store's and the generations' own files, and who may do what.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the file that tells who serves the directory.
const SERVING: &str = "serving.json";
/// Name of the file with the secret of the internal listener.
const TOKEN: &str = "internal.token";
/// Name of the file that stands while a restore is going on.
const RESTORING: &str = "restore.unfinished";

/// Where the documents of a data directory stand.
pub fn documents(data_dir: &Path) -> PathBuf {
    data_dir.join("documents")
}

/// Where loads into a serving directory wait until they are applied.
pub fn loads(data_dir: &Path) -> PathBuf {
    data_dir.join("loads")
}

/// The mark of a restore that is going on, or that was killed.
pub fn restore_mark(data_dir: &Path) -> PathBuf {
    data_dir.join(RESTORING)
}

/// The server of a data directory, as it says itself. A killed server leaves the file behind: only
/// the lock of the store tells whether it is still true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Its process.
    pub pid: u32,
    /// The URL of its internal listener.
    pub internal: String,
    /// When it started, as a FHIR instant.
    pub started: String,
}

impl Serving {
    /// What the data directory says; `None` when no server ever stood there or the last one stopped
    /// by itself.
    ///
    /// # Errors
    /// When the file cannot be read, or is something else.
    pub fn read(data_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(data_dir.join(SERVING)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says it in the data directory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, data_dir: &Path) -> io::Result<()> {
        replace_file(&data_dir.join(SERVING), &serde_json::to_vec(self)?, 0o644)
    }

    /// Takes it back, at a clean stop.
    ///
    /// # Errors
    /// When the file is there and cannot be removed.
    pub fn remove(data_dir: &Path) -> io::Result<()> {
        match fs::remove_file(data_dir.join(SERVING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Reads the secret that opens the internal listener.
///
/// # Errors
/// When it is not there, or not for us to read.
pub fn read_token(data_dir: &Path) -> io::Result<String> {
    let path = data_dir.join(TOKEN);
    fs::read_to_string(&path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Writes the secret that opens the internal listener, for the owner's eyes only.
///
/// # Errors
/// When it cannot be written.
pub fn write_token(data_dir: &Path, token: &str) -> io::Result<()> {
    replace_file(&data_dir.join(TOKEN), token.as_bytes(), 0o600)
}

/// Replaces a small file, or makes it with these permissions, and waits for the disk.
///
/// # Errors
/// When it cannot be written; the former file then stays.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = path.with_extension("new");
    // A leftover of a crash may have other permissions.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

/// Makes the name of a file durable.
///
/// # Errors
/// When the folder cannot be synced.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_where_it_is_and_takes_it_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Serving::read(dir.path()).unwrap(), None);
        let serving = Serving {
            pid: 4711,
            internal: "http://127.0.0.1:8081".to_owned(),
            started: "2026-11-23T12:00:00.000Z".to_owned(),
        };
        serving.write(dir.path()).unwrap();
        assert_eq!(Serving::read(dir.path()).unwrap(), Some(serving));
        Serving::remove(dir.path()).unwrap();
        Serving::remove(dir.path()).unwrap();
        assert_eq!(Serving::read(dir.path()).unwrap(), None);
        fs::write(dir.path().join(SERVING), "{").unwrap();
        assert!(Serving::read(dir.path()).is_err(), "half a file is no answer");
    }

    #[cfg(unix)]
    #[test]
    fn the_secret_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        assert!(read_token(dir.path()).is_err());
        fs::write(dir.path().join("internal.new"), "left by a crash").unwrap();
        for token in ["one", "two"] {
            write_token(dir.path(), token).unwrap();
            assert_eq!(read_token(dir.path()).unwrap(), token);
            let mode = fs::metadata(dir.path().join(TOKEN)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
