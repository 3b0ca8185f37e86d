//! Invented anomalies: reports of errors on offers, places, organizations and situations, in every business
//! status, some naming what they are about by its identifier only.

use super::directory::{Directory, invented};
use super::random::Random;
use crate::ror::datatype::{Code, Expression, Meta, Reference};
use crate::ror::extension::Value;
use crate::ror::resource::TaskParameter;
use crate::ror::{Identifier, Period, Resource, Task, system};

/// Themes (R350).
const THEMES: &[Code<'static>] = &[
    Code::new("01", "Complétude"),
    Code::new("02", "Exhaustivité"),
    Code::new("03", "Cohérence"),
    Code::new("04", "Récence"),
    Code::new("05", "Structuration"),
    Code::new("06", "Exactitude"),
];

/// Business statuses (R352), each with its FHIR status.
const STATUSES: &[(Code<'static>, &str)] = &[
    (Code::new("02", "A traiter"), "in-progress"),
    (Code::new("10", "A vérifier"), "in-progress"),
    (Code::new("01", "Créé"), "draft"),
    (Code::new("03", "Annulé"), "cancelled"),
    (Code::new("04", "Bloqué (destinataire manquant)"), "on-hold"),
    (Code::new("05", "Envoyé au destinataire"), "requested"),
    (Code::new("06", "Toléré temporairement"), "on-hold"),
    (Code::new("07", "Toléré définitivement"), "completed"),
    (Code::new("08", "Corrigé"), "completed"),
    (Code::new("09", "Refusée"), "rejected"),
];

/// Adds the anomalies named by scenarios, then some on every kind of resource.
pub(super) fn add(
    directory: &mut Directory,
    offer: &str,
    offer_number: &str,
    site: &str,
    place: &str,
) {
    let focus = Reference::to(format!("HealthcareService/{offer}"));
    let task = anomaly(directory, "1309", 0, focus, "L'activité opérationnelle n'est plus exercée");
    directory.add(task);
    let focus = Reference::logical("HealthcareService", Identifier::offer(offer_number.to_owned()));
    let task = anomaly(directory, "1310", 0, focus, "Le téléphone du secrétariat ne répond pas");
    directory.add(task);
    let site = site.trim_start_matches("eg-");
    let focus =
        Reference::logical("Organization", Identifier::national_structure(format!("1{site}")));
    let task =
        anomaly(directory, "1311", 0, focus, "La catégorie d'établissement n'est pas la bonne");
    directory.add(task);
    let focus = Reference::to(format!("Location/{place}"));
    let task = anomaly(directory, "1312", 1, focus, "Les coordonnées tombent dans la Loire");
    directory.add(task);
    let focus = Reference::logical("Organization", Identifier::value("1910800002"));
    let task =
        anomaly(directory, "1313", 0, focus, "Ici la catégorie d'établissement n'est pas la bonne");
    directory.add(task);
    let mut number = 1400;
    for (prefix, kind, every) in [
        ("offer-", "HealthcareService", 60),
        ("place-", "Location", 90),
        ("eg-", "Organization", 80),
        ("role-", "PractitionerRole", 60),
        ("practitioner-", "Practitioner", 80),
    ] {
        let targets = directory.ids(|resource| resource.id().starts_with(prefix));
        for target in targets.iter().step_by(every) {
            number += 1;
            let focus = Reference::to(format!("{kind}/{target}"));
            let status = number as usize % STATUSES.len();
            let text = "Donnée signalée par un utilisateur de l'annuaire";
            let task = anomaly(directory, &number.to_string(), status, focus, text);
            directory.add(task);
        }
    }
}

/// An anomaly on `focus`, in the business status of index `status`.
fn anomaly(
    directory: &Directory,
    id: &str,
    status: usize,
    focus: Reference<'static>,
    text: &str,
) -> Resource<'static> {
    let mut random = Random::of(&format!("anomaly/{id}"));
    let target = focus.reference.as_deref().and_then(|reference| reference.split_once('/'));
    let region = target.and_then(|(_, target)| directory.region_of(target));
    let (business, technical) = STATUSES[status];
    let (created, changed) = {
        let (a, b) = (random.moment(), random.moment());
        if a < b { (a, b) } else { (b, a) }
    };
    let action = random.pick(&[
        Code::new("COR", "Correction"),
        Code::new("AJO", "Ajout"),
        Code::new("SUP", "Suppression"),
    ]);
    let input = |code, value| TaskParameter {
        kind: Code::new(code, "").concept(system::TASK_INPUT),
        value,
    };
    let path = "HealthcareService.specialty.coding";
    Resource::Task(Task {
        id: id.to_owned().into(),
        meta: Meta {
            last_updated: changed.clone().into(),
            tag: region.into_iter().chain([invented()]).collect(),
        },
        identifier: vec![Identifier::value(format!("anomalie/{id}"))],
        status: technical,
        business_status: Some(business.concept(system::ANOMALY_STATUS)),
        intent: if business.code == "01" { "proposal" } else { "order" },
        code: Some(random.pick(THEMES).concept(system::ANOMALY_THEME)),
        description: Some(text.to_owned().into()),
        focus: Some(focus),
        execution_period: (technical == "completed").then(|| Period {
            start: Some(created.clone().into()),
            end: Some(changed.clone().into()),
        }),
        authored_on: Some(created.into()),
        last_modified: Some(changed.into()),
        requester: random.chance(60).then(|| Reference::to("PractitionerRole/role-741")),
        owner: random.chance(60).then(|| Reference::to("Organization/eg-440000271")),
        reason_code: Some(action.concept(system::ANOMALY_ACTION)),
        input: vec![
            input("systemRequester", Value::String("IHM".into())),
            input("pathElementError", Value::Expression(Expression::fhirpath(path))),
        ],
        output: Vec::new(),
    })
}
