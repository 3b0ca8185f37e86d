//! Values: primitives, codes, references, and the few types whose rules look across their elements.

use std::borrow::Cow;

use serde_json::Value;

use super::{Object, Walk};
use crate::error::{IssueType, Severity};
use crate::terminology::{Status, terminology};
use crate::validate::binding::Binding;
use crate::validate::finding::{Layer, excerpt};
use crate::validate::model::Element;
use crate::validate::narrative;
use crate::validate::path::Path;
use crate::validate::primitive::{Fault, Primitive};

impl<'a> Walk<'a> {
    pub(super) fn primitive(
        &mut self,
        element: &'a Element,
        primitive: Primitive,
        value: &'a Value,
        path: &Path<'_>,
    ) {
        if let Err(fault) = primitive.check(value) {
            return self.fault(fault, value, path);
        }
        let Value::String(text) = value else { return };
        if let Some(id) = element.value_set {
            let value_set = self.validator.model.value_set(id);
            if !value_set.contains(text) {
                self.shape("binding", IssueType::CodeInvalid, path, || {
                    let (code, name) = (excerpt(text), value_set.name);
                    format!("{code} is not a code of {name}; {}", value_set.listing())
                });
            }
        }
        if primitive == Primitive::Xhtml {
            if let Err(reason) = narrative::check(text) {
                self.rule("txt-1", IssueType::Invariant, path, || format!("txt-1: {reason}"));
            }
        } else if primitive == Primitive::Uri {
            self.local_reference(text);
        }
    }

    pub(super) fn fault(&mut self, fault: Fault, value: &Value, path: &Path<'_>) {
        match fault {
            Fault::Format(need) => {
                self.shape("value", IssueType::Value, path, || format!("the value must be {need}"));
            }
            Fault::JsonType(need) => {
                let found = json_type(value);
                self.shape("type", IssueType::Structure, path, || {
                    format!("the value must be {need}, not {found}")
                });
            }
            Fault::Blank => {
                let text = || "the text holds only white space".to_owned();
                let (warning, code) = (Severity::Warning, IssueType::Value);
                self.findings.push("blank", Layer::Shape, warning, code, path, text);
            }
        }
    }

    /// A required binding of a `CodeableConcept`.
    pub(super) fn bound_concept(&mut self, value_set: u16, concept: &Object, path: &Path<'_>) {
        let value_set = self.validator.model.value_set(value_set);
        let codings = concept.get("coding").and_then(Value::as_array);
        let fits = codings.is_some_and(|codings| {
            codings.iter().any(|coding| {
                let code = coding.get("code").and_then(Value::as_str);
                code.is_some_and(|code| value_set.contains(code))
            })
        });
        if !fits {
            self.shape("binding", IssueType::CodeInvalid, path, || {
                format!("no code of {}; {}", value_set.name, value_set.listing())
            });
        }
    }

    /// What the built-in code systems say of a code; nothing when they do not carry its system.
    pub(super) fn coding(&mut self, coding: &Object, path: &Path<'_>) {
        let text = |key: &str| coding.get(key).and_then(Value::as_str);
        let (Some(url), Some(code)) = (text("system"), text("code")) else { return };
        let Some(system) = terminology().system(url) else { return };
        let status = system.concept(code).map(|concept| concept.status);
        let (rule, severity, text) = match status {
            None if system.complete => ("unknown-code", Severity::Warning, "has no code"),
            Some(Status::Retired) => {
                ("retired-code", Severity::Information, "has retired its code")
            }
            None | Some(Status::Active | Status::Deprecated) => return,
        };
        self.guide(rule, severity, IssueType::CodeInvalid, path, || {
            format!("{} {text} {}", system.name, excerpt(code))
        });
    }

    /// `ref-1`: what a local reference names must be contained.
    pub(super) fn reference(&mut self, reference: &'a Object, path: &Path<'_>) {
        let Some(Value::String(text)) = reference.get("reference") else { return };
        let Some(id) = text.strip_prefix('#') else { return };
        self.local_reference(text);
        let contained = self.root.get("contained").and_then(Value::as_array);
        let is_there = contained.is_some_and(|contained| {
            contained.iter().any(|resource| resource.get("id").is_some_and(|other| other == id))
        });
        // "#" alone names the outermost resource from within a contained one.
        let is_root = id.is_empty() && contained.is_some();
        if !(is_there || is_root) {
            self.rule("ref-1", IssueType::Invariant, path, || {
                format!("ref-1: no contained resource has the id {}", excerpt(id))
            });
        }
    }

    /// The type a reference names must be one the element allows.
    pub(super) fn reference_target(
        &mut self,
        element: &Element,
        reference: &Object,
        path: &Path<'_>,
    ) {
        let text = |key: &str| reference.get(key).and_then(Value::as_str);
        let model = &self.validator.model;
        let named = text("reference").and_then(target_type).or_else(|| text("type"));
        let Some(named) = named.filter(|name| model.is_resource_name(name)) else { return };
        if !element.targets.contains(&named) {
            self.rule("reference-target", IssueType::Value, path, || {
                format!(
                    "{} may not refer to a {named}; allowed: {}",
                    element.name,
                    element.targets.join(", ")
                )
            });
        }
    }

    /// `org-2`, `org-3`: an organization has no home.
    pub(super) fn organization(&mut self, organization: &Object, path: &Path<'_>) {
        for (rule, name) in [("org-2", "address"), ("org-3", "telecom")] {
            let Some(Value::Array(items)) = organization.get(name) else { continue };
            for (index, item) in items.iter().enumerate() {
                if item.get("use").is_some_and(|value| value == "home") {
                    let path = path.name(name);
                    self.rule(rule, IssueType::Invariant, &path.index(index), || {
                        format!("{rule}: the {name} of an organization is never of use home")
                    });
                }
            }
        }
    }

    /// WGS84 bounds, which R4 tells in words only.
    pub(super) fn position(&mut self, position: &Object, path: &Path<'_>) {
        for (name, bound) in [("latitude", 90.0), ("longitude", 180.0)] {
            let degrees = position.get(name).and_then(Value::as_f64);
            if degrees.is_some_and(|degrees| degrees.abs() > bound) {
                let (warning, code) = (Severity::Warning, IssueType::Value);
                let path = path.name(name);
                self.findings.push("position", Layer::Rule, warning, code, &path, || {
                    format!("a {name} lies between -{bound} and {bound} degrees")
                });
            }
        }
    }

    /// A binding of the guide; never more than a warning.
    pub(in crate::validate) fn bound_value(
        &mut self,
        rule: impl FnOnce() -> Cow<'static, str>,
        binding: &Binding,
        value: &Value,
        path: &Path<'_>,
    ) {
        if !binding.fits(value) {
            self.guide(rule(), Severity::Warning, IssueType::CodeInvalid, path, || {
                format!("no code of the value set {}", binding.name())
            });
        }
    }

    pub(super) fn local_reference(&mut self, text: &'a str) {
        if text.starts_with('#') && self.root.contains_key("contained") {
            self.local_references.push(text);
        }
    }
}

/// The resource type a literal reference names: `Type/id`, an absolute URL, `Type?criteria`.
fn target_type(reference: &str) -> Option<&str> {
    if reference.starts_with("urn:") || reference.starts_with('#') {
        return None;
    }
    if let Some((head, _)) = reference.split_once('?') {
        return head.rsplit('/').next();
    }
    let path = reference.split_once("/_history/").map_or(reference, |(path, _)| path);
    path.rsplit('/').nth(1)
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
