//! `Prefer`: how strictly a search is read, and what the answer to a write holds.

use axum::http::header::{HeaderName, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use shared::error::{Issue, Severity};

use super::error::ApiError;
use crate::parse;

/// The header that tells which preference was honored. Source: RFC 7240.
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What happens to parameters that are unknown or not supported.
/// Source: FHIR R4, search, "Server Conformance".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Handling {
    /// They are ignored, with a warning in the Bundle.
    #[default]
    Lenient,
    /// They are refused, and why.
    Strict(Strictness),
}

/// Why a request is read strictly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// The caller says so.
    Asked,
    /// What is ignored in a condition changes what it finds.
    Condition,
    /// A table has no place for a warning.
    Table,
}

impl Strictness {
    /// What stands before the warning that is now an error. The warning says what happens to the rest
    /// of the request, which now is nothing.
    fn because(self) -> &'static str {
        match self {
            Self::Asked => "refused under Prefer: handling=strict; otherwise",
            Self::Condition => "refused, as a condition is not read in part; a search would say",
            Self::Table => "refused, as a table has no place for a warning; as JSON it would say",
        }
    }
}

/// `Prefer: handling=…`, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Preference {
    /// How strictly to read.
    pub(super) handling: Handling,
    /// Whether the caller said so.
    pub(super) stated: bool,
}

/// `Prefer: return=…`: what the answer to a write holds. Source: FHIR R4, http, "Managing Return
/// Content".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// Nothing but headers.
    Minimal,
    /// The resource as it is stored.
    Representation,
    /// What the service remarks on it.
    OperationOutcome,
}

impl Return {
    /// The first known `return` of the header.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let headers = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        headers.flat_map(|header| header.split([',', ';'])).find_map(|preference| {
            let (name, value) = preference.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("return") {
                return None;
            }
            match value.trim().trim_matches('"').to_ascii_lowercase().as_str() {
                "minimal" => Some(Self::Minimal),
                "representation" => Some(Self::Representation),
                "operationoutcome" => Some(Self::OperationOutcome),
                _ => None,
            }
        })
    }

    /// The preference as it is written in headers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "return=minimal",
            Self::Representation => "return=representation",
            Self::OperationOutcome => "return=OperationOutcome",
        }
    }
}

impl Preference {
    /// Strict handling, whatever the caller says.
    pub(super) fn strict(why: Strictness) -> Self {
        Self { handling: Handling::Strict(why), stated: false }
    }

    /// The first `handling` of the header; an unknown one is as none. Source: RFC 7240, 2.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        for header in headers.get_all(PREFER) {
            let Ok(header) = header.to_str() else { continue };
            for preference in header.split(',') {
                let preference = preference.split(';').next().unwrap_or_default();
                let Some((name, value)) = preference.split_once('=') else { continue };
                if !name.trim().eq_ignore_ascii_case("handling") {
                    continue;
                }
                let handling = match value.trim().trim_matches('"').to_ascii_lowercase().as_str() {
                    "strict" => Handling::Strict(Strictness::Asked),
                    "lenient" => Handling::Lenient,
                    _ => return Self::default(),
                };
                return Self { handling, stated: true };
            }
        }
        Self::default()
    }

    /// Lets the warnings among `issues` pass, or refuses them all.
    ///
    /// # Errors
    /// [`ApiError::Refused`] with every issue when one is an error, and under strict handling also
    /// when one is a warning about something ignored or repaired, which then counts as an error.
    pub(super) fn admit(self, mut issues: Vec<Issue>) -> Result<Vec<Issue>, ApiError> {
        if let Handling::Strict(why) = self.handling {
            for issue in &mut issues {
                // A mistake speaks for itself.
                if !issue.is_error() && parse::is_refused_when_strict(issue) {
                    issue.severity = Severity::Error;
                    issue.diagnostics = format!("{}: {}", why.because(), issue.diagnostics);
                }
            }
        }
        if issues.iter().any(Issue::is_error) { Err(ApiError::Refused(issues)) } else { Ok(issues) }
    }

    /// What [`say_applied`] writes.
    pub(super) fn applied(self) -> Option<Applied> {
        self.stated.then_some(Applied(self.handling))
    }
}

