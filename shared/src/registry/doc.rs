//! The table of search parameters as a page of documentation.

use std::fmt::Write as _;

use super::{Origin, PARAMETERS, ParameterType, RecordKind, SearchParameter};
use crate::fhir::ResourceType;

/// The page `docs/search-parameters.md`, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    for (title, is_here) in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n{COLUMNS}");
        for parameter in PARAMETERS.iter().filter(|parameter| is_here(parameter)) {
            row(&mut page, parameter);
        }
    }
    page
}

const HEAD: &str = "# Search parameters

Generated from `shared/src/registry/table.rs` by `cargo run -p shared --example search_parameters`.

- **Modifiers.** Any parameter but the special and text ones takes `:missing`. Anything that is not listed is
  refused, with the list.
- **Prefixes** (dates, numbers, quantities): `eq ne gt lt ge le sa eb ap`.
- **Record.** Criteria on one kind of record hold on one and the same record of one and the same resource. A
  second equality on one name asks for a second record (over a chain, on a second target): the first of each
  name are of the first record, the second of the second, and so on; bounds (`ge45`, `lt60`) are of the first.
  `price-type=02&price-type=05&price-amount-value=lt45` is a price of type 02 below 45, and one of type 05.
  Negations (`:not`, `:missing`, `ne`, `not`) are asked of the resource, except inside `ref[…]` of `_filter`:
  brackets speak of one target and one record of each kind, of which all inside is true.
  `organization[price-amount-value lt 50 and price-type ne 02]` is a price below 50 that is not of type 02.
- **Expression.** Relative to the resource, or to the record: the subset of FHIRPath of `extract/path.rs`.
  `extension(x)` is a ROR extension, `part(x)` the value of a part of a complex one, `limit` one limit of an
  equipment.
- **Index.** What the index holds. Exact terms: `token` (the code in any system, the code in its system, any
  code of the system), `text` (the folded display), `folded` and `exact` (strings; folded, hyphens,
  apostrophes, full stops and commas are spaces and `st` is `saint`), `uri`, `key` and
  `identifier` (references), `present`. Columns: `low high` in milliseconds, `value`, `quantity` (as stored
  and canonical), `text` for sorting, `words`, `position`.
- **Origin.** R4, the ROR guide, or ours.
";

const COLUMNS: &str = "| Parameter | On | Type | Record | Modifiers | Expression | Index | Origin | Finds |\n\
                       |---|---|---|---|---|---|---|---|---|\n";

type Section = (&'static str, fn(&SearchParameter) -> bool);

const SECTIONS: [Section; 6] = [
    ("On every resource type", |p| p.bases.len() == ResourceType::ALL.len()),
    ("HealthcareService", |p| is_first(p, ResourceType::HealthcareService)),
    ("Organization", |p| is_first(p, ResourceType::Organization)),
    ("Location", |p| is_first(p, ResourceType::Location)),
    ("Practitioner and PractitionerRole", |p| {
        is_first(p, ResourceType::Practitioner) || is_first(p, ResourceType::PractitionerRole)
    }),
    ("Task, Measure and MeasureReport", |p| {
        is_first(p, ResourceType::Task)
            || is_first(p, ResourceType::Measure)
            || is_first(p, ResourceType::MeasureReport)
    }),
];

/// A parameter of several types stands under the first.
fn is_first(parameter: &SearchParameter, base: ResourceType) -> bool {
    parameter.bases.len() < ResourceType::ALL.len() && parameter.bases.first() == Some(&base)
}

fn row(page: &mut String, parameter: &SearchParameter) {
    let bases: Vec<&str> = match parameter.bases.len() {
        all if all == ResourceType::ALL.len() => vec!["all"],
        _ => parameter.bases.iter().map(|base| base.as_str()).collect(),
    };
    let modifiers: Vec<String> = parameter.modifiers().iter().map(|m| format!("`:{m}`")).collect();
    let mut kind = format!("{:?}", parameter.kind).to_lowercase();
    if !parameter.targets.is_empty() {
        let targets: Vec<&str> = match parameter.targets.len() {
            all if all == ResourceType::ALL.len() => vec!["any"],
            _ => parameter.targets.iter().map(|target| target.as_str()).collect(),
        };
        let _ = write!(kind, " to {}", targets.join(", "));
    }
    let expression = match (parameter.expression, parameter.components) {
        ("", []) => String::new(),
        ("", components) => components.join(" $ "),
        (expression, _) => format!("`{}`", expression.replace('|', "\\|")),
    };
    let _ = writeln!(
        page,
        "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |",
        parameter.code,
        bases.join(", "),
        kind,
        parameter.record.map_or("", record_name),
        modifiers.join(" "),
        expression,
        index_form(parameter),
        match parameter.origin {
            Origin::R4 => "R4",
            Origin::Ror => "ROR",
            Origin::Ours => "ours",
        },
        parameter.doc.replace('|', "\\|"),
    );
}

/// What a record is called in documentation.
pub const fn record_name(record: RecordKind) -> &'static str {
    match record {
        RecordKind::Price => "price",
        RecordKind::Capacity => "capacity",
        RecordKind::Equipment => "equipment limit",
        RecordKind::Dwelling => "dwelling",
        RecordKind::Patient => "patient",
        RecordKind::UseContext => "use context",
    }
}

fn index_form(parameter: &SearchParameter) -> &'static str {
    match parameter.kind {
        ParameterType::Token => "token, text, present",
        ParameterType::String => "folded, exact, present; text",
        ParameterType::Date => "present; low high",
        ParameterType::Number => "present; value",
        ParameterType::Quantity => "present; quantity",
        ParameterType::Reference => "key, identifier, present; keys",
        ParameterType::Uri => "uri, present; text",
        ParameterType::Composite => "its components",
        ParameterType::Special if parameter.code == "price-in-force" => "present; start, key",
        ParameterType::Special if parameter.code == "capacity-max-age" => {
            "that of capacity-update-date"
        }
        ParameterType::Special if parameter.code == "open-at" => "opening hours, time zones",
        ParameterType::Special => "position",
        ParameterType::Text => "words",
    }
}
