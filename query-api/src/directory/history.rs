//! Pages of a history, read from the store's log up to what the view shows.
//!
//! The log only grows at its end, so that pages are exact whatever is written meanwhile. A version
//! belongs to the instant it was recorded here: a load keeps older `lastUpdated`s, and who follows the
//! directory must still hear of them. Versions that are no longer kept are not listed.

use shared::store::{Change, Seq, Store};

use crate::engine::{Deadline, EngineError, History, HistoryRequest, HistoryScope, HistoryVersion};

/// Log entries read between two looks at the deadline.
const STEP: usize = 1_000;

/// Reads one page of the changes up to `last`.
pub(super) fn page(
    store: &Store,
    last: Seq,
    request: &HistoryRequest,
    deadline: Deadline,
) -> Result<History, EngineError> {
    let to = request.before.map_or(last, |before| last.min(before.saturating_sub(1)));
    match &request.scope {
        HistoryScope::Instance(identity) => {
            let Some(key) = store.key_of(identity.resource_type, &identity.id)? else {
                return Ok(History::default());
            };
            let mut history = History { total: Some(0), ..History::default() };
            for stored in store.history(key) {
                let stored = stored?;
                let seq = stored.header.seq;
                let Some(change) = store.changes(seq..=seq).next().transpose()? else { continue };
                if stored.header.forgotten || seq > last || is_older(&change, request.since_ms) {
                    continue;
                }
                history.total = history.total.map(|total| total + 1);
                if seq <= to {
                    push(store, &mut history, &change, request.count)?;
                }
            }
            Ok(history)
        }
        HistoryScope::Type(_) | HistoryScope::System => log_page(store, to, request, deadline),
    }
}

fn log_page(
    store: &Store,
    to: Seq,
    request: &HistoryRequest,
    deadline: Deadline,
) -> Result<History, EngineError> {
    let mut history = History::default();
    for (read, change) in store.changes(1..=to).rev().enumerate() {
        if read % STEP == 0 {
            deadline.check()?;
        }
        let change = change?;
        // What is before it in the log was recorded before it.
        if is_older(&change, request.since_ms) || history.next.is_some() {
            break;
        }
        let is_wanted = match request.scope {
            HistoryScope::Type(resource_type) => change.resource_type == resource_type,
            HistoryScope::System | HistoryScope::Instance(_) => true,
        };
        if is_wanted {
            push(store, &mut history, &change, request.count)?;
        }
    }
    Ok(history)
}

fn is_older(change: &Change, since_ms: Option<i64>) -> bool {
    since_ms.is_some_and(|since_ms| change.recorded_ms < since_ms)
}

/// Adds a version that is kept, or notes where the next page starts when this one is full.
fn push(
    store: &Store,
    history: &mut History,
    change: &Change,
    count: usize,
) -> Result<(), EngineError> {
    let identity = store.identity(change.key)?;
    let stored = store.read_version(change.key, change.version)?;
    let (Some(identity), Some(stored)) = (identity, stored) else {
        return Err(EngineError::Defect(format!("change {} has no version", change.seq)));
    };
    if stored.header.forgotten {
        return Ok(());
    }
    if history.versions.len() >= count {
        let end = history.versions.last().map(|_| change.seq + 1);
        history.next = history.next.or(end);
        return Ok(());
    }
    let mut json = Vec::new();
    store.decode(&stored, &mut json)?;
    history.versions.push(HistoryVersion {
        identity,
        kind: change.kind,
        version: change.version,
        last_updated_ms: stored.header.last_updated_ms,
        json,
    });
    Ok(())
}
