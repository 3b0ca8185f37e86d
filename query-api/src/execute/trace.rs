//! What was done, step by step, with sizes and times: `_explain=true`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use shared::error::{Issue, IssueType};

/// The steps of one evaluation, in the order they began; a step inside another is indented.
#[derive(Debug, Default)]
pub(super) struct Trace {
    depth: usize,
    lines: Vec<String>,
}

/// A step that is under way.
pub(super) struct Step {
    line: usize,
    start: Instant,
}

impl Trace {
    pub(super) fn begin(&mut self, what: &dyn std::fmt::Display) -> Step {
        let line = self.lines.len();
        self.lines.push(format!("{}{what}", "  ".repeat(self.depth)));
        self.depth += 1;
        Step { line, start: Instant::now() }
    }

    pub(super) fn end(&mut self, step: &Step, found: &dyn std::fmt::Display) {
        self.depth -= 1;
        let micros = step.start.elapsed().as_micros();
        let _ = write!(self.lines[step.line], " -> {found}, {micros} us");
    }

    /// The explanation of what began at `start`, on a directory in words.
    pub(super) fn explain(self, directory: String, start: Instant) -> Explanation {
        Explanation { directory, start, lines: self.lines }
    }
}

/// How a page was found, to be told when it is written.
#[derive(Debug)]
pub(crate) struct Explanation {
    directory: String,
    start: Instant,
    lines: Vec<String>,
}

impl Explanation {
    /// The steps up to now, the last of which read and wrote so many documents.
    pub(crate) fn issue(&self, documents: usize, writing: Duration) -> Issue {
        let text = format!(
            "{}; {} us in all:\n{}\ndocuments -> {documents} read and written, {} us",
            self.directory,
            self.start.elapsed().as_micros(),
            self.lines.join("\n"),
            writing.as_micros(),
        );
        Issue::information(IssueType::Informational, text)
    }
}
