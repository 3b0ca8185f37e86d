//! stub
/// a
#[derive(Debug)]
pub struct Codec;
impl Codec {
    /// a
    pub fn decode(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), std::io::Error> {
        Ok(())
    }
}
