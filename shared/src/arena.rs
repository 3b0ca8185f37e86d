//! stub
use std::io;
use std::path::Path;
/// stub
#[derive(Debug)]
pub struct Arena;
impl Arena {
    /// a
    pub fn open(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }
    /// a
    pub fn read(&self, _: u64, _: &mut Vec<u8>) -> io::Result<()> {
        Ok(())
    }
    /// a
    pub fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
