//! Conditions of writes: searches in a URL, in `If-None-Exist`, or in a reference, and what headers ask
//! of the version there is. What is ignored in a search would change what a condition finds, and a
//! condition that is not looked at would let through what it was to hold back, so that both are refused.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use jiff::fmt::rfc2822::DateTimeParser;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use super::error::ApiError;
use super::interaction::search;
use super::prefer::{Preference, Strictness};
use super::{query, shape};
use crate::app::App;
use crate::write::{Condition, Preconditions, Versions};

/// The condition of a create.
pub(super) const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Parameters of a search that say nothing of what is found.
const OF_PAGES: [&str; 7] =
    ["_count", "_sort", "_include", "_revinclude", "_total", "_page", "_explain"];

/// A write whose address holds no condition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// `POST [type]`
    Create,
    /// `PUT`, `PATCH` or `DELETE` of `[type]/[id]`.
    Id(ResourceType),
    /// `POST [base]`
    Bundle,
}

/// Reads a condition from the text of a query.
///
/// # Errors
/// [`ApiError::Refused`] when there is no criterion, or one that a search would refuse or ignore.
pub(super) fn condition(
    app: &App,
    resource_type: ResourceType,
    text: &str,
) -> Result<Condition, ApiError> {
    let criteria: Vec<String> = query::pairs(text)
        .filter(|(name, _)| !query::decode(name).is_ok_and(|name| shape::is_general(name.trim())))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = criteria.join("&");
    let mut issues = query::stray_percents(&text);
    let (request, found) = search::parse(app, Some(resource_type), &text);
    issues.extend(found);
    for name in shape::names(&text) {
        if OF_PAGES.contains(&name.split(':').next().unwrap_or_default()) {
            let text = format!("\"{name}\" shapes the pages of a search; a condition has none");
            issues.push(Issue::error(IssueType::NotSupported, text).at(name));
        }
    }
    Preference::strict(Strictness::Condition).admit(issues)?;
    if request.applied.is_empty() {
        let text = format!("a condition is needed, such as {resource_type}?identifier=…");
        return Err(ApiError::Refused(vec![Issue::error(IssueType::Required, text)]));
    }
    Ok(Condition { resource_type, request })
}

/// Refuses parameters that look like a condition where an address takes none: the write would be done
/// whether it holds or not.
///
/// # Errors
/// [`ApiError::Refused`], which names the parameters and where a condition is written.
pub(super) fn no_criteria(text: &str, of: Of) -> Result<(), ApiError> {
    let mut issues = query::problems(text);
    let is_unfit = |name: &String| match of {
        Of::Create | Of::Id(_) => !shape::is_general(name),
        // Its answer has a layout, and is no document to show a part of.
        Of::Bundle => !matches!(name.as_str(), "_format" | "_pretty"),
    };
    for name in shape::names(text).filter(is_unfit) {
        let text = match of {
            Of::Create => format!(
                "a create takes no parameter \"{name}\"; a condition that no resource must meet stands in the header If-None-Exist (in a Bundle, in request.ifNoneExist)"
            ),
            Of::Id(resource_type) => format!(
                "a change of the resource of an id takes no parameter \"{name}\"; a condition is asked without the id, as {resource_type}?{name}=…, and a version in the header If-Match"
            ),
            Of::Bundle => format!(
                "a Bundle takes no parameter \"{name}\"; it stands in the address of an entry, as request.url"
            ),
        };
        issues.push(Issue::error(IssueType::NotSupported, text).at(name));
    }
    if issues.is_empty() { Ok(()) } else { Err(ApiError::Refused(issues)) }
}

/// `If-None-Exist`, when it is there.
///
/// # Errors
/// As [`condition`].
pub(super) fn if_none_exist(
    app: &App,
    resource_type: ResourceType,
    headers: &HeaderMap,
) -> Result<Option<Condition>, ApiError> {
    let Some(value) = headers.get(IF_NONE_EXIST) else { return Ok(None) };
    let text = value.to_str().unwrap_or("%");
    // With or without what stands before the question mark.
    let criteria = text.split_once('?').map_or(text, |(_, criteria)| criteria);
    condition(app, resource_type, criteria).map(Some)
}

