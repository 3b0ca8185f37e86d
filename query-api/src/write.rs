//! Changing the directory.
//!
//! `patch` computes what a document becomes; it decides nothing and stores nothing.

#[allow(dead_code, reason = "the write interactions, which come next, are its callers")]
pub(crate) mod patch;
