//! What an import did: counts by type, defects by reason, rows refused.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ror::Resource;

/// Something a source row had wrong or lacked, repaired or left out; the row is converted all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// A letter was lost in the source (U+FFFD); it was taken out.
    LetterLost,
    /// A question mark stands where a letter was; left.
    LetterUnknown,
    /// A sign of another encoding was put right.
    EncodingRepaired,
    /// A cell that should be a number is not; left out.
    NotANumber,
    /// A postal code is not four or five digits; left out.
    BadPostalCode,
    /// A postal code had lost its leading zero.
    PostalCodePadded,
    /// No postal code; the only one of the commune was taken.
    PostalCodeFromCommune,
    /// No postal code, and the commune has several or none.
    NoPostalCode,
    /// The city carries a CEDEX mention; its postal code is a sorting code.
    Cedex,
    /// A SIRET is neither 14 digits nor the 9 of a SIREN; left out.
    BadSiret,
    /// A retired INSEE code; the commune that holds it now was taken.
    RetiredCommune,
    /// No INSEE code.
    CommuneMissing,
    /// An INSEE code that never was one (cut to two digits, most often).
    CommuneUnknown,
    /// The commune was found by the city's name or postal code.
    CommuneFromCity,
    /// The commune could not be found; the place has none.
    NoCommune,
    /// No exact point; the commune's stands for it, marked as not reliable.
    PositionOfCommune,
    /// No point at all.
    NoPosition,
    /// No category of establishment.
    NoCategory,
    /// A category the nomenclature does not name; the code is kept without a label.
    CategoryWithoutLabel,
    /// The legal entity above has no row; it is referred to by its FINESS number.
    EntityWithoutRow,
    /// A site names itself as its legal entity; it is a part of none.
    EntityIsItself,
    /// No legal entity is named.
    NoEntity,
    /// A site whose category stands for no activity and that declared nothing: no offer.
    NoActivity,
    /// A home of the price list for which no price is published.
    HomeWithoutPrice,
    /// Prices of 2022 matched by name and place with a score under 1.1; kept.
    UncertainMatch,
}

/// A row that was not converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The file, or `beds` and `prices` for a line no establishment took.
    pub source: String,
    /// Line of the file, from 1; 0 when the line was not kept.
    pub line: u64,
    /// Its FINESS number, as written.
    pub finess: String,
    /// Why.
    pub reason: &'static str,
}

/// The account of an import; serializes to JSON.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Rows of establishments read.
    pub finess_rows: u64,
    /// Rows of establishments converted; the others are in `refused`.
    pub converted_rows: u64,
    /// Lines of the hospital survey read.
    pub beds_rows: u64,
    /// Lines of the price list read.
    pub price_rows: u64,
    /// Resources written, by type.
    pub resources: BTreeMap<&'static str, u64>,
    /// Price records written.
    pub prices: u64,
    /// Legal entities among the organizations written; the others are sites.
    pub entities: u64,
    /// Beds and places written.
    pub capacity: u64,
    /// Defects met, by reason.
    pub defects: BTreeMap<Defect, u64>,
    /// Rows not converted, by reason.
    pub refused_by_reason: BTreeMap<&'static str, u64>,
    /// Rows not converted, each.
    pub refused: Vec<Refusal>,
}

impl Report {
    pub(super) fn count(&mut self, defect: Defect) {
        *self.defects.entry(defect).or_default() += 1;
    }

    pub(super) fn count_resource(&mut self, resource: &Resource<'_>) {
        *self.resources.entry(resource.resource_type().as_str()).or_default() += 1;
        self.entities += u64::from(resource.id().starts_with("ej-"));
    }

    pub(super) fn refuse(&mut self, source: &str, line: u64, finess: &str, reason: &'static str) {
        *self.refused_by_reason.entry(reason).or_default() += 1;
        let (source, finess) = (source.to_owned(), finess.to_owned());
        self.refused.push(Refusal { source, line, finess, reason });
    }

    /// How often a defect was met.
    pub fn defect(&self, defect: Defect) -> u64 {
        self.defects.get(&defect).copied().unwrap_or(0)
    }
}
