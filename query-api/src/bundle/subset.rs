//! Parts of documents: `_elements` and `_summary`, by the names on the top level. What stays is
//! copied as it is written; only `meta` gains the tag that says the resource is not whole.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::fhir::ResourceType;

use crate::parse::ast::Summary;

/// How much of a document is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subset {
    /// All of it.
    All,
    /// The named elements, and the mandatory ones.
    Elements(Vec<String>),
    /// The elements that R4 marks as summary.
    Summary,
    /// The narrative, and the mandatory elements.
    Text,
    /// All but the narrative.
    Data,
}

/// A stored document that is not a JSON object; cannot happen with a sound store.
#[derive(Debug, thiserror::Error)]
#[error("a stored document is not a JSON object: {0}")]
pub(crate) struct NotAnObject(#[from] serde_json::Error);

impl Subset {
    /// What `_elements` and `_summary` ask for; `_elements` is the finer one and wins.
    pub(crate) fn of(elements: &[String], summary: Summary) -> Self {
        if !elements.is_empty() {
            return Self::Elements(elements.to_vec());
        }
        match summary {
            // A count shows no documents at all, so the question does not arise.
            Summary::False | Summary::Count => Self::All,
            Summary::True => Self::Summary,
            Summary::Text => Self::Text,
            Summary::Data => Self::Data,
        }
    }

    /// Replaces the document that stands in `out` from `start` on by the part of it to show.
    pub(crate) fn apply(
        &self,
        out: &mut Vec<u8>,
        start: usize,
        resource_type: ResourceType,
    ) -> Result<(), NotAnObject> {
        if *self == Self::All {
            return Ok(());
        }
        let document = out.split_off(start);
        let members: Members<'_> = serde_json::from_slice(&document)?;
        out.push(b'{');
        let mut meta_written = false;
        for (name, value) in members.0 {
            if !self.keeps(resource_type, &name) {
                continue;
            }
            if out.len() > start + 1 {
                out.push(b',');
            }
            push_name(out, &name);
            if name == "meta" {
                meta_written = true;
                tagged_meta(out, value)?;
            } else {
                out.extend_from_slice(value.get().as_bytes());
            }
        }
        if !meta_written {
            if out.len() > start + 1 {
                out.push(b',');
            }
            push_name(out, "meta");
            out.extend_from_slice(br#"{"tag":["#);
            out.extend_from_slice(TAG);
            out.extend_from_slice(b"]}");
        }
        out.push(b'}');
        Ok(())
    }

    fn keeps(&self, resource_type: ResourceType, name: &str) -> bool {
        // The extensions of a primitive stand beside it, under its name with an underscore.
        let element = name.strip_prefix('_').unwrap_or(name);
        if ALWAYS.contains(&element) || mandatory(resource_type).contains(&element) {
            return true;
        }
        match self {
            Self::All => true,
            Self::Elements(elements) => elements.iter().any(|wanted| wanted == element),
            Self::Summary => summary(resource_type).contains(&element),
            Self::Text => element == "text",
            Self::Data => element != "text",
        }
    }
}

/// Source: FHIR R4, search, "Summary" and "Elements".
const TAG: &[u8] = br#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED","display":"subsetted"}"#;

/// What no part leaves out: identity, and what could change the meaning of the rest.
const ALWAYS: &[&str] = &["resourceType", "id", "meta", "implicitRules", "modifierExtension"];

/// The elements on the top level whose minimum is 1. Source: FHIR R4, definitions of the resources.
const fn mandatory(resource_type: ResourceType) -> &'static [&'static str] {
    match resource_type {
        ResourceType::HealthcareService
        | ResourceType::Organization
        | ResourceType::Location
        | ResourceType::Practitioner
        | ResourceType::PractitionerRole => &[],
        ResourceType::Task => &["status", "intent"],
        ResourceType::Measure => &["status"],
        ResourceType::MeasureReport => &["status", "type", "measure", "period"],
    }
}

/// The elements on the top level marked as summary. Source: FHIR R4, definitions of the resources.
#[rustfmt::skip]
const fn summary(resource_type: ResourceType) -> &'static [&'static str] {
    match resource_type {
        ResourceType::HealthcareService => &[
            "identifier", "active", "providedBy", "category", "type", "specialty", "location",
            "name", "comment", "photo",
        ],
        ResourceType::Organization => &["identifier", "active", "type", "name", "partOf"],
        ResourceType::Location => &[
            "identifier", "status", "operationalStatus", "name", "description", "mode", "type",
            "physicalType", "managingOrganization",
        ],
        ResourceType::Practitioner => &[
            "identifier", "active", "name", "telecom", "address", "gender", "birthDate",
        ],
        ResourceType::PractitionerRole => &[
            "identifier", "active", "period", "practitioner", "organization", "code", "specialty",
            "location", "telecom",
        ],
        ResourceType::Task => &[
            "instantiatesCanonical", "instantiatesUri", "basedOn", "groupIdentifier", "partOf",
            "status", "statusReason", "businessStatus", "intent", "code", "description", "focus",
            "for", "encounter", "executionPeriod", "lastModified", "requester", "owner", "location",
        ],
        ResourceType::Measure => &[
            "url", "identifier", "version", "name", "title", "status", "experimental", "date",
            "publisher", "contact", "description", "useContext", "jurisdiction", "effectivePeriod",
            "disclaimer", "scoring", "compositeScoring", "type", "riskAdjustment",
            "rateAggregation", "rationale", "clinicalRecommendationStatement",
            "improvementNotation", "definition", "guidance",
        ],
        ResourceType::MeasureReport => &[
            "identifier", "status", "type", "measure", "subject", "date", "reporter", "period",
            "improvementNotation",
        ],
    }
}

