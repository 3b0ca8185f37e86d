//! Extensions: their exact URLs, and the generic node they serialize to.
//!
//! The records of several parts (capacity, price, equipment, contact) are in [`super::record`].
//! Source: ROR guide 0.7.0; two URLs keep the guide's spelling mistakes (`accomodation`,
//! `temporaryAssignement`).

use serde::Serialize;

use super::datatype::{
    Code, CodeableConcept, Coding, Expression, HumanName, Identifier, Money, Period, Quantity,
    Range, Text,
};
use super::system;

macro_rules! ror {
    ($name:literal) => {
        concat!("https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/", $name)
    };
}
macro_rules! core {
    ($name:literal) => {
        concat!("http://hl7.org/fhir/StructureDefinition/", $name)
    };
}
macro_rules! directory {
    ($name:literal) => {
        concat!("https://apifhir.annuaire.sante.fr/ws-sync/exposed/structuredefinition/", $name)
    };
}

/// Creation date of a record.
pub const CREATION_DATE: &str = ror!("ror-meta-creation-date");
/// Comment on a record (`Organization`, `PractitionerRole`).
pub const META_COMMENT: &str = ror!("ror-meta-comment");
/// Comment on a place.
pub const PLACE_COMMENT: &str = ror!("ror-comment");
/// Input template of a record.
pub const TEMPLATE: &str = ror!("ror-meta-questionnaire-used-as-a-template");

/// Kind of an opening slot.
pub const TIME_TYPE: &str = ror!("ror-available-time-type-of-time");
/// Day number of an opening slot, 1 Monday to 7 Sunday.
pub const TIME_DAY: &str = ror!("ror-available-time-number-days-of-week");
/// Dates between which an opening slot applies.
pub const TIME_DATES: &str = ror!("ror-available-time-effective-opening-closing-date");

/// Channel of a telecom.
pub const TELECOM_CHANNEL: &str = ror!("ror-telecom-communication-channel");
/// What a telecom is for.
pub const TELECOM_USAGE: &str = ror!("ror-telecom-usage");
/// Who may see a telecom.
pub const TELECOM_CONFIDENTIALITY: &str = ror!("ror-telecom-confidentiality-level");
/// Who may see a contact of an offer.
pub const OFFER_CONTACT_CONFIDENTIALITY: &str = ror!("ror-confidentiality-level");
/// Who may see a contact of an organization.
pub const CONTACT_CONFIDENTIALITY: &str = ror!("ror-contact-confidentiality-level");
/// Description of a contact of an organization.
pub const CONTACT_DESCRIPTION: &str = ror!("ror-contact-description");
/// Function of a contact.
pub const CONTACT_FUNCTION: &str = ror!("ror-contact-function-contact");

/// Contact of an offer.
pub const OFFER_CONTACT: &str = ror!("ror-healthcareservice-contact");
/// Telecom of a contact of an offer.
pub const OFFER_CONTACT_TELECOM: &str = ror!("ror-healthcareservice-contact-telecom");
/// Specific act or act outside the practice.
pub const ACT_TYPE: &str = ror!("ror-act-type");
/// The whole offer is confidential.
pub const SENSITIVE_UNIT: &str = ror!("ror-healthcareservice-sensitive-unit");
/// The offer may care without consent.
pub const NO_CONSENT: &str = ror!("ror-healthcareservice-no-consent-habilitation");
/// Psychiatric sector served.
pub const PSYCHIATRIC_SECTOR: &str = ror!("ror-healthcareservice-psychiatric-sector");
/// Public and ages.
pub const PATIENT_TYPE: &str = ror!("ror-healthcareservice-patient-type");
/// Area served, or health territory.
pub const TERRITORIAL_DIVISION: &str = ror!("ror-territorial-division");

/// Commune of a place.
pub const COMMUNE_COG: &str = ror!("ror-commune-cog");
/// Whether a position can be trusted.
pub const COORDINATE_RELIABILITY: &str = ror!("ror-coordinate-reliability");
/// Equipment of a place.
pub const EQUIPMENT: &str = ror!("ror-location-equipment");
/// Limit of an equipment.
pub const EQUIPMENT_LIMIT: &str = ror!("ror-location-equipment-limit");
/// Dwellings of a place.
pub const RESIDENTIAL_CAPACITY: &str = ror!("ror-location-residential-capacity");
/// Beds and places.
pub const SUPPORTED_CAPACITY: &str = ror!("ror-location-supported-capacity");

/// Complement of an organization's name.
pub const ADDITIONAL_NAME: &str = ror!("ror-organization-additional-name");
/// Trust in an organization's coordinates.
pub const CONFIDENCE_GEOLOCATION: &str = ror!("ror-confidence-geolocation");
/// Families can be housed.
pub const FAMILY_ACCOMMODATION: &str = ror!("ror-organization-accomodation-family");
/// Kind of closing of an organization.
pub const CLOSING_TYPE: &str = ror!("ror-organization-closing-type");
/// Comment on an establishment.
pub const ORGANIZATION_COMMENT: &str = ror!("ror-organization-comment");
/// Legal creation of a legal entity.
pub const ORGANIZATION_CREATION_DATE: &str = ror!("ror-organization-creation-date");
/// Helicopter landing zone.
pub const DROP_ZONE: &str = ror!("ror-organization-drop-zone");
/// Public financial help.
pub const FINANCIAL_HELP: &str = ror!("ror-organization-financial-help-type");
/// Permanent places of social help.
pub const PERMANENT_SOCIAL_HELP: &str = ror!("ror-organization-nb-permanent-social-help-place");
/// Temporary places of social help.
pub const TEMPORARY_SOCIAL_HELP: &str = ror!("ror-organization-nb-temporary-social-help-place");
/// Expected reopening of an internal organization.
pub const REOPENING_DATE: &str = ror!("ror-organization-reopening-date");
/// A price.
pub const PRICE: &str = ror!("ror-organization-price");
/// Opening and closing of an organization.
pub const ORGANIZATION_PERIOD: &str = core!("organization-period");

