//! Times of one request, asked again and again by one or several clients.

use std::sync::Barrier;
use std::time::{Duration, Instant};

/// What many runs of one request took.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// Sorted.
    sorted: Vec<Duration>,
    /// From the first request to the last answer.
    elapsed: Duration,
}

/// One client's way to ask: connects once, then asks at each call.
pub type Asker<'a> = Box<dyn FnMut() -> anyhow::Result<()> + 'a>;

/// Fewest runs of a client, however long they take.
const RUNS_MIN: usize = 5;

impl Times {
    /// Has `clients` ask at once, each until `budget` is spent and at least five times, after one request
    /// each that does not count.
    ///
    /// # Errors
    /// The first error of a client.
    pub fn of<'a>(
        clients: usize,
        budget: Duration,
        connect: &(dyn Fn() -> anyhow::Result<Asker<'a>> + Sync),
    ) -> anyhow::Result<Self> {
        let barrier = Barrier::new(clients);
        let ask = || -> anyhow::Result<(Vec<Duration>, Instant, Instant)> {
            let warmed = connect().and_then(|mut asker| asker().map(|()| asker));
            // Whoever could not connect must not keep the others waiting.
            barrier.wait();
            let mut asker = warmed?;
            let start = Instant::now();
            let mut times = Vec::new();
            while times.len() < RUNS_MIN || start.elapsed() < budget {
                let begin = Instant::now();
                asker()?;
                times.push(begin.elapsed());
            }
            Ok((times, start, Instant::now()))
        };
        let runs = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
            let joined = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect::<anyhow::Result<Vec<_>>>()
        })?;
        let start = runs.iter().map(|run| run.1).min();
        let end = runs.iter().map(|run| run.2).max();
        let elapsed = start.zip(end).map_or(Duration::ZERO, |(start, end)| end - start);
        Ok(Self::from_durations(runs.into_iter().flat_map(|run| run.0).collect(), elapsed))
    }

    /// Times that were taken elsewhere.
    pub fn from_durations(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        times.sort_unstable();
        Self { sorted: times, elapsed }
    }

    /// The time that this share of the runs (0 to 1) did not exceed, in milliseconds; 0 without runs.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let at = (self.sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        self.sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    }

    /// The time of the middle run, in milliseconds.
    pub fn median_ms(&self) -> f64 {
        self.quantile_ms(0.5)
    }

    /// The time that one run in a hundred exceeded, in milliseconds.
    pub fn p99_ms(&self) -> f64 {
        self.quantile_ms(0.99)
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.sorted.len()
    }

    /// Runs in a second, over all clients.
    pub fn per_second(&self) -> f64 {
        self.runs() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let times = (1..=101).rev().map(Duration::from_millis).collect();
        let times = Times::from_durations(times, Duration::from_secs(1));
        for (share, expected_ms) in [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 101.0)] {
            assert!((times.quantile_ms(share) - expected_ms).abs() < 1e-9, "{share}");
        }
        assert!((times.per_second() - 101.0).abs() < 1e-9);
    }

    #[test]
    fn clients_ask_together() {
        let times = Times::of(3, Duration::ZERO, &|| Ok(Box::new(|| Ok(())))).unwrap();
        assert_eq!(times.runs(), 3 * RUNS_MIN);
        let failed = Times::of(3, Duration::ZERO, &|| Ok(Box::new(|| anyhow::bail!("no"))));
        assert!(failed.is_err());
    }
}
