//! What the validator reports, and the bounded list it reports into.

use std::borrow::Cow;

use super::path::Path;
use crate::error::{Issue, IssueType, Severity};

/// Which body of rules a finding comes from; callers choose their status by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The shape of FHIR R4: names, types, cardinalities, formats, required bindings.
    Shape,
    /// The rules of FHIR R4 on top of the shape: invariants, definitions of known extensions.
    Rule,
    /// The ROR guide: profiles, contexts and parts of its extensions, code systems.
    Profile,
}

/// One problem found in a document, with the rule that found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable identifier to count by: `required`, `per-1`, `ror-location/commune-cog`.
    pub rule: Cow<'static, str>,
    /// The body of rules the rule belongs to.
    pub layer: Layer,
    /// What to tell the author of the document.
    pub issue: Issue,
}

/// How many findings one document may produce; the rest is summed up in a last one.
pub(super) const FINDINGS_MAX: usize = 100;

/// The findings of one document.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    dropped: usize,
    dropped_error: bool,
}

impl Findings {
    pub(super) fn push(
        &mut self,
        rule: impl Into<Cow<'static, str>>,
        layer: Layer,
        severity: Severity,
        code: IssueType,
        path: &Path<'_>,
        diagnostics: impl FnOnce() -> String,
    ) {
        if self.list.len() >= FINDINGS_MAX {
            self.dropped += 1;
            self.dropped_error |= severity >= Severity::Error;
            return;
        }
        let issue = Issue {
            severity,
            code,
            diagnostics: diagnostics(),
            expression: Some(path.to_string()),
        };
        self.list.push(Finding { rule: rule.into(), layer, issue });
    }

    pub(super) fn into_vec(mut self) -> Vec<Finding> {
        if self.dropped > 0 {
            let text = format!("{} more problems are not listed", self.dropped);
            let issue = if self.dropped_error {
                Issue::error(IssueType::Processing, text)
            } else {
                Issue::warning(IssueType::Processing, text)
            };
            self.list.push(Finding { rule: "too-many".into(), layer: Layer::Shape, issue });
        }
        self.list
    }
}

/// A name or code from the document, quoted and short enough for a message.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
