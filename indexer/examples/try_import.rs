//! Converts a folder of open data to NDJSON on stdout and prints the report on stderr:
//! `cargo run -p indexer --example try_import -- SOURCES > out.ndjson`.

use std::io::Write;
use std::path::PathBuf;

use indexer::import::{Options, run};

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_default());
    let options = Options {
        finess: vec![folder.join("finess.csv.gz")],
        beds: Some(folder.join("hospital-beds.csv")),
        prices: Some(folder.join("ehpad-prices.csv.gz")),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    let mut report = run(&options, &mut |resource| {
        line.clear();
        resource.write_line(&mut line);
        out.write_all(&line)
    })?;
    out.flush()?;
    report.refused.truncate(10);
    serde_json::to_writer_pretty(std::io::stderr(), &report)?;
    Ok(())
}
