//! The operations of the service as data: one record each, from which their paths, their
//! `OperationDefinition`, the capability statement, the check of their parameters and the answer to an
//! unknown `$name` all come.
//!
//! What an operation computes is not here: its handler stands in `interaction`. To add one, add a
//! record to [`OPERATIONS`] and its route to the router.

pub(super) mod input;

use serde_json::{Value, json};
use shared::fhir::ResourceType;

use crate::facets::table;
use crate::parse::suggest;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Its name in a path, without `$`; also the id of its definition.
    pub(crate) code: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// What it answers, in sentences.
    pub(crate) description: &'static str,
    /// More about its use, in Markdown, where it comes from a table of its own.
    pub(crate) comment: Option<fn() -> String>,
    /// Called on the base: `[base]/$name`.
    pub(crate) on_system: bool,
    /// Called on these types: `[base]/[type]/$name`.
    pub(crate) on_types: &'static [ResourceType],
    /// Whether it changes the directory.
    pub(crate) affects_state: bool,
    /// Whether it also takes every parameter of a search of its type.
    pub(crate) takes_criteria: bool,
    /// What goes in and comes out.
    pub(crate) parameters: &'static [Parameter],
}

/// Which way a parameter goes. Source: FHIR R4, value set `operation-parameter-use`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Into the operation.
    In,
    /// Out of it.
    Out,
}

/// One parameter of an operation, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Which way it goes.
    pub(crate) usage: Usage,
    /// How often it must be there.
    pub(crate) min: u8,
    /// Whether it may be there more than once.
    pub(crate) repeats: bool,
    /// Its FHIR type; empty where it has parts.
    pub(crate) kind: &'static str,
    /// What it means.
    pub(crate) documentation: &'static str,
    /// Its parts.
    pub(crate) parts: &'static [Parameter],
}

impl Parameter {
    /// A value that may be given, at most once.
    pub(crate) const fn input(
        name: &'static str,
        kind: &'static str,
        documentation: &'static str,
    ) -> Self {
        Self { name, usage: Usage::In, min: 0, repeats: false, kind, documentation, parts: &[] }
    }

    /// A value that is answered, exactly once.
    pub(crate) const fn output(
        name: &'static str,
        kind: &'static str,
        documentation: &'static str,
    ) -> Self {
        Self { name, usage: Usage::Out, min: 1, repeats: false, kind, documentation, parts: &[] }
    }

    /// The same, but it may be absent.
    pub(crate) const fn optional(self) -> Self {
        Self { min: 0, ..self }
    }

    /// The same, any number of times.
    pub(crate) const fn any_number(self) -> Self {
        Self { min: 0, repeats: true, ..self }
    }
}

/// `$facets`: the counts of a search.
pub(crate) static FACETS: Operation = Operation {
    code: "facets",
    title: "Counts of a search",
    description: "Takes the criteria of a search of the type and answers how many matches have which value: by activity, type, department, region, band of prices, distance, mode, public, status; and sums of beds and places. A facet's own choice is not counted against it. As Parameters, or as CSV where text/csv is asked for.",
    comment: Some(table::markdown),
    on_system: false,
    on_types: &ResourceType::ALL,
    affects_state: false,
    takes_criteria: true,
    parameters: &[
        Parameter::input(
            "facet",
            "string",
            "Names of facets, separated by commas; all that mean something on the type by default.",
        )
        .any_number(),
        Parameter::input(
            "facet-limit",
            "integer",
            "Most buckets of one facet: 50 by default, 10000 in CSV and at most.",
        ),
        Parameter::output("total", "integer", "Number of matches."),
        Parameter { parts: FACET, ..Parameter::output("facet", "", "One facet.").any_number() },
        Parameter::output("outcome", "OperationOutcome", "What the caller should know.").optional(),
    ],
};

const FACET: &[Parameter] = &[
    Parameter::output("name", "code", "Its name."),
    Parameter::output("parameter", "string", "The parameter that narrows to its values."),
    Parameter::output("matches", "integer", "Matches without the facet's own choice."),
    Parameter::output("without-value", "integer", "Those without a value, where that is counted.")
        .optional(),
    Parameter::output("distinct", "integer", "Number of buckets there are."),
    Parameter::output("left-out", "integer", "Number of buckets that are not in the answer."),
    Parameter {
        parts: BUCKET,
        ..Parameter::output("bucket", "", "One value, most matches first; bands and rings ascend.")
            .any_number()
    },
];

