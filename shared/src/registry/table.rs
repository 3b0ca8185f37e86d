//! The search parameters: one record each.
//!
//! Sources: FHIR R4 search parameters of the eight types; the ROR guide 0.7.0, read as it is *meant*
//! where its expressions select nothing (casts to `code`, wrong extension URLs, `specialPrice`).
//! To add a parameter, add a record here and a table of values to the end-to-end search tests.

use super::RecordKind::{self, Capacity, Dwelling, Equipment, Patient, Price, UseContext};
use super::{Origin, ParameterType, SearchParameter};
use crate::fhir::ResourceType::{
    self, HealthcareService, Location, Measure, MeasureReport, Organization, Practitioner,
    PractitionerRole, Task,
};

const ALL: [ResourceType; 8] = ResourceType::ALL;

/// All search parameters, by theme.
#[rustfmt::skip]
pub const PARAMETERS: &[SearchParameter] = &[
    // Every resource type (FHIR R4, Resource and DomainResource)
    token("_id", &ALL, "id", "The logical id."),
    date("_lastUpdated", &ALL, "meta.lastUpdated", "When the resource last changed."),
    token("_tag", &ALL, "meta.tag", "A tag, such as the region the record comes from."),
    uri("_profile", &ALL, "meta.profile", "A profile the resource claims."),
    token("_security", &ALL, "meta.security", "A security label."),
    uri("_source", &ALL, "meta.source", "Where the resource comes from."),
    text("_content", &ALL, "", "Words, \"phrases\" and -exclusions anywhere in the resource, in the labels of its codes, or in their synonyms (see text.md)."),
    text("_text", &ALL, "text.div", "The same in the narrative."),

    // HealthcareService
    token("active", &[HealthcareService, Organization, Practitioner, PractitionerRole], "active", "Whether the record is in use."),
    token("characteristic", &[HealthcareService], "characteristic", "A coded characteristic: mode of care, act, reception, competence, level."),
    reference("coverage-area", &[HealthcareService], "coverageArea", "A place the offer serves.").to(&[Location]),
    reference("endpoint", &[HealthcareService, Organization, Location, PractitionerRole], "endpoint", "A technical endpoint."),
    token("identifier", &[HealthcareService, Organization, Location, Practitioner, PractitionerRole, Task, Measure, MeasureReport], "identifier", "A business identifier."),
    reference("location", &[HealthcareService, PractitionerRole], "location", "A place where it happens.").to(&[Location]),
    string("name", &[HealthcareService], "name", "The name of the offer."),
    reference("organization", &[HealthcareService], "providedBy", "The organization that provides the offer.").to(&[Organization]),
    token("program", &[HealthcareService], "program", "A program the offer belongs to."),
    token("service-category", &[HealthcareService], "category", "The kind of offer."),
    token("service-type", &[HealthcareService], "type", "The field of activity."),
    token("specialty", &[HealthcareService], "specialty", "An activity of the offer."),
    token("specialty", &[PractitionerRole], "specialty", "A specialty or know-how of the professional."),
    string("psychiatric-sector", &[HealthcareService], "extension(ror-healthcareservice-psychiatric-sector).value", "The psychiatric sector.").ror(),
    token("patient-type", &[HealthcareService], "part(supportedPatientInfo)", "A public the offer cares for.").ror().record(Patient),
    quantity("age-range-low", &[HealthcareService], "part(ageRange).low", "The minimum age of the patients, included.").ror().record(Patient),
    quantity("age-range-high", &[HealthcareService], "part(ageRange).high", "The maximum age of the patients, included.").ror().record(Patient),
    token("intervention-zone", &[HealthcareService], "extension(ror-territorial-division).part(codeTerritorialDivision)", "A territory whose inhabitants the offer serves.").ror(),
    date("notavailable-closing-reopeningdate", &[HealthcareService], "notAvailable.where(id='closingReopeningDate').during | notAvailable.where(description='Période de fermeture et de réouverture prévisionnelle').during", "The period of closing, until the expected reopening.").ror(),
    token("equipment-type", &[HealthcareService], "extension(http://interop.esante.gouv.fr/ig/fhir/ror30/StructureDefinition/ror-healthcareservice-equipement).part(equipmentType)", "Equipment as an older guide recorded it; today it stands on the Location.").ror(),
    special("open-at", &[HealthcareService], "", "Offers open at an instant, now without one: by their opening hours on the clock of their place, closings, and the status of place and organization. No hours, not open.").ours(),
    token("sensitive-unit", &[HealthcareService], "extension(ror-healthcareservice-sensitive-unit).value", "Whether the whole offer is confidential.").ours(),

    // Organization
    string("address", &[Organization, Location, Practitioner], "address", "Any part of an address."),
    string("address-city", &[Organization, Location, Practitioner], "address.city", "The town of an address."),
    string("address-country", &[Organization, Location, Practitioner], "address.country", "The country of an address."),
    string("address-postalcode", &[Organization, Location, Practitioner], "address.postalCode", "The postal code of an address; two digits stand for a department."),
    string("address-state", &[Organization, Location, Practitioner], "address.state", "The state of an address."),
    token("address-use", &[Organization, Location, Practitioner], "address.use", "The use of an address."),
    string("name", &[Organization], "name | alias", "The name of the organization, or its usual name."),
    reference("partof", &[Organization], "partOf", "The organization this one is a part of.").to(&[Organization]),
    string("phonetic", &[Organization], "name", "The name, compared as text."),
    token("type", &[Organization], "type", "The kind of organization: category, legal status, internal kind."),
    token("drop-zone", &[Organization], "extension(ror-organization-drop-zone).value", "Whether a helicopter may land.").ror(),
    token("closing-type", &[Organization], "extension(ror-organization-closing-type).value", "The kind of closing.").ror(),
    date("period-end", &[Organization], "extension(http://hl7.org/fhir/StructureDefinition/organization-period).value.end", "The date of closing.").ror(),
    string("oi-name", &[Organization], "extension(ror-organization-oi-name).value", "The name of an internal organization as an older guide recorded it; today use name.").ror(),
    token("price-type", &[Organization], "part(priceType)", "The type of a price.").ror().record(Price),
    number("price-amount-value", &[Organization], "part(amount).value", "The amount of a price, as stored.").ror().record(Price),
    token("price-residential-type", &[Organization], "part(residentialType)", "The kind of room of a price.").ror().record(Price),
    token("special-price", &[Organization], "part(specialPrice)", "The condition attached to a price.").ror().record(Price),
    token("price-dependency-level", &[Organization], "part(dependencyLevel)", "The dependency group of a price.").ror().record(Price),
    token("price-welcome-type", &[Organization], "part(welcomeType)", "The kind of stay of a price.").ror().record(Price),
    token("price-unit", &[Organization], "part(priceUnit)", "The unit of a price: hour, day, month, piece.").ror().record(Price),
    date("price-validity-start-date", &[Organization], "part(startDate)", "The date from which a price applies.").ror().record(Price),

    number("price-amount-per-day", &[Organization], "perDay(amount, priceUnit)", "The amount of a daily price, or a thirtieth of a monthly one: both on one scale. Hourly and piece prices have none.").ours().record(Price),
    token("price-under-60", &[Organization], "isTrue(under60)", "Whether a price is for residents under 60; one that does not say so is not.").ours().record(Price),
    special("price-in-force", &[Organization], "inForce(startDate)", "The prices in force on a day: of those that differ only in amount, start and deliveries, the one that started last by that day.").ours().record(Price),

    // Location
    string("name", &[Location], "name | alias", "The name of the place, or its usual name."),
    special("near", &[Location], "position", "Places within a distance of a point: latitude|longitude|distance|unit; km without a unit, 10 km without a distance."),
    special("near-insee-code", &[Location], "position", "Places within a distance of a commune: code|distance|unit; km without a unit, 10 km without a distance.").ror(),
    special("near-address", &[Location], "position", "Places within a distance of a postal address: address|distance|unit; km without a unit, 10 km without a distance. Commas belong to the address. The answer says how the address was read.").ours(),
    token("operational-status", &[Location], "operationalStatus", "Whether the place is open or closed."),
    reference("organization", &[Location], "managingOrganization", "The organization that manages the place.").to(&[Organization]),
    reference("partof", &[Location], "partOf", "The place this one is a part of.").to(&[Location]),
    token("status", &[Location, Task, Measure, MeasureReport], "status", "The status of the record."),
    token("type", &[Location], "type", "The use of the place."),
    token("commune-cog", &[Location], "extension(ror-commune-cog).value", "The INSEE commune.").ror(),
    token("department", &[Location, Organization, Practitioner], "department(extension(ror-commune-cog).value, address.extension(FrAddressInseeCode).value, address.postalCode)", "The department: of the INSEE commune of the place or of an address, else of the postal code of the address.").ours(),
    token("region", &[Location, Organization, Practitioner], "region(extension(ror-commune-cog).value, address.extension(FrAddressInseeCode).value, address.postalCode)", "The region of the department.").ours(),
    token("capacity-status", &[Location], "part(capacityStatus)", "The status of a count: installed, available, occupied, closed, extra.").ror().record(Capacity),
    number("nb-capacity", &[Location], "part(nbCapacity)", "A count of beds or places.").ror().record(Capacity),
    token("capacity-type", &[Location], "part(capacityType)", "What is counted: beds, places, dwellings.").ror().record(Capacity),
    token("temporality-capacity", &[Location], "part(temporalityCapacity)", "The time a count speaks of.").ror().record(Capacity),
    token("gender-capacity-available", &[Location], "part(genderCapacityAvailable)", "The gender a count is for.").ror().record(Capacity),
    token("capacity-closing-type", &[Location], "part(capacityClosingType)", "The kind of closing of a count.").ror().record(Capacity),
    token("additional-bed-type", &[Location], "part(additionalBedType)", "The kind of extra beds of a count.").ror().record(Capacity),
    token("crisis-type", &[Location], "part(crisisType)", "The crisis a count is for.").ror().record(Capacity),
    token("temporary-assignement", &[Location], "part(temporaryAssignement)", "The temporary assignment of a count.").ror().record(Capacity),
    date("capacity-update-date", &[Location], "part(capacityUpdateDate)", "When a count was last updated.").ror().record(Capacity),
    special("capacity-max-age", &[Location], "", "Counts updated no longer ago than 30m, 24h, 7d or an ISO duration.").ours().record(Capacity),
    token("capacity-source", &[Location], "part(capacitySourceType)", "Where a count comes from.").ours().record(Capacity),
    token("equipment-type", &[Location], "part(equipmentType)", "The type of an equipment.").ror().record(Equipment),
    token("equipment-feature", &[Location], "limit.part(equipmentFeature)", "The feature an equipment limits.").ror().record(Equipment),
    quantity("limit-value", &[Location], "limit.part(limitValue)", "The limit of an equipment.").ror().record(Equipment),
    token("residential-type", &[Location], "part(residentialType)", "A kind of dwelling.").ror().record(Dwelling),
    number("residential-number", &[Location], "part(residentialNumber)", "A number of dwellings.").ror().record(Dwelling),

    // Practitioner and PractitionerRole
    token("communication", &[Practitioner], "communication", "A language spoken."),
    string("family", &[Practitioner], "name.family", "The family name."),
    token("gender", &[Practitioner], "gender", "The administrative gender."),
    string("given", &[Practitioner], "name.given", "A given name."),
    string("name", &[Practitioner], "name", "Any part of the name."),
    string("phonetic", &[Practitioner], "name", "Any part of the name, compared as text."),
    token("email", &[Practitioner, PractitionerRole], "telecom.where(system='email')", "An e-mail address."),
    token("phone", &[Practitioner, PractitionerRole], "telecom.where(system='phone')", "A telephone number."),
    token("telecom", &[Practitioner, PractitionerRole], "telecom", "Any contact point."),
    date("date", &[PractitionerRole], "period", "The period of practice."),
    reference("organization", &[PractitionerRole], "organization", "The organization of the situation.").to(&[Organization]),
    reference("practitioner", &[PractitionerRole], "practitioner", "The professional.").to(&[Practitioner]),
    token("role", &[PractitionerRole], "code", "The profession."),
    reference("service", &[PractitionerRole], "healthcareService", "The offer the situation belongs to.").to(&[HealthcareService]),

    // Task
    date("authored-on", &[Task], "authoredOn", "When the anomaly was reported."),
    reference("based-on", &[Task], "basedOn", "What the task is based on.").to(&ALL),
    token("business-status", &[Task], "businessStatus", "The business status of the anomaly."),
    token("code", &[Task], "code", "The theme of the anomaly."),
    reference("encounter", &[Task], "encounter", "An encounter."),
    reference("focus", &[Task], "focus", "The resource in error.").to(&ALL),
    token("group-identifier", &[Task], "groupIdentifier", "The identifier of a group of tasks."),
    token("intent", &[Task], "intent", "The intent of the task."),
    date("modified", &[Task], "lastModified", "When the task was last modified."),
    reference("owner", &[Task], "owner", "Who handles the task.").to(&[HealthcareService, Organization, Practitioner, PractitionerRole]),
    reference("part-of", &[Task], "partOf", "The task this one is a part of.").to(&[Task]),
    reference("patient", &[Task], "for.where(resolve() is Patient)", "The patient the task is for."),
    token("performer", &[Task], "performerType", "The kind of performer."),
    date("period", &[Task], "executionPeriod", "When the anomaly was handled."),
    token("priority", &[Task], "priority", "The priority of the task."),
    reference("requester", &[Task], "requester", "Who reported the anomaly.").to(&[Organization, Practitioner, PractitionerRole]),
    reference("subject", &[Task], "for", "Who or what the task is for.").to(&ALL),

    // Measure and MeasureReport
    reference("composed-of", &[Measure], "relatedArtifact.where(type='composed-of').resource", "A related artifact (composed-of).").to(&[Measure]),
    reference("depends-on", &[Measure], "relatedArtifact.where(type='depends-on').resource | library", "A related artifact (depends-on).").to(&[Measure]),
    reference("derived-from", &[Measure], "relatedArtifact.where(type='derived-from').resource", "A related artifact (derived-from).").to(&[Measure]),
    reference("predecessor", &[Measure], "relatedArtifact.where(type='predecessor').resource", "A related artifact (predecessor).").to(&[Measure]),
    reference("successor", &[Measure], "relatedArtifact.where(type='successor').resource", "A related artifact (successor).").to(&[Measure]),
    token("context", &[Measure], "valueCodeableConcept", "A use context that is a code.").record(UseContext),
    quantity("context-quantity", &[Measure], "valueQuantity | valueRange", "A use context that is a quantity.").record(UseContext),
    token("context-type", &[Measure], "code", "A kind of use context.").record(UseContext),
    composite("context-type-quantity", &[Measure], "", "A kind of use context and its quantity.").record(UseContext).of(&["context-type", "context-quantity"]),
    composite("context-type-value", &[Measure], "", "A kind of use context and its code.").record(UseContext).of(&["context-type", "context"]),
    date("date", &[Measure, MeasureReport], "date", "The date of the record."),
    string("description", &[Measure], "description", "The description of the indicator."),
    date("effective", &[Measure], "effectivePeriod", "When the indicator is in use."),
    token("jurisdiction", &[Measure], "jurisdiction", "Where the indicator is in use."),
    string("name", &[Measure], "name", "The name of the indicator for programs."),
    string("publisher", &[Measure], "publisher", "Who publishes the indicator."),
    string("title", &[Measure], "title", "The title of the indicator."),
    token("topic", &[Measure], "topic", "The subject of the indicator."),
    uri("url", &[Measure], "url", "The canonical URL of the indicator."),
    token("version", &[Measure], "version", "The version of the indicator."),
    reference("evaluated-resource", &[MeasureReport], "evaluatedResource", "A resource the values were computed from.").to(&ALL),
    reference("measure", &[MeasureReport], "measure", "The indicator whose values these are.").to(&[Measure]),
    reference("patient", &[MeasureReport], "subject.where(resolve() is Patient)", "The patient the values are about."),
    date("period", &[MeasureReport], "period", "The period the values cover."),
    reference("reporter", &[MeasureReport], "reporter", "Who reports the values.").to(&[Practitioner, PractitionerRole, Location, Organization]),
    reference("subject", &[MeasureReport], "subject", "Who or what the values are about.").to(&[Practitioner, PractitionerRole, Location, Organization]),
];