/// The members of an object in their order, values as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

fn push_name(out: &mut Vec<u8>, name: &str) {
    super::entry::string(out, name);
    out.push(b':');
}

/// Writes `meta` with the tag that says the resource is not whole.
fn tagged_meta(out: &mut Vec<u8>, meta: &RawValue) -> Result<(), NotAnObject> {
    let members: Members<'_> = serde_json::from_str(meta.get())?;
    let start = out.len();
    out.push(b'{');
    let mut tagged = false;
    for (name, value) in members.0 {
        if out.len() > start + 1 {
            out.push(b',');
        }
        push_name(out, &name);
        let tags = value.get().strip_suffix(']').filter(|_| name == "tag");
        let Some(tags) = tags else {
            out.extend_from_slice(value.get().as_bytes());
            continue;
        };
        tagged = true;
        out.extend_from_slice(tags.as_bytes());
        if !tags.contains(r#""SUBSETTED""#) {
            if tags.trim_end() != "[" {
                out.push(b',');
            }
            out.extend_from_slice(TAG);
        }
        out.push(b']');
    }
    if !tagged {
        if out.len() > start + 1 {
            out.push(b',');
        }
        out.extend_from_slice(br#""tag":["#);
        out.extend_from_slice(TAG);
        out.push(b']');
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Subset;
    use crate::parse::ast::Summary;
    use serde_json::Value;
    use shared::fhir::ResourceType;

    const TASK: &str = r#"{"resourceType":"Task","id":"t","meta":{"versionId":"2","tag":[{"code":"53"}]},"text":{"div":"x"},"status":"draft","_status":{"id":"s"},"intent":"order","priority":"asap","note":[{"text":"1.0"}],"code":{"text":"c"}}"#;

    fn check(subset: &Subset, resource_type: ResourceType, document: &str, kept: &[&str]) -> Value {
        let mut out = b"before".to_vec();
        let start = out.len();
        out.extend_from_slice(document.as_bytes());
        subset.apply(&mut out, start, resource_type).unwrap();
        assert!(out.starts_with(b"before"));
        let value: Value = serde_json::from_slice(&out[start..]).unwrap();
        let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut expected = kept.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected);
        value
    }

    #[test]
    fn parts() {
        let elements = Subset::Elements(vec!["priority".into(), "note".into()]);
        let always = ["resourceType", "id", "meta", "status", "_status", "intent"];
        let with = |more: &[&'static str]| [&always[..], more].concat();
        let rows = [
            (elements, with(&["priority", "note"])),
            (Subset::Summary, with(&["code"])),
            (Subset::Text, with(&["text"])),
            (Subset::Data, with(&["priority", "note", "code"])),
        ];
        for (subset, kept) in rows {
            let value = check(&subset, ResourceType::Task, TASK, &kept);
            let tags = value["meta"]["tag"].as_array().unwrap();
            assert_eq!(tags.len(), 2, "{tags:?}");
            assert_eq!(tags[1]["code"], "SUBSETTED");
            assert_eq!(value["meta"]["versionId"], "2");
        }
    }

    #[test]
    fn meta_gains_the_tag_once() {
        let rows = [
            r#"{"resourceType":"Location","id":"a"}"#,
            r#"{"resourceType":"Location","id":"a","meta":{}}"#,
            r#"{"resourceType":"Location","id":"a","meta":{"tag":[]}}"#,
            r#"{"resourceType":"Location","id":"a","meta":{"tag":[{"code":"SUBSETTED"}]}}"#,
        ];
        for document in rows {
            let subset = Subset::Elements(vec!["name".into()]);
            let kept = ["resourceType", "id", "meta"];
            let value = check(&subset, ResourceType::Location, document, &kept);
            let tags = value["meta"]["tag"].as_array().unwrap();
            assert_eq!(tags.len(), 1, "{document}");
            assert_eq!(tags[0]["code"], "SUBSETTED");
        }
    }

    #[test]
    fn whole_documents_are_not_parsed() {
        let mut out = b"not json".to_vec();
        Subset::of(&[], Summary::False).apply(&mut out, 0, ResourceType::Task).unwrap();
        assert_eq!(out, b"not json");
        assert!(Subset::Text.apply(&mut out, 0, ResourceType::Task).is_err());
    }

    #[test]
    fn elements_win() {
        let named = vec!["name".to_owned()];
        assert_eq!(Subset::of(&named, Summary::True), Subset::Elements(named.clone()));
        assert_eq!(Subset::of(&[], Summary::Count), Subset::All);
        assert_eq!(Subset::of(&[], Summary::Data), Subset::Data);
    }
}
