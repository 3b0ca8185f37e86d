//! A document on its way into the directory: parsed, validated, and made ready to be stored.
//!
//! The same validator as for loads. Not here: whether it may be stored (the group decides).

use std::collections::HashSet;

use serde_json::Value;
use shared::error::{Issue, IssueType};
use shared::fhir::{ResourceType, Target, is_valid_id};
use shared::validate::{self, Layer, Validator};

use super::patch::{self, PatchError};
use super::{Patch, PatchLanguage, WriteError};
use crate::engine::EngineError;

/// A valid document, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    /// Its type.
    pub(crate) resource_type: ResourceType,
    /// Its id, when it has a valid one.
    pub(crate) id: Option<String>,
    /// Its text.
    pub(crate) bytes: Vec<u8>,
    /// The same, read.
    pub(crate) value: Value,
    /// The validator's warnings.
    pub(crate) issues: Vec<Issue>,
}

/// Parses and validates a document.
///
/// # Errors
/// [`WriteError::Invalid`] for what is no FHIR, [`WriteError::Unprocessable`] for what breaks a rule;
/// each with all findings.
pub(crate) fn read(bytes: Vec<u8>, validator: &Validator) -> Result<Incoming, WriteError> {
    let value = validate::parse(&bytes).map_err(WriteError::Invalid)?;
    let findings = validator.findings(&value);
    let is_error = |layer: Option<Layer>| {
        findings.iter().any(|f| f.issue.is_error() && layer.is_none_or(|layer| f.layer == layer))
    };
    let (has_shape_errors, has_errors) = (is_error(Some(Layer::Shape)), is_error(None));
    let issues: Vec<Issue> = findings.into_iter().map(|finding| finding.issue).collect();
    if has_shape_errors {
        return Err(WriteError::Invalid(issues));
    }
    if has_errors {
        return Err(WriteError::Unprocessable(issues));
    }
    let resource_type = value["resourceType"].as_str().and_then(|name| name.parse().ok());
    let resource_type = resource_type.expect("the validator accepts our types only");
    let id = value["id"].as_str().filter(|id| is_valid_id(id)).map(str::to_owned);
    Ok(Incoming { resource_type, id, bytes, value, issues })
}

impl Incoming {
    /// Gives an anomaly that has no identifier the one people will speak of; other documents bring
    /// theirs from the system that owns them.
    pub(super) fn with_functional_identifier(mut self, id: &str) -> Self {
        if self.resource_type != ResourceType::Task || self.value.get("identifier").is_some() {
            return self;
        }
        let start = self.bytes.iter().position(|byte| *byte == b'{').expect("an object") + 1;
        let member = format!("\"identifier\":[{{\"value\":\"anomalie/{id}\"}}],");
        self.bytes.splice(start..start, member.into_bytes());
        self.value["identifier"] = serde_json::json!([{"value": format!("anomalie/{id}")}]);
        self
    }

    /// Replaces every string that is exactly `from`, wherever it stands.
    pub(super) fn replace_string(&mut self, from: &str, to: &str) {
        let quoted = |text: &str| serde_json::to_vec(text).expect("a string is JSON");
        let (from_literal, to_literal) = (quoted(from), quoted(to));
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut rest = self.bytes.as_slice();
        while let Some(at) = rest.windows(from_literal.len()).position(|w| w == from_literal) {
            bytes.extend_from_slice(&rest[..at]);
            bytes.extend_from_slice(&to_literal);
            rest = &rest[at + from_literal.len()..];
        }
        bytes.extend_from_slice(rest);
        self.bytes = bytes;
        replace_in(&mut self.value, from, to);
    }
}

fn replace_in(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_in(item, from, to)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| replace_in(member, from, to));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A literal reference of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Where it stands, as FHIRPath.
    pub(crate) place: String,
    /// Its text.
    pub(crate) text: String,
}

/// Every `reference` of a document, in order.
pub(crate) fn literals(document: &Value) -> Vec<Literal> {
    let mut found = Vec::new();
    let name = document["resourceType"].as_str().unwrap_or_default();
    collect(document, &mut name.to_owned(), &mut found);
    found
}

fn collect(value: &Value, place: &mut String, found: &mut Vec<Literal>) {
    let length = place.len();
    match value {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get("reference") {
                let place = format!("{place}.reference");
                found.push(Literal { place, text: text.clone() });
            }
            for (name, member) in members {
                place.push('.');
                place.push_str(name);
                collect(member, place, found);
                place.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                place.push_str(&format!("[{index}]"));
                collect(item, place, found);
                place.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The resources of ours that a document refers to, each once, with the first place of each.
pub(super) fn local_targets(
    literals: &[Literal],
    base_urls: &[&str],
) -> Vec<(ResourceType, String, String)> {
    let mut seen = HashSet::new();
    let mut targets = Vec::new();
    for literal in literals {
        if let Target::Local(resource_type, id) = Target::parse(&literal.text, base_urls)
            && seen.insert((resource_type, id.clone()))
        {
            targets.push((resource_type, id, literal.place.clone()));
        }
    }
    targets
}

/// What to say of a reference to a resource that does not exist.
pub(super) fn dangling(resource_type: ResourceType, id: &str, place: &str) -> Issue {
    let text = format!("{resource_type}/{id} is not in this directory");
    Issue::warning(IssueType::NotFound, text).at(place)
}

/// A document after a patch.
///
/// # Errors
/// As the patch says; nothing is changed then.
pub(super) fn patched(
    resource_type: ResourceType,
    current: &[u8],
    patch: &Patch,
) -> Result<Vec<u8>, WriteError> {
    let limits = patch::Limits::default();
    let read = match patch.language {
        PatchLanguage::FhirPath => patch::Patch::fhir(&patch.body, limits),
        PatchLanguage::Json => patch::Patch::json(&patch.body, limits),
    };
    let patched = read.and_then(|read| patch::apply(resource_type, current, &read));
    patched.map_err(|error| match error {
        PatchError::Refused(issue) => WriteError::Invalid(vec![issue]),
        PatchError::NotFound(issue) => WriteError::NoPlace(vec![issue]),
        PatchError::Unprocessable(issue) => WriteError::Unprocessable(vec![issue]),
        PatchError::Document(text) => EngineError::Defect(text).into(),
    })
}
