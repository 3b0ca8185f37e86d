//! The end-to-end suite: starts the built `indexer` and `query-api`, loads the shipped sample, talks
//! FHIR over HTTP and compares every answer with what a naive reading of the sample says.
//!
//! This library holds what the test targets share: processes ([`harness`]), the HTTP client
//! ([`client`]), the sample as documents ([`sample`]) and the acceptance catalogue ([`scenario`],
//! [`runner`]). It deliberately depends on none of the product's crates: an oracle that shares code
//! with what it judges proves nothing.
#![allow(clippy::missing_panics_doc, reason = "a test harness panics in order to fail the test")]

pub mod alias;
pub mod check;
pub mod client;
pub mod closure;
pub mod conformance;
pub mod expected;
pub mod fhirpath;
pub mod fold;
pub mod geo;
pub mod harness;
pub mod runner;
pub mod sample;
pub mod scenario;
pub mod searchset;
