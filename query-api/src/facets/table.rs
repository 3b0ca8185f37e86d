//! The facets there are, by type: one record each. The operation, its documentation and its refusals all
//! come from this table.

use std::fmt::Write as _;

use shared::fhir::ResourceType::{
    self, HealthcareService, Location, Measure, MeasureReport, Organization, Practitioner,
    PractitionerRole, Task,
};

use crate::execute::CapacityGroup;

/// A facet.
#[derive(Debug)]
pub(crate) struct Facet {
    /// Its name in a request.
    pub(crate) name: &'static str,
    /// What it counts, in one sentence.
    pub(crate) doc: &'static str,
    /// How values become buckets.
    pub(crate) kind: Kind,
    /// Where its values stand, on each type where it means something.
    pub(crate) places: &'static [(ResourceType, Place)],
}

/// How values become buckets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Each code is one.
    Codes,
    /// Numbers by bands, between these edges.
    Bands(&'static [f64]),
    /// Distances up to each of these, in meters, around the searched place.
    Rings(&'static [f64]),
    /// Sums of capacities.
    Capacities(CapacityGroup),
    /// One bucket: what satisfies this value of the parameter.
    Holds {
        /// The value in a request.
        value: &'static str,
        /// Its French label.
        display: &'static str,
    },
}

/// Where the values of a facet stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The parameter that narrows to a value, as a request names it.
    pub(crate) path: &'static str,
    /// Only codes of this system.
    pub(crate) system: Option<&'static str>,
    /// Codes without system, as of elements of type code or boolean: requests write them alone.
    pub(crate) bare: bool,
}

impl Facet {
    /// Where its values stand on a type; `None` where it means nothing.
    pub(crate) fn place(&self, base: ResourceType) -> Option<&Place> {
        self.places.iter().find(|(on, _)| *on == base).map(|(_, place)| place)
    }
}

/// The facets that mean something on a type, in the order of the table.
pub(crate) fn of_type(base: ResourceType) -> impl Iterator<Item = &'static Facet> {
    FACETS.iter().filter(move |facet| facet.place(base).is_some())
}

/// The facets as a Markdown list: names, what they count, and the parameter they read on each type.
pub(crate) fn markdown() -> String {
    let mut list = String::new();
    for facet in &FACETS {
        let places: Vec<String> =
            facet.places.iter().map(|(base, place)| format!("{base} `{}`", place.path)).collect();
        let _ = writeln!(list, "- `{}`: {} On {}.", facet.name, facet.doc, places.join(", "));
    }
    list
}

const fn at(path: &'static str) -> Place {
    Place { path, system: None, bare: false }
}

const fn bare(path: &'static str) -> Place {
    Place { path, system: None, bare: true }
}

const fn in_system(path: &'static str, system: &'static str) -> Place {
    Place { path, system: Some(system), bare: false }
}

/// Ways to take charge of a patient, among the characteristics of an offer.
const MODES: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R213-ModePriseEnCharge/FHIR/TRE-R213-ModePriseEnCharge";
const REGIONS: &str = "https://mos.esante.gouv.fr/NOS/TRE_R30-RegionOM/FHIR/TRE-R30-RegionOM";

/// Edges of the bands of prices, in euros.
pub(crate) const PRICE_EDGES: &[f64] =
    &[20.0, 40.0, 60.0, 70.0, 80.0, 90.0, 100.0, 120.0, 150.0, 200.0];

/// Distances of the rings, in meters.
pub(crate) const RADII_M: &[f64] =
    &[1_000.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0, 100_000.0, 200_000.0];

