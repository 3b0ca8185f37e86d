//! The page of the settings.

use std::fmt::Write as _;

use super::KEYS;

/// The page `docs/settings.md`, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Settings\n\
         \n\
         Generated from `shared/src/config.rs` by `cargo run -p shared --example settings`.\n\
         \n\
         Built-in defaults, then the file of `--config` (TOML; or `ROR_CONFIG`), then environment variables,\n\
         then flags; each layer over the one before. A key that no setting has is refused.\n\
         `query-api check-config` prints what holds. The indexer knows `ROR_DATA_DIR`, `ROR_PUBLIC_URL` and\n\
         `ROR_WRITE_VERSIONS_KEPT`.\n\
         \n\
         | in the file | variable | what it does |\n\
         |---|---|---|\n",
    );
    for key in KEYS {
        let doc = key.doc.replace('|', "\\|");
        writeln!(page, "| `{}` | `{}` | {doc} |", key.path, key.variable)
            .expect("writing to memory does not fail");
    }
    page
}
