//! The eight resources, with the elements their ROR profiles use.
//!
//! What a profile makes mandatory is not enforced here: the validator does that, for everyone's
//! documents alike.

use serde::Serialize;

use super::datatype::{
    Address, CodeableConcept, Coding, ContactPoint, Element, HumanName, Identifier, Meta, Period,
    Quantity, Reference, Text,
};
use super::extension::{self, Extension, Value};

/// An offer: what is done, for whom, how.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthcareService<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Sensitivity, public, contacts, area served, creation date, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// National identifier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// The organization that makes the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provided_by: Option<Reference<'a>>,
    /// Kind of offer (R244).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<CodeableConcept<'a>>,
    /// Field of activity (R227).
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<CodeableConcept<'a>>,
    /// Operational activities (R211) and their families (R265).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specialty: Vec<CodeableConcept<'a>>,
    /// Where it takes place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub location: Vec<Reference<'a>>,
    /// Name of the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text<'a>>,
    /// Secure mailbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
    /// Area covered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coverage_area: Vec<Reference<'a>>,
    /// Mode of care, acts, opening in the year and other characteristics, told apart by system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub characteristic: Vec<CodeableConcept<'a>>,
    /// Opening slots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_time: Vec<AvailableTime<'a>>,
    /// Closing and expected reopening.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_available: Vec<NotAvailable<'a>>,
}

/// An opening slot; [`super::record::opening`] makes one.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableTime<'a> {
    /// Day number, dates, kind of slot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// FHIR day codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days_of_week: Vec<&'static str>,
    /// Open all day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_day: Option<bool>,
    /// From, `HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_start_time: Option<Text<'a>>,
    /// To, `HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_end_time: Option<Text<'a>>,
}

/// A closing of an offer.
#[derive(Debug, Clone, Serialize)]
pub struct NotAvailable<'a> {
    /// The slice's name, by which the search parameter finds it.
    pub id: &'static str,
    /// Fixed by the profile.
    pub description: &'static str,
    /// Closing and expected reopening.
    pub during: Period<'a>,
}

impl<'a> NotAvailable<'a> {
    /// A closing from `start`, with the expected reopening if known.
    pub fn closing(start: impl Into<Text<'a>>, reopening: Option<Text<'a>>) -> Self {
        Self {
            id: "closingReopeningDate",
            description: "Période de fermeture et de réouverture prévisionnelle",
            during: Period { start: Some(start.into()), end: reopening },
        }
    }
}

/// A legal entity (EJ), an establishment (EG) or an internal organization (OI).
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Prices, helps, creation date, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// FINESS, SIREN, SIRET, national structure or OI identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// Category (R66, R02), legal status (R72, R69) or kind of OI (R207).
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<CodeableConcept<'a>>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Complement of the name; see [`Organization::set_additional_name`].
    #[serde(rename = "_name", skip_serializing_if = "Option::is_none")]
    pub name_element: Option<Element<'a>>,
    /// Usual name of an EG.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alias: Vec<Text<'a>>,
    /// Secure mailbox of an OI.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
    /// Address of an EJ or EG (none or one).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<Address<'a>>,
    /// The organization above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Reference<'a>>,
    /// Contacts of an EJ or EG.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<OrganizationContact<'a>>,
}

impl<'a> Organization<'a> {
    /// Sets the complement of the name.
    pub fn set_additional_name(&mut self, text: impl Into<Text<'a>>) {
        let extension = vec![Extension::string(extension::ADDITIONAL_NAME, text)];
        self.name_element = Some(Element { extension });
    }
}

/// A contact of an organization; [`super::record::Contact::of_organization`] makes one.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OrganizationContact<'a> {
    /// Function, description, confidentiality.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// What it is for (R287).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<CodeableConcept<'a>>,
    /// The person or desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<HumanName<'a>>,
    /// How to reach it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
}

/// A place, with its capacities and equipment.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Commune, capacities, equipment, dwellings, comment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// Identifier of the place, of the bed zone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// FHIR status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Open, closed for a time, closed for good (R203).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operational_status: Option<Coding<'a>>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Name of the bed zone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alias: Vec<Text<'a>>,
    /// How to reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// Use of the place (R343).
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<CodeableConcept<'a>>,
    /// Telecoms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address<'a>>,
    /// Position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position<'a>>,
    /// The EG, only for a place no offer uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managing_organization: Option<Reference<'a>>,
    /// The place around.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Reference<'a>>,
}

