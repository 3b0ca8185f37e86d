//! The FHIR vocabulary of the product: resource types, identities and references.
//!
//! Documents themselves stay JSON: search needs extraction, not models, and unknown extensions must
//! survive byte for byte.

mod reference;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use reference::{Reference, Target, is_valid_id};

/// The resource types the directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ResourceType {
    /// An offer: what is done, for whom, how.
    HealthcareService,
    /// A legal entity, an establishment or an internal organisation.
    Organization,
    /// A place, with its capacities and equipment.
    Location,
    /// A professional's identity.
    Practitioner,
    /// A professional's situation of practice in one offer.
    PractitionerRole,
    /// A reported anomaly.
    Task,
    /// The definition of an indicator.
    Measure,
    /// The values of an indicator.
    MeasureReport,
}

impl ResourceType {
    /// All types, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::HealthcareService,
        Self::Organization,
        Self::Location,
        Self::Practitioner,
        Self::PractitionerRole,
        Self::Task,
        Self::Measure,
        Self::MeasureReport,
    ];

    /// The FHIR name: `HealthcareService`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HealthcareService => "HealthcareService",
            Self::Organization => "Organization",
            Self::Location => "Location",
            Self::Practitioner => "Practitioner",
            Self::PractitionerRole => "PractitionerRole",
            Self::Task => "Task",
            Self::Measure => "Measure",
            Self::MeasureReport => "MeasureReport",
        }
    }

    /// The short prefix of the type's index fields: `hs` in `hs.specialty`.
    pub const fn field_prefix(self) -> &'static str {
        match self {
            Self::HealthcareService => "hs",
            Self::Organization => "org",
            Self::Location => "loc",
            Self::Practitioner => "prac",
            Self::PractitionerRole => "role",
            Self::Task => "task",
            Self::Measure => "measure",
            Self::MeasureReport => "report",
        }
    }

    /// The position in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not one of our resource types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a resource type of this directory")]
pub struct UnknownResourceType(pub String);

impl FromStr for ResourceType {
    type Err = UnknownResourceType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str() == name)
            .ok_or_else(|| UnknownResourceType(name.to_owned()))
    }
}
