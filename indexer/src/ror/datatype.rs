//! The FHIR R4 data types our output uses, with the constructors the domain needs.
//!
//! Not a general FHIR model: an element no ROR profile uses is not here, and a concept holds one
//! coding because every ROR concept does.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::extension::{self, Extension, Value};
use super::{PROVENANCE_SYSTEM, provenance, system};

/// Text that is borrowed when it comes from a table and owned when it was built.
pub type Text<'a> = Cow<'a, str>;

/// A code and its French label, in the code system its position implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// The label; empty when there is none.
    pub label: &'a str,
}

impl<'a> Code<'a> {
    /// A code with its label.
    pub const fn new(code: &'a str, label: &'a str) -> Self {
        Self { code, label }
    }

    /// The code as a `Coding` of `system`.
    pub fn coding(self, system: &'a str) -> Coding<'a> {
        coding(system, self.code, self.label)
    }

    /// The code as a `CodeableConcept` of `system`.
    pub fn concept(self, system: &'a str) -> CodeableConcept<'a> {
        self.coding(system).into()
    }
}

/// A `Coding`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coding<'a> {
    /// The code system's URL.
    pub system: Text<'a>,
    /// The code.
    pub code: Text<'a>,
    /// The label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<Text<'a>>,
}

/// A coding; an empty `display` is left out.
pub fn coding<'a>(
    system: &'a str,
    code: impl Into<Text<'a>>,
    display: impl Into<Text<'a>>,
) -> Coding<'a> {
    let display = display.into();
    Coding {
        system: system.into(),
        code: code.into(),
        display: (!display.is_empty()).then_some(display),
    }
}

/// A `CodeableConcept` with one coding or a text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CodeableConcept<'a> {
    /// Extensions (`ror-act-type`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// The coding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coding: Option<[Coding<'a>; 1]>,
    /// The text, for what has no code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
}

impl<'a> CodeableConcept<'a> {
    /// A concept that has no code, only a text.
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }
}

impl<'a> From<Coding<'a>> for CodeableConcept<'a> {
    fn from(coding: Coding<'a>) -> Self {
        Self { extension: Vec::new(), coding: Some([coding]), text: None }
    }
}

/// A concept of `system`; an empty `display` is left out.
pub fn concept<'a>(
    system: &'a str,
    code: impl Into<Text<'a>>,
    display: impl Into<Text<'a>>,
) -> CodeableConcept<'a> {
    coding(system, code, display).into()
}

/// `Resource.meta`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<'a> {
    /// Last change: an instant with a zone.
    pub last_updated: Text<'a>,
    /// Source region (R30) and provenance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Coding<'a>>,
}

impl<'a> Meta<'a> {
    /// A record with its source region, if known, and one of the [`provenance`] codes.
    pub fn new(
        last_updated: impl Into<Text<'a>>,
        region: Option<Code<'a>>,
        origin: Code<'static>,
    ) -> Self {
        let region = region.map(|code| code.coding(system::REGION));
        let tag = region.into_iter().chain([origin.coding(PROVENANCE_SYSTEM)]).collect();
        Self { last_updated: last_updated.into(), tag }
    }

    /// A record converted from open data.
    pub fn open_data(last_updated: impl Into<Text<'a>>, region: Option<Code<'a>>) -> Self {
        Self::new(last_updated, region, provenance::OPEN_DATA)
    }
}

/// An `Identifier`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Identifier<'a> {
    /// What kind of identifier it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<CodeableConcept<'a>>,
    /// The identifier system's URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<Text<'a>>,
    /// The value.
    pub value: Text<'a>,
}

impl<'a> Identifier<'a> {
    /// An identifier of which only the value is known.
    pub fn value(value: impl Into<Text<'a>>) -> Self {
        Self { kind: None, system: None, value: value.into() }
    }

    fn typed(
        kind: CodeableConcept<'a>,
        system: Option<&'a str>,
        value: impl Into<Text<'a>>,
    ) -> Self {
        Self { kind: Some(kind), system: system.map(Text::from), value: value.into() }
    }

    fn structure(code: &'a str, label: &'a str, system: &'a str, value: Text<'a>) -> Self {
        let kind = concept(system::STRUCTURE_IDENTIFIER_TYPE, code, label);
        Self::typed(kind, Some(system), value)
    }

