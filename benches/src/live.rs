//! Changes while searches run: how soon a changed capacity is found, and what that costs the searches.
//!
//! Searches come at a fixed rate whatever the answers take, and are timed from the moment they were due.
//! A change is timed from its sending to the answer of a search that finds it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::http::Connection;
use crate::measure::Times;
use crate::service::Service;

/// Searches in a second.
const SEARCHES: u64 = 100;
/// Changes in a second: two million in a day.
const CHANGES: u64 = 20;
const SEARCHERS: usize = 8;
const CHANGERS: usize = 4;

/// What was measured.
#[derive(Debug, Default)]
pub struct Live {
    /// Searches alone.
    pub quiet: Times,
    /// Searches while changes run.
    pub busy: Times,
    /// From sending a change to finding it.
    pub visible: Times,
}

/// Runs searches alone, then as long with changes.
///
/// # Errors
/// When a request fails or a change is never found.
pub fn run(
    service: &Service,
    searches: &[String],
    places: &[String],
    length: Duration,
) -> anyhow::Result<Live> {
    if searches.is_empty() || places.is_empty() {
        bail!("nothing to search or to change");
    }
    let quiet = search(service, searches, length)?;
    let stop = AtomicBool::new(false);
    let (busy, visible) = std::thread::scope(|scope| {
        let changing = scope.spawn(|| change(service, places, &stop));
        let busy = search(service, searches, length);
        stop.store(true, Ordering::Relaxed);
        (busy, changing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    Ok(Live { quiet, busy: busy?, visible: visible? })
}

/// Searches at the fixed rate for a time.
fn search(service: &Service, searches: &[String], length: Duration) -> anyhow::Result<Times> {
    let next = AtomicU64::new(0);
    let start = Instant::now();
    at_once(SEARCHERS, start, &|| {
        let mut connection = Connection::open(&service.host)?;
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_micros(number * 1_000_000 / SEARCHES);
            if due >= length {
                return Ok(times);
            }
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            connection.get(&searches[number as usize % searches.len()])?;
            times.push(start.elapsed().saturating_sub(due));
        }
    })
}

/// Changes capacities at the fixed rate until told to stop.
fn change(service: &Service, places: &[String], stop: &AtomicBool) -> anyhow::Result<Times> {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    at_once(CHANGERS, start, &|| {
        let mut connection = Connection::open(&service.host)?;
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = Duration::from_micros(number as u64 * 1_000_000 / CHANGES);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            if stop.load(Ordering::Relaxed) {
                return Ok(times);
            }
            let place = &places[number % places.len()];
            times.push(change_one(&mut connection, &service.base, place, number)?);
        }
    })
}

/// Sets a number that stands nowhere else, and searches for it until it is found.
fn change_one(
    connection: &mut Connection,
    base: &str,
    place: &str,
    number: usize,
) -> anyhow::Result<Duration> {
    const DEADLINE: Duration = Duration::from_secs(10);
    let beds = 100_000 + number;
    let body = serde_json::to_vec(&patch(beds))?;
    let headers = [("Content-Type", "application/fhir+json")];
    let id = place.rsplit('/').next().context("Type/id")?;
    let search = format!("{base}/Location?_id={id}&nb-capacity={beds}&_count=1");
    let begin = Instant::now();
    connection.send("PATCH", &format!("{base}/{place}"), &headers, &body)?;
    loop {
        let found: Value = serde_json::from_slice(connection.get(&search)?)?;
        if found["total"] == 1 {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() > DEADLINE {
            bail!("{place}: a change is not found after {DEADLINE:?}");
        }
    }
}

/// A `FHIRPath` Patch of the count of installed beds.
fn patch(beds: usize) -> Value {
    let record = "Location.extension.where(url='https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-location-supported-capacity' and extension.where(url='capacityStatus').value.coding.where(code='01').exists()).first()";
    let path = format!("{record}.extension.where(url='nbCapacity').value");
    json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", "valueInteger": beds},
    ]}]})
}

/// Runs a piece of work in several threads, and puts their times together.
fn at_once(
    threads: usize,
    start: Instant,
    work: &(dyn Fn() -> anyhow::Result<Vec<Duration>> + Sync),
) -> anyhow::Result<Times> {
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    Ok(Times::from_durations(all.into_iter().flatten().collect(), start.elapsed()))
}
