//! The time of each named request on a generated directory, as a table and as JSON.

#![allow(clippy::print_stdout, reason = "the table is what the bench is for")]
#![allow(clippy::disallowed_methods, reason = "a bench is told its size by the environment")]

use std::time::Duration;

use anyhow::Context as _;
use benches::measure::Times;
use benches::service::{Service, indexer};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;

const REQUESTS: &str = include_str!("../requests.tsv");
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'|').add(b'"').add(b'<').add(b'>');
const BUDGET: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let offers = std::env::var("BENCH_OFFERS").unwrap_or_else(|_| "20000".to_owned());
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (source, data) = (path("source"), path("data"));
    let generated =
        indexer(&["generate", "--offers", &offers, "--seed", "1", "--output", &source])?;
    let loaded = indexer(&["load", "--data-dir", &data, &source])?;
    let service = Service::start(folder.path().join("data").as_path())?;
    println!("{offers} offers: generated in {generated:.1?}, loaded in {loaded:.1?},");
    println!("ready in {:.2?}, resident {:?} MB\n", service.start, service.resident_mb());
    println!("| request | matches | kB | median ms | p99 ms | runs |\n|---|---|---|---|---|---|");
    let agent = ureq::Agent::new_with_defaults();
    let mut rows = Vec::new();
    for line in REQUESTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, request) = line.split_once('\t').context("name, tab, request")?;
        let url = format!("{}/{}", service.base, utf8_percent_encode(request, ESCAPED));
        let times = Times::of(BUDGET, || {
            Ok(agent.get(&url).call()?.body_mut().with_config().limit(1 << 28).read_to_vec()?)
        })
        .with_context(|| request.to_owned())?;
        let (median, p99) = (times.quantile_ms(0.5), times.quantile_ms(0.99));
        println!(
            "| {name} | {} | {} | {median:.2} | {p99:.2} | {} |",
            times.total.map_or(String::new(), |total| total.to_string()),
            times.bytes / 1024,
            times.runs(),
        );
        rows.push(json!({"name": name, "request": request, "total": times.total,
            "bytes": times.bytes, "median_ms": median, "p99_ms": p99, "runs": times.runs()}));
    }
    println!("\nresident after: {:?} MB", service.resident_mb());
    if let Ok(file) = std::env::var("BENCH_JSON") {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}
