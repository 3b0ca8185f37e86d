//! The directory being made: resources by id, and the constructors of invented ones.
//!
//! Whatever is changed or added here carries the provenance code `invented`.

use std::collections::BTreeMap;

use shared::geo::gazetteer;

use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{channel, confidentiality, place_status};
use crate::ror::datatype::{Address, Code, CodeableConcept, Coding, Meta, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Contact, Telecom, patient_type};
use crate::ror::resource::Position;
use crate::ror::{
    HealthcareService, Identifier, Location, Organization, PROVENANCE_SYSTEM, Resource, provenance,
    system,
};

/// The resources, in the order they were added, findable by id.
#[derive(Default)]
pub(super) struct Directory {
    pub resources: Vec<Resource<'static>>,
    index: BTreeMap<String, usize>,
}

impl Directory {
    /// Adds a resource. Ids are unique over all types here, to keep reading simple.
    pub(super) fn add(&mut self, resource: Resource<'static>) {
        let id = resource.id().to_owned();
        let before = self.index.insert(id.clone(), self.resources.len());
        assert!(before.is_none(), "the sample gives the id {id} twice");
        self.resources.push(resource);
    }

    /// Whether an id is taken.
    pub(super) fn has(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// The ids of the resources a test holds for, in order.
    pub(super) fn ids(&self, holds: impl Fn(&Resource<'static>) -> bool) -> Vec<String> {
        self.resources
            .iter()
            .filter(|resource| holds(resource))
            .map(|r| r.id().to_owned())
            .collect()
    }

    fn get(&mut self, id: &str) -> &mut Resource<'static> {
        let at = *self.index.get(id).unwrap_or_else(|| panic!("the sample has no {id}"));
        &mut self.resources[at]
    }

    /// An organization to complete; marks it as completed.
    pub(super) fn organization(&mut self, id: &str) -> &mut Organization<'static> {
        let Resource::Organization(found) = self.get(id) else { panic!("{id} is no organization") };
        mark(&mut found.meta, id);
        found
    }

    /// A place to complete; marks it as completed.
    pub(super) fn location(&mut self, id: &str) -> &mut Location<'static> {
        let Resource::Location(found) = self.get(id) else { panic!("{id} is no place") };
        mark(&mut found.meta, id);
        found
    }

    /// An offer to complete; marks it as completed.
    pub(super) fn offer(&mut self, id: &str) -> &mut HealthcareService<'static> {
        let Resource::HealthcareService(found) = self.get(id) else { panic!("{id} is no offer") };
        mark(&mut found.meta, id);
        found
    }

    /// The source region of a record.
    pub(super) fn region_of(&self, id: &str) -> Option<Coding<'static>> {
        let meta = match self.resources.get(*self.index.get(id)?)? {
            Resource::HealthcareService(r) => &r.meta,
            Resource::Organization(r) => &r.meta,
            Resource::Location(r) => &r.meta,
            Resource::Practitioner(r) => &r.meta,
            Resource::PractitionerRole(r) => &r.meta,
            Resource::Task(_) | Resource::Measure(_) | Resource::MeasureReport(_) => return None,
        };
        meta.tag.iter().find(|tag| tag.system == system::REGION).cloned()
    }

    /// The metadata of an invented record, of the same region as `near`.
    pub(super) fn meta(&self, id: &str, near: &str) -> Meta<'static> {
        let tag = self.region_of(near).into_iter().chain([invented()]).collect();
        Meta { last_updated: Random::of(&format!("meta/{id}")).moment().into(), tag }
    }

    /// An invented offer of `provider` in `places`, for all ages; complete it, then [`Self::add`] it.
    pub(super) fn new_offer(
        &mut self,
        id: &str,
        name: &str,
        provider: &str,
        places: &[&str],
    ) -> NewOffer {
        for place in places {
            // A place that an offer uses has no manager of its own.
            self.location(place).managing_organization = None;
        }
        let region = self.region_of(provider);
        let number = region.as_ref().map_or("00", |region| &region.code);
        NewOffer(HealthcareService {
            id: id.to_owned().into(),
            meta: self.meta(id, provider),
            extension: vec![
                Extension::creation_date("2024-02-01T09:00:00+01:00"),
                Extension::new(extension::SENSITIVE_UNIT, Value::Boolean(false)),
            ],
            identifier: vec![Identifier::offer(format!("{number}/{id}"))],
            provided_by: Some(Reference::to(format!("Organization/{provider}"))),
            location: places.iter().map(|id| Reference::to(format!("Location/{id}"))).collect(),
            name: Some(name.to_owned().into()),
            ..HealthcareService::default()
        })
    }

    /// An invented place that stands where `near` stands; complete it, then [`Self::add`] it.
    pub(super) fn new_place_at(
        &mut self,
        id: &str,
        name: &str,
        near: &str,
        function: &str,
    ) -> Location<'static> {
        let meta = self.meta(id, near);
        let region = self.region_of(near);
        let Resource::Location(model) = self.get(near) else { panic!("{near} is no place") };
        let commune =
            model.extension.iter().find(|part| part.url == extension::COMMUNE_COG).cloned();
        let (address, position) = (model.address.clone(), model.position.clone());
        let extension =
            commune.into_iter().chain([Extension::creation_date("2024-02-01T09:00:00+01:00")]);
        let extension = extension.collect();
        Location { address, position, ..bare_place(id, name, function, meta, region, extension) }
    }
}