/// What headers ask of the version that is changed.
///
/// # Errors
/// [`ApiError::Refused`] for what is no version of ours and no date, and for `If-None-Exist`, which
/// only a create knows.
pub(super) fn preconditions(headers: &HeaderMap) -> Result<Preconditions, ApiError> {
    if headers.contains_key(IF_NONE_EXIST) {
        let text = "If-None-Exist is for a create (POST); the condition of another write is asked in its address, as [type]?identifier=…";
        return Err(refused(IssueType::NotSupported, text, "If-None-Exist"));
    }
    let since = headers.get(IF_UNMODIFIED_SINCE).map(|value| {
        let since = value.to_str().ok().and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
        let text = "If-Unmodified-Since must be an HTTP date, such as Mon, 04 May 2026 10:00:00 GMT; a version in If-Match is finer";
        since.ok_or_else(|| refused(IssueType::Value, text, "If-Unmodified-Since"))
    });
    Ok(Preconditions {
        if_match: versions(headers, &IF_MATCH, "If-Match")?,
        if_none_match: versions(headers, &IF_NONE_MATCH, "If-None-Match")?,
        unmodified_since_s: since.transpose()?.map(jiff::Timestamp::as_second),
    })
}

/// Refuses headers that ask something of a version where there is none: of a create, or of a Bundle.
///
/// # Errors
/// [`ApiError::Refused`].
pub(super) fn no_preconditions(headers: &HeaderMap, of: Of) -> Result<(), ApiError> {
    let unfit = [
        (IF_MATCH, "If-Match"),
        (IF_NONE_MATCH, "If-None-Match"),
        (IF_UNMODIFIED_SINCE, "If-Unmodified-Since"),
        (IF_NONE_EXIST, "If-None-Exist"),
    ];
    for (header, name) in unfit {
        let text = match of {
            Of::Create if header == IF_NONE_EXIST => continue,
            Of::Create => format!(
                "{name} asks for a version, and a create has none yet; write If-None-Exist, or PUT under an id"
            ),
            Of::Id(_) => continue,
            Of::Bundle => format!(
                "{name} means nothing to a Bundle; conditions stand in the requests of its entries"
            ),
        };
        if headers.contains_key(&header) {
            return Err(refused(IssueType::NotSupported, text, name));
        }
    }
    Ok(())
}

/// The versions in entity tags: `W/"3"`, also without `W/` or quotes, several of them, or `*` for any.
fn versions(
    headers: &HeaderMap,
    header: &HeaderName,
    name: &'static str,
) -> Result<Option<Versions>, ApiError> {
    let mut versions = Vec::new();
    let mut is_there = false;
    for value in headers.get_all(header) {
        is_there = true;
        let text = value.to_str().unwrap_or_default();
        if text.trim() == "*" {
            return Ok(Some(Versions::Any));
        }
        for tag in text.split(',') {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
            versions.push(tag.parse().map_err(|_| {
                let text = format!(
                    "{name} must be the ETag of a version, such as W/\"3\", several of them, or *"
                );
                refused(IssueType::Value, text, name)
            })?);
        }
    }
    Ok(is_there.then_some(Versions::Of(versions)))
}

fn refused(code: IssueType, text: impl Into<String>, header: &str) -> ApiError {
    ApiError::Refused(vec![Issue::error(code, text).at(header)])
}

#[cfg(test)]
mod tests {
    use super::{Of, condition, if_none_exist, no_criteria, no_preconditions, preconditions};
    use crate::http::error::ApiError;
    use crate::testing::{self, Memory};
    use crate::write::Versions;
    use axum::http::HeaderMap;
    use shared::fhir::ResourceType::Location;

