//! The words every failure ends in: an [`Issue`] with a FHIR severity and issue type.
//!
//! Stages keep typed errors of their own; an `Issue` is what a person reads at the end, in an
//! `OperationOutcome`, a quarantine file or a report.

use serde::Serialize;

/// How bad an issue is. Source: FHIR R4, value set `issue-severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Information,
    /// The request or document was accepted, but something in it was ignored, repaired or doubtful.
    Warning,
    /// The request or document is refused.
    Error,
    /// Processing stopped.
    Fatal,
}

/// What kind of problem an issue is. Source: FHIR R4, value set `issue-type` (the codes we use).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueType {
    /// Content invalid against the specification.
    Invalid,
    /// A structural problem: not JSON, wrong nesting, unknown element.
    Structure,
    /// A required element is missing.
    Required,
    /// An element or parameter value is invalid.
    Value,
    /// A rule of a profile or of the specification is broken.
    Invariant,
    /// No or bad credentials.
    Login,
    /// The caller may not do this.
    Forbidden,
    /// The operation, parameter or modifier is not supported.
    NotSupported,
    /// The content already exists.
    Duplicate,
    /// Several resources match where one was expected.
    MultipleMatches,
    /// The thing asked for does not exist.
    NotFound,
    /// The thing asked for was deleted.
    Deleted,
    /// Too long for a limit.
    TooLong,
    /// A code is not in its code system or value set.
    CodeInvalid,
    /// An extension is unknown, misplaced or holds the wrong type.
    Extension,
    /// More than the server is willing to compute for one request.
    TooCostly,
    /// A business rule is broken.
    BusinessRule,
    /// An edit conflict.
    Conflict,
    /// A temporary condition; the same request may succeed later.
    Transient,
    /// The storage is out of space.
    NoStore,
    /// A deadline has passed.
    Timeout,
    /// Too many requests.
    Throttled,
    /// Our bug, or corrupt data.
    Exception,
    /// Processing failed for a reason none of the others names.
    Processing,
    /// Not a problem at all.
    Informational,
}

/// One problem, as a person or a client program reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is.
    pub code: IssueType,
    /// What is wrong, where, and what would be right: one sentence, no internals, no personal data.
    pub diagnostics: String,
    /// Where: a `FHIRPath` into the document (`Location.extension[2].url`) or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

impl Issue {
    /// An issue of severity `error`.
    pub fn error(code: IssueType, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, diagnostics)
    }

    /// An issue of severity `warning`.
    pub fn warning(code: IssueType, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, diagnostics)
    }

    /// An issue of severity `information`.
    pub fn information(code: IssueType, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Information, code, diagnostics)
    }

    fn new(severity: Severity, code: IssueType, diagnostics: impl Into<String>) -> Self {
        Self { severity, code, diagnostics: diagnostics.into(), expression: None }
    }

    /// The same issue with its place.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        // FHIR knows no empty string.
        self.expression = Some(expression.into()).filter(|expression| !expression.is_empty());
        self
    }

    /// Whether the document or request this issue speaks of must be refused.
    pub fn is_error(&self) -> bool {
        self.severity >= Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::{Issue, IssueType};

    #[test]
    fn an_empty_place_is_none() {
        let issue = |place: &str| Issue::error(IssueType::Value, "x").at(place).expression;
        assert_eq!((issue(""), issue("a")), (None, Some("a".to_owned())));
    }
}
