//! Benches of the search engine; see `docs/performance.md`.
