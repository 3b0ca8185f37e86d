//! A document on its way into the directory: parsed, validated, and made ready to be stored.
//!
//! The same validator as for loads. Not here: whether it may be stored (the group decides).

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::error::Issue;
use shared::fhir::{ResourceType, Target, is_valid_id};
use shared::geo::gazetteer;
use shared::terminology::canonical_system;
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

/// System of the types of identifiers of places.
const PLACE_IDENTIFIERS: &str = "https://mos.esante.gouv.fr/NOS/TRE_R354-TypeIdentifiantRessourceOperationnelle/FHIR/TRE-R354-TypeIdentifiantRessourceOperationnelle";
/// System of the types of identifiers of offers.
const OFFER_IDENTIFIERS: &str = "https://mos.esante.gouv.fr/NOS/TRE_R355-TypeIdentifiantOffre/FHIR/TRE-R355-TypeIdentifiantOffre";

impl Incoming {
    /// Gives an anomaly, a place or an offer that has no identifier the one people will speak of: its
    /// answer returns it. Organizations and professionals bring theirs from national registers.
    pub(super) fn with_functional_identifier(mut self, id: &str) -> Self {
        if self.value.get("identifier").is_some() {
            return self;
        }
        let identifier = match self.resource_type {
            ResourceType::Task => json!({"value": format!("anomalie/{id}")}),
            ResourceType::Location => self.regional_identifier(PLACE_IDENTIFIERS, "25", id),
            ResourceType::HealthcareService => {
                self.regional_identifier(OFFER_IDENTIFIERS, "35", id)
            }
            ResourceType::Organization
            | ResourceType::Practitioner
            | ResourceType::PractitionerRole
            | ResourceType::Measure
            | ResourceType::MeasureReport => return self,
        };
        let start = self.bytes.iter().position(|byte| *byte == b'{').expect("an object") + 1;
        let member = format!("\"identifier\":[{identifier}],");
        self.bytes.splice(start..start, member.into_bytes());
        self.value["identifier"] = json!([identifier]);
        self
    }

    /// `region/id` with its type, the form of the guide. The region is the source's, else that of the
    /// place's commune.
    fn regional_identifier(&self, type_system: &str, type_code: &str, id: &str) -> Value {
        let region = self.source_region().or_else(|| self.commune_region()).unwrap_or("00");
        json!({
            "type": {"coding": [{"system": type_system, "code": type_code}]},
            "value": format!("{region}/{id}"),
        })
    }

    fn source_region(&self) -> Option<&str> {
        let tags = self.value.pointer("/meta/tag")?.as_array()?;
        let is_region = |tag: &&Value| {
            let system = tag.get("system").and_then(Value::as_str).unwrap_or_default();
            canonical_system(system).contains("TRE_R30-")
        };
        tags.iter().find(is_region)?.get("code")?.as_str()
    }

    fn commune_region(&self) -> Option<&'static str> {
        let extensions = self.value.get("extension")?.as_array()?;
        let commune = extensions.iter().find(|extension| {
            let url = extension.get("url").and_then(Value::as_str).unwrap_or_default();
            url.ends_with("/ror-commune-cog")
        })?;
        let code = commune.pointer("/valueCodeableConcept/coding/0/code")?.as_str()?;
        Some(gazetteer().commune(code)?.region)
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
    /// Where it stands, as `FHIRPath`.
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
                write!(place, "[{index}]").expect("writing to memory does not fail");
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

/// A document after a patch.
///
/// # Errors
/// As the patch says; nothing is changed then.
pub(super) fn patched(
    resource_type: ResourceType,
    current: &[u8],
    patch: &Patch,
    limits: patch::Limits,
) -> Result<Vec<u8>, WriteError> {
    let patched =
        read_patch(patch, limits).and_then(|read| patch::apply(resource_type, current, &read));
    patched.map_err(refused_patch)
}

/// Reads a patch for its mistakes alone: outside the writing thread, which a large body would hold up.
///
/// # Errors
/// As the patch says.
pub(crate) fn check_patch(patch: &Patch, limits: patch::Limits) -> Result<(), WriteError> {
    read_patch(patch, limits).map(drop).map_err(refused_patch)
}

fn read_patch(patch: &Patch, limits: patch::Limits) -> Result<patch::Patch<'_>, PatchError> {
    match patch.language {
        PatchLanguage::FhirPath => patch::Patch::fhir(&patch.body, limits),
        PatchLanguage::Json => patch::Patch::json(&patch.body, limits),
    }
}

fn refused_patch(error: PatchError) -> WriteError {
    match error {
        PatchError::Refused(issue) => WriteError::Invalid(vec![issue]),
        PatchError::NotFound(issue) => WriteError::NoPlace(vec![issue]),
        PatchError::Unprocessable(issue) => WriteError::Unprocessable(vec![issue]),
        PatchError::Document(text) => EngineError::Defect(text).into(),
    }
}
