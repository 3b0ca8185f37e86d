//! How much the answers to the entries of one Bundle may hold together, since all are in memory before
//! the first byte of the answer is written.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use shared::error::{Issue, IssueType};

use crate::bundle;
use crate::bundle::versions::EntryAnswer;
use crate::http::error::ApiError;

/// The bytes that are left for answers.
#[derive(Debug)]
pub(super) struct Room {
    left: AtomicUsize,
    max: usize,
}

impl Room {
    pub(super) fn new(max: usize) -> Self {
        Self { left: AtomicUsize::new(max), max }
    }

    /// Whether an answer did not fit: what only asks need not be computed any more.
    pub(super) fn is_full(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// The refusal of an entry whose answer has no room.
    pub(super) fn refusal(&self) -> ApiError {
        let text = format!(
            "the answers to the entries of a Bundle hold at most {} bytes together \
             (limits.bundle_answer_bytes), and this one does not fit; ask for it alone, or with a \
             smaller _count",
            self.max
        );
        ApiError::Refused(vec![Issue::error(IssueType::TooCostly, text)])
    }

    /// The answer to an entry that writes. What was written stays written: without room the answer
    /// shows no document, and says so.
    pub(super) fn of_write(&self, answer: EntryAnswer) -> EntryAnswer {
        if self.take(&answer) || answer.resource.is_none() {
            return answer;
        }
        let text = "the document is not shown: the answers to this Bundle have no more room \
                    (limits.bundle_answer_bytes)";
        let issue = Issue::information(IssueType::TooCostly, text);
        let mut more = Vec::new();
        bundle::write_outcome(&mut more, std::iter::once(&issue));
        let outcome = answer.outcome.as_deref().and_then(|known| with_issues(known, &more));
        EntryAnswer { resource: None, outcome: Some(outcome.unwrap_or(more).into()), ..answer }
    }

    /// Makes room for an answer. The first that does not fit leaves none for the others.
    pub(super) fn take(&self, answer: &EntryAnswer) -> bool {
        let bytes = answer.resource.as_ref().map_or(0, bytes::Bytes::len)
            + answer.outcome.as_ref().map_or(0, bytes::Bytes::len);
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_sub(bytes))
        });
        bytes <= before.unwrap_or_else(|same| same)
    }
}

/// One outcome with the issues of both.
fn with_issues(outcome: &[u8], more: &[u8]) -> Option<Vec<u8>> {
    let mut outcome: Value = serde_json::from_slice(outcome).ok()?;
    let more: Value = serde_json::from_slice(more).ok()?;
    let issues = outcome.get_mut("issue")?.as_array_mut()?;
    issues.extend(more.get("issue")?.as_array()?.iter().cloned());
    serde_json::to_vec(&outcome).ok()
}

#[cfg(test)]
mod tests {
    use super::Room;
    use crate::bundle::versions::EntryAnswer;

    fn answer(bytes: usize) -> EntryAnswer {
        EntryAnswer { resource: Some(vec![b' '; bytes].into()), ..EntryAnswer::default() }
    }

    #[test]
    fn the_first_that_does_not_fit_is_the_last() {
        let room = Room::new(10);
        assert!(room.take(&answer(4)) && room.take(&answer(5)) && !room.is_full());
        assert!(!room.take(&answer(2)) && room.is_full() && !room.take(&answer(1)));
        assert!(room.take(&answer(0)));
    }

    #[test]
    fn a_write_keeps_all_but_its_document() {
        let room = Room::new(3);
        let written = EntryAnswer { status: "200 OK".to_owned(), ..answer(3) };
        assert_eq!(room.of_write(written.clone()), written);
        let short = room.of_write(written.clone());
        assert_eq!((short.status.as_str(), &short.resource), ("200 OK", &None));
        let told = String::from_utf8(short.outcome.unwrap().to_vec()).unwrap();
        assert!(told.contains("limits.bundle_answer_bytes"), "{told}");
        let warned = br#"{"resourceType":"OperationOutcome","issue":[{"code":"required"}]}"#;
        let warned = room.of_write(EntryAnswer { outcome: Some(warned[..].into()), ..written });
        let told: serde_json::Value = serde_json::from_slice(&warned.outcome.unwrap()).unwrap();
        let codes: Vec<_> = told["issue"].as_array().unwrap().iter().map(|i| &i["code"]).collect();
        assert_eq!(codes, ["required", "too-costly"]);
    }
}