/// The offer that a resource is, if it is one.
pub(super) fn as_offer<'r>(
    resource: &'r Resource<'static>,
) -> Option<&'r HealthcareService<'static>> {
    if let Resource::HealthcareService(offer) = resource { Some(offer) } else { None }
}

/// The organization that a resource is, if it is one.
pub(super) fn as_organization<'r>(
    resource: &'r Resource<'static>,
) -> Option<&'r Organization<'static>> {
    if let Resource::Organization(organization) = resource { Some(organization) } else { None }
}

/// The place that a resource is, if it is one.
pub(super) fn as_place<'r>(resource: &'r Resource<'static>) -> Option<&'r Location<'static>> {
    if let Resource::Location(place) = resource { Some(place) } else { None }
}

/// A commune as an address writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Town {
    pub insee: &'static str,
    pub postal_code: &'static str,
    pub city: &'static str,
}

impl Town {
    /// A commune by its INSEE code, with the postal code and city of an address there.
    pub(super) const fn new(
        insee: &'static str,
        postal_code: &'static str,
        city: &'static str,
    ) -> Self {
        Self { insee, postal_code, city }
    }
}

/// An invented place in a commune, at a made-up number of a made-up street; complete it, then
/// [`Directory::add`] it.
pub(super) fn new_place_in(id: &str, name: &str, town: &Town, function: &str) -> Location<'static> {
    let mut random = Random::of(&format!("place/{id}"));
    let commune =
        gazetteer().commune(town.insee).expect("the sample's communes are in the gazetteer");
    let region = gazetteer().region(commune.region).map(|r| Code::new(r.code, r.name));
    let region = region.map(|region| region.coding(system::REGION));
    let tag = region.clone().into_iter().chain([invented()]).collect();
    let meta = Meta { last_updated: random.moment().into(), tag };
    let extension = vec![
        Extension::commune(Code::new(commune.code, commune.name)),
        Extension::creation_date("2024-02-01T09:00:00+01:00"),
    ];
    let number = random.between(1, 98).to_string();
    let street = random.pick(STREETS);
    let mut address = Address {
        city: Some(town.city.into()),
        postal_code: Some(town.postal_code.into()),
        ..Address::default()
    };
    address.push_line(
        format!("{number} RUE {street}"),
        vec![
            Extension::string(extension::HOUSE_NUMBER, number),
            Extension::string(extension::STREET_TYPE, "RUE"),
            Extension::string(extension::STREET_NAME, street),
        ],
    );
    let position = commune.point.map(|point| {
        let mut shift = || (f64::from(random.between(0, 200)) - 100.0) / 1e4;
        let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
        Position::new(round(point.lat + shift()), round(point.lon + shift()), Some(true))
    });
    Location {
        address: Some(address),
        position,
        ..bare_place(id, name, function, meta, region, extension)
    }
}

const STREETS: &[&str] = &[
    "DE L'ÉGLISE",
    "DU CHÂTEAU",
    "DES LILAS",
    "JEAN JAURÈS",
    "DE LA GARE",
    "PASTEUR",
    "VICTOR HUGO",
    "DU MOULIN",
    "DES ÉCOLES",
    "DE LA FONTAINE",
    "DU MARCHÉ",
    "SAINT-MICHEL",
    "DE L'ŒUVRE",
    "DES TILLEULS",
];

fn bare_place(
    id: &str,
    name: &str,
    function: &str,
    meta: Meta<'static>,
    region: Option<Coding<'static>>,
    extension: Vec<Extension<'static>>,
) -> Location<'static> {
    let number = region.map_or("00".into(), |region| region.code);
    Location {
        id: id.to_owned().into(),
        meta,
        extension,
        identifier: vec![Identifier::place(format!("{number}/{id}"))],
        status: Some("active"),
        operational_status: Some(place_status::OPERATIONAL.coding(system::PLACE_STATUS)),
        name: Some(name.to_owned().into()),
        kind: vec![concept_of(system::PLACE_FUNCTION, function)],
        ..Location::default()
    }
}

