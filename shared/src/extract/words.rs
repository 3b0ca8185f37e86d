//! The words of a document: every human string in it, the labels of its codes and their synonyms,
//! each under the visibility class of where it stands.
//!
//! Technical values (URLs, systems, references, codes, dates) are not words; the identifiers and
//! telephone numbers people type are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::path::{ROR_EXTENSION_BASE, any_value, first_code};
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::terminology::terminology;
use crate::text::cut::{self, NAME_START, NUMBER_START, RECORD_START, VALUE_END};

/// The words of a document.
pub(super) struct DocumentWords {
    /// Text for the analyzer, by class.
    pub(super) texts: Vec<(VisibilityClass, String)>,
    /// Number of words of the shortest of its names; 0 without a name.
    pub(super) name_words: u8,
}

/// Reads the words of a document.
pub(super) fn of(resource_type: ResourceType, document: &Value) -> DocumentWords {
    let mut collector = Collector {
        texts: vec![String::new(); VisibilityClass::ALL.len()],
        name_words: None,
        record_labels: BTreeSet::new(),
    };
    let is_person = resource_type == ResourceType::Practitioner;
    let class = if is_person { VisibilityClass::Person } else { VisibilityClass::Open };
    collector.walk("", document, class, Place::Document);
    let texts = VisibilityClass::ALL.into_iter().zip(collector.texts);
    DocumentWords {
        texts: texts.filter(|(_, text)| !text.is_empty()).collect(),
        name_words: collector.name_words.unwrap_or(0),
    }
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
    match first_code(any_value(stated)?)? {
        "1" => Some(VisibilityClass::Contact1),
        "3" => Some(VisibilityClass::Contact3),
        _ => Some(VisibilityClass::Contact2),
    }
}

struct Collector {
    texts: Vec<String>,
    name_words: Option<u8>,
    /// The labels of records read so far: the same of several say nothing more.
    record_labels: BTreeSet<(VisibilityClass, String)>,
}

/// Where a string stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// The document itself: its elements may be its names.
    Document,
    /// In the document's own name.
    Name,
    /// In one of the document's own identifiers, or in one of its telecoms, or those of its contacts.
    Number,
    /// In a record: its labels say what is priced or counted, not what the document is about.
    Record,
    /// The label of a code of a record.
    RecordLabel,
    /// Anywhere else.
    Other,
}

/// The elements of a document that are its names: of resources, and of people.
const NAMES: [&str; 3] = ["name", "alias", "title"];
const NAME_PARTS: [&str; 2] = ["family", "given"];

/// Elements whose values are telephone numbers, as far as they are any, wherever they stand.
const TELECOMS: [&str; 2] = ["telecom", "valueContactPoint"];

/// The extensions that hold records of prices and capacities.
const RECORDS: [&str; 3] = [
    "ror-organization-price",
    "ror-location-supported-capacity",
    "ror-location-residential-capacity",
];

impl Place {
    /// The place of an element of this name in what stands here.
    fn of_child(self, name: &str) -> Self {
        match self {
            Self::Record | Self::RecordLabel if name == "display" => Self::RecordLabel,
            Self::Record | Self::RecordLabel => Self::Record,
            _ if TELECOMS.contains(&name) => Self::Number,
            Self::Document if name == "identifier" => Self::Number,
            Self::Document if NAMES.contains(&name) => Self::Name,
            Self::Name if NAME_PARTS.contains(&name) => Self::Name,
            Self::Number if name == "value" => Self::Number,
            Self::Document | Self::Name | Self::Number | Self::Other => Self::Other,
        }
    }
}

/// Whether an element is an extension that holds a record.
fn is_record(element: &Value) -> bool {
    let url = element.get("url").and_then(Value::as_str).unwrap_or("");
    url.strip_prefix(ROR_EXTENSION_BASE).is_some_and(|name| RECORDS.contains(&name))
}

