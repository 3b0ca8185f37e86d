//! Indicators and their monthly values.
//!
//! The guide publishes no indicator: these are ours, about the quality of the records.

use super::World;
use super::random::Stream;
use super::site::SiteView;
use super::when::{self, DAY, REFERENCE};
use crate::ror::datatype::{CodeableConcept, Quantity};
use crate::ror::resource::{MeasureGroup, ReportGroup};
use crate::ror::{Identifier, Measure, MeasureReport, Meta, Period, Resource, provenance, system};

/// What each indicator counts, and the position of its topic in R350.
const INDICATORS: [(&str, usize); 12] = [
    ("Part des offres dont les horaires sont renseignés", 0),
    ("Part des offres dont le contact est renseigné", 0),
    ("Part des lieux dont la position est renseignée", 0),
    ("Part des établissements dont les tarifs sont publiés", 0),
    ("Part des établissements du périmètre décrits", 1),
    ("Part des professionnels rattachés à une offre", 1),
    ("Part des lieux dont les lits occupés ne dépassent pas les lits installés", 2),
    ("Part des offres dont l'âge minimum précède l'âge maximum", 2),
    ("Part des capacités mises à jour depuis moins de vingt-quatre heures", 3),
    ("Part des tarifs de l'année en cours", 3),
    ("Part des adresses dont la voie est structurée", 4),
    ("Part des coordonnées situées dans leur commune", 5),
];

/// How many indicators there are.
pub(super) const COUNT: u32 = INDICATORS.len() as u32;

fn canonical(index: u32) -> String {
    format!("http://ror.example.org/fhir/Measure/measure-{index}")
}

/// Indicator `index`.
pub(super) fn measure(world: &World, index: u32) -> Resource<'_> {
    let (description, topic) = INDICATORS[index as usize];
    let mut random = world.random(Stream::Report, u64::from(index) | 1 << 40);
    let topics = &world.catalog.anomaly_themes;
    let topic = topics[topic % topics.len()];
    let changed = when::last_change(&mut random);
    Resource::Measure(Measure {
        id: format!("measure-{index}").into(),
        meta: Meta::new(when::instant(changed), None, provenance::SYNTHETIC),
        url: Some(canonical(index).into()),
        identifier: vec![Identifier::value(format!("IND-{:03}", index + 1))],
        status: "active",
        date: Some(when::date(changed).into()),
        purpose: Some("Suivi de la qualité des données de l'annuaire".into()),
        topic: vec![topic.concept(system::ANOMALY_THEME)],
        kind: vec![CodeableConcept::text("Indicateur de qualité des données")],
        group: vec![MeasureGroup {
            code: CodeableConcept::text("taux"),
            description: Some(description.into()),
        }],
    })
}

/// Report `index`: one indicator, one month, one establishment.
pub(super) fn report(world: &World, index: u32) -> Resource<'_> {
    const MONTH: i64 = 30 * DAY;
    let mut random = world.random(Stream::Report, u64::from(index));
    let measure = index % COUNT;
    let site = random.below(world.plan.sites.len() as u32);
    let view = SiteView::new(world, site as usize);
    let end = REFERENCE - i64::from(random.below(36)) * MONTH - DAY;
    let score = (random.unit() * 1000.0).round() / 10.0;
    Resource::MeasureReport(MeasureReport {
        id: format!("report-{index}").into(),
        meta: view.meta(end + DAY / 2),
        identifier: vec![Identifier::value(format!("IND-{:03}/{index}", measure + 1))],
        status: if random.percent(98) { "complete" } else { "pending" },
        kind: "summary",
        measure: canonical(measure).into(),
        subject: random
            .percent(20)
            .then(|| super::place::reference(view.site.first_offer))
            .filter(|_| view.site.offers > 0),
        date: Some(when::date(end).into()),
        reporter: Some(view.reference()),
        period: Period {
            start: Some(when::date(end - MONTH).into()),
            end: Some(when::date(end).into()),
        },
        group: vec![ReportGroup {
            code: CodeableConcept::text("taux"),
            measure_score: Some(Quantity::ucum(score, "%")),
        }],
    })
}
