//! How a long command tells how far it is: a bar on a terminal, JSON lines elsewhere, both on stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Between two JSON lines.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Something that is told how far a command is.
pub trait Progress: Sync {
    /// Another phase has begun.
    fn phase(&self, name: &str);
    /// `documents` are done, and `bytes` of `of_bytes` read (0 when unknown).
    fn advance(&self, documents: u64, bytes: u64, of_bytes: u64);
    /// Everything is done.
    fn finish(&self);
}

/// The right progress for this process.
pub fn on_stderr() -> Box<dyn Progress> {
    if io::stderr().is_terminal() { Box::new(Bar::new()) } else { Box::new(Lines::new()) }
}

/// A bar with rate and remaining time.
struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        let template = "{bar:32} {percent:>3} %  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is right"));
        Self { bar, started: Instant::now() }
    }
}

impl Progress for Bar {
    fn phase(&self, name: &str) {
        self.bar.set_message(name.to_owned());
    }

    fn advance(&self, documents: u64, bytes: u64, of_bytes: u64) {
        self.bar.set_length(of_bytes);
        self.bar.set_position(bytes);
        let rate = rate(documents, self.started.elapsed());
        self.bar.set_message(format!("{documents} documents, {rate:.0}/s"));
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// One JSON object a line, every few seconds.
struct Lines {
    started: Instant,
    last: Mutex<Instant>,
}

impl Lines {
    fn new() -> Self {
        Self { started: Instant::now(), last: Mutex::new(Instant::now()) }
    }
}

impl Progress for Lines {
    fn phase(&self, name: &str) {
        line(&serde_json::json!({ "event": "phase", "phase": name }));
    }

    fn advance(&self, documents: u64, bytes: u64, of_bytes: u64) {
        let Ok(mut last) = self.last.lock() else { return };
        if last.elapsed() < LINE_EVERY {
            return;
        }
        *last = Instant::now();
        let elapsed = self.started.elapsed();
        let remaining_s = (bytes > 0 && of_bytes >= bytes)
            .then(|| (elapsed.as_secs_f64() * (of_bytes - bytes) as f64 / bytes as f64).round());
        line(&serde_json::json!({
            "event": "progress",
            "documents": documents,
            "documents_per_s": rate(documents, elapsed).round(),
            "remaining_s": remaining_s,
        }));
    }

    fn finish(&self) {}
}

/// No progress at all, for tests and for library users.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn phase(&self, _: &str) {}
    fn advance(&self, _: u64, _: u64, _: u64) {}
    fn finish(&self) {}
}

fn line(value: &serde_json::Value) {
    // Progress that nobody reads is no reason to stop.
    let _ = writeln!(io::stderr(), "{value}");
}

fn rate(documents: u64, elapsed: Duration) -> f64 {
    documents as f64 / elapsed.as_secs_f64().max(0.001)
}