const fn parameter(
    kind: ParameterType,
    code: &'static str,
    bases: &'static [ResourceType],
    expression: &'static str,
    doc: &'static str,
) -> SearchParameter {
    SearchParameter {
        code,
        bases,
        kind,
        expression,
        record: None,
        targets: &[],
        components: &[],
        origin: Origin::R4,
        doc,
    }
}

macro_rules! of_kind {
    ($($function:ident: $kind:ident),*) => {$(
        const fn $function(
            code: &'static str,
            bases: &'static [ResourceType],
            expression: &'static str,
            doc: &'static str,
        ) -> SearchParameter {
            parameter(ParameterType::$kind, code, bases, expression, doc)
        }
    )*};
}

of_kind! {
    token: Token, string: String, date: Date, number: Number, quantity: Quantity,
    reference: Reference, uri: Uri, composite: Composite, special: Special, text: Text
}

impl SearchParameter {
    const fn ror(mut self) -> Self {
        self.origin = Origin::Ror;
        self
    }

    const fn ours(mut self) -> Self {
        self.origin = Origin::Ours;
        self
    }

    const fn record(mut self, record: RecordKind) -> Self {
        self.record = Some(record);
        self
    }

    const fn to(mut self, targets: &'static [ResourceType]) -> Self {
        self.targets = targets;
        self
    }

    const fn of(mut self, components: &'static [&'static str]) -> Self {
        self.components = components;
        self
    }
}
