//! The documentation of the search parameters is the table's.

use std::path::Path;

#[test]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/search-parameters.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        page == shared::registry::markdown(),
        "docs/search-parameters.md is not what the table says; \
         run `cargo run -p shared --example search_parameters`"
    );
}