/// All facets.
pub(crate) static FACETS: [Facet; 23] = [
    Facet {
        name: "activity",
        doc: "Activities of the offer.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("specialty")),
            (Organization, at("_has:HealthcareService:organization:specialty")),
            (Location, at("_has:HealthcareService:location:specialty")),
            (PractitionerRole, at("service.specialty")),
        ],
    },
    Facet {
        name: "category",
        doc: "Kinds of offer.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("service-category")),
            (Organization, at("_has:HealthcareService:organization:service-category")),
            (Location, at("_has:HealthcareService:location:service-category")),
            (PractitionerRole, at("service.service-category")),
        ],
    },
    Facet {
        name: "type",
        doc: "Fields of activity of an offer; kinds of an organization; uses of a place.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("service-type")),
            (Organization, at("type")),
            (Location, at("type")),
        ],
    },
    Facet {
        name: "department",
        doc: "Departments of the places or addresses.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.department")),
            (Organization, at("department")),
            (Location, at("department")),
            (Practitioner, at("department")),
            (PractitionerRole, at("location.department")),
        ],
    },
    Facet {
        name: "region",
        doc: "Regions of the places or addresses; of the source for other resources.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.region")),
            (Organization, at("region")),
            (Location, at("region")),
            (Practitioner, at("region")),
            (PractitionerRole, at("location.region")),
            (Task, in_system("_tag", REGIONS)),
            (Measure, in_system("_tag", REGIONS)),
            (MeasureReport, in_system("_tag", REGIONS)),
        ],
    },
    Facet {
        name: "price",
        doc: "Amounts of prices as stored, in bands of euros.",
        kind: Kind::Bands(PRICE_EDGES),
        places: &[
            (HealthcareService, at("organization.price-amount-value")),
            (Organization, at("price-amount-value")),
        ],
    },
    Facet {
        name: "price-per-day",
        doc: "Daily prices, and thirtieths of monthly ones, in bands of euros.",
        kind: Kind::Bands(PRICE_EDGES),
        places: &[
            (HealthcareService, at("organization.price-amount-per-day")),
            (Organization, at("price-amount-per-day")),
        ],
    },
    Facet {
        name: "distance",
        doc: "Rings around the searched place, each with all that is nearer; needs a place criterion.",
        kind: Kind::Rings(RADII_M),
        places: &[
            (HealthcareService, at("location.near")),
            (Location, at("near")),
            (PractitionerRole, at("location.near")),
        ],
    },
    Facet {
        name: "mode",
        doc: "Ways to take charge of a patient.",
        kind: Kind::Codes,
        places: &[(HealthcareService, in_system("characteristic", MODES))],
    },
    Facet {
        name: "public",
        doc: "Publics the offer cares for.",
        kind: Kind::Codes,
        places: &[(HealthcareService, at("patient-type"))],
    },
    Facet {
        name: "status",
        doc: "Whether the record is in use; the status of a place, an anomaly, an indicator.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, bare("active")),
            (Organization, bare("active")),
            (Location, bare("status")),
            (Practitioner, bare("active")),
            (PractitionerRole, bare("active")),
            (Task, bare("status")),
            (Measure, bare("status")),
            (MeasureReport, bare("status")),
        ],
    },
    Facet {
        name: "open-now",
        doc: "Offers that are open at this moment.",
        kind: Kind::Holds { value: "now", display: "ouvert en ce moment" },
        places: &[(HealthcareService, at("open-at")), (PractitionerRole, at("service.open-at"))],
    },
    Facet {
        name: "operational-status",
        doc: "Whether the place is open or closed, as stated.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.operational-status")),
            (Location, at("operational-status")),
        ],
    },
    Facet {
        name: "business-status",
        doc: "How far an anomaly is handled.",
        kind: Kind::Codes,
        places: &[(Task, at("business-status"))],
    },
    Facet {
        name: "theme",
        doc: "Themes of anomalies.",
        kind: Kind::Codes,
        places: &[(Task, at("code"))],
    },
    Facet {
        name: "role",
        doc: "Professions.",
        kind: Kind::Codes,
        places: &[
            (PractitionerRole, at("role")),
            (Practitioner, at("_has:PractitionerRole:practitioner:role")),
        ],
    },
    Facet {
        name: "equipment",
        doc: "Equipment at the place.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.equipment-type")),
            (Location, at("equipment-type")),
        ],
    },
    Facet {
        name: "capacity-status",
        doc: "Status of the bed and place counts.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.capacity-status")),
            (Location, at("capacity-status")),
        ],
    },
    Facet {
        name: "capacity-type",
        doc: "What is counted: beds, places.",
        kind: Kind::Codes,
        places: &[
            (HealthcareService, at("location.capacity-type")),
            (Location, at("capacity-type")),
        ],
    },
    Facet {
        name: "beds-by-status",
        doc: "Sums of beds and places by the status of their counts.",
        kind: Kind::Capacities(CapacityGroup::Status),
        places: CAPACITIES,
    },
    Facet {
        name: "beds-by-department",
        doc: "Sums of beds and places by department and status.",
        kind: Kind::Capacities(CapacityGroup::Department),
        places: CAPACITIES,
    },
    Facet {
        name: "beds-by-region",
        doc: "Sums of beds and places by region and status.",
        kind: Kind::Capacities(CapacityGroup::Region),
        places: CAPACITIES,
    },
    Facet {
        name: "beds-by-activity",
        doc: "Sums of beds and places by activity of the offers at the place, and status.",
        kind: Kind::Capacities(CapacityGroup::Activity),
        places: CAPACITIES,
    },
];

const CAPACITIES: &[(ResourceType, Place)] =
    &[(HealthcareService, at("location.nb-capacity")), (Location, at("nb-capacity"))];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FACETS, Kind, of_type};
    use crate::parse;
    use shared::fhir::ResourceType;
    use shared::registry::ParameterType;

    #[test]
    fn every_facet_reads_a_parameter_of_its_type() {
        let names: BTreeSet<_> = FACETS.iter().map(|facet| facet.name).collect();
        assert_eq!(names.len(), FACETS.len(), "a name stands twice");
        for facet in &FACETS {
            for (base, place) in facet.places {
                let way = parse::way(*base, place.path);
                let kind = way.unwrap_or_else(|| panic!("{base} {}", place.path)).parameter.kind;
                let expected = match facet.kind {
                    Kind::Codes => ParameterType::Token,
                    Kind::Bands(_) | Kind::Capacities(_) => ParameterType::Number,
                    Kind::Rings(_) | Kind::Holds { .. } => ParameterType::Special,
                };
                assert_eq!(kind, expected, "{base} {}", place.path);
            }
        }
    }

    #[test]
    fn the_documentation_lists_every_facet() {
        let page = include_str!("../../../docs/facets.md");
        assert!(page.contains(&super::markdown()), "docs/facets.md lacks:\n{}", super::markdown());
    }

    #[test]
    fn every_type_has_status_and_region() {
        for base in ResourceType::ALL {
            let names: Vec<_> = of_type(base).map(|facet| facet.name).collect();
            assert!(names.contains(&"status") && names.contains(&"region"), "{base} {names:?}");
        }
    }
}
