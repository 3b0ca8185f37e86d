//! What a run found: the table, the JSON, and the targets with how far each one is.

use serde_json::{Value, json};

use crate::live::Live;
use crate::measure::Times;
use crate::national::National;
use crate::request::Request;
use crate::service::Memory;

/// The clients of the second measurement.
pub const CLIENTS: usize = 8;

/// One server's answers to one request.
#[derive(Debug, Default)]
pub struct Side {
    /// One client.
    pub one: Times,
    /// [`CLIENTS`] at once.
    pub many: Times,
    /// Bytes of the answer; of the documents alone for the rival.
    pub bytes: usize,
    /// Matches it told.
    pub total: u64,
}

/// One request.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub request: Request,
    /// What the naive pass counted.
    pub expected: u64,
    /// The service.
    pub ours: Side,
    /// The same bytes from memory.
    pub floor: Side,
    /// `PostgreSQL`, when it takes part.
    pub rival: Option<Side>,
}

/// Everything of a run.
#[derive(Debug)]
pub struct Report<'a> {
    /// The directory.
    pub national: &'a National,
    /// The requests.
    pub rows: Vec<Row>,
    /// Seconds from start to ready.
    pub start_s: f64,
    /// Of the service, after all requests.
    pub memory: Memory,
    /// Changes under load, or why they failed.
    pub live: Result<Live, String>,
    /// Machine, versions, load of the machine.
    pub about: Value,
}

/// Something promised, and what was found.
#[derive(Debug)]
pub struct Target {
    /// What.
    pub name: String,
    /// Found.
    pub value: f64,
    /// Promised.
    pub limit: f64,
    /// Whether `value` keeps `limit`.
    pub met: bool,
}

impl Target {
    fn at_most(name: impl Into<String>, value: f64, limit: f64) -> Self {
        Self { name: name.into(), value, limit, met: value <= limit }
    }

    fn at_least(name: impl Into<String>, value: f64, limit: f64) -> Self {
        Self { name: name.into(), value, limit, met: value >= limit }
    }
}

impl Row {
    /// How many times the rival's answers in a second, with one client and with many.
    fn ratios(&self) -> Option<(f64, f64)> {
        let rival = self.rival.as_ref()?;
        let ratio = |ours: &Times, its: &Times| ours.per_second() / its.per_second();
        Some((ratio(&self.ours.one, &rival.one), ratio(&self.ours.many, &rival.many)))
    }

    fn json(&self) -> Value {
        let side = |side: &Side| {
            json!({
                "total": side.total, "bytes": side.bytes,
                "median_ms": side.one.median_ms(), "p99_ms": side.one.p99_ms(),
                "runs": side.one.runs(), "per_second_1": side.one.per_second(),
                "per_second_8": side.many.per_second(), "p99_8_ms": side.many.p99_ms(),
            })
        };
        json!({
            "name": self.request.name, "request": self.request.text, "page": self.request.page,
            "expected": self.expected, "ours": side(&self.ours), "floor": side(&self.floor),
            "postgres": self.rival.as_ref().map(side),
        })
    }
}