/// An honored preference, on its way to the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applied(Handling);

/// Writes `Preference-Applied` where a handler left an [`Applied`].
pub(super) async fn say_applied(mut response: Response) -> Response {
    if let Some(Applied(handling)) = response.extensions().get::<Applied>().copied() {
        let value = HeaderValue::from_static(match handling {
            Handling::Lenient => "handling=lenient",
            Handling::Strict(_) => "handling=strict",
        });
        response.headers_mut().insert(PREFERENCE_APPLIED, value);
    }
    response
}

/// Tells caches that an answer depends on these headers of its request.
pub(super) async fn vary(mut response: Response) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("accept, prefer"));
    response
}

#[cfg(test)]
mod tests {
    use super::{Handling, Preference, Return, Strictness};
    use crate::http::error::ApiError;
    use axum::http::HeaderMap;
    use shared::error::{Issue, IssueType};

    #[test]
    fn reads() {
        use Handling::Lenient;
        const STRICT: Handling = Handling::Strict(Strictness::Asked);
        let rows: [(&[&str], Handling, bool); 9] = [
            (&[], Lenient, false),
            (&["handling=strict"], STRICT, true),
            (&["handling=lenient"], Lenient, true),
            (&["return=minimal, Handling = \"STRICT\"; x=y"], STRICT, true),
            (&["respond-async", "handling=strict"], STRICT, true),
            (&["handling=lenient, handling=strict"], Lenient, true),
            (&["handling=severe"], Lenient, false),
            (&["handling"], Lenient, false),
            (&["return=minimal"], Lenient, false),
        ];
        for (values, handling, stated) in rows {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("prefer", value.parse().unwrap());
            }
            assert_eq!(Preference::of(&headers), Preference { handling, stated }, "{values:?}");
        }
    }

    #[test]
    fn returns() {
        let rows = [
            ("return=minimal", Some(Return::Minimal)),
            ("handling=strict, return=representation", Some(Return::Representation)),
            ("handling=strict; return=\"OperationOutcome\"", Some(Return::OperationOutcome)),
            ("return=everything", None),
            ("respond-async", None),
        ];
        for (value, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(Return::of(&headers), expected, "{value}");
        }
    }

    #[test]
    fn admits() {
        let warning = || Issue::warning(IssueType::NotSupported, "w");
        let advice = || Issue::warning(IssueType::CodeInvalid, "a");
        let error = || Issue::error(IssueType::Value, "e");
        let note = || Issue::information(IssueType::Informational, "i");
        // (issues, admitted when lenient, admitted when strict)
        let rows = [
            (vec![], true, true),
            (vec![note(), advice()], true, true),
            (vec![warning()], true, false),
            (vec![warning(), error()], false, false),
        ];
        for (issues, lenient, strict) in rows {
            let asked = Handling::Strict(Strictness::Asked);
            for (handling, expected) in [(Handling::Lenient, lenient), (asked, strict)] {
                let preference = Preference { handling, stated: true };
                let admitted = preference.admit(issues.clone());
                assert_eq!(admitted.is_ok(), expected, "{handling:?} {issues:?}");
            }
        }
    }

    #[test]
    fn a_refusal_says_whose_wish_it_is() {
        for (why, says_strict) in
            [(Strictness::Asked, true), (Strictness::Condition, false), (Strictness::Table, false)]
        {
            let preference = Preference::strict(why);
            let issues = vec![
                Issue::warning(IssueType::NotSupported, "unknown \"x\""),
                Issue::error(IssueType::Value, "bad \"y\""),
            ];
            let Err(ApiError::Refused(issues)) = preference.admit(issues) else {
                panic!("{why:?}")
            };
            assert_eq!(issues[0].diagnostics.contains("handling=strict"), says_strict, "{why:?}");
            assert!(issues[0].diagnostics.ends_with("unknown \"x\""), "{issues:?}");
            assert_eq!(issues[1].diagnostics, "bad \"y\"");
        }
    }
}
