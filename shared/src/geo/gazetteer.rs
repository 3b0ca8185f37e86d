//! The communes, departments and regions of France, with their points, populations and postal
//! codes, and the ways to find one.
//!
//! Embedded: `assets/geo/gazetteer.tsv.zst`, built by `examples/build_assets.rs` from the official
//! geographic code (INSEE, through `@etalab/decoupage-administratif`), the commune centers of
//! geo.api.gouv.fr and the towns of `GeoNames`. Former names are those of earlier states of that code: every
//! commune that was merged since 1943, and what communes were called since 2018. The list of CEDEX codes is not part of it, its license being
//! unverified: a CEDEX code is read as its department.
//!
//! Paris, Lyon and Marseille are present both as a commune and as municipal districts, which name the
//! commune as [`Commune::parent`]. Sums over communes must leave the districts out.

mod address;
mod asset;
mod names;
mod reading;
mod slips;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{LazyLock, OnceLock};

use crate::geo::{EARTH_RADIUS_M, Point, distance_m, place_key};
use names::{NameIndex, Named};

pub use reading::{Reading, SURE};

/// A region, or an overseas collectivity, which is its own region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// INSEE code: `"52"`, `"975"`.
    pub code: &'static str,
    /// `"Pays de la Loire"`.
    pub name: &'static str,
}

/// A department, or an overseas collectivity, which is its own department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Department {
    /// `"44"`, `"2A"`, `"974"`.
    pub code: &'static str,
    /// `"Loire-Atlantique"`.
    pub name: &'static str,
    /// The code of its region.
    pub region: &'static str,
    /// The INSEE code of the commune of its prefecture.
    pub prefecture: &'static str,
}

/// A commune, or a municipal district of Paris, Lyon or Marseille.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Commune {
    /// INSEE code, five characters: `"44109"`, `"2A004"`.
    pub code: &'static str,
    /// `"Nantes"`, `"Paris 15e Arrondissement"`.
    pub name: &'static str,
    /// Its postal codes, ascending; empty for a few uninhabited territories.
    pub postal_codes: &'static [&'static str],
    /// The code of its department.
    pub department: &'static str,
    /// The code of its region.
    pub region: &'static str,
    /// The town where `GeoNames` knows it, else the center of the surface.
    pub point: Option<Point>,
    /// Legal population; 0 where there is none.
    pub population: u32,
    /// For a municipal district, the INSEE code of its commune.
    pub parent: Option<&'static str>,
}

/// A retired INSEE code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerCommune {
    /// The retired code.
    pub code: &'static str,
    /// The name it stood for; empty when that is the name of the commune of today, or unknown.
    pub name: &'static str,
    /// The code of the commune that holds its territory now.
    pub current: &'static str,
}

/// What a postal code designates.
#[derive(Debug, Clone, PartialEq)]
pub enum Postal {
    /// The communes it serves: municipal districts first, then by descending population.
    Communes(Vec<&'static Commune>),
    /// No commune has it (a CEDEX code, most often), but its first digits name a department.
    Department(&'static Department),
}

/// The geographic code in memory. There is one: [`gazetteer`].
#[derive(Debug)]
pub struct Gazetteer {
    regions: &'static [Region],
    departments: &'static [Department],
    communes: &'static [Commune],
    former: &'static [FormerCommune],
    /// (code of the commune of today, a name that stands for it now and has no code of its own).
    former_names: &'static [(&'static str, &'static str)],
    /// (postal code, index of the commune), ascending.
    postal: OnceLock<Vec<(&'static str, u32)>>,
    /// (point, index of the commune), by ascending latitude.
    by_latitude: OnceLock<Vec<(Point, u32)>>,
    names: OnceLock<NameIndex>,
    /// (comparison key, department), ascending.
    department_names: OnceLock<Vec<(String, &'static Department)>>,
}

/// The gazetteer, read from the embedded asset on first use.
pub fn gazetteer() -> &'static Gazetteer {
    static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(Gazetteer::load);
    &GAZETTEER
}

impl Gazetteer {
    fn load() -> Self {
        let asset::Tables { regions, departments, communes, former, former_names } = asset::load();
        Self {
            regions,
            departments,
            communes,
            former,
            former_names,
            postal: OnceLock::new(),
            by_latitude: OnceLock::new(),
            names: OnceLock::new(),
            department_names: OnceLock::new(),
        }
    }

    /// Builds now what is otherwise built by the first postal, name or nearest lookup (some 20 ms).
    pub fn prepare(&self) {
        self.postal();
        self.by_latitude();
        self.names();
        self.department_names();
    }

    /// All communes and municipal districts, by code.
    pub fn communes(&self) -> impl ExactSizeIterator<Item = &'static Commune> + use<> {
        self.communes.iter()
    }

    /// All departments and overseas collectivities, by code.
    pub fn departments(&self) -> &'static [Department] {
        self.departments
    }

    /// All regions and overseas collectivities, by code.
    pub fn regions(&self) -> &'static [Region] {
        self.regions
    }

