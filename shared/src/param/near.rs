//! Circles on the globe: `near=lat|lon|distance|unit`, `near-insee-code=commune|distance|unit` and
//! `near-address=address|distance|unit`.
//!
//! Where a commune or an address stands is looked up elsewhere, distances are the geometry's; neither is
//! here.

use std::fmt;

use super::decimal::Decimal;
use super::{ValueError, escape};

/// The radius of a circle that does not state one, in meters.
pub const DEFAULT_RADIUS_M: f64 = 10_000.0;

/// A circle.
#[derive(Debug, Clone, PartialEq)]
pub enum NearQuery {
    /// Around a position.
    Point {
        /// Latitude in degrees, WGS 84, north positive.
        lat: f64,
        /// Longitude in degrees, WGS 84, east positive.
        lon: f64,
        /// Radius in meters.
        radius_m: f64,
    },
    /// Around the point of a commune.
    Commune {
        /// INSEE code of the commune (code officiel géographique): `44162`, `2A004`.
        code: String,
        /// Radius in meters.
        radius_m: f64,
    },
    /// Around a postal address. It must be looked up before it can be searched, and then becomes a
    /// [`NearQuery::Point`], or [`NearQuery::Nowhere`].
    Address {
        /// The address as it was written, trimmed.
        text: String,
        /// Radius in meters.
        radius_m: f64,
    },
    /// Around a place that was not found: nothing is near it.
    Nowhere {
        /// Radius in meters.
        radius_m: f64,
    },
}

/// Longest address that is looked up, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 300;

/// Units of distance with their length in meters. Bare names and UCUM codes; without a unit, km (rule
/// `RG_RECH_14` of the directory).
const UNITS: [(&str, f64); 6] = [
    ("km", 1_000.0),
    ("m", 1.0),
    ("mi", 1_609.344),
    ("[mi_i]", 1_609.344),
    ("[mi_us]", 1_609.347_218_694_437_3),
    ("", 1_000.0),
];

impl NearQuery {
    /// Reads `latitude|longitude[|distance[|unit]]`.
    ///
    /// # Errors
    /// When a part is not a number, out of range, or the unit is unknown.
    pub fn parse_point(text: &str) -> Result<Self, ValueError> {
        let parts = parts(text);
        let (lat, lon, rest) = match parts.as_slice() {
            [lat, lon, rest @ ..] if rest.len() <= 2 => (lat, lon, rest),
            _ => {
                return Err(ValueError::new(
                    "a position is written latitude|longitude|distance|unit, such as \
                     47.21|-1.55|15|km",
                ));
            }
        };
        Ok(Self::Point {
            lat: degrees(lat, "latitude", 90.0)?,
            lon: degrees(lon, "longitude", 180.0)?,
            radius_m: radius_m(rest)?,
        })
    }

    /// Reads `commune[|distance[|unit]]`.
    ///
    /// # Errors
    /// When the code is not that of a commune, the distance not a number, or the unit unknown.
    pub fn parse_commune(text: &str) -> Result<Self, ValueError> {
        let parts = parts(text);
        let (code, rest) = match parts.as_slice() {
            [code, rest @ ..] if rest.len() <= 2 => (code, rest),
            _ => {
                return Err(ValueError::new(
                    "a commune is written insee-code|distance|unit, such as 44162|15|km",
                ));
            }
        };
        let code = code.to_ascii_uppercase();
        if !is_commune_code(&code) {
            return Err(ValueError::new(format!(
                "\"{code}\" is not the INSEE code of a commune; write five characters such as \
                 44162 or 2A004"
            )));
        }
        Ok(Self::Commune { code, radius_m: radius_m(rest)? })
    }

    /// Reads `address[|distance[|unit]]`. A comma belongs to the address.
    ///
    /// # Errors
    /// When the address is empty or too long, the distance not a number, or the unit unknown.
    pub fn parse_address(text: &str) -> Result<Self, ValueError> {
        let parts = parts(text);
        let (address, rest) = match parts.as_slice() {
            [address, rest @ ..] if rest.len() <= 2 && !address.is_empty() => (address, rest),
            _ => {
                return Err(ValueError::new(
                    "an address is written address|distance|unit, such as \
                     7 rue porte de Buc, 78000 Versailles|10|km",
                ));
            }
        };
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(ValueError::new(format!(
                "the address is {} bytes long; at most {ADDRESS_BYTES_MAX}",
                address.len()
            )));
        }
        Ok(Self::Address { text: address.clone(), radius_m: radius_m(rest)? })
    }

    /// The circle around the same middle with another radius.
    #[must_use]
    pub fn with_radius_m(&self, radius_m: f64) -> Self {
        match self {
            Self::Point { lat, lon, .. } => Self::Point { lat: *lat, lon: *lon, radius_m },
            Self::Commune { code, .. } => Self::Commune { code: code.clone(), radius_m },
            Self::Address { text, .. } => Self::Address { text: text.clone(), radius_m },
            Self::Nowhere { .. } => Self::Nowhere { radius_m },
        }
    }

    /// The radius in meters.
    pub fn radius_m(&self) -> f64 {
        match self {
            Self::Point { radius_m, .. }
            | Self::Commune { radius_m, .. }
            | Self::Address { radius_m, .. }
            | Self::Nowhere { radius_m } => *radius_m,
        }
    }
}

fn parts(text: &str) -> Vec<String> {
    let split = escape::split(text, '|');
    split.into_iter().map(|part| escape::unescape(part).trim().to_owned()).collect()
}

