//! The ROR resources we *produce* (import of open data, synthetic directory), as typed structs that
//! serialize to FHIR R4 JSON.
//!
//! Only for output: documents that come in are never read into these types, because search needs
//! extraction, not models, and unknown extensions must survive byte for byte. The structs hold what
//! the ROR profiles 0.7.0 use, nothing more; `meta.profile` and `text` are left out on purpose (the
//! production service sends neither).
//!
//! ```
//! use indexer::ror::{Location, Resource, code, datatype::Meta, record::Capacity};
//!
//! let beds = Capacity::new(code::capacity_kind::BED, code::capacity_status::INSTALLED, 12, "2025-01-06T10:00:00Z");
//! let place = Location {
//!     id: "chu-nantes-1".into(),
//!     meta: Meta::open_data("2025-01-06T10:00:00Z", None),
//!     extension: vec![beds.into()],
//!     ..Location::default()
//! };
//! let mut line = Vec::new();
//! Resource::Location(place).write_line(&mut line);
//! assert!(line.starts_with(br#"{"resourceType":"Location","id":"chu-nantes-1""#));
//! ```

pub mod code;
pub mod datatype;
pub mod extension;
pub mod record;
pub mod resource;
pub mod system;

use serde::Serialize;
use shared::fhir::ResourceType;

pub use datatype::{
    Address, CodeableConcept, Coding, ContactPoint, HumanName, Identifier, Meta, Period, Reference,
    Text, coding,
};
pub use extension::Extension;
pub use resource::{
    HealthcareService, Location, Measure, MeasureReport, Organization, Practitioner,
    PractitionerRole, Task,
};

/// The `meta.tag` system that tells where a record of ours comes from.
///
/// Codes: [`provenance::OPEN_DATA`], [`provenance::INVENTED`], [`provenance::SYNTHETIC`]. It is our
/// own system; records of a real directory carry none of it.
pub const PROVENANCE_SYSTEM: &str = "http://ror.example.org/provenance";

/// The codes of [`PROVENANCE_SYSTEM`].
pub mod provenance {
    use super::datatype::Code;

    /// Converted from public open data (FINESS, CNSA, SAE).
    pub const OPEN_DATA: Code<'static> = Code::new("open-data", "Données publiques converties");
    /// Invented, to complement what open data lacks.
    pub const INVENTED: Code<'static> = Code::new("invented", "Complément inventé");
    /// Part of a wholly synthetic directory.
    pub const SYNTHETIC: Code<'static> = Code::new("synthetic", "Annuaire synthétique");
}

/// One resource of the directory, ready to be written.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "resourceType")]
#[allow(
    clippy::large_enum_variant,
    reason = "one lives at a time; a box would cost an allocation for each resource"
)]
pub enum Resource<'a> {
    /// An offer.
    HealthcareService(HealthcareService<'a>),
    /// A legal entity, an establishment or an internal organisation.
    Organization(Organization<'a>),
    /// A place.
    Location(Location<'a>),
    /// A professional.
    Practitioner(Practitioner<'a>),
    /// A situation of practice.
    PractitionerRole(PractitionerRole<'a>),
    /// An anomaly.
    Task(Task<'a>),
    /// The definition of an indicator.
    Measure(Measure<'a>),
    /// The values of an indicator.
    MeasureReport(MeasureReport<'a>),
}

impl Resource<'_> {
    /// The resource's type.
    pub const fn resource_type(&self) -> ResourceType {
        match self {
            Self::HealthcareService(_) => ResourceType::HealthcareService,
            Self::Organization(_) => ResourceType::Organization,
            Self::Location(_) => ResourceType::Location,
            Self::Practitioner(_) => ResourceType::Practitioner,
            Self::PractitionerRole(_) => ResourceType::PractitionerRole,
            Self::Task(_) => ResourceType::Task,
            Self::Measure(_) => ResourceType::Measure,
            Self::MeasureReport(_) => ResourceType::MeasureReport,
        }
    }

    /// The resource's logical id.
    pub fn id(&self) -> &str {
        match self {
            Self::HealthcareService(r) => &r.id,
            Self::Organization(r) => &r.id,
            Self::Location(r) => &r.id,
            Self::Practitioner(r) => &r.id,
            Self::PractitionerRole(r) => &r.id,
            Self::Task(r) => &r.id,
            Self::Measure(r) => &r.id,
            Self::MeasureReport(r) => &r.id,
        }
    }

    /// Appends the resource as one NDJSON line: `resourceType` first, no white space, `\n` at the end.
    ///
    /// # Panics
    /// Never: a `Vec` accepts every byte, and every map key here is a string.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self)
            .expect("a Vec accepts every byte and every map key here is a string");
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests;
