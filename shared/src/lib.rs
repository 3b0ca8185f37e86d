//! What the indexer and the query API must agree on: the FHIR vocabulary, the search parameters as
//! data, the encoding of every value, the document store and the search index.
//!
//! Deliberately absent: HTTP, asynchronous code, and any reading of the environment outside `config`.

pub mod access;
pub mod arena;
pub mod config;
pub mod data_dir;
pub mod disk;
pub mod error;
pub mod extract;
pub mod fhir;
pub mod geo;
pub mod index;
pub mod parallel;
pub mod param;
pub mod registry;
pub mod replay;
pub mod schema;
pub mod store;
pub mod terminology;
pub mod text;
pub mod validate;
