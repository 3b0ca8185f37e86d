//! Conditions of writes: searches in a URL, in `If-None-Exist`, or in a reference. What is ignored in
//! a search would change what a condition finds, so that it is refused here.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH};
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use super::error::ApiError;
use super::interaction::search;
use super::prefer::Preference;
use super::query;
use crate::app::App;
use crate::write::Condition;

const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Parameters of a URL that shape the answer and are no criteria.
const APPEARANCE: [&str; 2] = ["_format", "_pretty"];

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
        .filter(|(name, _)| !APPEARANCE.contains(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = criteria.join("&");
    let mut issues = query::stray_percents(&text);
    let (request, found) = search::parse(app, Some(resource_type), &text);
    issues.extend(found);
    Preference::strict().admit(issues)?;
    if request.applied.is_empty() {
        let text = format!("a condition is needed, such as {resource_type}?identifier=…");
        return Err(ApiError::Refused(vec![Issue::error(IssueType::Required, text)]));
    }
    Ok(Condition { resource_type, request })
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
    none_exist(app, resource_type, text).map(Some)
}

/// The text of `If-None-Exist`, with or without what stands before the question mark.
///
/// # Errors
/// As [`condition`].
pub(super) fn none_exist(
    app: &App,
    resource_type: ResourceType,
    text: &str,
) -> Result<Condition, ApiError> {
    let criteria = text.split_once('?').map_or(text, |(_, criteria)| criteria);
    condition(app, resource_type, criteria)
}

/// The version that `If-Match` asks for.
///
/// # Errors
/// [`ApiError::Refused`] when it is no version of ours.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    version(value.to_str().unwrap_or_default()).map(Some)
}

/// The version in an entity tag: `W/"3"`, also without `W/` or quotes.
///
/// # Errors
/// [`ApiError::Refused`] when it is none.
pub(super) fn version(tag: &str) -> Result<u64, ApiError> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.parse().map_err(|_| {
        let text = "If-Match must be the ETag of a version, such as W/\"3\"";
        ApiError::Refused(vec![Issue::error(IssueType::Value, text).at("If-Match")])
    })
}

#[cfg(test)]
mod tests {
    use super::{condition, none_exist, version};
    use crate::testing::{self, Memory};
    use shared::fhir::ResourceType::Location;

    #[test]
    fn what_a_search_would_ignore_is_refused() {
        let app = testing::app(Memory::default());
        for text in ["", "_format=json", "identifer=1", "identifier=1&x=2", "name:exacte=a", "a=%"]
        {
            assert!(condition(&app, Location, text).is_err(), "{text}");
        }
        for text in ["identifier=1", "identifier=s%7C1&_format=json", "name=a&status=active"] {
            assert!(condition(&app, Location, text).is_ok(), "{text}");
        }
        for text in ["identifier=1", "?identifier=1", "Location?identifier=1"] {
            let found = none_exist(&app, Location, text).unwrap();
            assert_eq!(found.request.applied, [("identifier".to_owned(), "1".to_owned())]);
        }
    }

    #[test]
    fn versions() {
        for text in ["W/\"3\"", "\"3\"", "3", " W/\"3\" "] {
            assert_eq!(version(text).unwrap(), 3);
        }
        for text in ["", "*", "W/\"a\"", "-1"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
