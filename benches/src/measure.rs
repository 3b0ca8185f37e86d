//! Times of one request: the middle and the tail of many.

use std::time::{Duration, Instant};

/// What many runs of one request took.
#[derive(Debug, Clone)]
pub struct Times {
    /// Sorted.
    sorted: Vec<Duration>,
    /// Size of the last answer, in bytes.
    pub bytes: usize,
    /// Matches, when the answer says so.
    pub total: Option<u64>,
}

impl Times {
    /// Runs `request` until `budget` is spent, at least ten times, after three that do not count.
    ///
    /// # Errors
    /// The first error of `request`.
    pub fn of(
        budget: Duration,
        mut request: impl FnMut() -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<Self> {
        for _ in 0..3 {
            request()?;
        }
        let start = Instant::now();
        let mut sorted = Vec::new();
        let mut answer = Vec::new();
        while sorted.len() < 10 || start.elapsed() < budget {
            let begin = Instant::now();
            answer = request()?;
            sorted.push(begin.elapsed());
        }
        sorted.sort_unstable();
        let body: Option<serde_json::Value> = serde_json::from_slice(&answer).ok();
        let total = body.and_then(|body| body["total"].as_u64());
        Ok(Self { sorted, bytes: answer.len(), total })
    }

    /// The time that this share of the runs (0 to 1) did not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let at = ((self.sorted.len() - 1) as f64 * share).round() as usize;
        self.sorted[at].as_secs_f64() * 1_000.0
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.sorted.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let sorted = (1..=101).map(Duration::from_millis).collect();
        let times = Times { sorted, bytes: 0, total: None };
        for (share, expected_ms) in [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 101.0)] {
            assert!((times.quantile_ms(share) - expected_ms).abs() < 1e-9, "{share}");
        }
    }
}
