//! Reported anomalies: tasks about other records, by address or by identifier.

use shared::fhir::ResourceType;

use super::World;
use super::random::{Random, Stream};
use super::site::SiteView;
use super::when::{self, DAY};
use super::words;
use crate::ror::datatype::{Expression, concept};
use crate::ror::extension::Value;
use crate::ror::resource::TaskParameter;
use crate::ror::{Identifier, Period, Reference, Resource, Task, system};

/// Of a hundred tasks, how many name their subject by identifier.
const LOGICAL_PERCENT: u32 = 20;
/// Of a hundred of those, how many name one that does not exist.
const UNKNOWN_PERCENT: u32 = 10;

/// Anomaly `index`.
pub(super) fn anomaly(world: &World, index: u32) -> Resource<'_> {
    let mut random = world.random(Stream::Anomaly, u64::from(index));
    let offer = random.below(world.plan.offers);
    let view = SiteView::new(world, world.plan.site_of_offer(offer));
    let changed = when::last_change(&mut random);
    let authored = changed - i64::from(random.below(60)) * DAY;
    let business = *random.pick(&world.catalog.anomaly_statuses);
    let status = match business.code {
        "01" | "02" | "05" => "requested",
        "03" => "cancelled",
        "04" => "on-hold",
        "09" => "rejected",
        "10" => "in-progress",
        _ => "completed",
    };
    let is_done = status == "completed";
    let ended = is_done.then(|| when::instant(changed).into());
    let period = random.percent(50).then(|| Period {
        start: Some(when::instant(changed.min(authored + i64::from(random.below(3_600)))).into()),
        end: ended,
    });
    let owner = random.percent(40).then(|| view.provider(offer, &mut random));
    Resource::Task(Task {
        id: format!("task-{index}").into(),
        meta: view.meta(changed),
        identifier: vec![Identifier::value(format!("ANO-{index:07}"))],
        status,
        business_status: Some(business.concept(system::ANOMALY_STATUS)),
        intent: "order",
        code: Some(random.pick(&world.catalog.anomaly_themes).concept(system::ANOMALY_THEME)),
        description: Some(words::anomaly(&mut random).into()),
        focus: Some(focus(&view, offer, &mut random)),
        execution_period: period,
        authored_on: Some(when::instant(authored).into()),
        last_modified: Some(when::instant(changed).into()),
        requester: random.percent(60).then(|| view.reference()),
        owner,
        reason_code: Some(
            random.pick(&world.catalog.anomaly_actions).concept(system::ANOMALY_ACTION),
        ),
        input: inputs(&mut random),
        output: if is_done { outputs(&mut random) } else { Vec::new() },
    })
}

fn focus<'w>(view: &SiteView<'w>, offer: u32, random: &mut Random) -> Reference<'w> {
    if !random.percent(LOGICAL_PERCENT) {
        return match random.below(100) {
            0..40 => super::offer::reference(offer),
            40..65 => view.reference(),
            65..85 => super::place::reference(offer),
            _ => Reference::to(format!("Practitioner/prac-{}", view.world.person_near(offer))),
        };
    }
    if random.percent(UNKNOWN_PERCENT) {
        let identifier =
            Identifier::national_structure(format!("1000{:06}", random.below(900_000)));
        return Reference::logical(ResourceType::Organization.as_str(), identifier);
    }
    if random.percent(70) {
        let identifier = Identifier::national_structure(view.national_structure());
        Reference::logical(ResourceType::Organization.as_str(), identifier)
    } else {
        let identifier = Identifier::offer(format!("{}/{offer:07}", view.region.code));
        Reference::logical(ResourceType::HealthcareService.as_str(), identifier)
    }
}

fn parameter<'w>(system: &'static str, code: &'static str, value: Value<'w>) -> TaskParameter<'w> {
    TaskParameter { kind: concept(system, code, ""), value }
}

fn inputs<'w>(random: &mut Random) -> Vec<TaskParameter<'w>> {
    let input = |code, value| parameter(system::TASK_INPUT, code, value);
    let requester = *random.pick(&["IHM", "ROR-IDF", "CONTROLE-QUALITE", "FINESS"]);
    let mut inputs = vec![input("systemRequester", Value::String(requester.into()))];
    if random.percent(60) {
        let path = *random.pick(&[
            "Organization.name",
            "HealthcareService.name",
            "Location.position",
            "Organization.type.coding.code",
            "HealthcareService.availableTime",
        ]);
        inputs.push(input("pathElementError", Value::Expression(Expression::fhirpath(path))));
    }
    if random.percent(40) {
        let rule = format!("RG-{:03}", random.between(1, 180));
        inputs.push(input("ruleErrorId", Value::String(rule.into())));
    }
    if random.percent(30) {
        inputs.push(input(
            "proposedValue",
            Value::String(random.between(100, 999).to_string().into()),
        ));
    }
    inputs
}

fn outputs<'w>(random: &mut Random) -> Vec<TaskParameter<'w>> {
    let value = Value::String(random.between(100, 999).to_string().into());
    vec![parameter(system::TASK_OUTPUT, "newValue", value)]
}
