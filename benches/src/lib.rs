//! Benches of the search engine: the released binaries, a generated directory, requests over HTTP.
//!
//! `make bench` generates `BENCH_OFFERS` offers (20,000 unless said), loads them, serves them, and sends
//! each request of `requests.tsv`: a warm-up, then one client in sequence. It prints a table, and with
//! `BENCH_JSON` a file. What it does not do: compare with another engine, or run several clients.

pub mod measure;
pub mod service;
