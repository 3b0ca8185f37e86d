//! The naive closure of include directives over the matches of a page.
//!
//! Directives are written as in the catalogue: `HealthcareService:location`,
//! `revinclude PractitionerRole:service`, and either with `iterate ` before the type. A directive
//! whose type is not the searched one applies to included resources of that type (reading rule T5).

use std::collections::BTreeSet;

use crate::sample::{Key, Sample};

/// One `_include` or `_revinclude`.
#[derive(Debug, PartialEq)]
struct Directive<'a> {
    reverse: bool,
    iterate: bool,
    source_type: &'a str,
    element: &'static str,
}

impl<'a> Directive<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let (reverse, rest) = strip(text, "revinclude ");
        let (iterate, rest) = strip(rest, "iterate ");
        let (source_type, parameter) =
            rest.split_once(':').ok_or_else(|| format!("directive {text:?} has no parameter"))?;
        let element = element_of(source_type, parameter)
            .ok_or_else(|| format!("directive {text:?}: unknown parameter"))?;
        Ok(Directive { reverse, iterate, source_type, element })
    }
}

fn strip<'a>(text: &'a str, prefix: &str) -> (bool, &'a str) {
    text.strip_prefix(prefix).map_or((false, text), |rest| (true, rest))
}

/// The element a reference search parameter reads; only those the catalogue includes by.
pub fn element_of(resource_type: &str, parameter: &str) -> Option<&'static str> {
    let element = match (resource_type, parameter) {
        ("HealthcareService", "organization") => "providedBy",
        ("HealthcareService", "location") => "location",
        ("Organization", "partof") => "partOf",
        ("PractitionerRole", "service") => "healthcareService",
        ("PractitionerRole", "practitioner") => "practitioner",
        ("Task", "focus") => "focus",
        ("MeasureReport", "measure") => "measure",
        _ => return None,
    };
    Some(element)
}

/// The resources that must be included with `matches` of `searched_type`, without the matches.
///
/// # Errors
/// When a directive cannot be read.
pub fn closure(
    sample: &Sample,
    searched_type: &str,
    matches: &[Key],
    directives: &[String],
) -> Result<BTreeSet<Key>, String> {
    let directives: Vec<Directive<'_>> =
        directives.iter().map(|text| Directive::parse(text)).collect::<Result<_, _>>()?;
    let matches: BTreeSet<Key> = matches.iter().cloned().collect();
    let mut included: BTreeSet<Key> = BTreeSet::new();
    loop {
        let before = included.len();
        for directive in &directives {
            let anchors: Vec<Key> = if directive.iterate {
                matches.iter().chain(&included).cloned().collect()
            } else if directive.reverse || directive.source_type == searched_type {
                matches.iter().cloned().collect()
            } else {
                included.iter().cloned().collect()
            };
            included.extend(apply(sample, directive, &anchors));
        }
        if included.len() == before {
            break;
        }
    }
    Ok(included.difference(&matches).cloned().collect())
}

fn apply(sample: &Sample, directive: &Directive<'_>, anchors: &[Key]) -> Vec<Key> {
    if directive.reverse {
        let anchors: BTreeSet<&Key> = anchors.iter().collect();
        return sample
            .of_type(directive.source_type)
            .filter(|(_, document)| {
                sample.targets(document, directive.element).iter().any(|key| anchors.contains(key))
            })
            .map(|(key, _)| key.clone())
            .collect();
    }
    anchors
        .iter()
        .filter(|key| key.0 == directive.source_type)
        .filter_map(|key| sample.get(key))
        .flat_map(|document| sample.targets(document, directive.element))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn small() -> Sample {
        Sample::new(vec![
            json!({"resourceType": "HealthcareService", "id": "h", "providedBy": {"reference": "Organization/a"}}),
            json!({"resourceType": "Organization", "id": "a", "partOf": {"reference": "Organization/b"}}),
            json!({"resourceType": "Organization", "id": "b", "partOf": {"reference": "Organization/a"}}),
            json!({"resourceType": "PractitionerRole", "id": "r", "healthcareService": [{"reference": "HealthcareService/h"}], "practitioner": {"reference": "Practitioner/p"}}),
            json!({"resourceType": "Practitioner", "id": "p"}),
        ])
    }

    #[test]
    fn directives_over_a_cycle_and_over_includes() {
        let sample = small();
        let matches = [("HealthcareService".to_owned(), "h".to_owned())];
        let rows: &[(&[&str], &[&str])] = &[
            (&["HealthcareService:organization"], &["a"]),
            (&["HealthcareService:organization", "iterate Organization:partof"], &["a", "b"]),
            (&["revinclude PractitionerRole:service"], &["r"]),
            (
                &["PractitionerRole:practitioner", "revinclude PractitionerRole:service"],
                &["p", "r"],
            ),
            (&["PractitionerRole:practitioner"], &[]),
            (&["revinclude Task:focus"], &[]),
        ];
        for (directives, expected) in rows {
            let directives: Vec<String> = directives.iter().map(|&d| d.to_owned()).collect();
            let found = closure(&sample, "HealthcareService", &matches, &directives).unwrap();
            let mut ids: Vec<&str> = found.iter().map(|key| key.1.as_str()).collect();
            ids.sort_unstable();
            assert_eq!(&ids, expected, "{directives:?}");
        }
    }

    #[test]
    fn unreadable_directives() {
        for text in ["HealthcareService", "HealthcareService:unknown"] {
            assert!(closure(&small(), "HealthcareService", &[], &[text.to_owned()]).is_err());
        }
    }
}