impl Collector {
    fn walk(&mut self, name: &str, node: &Value, class: VisibilityClass, place: Place) {
        match node {
            Value::String(text) => self.add(class, text, place),
            Value::Array(items) => {
                for item in items {
                    self.walk(name, item, class, place);
                }
            }
            Value::Object(object) => {
                let class = class_within(name, node, class);
                let place = if is_record(node) { Place::Record } else { place };
                self.add_label(node, class, place);
                for (name, child) in object {
                    if !is_technical(name, child) {
                        self.walk(name, child, class, place.of_child(name));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn add(&mut self, class: VisibilityClass, text: &str, place: Place) {
        let all = &mut self.texts[class as usize];
        match place {
            Place::Name => {
                let words = u8::try_from(cut::words(text).len()).unwrap_or(u8::MAX);
                self.name_words = Some(self.name_words.map_or(words, |known| known.min(words)));
                all.push(NAME_START);
            }
            Place::Number => all.push(NUMBER_START),
            Place::RecordLabel if !self.record_labels.insert((class, text.to_owned())) => return,
            Place::RecordLabel => all.push(RECORD_START),
            Place::Document | Place::Record | Place::Other => {}
        }
        // A phrase never runs from one value into the next.
        all.push_str(text);
        all.push(VALUE_END);
    }

    /// The label we know for a code, and the words people use for it.
    fn add_label(&mut self, coding: &Value, class: VisibilityClass, place: Place) {
        let place = if place == Place::Record { Place::RecordLabel } else { Place::Other };
        let text = |name: &str| coding.get(name).and_then(Value::as_str);
        let (Some(system), Some(code)) = (text("system"), text("code")) else { return };
        let Some(concept) = terminology().concept(system, code) else { return };
        if text("display") != Some(concept.label) {
            self.add(class, concept.label, place);
        }
        for synonym in concept.synonyms {
            self.add(class, synonym, place);
        }
    }
}

fn is_technical(name: &str, value: &Value) -> bool {
    let is_string = matches!(value, Value::String(_));
    name == "meta" || is_string && (is_technical_string(name) || is_machine_value(name))
}

/// Whether strings of this name are technical; a concept of such a name (`PractitionerRole.code`) is not.
fn is_technical_string(name: &str) -> bool {
    matches!(
        name,
        "resourceType"
            | "id"
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The text of one class, values apart by `|` and names behind `#`.
    fn text(document: &Value, class: VisibilityClass) -> String {
        let base = document["resourceType"].as_str().unwrap().parse().unwrap();
        let texts = of(base, document).texts;
        let text = texts.into_iter().find(|(of, _)| *of == class).map_or_else(String::new, |t| t.1);
        let marks = [(NAME_START, "#"), (NUMBER_START, "="), (RECORD_START, "%"), (VALUE_END, "|")];
        marks.into_iter().fold(text, |text, (sign, mark)| text.replace(sign, mark))
    }

    #[test]
    fn concepts_are_words_whatever_their_element_is_called() {
        let role = json!({
            "resourceType": "PractitionerRole",
            "meta": { "tag": [{ "display": "no" }] },
            "code": [{ "coding": [{ "system": "urn:x", "code": "no", "display": "Orthophoniste" }] }],
            "extension": [{ "url": "no", "valueCode": "no", "valueString": "Sourd" }],
            "text": { "div": "<div>no</div>" },
        });
        assert_eq!(text(&role, VisibilityClass::Open), "Orthophoniste|Sourd|");
    }

    #[test]
    fn names_are_marked_and_counted() {
        let place = json!({
            "resourceType": "Location", "name": "Pavillon-des-Lilas", "alias": ["Les Lilas"],
            "description": "Aile nord",
            "identifier": [{ "value": "440000271", "assigner": { "display": "ARS" } }],
        });
        let words = of(ResourceType::Location, &place);
        assert_eq!(words.name_words, 2);
        let open = text(&place, VisibilityClass::Open);
        assert_eq!(open, "#Les Lilas|Aile nord|ARS|=440000271|#Pavillon-des-Lilas|");
        let person = json!({
            "resourceType": "Practitioner",
            "name": [{ "family": "MARTIN", "given": ["Anne"], "prefix": ["MME"] }],
        });
        assert_eq!(text(&person, VisibilityClass::Person), "#MARTIN|#Anne|MME|");
        assert_eq!(text(&person, VisibilityClass::Open), "");
    }

    #[test]
    fn hyphens_part_the_words_of_a_name() {
        let words = |name: &str| {
            of(ResourceType::Organization, &json!({ "name": name, "resourceType": "Organization" }))
                .name_words
        };
        assert_eq!(words("EHPAD Saint-Louis-de-Longwy"), words("EHPAD SAINT LOUIS DE LONGWY"));
        assert_eq!(words("CH SAINT LOUIS"), 3);
    }

    #[test]
    fn labels_of_records_stand_apart_and_once() {
        let price = |condition: &str| {
            json!({ "url": format!("{ROR_EXTENSION_BASE}ror-organization-price"), "extension": [
                { "url": "specialPrice", "valueCodeableConcept": { "coding": [{
                    "system": "urn:x", "code": "01", "display": condition }] } },
                { "url": "comment", "valueString": "Linge compris" },
            ] })
        };
        let home = json!({
            "resourceType": "Organization",
            "extension": [price("Tarif public"), price("Tarif public")],
            "type": [{ "coding": [{ "system": "urn:x", "code": "1", "display": "Public" }] }],
        });
        let open = text(&home, VisibilityClass::Open);
        assert_eq!(open, "%Tarif public|Linge compris|Linge compris|Public|");
    }

    #[test]
    fn telephones_of_contacts_are_numbers_of_the_document() {
        let contact = json!({
            "resourceType": "Organization",
            "contact": [{ "telecom": [{ "system": "phone", "value": "0240083333" }] }],
        });
        assert_eq!(text(&contact, VisibilityClass::Contact2), "=0240083333|");
    }
}
