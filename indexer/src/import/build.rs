//! From a cleaned row of FINESS to its organization, places and offers.
//!
//! A site gives one organization, one place for its address, one place for each number of beds or places it
//! declared, and one offer for each activity they stand for. See `docs/data.md` for the mapping.

use std::collections::HashSet;

use super::activity::{Activity, Origin, activities, of_category};
use super::address::StreetParts;
use super::beds::{Site, Survey};
use super::finess::{Establishment, Level};
use super::label::{concept_of, label_of};
use super::place::only_postal_code;
use super::prices::{Home, Homes};
use super::{Defect, Report};
use crate::ror::code::{
    capacity_kind, capacity_status, channel, confidentiality, field, place_status,
};
use crate::ror::datatype::{Address, Code, Meta, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, Contact, Telecom, patient_type};
use crate::ror::resource::Position;
use crate::ror::{
    HealthcareService, Identifier, Location, Organization, Period, Resource, coding, system,
};

/// Day of the hospital survey: the numbers of beds are those of this day.
const SURVEY_DAY: &str = "2023-12-31";

/// What the rows of establishments are read against.
pub(super) struct Context {
    pub survey: Survey,
    pub homes: Homes,
    /// FINESS numbers of the legal entities that have a row.
    pub entities: HashSet<String>,
}

/// One row being built.
struct Building<'r> {
    row: &'r Establishment,
    site: Option<&'r Site>,
    home: Option<&'r Home>,
    meta: Meta<'static>,
    created: Extension<'static>,
}

/// The resources of a row: organization, places, offers.
pub(super) fn resources(
    row: &Establishment,
    context: &Context,
    report: &mut Report,
) -> Vec<Resource<'static>> {
    let home = context.homes.get(&row.finess);
    let newest_price = home.and_then(|home| home.updated.as_deref()).unwrap_or_default();
    let updated = row.updated.as_str().max(newest_price);
    let region = row.place.region.map(|(code, name)| Code::new(code, name));
    let building = Building {
        row,
        site: context.survey.sites.get(&row.finess),
        home,
        meta: Meta::open_data(format!("{updated}T00:00:00+01:00"), region),
        created: Extension::creation_date(format!("{}T00:00:00+01:00", row.created)),
    };
    match row.level {
        Level::Entity => vec![Resource::Organization(building.entity())],
        Level::Site => building.site_resources(context, report),
    }
}

