//! The walk over one document against the FHIR R4 definitions.
//!
//! Nothing is allocated while the document is in order; paths are written when something is reported.
//! The rules of the guide's profiles are not here but in `profile`.

mod contained;
mod extensions;
mod values;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Validator;
use super::extension::{Definition, Place};
use super::finding::{Findings, Layer, excerpt};
use super::json::DEPTH_MAX;
use super::model::{Content, Element, Special, Type};
use super::path::Path;
use crate::error::{IssueType, Severity};
use crate::fhir::ResourceType;

pub(super) type Object = Map<String, Value>;

/// A path has a name and an index for each level of JSON.
const PATH_MAX: usize = 2 * DEPTH_MAX;

/// One document being validated.
pub(super) struct Walk<'a> {
    pub(super) validator: &'a Validator,
    /// The outermost resource.
    pub(super) root: &'a Object,
    /// How bad a broken rule of the guide is in this document.
    pub(super) guide_severity: Severity,
    pub(super) findings: Findings,
    /// References to contained resources; kept only when there are contained resources.
    local_references: Vec<&'a str>,
}

/// An object being walked.
#[derive(Clone, Copy)]
struct Frame<'a, 'p> {
    type_: &'a Type,
    object: &'a Object,
    /// Where its extensions stand.
    place: Place<'p>,
    /// The complex extension whose parts its extensions are.
    scope: Option<&'a Definition>,
}

