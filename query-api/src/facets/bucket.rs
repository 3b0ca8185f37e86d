//! One bucket: its value with a label, its number, and the criterion that narrows a search to it.

use std::cmp::Ordering;

use shared::fhir::ResourceType;
use shared::geo::gazetteer;
use shared::param::near::NearQuery;
use shared::param::token::StoredCode;
use shared::terminology::terminology;

use super::{FacetWay, token_value};
use crate::bundle::links::query_string;
use crate::execute::{CapacityGroup, CapacitySum};

/// A bucket of a facet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    /// The value; `None` for what has none.
    pub(crate) value: Option<Coding>,
    /// Number of matches; of records for a sum.
    pub(crate) count: u64,
    /// Parameters, as in a query string, that narrow a search to it; `None` for what has no value.
    pub(crate) criteria: Option<String>,
    /// Of a sum of beds and places.
    pub(crate) capacity: Option<Capacity>,
}

/// A code with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coding {
    /// The canonical URL of the system; `None` for codes without one.
    pub(crate) system: Option<String>,
    /// The code.
    pub(crate) code: String,
    /// The French label, where one is known.
    pub(crate) display: Option<String>,
}

/// A sum of beds and places.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Capacity {
    /// What is summed.
    pub(crate) kind: Option<Coding>,
    /// The status of the counts.
    pub(crate) status: Option<Coding>,
    /// The sum.
    pub(crate) sum: f64,
}

/// Departments, whose labels are the gazetteer's.
const DEPARTMENTS: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_G09-DepartementOM/FHIR/TRE-G09-DepartementOM";

impl Coding {
    fn of(code: &StoredCode) -> Self {
        let display = if code.system == DEPARTMENTS {
            gazetteer().department(&code.code).map(|department| department.name)
        } else {
            terminology().display(&code.system, &code.code)
        };
        Self {
            system: (!code.system.is_empty()).then(|| code.system.clone()),
            code: code.code.clone(),
            display: display.map(str::to_owned),
        }
    }

    /// A value of our own making.
    fn plain(code: String, display: String) -> Self {
        Self { system: None, code, display: Some(display) }
    }
}

/// The largest first; equals by code, system, and what is summed; what has no value last.
pub(super) fn order(a: &Bucket, b: &Bucket) -> Ordering {
    /// What has no value comes last.
    type Rank<'a> = (bool, Option<(&'a str, Option<&'a str>)>);
    fn of(value: Option<&Coding>) -> Rank<'_> {
        (value.is_none(), value.map(|v| (v.code.as_str(), v.system.as_deref())))
    }
    fn sum(bucket: &Bucket) -> f64 {
        bucket.capacity.as_ref().map_or(0.0, |capacity| capacity.sum)
    }
    fn parts(bucket: &Bucket) -> Option<[Rank<'_>; 2]> {
        let capacity = bucket.capacity.as_ref()?;
        Some([of(capacity.kind.as_ref()), of(capacity.status.as_ref())])
    }
    sum(b)
        .total_cmp(&sum(a))
        .then(b.count.cmp(&a.count))
        .then_with(|| of(a.value.as_ref()).cmp(&of(b.value.as_ref())))
        .then_with(|| parts(a).cmp(&parts(b)))
}

/// The bucket of a code.
pub(super) fn of_code(way: &FacetWay, code: &StoredCode, count: u64) -> Bucket {
    let value = token_value(code, way.bare);
    Bucket {
        value: Some(Coding::of(code)),
        count,
        criteria: Some(way.criteria(way.way.parameter.code, &[("eq", value)])),
        capacity: None,
    }
}

/// The bucket of one criterion.
pub(super) fn of_probe(way: &FacetWay, value: &str, display: &str, count: u64) -> Bucket {
    Bucket {
        value: Some(Coding::plain(value.to_owned(), display.to_owned())),
        count,
        criteria: Some(way.criteria(way.way.parameter.code, &[("eq", value.to_owned())])),
        capacity: None,
    }
}

/// The bucket of a band of numbers.
pub(super) fn of_band(way: &FacetWay, edges: &[f64], band: usize, count: u64) -> Bucket {
    let low = band.checked_sub(1).map(|before| edges[before]);
    let high = edges.get(band).copied();
    let (code, display) = match (low, high) {
        (None, Some(high)) => (format!("lt{high}"), format!("moins de {high} €")),
        (Some(low), Some(high)) => {
            (format!("ge{low}-lt{high}"), format!("de {low} à moins de {high} €"))
        }
        (Some(low), None) => (format!("ge{low}"), format!("{low} € et plus")),
        (None, None) => ("all".to_owned(), "tous".to_owned()),
    };
    let low = low.map(|low| ("ge", low.to_string()));
    let high = high.map(|high| ("lt", high.to_string()));
    let bounds: Vec<(&str, String)> = low.into_iter().chain(high).collect();
    Bucket {
        value: Some(Coding::plain(code, display)),
        count,
        criteria: Some(way.criteria(way.way.parameter.code, &bounds)),
        capacity: None,
    }
}

/// The bucket of all that is within a circle.
pub(super) fn of_ring(way: &FacetWay, circle: &NearQuery, count: u64) -> Bucket {
    let km = circle.radius_m() / 1_000.0;
    // The table speaks of `near`; an address was looked up and is a point by now.
    let parameter = match circle {
        NearQuery::Commune { .. } => "near-insee-code",
        NearQuery::Point { .. } | NearQuery::Address { .. } | NearQuery::Nowhere { .. } => "near",
    };
    Bucket {
        value: Some(Coding::plain(format!("{km}"), format!("à {km} km au plus"))),
        count,
        criteria: Some(way.criteria(parameter, &[("eq", circle.to_string())])),
        capacity: None,
    }
}

/// The bucket of a sum of capacities; its criteria narrow to the records summed, on one record.
pub(super) fn of_capacity(base: ResourceType, group: CapacityGroup, sum: &CapacitySum) -> Bucket {
    let (on_place, activity) = match base {
        ResourceType::HealthcareService => ("location.", "specialty"),
        ResourceType::Organization
        | ResourceType::Location
        | ResourceType::Practitioner
        | ResourceType::PractitionerRole
        | ResourceType::Task
        | ResourceType::Measure
        | ResourceType::MeasureReport => ("", "_has:HealthcareService:location:specialty"),
    };
    let group_path = match group {
        CapacityGroup::Status => None,
        CapacityGroup::Department => Some(format!("{on_place}department")),
        CapacityGroup::Region => Some(format!("{on_place}region")),
        CapacityGroup::Activity => Some(activity.to_owned()),
    };
    let is_whole =
        sum.kind.is_some() && sum.status.is_some() && (group_path.is_none() || sum.group.is_some());
    let mut parameters = Vec::new();
    let coded = [
        (group_path, &sum.group),
        (Some(format!("{on_place}capacity-type")), &sum.kind),
        (Some(format!("{on_place}capacity-status")), &sum.status),
    ];
    for (path, code) in coded {
        if let (Some(path), Some(code)) = (path, code) {
            parameters.push((path, token_value(code, false)));
        }
    }
    let pairs = parameters.iter().map(|(path, value)| (path.as_str(), value.as_str()));
    Bucket {
        value: sum.group.as_ref().map(Coding::of),
        count: sum.records,
        criteria: is_whole.then(|| query_string(pairs)),
        capacity: Some(Capacity {
            kind: sum.kind.as_ref().map(Coding::of),
            status: sum.status.as_ref().map(Coding::of),
            sum: sum.sum,
        }),
    }
}
