//! Counts and durations of requests, in the text form of Prometheus.
//!
//! Kept by hand: three families do not need a library.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::interaction::Interaction;

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// What was served since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Families>);

#[derive(Debug, Default)]
struct Families {
    requests: BTreeMap<(Interaction, u16), u64>,
    durations: BTreeMap<Interaction, Histogram>,
    results: BTreeMap<Interaction, u64>,
}

#[derive(Debug, Default)]
struct Histogram {
    /// Number of observations in each bucket (not cumulated), the last one unbounded.
    buckets: [u64; BUCKETS.len() + 1],
    sum_seconds: f64,
}

impl Metrics {
    /// Counts one answered request.
    pub(crate) fn observe(
        &self,
        interaction: Interaction,
        status: u16,
        duration: Duration,
        results: u64,
    ) {
        // Counters stay sound when another thread died while holding them.
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *families.requests.entry((interaction, status)).or_default() += 1;
        *families.results.entry(interaction).or_default() += results;
        let seconds = duration.as_secs_f64();
        let bucket = BUCKETS.partition_point(|bound| *bound < seconds);
        let histogram = families.durations.entry(interaction).or_default();
        histogram.buckets[bucket] += 1;
        histogram.sum_seconds += seconds;
    }

    /// All families. Source: Prometheus, text-based exposition format 0.0.4.
    pub(crate) fn render(&self) -> String {
        let families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        families.write(&mut out).expect("writing to memory does not fail");
        out
    }
}

impl Families {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        head(out, "ror_http_requests_total", "counter", "Answered requests.")?;
        for ((interaction, status), count) in &self.requests {
            writeln!(
                out,
                "ror_http_requests_total{{interaction=\"{interaction}\",status=\"{status}\"}} {count}"
            )?;
        }
        head(out, "ror_http_results_total", "counter", "Matches and resources returned.")?;
        for (interaction, count) in &self.results {
            writeln!(out, "ror_http_results_total{{interaction=\"{interaction}\"}} {count}")?;
        }
        let name = "ror_http_request_duration_seconds";
        head(out, name, "histogram", "Time from the request's head to the answer's.")?;
        for (interaction, histogram) in &self.durations {
            let mut count = 0;
            for (i, in_bucket) in histogram.buckets.iter().enumerate() {
                count += in_bucket;
                let bound = BUCKETS.get(i).map_or("+Inf".to_owned(), f64::to_string);
                writeln!(
                    out,
                    "{name}_bucket{{interaction=\"{interaction}\",le=\"{bound}\"}} {count}"
                )?;
            }
            let sum = histogram.sum_seconds;
            writeln!(out, "{name}_sum{{interaction=\"{interaction}\"}} {sum}")?;
            writeln!(out, "{name}_count{{interaction=\"{interaction}\"}} {count}")?;
        }
        Ok(())
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

#[cfg(test)]
mod tests {
    use super::Metrics;
    use crate::http::interaction::Interaction;
    use std::time::Duration;

    #[test]
    fn renders() {
        let metrics = Metrics::default();
        metrics.observe(Interaction::Read, 200, Duration::from_millis(1), 1);
        metrics.observe(Interaction::Read, 200, Duration::from_millis(30), 1);
        metrics.observe(Interaction::Read, 404, Duration::from_mins(1), 0);
        let text = metrics.render();
        let lines = [
            "ror_http_requests_total{interaction=\"read\",status=\"200\"} 2",
            "ror_http_requests_total{interaction=\"read\",status=\"404\"} 1",
            "ror_http_results_total{interaction=\"read\"} 2",
            "ror_http_request_duration_seconds_bucket{interaction=\"read\",le=\"0.001\"} 1",
            "ror_http_request_duration_seconds_bucket{interaction=\"read\",le=\"0.05\"} 2",
            "ror_http_request_duration_seconds_bucket{interaction=\"read\",le=\"+Inf\"} 3",
            "ror_http_request_duration_seconds_count{interaction=\"read\"} 3",
        ];
        for line in lines {
            assert!(text.lines().any(|l| l == line), "{line} not in\n{text}");
        }
    }
}
