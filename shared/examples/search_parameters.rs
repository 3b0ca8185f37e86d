//! Writes `docs/search-parameters.md` from the table: `cargo run -p shared --example search_parameters`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/search-parameters.md");
    std::fs::write(path, shared::registry::markdown())
}
