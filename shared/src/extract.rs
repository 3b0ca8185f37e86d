//! Resource → search values, by the registry's expressions: what the index is built from.
//!
//! Works on a validated document. References come out as text: whoever has the keys resolves them.

mod narrative;
mod opening;
mod path;
mod place;
mod plan;
mod price;
mod territory;
mod words;

use serde_json::Value;

use crate::access::VisibilityClass;
use crate::fhir::{Reference, ResourceType};
use crate::geo::Point;
use crate::geo::zone::Zone;
use crate::param::date::DateRange;
use crate::param::opening::Opening;
use crate::param::quantity::QuantityValue;
use crate::registry::{FieldId, RecordKind};
use crate::schema::Terms;

pub use path::ROR_EXTENSION_BASE;

/// The search values of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: String,
    /// Values of the resource itself.
    pub values: Values,
    /// References it holds, each with the field that reads it.
    pub references: Vec<(FieldId, Reference)>,
    /// Its records.
    pub records: Vec<Record>,
    /// Its words, by class: text to be cut by the analyzer.
    pub words: Vec<(VisibilityClass, String)>,
    /// Number of words of its name.
    pub name_words: u8,
    /// The words of its narrative.
    pub narrative: Option<String>,
    /// Where it is, for a Location.
    pub place: Option<ExtractedPlace>,
    /// What the clock says there, for a Location; elsewhere Europe/Paris.
    pub zone: Zone,
    /// When it is open, for a `HealthcareService`; when it is closed, for an Organization.
    pub opening: Opening,
}

/// Values in the form of the index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// Exact terms.
    pub terms: Terms,
    /// Ordered values.
    pub columns: Vec<(FieldId, ColumnValue)>,
    /// The field and class that a value was last said to be present of.
    present: Option<(FieldId, VisibilityClass)>,
}

/// One ordered value.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValue {
    /// Of a date field.
    Date(DateRange),
    /// Of a validity field.
    Validity {
        /// When it starts; the least value when it always held.
        start_ms: i64,
        /// Hash of everything in which a later value must agree to replace this one.
        key: i64,
    },
    /// Of a number field.
    Number(f64),
    /// Of a quantity field.
    Quantity(QuantityValue),
    /// Of a string or URI field: the folded text, for sorting.
    Text(String),
}

/// One record: a price, a capacity, one limit of an equipment …
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Who may see it.
    pub class: VisibilityClass,
    /// Its values.
    pub values: Values,
}

/// The position of a Location.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtractedPlace {
    /// Where it is.
    pub point: Point,
    /// Whether this is only the point of its commune, stated or told by its postal code.
    pub approximate: bool,
}

/// Reads the search values of a document.
///
/// `base_urls` are the public URLs of this directory, without trailing slash: an absolute reference
/// under one of them is a reference to a resource of ours. Returns `None` when the type is not one of
/// the directory's or the id is missing: validation refuses such a document with a reason.
pub fn extract(document: &Value, base_urls: &[&str]) -> Option<Extracted> {
    let resource_type: ResourceType = document.get("resourceType")?.as_str()?.parse().ok()?;
    let id = document.get("id")?.as_str()?.to_owned();
    let plan = plan::of(resource_type);
    let mut references = Vec::new();
    let mut values = plan.values(document, base_urls, &mut references);
    values.add_id(resource_type, &id);
    let words::DocumentWords { texts: words, name_words } = words::of(resource_type, document);
    Some(Extracted {
        resource_type,
        id,
        values,
        references,
        records: plan.records(document),
        words,
        name_words,
        narrative: narrative::text(document),
        place: (resource_type == ResourceType::Location)
            .then(|| place::of_location(document))
            .flatten(),
        zone: opening::zone_of(resource_type, document),
        opening: opening::of(resource_type, document),
    })
}
