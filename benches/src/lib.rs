//! The bench of the search engine on a generated national directory, over HTTP, on the released binaries.
//!
//! Once for a size and seed: [`source`] generates the documents into one compressed file, `indexer load`
//! loads them, [`expected`] counts by a naive pass how many resources each request must find, and
//! [`postgres`] loads the same documents into `PostgreSQL`. Every run then asks each request of
//! `requests.tsv` of the service, of `PostgreSQL` and of [`floor`] (the same bytes from memory), changes
//! capacities while searches run ([`live`]), and compares with the targets ([`report`]).
//!
//! What it does not do: compare answers document by document (the tests do), or measure a network.

pub mod country;
pub mod document;
pub mod expected;
pub mod floor;
pub mod http;
pub mod live;
pub mod measure;
pub mod national;
pub mod postgres;
pub mod report;
pub mod request;
pub mod service;
pub mod settings;
pub mod source;
