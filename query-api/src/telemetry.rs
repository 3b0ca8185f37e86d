//! Logs and metrics. Logs never hold query strings, coordinates, searched text or tokens: a request
//! is named by its interaction, type, status, duration, id and number of results.

pub(crate) mod metrics;

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Starts logging to standard error: readable on a terminal, JSON lines elsewhere.
///
/// # Errors
/// When `filter` is not a filter.
pub(crate) fn start(filter: &str) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
    }
    Ok(())
}