impl Building<'_> {
    fn entity(&self) -> Organization<'static> {
        let mut entity = self.organization("ej");
        if let Some(status) = &self.row.legal_status {
            entity.kind.push(concept_of(system::LEGAL_STATUS, status));
        }
        if let Some(siren) = self.row.siret.as_ref().and_then(|number| number.get(..9)) {
            entity.identifier.push(Identifier::siren(siren.to_owned()));
        }
        entity
    }

    fn site_resources(&self, context: &Context, report: &mut Report) -> Vec<Resource<'static>> {
        let mut site = self.organization("eg");
        self.describe_site(&mut site, context, report);
        let lines = self.lines(report);
        let mut address_place = self.address_place();
        let mut zones = Vec::new();
        let mut offers = Vec::new();
        for line in lines {
            let zone = self.zone(line, report);
            if line.code.is_some() {
                let place = zone.as_ref().unwrap_or(&address_place).id.clone();
                offers.push(self.offer(line, &place));
                if zone.is_none() && line.place != ADDRESS {
                    address_place.kind = vec![concept_of(system::PLACE_FUNCTION, line.place)];
                }
            }
            zones.extend(zone);
        }
        let used: HashSet<String> = offers
            .iter()
            .flat_map(|offer| &offer.location)
            .filter_map(|place| place.reference.as_deref().map(str::to_owned))
            .collect();
        let places = std::iter::once(address_place).chain(zones).map(|mut place| {
            if !used.contains(&format!("Location/{}", place.id)) {
                place.managing_organization = Some(self.reference_to_site());
            }
            Resource::Location(place)
        });
        let mut resources = vec![Resource::Organization(site)];
        resources.extend(places);
        resources.extend(offers.into_iter().map(Resource::HealthcareService));
        resources
    }

    fn organization(&self, prefix: &str) -> Organization<'static> {
        let row = self.row;
        let mut organization = Organization {
            id: format!("{prefix}-{}", row.finess).into(),
            meta: self.meta.clone(),
            extension: vec![self.created.clone()],
            identifier: vec![
                Identifier::national_structure(format!("1{}", row.finess)),
                Identifier::finess(row.finess.clone()),
            ],
            name: Some(row.name.clone().into()),
            alias: row.usual_name.iter().map(|name| name.clone().into()).collect(),
            ..Organization::default()
        };
        if let Some(text) = &row.additional_name {
            organization.set_additional_name(text.clone());
        }
        let mut address = self.address();
        if let Some(commune) = row.place.commune {
            address.set_insee_code(Code::new(commune.code, commune.name));
        }
        if let Some((lat, lon, exact)) = row.place.position
            && row.level == Level::Site
        {
            address.set_geolocation(lat, lon, Some(exact));
        }
        organization.address.push(address);
        let numbers = [(channel::LANDLINE, &row.phone), (channel::FAX, &row.fax)];
        let telecom: Vec<_> = numbers
            .into_iter()
            .filter_map(|(channel, number)| {
                let value = number.clone()?.into();
                Some(Telecom {
                    channel,
                    value,
                    usage: None,
                    confidentiality: confidentiality::PUBLIC,
                })
            })
            .collect();
        if !telecom.is_empty() {
            let contact = Contact {
                name: None,
                function: None,
                purpose: Some(SWITCHBOARD),
                description: None,
                confidentiality: confidentiality::PUBLIC,
                telecom,
            };
            organization.contact.push(contact.of_organization());
        }
        organization
    }

    fn describe_site(
        &self,
        site: &mut Organization<'static>,
        context: &Context,
        report: &mut Report,
    ) {
        let row = self.row;
        match row.siret.as_deref() {
            Some(number) if number.len() == 14 => {
                site.identifier.push(Identifier::siret(number.to_owned()));
            }
            Some(number) => site.identifier.push(Identifier::siren(number.to_owned())),
            None => {}
        }
        if let Some(category) = &row.category {
            if label_of(system::ESTABLISHMENT_CATEGORY, category).is_none() {
                report.count(Defect::CategoryWithoutLabel);
            }
            site.kind.push(concept_of(system::ESTABLISHMENT_CATEGORY, category));
        } else {
            report.count(Defect::NoCategory);
        }
        let legal_status = row.legal_status.as_ref();
        match &row.entity {
            Some(entity) if *entity == row.finess => {
                // Some sites are their own entity; a resource is no part of itself.
                report.count(Defect::EntityIsItself);
                site.kind.extend(legal_status.map(|code| concept_of(system::LEGAL_STATUS, code)));
            }
            Some(entity) if context.entities.contains(entity) => {
                site.part_of = Some(Reference::to(format!("Organization/ej-{entity}")));
            }
            Some(entity) => {
                report.count(Defect::EntityWithoutRow);
                let identifier = Identifier::finess(entity.clone());
                site.part_of = Some(Reference::logical("Organization", identifier));
                // The status is the entity's; without a row for it, the site is its only bearer.
                site.kind.extend(legal_status.map(|code| concept_of(system::LEGAL_STATUS, code)));
            }
            None => report.count(Defect::NoEntity),
        }
        if let Some(opened) = &row.opened {
            let period = Period { start: Some(opened.clone().into()), end: None };
            let period = Extension::new(extension::ORGANIZATION_PERIOD, Value::Period(period));
            site.extension.push(period);
        }
        if let Some(home) = self.home {
            report.prices += home.prices.len() as u64;
            site.extension.extend(home.prices.iter().cloned().map(Extension::from));
        }
        if row.postal_code.is_none() {
            let found = row.place.commune.and_then(only_postal_code).is_some();
            report.count(if found { Defect::PostalCodeFromCommune } else { Defect::NoPostalCode });
        }
    }

    /// The lines of the table that hold for the site: what it declared, else what its category stands for.
    fn lines(&self, report: &mut Report) -> Vec<&'static Activity> {
        let declared = |line: &&Activity| match line.origin {
            Origin::Beds | Origin::Visits => {
                self.site.is_some_and(|site| site.numbers.contains_key(line.key))
            }
            Origin::Price => self.home.is_some_and(|home| home.is_temporary),
            Origin::Category => false,
        };
        let mut lines: Vec<_> = activities().iter().filter(declared).collect();
        let is_declared = lines.iter().any(|line| line.origin != Origin::Price);
        if !is_declared && let Some(category) = &self.row.category {
            lines.extend(of_category(category, &self.row.name));
        }
        if lines.iter().all(|line| line.code.is_none()) {
            report.count(Defect::NoActivity);
        }
        lines
    }

    fn address_place(&self) -> Location<'static> {
        let finess = &self.row.finess;
        let mut place = self.place(format!("place-{finess}"), finess, ADDRESS);
        place.name = Some(self.row.name.clone().into());
        place
    }

    /// The bed zone of a line that has beds or places.
    fn zone(&self, line: &'static Activity, report: &mut Report) -> Option<Location<'static>> {
        let kind = line.kind?;
        let count = *self.site?.numbers.get(line.key)?;
        let kind = *capacity_kind::ALL.iter().find(|code| code.code == kind)?;
        let (finess, slug) = (&self.row.finess, line.slug());
        let mut zone =
            self.place(format!("place-{finess}-{slug}"), &format!("{finess}-{slug}"), line.place);
        zone.identifier.push(Identifier::bed_zone(format!("1{finess}/{slug}")));
        zone.name = Some(line.name.into());
        zone.part_of = Some(Reference::to(format!("Location/place-{finess}")));
        let updated = format!("{SURVEY_DAY}T00:00:00+01:00");
        let installed = Capacity::new(kind, capacity_status::INSTALLED, count as i32, updated);
        zone.extension.push(installed.into());
        report.capacity += u64::from(count);
        Some(zone)
    }

    fn place(&self, id: String, number: &str, function: &'static str) -> Location<'static> {
        let commune = self.row.place.commune.map(|commune| Code::new(commune.code, commune.name));
        let mut extension: Vec<_> = commune.map(Extension::commune).into_iter().collect();
        extension.push(self.created.clone());
        Location {
            id: id.into(),
            meta: self.meta.clone(),
            extension,
            identifier: vec![Identifier::place(self.numbered(number))],
            status: Some("active"),
            operational_status: Some(place_status::OPERATIONAL.coding(system::PLACE_STATUS)),
            kind: vec![concept_of(system::PLACE_FUNCTION, function)],
            address: Some(self.address()),
            position: self
                .row
                .place
                .position
                .map(|(lat, lon, exact)| Position::new(lat, lon, Some(exact))),
            ..Location::default()
        }
    }

    fn offer(&self, line: &'static Activity, place: &str) -> HealthcareService<'static> {
        let (finess, slug) = (&self.row.finess, line.slug());
        let mut characteristic = vec![concept_of(system::CARE_MODE, line.mode)];
        characteristic.extend(line.stay.map(|stay| concept_of(system::RECEPTION_TYPE, stay)));
        if line.key == "beds_obstetrics" {
            characteristic.extend(self.maternity_type());
        }
        let sensitive = Value::Boolean(line.sensitive);
        HealthcareService {
            id: format!("offer-{finess}-{slug}").into(),
            meta: self.meta.clone(),
            extension: vec![
                self.created.clone(),
                Extension::new(extension::SENSITIVE_UNIT, sensitive),
                patient_type(&[], line.age_min, line.age_max),
            ],
            identifier: vec![Identifier::offer(self.numbered(&format!("{finess}-{slug}")))],
            provided_by: Some(self.reference_to_site()),
            category: line
                .offer
                .map(|code| concept_of(system::OFFER_CATEGORY, code))
                .into_iter()
                .collect(),
            kind: field::ALL
                .iter()
                .filter(|code| code.code == line.field)
                .map(|code| code.concept(system::FIELD))
                .collect(),
            specialty: line
                .code
                .map(|code| concept_of(system::ACTIVITY, code))
                .into_iter()
                .collect(),
            location: vec![Reference::to(format!("Location/{place}"))],
            name: Some(line.name.into()),
            characteristic,
            ..HealthcareService::default()
        }
    }

    /// The survey's levels are 1, 2 and 3; the nomenclature splits 2 in 2A and 2B, of which 2A promises less.
    fn maternity_type(&self) -> Option<crate::ror::CodeableConcept<'static>> {
        let code = match self.site?.maternity_level? {
            1 => "01",
            2 => "02",
            3 => "04",
            _ => return None,
        };
        let label = label_of(system::MATERNITY_TYPE, code).unwrap_or_default();
        Some(coding(system::MATERNITY_TYPE, code, label).into())
    }

    fn address(&self) -> Address<'static> {
        let row = self.row;
        let postal_code = row.postal_code.clone().map(Into::into);
        let of_commune = || row.place.commune.and_then(only_postal_code).map(Into::into);
        let mut address = Address {
            city: row.city.clone().map(Into::into),
            postal_code: postal_code.or_else(of_commune),
            ..Address::default()
        };
        for (line, parts) in &row.lines {
            address.push_line(line.clone(), line_parts(parts));
        }
        address
    }

    fn reference_to_site(&self) -> Reference<'static> {
        Reference::to(format!("Organization/eg-{}", self.row.finess))
    }

    /// `region/number`, the form of the functional identifiers.
    fn numbered(&self, number: &str) -> String {
        let region = self.row.place.region.map_or("00", |(code, _)| code);
        format!("{region}/{number}")
    }
}

/// The purpose of a contact that answers for the whole house (`TRE_R287`).
const SWITCHBOARD: Code<'static> = Code::new("06", "Standard");

/// The function of a place that is only an address (`TRE_R343`).
const ADDRESS: &str = "005";

fn line_parts(parts: &StreetParts) -> Vec<Extension<'static>> {
    let parts = [
        (extension::HOUSE_NUMBER, &parts.house_number),
        (extension::HOUSE_NUMBER_SUFFIX, &parts.suffix),
        (extension::STREET_TYPE, &parts.street_type),
        (extension::STREET_NAME, &parts.street_name),
        (extension::POST_BOX, &parts.post_box),
    ];
    parts
        .into_iter()
        .filter_map(|(url, text)| Some(Extension::string(url, text.clone()?)))
        .collect()
}
