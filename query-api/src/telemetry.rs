//! Logs and metrics. Logs never hold query strings, coordinates, searched text or tokens: a request
//! is named by its interaction, type, status, duration, id and number of results.

mod lines;
pub(crate) mod metrics;

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

use lines::{Flush, Lines};

/// Starts logging to standard error: readable on a terminal, JSON lines elsewhere. What is returned
/// is kept until the end, so that the last lines are written.
///
/// # Errors
/// When `filter` is not a filter, or no thread can be started.
pub(crate) fn start(filter: &str) -> anyhow::Result<Flush> {
    let filter = EnvFilter::try_new(filter)?;
    let (lines, flush) = Lines::start(stderr())?;
    let writer = move || lines.clone();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    if stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    }
    Ok(flush)
}
