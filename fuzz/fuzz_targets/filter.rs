//! Fuzzes the text of a `_filter`; what must hold stands in `query_api::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| query_api::fuzzing::filter(bytes));
