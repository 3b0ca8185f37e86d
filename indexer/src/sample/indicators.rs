//! Invented indicators and their values: nothing here was measured.

use super::directory::Directory;
use crate::ror::datatype::{Code, CodeableConcept, Meta, Quantity, Reference};
use crate::ror::resource::{MeasureGroup, ReportGroup};
use crate::ror::{Identifier, Measure, MeasureReport, Period, Resource, provenance, system};

/// An indicator: id, identifier, theme (R350), purpose, what is counted.
const INDICATORS: &[(&str, &str, Code<'static>, &str, &str)] = &[
    (
        "measure-hours",
        "IND-001",
        Code::new("01", "Complétude"),
        "Suivi de la complétude des offres",
        "Part des offres dont les horaires sont renseignés",
    ),
    (
        "measure-freshness",
        "RE1.2",
        Code::new("04", "Récence"),
        "Fraîcheur des établissements",
        "Part des établissements dont une offre a changé depuis un an",
    ),
    (
        "measure-sensitive",
        "CO3",
        Code::new("03", "Cohérence"),
        "Unités sensibles",
        "Part des unités sensibles qui sont marquées comme telles",
    ),
];

/// Values: indicator, date of the report, period, value in percent.
const VALUES: &[(usize, &str, &str, &str, f64)] = &[
    (0, "2024-02-01", "2024-01-01", "2024-01-31", 87.5),
    // Within one minute, in Paris: what `eq` to that minute finds.
    (0, "2025-01-15T15:00:20+01:00", "2024-12-01", "2024-12-31", 88.2),
    (0, "2026-02-01", "2026-01-01", "2026-01-31", 91.0),
    (1, "2025-06-01", "2025-05-01", "2025-05-31", 64.3),
    // Only before 2025: an indicator no recent report names.
    (2, "2024-03-04", "2024-01-01", "2024-02-29", 98.1),
    (2, "2024-10-07", "2024-07-01", "2024-09-30", 98.6),
];

/// Adds the indicators and their reports, made by `reporter`.
pub(super) fn add(directory: &mut Directory, reporter: &str) {
    for (id, number, theme, purpose, counted) in INDICATORS {
        directory.add(Resource::Measure(Measure {
            id: (*id).into(),
            meta: meta("2024-01-10T08:00:00Z", (theme.code == "01").then_some(COMPUTED_BY)),
            url: Some(canonical(id).into()),
            identifier: vec![Identifier::value(*number)],
            status: "active",
            date: Some(if theme.code == "03" { "2023-06-15" } else { "2024-01-01" }.into()),
            purpose: Some((*purpose).into()),
            topic: vec![theme.concept(system::ANOMALY_THEME)],
            kind: vec![CodeableConcept::text("Indicateur de qualité des données")],
            group: vec![MeasureGroup {
                code: CodeableConcept::text("taux"),
                description: Some((*counted).into()),
            }],
        }));
    }
    for (indicator, date, start, end, percent) in VALUES {
        let (measure, number, ..) = INDICATORS[*indicator];
        let day = &date[..10];
        directory.add(Resource::MeasureReport(MeasureReport {
            id: format!("report-{}-{day}", measure.trim_start_matches("measure-")).into(),
            meta: meta(&format!("{day}T18:00:00Z"), (*indicator == 0).then_some(COMPUTED_BY)),
            identifier: vec![Identifier::value(format!("{number}/{day}"))],
            status: if *date < "2026" { "complete" } else { "pending" },
            kind: "summary",
            // A report may name its measure by canonical URL or, in the same directory, by address.
            measure: if *indicator == 1 {
                format!("Measure/{measure}")
            } else {
                canonical(measure)
            }
            .into(),
            subject: None,
            date: Some((*date).into()),
            reporter: Some(Reference::to(if *indicator == 2 {
                "PractitionerRole/role-741".to_owned()
            } else {
                format!("Organization/{reporter}")
            })),
            period: Period { start: Some((*start).into()), end: Some((*end).into()) },
            group: vec![ReportGroup {
                code: CodeableConcept::text("taux"),
                measure_score: Some(Quantity::ucum(*percent, "%")),
            }],
        }));
    }
}

fn canonical(id: &str) -> String {
    format!("http://ror.example.org/Measure/{id}")
}

/// The region that computes the first indicator.
const COMPUTED_BY: Code<'static> = Code::new("11", "Île-de-France");

fn meta(updated: &str, region: Option<Code<'static>>) -> Meta<'static> {
    Meta::new(updated.to_owned(), region, provenance::INVENTED)
}
