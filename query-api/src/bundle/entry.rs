//! The parts of a Bundle around its documents: entries and the outcome.

use serde::Serialize;
use shared::error::Issue;

use crate::execute::Hit;

/// Why a resource is on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It satisfies the search.
    Match,
    /// A match refers to it, or it refers to a match.
    Include,
}

/// Sets an entry off from the one before it: the first stands right behind a bracket.
pub(super) fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
}

/// Opens an entry, up to where the document comes.
pub(super) fn start(out: &mut Vec<u8>, base_url: &str, hit: &Hit) {
    out.extend_from_slice(br#"{"fullUrl":""#);
    // The base is checked at start and ids are letters, digits, dots and dashes: nothing to escape.
    out.extend_from_slice(base_url.as_bytes());
    out.push(b'/');
    out.extend_from_slice(hit.resource_type.as_str().as_bytes());
    out.push(b'/');
    out.extend_from_slice(hit.id.as_bytes());
    out.extend_from_slice(br#"","resource":"#);
}

/// Begins what is said of an entry behind its document; its extensions may follow.
pub(super) fn begin_search(out: &mut Vec<u8>) {
    out.extend_from_slice(br#","search":{"#);
}

/// Closes an entry.
pub(super) fn finish(out: &mut Vec<u8>, mode: Mode, hit: &Hit) {
    out.extend_from_slice(match mode {
        Mode::Match => br#""mode":"match""#,
        Mode::Include => br#""mode":"include""#,
    });
    if let Some(score) = hit.score {
        let score = score.clamp(0.0, 1.0);
        out.extend_from_slice(format!(r#","score":{score}"#).as_bytes());
    }
    out.extend_from_slice(b"}}");
}

/// Writes the entry that says what the caller should know, with the extensions that `extend` writes.
pub(super) fn outcome(out: &mut Vec<u8>, issues: &[&Issue], extend: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(br#"{"resource":"#);
    write_outcome(out, issues.iter().copied());
    begin_search(out);
    extend(out);
    out.extend_from_slice(br#""mode":"outcome"}}"#);
}

/// Writes an `OperationOutcome` of one or more issues.
pub(crate) fn write_outcome<'a>(out: &mut Vec<u8>, issues: impl Iterator<Item = &'a Issue>) {
    #[derive(Serialize)]
    struct OutcomeIssue<'a> {
        severity: shared::error::Severity,
        code: shared::error::IssueType,
        diagnostics: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        expression: Option<[&'a str; 1]>,
    }
    out.extend_from_slice(br#"{"resourceType":"OperationOutcome","issue":["#);
    for (i, issue) in issues.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let issue = OutcomeIssue {
            severity: issue.severity,
            code: issue.code,
            diagnostics: &issue.diagnostics,
            expression: issue.expression.as_deref().map(|expression| [expression]),
        };
        serde_json::to_writer(&mut *out, &issue).expect("writing to memory does not fail");
    }
    out.extend_from_slice(b"]}");
}

/// Writes a JSON string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory does not fail");
}