/// An invented offer under construction.
pub(super) struct NewOffer(pub HealthcareService<'static>);

impl NewOffer {
    /// Activities (R211), mode of care (R213), field (R227).
    pub(super) fn does(mut self, activities: &[&str], mode: &str, field: Code<'static>) -> Self {
        self.0.specialty =
            activities.iter().map(|code| concept_of(system::ACTIVITY, code)).collect();
        self.0.characteristic.insert(0, concept_of(system::CARE_MODE, mode));
        self.0.kind = vec![field.concept(system::FIELD)];
        self
    }

    /// Kind of offer (R244).
    pub(super) fn category(mut self, code: &str) -> Self {
        self.0.category = vec![concept_of(system::OFFER_CATEGORY, code)];
        self
    }

    /// A record of ages, in years.
    pub(super) fn ages(mut self, low: u32, high: u32) -> Self {
        self.0.extension.push(patient_type(&[], low, high));
        self
    }

    /// A characteristic of `system`.
    pub(super) fn with(mut self, system: &'static str, code: &str) -> Self {
        self.0.characteristic.push(concept_of(system, code));
        self
    }

    /// Any characteristic.
    pub(super) fn with_concept(mut self, concept: CodeableConcept<'static>) -> Self {
        self.0.characteristic.push(concept);
        self
    }

    /// Any extension.
    pub(super) fn extend(mut self, extension: Extension<'static>) -> Self {
        self.0.extension.push(extension);
        self
    }

    /// A comment.
    pub(super) fn comment(mut self, text: &str) -> Self {
        self.0.comment = Some(text.to_owned().into());
        self
    }

    /// Marks the offer sensitive.
    pub(super) fn sensitive(mut self) -> Self {
        set_sensitive(&mut self.0);
        self
    }

    /// The offer, as a resource; all ages when none were said.
    pub(super) fn build(mut self) -> Resource<'static> {
        if !self.0.extension.iter().any(|part| part.url == extension::PATIENT_TYPE) {
            self.0.extension.push(patient_type(&[], 0, 120));
        }
        Resource::HealthcareService(self.0)
    }
}

/// Marks an offer sensitive.
pub(super) fn set_sensitive(offer: &mut HealthcareService<'static>) {
    for part in &mut offer.extension {
        if part.url == extension::SENSITIVE_UNIT {
            part.value = Some(Value::Boolean(true));
        }
    }
}

/// The provenance tag of what is invented.
pub(super) fn invented() -> Coding<'static> {
    provenance::INVENTED.coding(PROVENANCE_SYSTEM)
}

/// Marks a record as completed with invented data, once, and dates the change.
fn mark(meta: &mut Meta<'static>, id: &str) {
    if meta.tag.iter().any(|tag| tag.code == provenance::INVENTED.code) {
        return;
    }
    meta.tag.push(invented());
    meta.last_updated = Random::of(&format!("meta/{id}")).moment().into();
}

/// A contact with one telephone, the contact and the number each at a level of confidentiality (R283).
pub(super) fn contact(
    purpose: Code<'static>,
    level: Code<'static>,
    telecom_level: Code<'static>,
    random: &mut Random,
) -> Contact<'static> {
    // The regulator (ARCEP) keeps these numbers for works of fiction.
    let zone = random.pick(&["019900", "026191", "035301", "046571", "053649", "063998"]);
    let channel = if zone == "063998" { channel::MOBILE } else { channel::LANDLINE };
    let value = format!("{zone}{:04}", random.below(10_000)).into();
    let telecom = vec![Telecom { channel, value, usage: None, confidentiality: telecom_level }];
    Contact {
        name: None,
        function: None,
        purpose: Some(purpose),
        description: None,
        confidentiality: level,
        telecom,
    }
}

/// A level of confidentiality, mostly the public one.
pub(super) fn level(random: &mut Random) -> Code<'static> {
    match random.below(10) {
        0..6 => confidentiality::PUBLIC,
        6..9 => confidentiality::PROFESSIONALS,
        _ => confidentiality::CRISIS,
    }
}

/// Purposes of contacts (R287).
pub(super) mod purpose {
    use crate::ror::datatype::Code;

    pub(in super::super) const APPOINTMENT: Code<'static> = Code::new("02", "Prise de rendez-vous");
    pub(in super::super) const ADMISSION: Code<'static> = Code::new("03", "Admission");
    pub(in super::super) const OFFICE: Code<'static> = Code::new("07", "Secrétariat");
    pub(in super::super) const MANAGEMENT: Code<'static> = Code::new("10", "Direction");
    pub(in super::super) const ALERT: Code<'static> = Code::new("13", "Alerte H24");
    pub(in super::super) const ON_CALL: Code<'static> = Code::new("14", "Garde ou astreinte");
}
