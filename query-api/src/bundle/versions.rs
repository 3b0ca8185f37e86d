//! Bundles about versions: histories, and the answers to batches and transactions. Documents are
//! spliced in as they are stored.

use bytes::Bytes;
use shared::error::Issue;
use shared::store::{ChangeKind, format_instant};

use super::entry::{string, write_outcome};
use crate::engine::HistoryVersion;

/// What a history page is made of.
#[derive(Debug)]
pub(crate) struct HistoryPage<'a> {
    /// URL of the FHIR base, without a slash at the end.
    pub(crate) base_url: &'a str,
    /// The address of this page.
    pub(crate) self_url: &'a str,
    /// The address of the next page, when there is one.
    pub(crate) next_url: Option<&'a str>,
    /// Number of versions over all pages, where it is known.
    pub(crate) total: Option<u64>,
    /// The versions of this page.
    pub(crate) versions: &'a [HistoryVersion],
    /// What the caller should know.
    pub(crate) issues: &'a [Issue],
}

/// Writes a history Bundle as JSON in one line.
pub(crate) fn history(page: &HistoryPage<'_>) -> Vec<u8> {
    let documents: usize = page.versions.iter().map(|version| version.json.len() + 512).sum();
    let mut out = Vec::with_capacity(1024 + documents);
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"history""#);
    if let Some(total) = page.total {
        out.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
    }
    out.extend_from_slice(br#","link":[{"relation":"self","url":"#);
    string(&mut out, page.self_url);
    if let Some(next) = page.next_url {
        out.extend_from_slice(br#"},{"relation":"next","url":"#);
        string(&mut out, next);
    }
    out.extend_from_slice(b"}]");
    let mut separator: &[u8] = br#","entry":["#;
    for version in page.versions {
        out.extend_from_slice(separator);
        separator = b",";
        version_entry(&mut out, page.base_url, version);
    }
    if !page.issues.is_empty() {
        out.extend_from_slice(separator);
        separator = b",";
        out.extend_from_slice(br#"{"resource":"#);
        write_outcome(&mut out, page.issues.iter());
        out.extend_from_slice(
            br#","request":{"method":"GET","url":"_history"},"response":{"status":"200 OK"}}"#,
        );
    }
    if separator == b"," {
        out.push(b']');
    }
    out.push(b'}');
    out
}

fn version_entry(out: &mut Vec<u8>, base_url: &str, version: &HistoryVersion) {
    let identity = &version.identity;
    out.extend_from_slice(br#"{"fullUrl":"#);
    string(out, &format!("{base_url}/{identity}"));
    if !version.json.is_empty() {
        out.extend_from_slice(br#","resource":"#);
        out.extend_from_slice(&version.json);
    }
    // A create under an id that the caller chose cannot be told from one under an id of ours; PUT
    // replays both.
    let (method, status) = match version.kind {
        ChangeKind::Create => ("PUT", "201 Created"),
        ChangeKind::Update => ("PUT", "200 OK"),
        ChangeKind::Delete => ("DELETE", "204 No Content"),
    };
    let (number, instant) = (version.version, format_instant(version.last_updated_ms));
    let rest = format!(
        r#","request":{{"method":"{method}","url":"{identity}"}},"response":{{"status":"{status}","etag":"W/\"{number}\"","lastModified":"{instant}"}}}}"#
    );
    out.extend_from_slice(rest.as_bytes());
}

/// The answer to one entry of a batch or transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntryAnswer {
    /// `200 OK`.
    pub(crate) status: String,
    /// The URL of the version that was made.
    pub(crate) location: Option<String>,
    /// The entity tag of that version.
    pub(crate) etag: Option<String>,
    /// The instant of that version.
    pub(crate) last_modified: Option<String>,
    /// The resource, when it is shown.
    pub(crate) resource: Option<Bytes>,
    /// An `OperationOutcome`, when there is something to say.
    pub(crate) outcome: Option<Bytes>,
}

/// Writes the answer to a batch or transaction; `kind` is the Bundle's type. Each entry is freed as soon as
/// it is written.
pub(crate) fn answers(kind: &str, entries: Vec<EntryAnswer>) -> Vec<u8> {
    let bytes = |body: &Option<Bytes>| body.as_ref().map_or(0, Bytes::len);
    let bodies: usize = entries.iter().map(|e| bytes(&e.resource) + bytes(&e.outcome) + 512).sum();
    let mut out = Vec::with_capacity(128 + bodies);
    out.extend_from_slice(format!(r#"{{"resourceType":"Bundle","type":"{kind}""#).as_bytes());
    let mut separator: &[u8] = br#","entry":["#;
    for entry in entries {
        out.extend_from_slice(separator);
        separator = b",";
        out.push(b'{');
        if let Some(resource) = &entry.resource {
            out.extend_from_slice(br#""resource":"#);
            out.extend_from_slice(resource);
            out.push(b',');
        }
        out.extend_from_slice(br#""response":{"status":"#);
        string(&mut out, &entry.status);
        let texts = [
            ("location", &entry.location),
            ("etag", &entry.etag),
            ("lastModified", &entry.last_modified),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                out.extend_from_slice(format!(r#","{name}":"#).as_bytes());
                string(&mut out, text);
            }
        }
        if let Some(outcome) = &entry.outcome {
            out.extend_from_slice(br#","outcome":"#);
            out.extend_from_slice(outcome);
        }
        out.extend_from_slice(b"}}");
    }
    if separator == b"," {
        out.push(b']');
    }
    out.push(b'}');
    out
}