const BUCKET: &[Parameter] = &[
    Parameter::output("value", "Coding", "The value, with its French label; absent for none.")
        .optional(),
    Parameter::output("count", "integer", "Matches with the value, each once.").optional(),
    Parameter::output("capacity-type", "Coding", "Of a sum: what is summed.").optional(),
    Parameter::output("capacity-status", "Coding", "Of a sum: the status of the counts.")
        .optional(),
    Parameter::output("sum", "decimal", "Of a sum: the beds or places.").optional(),
    Parameter::output("records", "integer", "Of a sum: number of records summed.").optional(),
    Parameter::output(
        "criteria",
        "string",
        "Query parameters that, in the place of the facet's own choice, narrow to the value.",
    )
    .optional(),
];

/// `$geocode`: the places that a text may mean.
pub(crate) static GEOCODE: Operation = Operation {
    code: "geocode",
    title: "Places of a text",
    description: "Takes an address, a commune, a postal code or a department, whole, misspelt or still being \
         typed, and answers the places it may mean, the preferred ones first. Communes and departments are \
         built in; street addresses come from a service where the settings name one. POST keeps an address \
         out of URLs.",
    comment: None,
    on_system: true,
    on_types: &[],
    affects_state: false,
    takes_criteria: false,
    comment: None,
    parameters: &[
        Parameter { min: 1, ..Parameter::input("q", "string", "The text, at most 300 bytes.") },
        Parameter::input("limit", "integer", "Most candidates, 1 to 20; 5 without it."),
        Parameter {
            parts: &[
                Parameter::output("label", "string", "The place as people write it."),
                Parameter::output(
                    "score",
                    "decimal",
                    "How well it fits, 0 to 1; from 0.7 on it may be taken without asking.",
                ),
                Parameter::output(
                    "precision",
                    "code",
                    "housenumber, street, locality, municipality, postal-code (its largest commune) or department (its prefecture).",
                ),
                Parameter::output("source", "code", "gazetteer (built in) or service."),
                Parameter::output("latitude", "decimal", "Degrees north, WGS 84.").optional(),
                Parameter::output("longitude", "decimal", "Degrees east, WGS 84.").optional(),
                Parameter::output(
                    "commune",
                    "Coding",
                    "INSEE code and name, as commune-cog and near-insee-code take it.",
                )
                .optional(),
                Parameter::output(
                    "postal-code",
                    "string",
                    "That of the text, or all those of the commune.",
                )
                .any_number(),
                Parameter::output("department", "Coding", "Code and name.").optional(),
                Parameter::output("region", "Coding", "INSEE code and name.").optional(),
            ],
            ..Parameter::output("candidate", "", "A place.").any_number()
        },
        Parameter::output("outcome", "OperationOutcome", "What the caller should know.").optional(),
    ],
};

/// All operations, by name.
pub(crate) static OPERATIONS: [&Operation; 2] = [&FACETS, &GEOCODE];

/// Day of the last change of a definition.
const DATE: &str = "2026-11-23";

impl Operation {
    /// The paths under a base at which it is called, also with the dollar sign encoded, as some
    /// clients write it. A handler on a type checks that it is one of [`Operation::on_types`].
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for sign in ["$", "%24"] {
            if self.on_system {
                paths.push(format!("/{sign}{}", self.code));
            }
            if !self.on_types.is_empty() {
                paths.push(format!("/{{type}}/{sign}{}", self.code));
            }
        }
        paths
    }

    /// Where it is called, for people.
    fn places(&self) -> String {
        let mut places = Vec::new();
        if self.on_system {
            places.push(format!("[base]/${}", self.code));
        }
        places.extend(self.on_types.iter().map(|on| format!("[base]/{on}/${}", self.code)));
        places.join(", ")
    }

    fn canonical(&self, base_url: &str) -> String {
        format!("{base_url}/OperationDefinition/{}", self.code)
    }

    /// The `OperationDefinition` of a server at `base_url`.
    pub(crate) fn definition(&self, base_url: &str) -> Value {
        let types: Vec<_> = self.on_types.iter().map(|on| on.as_str()).collect();
        let mut definition = json!({
            "resourceType": "OperationDefinition",
            "id": self.code,
            "url": self.canonical(base_url),
            "version": env!("CARGO_PKG_VERSION"),
            "name": capitalized(self.code),
            "title": self.title,
            "status": "active",
            "kind": "operation",
            "date": DATE,
            "description": self.description,
            "affectsState": self.affects_state,
            "code": self.code,
            "system": self.on_system,
            "type": !types.is_empty(),
            "instance": false,
            "parameter": self.parameters.iter().map(Parameter::definition).collect::<Vec<_>>(),
        });
        if let Some(comment) = self.comment {
            definition["comment"] = json!(comment());
        }
        if !types.is_empty() {
            definition["resource"] = json!(types);
        }
        definition
    }

    /// Its entry in the capability statement.
    fn capability(&self, base_url: &str) -> Value {
        json!({
            "name": self.code,
            "definition": self.canonical(base_url),
            "documentation": self.description,
        })
    }
}