    /// The national structure identifier; `value` has its leading type digit (1 FINESS, 2 SIREN,
    /// 3 SIRET).
    pub fn national_structure(value: impl Into<Text<'a>>) -> Self {
        let label = "Identifiant national de structure";
        Self::structure("40", label, system::ID_NATIONAL_STRUCTURE, value.into())
    }

    /// A FINESS number (nine characters).
    pub fn finess(value: impl Into<Text<'a>>) -> Self {
        Self::structure("1", "FINESS", system::ID_FINESS, value.into())
    }

    /// A SIREN number (nine digits).
    pub fn siren(value: impl Into<Text<'a>>) -> Self {
        Self::structure("2", "SIREN", system::ID_SIRENE, value.into())
    }

    /// A SIRET number (fourteen digits).
    pub fn siret(value: impl Into<Text<'a>>) -> Self {
        Self::structure("3", "SIRET", system::ID_SIRENE, value.into())
    }

    /// The identifier of an internal organization.
    pub fn internal_organization(value: impl Into<Text<'a>>) -> Self {
        let label = "Identifiant fonctionnel de l'OI connu par l'instance ROR";
        let kind = concept(system::OTHER_IDENTIFIER_TYPE, "42", label);
        Self::typed(kind, Some(system::ID_INTERNAL_ORGANIZATION), value)
    }

    /// The national identifier of an offer, `region/number`.
    pub fn offer(value: impl Into<Text<'a>>) -> Self {
        let label = "Identifiant fonctionnel de l'offre connu par l'instance ROR";
        Self::typed(concept(system::OFFER_IDENTIFIER_TYPE, "35", label), None, value)
    }

    /// The identifier of a place, `region/number`.
    pub fn place(value: impl Into<Text<'a>>) -> Self {
        let label = "Identifiant du lieu de réalisation de l'offre connu par l'instance ROR";
        Self::typed(concept(system::RESOURCE_IDENTIFIER_TYPE, "25", label), None, value)
    }

    /// The identifier of a bed zone, `national structure identifier/external id`: the key by which
    /// capacities are updated.
    pub fn bed_zone(value: impl Into<Text<'a>>) -> Self {
        let label = "Identifiant de la zone d'hébergement";
        Self::typed(concept(system::RESOURCE_IDENTIFIER_TYPE, "26", label), None, value)
    }

    /// The national identifier of a professional (RPPS).
    pub fn professional(value: impl Into<Text<'a>>) -> Self {
        Self { kind: None, system: Some(system::ID_PROFESSIONAL.into()), value: value.into() }
    }
}

/// A `Reference`, by address or by identifier (logical).
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reference<'a> {
    /// `Type/id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text<'a>>,
    /// The target's type; set for logical references.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
    /// The target's identifier; set for logical references.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Box<Identifier<'a>>>,
}

impl<'a> Reference<'a> {
    /// A relative reference, `Organization/12`.
    pub fn to(address: impl Into<Text<'a>>) -> Self {
        Self { reference: Some(address.into()), kind: None, identifier: None }
    }

    /// A logical reference: the target's type and identifier, no address.
    pub fn logical(kind: &'a str, identifier: Identifier<'a>) -> Self {
        Self { reference: None, kind: Some(kind), identifier: Some(Box::new(identifier)) }
    }
}

/// A `Period`; dates or instants.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Period<'a> {
    /// First moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Text<'a>>,
    /// Last moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Text<'a>>,
}

/// A `Quantity`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Quantity<'a> {
    /// The number.
    #[serde(serialize_with = "decimal")]
    pub value: f64,
    /// The unit, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text<'a>>,
    /// The system of the coded unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<Text<'a>>,
    /// The coded unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<'a>>,
}

impl<'a> Quantity<'a> {
    /// A quantity in a UCUM unit that is its own symbol (`kg`, `cm`, `%`).
    pub fn ucum(value: f64, unit: &'a str) -> Self {
        Self {
            value,
            unit: Some(unit.into()),
            system: Some(system::UCUM.into()),
            code: Some(unit.into()),
        }
    }

    /// An age in years, in the unit system of the ROR.
    pub fn years(value: u32) -> Self {
        Self {
            value: f64::from(value),
            unit: None,
            system: Some(system::AGE_UNIT.into()),
            code: Some("a".into()),
        }
    }
}