impl Report<'_> {
    /// Resources loaded in a second.
    fn load_rate(&self) -> f64 {
        let number = |name: &str| self.national.load[name].as_f64().unwrap_or(0.0);
        number("resources") / number("seconds").max(1e-9)
    }

    /// What changes under load took, where they were measured.
    fn changes(&self) -> Option<&Live> {
        self.live.as_ref().ok().filter(|live| live.visible.runs() > 0)
    }

    /// Geometric means of the ratios to the rival, with one client and with many.
    fn means(&self) -> Option<(f64, f64)> {
        let ratios: Vec<_> = self.rows.iter().filter_map(Row::ratios).collect();
        let mean = |ratio: &dyn Fn(&(f64, f64)) -> f64| {
            let sum: f64 = ratios.iter().map(|both| ratio(both).ln()).sum();
            (sum / ratios.len() as f64).exp()
        };
        (!ratios.is_empty()).then(|| (mean(&|both| both.0), mean(&|both| both.1)))
    }

    /// Requests whose totals are not what the naive pass counted: never a matter of speed.
    pub fn wrong_totals(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for row in &self.rows {
            let sides = [("the service", Some(&row.ours)), ("PostgreSQL", row.rival.as_ref())];
            for (who, side) in sides {
                if let Some(side) = side.filter(|side| side.total != row.expected) {
                    let Row { request, expected, .. } = row;
                    wrong.push(format!(
                        "{}: {who} found {}, not {expected}",
                        request.name, side.total
                    ));
                }
            }
        }
        wrong
    }

    /// All targets, met or not.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for row in &self.rows {
            let (ours, floor) = (&row.ours.one, &row.floor.one);
            let above = |ours: f64, floor: f64| (ours - floor).max(0.0);
            let name = |what: &str| format!("{}: {what}", row.request.name);
            let median = above(ours.median_ms(), floor.median_ms());
            let p99 = above(ours.p99_ms(), floor.p99_ms());
            targets.push(Target::at_most(name("median above the floor, ms"), median, 3.0));
            targets.push(Target::at_most(name("p99 above the floor, ms"), p99, 15.0));
            if let Some((one, many)) = row.ratios() {
                targets.push(Target::at_least(name("PostgreSQL's rate, 1 client, ×"), one, 1.0));
                targets.push(Target::at_least(name("PostgreSQL's rate, 8 clients, ×"), many, 1.0));
            }
        }
        if let Some((_, many)) = self.means() {
            let name = "PostgreSQL's rate, 8 clients, geometric mean, ×";
            targets.push(Target::at_least(name, many, 5.0));
        }
        let peak_mb = self.national.load["peak_mb"].as_f64().unwrap_or(0.0);
        targets.extend([
            Target::at_least("load, resources/s", self.load_rate(), 20_000.0),
            Target::at_most("memory while loading, MB", peak_mb, 2_048.0),
            Target::at_most("memory while serving, MB", self.memory.peak_mb as f64, 2_048.0),
            Target::at_most("start to ready, s", self.start_s, 5.0),
        ]);
        if let Some(Live { quiet, busy, visible }) = self.changes() {
            let growth = busy.p99_ms() / quiet.p99_ms().max(1e-9);
            targets.push(Target::at_most("a change is found, p99, ms", visible.p99_ms(), 100.0));
            targets.push(Target::at_most("p99 of searches during changes, ×", growth, 2.0));
        }
        targets
    }

    /// The whole run as JSON.
    pub fn json(&self) -> Value {
        let times = |times: &Times| json!({"median_ms": times.median_ms(), "p99_ms": times.p99_ms(), "runs": times.runs()});
        let targets = self.targets();
        let targets = targets.iter().map(|target| {
            let Target { name, value, limit, met } = target;
            json!({"name": name, "value": value, "limit": limit, "met": met})
        });
        let live = self.changes().map(|Live { quiet, busy, visible }| {
            json!({"quiet": times(quiet), "busy": times(busy), "visible": times(visible)})
        });
        json!({
            "about": self.about,
            "load": self.national.load,
            "load_per_second": self.load_rate(),
            "postgres_load": self.national.rival_load,
            "start_s": self.start_s,
            "memory": {"resident_mb": self.memory.resident_mb, "peak_mb": self.memory.peak_mb, "own_mb": self.memory.own_mb},
            "live": live,
            "requests": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "geometric_means": self.means().map(|(one, many)| json!({"clients_1": one, "clients_8": many})),
            "targets": targets.collect::<Vec<_>>(),
        })
    }

    /// The run as Markdown.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            "| request | matches | kB | median ms | p99 ms | /s, 1 | /s, 8 | floor median | floor p99 | floor /s, 8 | PostgreSQL median | /s, 8 | ours × its |".to_owned(),
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|".to_owned(),
        ];
        lines.extend(self.rows.iter().map(markdown_row));
        if let Some((one, many)) = self.means() {
            lines.push(format!(
                "\nGeometric mean of our rate over PostgreSQL's: {one:.1} with 1 client, {many:.1} with 8."
            ));
        }
        if let Some(Live { quiet, busy, visible }) = self.changes() {
            lines.push(format!(
                "\n{} changes under 100 searches/s: found after {:.1} ms (median), {:.1} ms (p99). Searches: median {:.2} ms, p99 {:.1} ms; during changes {:.2} and {:.1} ms.",
                visible.runs(),
                visible.median_ms(),
                visible.p99_ms(),
                quiet.median_ms(),
                quiet.p99_ms(),
                busy.median_ms(),
                busy.p99_ms(),
            ));
        }
        lines.push(self.machine_lines());
        lines.join("\n")
    }

    fn machine_lines(&self) -> String {
        let load = &self.national.load;
        let mb = |bytes: &Value| bytes.as_u64().unwrap_or(0) / 1_000_000;
        let mut sizes: Vec<String> = Vec::new();
        for (part, bytes) in load["bytes"].as_object().into_iter().flatten() {
            sizes.push(format!("{part} {} MB", mb(bytes)));
        }
        let rival = &self.national.rival_load;
        let rival = if rival.is_null() {
            String::new()
        } else {
            let seconds = rival["seconds"].as_f64().unwrap_or(0.0);
            format!(
                " PostgreSQL: loaded and indexed in {seconds:.0} s, {} MB.",
                mb(&rival["bytes"])
            )
        };
        format!(
            "\nLoaded {} resources in {:.0} s ({:.0}/s), {} MB at the peak; {}. Ready {:.2} s after start; \
             {} MB resident after the run ({} MB not mapped from files), {} MB at the peak.{rival}",
            load["resources"],
            load["seconds"].as_f64().unwrap_or(0.0),
            self.load_rate(),
            load["peak_mb"],
            sizes.join(", "),
            self.start_s,
            self.memory.resident_mb,
            self.memory.own_mb,
            self.memory.peak_mb,
        )
    }
}

fn markdown_row(row: &Row) -> String {
    let Row { request, ours, floor, rival, .. } = row;
    let rival = match (rival, row.ratios()) {
        (Some(rival), Some((_, ratio))) => {
            let (median, rate) = (rival.one.median_ms(), rival.many.per_second());
            format!("{median:.2} | {rate:.0} | {ratio:.1}")
        }
        _ => "| |".to_owned(),
    };
    format!(
        "| {} | {} | {} | {:.2} | {:.2} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} | {rival} |",
        request.name,
        ours.total,
        ours.bytes / 1024,
        ours.one.median_ms(),
        ours.one.p99_ms(),
        ours.one.per_second(),
        ours.many.per_second(),
        floor.one.median_ms(),
        floor.one.p99_ms(),
        floor.many.per_second(),
    )
}