/// `Location.position`, WGS 84 degrees.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Position<'a> {
    /// Reliability.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

impl Position<'_> {
    /// A position and, if known, whether it can be trusted.
    pub fn new(latitude: f64, longitude: f64, reliable: Option<bool>) -> Self {
        let reliability = |r| Extension::new(extension::COORDINATE_RELIABILITY, Value::Boolean(r));
        Self { extension: reliable.map(reliability).into_iter().collect(), longitude, latitude }
    }
}

/// A professional's identity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Practitioner<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Creation date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// RPPS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// Civil name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<HumanName<'a>>,
    /// Secure mailbox.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
    /// FHIR administrative gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<&'static str>,
}

/// A professional's situation of practice in one offer.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PractitionerRole<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Mode of exercise, name in practice, agreement, creation date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extension: Vec<Extension<'a>>,
    /// Identifier of the situation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// The professional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practitioner: Option<Reference<'a>>,
    /// The organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Reference<'a>>,
    /// Profession (G15, R356).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<CodeableConcept<'a>>,
    /// Kind of know-how (R04) and specialties.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specialty: Vec<CodeableConcept<'a>>,
    /// Where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub location: Vec<Reference<'a>>,
    /// The offer (one).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub healthcare_service: Vec<Reference<'a>>,
    /// Telecom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub telecom: Vec<ContactPoint<'a>>,
    /// Hours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_time: Vec<AvailableTime<'a>>,
}

/// A reported anomaly.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Identifier of the anomaly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// FHIR task status.
    pub status: &'static str,
    /// Business status (R352).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_status: Option<CodeableConcept<'a>>,
    /// FHIR request intent.
    pub intent: &'static str,
    /// Theme (R350).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeableConcept<'a>>,
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// The resource in error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focus: Option<Reference<'a>>,
    /// Sent to the handler; end of handling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_period: Option<Period<'a>>,
    /// Creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authored_on: Option<Text<'a>>,
    /// Last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Text<'a>>,
    /// Who reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<Reference<'a>>,
    /// Who handles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Reference<'a>>,
    /// Action asked (R349).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<CodeableConcept<'a>>,
    /// What was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<TaskParameter<'a>>,
    /// What was done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<TaskParameter<'a>>,
}

/// An input or output of a task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskParameter<'a> {
    /// Its kind, in one of the guide's two systems.
    #[serde(rename = "type")]
    pub kind: CodeableConcept<'a>,
    /// Its value.
    #[serde(flatten)]
    pub value: Value<'a>,
}

/// The definition of an indicator.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measure<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Canonical URL, by which reports name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<'a>>,
    /// Identifier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// Publication status.
    pub status: &'static str,
    /// Date of the definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Text<'a>>,
    /// Why it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Text<'a>>,
    /// Topics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topic: Vec<CodeableConcept<'a>>,
    /// Kind of measure.
    #[serde(rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<CodeableConcept<'a>>,
    /// What is counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<MeasureGroup<'a>>,
}

/// `Measure.group`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MeasureGroup<'a> {
    /// Its name.
    pub code: CodeableConcept<'a>,
    /// Its meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
}

/// The values of an indicator.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MeasureReport<'a> {
    /// Logical id.
    pub id: Text<'a>,
    /// Metadata.
    pub meta: Meta<'a>,
    /// Identifier.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<Identifier<'a>>,
    /// FHIR report status.
    pub status: &'static str,
    /// FHIR report type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Canonical URL of the measure.
    pub measure: Text<'a>,
    /// What is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Reference<'a>>,
    /// Date of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Text<'a>>,
    /// Who reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Reference<'a>>,
    /// The period measured.
    pub period: Period<'a>,
    /// The values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<ReportGroup<'a>>,
}

/// `MeasureReport.group`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportGroup<'a> {
    /// Its name, as in the measure.
    pub code: CodeableConcept<'a>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure_score: Option<Quantity<'a>>,
}
