//! Who may see what: the visibility classes every indexed value and word carries, and the caller's
//! projection every search is run under.
//!
//! The index holds *facts* (the class of a value), never verdicts; a projection is a set of classes.
//! Until callers are told apart, everyone has [`Access::full`].

use crate::fhir::ResourceType;

/// A group of elements that one rule of access opens or hides.
///
/// Source: the access matrix of the ROR mappings (contacts by level, acts, equipment, capacities by
/// status, persons, crisis data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum VisibilityClass {
    /// Everything no other class names.
    Open,
    /// Acts, specializations, professions and competences among the characteristics of an offer.
    Acts,
    /// Contacts and telecoms of confidentiality level 1.
    Contact1,
    /// Level 2, and telecoms that state no level.
    Contact2,
    /// Level 3.
    Contact3,
    /// Equipment and dwellings.
    Equipment,
    /// Installed beds and places.
    CapacityInstalled,
    /// Operational counts: available, occupied, reserved, closed.
    CapacityOperational,
    /// Extra beds of a crisis.
    CapacityExtra,
    /// Names of professionals.
    Person,
    /// ORSAN level and drop zone.
    Crisis,
}

impl VisibilityClass {
    /// All classes, in the order of their discriminants.
    pub const ALL: [Self; 11] = [
        Self::Open,
        Self::Acts,
        Self::Contact1,
        Self::Contact2,
        Self::Contact3,
        Self::Equipment,
        Self::CapacityInstalled,
        Self::CapacityOperational,
        Self::CapacityExtra,
        Self::Person,
        Self::Crisis,
    ];
}

/// The projection of the directory a caller may search and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    classes: u16,
}

impl Access {
    /// Everything (profile 1).
    pub const fn full() -> Self {
        Self { classes: (1 << VisibilityClass::ALL.len()) - 1 }
    }

    /// Whether values of `class` are visible.
    pub const fn sees(self, class: VisibilityClass) -> bool {
        self.classes & (1 << class as u8) != 0
    }

    /// The visible classes.
    pub fn classes(self) -> impl Iterator<Item = VisibilityClass> {
        VisibilityClass::ALL.into_iter().filter(move |c| self.sees(*c))
    }
}

/// The classes the values of a search parameter may have; most have one.
pub fn classes_of(base: ResourceType, code: &str) -> &'static [VisibilityClass] {
    use VisibilityClass::{Acts, Contact1, Contact2, Contact3, Crisis, Open, Person};
    match (base, code) {
        (ResourceType::HealthcareService, "characteristic") => &[Open, Acts],
        (_, "telecom" | "phone" | "email") => &[Contact1, Contact2, Contact3],
        (ResourceType::Practitioner, "name" | "family" | "given" | "phonetic") => &[Person],
        (ResourceType::Organization, "drop-zone") => &[Crisis],
        _ => &[Open],
    }
}
