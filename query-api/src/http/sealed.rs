//! Criteria of a posted search inside links: encrypted, so that a position or a person's words stand
//! neither in a link, nor in the logs and histories it passes through, and yet every page can be
//! fetched by GET, also after a restart.
//!
//! A sealed value is `base64url(nonce ‖ ciphertext ‖ tag)` under AES-256-GCM with a key of the data
//! directory. It stands behind a `~` in `_page`: `[token of the engine]~[sealed query]`.

use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Seals and opens queries.
pub(crate) struct Seal(RandomizedNonceKey);

/// Name of the key file in the data directory.
const KEY_FILE: &str = "links.key";
const KEY_BYTES: usize = 32;

impl Seal {
    /// A seal with this key.
    pub(crate) fn with_key(key: &[u8; KEY_BYTES]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("a key of 32 bytes fits");
        Self(key)
    }

    /// A seal with the key of a data directory, which gets one (mode 0600) when it has none.
    ///
    /// # Errors
    /// When the key cannot be read or written, or is not 32 bytes.
    pub(crate) fn of_directory(directory: &Path) -> io::Result<Self> {
        let path = directory.join(KEY_FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => new_key(&path)?,
            Err(error) => return Err(error),
        };
        let key: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| {
            let text = format!("{} is not a key of {KEY_BYTES} bytes", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(Self::with_key(key))
    }

    /// Seals a query; `scope` (the path it belongs to) must be the same when it is opened.
    pub(crate) fn seal(&self, scope: &str, query: &str) -> String {
        let mut bytes = query.as_bytes().to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(scope.as_bytes()), &mut bytes)
            .expect("a query is shorter than the cipher's limit");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Opens what [`Self::seal`] made; `None` when it was not made here, for this scope.
    pub(crate) fn open(&self, scope: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut rest = rest.to_vec();
        let query = self.0.open_in_place(nonce, Aad::from(scope.as_bytes()), &mut rest).ok()?;
        String::from_utf8(query.to_vec()).ok()
    }
}

fn new_key(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("no randomness for a key"))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::Seal;

    #[test]
    fn opens_only_what_it_sealed() {
        let seal = Seal::with_key(&[7; 32]);
        let sealed = seal.seal("Location", "near=48.1|2.3|5|km");
        assert!(!sealed.contains("48.1") && !sealed.contains('='));
        assert_eq!(seal.open("Location", &sealed).as_deref(), Some("near=48.1|2.3|5|km"));
        assert_eq!(seal.open("Organization", &sealed), None);
        assert_eq!(Seal::with_key(&[8; 32]).open("Location", &sealed), None);
        for damaged in ["", "x", "AAAA", &sealed[1..], &format!("{sealed}A")] {
            assert_eq!(seal.open("Location", damaged), None, "{damaged}");
        }
    }

    #[test]
    fn the_key_stays() {
        let directory = tempfile::tempdir().unwrap();
        let sealed = Seal::of_directory(directory.path()).unwrap().seal("", "a=1");
        let again = Seal::of_directory(directory.path()).unwrap();
        assert_eq!(again.open("", &sealed).as_deref(), Some("a=1"));
        std::fs::write(directory.path().join("links.key"), "short").unwrap();
        assert!(Seal::of_directory(directory.path()).is_err());
    }
}