fn degrees(text: &str, name: &str, limit: f64) -> Result<f64, ValueError> {
    let value = Decimal::parse(text)?.to_f64();
    if value.abs() > limit {
        return Err(ValueError::new(format!(
            "{name} \"{text}\" is outside -{limit} to {limit} degrees"
        )));
    }
    Ok(value)
}

fn radius_m(rest: &[String]) -> Result<f64, ValueError> {
    let distance = rest.first().map_or("", String::as_str);
    let unit = rest.get(1).map_or("", String::as_str);
    let Some((_, meters)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::new(format!("unknown unit \"{unit}\"; allowed: km, m, mi")));
    };
    if distance.is_empty() {
        return Ok(DEFAULT_RADIUS_M);
    }
    let radius = Decimal::parse(distance)?.to_f64() * meters;
    if radius < 0.0 {
        return Err(ValueError::new(format!("the distance \"{distance}\" is negative")));
    }
    Ok(radius)
}

/// Whether `code` has the form of a commune code: department (Corsica `2A`, `2B`) and three digits.
fn is_commune_code(code: &str) -> bool {
    let Some((department, number)) = code.split_at_checked(2) else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    number.len() == 3 && digits(number) && (digits(department) || matches!(department, "2A" | "2B"))
}

impl fmt::Display for NearQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point { lat, lon, radius_m } => write!(f, "{lat}|{lon}|{radius_m}|m"),
            Self::Commune { code, radius_m } => write!(f, "{code}|{radius_m}|m"),
            Self::Address { text, radius_m } => {
                write!(f, "{}|{radius_m}|m", escape::escape(text))
            }
            Self::Nowhere { radius_m } => write!(f, "|{radius_m}|m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points() {
        let point = |lat, lon, radius_m| Some(NearQuery::Point { lat, lon, radius_m });
        let rows = [
            ("47.2|-1.5|15|km", point(47.2, -1.5, 15_000.0)),
            ("47.2|-1.5|15", point(47.2, -1.5, 15_000.0)),
            ("47.2|-1.5|15|", point(47.2, -1.5, 15_000.0)),
            ("47.2|-1.5|150|m", point(47.2, -1.5, 150.0)),
            ("47.2|-1.5|1|mi", point(47.2, -1.5, 1_609.344)),
            ("47.2|-1.5|1|[mi_us]", point(47.2, -1.5, 1_609.347_218_694_437_3)),
            ("47.2|-1.5", point(47.2, -1.5, DEFAULT_RADIUS_M)),
            ("47.2|-1.5||", point(47.2, -1.5, DEFAULT_RADIUS_M)),
            ("47.2| -1.5 |0|km", point(47.2, -1.5, 0.0)),
            ("-90|180|1|km", point(-90.0, 180.0, 1_000.0)),
            ("90.1|0|1|km", None),
            ("0|-180.5|1|km", None),
            ("47.2|-1.5|-1|km", None),
            ("47.2|-1.5|15|parsec", None),
            ("47.2|-1.5|15|km|x", None),
            ("47.2", None),
            ("", None),
            ("a|b|c|km", None),
            ("NaN|0|1|km", None),
        ];
        for (text, expected) in rows {
            assert_eq!(NearQuery::parse_point(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn communes() {
        let commune =
            |code: &str, radius_m| Some(NearQuery::Commune { code: code.to_owned(), radius_m });
        let rows = [
            ("44162|15|km", commune("44162", 15_000.0)),
            ("2A004|500|m", commune("2A004", 500.0)),
            ("2b033|5|km", commune("2B033", 5_000.0)),
            ("44162", commune("44162", DEFAULT_RADIUS_M)),
            ("4416|15|km", None),
            ("2C004", None),
            ("Nantes", None),
            ("44162|x", None),
            ("44162|1|km|", None),
            ("", None),
            ("é4162", None),
        ];
        for (text, expected) in rows {
            assert_eq!(NearQuery::parse_commune(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn addresses() {
        let address =
            |text: &str, radius_m| Some(NearQuery::Address { text: text.to_owned(), radius_m });
        let long = "x".repeat(ADDRESS_BYTES_MAX + 1);
        let rows = [
            (
                "7 rue porte de Buc, 78000 Versailles|10|km",
                address("7 rue porte de Buc, 78000 Versailles", 10_000.0),
            ),
            (
                r"7 rue porte de Buc\, 78000 Versailles|500|m",
                address("7 rue porte de Buc, 78000 Versailles", 500.0),
            ),
            ("Versailles", address("Versailles", DEFAULT_RADIUS_M)),
            (" Versailles ||", address("Versailles", DEFAULT_RADIUS_M)),
            (r"a\|b|1", address("a|b", 1_000.0)),
            ("Versailles|ten|km", None),
            ("Versailles|10|parsec", None),
            ("Versailles|-1", None),
            ("Versailles|10|km|x", None),
            ("|10|km", None),
            ("", None),
            (long.as_str(), None),
        ];
        for (text, expected) in rows {
            let found = NearQuery::parse_address(text).ok();
            assert_eq!(found, expected, "{text}");
            if let Some(query) = found {
                assert_eq!(NearQuery::parse_address(&query.to_string()).unwrap(), query);
            }
        }
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(lat in -90.0..90.0_f64, lon in -180.0..180.0_f64, radius in 0_u32..1_000_000) {
            let text = format!("{lat:.6}|{lon:.6}|{radius}|m");
            let query = NearQuery::parse_point(&text).unwrap();
            prop_assert_eq!(NearQuery::parse_point(&query.to_string()).unwrap(), query);
        }
    }
}
