//! Reading the embedded gazetteer.
//!
//! The asset is lines of tab-separated values, sorted by code within each kind:
//! `R code name`, `D code name region prefecture`,
//! `C code name postal-codes(|) lat lon population parent`, `F code current name` (a retired code),
//! `N current name` (one more name that stands for a commune now).
//! Texts live as long as the process, so that every record can point into them.

use std::collections::HashMap;
use std::ops::Range;
use std::str::Split;

use super::{Commune, Department, FormerCommune, Region, department_of_insee};
use crate::geo::Point;

static ASSET: &[u8] = include_bytes!("../../../assets/geo/gazetteer.tsv.zst");

/// The records of the asset, each kind sorted by code.
pub(super) struct Tables {
    pub(super) regions: &'static [Region],
    pub(super) departments: &'static [Department],
    pub(super) communes: &'static [Commune],
    pub(super) former: &'static [FormerCommune],
    /// Names that stood for no retired code, each with the code of the commune of today.
    pub(super) former_names: &'static [(&'static str, &'static str)],
}

pub(super) fn load() -> Tables {
    let text = zstd::decode_all(ASSET).expect("the embedded gazetteer is a zstd stream");
    let text = String::from_utf8(text).expect("the embedded gazetteer is UTF-8");
    parse(text.leak()).expect("the embedded gazetteer has the form its builder writes")
}

/// `None` when a line has not the form described above.
fn parse(text: &'static str) -> Option<Tables> {
    let mut regions = Vec::new();
    let mut departments = Vec::new();
    let mut communes = Vec::with_capacity(36_000);
    let mut former = Vec::with_capacity(4_500);
    let mut former_names = Vec::with_capacity(1_000);
    let mut postal_codes = Vec::with_capacity(38_000);
    let mut region_of: HashMap<&str, &'static str> = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        match fields.next()? {
            "R" => regions.push(Region { code: fields.next()?, name: fields.next()? }),
            "D" => {
                let department = Department {
                    code: fields.next()?,
                    name: fields.next()?,
                    region: fields.next()?,
                    prefecture: fields.next()?,
                };
                region_of.insert(department.code, department.region);
                departments.push(department);
            }
            "C" => communes.push(commune(&mut fields, &region_of, &mut postal_codes)?),
            "F" => former.push(FormerCommune {
                code: fields.next()?,
                current: fields.next()?,
                name: fields.next()?,
            }),
            "N" => former_names.push((fields.next()?, fields.next()?)),
            _ => return None,
        }
    }
    let postal_codes: &'static [&'static str] = postal_codes.leak();
    let communes: Vec<Commune> = communes
        .into_iter()
        .map(|(commune, range)| Commune { postal_codes: &postal_codes[range], ..commune })
        .collect();
    Some(Tables {
        regions: regions.leak(),
        departments: departments.leak(),
        communes: communes.leak(),
        former: former.leak(),
        former_names: former_names.leak(),
    })
}

/// The commune, its postal codes still to be taken from that range of all postal codes.
fn commune(
    fields: &mut Split<'static, char>,
    region_of: &HashMap<&str, &'static str>,
    all_postal_codes: &mut Vec<&'static str>,
) -> Option<(Commune, Range<usize>)> {
    let code = fields.next()?;
    let name = fields.next()?;
    let first = all_postal_codes.len();
    all_postal_codes.extend(fields.next()?.split('|').filter(|postal| !postal.is_empty()));
    let (lat, lon) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let population = fields.next()?.parse().ok()?;
    let parent = fields.next().filter(|parent| !parent.is_empty());
    let department = department_of_insee(code);
    let region = region_of.get(department)?;
    let point = Point::new(lat, lon);
    let postal_codes = &[];
    let commune =
        Commune { code, name, postal_codes, department, region, point, population, parent };
    Some((commune, first..all_postal_codes.len()))
}
