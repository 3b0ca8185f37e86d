//! The French labels of codes, from the shipped nomenclatures.

use shared::terminology::terminology;

use crate::ror::CodeableConcept;
use crate::ror::datatype::concept;

/// A concept of `system` with its label; a code the nomenclature does not hold goes without one.
pub(crate) fn concept_of(system: &'static str, code: &str) -> CodeableConcept<'static> {
    concept(system, code.to_owned(), label_of(system, code).unwrap_or_default())
}

/// The label of a code; `None` when the nomenclature does not hold it.
pub(crate) fn label_of(system: &str, code: &str) -> Option<&'static str> {
    terminology().display(system, code)
}
