//! What the resources of one establishment share: name, place, numbers, region.
//!
//! A view is made once for a run of resources of the same site.

use shared::fhir::ResourceType;
use shared::geo::Commune;

use super::World;
use super::catalog::Kind;
use super::map::{commune_code, jitter, point_about};
use super::number;
use super::plan::{Entity, Site};
use super::random::{Random, Stream};
use super::when;
use super::words::{self, Street, fill};
use crate::ror::datatype::{Address, Code};
use crate::ror::extension::{self, Extension};
use crate::ror::{Meta, Reference, provenance};

/// An establishment as its resources see it.
#[derive(Debug)]
pub(super) struct SiteView<'w> {
    pub(super) world: &'w World,
    pub(super) index: u32,
    pub(super) site: Site,
    pub(super) entity: Entity,
    pub(super) kind: &'w Kind,
    pub(super) commune: &'static Commune,
    pub(super) region: Code<'static>,
    pub(super) postal_code: &'static str,
    pub(super) point: (f64, f64),
    pub(super) street: Street,
    pub(super) name: String,
    /// What mail addresses and web sites of the establishment end in.
    pub(super) domain: String,
}

impl<'w> SiteView<'w> {
    /// The view of site `index`.
    pub(super) fn new(world: &'w World, index: usize) -> Self {
        let site = world.plan.sites[index];
        let mut random = world.random(Stream::Site, index as u64);
        let kind = &world.catalog.kinds[usize::from(site.kind)];
        let commune = world.map.commune(site.commune);
        let region = world.map.region(commune);
        let name = fill(random.word(kind.names), commune.name, region.label, &mut random);
        Self {
            world,
            index: index as u32,
            site,
            entity: world.plan.entities[site.entity as usize],
            kind,
            commune,
            region,
            postal_code: random.early_word(commune.postal_codes),
            point: point_about(commune, &mut random),
            street: words::street(&mut random),
            domain: format!("{}.example.fr", words::slug(&name)),
            name,
        }
    }

    /// The SIREN number of the entity.
    pub(super) fn siren(&self) -> String {
        number::siren(self.site.entity)
    }

    /// The SIRET number.
    pub(super) fn siret(&self) -> String {
        number::siret(&self.siren(), self.index - self.entity.first_site + 1)
    }

    /// The FINESS number; none for a practice.
    pub(super) fn finess(&self) -> Option<String> {
        (!self.kind.is_practice()).then(|| number::finess(self.commune.department, self.index))
    }

    /// The national structure identifier: FINESS, or SIRET for a practice, after its type digit.
    pub(super) fn national_structure(&self) -> String {
        match self.finess() {
            Some(finess) => format!("1{finess}"),
            None => format!("3{}", self.siret()),
        }
    }

    /// The metadata of a record of the site changed at `changed`.
    pub(super) fn meta(&self, changed: i64) -> Meta<'w> {
        Meta::new(when::instant(changed), Some(self.region), provenance::SYNTHETIC)
    }

    /// The address, in one line with its parts; the commune as a label, upper case as in the mail.
    pub(super) fn address(&self, random: &mut Random) -> Address<'w> {
        let Street { number, suffix, kind, name } = self.street;
        let mut parts = Vec::with_capacity(4);
        let mut line = number.to_string();
        parts.push(Extension::string(extension::HOUSE_NUMBER, line.clone()));
        if !suffix.is_empty() {
            parts.push(Extension::string(extension::HOUSE_NUMBER_SUFFIX, suffix));
            line.push(' ');
            line.push_str(suffix);
        }
        parts.push(Extension::string(extension::STREET_TYPE, kind));
        parts.push(Extension::string(extension::STREET_NAME, name));
        let line = format!("{line} {kind} {name}");
        let mut address = Address {
            city: Some(self.commune.name.to_uppercase().into()),
            postal_code: Some(self.postal_code.into()),
            ..Address::default()
        };
        address.push_line(line, parts);
        if random.percent(5) {
            let box_number = format!("BP {}", random.between(1, 90_000));
            let parts = vec![Extension::string(extension::POST_BOX, box_number.clone())];
            address.push_line(box_number, parts);
        }
        address
    }

    /// The commune as a code.
    pub(super) fn commune_code(&self) -> Code<'static> {
        commune_code(self.commune)
    }

    /// A point of one of its places: within a few hundred meters.
    pub(super) fn point_of_place(&self, random: &mut Random) -> (f64, f64) {
        if self.kind.is_practice() { self.point } else { jitter(self.point, 0.08, random) }
    }

    /// Who provides an offer: a functional unit or service where there are some, else the establishment.
    pub(super) fn provider(&self, offer: u32, random: &mut Random) -> Reference<'w> {
        let units = self.site.units;
        let above = units.poles + units.services;
        let rank = match random.below(100) {
            _ if units.total() == 0 => return self.reference(),
            0..70 => above + (offer - self.site.first_offer) % units.functional,
            70..90 => units.poles + (offer - self.site.first_offer) % units.services,
            _ => return self.reference(),
        };
        Reference::to(format!("{}/oi-{}", ResourceType::Organization, self.site.first_unit + rank))
    }

    /// A reference to the establishment.
    pub(super) fn reference(&self) -> Reference<'w> {
        Reference::to(format!("{}/eg-{}", ResourceType::Organization, self.index))
    }
}