/// A `Range`, both bounds included.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Range<'a> {
    /// Lower bound.
    pub low: Quantity<'a>,
    /// Upper bound.
    pub high: Quantity<'a>,
}

/// A `Money` in euros.
#[derive(Debug, Clone, Serialize)]
pub struct Money {
    /// The amount.
    #[serde(serialize_with = "decimal")]
    pub value: f64,
    /// Always `EUR`.
    pub currency: &'static str,
}

impl Money {
    /// An amount in euros.
    pub const fn euros(value: f64) -> Self {
        Self { value, currency: "EUR" }
    }
}

/// An `Expression` in `FHIRPath`.
#[derive(Debug, Clone, Serialize)]
pub struct Expression<'a> {
    /// Always `text/fhirpath`.
    pub language: &'static str,
    /// The expression.
    pub expression: Text<'a>,
}

impl<'a> Expression<'a> {
    /// A `FHIRPath` expression.
    pub fn fhirpath(expression: impl Into<Text<'a>>) -> Self {
        Self { language: "text/fhirpath", expression: expression.into() }
    }
}

/// A `HumanName`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HumanName<'a> {
    /// The whole name, when its parts are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Text<'a>>,
    /// Given names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Text<'a>>,
    /// Titles (`M`, `MME`, `DR`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefix: Vec<Text<'a>>,
}

/// A `ContactPoint` with its ROR channel, usage and confidentiality level.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ContactPoint<'a> {
    /// Channel, usage, confidentiality.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// `phone`, `fax`, `email`, `url` or `other`.
    pub system: &'static str,
    /// The number or address.
    pub value: Text<'a>,
}

/// The FHIR contact system of a communication channel (R200).
pub fn contact_system(channel: &str) -> &'static str {
    match channel {
        "1" | "2" | "8" => "phone",
        "3" | "9" => "email",
        "4" => "url",
        "6" => "fax",
        _ => "other",
    }
}

/// Writes a whole number without a fraction: `300`, not `300.0`, which would claim a precision.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn decimal<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Below it every whole number is exact.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT_MAX {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// What only an extension can say of a primitive element: the value of a `_line` or `_name`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Element<'a> {
    /// The extensions.
    pub extension: Vec<Extension<'a>>,
}

/// An `Address` whose lines carry their parts.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address<'a> {
    /// `inseeCode` and geolocation (organizations only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// The lines in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line: Vec<Text<'a>>,
    /// The parts of each line; `null` for a line without parts.
    #[serde(rename = "_line", skip_serializing_if = "Vec::is_empty")]
    pub line_parts: Vec<Option<Element<'a>>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Text<'a>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Text<'a>>,
}

impl<'a> Address<'a> {
    /// Adds a line with its parts; pass none for a line whose parts are not known.
    pub fn push_line(&mut self, line: impl Into<Text<'a>>, parts: Vec<Extension<'a>>) {
        self.line.push(line.into());
        self.line_parts.push((!parts.is_empty()).then_some(Element { extension: parts }));
        if self.line_parts.iter().all(Option::is_none) {
            // An array of nulls alone is not valid FHIR JSON.
            self.line_parts.clear();
        } else {
            while self.line_parts.len() < self.line.len() {
                self.line_parts.insert(0, None);
            }
        }
    }

    /// Adds the INSEE code of the commune.
    pub fn set_insee_code(&mut self, commune: Code<'a>) {
        let value = Value::Coding(commune.coding(system::COMMUNE));
        self.extension.push(Extension::new(extension::INSEE_CODE, value));
    }

    /// Adds coordinates (WGS 84, degrees) and, if known, whether they can be trusted.
    pub fn set_geolocation(&mut self, latitude: f64, longitude: f64, reliable: Option<bool>) {
        let mut parts = vec![
            Extension::new("latitude", Value::Decimal(latitude)),
            Extension::new("longitude", Value::Decimal(longitude)),
        ];
        if let Some(reliable) = reliable {
            parts.push(Extension::new(extension::CONFIDENCE_GEOLOCATION, Value::Boolean(reliable)));
        }
        self.extension.push(Extension::complex(extension::GEOLOCATION, parts));
    }
}
