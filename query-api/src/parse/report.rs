//! What the parser found: mistakes, tolerated oddities and advice, each said once.

use shared::error::{Issue, IssueType, Severity};

/// The issues of one request, in the order they were met.
#[derive(Debug, Default)]
pub(super) struct Report {
    issues: Vec<Issue>,
    uses_clock: bool,
    values: usize,
    words: usize,
}

impl Report {
    /// A mistake: the request is refused.
    pub(super) fn error(&mut self, code: IssueType, parameter: &str, diagnostics: String) {
        self.push(Issue::error(code, diagnostics).at(parameter));
    }

    /// Something ignored or repaired: the request is refused under strict handling only.
    pub(super) fn tolerate(&mut self, code: IssueType, parameter: &str, diagnostics: String) {
        self.push(Issue::warning(code, diagnostics).at(parameter));
    }

    /// Something legal that the caller may not have meant: never refused.
    pub(super) fn advise(&mut self, parameter: &str, diagnostics: String) {
        self.push(Issue::warning(IssueType::CodeInvalid, diagnostics).at(parameter));
    }

    /// A value was read that means something else at another time.
    pub(super) fn uses_clock(&mut self) {
        self.uses_clock = true;
    }

    /// Whether such a value was read.
    pub(super) fn has_used_clock(&self) -> bool {
        self.uses_clock
    }

    /// Counts the values of one more parameter; `false`, with the mistake reported, when the request has
    /// more than `max` in all.
    pub(super) fn add_values(&mut self, values: usize, max: usize) -> bool {
        self.values = self.values.saturating_add(values);
        if self.values > max {
            let diagnostics = format!("all parameters together have more than {max} values");
            self.error(IssueType::TooCostly, "", diagnostics);
        }
        self.values <= max
    }

    /// The same of the words of text parameters.
    pub(super) fn add_words(&mut self, words: usize, max: usize) {
        self.words = self.words.saturating_add(words);
        if self.words > max {
            let diagnostics = format!("all parameters together have more than {max} words");
            self.error(IssueType::TooCostly, "", diagnostics);
        }
    }

    /// Takes over what was found elsewhere.
    pub(super) fn absorb(&mut self, other: Self) {
        self.uses_clock |= other.uses_clock;
        other.issues.into_iter().for_each(|issue| self.push(issue));
    }

    /// The issues.
    pub(super) fn into_issues(self) -> Vec<Issue> {
        self.issues
    }

    /// A system search reads each parameter once for each type: the same finding counts once.
    fn push(&mut self, issue: Issue) {
        if !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }
}

/// Whether an issue refuses the request under `Prefer: handling=strict`: every mistake, and everything
/// ignored or repaired; not advice on codes, which are legal.
pub(crate) fn is_refused_when_strict(issue: &Issue) -> bool {
    issue.is_error()
        || (issue.severity == Severity::Warning && issue.code != IssueType::CodeInvalid)
}
