//! Where things are: communes drawn by population, points around their towns.
//!
//! Paris, Lyon and Marseille are drawn as their districts. Communes without a postal code or a point,
//! and the overseas collectivities the ROR has no region for, are not drawn.

use std::collections::HashSet;
use std::ops::Range;

use shared::geo::{Commune, Region, gazetteer};
use shared::terminology::terminology;

use super::random::Random;
use crate::ror::datatype::Code;
use crate::ror::system;

/// Population from which a commune can have a hospital.
const TOWN_POPULATION: u32 = 8_000;

/// The communes that can be drawn, with their weights.
#[derive(Debug)]
pub(super) struct Map {
    communes: Vec<&'static Commune>,
    /// Running sum of the populations.
    people: Vec<u64>,
    /// Indexes of the towns, and the running sum of their populations.
    towns: Vec<u32>,
    town_people: Vec<u64>,
    /// With the labels of the code system.
    regions: Vec<Code<'static>>,
}

impl Map {
    /// The map of the embedded gazetteer.
    pub(super) fn load() -> Self {
        let gazetteer = gazetteer();
        let region = |region: &Region| {
            let label = terminology().display(system::REGION, region.code);
            Code::new(region.code, label.unwrap_or(region.name))
        };
        let mut map = Self {
            communes: Vec::new(),
            people: Vec::new(),
            towns: Vec::new(),
            town_people: Vec::new(),
            regions: gazetteer.regions().iter().map(region).collect(),
        };
        let split: HashSet<&str> = gazetteer.communes().filter_map(|c| c.parent).collect();
        let (mut people, mut town_people) = (0, 0);
        for commune in gazetteer.communes() {
            let is_split = split.contains(commune.code);
            let is_placed = commune.point.is_some() && !commune.postal_codes.is_empty();
            if is_split || !is_placed || commune.population == 0 || commune.region.len() != 2 {
                continue;
            }
            people += u64::from(commune.population);
            if commune.population >= TOWN_POPULATION {
                town_people += u64::from(commune.population);
                map.towns.push(map.communes.len() as u32);
                map.town_people.push(town_people);
            }
            map.communes.push(commune);
            map.people.push(people);
        }
        map
    }

    /// A drawn commune.
    pub(super) fn commune(&self, index: u32) -> &'static Commune {
        self.communes[index as usize]
    }

    /// The region of a commune.
    pub(super) fn region(&self, commune: &Commune) -> Code<'static> {
        let found = self.regions.iter().copied().find(|region| region.code == commune.region);
        found.unwrap_or(Code::new(commune.region, ""))
    }

    /// A commune, by population.
    pub(super) fn anywhere(&self, random: &mut Random) -> u32 {
        draw(&self.people, 0..self.people.len(), random) as u32
    }

    /// A commune of some size, by population.
    pub(super) fn town(&self, random: &mut Random) -> u32 {
        self.towns[draw(&self.town_people, 0..self.towns.len(), random)]
    }

    /// A large town: the most populous of a few.
    pub(super) fn city(&self, random: &mut Random) -> u32 {
        let mut best = self.town(random);
        for _ in 0..5 {
            let town = self.town(random);
            if self.commune(town).population > self.commune(best).population {
                best = town;
            }
        }
        best
    }

    /// A commune of the department of `index`, by population.
    pub(super) fn same_department(&self, index: u32, random: &mut Random) -> u32 {
        let department = self.commune(index).department;
        // Communes are sorted by code, which begins with the department.
        let start = self.communes.partition_point(|c| c.department < department);
        let end = self.communes.partition_point(|c| c.department <= department);
        draw(&self.people, start..end, random) as u32
    }
}

/// An index of `range`, by the weights whose running sum is `sums`.
fn draw(sums: &[u64], range: Range<usize>, random: &mut Random) -> usize {
    let before = range.start.checked_sub(1).map_or(0, |i| sums[i]);
    let total = sums[range.end - 1] - before;
    let target = before + (random.unit() * total as f64) as u64;
    let position = sums[range.clone()].partition_point(|sum| *sum <= target);
    (range.start + position).min(range.end - 1)
}

/// The commune as a code with its label.
pub(super) fn commune_code(commune: &'static Commune) -> Code<'static> {
    Code::new(commune.code, commune.name)
}

/// A point about a town: most within two kilometers in a village, six in a city.
pub(super) fn point_about(commune: &Commune, random: &mut Random) -> (f64, f64) {
    let center = commune.point.expect("the map holds only communes with a point");
    let spread_km = match commune.population {
        0..2_000 => 0.5,
        2_000..20_000 => 1.0,
        20_000..100_000 => 1.8,
        _ => 2.5,
    };
    jitter((center.lat, center.lon), spread_km, random)
}

/// A point about another, in degrees with five decimals (about a meter).
pub(super) fn jitter(center: (f64, f64), deviation_km: f64, random: &mut Random) -> (f64, f64) {
    const KM_PER_DEGREE: f64 = 111.195;
    let (lat, lon) = center;
    // The cosine's series to the fourth power: good to a thousandth up to 60°, and the same everywhere.
    let square = lat.to_radians() * lat.to_radians();
    let cosine = 1.0 - square / 2.0 + square * square / 24.0;
    let north = random.around(0.0, deviation_km) / KM_PER_DEGREE;
    let east = random.around(0.0, deviation_km) / (KM_PER_DEGREE * cosine);
    (round(lat + north), round(lon + east))
}

fn round(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use shared::geo::{Point, distance_m};

    use super::super::random::{Random, Stream};
    use super::{Map, point_about};

    #[test]
    fn communes_are_drawn_by_population_and_points_stay_near() {
        let map = Map::load();
        let mut random = Random::new(1, Stream::Plan, 0);
        let mut in_paris = 0;
        for _ in 0..10_000 {
            let index = map.anywhere(&mut random);
            let commune = map.commune(index);
            in_paris += u32::from(commune.department == "75");
            let (lat, lon) = point_about(commune, &mut random);
            let point = Point::new(lat, lon).unwrap();
            assert!(distance_m(point, commune.point.unwrap()) < 11_000.0, "{commune:?}");
            let neighbor = map.commune(map.same_department(index, &mut random));
            assert_eq!(neighbor.department, commune.department);
        }
        // Paris has 3.1 % of the population.
        assert!((200..450).contains(&in_paris), "{in_paris}");
    }

    #[test]
    fn towns_are_towns() {
        let map = Map::load();
        let mut random = Random::new(2, Stream::Plan, 0);
        for _ in 0..100 {
            assert!(map.commune(map.town(&mut random)).population >= super::TOWN_POPULATION);
        }
    }
}