    /// All retired INSEE codes, by code.
    pub fn former_communes(&self) -> &'static [FormerCommune] {
        self.former
    }

    /// The commune of an INSEE code. A retired code gives the commune that holds its territory now:
    /// then the code of the answer differs from the one asked.
    pub fn commune(&self, insee: &str) -> Option<&'static Commune> {
        self.current_commune(insee)
            .or_else(|| self.former_commune(insee).and_then(|f| self.current_commune(f.current)))
    }

    /// The commune of an INSEE code in force.
    pub fn current_commune(&self, insee: &str) -> Option<&'static Commune> {
        let index = self.communes.binary_search_by(|c| c.code.cmp(insee)).ok()?;
        Some(&self.communes[index])
    }

    /// The record of a retired INSEE code.
    pub fn former_commune(&self, insee: &str) -> Option<&'static FormerCommune> {
        let index = self.former.binary_search_by(|f| f.code.cmp(insee)).ok()?;
        Some(&self.former[index])
    }

    /// The municipal districts of a commune, by code; empty for any but Paris, Lyon and Marseille.
    pub fn districts(&self, insee: &str) -> impl Iterator<Item = &'static Commune> {
        self.communes.iter().filter(move |c| c.parent == Some(insee))
    }

    /// The department of a code: `"44"`, `"2A"`, `"974"`.
    pub fn department(&self, code: &str) -> Option<&'static Department> {
        let index = self.departments.binary_search_by(|d| d.code.cmp(code)).ok()?;
        Some(&self.departments[index])
    }

    /// The region of a code.
    pub fn region(&self, code: &str) -> Option<&'static Region> {
        let index = self.regions.binary_search_by(|r| r.code.cmp(code)).ok()?;
        Some(&self.regions[index])
    }

    /// The department of a name, compared by [`place_key`].
    pub fn department_by_name(&self, name: &str) -> Option<&'static Department> {
        let key = place_key(name);
        let names = self.department_names();
        let index = names.binary_search_by(|(known, _)| known.cmp(&key)).ok()?;
        Some(names[index].1)
    }

    /// The departments a name of which begins with the key.
    fn departments_starting_with(
        &self,
        key: &str,
    ) -> impl Iterator<Item = &'static Department> + use<'_> {
        let names = self.department_names();
        let start = names.partition_point(|(known, _)| known.as_str() < key);
        let end = start + names[start..].partition_point(|(known, _)| known.starts_with(key));
        names[start..end].iter().map(|(_, department)| *department)
    }

    fn department_names(&self) -> &[(String, &'static Department)] {
        self.department_names.get_or_init(|| {
            let departments = self.departments.iter();
            let mut names: Vec<_> = departments.map(|d| (place_key(d.name), d)).collect();
            names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            names
        })
    }

    /// The region of a name, compared by [`place_key`].
    pub fn region_by_name(&self, name: &str) -> Option<&'static Region> {
        let key = place_key(name);
        self.regions.iter().find(|r| place_key(r.name) == key)
    }

    /// What a postal code designates; the word CEDEX and what follows are left out of account.
    ///
    /// `None` when the text does not begin with five digits, or they name no department.
    pub fn by_postal_code(&self, text: &str) -> Option<Postal> {
        let code = postal_digits(text)?;
        let postal = self.postal();
        let start = postal.partition_point(|(c, _)| *c < code);
        let mut communes: Vec<_> = postal[start..]
            .iter()
            .take_while(|(c, _)| *c == code)
            .map(|&(_, index)| &self.communes[index as usize])
            .collect();
        if communes.is_empty() {
            return self.department(department_of_postal_code(code)).map(Postal::Department);
        }
        communes.sort_by_key(|c| (c.parent.is_none(), std::cmp::Reverse(c.population)));
        Some(Postal::Communes(communes))
    }

    /// The commune or municipal district of a postal code, read as in [`Self::by_postal_code`]; `None` when
    /// it serves several or none.
    pub fn only_commune_of_postal_code(&self, text: &str) -> Option<&'static Commune> {
        let Postal::Communes(served) = self.by_postal_code(text)? else { return None };
        match without_divided_towns(served).as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The communes that a name may mean, compared by [`place_key`]: those that have it, largest first, else
    /// those that have it but for an article (`"Havre"`) or a parenthesis; then those of today that hold the
    /// territory of a commune that had it, unless one that has it now is larger than they are.
    pub fn by_name(&self, name: &str) -> Vec<&'static Commune> {
        self.named(name).meant()
    }

    fn named(&self, name: &str) -> Named {
        let (direct, former) = self.names().exact(&place_key(name));
        Named::new(self.resolve(direct), self.resolve(former))
    }

    /// The communes whose name or postal code begins with `text`, largest first, at most `limit`.
    ///
    /// Municipal districts appear once the name of their town is written in full.
    pub fn by_prefix(&self, text: &str, limit: usize) -> Vec<&'static Commune> {
        let key = place_key(text);
        if key.is_empty() || limit == 0 {
            return Vec::new();
        }
        if key.bytes().all(|b| b.is_ascii_digit()) {
            return self.by_postal_prefix(&key, limit);
        }
        let mut found = self.names().starting_with(&key);
        // `st` written out is `saint`, but it may also be the beginning of Strasbourg.
        if let Some(typed) = names::unfinished_abbreviation(&key) {
            found.extend(self.names().starting_with(&typed));
        }
        let is_hidden_district = |c: &Commune| {
            c.parent
                .and_then(|p| self.current_commune(p))
                .is_some_and(|town| !key.starts_with(&place_key(town.name)))
        };
        let communes = found.into_iter().map(|index| &self.communes[index as usize]);
        largest(communes.filter(|c| !is_hidden_district(c)).collect(), limit)
    }

    /// The commune or district whose point is nearest, and its distance in meters.
    pub fn nearest(&self, point: Point) -> Option<(&'static Commune, f64)> {
        let by_latitude = self.by_latitude();
        let start = by_latitude.partition_point(|(p, _)| p.lat < point.lat);
        let (southern, northern) = by_latitude.split_at(start);
        let mut best: Option<(u32, f64)> = None;
        nearest_in(northern.iter(), point, &mut best);
        nearest_in(southern.iter().rev(), point, &mut best);
        best.map(|(index, meters)| (&self.communes[index as usize], meters))
    }

    fn by_postal_prefix(&self, digits: &str, limit: usize) -> Vec<&'static Commune> {
        let postal = self.postal();
        let start = postal.partition_point(|(c, _)| *c < digits);
        let mut found: Vec<_> = postal[start..]
            .iter()
            .take_while(|(c, _)| c.starts_with(digits))
            .map(|&(_, index)| index)
            .collect();
        found.sort_unstable();
        found.dedup();
        let communes = found.into_iter().map(|index| &self.communes[index as usize]);
        largest(communes.filter(|c| c.parent.is_none()).collect(), limit)
    }

    fn postal(&self) -> &[(&'static str, u32)] {
        self.postal.get_or_init(|| {
            let indexed = (0u32..).zip(self.communes);
            let mut postal: Vec<_> = indexed
                .flat_map(|(index, commune)| commune.postal_codes.iter().map(move |&c| (c, index)))
                .collect();
            postal.sort_unstable();
            postal
        })
    }

    fn by_latitude(&self) -> &[(Point, u32)] {
        self.by_latitude.get_or_init(|| {
            let indexed = (0u32..).zip(self.communes);
            let mut points: Vec<_> =
                indexed.filter_map(|(index, commune)| Some((commune.point?, index))).collect();
            points.sort_unstable_by(|(a, _), (b, _)| a.lat.total_cmp(&b.lat));
            points
        })
    }

    fn names(&self) -> &NameIndex {
        let coded = || self.former.iter().map(|former| (former.current, former.name));
        let former = || coded().chain(self.former_names.iter().copied());
        self.names.get_or_init(|| NameIndex::new(self.communes, former()))
    }

    fn resolve(&self, indexes: Vec<u32>) -> Vec<&'static Commune> {
        let communes = indexes.into_iter().map(|index| &self.communes[index as usize]).collect();
        largest(communes, usize::MAX)
    }
}

