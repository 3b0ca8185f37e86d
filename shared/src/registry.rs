//! Search parameters as data: one record each, from which the parser, the index fields, `/metadata`,
//! the documentation and a generated test all come.
//!
//! The records stand in `registry/table.rs`. Nothing here reads documents (see `extract`) or values
//! (see `param`).

mod doc;
mod table;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::fhir::ResourceType;

pub use doc::{markdown, record_name};
pub use table::PARAMETERS;

/// The type of a search parameter. Source: FHIR R4, value set `search-param-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// A coded value, identifier, boolean or contact point.
    Token,
    /// Text, compared from its start, ignoring case and accents.
    String,
    /// A date, instant, period or timing, as a range of milliseconds.
    Date,
    /// A number.
    Number,
    /// A number with a unit.
    Quantity,
    /// A reference to another resource.
    Reference,
    /// A URI, compared exactly.
    Uri,
    /// Several values that must hold on the same element.
    Composite,
    /// What has a grammar of its own: `near`, `price-in-force`, `open-at`, `capacity-max-age`.
    Special,
    /// Words: `_content`, `_text`.
    Text,
}

/// A repeated element that is searched on its own: all criteria on one of them hold together.
///
/// Each record is an index document beside its resource's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// One price of an establishment (`ror-organization-price`).
    Price,
    /// One bed or place count (`ror-location-supported-capacity`).
    Capacity,
    /// One limit of one equipment, or an equipment without limits (`ror-location-equipment`).
    Equipment,
    /// One kind of dwelling (`ror-location-residential-capacity`).
    Dwelling,
    /// One public with its ages (`ror-healthcareservice-patient-type`).
    Patient,
    /// One use context of a measure (for its composite parameters).
    UseContext,
}

impl RecordKind {
    /// All kinds, in the order of their discriminants.
    pub const ALL: [Self; 6] = [
        Self::Price,
        Self::Capacity,
        Self::Equipment,
        Self::Dwelling,
        Self::Patient,
        Self::UseContext,
    ];
}

/// Where a parameter is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// FHIR R4 itself.
    R4,
    /// The ROR implementation guide.
    Ror,
    /// This product; documented in `/metadata`.
    Ours,
}

/// One search parameter on one or more resource types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchParameter {
    /// Name in a request: `service-category`.
    pub code: &'static str,
    /// Resource types it may be asked on; all of them for `_id` and the like.
    pub bases: &'static [ResourceType],
    /// Its type, which decides values, prefixes and modifiers.
    pub kind: ParameterType,
    /// Where its values stand, in the subset of `FHIRPath` that `extract` compiles, without the leading
    /// type name: `category`, `extension(ror-commune-cog).value`, `name | alias`. Empty for
    /// parameters whose values are computed. Relative to the record when `record` is set.
    pub expression: &'static str,
    /// The record its values belong to, if they belong to one.
    pub record: Option<RecordKind>,
    /// Resource types of ours a reference may point at; empty for other parameters, and for
    /// references to types the directory does not hold.
    pub targets: &'static [ResourceType],
    /// For a composite: the codes of its components, all of the same record.
    pub components: &'static [&'static str],
    /// Where it is defined.
    pub origin: Origin,
    /// What it finds, in one sentence.
    pub doc: &'static str,
}

/// One parameter on one resource type: what the index knows as a field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The resource type.
    pub base: ResourceType,
    /// The parameter.
    pub parameter: &'static SearchParameter,
}

/// The position of a [`Field`] in [`fields`]; stable within one schema digest.
pub type FieldId = u16;

static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    ResourceType::ALL
        .into_iter()
        .flat_map(|base| of_type(base).map(move |parameter| Field { base, parameter }))
        .collect()
});

static BY_NAME: LazyLock<FxHashMap<(ResourceType, &'static str), FieldId>> = LazyLock::new(|| {
    let mut by_name = FxHashMap::default();
    for (id, field) in FIELDS.iter().enumerate() {
        let earlier = by_name.insert((field.base, field.parameter.code), id as FieldId);
        assert!(earlier.is_none(), "{}.{} is defined twice", field.base, field.parameter.code);
    }
    by_name
});

/// All fields: every parameter once for each of its resource types.
pub fn fields() -> &'static [Field] {
    &FIELDS
}

/// The parameter called `code` on `base`.
pub fn find(base: ResourceType, code: &str) -> Option<&'static SearchParameter> {
    field_id(base, code).map(|id| FIELDS[usize::from(id)].parameter)
}

/// The field of the parameter called `code` on `base`.
pub fn field_id(base: ResourceType, code: &str) -> Option<FieldId> {
    BY_NAME.get(&(base, code)).copied()
}

/// All parameters of `base`, in table order.
pub fn of_type(base: ResourceType) -> impl Iterator<Item = &'static SearchParameter> {
    PARAMETERS.iter().filter(move |p| p.bases.contains(&base))
}

impl SearchParameter {
    /// The modifiers a request may put on this parameter, besides `:[type]` on references.
    /// Source: FHIR R4, search, "Modifiers"; `:above` on a chained criterion is the guide's (T6).
    pub fn modifiers(&self) -> &'static [&'static str] {
        match self.kind {
            ParameterType::Token => {
                if self.code == "identifier" {
                    &["missing", "not", "text", "of-type"]
                } else {
                    &["missing", "not", "text", "in"]
                }
            }
            ParameterType::String => &["missing", "exact", "contains"],
            ParameterType::Reference => {
                if self.is_hierarchical() {
                    &["missing", "identifier", "above", "below"]
                } else {
                    &["missing", "identifier"]
                }
            }
            ParameterType::Uri => &["missing", "above", "below"],
            ParameterType::Date
            | ParameterType::Number
            | ParameterType::Quantity
            | ParameterType::Composite => &["missing"],
            ParameterType::Special | ParameterType::Text => &[],
        }
    }

    /// Whether the targets form a hierarchy by `partOf`, so that `:above` and `:below` mean something.
    pub fn is_hierarchical(&self) -> bool {
        self.targets
            .iter()
            .any(|t| matches!(t, ResourceType::Organization | ResourceType::Location))
    }

    /// Whether a comparison prefix (`ge`, `lt` …) may stand before a value.
    pub fn takes_prefix(&self) -> bool {
        matches!(self.kind, ParameterType::Date | ParameterType::Number | ParameterType::Quantity)
    }

    /// Whether `_sort` may name this parameter.
    pub fn is_sortable(&self) -> bool {
        match self.kind {
            // Tokens have no order of their own, but ids do.
            ParameterType::Token => self.code == "_id",
            ParameterType::String
            | ParameterType::Date
            | ParameterType::Number
            | ParameterType::Quantity
            | ParameterType::Uri => true,
            ParameterType::Special => self.code == "near",
            ParameterType::Reference | ParameterType::Composite | ParameterType::Text => false,
        }
    }
}

/// What a token parameter's elements look like, where JSON alone cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenShape {
    /// `CodeableConcept`, `Coding`, `code`, `boolean`, `string`, `id`.
    Coded,
    /// `Identifier`.
    Identifier,
    /// `ContactPoint`.
    ContactPoint,
}

impl SearchParameter {
    /// The shape of the elements of a token parameter.
    pub fn token_shape(&self) -> TokenShape {
        match self.code {
            "identifier" | "group-identifier" => TokenShape::Identifier,
            "telecom" | "phone" | "email" => TokenShape::ContactPoint,
            _ => TokenShape::Coded,
        }
    }
}
