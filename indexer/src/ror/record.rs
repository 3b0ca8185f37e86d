//! The records of several parts: capacity, equipment, dwellings, price, contacts, public, territory,
//! opening slot.
//!
//! Each is a struct with the domain's names that turns into the extension (or backbone element) of the
//! profile; the code system of each part is implied by its field.

use super::code;
use super::datatype::{
    Code, CodeableConcept, ContactPoint, HumanName, Money, Period, Quantity, Range, Text,
    contact_system,
};
use super::extension::{self, Extension, Value};
use super::resource::{AvailableTime, OrganizationContact};
use super::system;

/// Beds or places of a location: one indicator.
#[derive(Debug, Clone)]
pub struct Capacity<'a> {
    /// Bed, place or dwelling (R329).
    pub kind: Code<'a>,
    /// Installed, available, … (R330).
    pub status: Code<'a>,
    /// Now or forecast (R331).
    pub temporality: Code<'a>,
    /// How many.
    pub count: i32,
    /// Where the number comes from (R335).
    pub source: Code<'a>,
    /// When the number was last set: an instant with a zone.
    pub updated: Text<'a>,
    /// Temporary assignment (R337).
    pub assignment: Code<'a>,
    /// For whom, for available ones (R332).
    pub gender: Option<Code<'a>>,
    /// Kind of closing, for closed ones (R333).
    pub closing: Option<Code<'a>>,
    /// Kind of additional bed, for additional ones (R334).
    pub additional: Option<Code<'a>>,
    /// The crisis plan it belongs to (R336).
    pub crisis: Option<Code<'a>>,
    /// Free text.
    pub comment: Option<Text<'a>>,
}

impl<'a> Capacity<'a> {
    /// A current capacity, entered by hand, with no temporary assignment.
    pub fn new(kind: Code<'a>, status: Code<'a>, count: i32, updated: impl Into<Text<'a>>) -> Self {
        Self {
            kind,
            status,
            temporality: code::temporality::CURRENT,
            count,
            source: code::capacity_source::MANUAL,
            updated: updated.into(),
            assignment: code::assignment::NONE,
            gender: None,
            closing: None,
            additional: None,
            crisis: None,
            comment: None,
        }
    }
}

impl<'a> From<Capacity<'a>> for Extension<'a> {
    fn from(c: Capacity<'a>) -> Self {
        let mut parts = Vec::with_capacity(10);
        parts.push(Self::new("nbCapacity", Value::Integer(c.count)));
        parts.push(Self::new("capacityUpdateDate", Value::DateTime(c.updated)));
        parts.push(Self::code("capacityStatus", system::CAPACITY_STATUS, c.status));
        parts.push(Self::code("capacityType", system::CAPACITY_KIND, c.kind));
        parts.push(Self::code("temporalityCapacity", system::CAPACITY_TEMPORALITY, c.temporality));
        parts.push(Self::code("capacitySourceType", system::CAPACITY_SOURCE, c.source));
        push_code(&mut parts, "genderCapacityAvailable", system::CAPACITY_GENDER, c.gender);
        push_code(&mut parts, "capacityClosingType", system::CAPACITY_CLOSING, c.closing);
        push_code(&mut parts, "additionalBedType", system::ADDITIONAL_BED, c.additional);
        push_code(&mut parts, "crisisType", system::CRISIS, c.crisis);
        parts.push(Self::code("temporaryAssignement", system::TEMPORARY_ASSIGNMENT, c.assignment));
        push_string(&mut parts, "comment", c.comment);
        Self::complex(extension::SUPPORTED_CAPACITY, parts)
    }
}

/// A limit of an equipment.
#[derive(Debug, Clone)]
pub struct EquipmentLimit<'a> {
    /// What is limited (R340).
    pub feature: Code<'a>,
    /// The limit.
    pub value: f64,
    /// Its UCUM unit: `kg` or `cm`.
    pub unit: &'a str,
}

/// An equipment of a place.
#[derive(Debug, Clone)]
pub struct Equipment<'a> {
    /// What it is (R212).
    pub kind: Code<'a>,
    /// How many are in service.
    pub in_service: Option<i32>,
    /// What it cannot exceed.
    pub limits: Vec<EquipmentLimit<'a>>,
}