    #[test]
    fn what_a_search_would_ignore_is_refused() {
        let app = testing::app(Memory::default());
        for text in [
            "",
            "_format=json",
            "_summary=true",
            "identifer=1",
            "identifier=1&x=2",
            "name:exacte=a",
            "a=%",
            "identifier=1&_count=1",
            "identifier=1&_sort=name",
            "identifier=1&_include=*",
        ] {
            assert!(condition(&app, Location, text).is_err(), "{text}");
        }
        for text in ["identifier=1", "identifier=s%7C1&_format=json", "name=a&_elements=name"] {
            assert!(condition(&app, Location, text).is_ok(), "{text}");
        }
        for text in ["identifier=1", "?identifier=1", "Location?identifier=1"] {
            let headers = headers(&[("if-none-exist", text)]);
            let found = if_none_exist(&app, Location, &headers).unwrap().unwrap();
            assert_eq!(found.request.applied, [("identifier".to_owned(), "1".to_owned())]);
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn versions() {
        let of = |versions: &[u64]| Some(Versions::Of(versions.to_vec()));
        for (text, expected) in [
            ("W/\"3\"", of(&[3])),
            ("\"3\"", of(&[3])),
            ("3", of(&[3])),
            (" W/\"3\" ", of(&[3])),
            ("W/\"3\", \"4\"", of(&[3, 4])),
            ("*", Some(Versions::Any)),
        ] {
            let asked = preconditions(&headers(&[("if-match", text)])).unwrap();
            assert_eq!((asked.if_match, asked.if_none_match), (expected.clone(), None), "{text}");
            let asked = preconditions(&headers(&[("if-none-match", text)])).unwrap();
            assert_eq!((asked.if_match, asked.if_none_match), (None, expected), "{text}");
        }
        let twice = headers(&[("if-match", "\"1\""), ("if-match", "\"2\"")]);
        assert_eq!(preconditions(&twice).unwrap().if_match, of(&[1, 2]));
        let since = headers(&[("if-unmodified-since", "Mon, 04 May 2026 10:00:00 GMT")]);
        assert_eq!(preconditions(&since).unwrap().unmodified_since_s, Some(1_777_888_800));
        for (name, text) in [
            ("if-match", ""),
            ("if-match", "W/\"a\""),
            ("if-match", "-1"),
            ("if-none-match", "\"1\",,"),
            ("if-unmodified-since", "yesterday"),
            ("if-none-exist", "identifier=1"),
        ] {
            assert!(preconditions(&headers(&[(name, text)])).is_err(), "{name}: {text}");
        }
    }

    #[test]
    fn headers_that_mean_nothing_are_refused() {
        for (name, create, bundle) in [
            ("if-match", false, false),
            ("if-none-match", false, false),
            ("if-unmodified-since", false, false),
            ("if-none-exist", true, false),
            ("prefer", true, true),
        ] {
            let headers = headers(&[(name, "*")]);
            assert_eq!(no_preconditions(&headers, Of::Create).is_ok(), create, "{name}");
            assert_eq!(no_preconditions(&headers, Of::Bundle).is_ok(), bundle, "{name}");
        }
    }

    #[test]
    fn criteria_where_there_is_no_condition() {
        for text in
            ["", "_format=json&_pretty=true", "_summary=true&_elements=name", "%5Fformat=json"]
        {
            assert!(no_criteria(text, Of::Create).is_ok(), "{text}");
        }
        let rows = [
            (Of::Create, "identifier=1", "If-None-Exist"),
            (Of::Create, "nonsense", "nonsense"),
            (Of::Id(Location), "_pretty=true&name=a", "Location?name="),
            (Of::Id(Location), "_count=1", "_count"),
            (Of::Id(Location), "n%61me=a", "Location?name="),
            (Of::Id(Location), "a=%zz", "percent"),
            (Of::Bundle, "type=1", "request.url"),
            (Of::Bundle, "_elements=name", "request.url"),
        ];
        for (of, text, says) in rows {
            let Err(ApiError::Refused(issues)) = no_criteria(text, of) else { panic!("{text}") };
            assert!(issues.iter().any(|issue| issue.diagnostics.contains(says)), "{issues:?}");
        }
    }
}
