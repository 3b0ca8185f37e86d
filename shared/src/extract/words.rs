//! The words of a document: every human string in it, the labels of its codes and their synonyms,
//! each under the visibility class of where it stands.
//!
//! Technical values (URLs, systems, references, codes, dates) are not words; the identifiers and
//! telephone numbers people type are.

use serde_json::Value;

use super::path::{ROR_EXTENSION_BASE, any_value};
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::terminology::terminology;

/// The words of a document, by class: text for the analyzer.
pub(super) fn of(resource_type: ResourceType, document: &Value) -> Vec<(VisibilityClass, String)> {
    let mut collector = Collector { texts: vec![String::new(); VisibilityClass::ALL.len()] };
    let is_person = resource_type == ResourceType::Practitioner;
    let class = if is_person { VisibilityClass::Person } else { VisibilityClass::Open };
    collector.walk("", document, class);
    let texts = VisibilityClass::ALL.into_iter().zip(collector.texts);
    texts.filter(|(_, text)| !text.is_empty()).collect()
}

/// The text of the narrative, without its markup.
pub(super) fn narrative(document: &Value) -> Option<String> {
    let div = document.get("text")?.get("div")?.as_str()?;
    let mut text = String::with_capacity(div.len());
    let mut in_tag = false;
    for c in div.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }
    Some(text)
}

/// The class of a telecom or contact by its confidentiality level; without one it is restricted.
pub(super) fn class_of_level(element: &Value) -> VisibilityClass {
    level(element).unwrap_or(VisibilityClass::Contact2)
}

fn level(element: &Value) -> Option<VisibilityClass> {
    const LEVELS: [&str; 3] = [
        "ror-telecom-confidentiality-level",
        "ror-contact-confidentiality-level",
        "ror-confidentiality-level",
    ];
    let extensions = element.get("extension")?.as_array()?;
    let stated = extensions.iter().find(|extension| {
        let url = extension.get("url").and_then(Value::as_str).unwrap_or("");
        url.strip_prefix(ROR_EXTENSION_BASE).is_some_and(|name| LEVELS.contains(&name))
    })?;
    match any_value(stated)?.pointer("/coding/0/code")?.as_str()? {
        "1" => Some(VisibilityClass::Contact1),
        "3" => Some(VisibilityClass::Contact3),
        _ => Some(VisibilityClass::Contact2),
    }
}

struct Collector {
    texts: Vec<String>,
}

impl Collector {
    fn walk(&mut self, name: &str, node: &Value, class: VisibilityClass) {
        match node {
            Value::String(text) => self.add(class, text),
            Value::Array(items) => items.iter().for_each(|item| self.walk(name, item, class)),
            Value::Object(object) => {
                let class = class_within(name, node, class);
                self.add_label(node, class);
                for (name, child) in object {
                    if !is_technical(name) && !is_machine_value(name) {
                        self.walk(name, child, class);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add(&mut self, class: VisibilityClass, text: &str) {
        let all = &mut self.texts[class as usize];
        // A line break keeps phrases from running across values.
        all.push_str(text);
        all.push('\n');
    }

    /// The label we know for a code, and the words people use for it.
    fn add_label(&mut self, coding: &Value, class: VisibilityClass) {
        let text = |name: &str| coding.get(name).and_then(Value::as_str);
        let (Some(system), Some(code)) = (text("system"), text("code")) else { return };
        let Some(concept) = terminology().concept(system, code) else { return };
        if text("display") != Some(concept.label) {
            self.add(class, concept.label);
        }
        for synonym in concept.synonyms {
            self.add(class, synonym);
        }
    }
}

/// Whether the strings of an element are technical.
fn is_technical(name: &str) -> bool {
    matches!(
        name,
        "resourceType"
            | "id"
            | "meta"
            | "url"
            | "system"
            | "code"
            | "reference"
            | "div"
            | "status"
            | "use"
            | "contentType"
            | "language"
            | "lastUpdated"
            | "implicitRules"
            | "version"
            | "intent"
            | "priority"
            | "mode"
    )
}

/// Dates, codes and URIs in a choice element.
fn is_machine_value(name: &str) -> bool {
    let of_type = name.strip_prefix("value").unwrap_or("");
    matches!(
        of_type,
        "Date"
            | "DateTime"
            | "Instant"
            | "Code"
            | "Uri"
            | "Url"
            | "Canonical"
            | "Id"
            | "Oid"
            | "Uuid"
            | "Time"
    )
}

/// The class inside an element: an element can only be as open as what holds it.
fn class_within(name: &str, element: &Value, class: VisibilityClass) -> VisibilityClass {
    let url = element.get("url").and_then(Value::as_str).unwrap_or("");
    let extension = url.strip_prefix(ROR_EXTENSION_BASE).unwrap_or("");
    let own = match (name, extension) {
        ("telecom", _) => level(element).or(Some(VisibilityClass::Contact2)),
        ("contact", _)
        | (_, "ror-healthcareservice-contact" | "ror-healthcareservice-contact-telecom") => {
            level(element).or(Some(VisibilityClass::Contact2))
        }
        (_, "ror-location-equipment" | "ror-location-residential-capacity") => {
            Some(VisibilityClass::Equipment)
        }
        (_, "ror-location-supported-capacity") => Some(VisibilityClass::CapacityOperational),
        (_, "ror-practitionerrole-name") => Some(VisibilityClass::Person),
        (_, "ror-organization-level-recours-orsan" | "ror-organization-drop-zone") => {
            Some(VisibilityClass::Crisis)
        }
        ("characteristic", _) => Some(VisibilityClass::Acts),
        _ => None,
    };
    own.map_or(class, |own| own.max(class))
}