impl<'a> From<Equipment<'a>> for Extension<'a> {
    fn from(e: Equipment<'a>) -> Self {
        let mut parts = Vec::with_capacity(2 + e.limits.len());
        parts.push(Self::code("equipmentType", system::EQUIPMENT, e.kind));
        if let Some(count) = e.in_service {
            parts.push(Self::new("nbInService", Value::Integer(count)));
        }
        for limit in e.limits {
            let value = Value::Quantity(Quantity::ucum(limit.value, limit.unit));
            let limit = vec![
                Self::code("equipmentFeature", system::EQUIPMENT_FEATURE, limit.feature),
                Self::new("limitValue", value),
            ];
            parts.push(Self::complex(extension::EQUIPMENT_LIMIT, limit));
        }
        Self::complex(extension::EQUIPMENT, parts)
    }
}

/// Dwellings of one kind (R242) in a place.
pub fn dwellings(kind: Code<'_>, count: Option<i32>) -> Extension<'_> {
    let mut parts = vec![Extension::code("residentialType", system::DWELLING, kind)];
    if let Some(count) = count {
        parts.push(Extension::new("residentialNumber", Value::Integer(count)));
    }
    Extension::complex(extension::RESIDENTIAL_CAPACITY, parts)
}

/// A price of an establishment. Which parts go with which type: see [`code::price_type`].
#[derive(Debug, Clone)]
pub struct Price<'a> {
    /// Kind of price (R246).
    pub kind: Code<'a>,
    /// Per hour, day, month or unit (R228).
    pub unit: Code<'a>,
    /// Euros.
    pub amount: f64,
    /// From when it holds: a date or an instant with a zone.
    pub start: Option<Text<'a>>,
    /// For residents under sixty.
    pub under_60: Option<bool>,
    /// Services included (R264).
    pub included: Vec<Code<'a>>,
    /// Other services included.
    pub other_included: Vec<Text<'a>>,
    /// Kind of room (R242).
    pub dwelling: Option<Code<'a>>,
    /// Public price or one agreed with social help (R250).
    pub condition: Option<Code<'a>>,
    /// Temporary or permanent stay (R240).
    pub stay: Option<Code<'a>>,
    /// Name of a meal delivery price.
    pub meal_delivery: Option<Text<'a>>,
    /// Dependency group (R237).
    pub dependency: Option<Code<'a>>,
    /// Name of a home help price.
    pub human_help: Option<Text<'a>>,
    /// Management of home help (R236).
    pub management: Option<Code<'a>>,
    /// Service sold beyond the basic ones, uncoded.
    pub other_service: Option<Text<'a>>,
    /// Service sold beyond the basic ones (R264).
    pub service: Option<Code<'a>>,
}

impl<'a> Price<'a> {
    /// A price with its mandatory parts.
    pub const fn new(kind: Code<'a>, unit: Code<'a>, amount: f64) -> Self {
        Self {
            kind,
            unit,
            amount,
            start: None,
            under_60: None,
            included: Vec::new(),
            other_included: Vec::new(),
            dwelling: None,
            condition: None,
            stay: None,
            meal_delivery: None,
            dependency: None,
            human_help: None,
            management: None,
            other_service: None,
            service: None,
        }
    }
}

