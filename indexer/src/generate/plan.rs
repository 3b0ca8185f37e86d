//! The skeleton of the country: which legal entities hold which sites, and how many offers and internal
//! units each site has.
//!
//! Made once, in order, from the seed; a few dozen bytes a site. Everything else is a function of the
//! seed and of a position in the plan, so the plan is all that threads share.

use super::Options;
use super::catalog::{Catalog, Offers, Seat};
use super::map::Map;
use super::random::{Random, Stream};

/// A legal entity, or a site without one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entity {
    pub(super) holder: u16,
    pub(super) first_site: u32,
    pub(super) sites: u32,
    /// Its rank among the entities that have a legal entity; the others have none.
    pub(super) legal_rank: Option<u32>,
}

/// An establishment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    pub(super) entity: u32,
    pub(super) kind: u16,
    pub(super) commune: u32,
    pub(super) first_offer: u32,
    pub(super) offers: u32,
    pub(super) first_unit: u32,
    pub(super) units: Units,
}

/// Internal organization of a site: poles hold services, services hold functional units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) poles: u32,
    pub(super) services: u32,
    pub(super) functional: u32,
}

impl Units {
    /// The internal organization of a site of `offers`; none for a small one.
    fn of(offers: u32) -> Self {
        if offers < 12 {
            return Self::default();
        }
        let poles = offers.div_ceil(60);
        let services = offers.div_ceil(15);
        Self { poles, services, functional: offers.div_ceil(5) }
    }

    /// All of them.
    pub(super) fn total(self) -> u32 {
        self.poles + self.services + self.functional
    }
}

/// The country.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) entities: Vec<Entity>,
    pub(super) sites: Vec<Site>,
    /// Sites that hold internal units, for finding a unit's site.
    sites_with_units: Vec<u32>,
    /// Entities that have a legal entity.
    pub(super) legal_entities: Vec<u32>,
    pub(super) units: u32,
    pub(super) offers: u32,
}

/// The largest group's share of all offers, in thousandths: 8,000 of 500,000.
const LARGEST_PER_MILLE: u64 = 16;
/// No other site makes more than this share of all offers, in thousandths.
const CAP_PER_MILLE: u64 = 4;

impl Plan {
    /// The country of `options`.
    pub(super) fn new(options: &Options, catalog: &Catalog, map: &Map) -> Self {
        let mut plan = Self {
            entities: Vec::new(),
            sites: Vec::new(),
            sites_with_units: Vec::new(),
            legal_entities: Vec::new(),
            units: 0,
            offers: 0,
        };
        let mut random = Random::new(options.seed, Stream::Plan, 0);
        let largest = (u64::from(options.offers) * LARGEST_PER_MILLE / 1000).max(1) as u32;
        let cap = (u64::from(options.offers) * CAP_PER_MILLE / 1000).max(40) as u32;
        plan.add_largest(largest.min(options.offers), options.seed, catalog, map);
        while plan.offers < options.offers {
            let holder = catalog.holder_at(random.below(catalog.total_share()));
            plan.add_entity(holder, cap, options.offers, catalog, map, &mut random);
        }
        plan
    }

    /// The largest group: one establishment that makes all its offers itself, without internal units, so
    /// that one organization is referenced by thousands of offers.
    fn add_largest(&mut self, offers: u32, seed: u64, catalog: &Catalog, map: &Map) {
        let mut random = Random::new(seed, Stream::Plan, 1);
        let kind = catalog.kind_of("101");
        self.open_entity(0, catalog);
        self.add_site(kind, map.city(&mut random), offers, Units::default());
    }