/// Walks away from the latitude of `point` until the latitude alone is farther than the best.
fn nearest_in<'a>(
    candidates: impl Iterator<Item = &'a (Point, u32)>,
    point: Point,
    best: &mut Option<(u32, f64)>,
) {
    for &(candidate, index) in candidates {
        let apart_m = (candidate.lat - point.lat).abs().to_radians() * EARTH_RADIUS_M;
        if best.is_some_and(|(_, meters)| apart_m > meters) {
            return;
        }
        let meters = distance_m(candidate, point);
        if best.is_none_or(|(_, least)| meters < least) {
            *best = Some((index, meters));
        }
    }
}

/// The code of the department of an INSEE commune code.
pub(crate) fn department_of_insee(code: &str) -> &str {
    let overseas = code.starts_with("97") || code.starts_with("98");
    code.get(..if overseas { 3 } else { 2 }).unwrap_or(code)
}

/// The first five digits; spaces before them are skipped.
fn postal_digits(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let code = text.get(..5)?;
    let ends_there = !text[5..].starts_with(|c: char| c.is_alphanumeric());
    (ends_there && code.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}

/// The communes without the towns whose districts are among them.
fn without_divided_towns(mut served: Vec<&'static Commune>) -> Vec<&'static Commune> {
    let parents: Vec<&str> = served.iter().filter_map(|c| c.parent).collect();
    served.retain(|c| !parents.contains(&c.code));
    served
}

/// The department a postal code points to by its first digits. In Corsica (20), the third one tells; overseas,
/// CEDEX codes of La Réunion go on after 974 in 977 and 978, and those of Guadeloupe and of the islands that were
/// part of it are in 970.
fn department_of_postal_code(code: &str) -> &str {
    match &code[..3] {
        "200" | "201" | "203" | "205" | "207" => "2A",
        "202" | "204" | "206" => "2B",
        "977" | "978" => "974",
        "970" => match &code[..4] {
            "9705" | "9706" | "9707" => "978",
            "9709" => "977",
            _ if code == "97080" => "978",
            _ => "971",
        },
        _ => department_of_insee(code),
    }
}

/// Each commune once, largest first, at most `limit`; equals by code.
fn largest(mut communes: Vec<&'static Commune>, limit: usize) -> Vec<&'static Commune> {
    let rank = |c: &&Commune| (std::cmp::Reverse(c.population), c.code);
    communes.sort_unstable_by_key(rank);
    communes.dedup_by_key(|c| c.code);
    communes.truncate(limit);
    communes
}
