//! Builds the sample: `cargo run -p indexer --example try_sample -- SOURCES OUTPUT`.

use indexer::sample::{Options, run, variables};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let sources = arguments.next().unwrap_or_default().into();
    let output = arguments.next().unwrap_or_default().into();
    let report = run(&Options { sources, output })?;
    serde_json::to_writer_pretty(std::io::stderr(), &report)?;
    serde_json::to_writer_pretty(std::io::stdout(), &variables())?;
    Ok(())
}