/// What an object was found to hold.
struct Seen<'a> {
    /// Slots, see [`Type::slots`].
    present: u64,
    /// The last element of a choice.
    choice: Option<&'a Element>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        validator: &'a Validator,
        root: &'a Object,
        guide_severity: Severity,
    ) -> Self {
        let findings = Findings::default();
        Self { validator, root, guide_severity, findings, local_references: Vec::new() }
    }

    /// Walks the outermost resource.
    pub(super) fn document(&mut self, resource_type: ResourceType, path: &Path<'_>) {
        self.resource(resource_type, self.root, path);
        self.contained_are_used(path);
    }

    fn resource(&mut self, resource_type: ResourceType, object: &'a Object, path: &Path<'_>) {
        let type_ = self.validator.model.resource(resource_type);
        let place = Place { holder: type_.name, holder_is_resource: true, owner: "", key: "" };
        self.object(Frame { type_, object, place, scope: None }, path);
    }

    /// Reports a document that has not the shape of FHIR.
    fn shape(
        &mut self,
        rule: &'static str,
        code: IssueType,
        path: &Path<'_>,
        text: impl FnOnce() -> String,
    ) {
        self.findings.push(rule, Layer::Shape, Severity::Error, code, path, text);
    }

    /// Reports a broken rule of FHIR.
    fn rule(
        &mut self,
        rule: &'static str,
        code: IssueType,
        path: &Path<'_>,
        text: impl FnOnce() -> String,
    ) {
        self.findings.push(rule, Layer::Rule, Severity::Error, code, path, text);
    }

    /// Reports a broken rule of the guide.
    pub(super) fn guide(
        &mut self,
        rule: impl Into<Cow<'static, str>>,
        severity: Severity,
        code: IssueType,
        path: &Path<'_>,
        text: impl FnOnce() -> String,
    ) {
        self.findings.push(rule, Layer::Profile, severity, code, path, text);
    }

    fn object(&mut self, frame: Frame<'a, '_>, path: &Path<'_>) -> Seen<'a> {
        let mut seen = Seen { present: 0, choice: None };
        if path.depth() > PATH_MAX {
            self.shape("depth", IssueType::Structure, path, || "nested too deep".to_owned());
            return seen;
        }
        for (key, value) in frame.object {
            let (name, is_sibling) = match key.strip_prefix('_') {
                Some(name) => (name, true),
                None => (key.as_str(), false),
            };
            let Some(element) = frame.type_.element(name) else {
                if !(key == "resourceType" && frame.type_.is_resource()) {
                    self.unknown_element(frame.type_, key, path);
                }
                continue;
            };
            let slot = 1 << element.slot;
            if element.is_choice {
                if seen.present & slot != 0 {
                    self.one_choice(&frame, element, path);
                }
                seen.choice = Some(element);
            }
            seen.present |= slot;
            let path = path.name(element.name);
            if is_sibling {
                self.sibling(&frame, element, value, &path);
            } else if element.many {
                self.list(&frame, element, value, &path);
            } else {
                self.single(&frame, element, value, &path);
            }
        }
        self.whole(&frame, &seen, path);
        seen
    }

    /// What concerns the elements of an object together.
    fn whole(&mut self, frame: &Frame<'a, '_>, seen: &Seen<'_>, path: &Path<'_>) {
        let Frame { type_, object, .. } = *frame;
        let missing = type_.required & !seen.present;
        if missing != 0 {
            self.missing_elements(type_, missing, path);
        }
        if seen.present & !type_.id == 0
            && !type_.is_resource()
            && !object.keys().any(|k| k != "id")
        {
            self.shape("ele-1", IssueType::Structure, path, || {
                "an element must hold something, an id does not count".to_owned()
            });
        }
        for invariant in &type_.invariants {
            if !invariant.holds(seen.present, object) {
                let key = invariant.key;
                self.rule(key, IssueType::Invariant, path, || format!("{key}: {}", invariant.text));
            }
        }
        match type_.special {
            Special::Reference => self.reference(object, path),
            Special::Coding => self.coding(object, path),
            Special::Organization => self.organization(object, path),
            Special::Position => self.position(object, path),
            Special::No | Special::Resource | Special::CodeableConcept => {}
        }
    }

    fn list(
        &mut self,
        frame: &Frame<'a, '_>,
        element: &'a Element,
        value: &'a Value,
        path: &Path<'_>,
    ) {
        let Value::Array(items) = value else {
            return self.shape("array", IssueType::Structure, path, || {
                format!("{} repeats: it must be an array", excerpt(element.name))
            });
        };
        if items.is_empty() {
            self.empty_array(path);
        }
        for (index, item) in items.iter().enumerate() {
            if item.is_null() && has_sibling_at(element, frame.object, index) {
                continue;
            }
            self.single(frame, element, item, &path.index(index));
        }
    }

    /// One value of an element.
    fn single(
        &mut self,
        frame: &Frame<'a, '_>,
        element: &'a Element,
        value: &'a Value,
        path: &Path<'_>,
    ) {
        let id = match element.content {
            Content::Primitive(primitive) => {
                return self.primitive(element, primitive, value, path);
            }
            Content::Resource => return self.contained(value, path),
            Content::Complex(id) => id,
        };
        let Value::Object(object) = value else {
            return self.not_an_object(element, value, path);
        };
        let model = &self.validator.model;
        if model.is_extension(id) {
            return self.extension(frame, element, object, path);
        }
        let type_ = model.type_(id);
        let place = Place {
            holder: type_.name,
            holder_is_resource: false,
            owner: frame.type_.name,
            key: element.name,
        };
        self.object(Frame { type_, object, place, scope: None }, path);
        if !element.targets.is_empty() {
            self.reference_target(element, object, path);
        }
        if let Some(value_set) = element.value_set
            && type_.special == Special::CodeableConcept
        {
            self.bound_concept(value_set, object, path);
        }
    }

    /// The object, or objects, beside a primitive, under `_key`.
    fn sibling(
        &mut self,
        frame: &Frame<'a, '_>,
        element: &'a Element,
        value: &'a Value,
        path: &Path<'_>,
    ) {
        let Content::Primitive(_) = element.content else {
            return self.shape("unknown-element", IssueType::Structure, path, || {
                format!("\"_{}\": only primitive elements have such a companion", element.key)
            });
        };
        match (element.many, value) {
            (false, Value::Object(object)) => self.sibling_object(frame, element, object, path),
            (true, Value::Array(items)) => {
                let values = frame.object.get(&element.key).and_then(Value::as_array);
                if values.is_some_and(|values| values.len() < items.len()) {
                    self.shape("sibling", IssueType::Structure, path, || {
                        format!("\"_{0}\" has more entries than \"{0}\"", element.key)
                    });
                }
                for (index, item) in items.iter().enumerate() {
                    match item {
                        Value::Null => {}
                        Value::Object(object) => {
                            self.sibling_object(frame, element, object, &path.index(index));
                        }
                        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                            self.not_an_object(element, item, &path.index(index));
                        }
                    }
                }
            }
            (many, _) => {
                let need = if many { "an array of objects and nulls" } else { "an object" };
                self.shape("sibling", IssueType::Structure, path, || {
                    format!("\"_{}\" must be {need}", element.key)
                });
            }
        }
    }

    fn sibling_object(
        &mut self,
        frame: &Frame<'a, '_>,
        element: &'a Element,
        object: &'a Object,
        path: &Path<'_>,
    ) {
        let type_ = self.validator.model.primitive_sibling();
        let place = Place {
            holder: "",
            holder_is_resource: false,
            owner: frame.type_.name,
            key: element.name,
        };
        self.object(Frame { type_, object, place, scope: None }, path);
    }

    fn not_an_object(&mut self, element: &Element, value: &Value, path: &Path<'_>) {
        let name = excerpt(element.name);
        self.shape("type", IssueType::Structure, path, || match value {
            Value::Array(_) if !element.many => format!("{name} does not repeat: no array here"),
            Value::Null => "null is not allowed here".to_owned(),
            Value::Array(_)
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => format!("{name} must be an object"),
        });
    }

    fn empty_array(&mut self, path: &Path<'_>) {
        self.shape("ele-1", IssueType::Structure, path, || {
            "an array must not be empty (leave the element out instead)".to_owned()
        });
    }

    fn unknown_element(&mut self, type_: &Type, key: &str, path: &Path<'_>) {
        let shown: String = key.chars().take(60).collect();
        self.shape("unknown-element", IssueType::Structure, &path.name(&shown), || {
            format!("{} is not an element of {}", excerpt(key), type_.name)
        });
    }

    fn missing_elements(&mut self, type_: &Type, missing: u64, path: &Path<'_>) {
        for slot in (0..u64::BITS).filter(|slot| missing & (1 << slot) != 0) {
            let name = type_.slot_name(slot);
            let element = name.strip_suffix("[x]").unwrap_or(&name);
            self.shape("required", IssueType::Required, &path.name(element), || {
                format!("{} of {} is required", excerpt(&name), type_.name)
            });
        }
    }

    /// Reports a choice present with two types; a value and its companion are one.
    fn one_choice(&mut self, frame: &Frame<'a, '_>, element: &Element, path: &Path<'_>) {
        let other = frame.object.keys().any(|key| {
            let name = key.strip_prefix('_').unwrap_or(key);
            let other = frame.type_.element(name);
            other.is_some_and(|other| other.slot == element.slot && other.key != element.key)
        });
        if other {
            self.shape("choice", IssueType::Structure, &path.name(element.name), || {
                format!("\"{}[x]\" may have only one type", element.name)
            });
        }
    }
}

/// Whether a null of a primitive array is filled by the array beside it.
fn has_sibling_at(element: &Element, object: &Object, index: usize) -> bool {
    let Content::Primitive(_) = element.content else { return false };
    let sibling = object.get(&format!("_{}", element.key));
    sibling.and_then(|sibling| sibling.get(index)).is_some_and(Value::is_object)
}
