//! Validates JSON files and measures it: `cargo run --release -p shared --example validate -- FILE…`
//!
//! Prints every finding, then documents per second on one core for parsing and for validating, over
//! as many rounds as fill about a second each. No index, no network.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use shared::validate::{Strictness, Validator, parse};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let validator = Validator::new(Strictness::default());
    let mut sources = Vec::new();
    let mut documents = Vec::new();
    for name in std::env::args().skip(1) {
        let bytes = std::fs::read(&name)?;
        match parse(&bytes) {
            Ok(document) => {
                for finding in validator.findings(&document) {
                    let place = finding.issue.expression.unwrap_or_default();
                    let (severity, text) = (finding.issue.severity, finding.issue.diagnostics);
                    writeln!(out, "{name}: {severity:?} {} at {place}: {text}", finding.rule)?;
                }
                sources.push(bytes);
                documents.push(document);
            }
            Err(issues) => writeln!(out, "{name}: {issues:?}")?,
        }
    }
    if documents.is_empty() {
        return writeln!(out, "nothing to measure");
    }
    let bytes: usize = sources.iter().map(Vec::len).sum();
    writeln!(out, "{} documents, {} bytes on average", sources.len(), bytes / sources.len())?;
    report(&mut out, "parse", sources.len(), || {
        sources.iter().filter(|source| parse(source).is_err()).count()
    })?;
    report(&mut out, "validate", documents.len(), || {
        documents.iter().map(|document| validator.findings(document).len()).sum()
    })
}

/// Repeats `round` for about a second and prints documents per second; `round` returns a number that
/// is printed too, so that the work cannot be optimized away.
fn report(
    out: &mut impl Write,
    what: &str,
    documents: usize,
    mut round: impl FnMut() -> usize,
) -> io::Result<()> {
    let start = Instant::now();
    let mut rounds = 0_usize;
    let mut last = 0;
    while start.elapsed() < Duration::from_secs(1) {
        last = round();
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = (rounds * documents) as f64;
    let (rate, each_us) = (count / seconds, seconds / count * 1e6);
    writeln!(out, "{what}: {rate:.0} documents/s, {each_us:.2} us each ({last} in the last round)")
}
