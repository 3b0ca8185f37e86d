//! The generated pages say what the tables say.

use std::path::Path;

fn check(page: &str, expected: &str, example: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let found = std::fs::read_to_string(path).expect("the page is there");
    assert!(
        found == expected,
        "docs/{page} is not what the table says; run `cargo run -p shared --example {example}`"
    );
}

#[test]
fn search_parameters() {
    check("search-parameters.md", &shared::registry::markdown(), "search_parameters");
}

#[test]
fn settings() {
    check("settings.md", &shared::config::markdown(), "settings");
}