/// Mode of exercise in an offer.
pub const EXERCISE_MODE: &str = ror!("ror-practitionerrole-unit-exercise-mode");
/// Name in practice.
pub const ROLE_NAME: &str = ror!("ror-practitionerrole-name");
/// Agreement with health insurance.
pub const CONTRACTED: &str = directory!("practitionerRole-contracted");
/// Has a contract limiting fees.
pub const HAS_CAS: &str = directory!("practitionerRole-hasCAS");
/// Takes the health insurance card.
pub const VITALE_ACCEPTED: &str = directory!("practitionerRole-vitaleAccepted");

/// Coordinates of an address.
pub const GEOLOCATION: &str = core!("geolocation");
/// INSEE code of an address.
pub const INSEE_CODE: &str = "http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode";
/// Address line: house number.
pub const HOUSE_NUMBER: &str = core!("iso21090-ADXP-houseNumber");
/// Address line: suffix of the house number (`BIS`).
pub const HOUSE_NUMBER_SUFFIX: &str = core!("iso21090-ADXP-buildingNumberSuffix");
/// Address line: kind of street (`RUE`, `AV`).
pub const STREET_TYPE: &str = core!("iso21090-ADXP-streetNameType");
/// Address line: name of the street.
pub const STREET_NAME: &str = core!("iso21090-ADXP-streetNameBase");
/// Address line: building, entrance.
pub const ADDITIONAL_LOCATOR: &str = core!("iso21090-ADXP-additionalLocator");
/// Address line: delivery point.
pub const CARE_OF: &str = core!("iso21090-ADXP-careOf");
/// Address line: post box and other delivery mentions.
pub const POST_BOX: &str = core!("iso21090-ADXP-postBox");
/// Address line: hamlet.
pub const HAMLET: &str =
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-lieu-dit";

/// An extension: a value, or parts.
#[derive(Debug, Clone, Serialize)]
pub struct Extension<'a> {
    /// The URL; of a part, its short name.
    pub url: &'static str,
    /// The parts of a complex extension.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// The value of a simple extension.
    #[serde(flatten)]
    pub value: Option<Value<'a>>,
}

impl<'a> Extension<'a> {
    /// A simple extension.
    pub const fn new(url: &'static str, value: Value<'a>) -> Self {
        Self { url, extension: Vec::new(), value: Some(value) }
    }

    /// A complex extension.
    pub const fn complex(url: &'static str, parts: Vec<Self>) -> Self {
        Self { url, extension: parts, value: None }
    }

    /// An extension holding a string.
    pub fn string(url: &'static str, value: impl Into<Text<'a>>) -> Self {
        Self::new(url, Value::String(value.into()))
    }

    /// An extension holding a concept.
    pub fn concept(url: &'static str, value: impl Into<CodeableConcept<'a>>) -> Self {
        Self::new(url, Value::CodeableConcept(value.into()))
    }

    /// An extension holding a code of `system`.
    pub fn code(url: &'static str, system: &'a str, code: Code<'a>) -> Self {
        Self::concept(url, code.coding(system))
    }

    /// The creation date of a record.
    pub fn creation_date(instant: impl Into<Text<'a>>) -> Self {
        Self::new(CREATION_DATE, Value::DateTime(instant.into()))
    }

    /// The commune of a place.
    pub fn commune(commune: Code<'a>) -> Self {
        Self::code(COMMUNE_COG, system::COMMUNE, commune)
    }
}

/// The `value[x]` of an extension, a task input or a task output.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "each variant is the FHIR data type of its name")]
pub enum Value<'a> {
    #[serde(rename = "valueBoolean")]
    Boolean(bool),
    #[serde(rename = "valueInteger")]
    Integer(i32),
    #[serde(rename = "valueDecimal")]
    Decimal(f64),
    #[serde(rename = "valueString")]
    String(Text<'a>),
    #[serde(rename = "valueCode")]
    Code(Text<'a>),
    #[serde(rename = "valueDate")]
    Date(Text<'a>),
    #[serde(rename = "valueDateTime")]
    DateTime(Text<'a>),
    #[serde(rename = "valueCanonical")]
    Canonical(Text<'a>),
    #[serde(rename = "valueCoding")]
    Coding(Coding<'a>),
    #[serde(rename = "valueCodeableConcept")]
    CodeableConcept(CodeableConcept<'a>),
    #[serde(rename = "valueIdentifier")]
    Identifier(Identifier<'a>),
    #[serde(rename = "valueHumanName")]
    HumanName(HumanName<'a>),
    #[serde(rename = "valuePeriod")]
    Period(Period<'a>),
    #[serde(rename = "valueQuantity")]
    Quantity(Quantity<'a>),
    #[serde(rename = "valueRange")]
    Range(Box<Range<'a>>),
    #[serde(rename = "valueMoney")]
    Money(Money),
    #[serde(rename = "valueExpression")]
    Expression(Expression<'a>),
}