impl<'a> From<Price<'a>> for Extension<'a> {
    fn from(p: Price<'a>) -> Self {
        let mut parts = Vec::with_capacity(9 + p.included.len() + p.other_included.len());
        parts.push(Self::code("priceType", system::PRICE_TYPE, p.kind));
        parts.push(Self::code("priceUnit", system::PRICE_UNIT, p.unit));
        parts.push(Self::new("amount", Value::Money(Money::euros(p.amount))));
        if let Some(start) = p.start {
            parts.push(Self::new("startDate", Value::DateTime(start)));
        }
        if let Some(under_60) = p.under_60 {
            parts.push(Self::new("under60", Value::Boolean(under_60)));
        }
        for service in p.included {
            parts.push(Self::code("deliveryIncluded", system::EXTRA_SERVICE, service));
        }
        for service in p.other_included {
            parts.push(Self::string("othersDeliveryIncluded", service));
        }
        push_code(&mut parts, "residentialType", system::DWELLING, p.dwelling);
        push_code(&mut parts, "specialPrice", system::PRICE_CONDITION, p.condition);
        push_code(&mut parts, "welcomeType", system::RECEPTION_TYPE, p.stay);
        push_string(&mut parts, "mealDeliveryName", p.meal_delivery);
        push_code(&mut parts, "dependencyLevel", system::DEPENDENCY_LEVEL, p.dependency);
        push_string(&mut parts, "humanHelpPriceName", p.human_help);
        push_code(&mut parts, "managementType", system::MANAGEMENT_TYPE, p.management);
        push_string(&mut parts, "otherAdditionalServiceName", p.other_service);
        push_code(&mut parts, "additionalServiceName", system::EXTRA_SERVICE, p.service);
        Self::complex(extension::PRICE, parts)
    }
}

/// A telecom: becomes a `ContactPoint`, or a part of an offer's contact.
#[derive(Debug, Clone)]
pub struct Telecom<'a> {
    /// The channel (R200).
    pub channel: Code<'a>,
    /// The number or address.
    pub value: Text<'a>,
    /// What it is for.
    pub usage: Option<Text<'a>>,
    /// Who may see it (R283).
    pub confidentiality: Code<'a>,
}

impl<'a> Telecom<'a> {
    fn parts(&mut self, value: Option<Text<'a>>) -> Vec<Extension<'a>> {
        let mut parts = Vec::with_capacity(4);
        parts.push(Extension::code(extension::TELECOM_CHANNEL, system::CHANNEL, self.channel));
        push_string(&mut parts, extension::TELECOM_USAGE, self.usage.take());
        parts.push(Extension::code(
            extension::TELECOM_CONFIDENTIALITY,
            system::CONFIDENTIALITY,
            self.confidentiality,
        ));
        push_string(&mut parts, "telecomAddress", value);
        parts
    }
}

impl<'a> From<Telecom<'a>> for ContactPoint<'a> {
    fn from(mut t: Telecom<'a>) -> Self {
        Self { extension: t.parts(None), system: contact_system(t.channel.code), value: t.value }
    }
}

/// A contact of an offer or of an organization.
#[derive(Debug, Clone)]
pub struct Contact<'a> {
    /// The person or desk.
    pub name: Option<HumanName<'a>>,
    /// Function (R251).
    pub function: Option<Code<'a>>,
    /// What the contact is for (R287).
    pub purpose: Option<Code<'a>>,
    /// Free text.
    pub description: Option<Text<'a>>,
    /// Who may see it (R283).
    pub confidentiality: Code<'a>,
    /// How to reach it.
    pub telecom: Vec<Telecom<'a>>,
}

impl<'a> Contact<'a> {
    /// The contact as the extension of an offer.
    pub fn of_offer(self) -> Extension<'a> {
        let mut parts = Vec::with_capacity(5 + self.telecom.len());
        if let Some(name) = self.name {
            parts.push(Extension::new("name", Value::HumanName(name)));
        }
        push_code(&mut parts, extension::CONTACT_FUNCTION, system::CONTACT_FUNCTION, self.function);
        push_code(&mut parts, "purposeContact", system::CONTACT_PURPOSE, self.purpose);
        push_string(&mut parts, "description", self.description);
        parts.push(Extension::code(
            extension::OFFER_CONTACT_CONFIDENTIALITY,
            system::CONFIDENTIALITY,
            self.confidentiality,
        ));
        for mut telecom in self.telecom {
            let value = std::mem::take(&mut telecom.value);
            let telecom = telecom.parts(Some(value));
            parts.push(Extension::complex(extension::OFFER_CONTACT_TELECOM, telecom));
        }
        Extension::complex(extension::OFFER_CONTACT, parts)
    }

    /// The contact as `Organization.contact`.
    pub fn of_organization(self) -> OrganizationContact<'a> {
        let mut parts = Vec::with_capacity(3);
        push_code(&mut parts, extension::CONTACT_FUNCTION, system::CONTACT_FUNCTION, self.function);
        push_string(&mut parts, extension::CONTACT_DESCRIPTION, self.description);
        parts.push(Extension::code(
            extension::CONTACT_CONFIDENTIALITY,
            system::CONFIDENTIALITY,
            self.confidentiality,
        ));
        OrganizationContact {
            extension: parts,
            purpose: self.purpose.map(|code| code.concept(system::CONTACT_PURPOSE)),
            name: self.name,
            telecom: self.telecom.into_iter().map(ContactPoint::from).collect(),
        }
    }
}

