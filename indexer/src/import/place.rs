//! Finds the commune, department, region and point of an establishment.
//!
//! Uses the embedded gazetteer and a short reviewed list of places known by another name; never guesses
//! between two communes.

use shared::geo::{Commune, gazetteer};

use super::finess::town_name;
use super::{Defect, Report};

/// Where an establishment is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub commune: Option<&'static Commune>,
    /// Code and name of `TRE_R30`; known even where the commune is not.
    pub region: Option<(&'static str, &'static str)>,
    /// Latitude, longitude, and whether it is the establishment's own point.
    pub position: Option<(f64, f64, bool)>,
}

/// Places whose city and code no official list has; see the file's head.
const KNOWN_TOWNS: &str = include_str!("../../assets/import-towns.csv");

/// Locates from what the row gives. `position` is kept when given; otherwise the commune's point stands
/// for it, marked as not exact.
pub(super) fn locate(
    finess: &str,
    insee: &str,
    postal_code: Option<&str>,
    city: Option<&str>,
    position: Option<(f64, f64, bool)>,
    report: &mut Report,
) -> Place {
    if city.is_some_and(|city| town_name(city) != city) {
        report.count(Defect::Cedex);
    }
    let commune = find_commune(finess, insee, postal_code, city, report);
    if commune.is_none() {
        report.count(Defect::NoCommune);
    }
    let department =
        commune.map_or_else(|| department_of(finess), |commune| commune.department.into());
    let region = gazetteer()
        .department(&department)
        .and_then(|department| gazetteer().region(department.region))
        .map(|region| (region.code, region.name));
    let position = position.or_else(|| {
        let point = commune?.point?;
        report.count(Defect::PositionOfCommune);
        Some((point.lat, point.lon, false))
    });
    if position.is_none() {
        report.count(Defect::NoPosition);
    }
    Place { commune, region, position }
}

fn find_commune(
    finess: &str,
    insee: &str,
    postal_code: Option<&str>,
    city: Option<&str>,
    report: &mut Report,
) -> Option<&'static Commune> {
    if let Some(commune) = gazetteer().current_commune(insee) {
        return Some(commune);
    }
    if let Some(commune) = gazetteer().commune(insee) {
        report.count(Defect::RetiredCommune);
        return Some(commune);
    }
    report.count(if insee.is_empty() { Defect::CommuneMissing } else { Defect::CommuneUnknown });
    let found = city
        .and_then(|city| by_city(finess, &town_name(city), postal_code))
        .or_else(|| postal_code.and_then(|code| gazetteer().only_commune_of_postal_code(code)));
    if found.is_some() {
        report.count(Defect::CommuneFromCity);
    }
    found
}

fn by_city(finess: &str, town: &str, postal_code: Option<&str>) -> Option<&'static Commune> {
    let department = department_of(finess);
    let known = KNOWN_TOWNS.lines().skip_while(|line| line.starts_with('#')).find_map(|line| {
        let mut cells = line.split(',');
        let here = cells.next() == Some(&department) && cells.next() == Some(town);
        here.then(|| cells.next()).flatten()
    });
    if let Some(commune) = known {
        return gazetteer().current_commune(commune);
    }
    let mut named: Vec<_> = gazetteer()
        .by_name(town)
        .into_iter()
        .filter(|commune| commune.department == department)
        .collect();
    if named.len() > 1 {
        named
            .retain(|commune| postal_code.is_some_and(|code| commune.postal_codes.contains(&code)));
    }
    match named.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The department a FINESS number was given in: `44…`, `2A…`, `9704…` is 974.
fn department_of(finess: &str) -> String {
    match (finess.get(..2), finess.get(3..4)) {
        (Some("97"), Some(digit)) => format!("97{digit}"),
        (Some("98"), _) => "976".to_owned(),
        (prefix, _) => prefix.unwrap_or_default().to_owned(),
    }
}

/// The only postal code of a commune, for addresses that came without one.
pub(super) fn only_postal_code(commune: &Commune) -> Option<&'static str> {
    match commune.postal_codes {
        [only] => Some(*only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(finess: &str, insee: &str, postal_code: &str, city: &str) -> Option<&'static str> {
        let postal_code = Some(postal_code).filter(|code| !code.is_empty());
        let mut report = Report::default();
        locate(finess, insee, postal_code, Some(city), None, &mut report).commune.map(|c| c.code)
    }

    #[test]
    fn communes() {
        let rows = [
            ("010000024", "01451", "01440", "VIRIAT", Some("01451")),
            // Retired: merged into another commune, of another department.
            ("440003028", "44060", "44540", "LE FRESNE", Some("49160")),
            // No code, a CEDEX postal code: the town's name within the department.
            ("010000065", "", "01606", "TREVOUX CEDEX", Some("01427")),
            // A truncated code.
            ("290000033", "29", "29672", "MORLAIX CEDEX", Some("29151")),
            ("440003028", "", "", "LE FRESNE SUR LOIRE", Some("49160")),
            ("970108890", "", "", "ST MARTIN", Some("97801")),
            ("440000000", "", "", "NOWHERE", None),
        ];
        for (finess, insee, postal_code, city, expected) in rows {
            assert_eq!(code(finess, insee, postal_code, city), expected, "{city}");
        }
    }
}
