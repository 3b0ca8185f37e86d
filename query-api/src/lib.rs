//! The query API of the health offer directory: FHIR R4 over HTTP.
//!
//! `http` understands requests and writes answers; `parse` understands searches; `engine` is what
//! `http` asks, on one immutable view for each request; `bundle` writes searchsets by splicing;
//! `facets` counts what a search finds;
//! `write` changes the directory, one change after the other; `operate` works on it as a whole.
//! `cli` and `serve` start it all. How documents are
//! validated, extracted and indexed is `shared`.

mod app;
mod bundle;
mod cli;
mod directory;
mod engine;
mod execute;
mod facets;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod geocoder;
mod http;
#[cfg(test)]
mod laws;
mod operate;
mod parse;
mod plan;
mod serve;
mod telemetry;
#[cfg(test)]
mod testing;
mod write;

pub use cli::run;