    fn add_entity(
        &mut self,
        holder: usize,
        cap: u32,
        limit: u32,
        catalog: &Catalog,
        map: &Map,
        random: &mut Random,
    ) {
        let row = &catalog.holders[holder];
        let home = match row.seat {
            Seat::Anywhere => map.anywhere(random),
            Seat::Town => map.town(random),
            Seat::City => map.city(random),
        };
        let sites = random.power_law(row.sites.0, row.sites.1.min(cap).max(row.sites.0));
        self.open_entity(holder, catalog);
        for rank in 0..sites {
            let left = limit - self.offers;
            if left == 0 {
                break;
            }
            let kind = if rank == 0 { row.kinds[0] } else { *random.pick(&row.kinds) };
            let commune = match rank {
                0 => home,
                _ if random.percent(75) => map.same_department(home, random),
                _ => map.anywhere(random),
            };
            let offers = match catalog.kinds[usize::from(kind)].offers {
                Offers::Between(low, high) => random.between(low, high),
                Offers::PowerLaw(low, high) => random.power_law(low.min(cap), high.min(cap)),
            };
            let offers = offers.min(left);
            // One establishment in three makes all its offers itself, whatever its size.
            let units = if random.percent(67) { Units::of(offers) } else { Units::default() };
            self.add_site(kind, commune, offers, units);
        }
    }

    fn open_entity(&mut self, holder: usize, catalog: &Catalog) {
        let is_legal = !catalog.holders[holder].legal.is_empty();
        let legal_rank = is_legal.then_some(self.legal_entities.len() as u32);
        if is_legal {
            self.legal_entities.push(self.entities.len() as u32);
        }
        let first_site = self.sites.len() as u32;
        self.entities.push(Entity { holder: holder as u16, first_site, sites: 0, legal_rank });
    }

    fn add_site(&mut self, kind: u16, commune: u32, offers: u32, units: Units) {
        let entity = self.entities.len() - 1;
        self.entities[entity].sites += 1;
        if units.total() > 0 {
            self.sites_with_units.push(self.sites.len() as u32);
        }
        self.sites.push(Site {
            entity: entity as u32,
            kind,
            commune,
            first_offer: self.offers,
            offers,
            first_unit: self.units,
            units,
        });
        self.offers += offers;
        self.units += units.total();
    }

    /// The index of the site that makes `offer`.
    pub(super) fn site_of_offer(&self, offer: u32) -> usize {
        self.sites.partition_point(|site| site.first_offer <= offer) - 1
    }

    /// The index of the site that holds internal unit `unit`.
    pub(super) fn site_of_unit(&self, unit: u32) -> usize {
        let before = |site: &u32| self.sites[*site as usize].first_unit <= unit;
        self.sites_with_units[self.sites_with_units.partition_point(before) - 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(offers: u32, seed: u64) -> Plan {
        Plan::new(&Options { offers, seed }, &Catalog::load(), &Map::load())
    }

    #[test]
    fn proportions() {
        let plan = plan(50_000, 1);
        assert_eq!(plan.offers, 50_000);
        let organizations = plan.sites.len() + plan.legal_entities.len() + plan.units as usize;
        assert!((18_000..21_500).contains(&organizations), "{organizations}");
        assert_eq!(plan.sites[0].offers, 800);
        let others = plan.sites[1..].iter().map(|site| site.offers);
        let second = others.max().expect("there are other sites");
        assert!((100..=200).contains(&second), "{second}");
        let large = plan.sites.iter().map(|site| site.offers).filter(|offers| *offers >= 12);
        let in_large: u32 = large.sum();
        assert!((13_000..25_000).contains(&in_large), "{in_large}");
    }

    #[test]
    fn positions_are_found() {
        let plan = plan(3_000, 2);
        for (index, site) in plan.sites.iter().enumerate() {
            for offer in site.first_offer..site.first_offer + site.offers {
                assert_eq!(plan.site_of_offer(offer), index);
            }
            for unit in site.first_unit..site.first_unit + site.units.total() {
                assert_eq!(plan.site_of_unit(unit), index);
            }
        }
    }

    #[test]
    fn any_number_of_offers() {
        for offers in [0, 1, 2, 3, 7, 40, 999] {
            assert_eq!(plan(offers, 3).offers, offers);
        }
    }
}
