//! How much room the disk has. Nothing is written here.

use std::io;
use std::path::Path;

/// The room of the file system that holds a path, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What this process may still write.
    pub free: u64,
    /// The size of the file system.
    pub size: u64,
}

impl Room {
    /// Asks the system.
    ///
    /// # Errors
    /// When the path is not there or the system does not tell.
    pub fn at(path: &Path) -> io::Result<Self> {
        let found = rustix::fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Self { free: bytes(found.f_bavail), size: bytes(found.f_blocks) })
    }

    /// Whether less than `reserve` bytes are left; on a small file system, less than a sixteenth of it.
    pub fn is_short_of(self, reserve: u64) -> bool {
        self.free < reserve.min(self.size / 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_of_a_small_disk_is_a_sixteenth() {
        // (free, size, reserve, short)
        let rows = [
            (99, 10_000, 100, true),
            (100, 10_000, 100, false),
            (61, 1_000, 100, true),
            (62, 1_000, 100, false),
            (0, 10_000, 0, false),
        ];
        for (free, size, reserve, short) in rows {
            assert_eq!(Room { free, size }.is_short_of(reserve), short, "{free} of {size}");
        }
        let here = Room::at(&std::env::temp_dir()).unwrap();
        assert!(here.free <= here.size && here.size > 0, "{here:?}");
        assert!(Room::at(Path::new("/nowhere/at/all")).is_err());
    }
}
