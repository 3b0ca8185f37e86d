//! The general parameters, which every interaction takes: how the resource of an answer is shown. What
//! else a query string says is the interaction's to know.
//!
//! Source: FHIR R4, http, "General Parameters".

use axum::http::HeaderMap;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use super::answer::Layout;
use super::error::ApiError;
use super::{negotiate, query};
use crate::bundle::subset::Subset;
use crate::engine::EngineError;
use crate::parse::ast::Summary;

/// The parameters that are read here.
const GENERAL: [&str; 4] = ["_format", "_pretty", "_summary", "_elements"];

/// How much of a resource is shown, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    layout: Layout,
    subset: Subset,
}

impl Shape {
    /// Reads `_format`, `_pretty`, `_summary` and `_elements`; bad values become issues.
    ///
    /// # Errors
    /// [`ApiError::NotAcceptable`].
    pub(super) fn of(
        text: &str,
        headers: &HeaderMap,
        issues: &mut Vec<Issue>,
    ) -> Result<Self, ApiError> {
        negotiate::accepts_json(headers, query::value(text, "_format").as_deref())?;
        let summary = match query::value(text, "_summary").as_deref() {
            None | Some("false" | "") => Summary::False,
            Some("true") => Summary::True,
            Some("text") => Summary::Text,
            Some("data") => Summary::Data,
            Some(other) => {
                let text = format!(
                    "unknown value \"{other}\" of \"_summary\"; allowed on one resource: true, text, data, false"
                );
                issues.push(Issue::error(IssueType::Value, text).at("_summary"));
                Summary::False
            }
        };
        let elements: Vec<String> = query::value(text, "_elements")
            .unwrap_or_default()
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        let layout = Layout::of(query::value(text, "_pretty").as_deref());
        Ok(Self { layout, subset: Subset::of(&elements, summary) })
    }

    /// Lays out a body that is shown whole.
    pub(super) fn lay_out(&self, json: Vec<u8>) -> Vec<u8> {
        self.layout.apply(json)
    }

    /// The part of a resource that is shown, not yet laid out.
    ///
    /// # Errors
    /// When it is not a JSON object.
    pub(super) fn part_of(
        &self,
        mut json: Vec<u8>,
        resource_type: ResourceType,
    ) -> Result<Vec<u8>, ApiError> {
        self.subset.apply(&mut json, 0, resource_type).map_err(EngineError::from)?;
        Ok(json)
    }
}

/// The decoded names of all parameters.
pub(super) fn names(text: &str) -> impl Iterator<Item = String> {
    let names = query::pairs(text).filter_map(|(name, _)| query::decode(name).ok());
    names.map(|name| name.trim().to_owned())
}

/// Whether a decoded name is that of a general parameter.
pub(super) fn is_general(name: &str) -> bool {
    GENERAL.contains(&name)
}