impl Parameter {
    fn definition(&self) -> Value {
        let mut definition = json!({
            "name": self.name,
            "use": match self.usage {
                Usage::In => "in",
                Usage::Out => "out",
            },
            "min": self.min,
            "max": if self.repeats { "*" } else { "1" },
            "documentation": self.documentation,
        });
        if self.parts.is_empty() {
            definition["type"] = json!(self.kind);
        } else {
            definition["part"] = self.parts.iter().map(Self::definition).collect();
        }
        definition
    }
}

/// The entries of the capability statement: of the base when `on` is `None`, or of a type.
pub(crate) fn capabilities(base_url: &str, on: Option<ResourceType>) -> Vec<Value> {
    let is_on = |operation: &&&Operation| match on {
        Some(resource_type) => operation.on_types.contains(&resource_type),
        None => operation.on_system,
    };
    OPERATIONS.iter().filter(is_on).map(|operation| operation.capability(base_url)).collect()
}

/// The operation called `code`, without `$`.
pub(crate) fn find(code: &str) -> Option<&'static Operation> {
    OPERATIONS.into_iter().find(|operation| operation.code == code)
}

/// Why `$code` is not answered where it was asked, and what is.
pub(crate) fn why_unknown(code: &str) -> String {
    if let Some(operation) = find(code) {
        return format!("\"${code}\" is not called here; it is called on {}", operation.places());
    }
    let codes = || OPERATIONS.iter().map(|operation| operation.code);
    let hint = suggest::nearest(code, codes())
        .map_or_else(String::new, |near| format!("; did you mean \"${near}\"?"));
    let all: Vec<String> = codes().map(|code| format!("${code}")).collect();
    format!("\"${code}\" is not an operation of this service; there are {}{hint}", all.join(", "))
}

fn capitalized(code: &str) -> String {
    let mut name = String::new();
    for word in code.split('-') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{OPERATIONS, Usage, capabilities, find, why_unknown};
    use shared::fhir::ResourceType;

    #[test]
    fn every_operation_is_defined_and_listed_where_it_is_called() {
        for operation in OPERATIONS {
            assert_eq!(find(operation.code).map(|o| o.code), Some(operation.code));
            let definition = operation.definition("http://x");
            let url = format!("http://x/OperationDefinition/{}", operation.code);
            assert_eq!(definition["url"], url);
            let name = definition["name"].as_str().unwrap();
            assert!(
                name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric)
            );
            assert!(operation.parameters.iter().any(|p| p.usage == Usage::Out));
            for parameter in definition["parameter"].as_array().unwrap() {
                assert_ne!(parameter.get("type").is_some(), parameter.get("part").is_some());
            }
            let listed = |on| {
                let entries = capabilities("http://x", on);
                entries.iter().any(|entry| entry["definition"] == url)
            };
            assert_eq!(listed(None), operation.on_system);
            for on in ResourceType::ALL {
                assert_eq!(listed(Some(on)), operation.on_types.contains(&on));
            }
        }
    }

    #[test]
    fn unknown_names_get_a_hint() {
        assert!(why_unknown("facet").ends_with("did you mean \"$facets\"?"));
        assert!(!why_unknown("everything").contains("mean"));
        assert!(why_unknown("facets").contains("[base]/Location/$facets"));
    }
}
