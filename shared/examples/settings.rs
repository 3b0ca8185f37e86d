//! Writes `docs/settings.md` from the settings: `cargo run -p shared --example settings`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    std::fs::write(path, shared::config::markdown())
}