/// The public (R239) and the ages in years, bounds included, that an offer accepts.
pub fn patient_type<'a>(publics: &[Code<'a>], low: u32, high: u32) -> Extension<'a> {
    let range = Range { low: Quantity::years(low), high: Quantity::years(high) };
    let mut parts = Vec::with_capacity(1 + publics.len());
    parts.push(Extension::new("ageRange", Value::Range(Box::new(range))));
    for public in publics {
        parts.push(Extension::code("supportedPatientInfo", system::PUBLIC, *public));
    }
    Extension::complex(extension::PATIENT_TYPE, parts)
}

/// An area served: its kind (R201) and its code, in the system that goes with the kind.
pub fn territorial_division<'a>(
    kind: Code<'a>,
    area: impl Into<CodeableConcept<'a>>,
) -> Extension<'a> {
    let parts = vec![
        Extension::code("typeTerritorialDivision", system::TERRITORIAL_DIVISION_TYPE, kind),
        Extension::concept("codeTerritorialDivision", area),
    ];
    Extension::complex(extension::TERRITORIAL_DIVISION, parts)
}

/// The name under which a professional practices.
pub fn role_name<'a>(last: impl Into<Text<'a>>, first: Option<Text<'a>>) -> Extension<'a> {
    let mut parts = vec![Extension::string("exerciseLastName", last)];
    push_string(&mut parts, "exerciseFirstName", first);
    Extension::complex(extension::ROLE_NAME, parts)
}

/// An act (R210) of an offer, as a characteristic: `specificAct` or, for acts a town doctor does
/// elsewhere, `outsideOfficeAct`.
pub fn act(act: Code<'_>, outside_office: bool) -> CodeableConcept<'_> {
    let kind = if outside_office { "outsideOfficeAct" } else { "specificAct" };
    let mut concept = act.concept(system::ACT);
    concept.extension.push(Extension::new(extension::ACT_TYPE, Value::Code(kind.into())));
    concept
}

/// One opening slot on one day of the week, 1 Monday to 7 Sunday; times `HH:MM:SS`.
pub fn opening<'a>(
    kind: Code<'a>,
    day: u8,
    from: impl Into<Text<'a>>,
    to: impl Into<Text<'a>>,
    dates: Option<Period<'a>>,
) -> AvailableTime<'a> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let mut parts = Vec::with_capacity(3);
    parts.push(Extension::new(extension::TIME_DAY, Value::Integer(i32::from(day))));
    if let Some(dates) = dates {
        parts.push(Extension::new(extension::TIME_DATES, Value::Period(dates)));
    }
    parts.push(Extension::code(extension::TIME_TYPE, system::OPENING_TYPE, kind));
    AvailableTime {
        extension: parts,
        days_of_week: DAYS.get(usize::from(day).wrapping_sub(1)).copied().into_iter().collect(),
        all_day: None,
        available_start_time: Some(from.into()),
        available_end_time: Some(to.into()),
    }
}

fn push_code<'a>(
    parts: &mut Vec<Extension<'a>>,
    url: &'static str,
    system: &'a str,
    code: Option<Code<'a>>,
) {
    parts.extend(code.map(|code| Extension::code(url, system, code)));
}

fn push_string<'a>(parts: &mut Vec<Extension<'a>>, url: &'static str, text: Option<Text<'a>>) {
    parts.extend(text.map(|text| Extension::string(url, text)));
}
