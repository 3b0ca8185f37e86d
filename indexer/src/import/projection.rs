//! Plane coordinates of the official FINESS stock to longitude and latitude (WGS 84).
//!
//! Does not judge how well an address was located; see `finess`.

use proj4rs::Proj;

use super::ImportError;

/// The plane systems of the stock, each with the territory it serves and its PROJ definition.
///
/// Source: EPSG registry. The reference frames (RGF93, RGAF09, RGFG95, RGR92, RGM04) agree with
/// WGS 84 within a meter, so no datum shift is applied.
const SYSTEMS: [(u32, &str); 6] = [
    (
        2154,
        "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 +ellps=GRS80 +units=m +no_defs",
    ),
    (5490, "+proj=utm +zone=20 +ellps=GRS80 +units=m +no_defs"),
    (2972, "+proj=utm +zone=22 +ellps=GRS80 +units=m +no_defs"),
    (2975, "+proj=utm +zone=40 +south +ellps=GRS80 +units=m +no_defs"),
    (4471, "+proj=utm +zone=38 +south +ellps=GRS80 +units=m +no_defs"),
    (32621, "+proj=utm +zone=21 +datum=WGS84 +units=m +no_defs"),
];

/// Converters for every plane system of the stock.
pub(super) struct Projections {
    geographic: Proj,
    planes: Vec<(u32, Proj)>,
}

impl Projections {
    /// Prepares the six systems.
    pub(super) fn new() -> Result<Self, ImportError> {
        let geographic = Proj::from_proj_string("+proj=longlat +ellps=GRS80 +no_defs")?;
        let planes = SYSTEMS
            .iter()
            .map(|(code, definition)| Ok((*code, Proj::from_proj_string(definition)?)))
            .collect::<Result<_, ImportError>>()?;
        Ok(Self { geographic, planes })
    }

    /// Latitude and longitude in degrees, seven decimals; `None` outside the system's domain.
    pub(super) fn to_degrees(&self, epsg: u32, x_m: f64, y_m: f64) -> Option<(f64, f64)> {
        let (_, plane) = self.planes.iter().find(|(code, _)| *code == epsg)?;
        let mut point = (x_m, y_m, 0.0);
        proj4rs::transform::transform(plane, &self.geographic, &mut point).ok()?;
        let (lon, lat) = (point.0.to_degrees(), point.1.to_degrees());
        let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
        (lat.abs() <= 90.0 && lon.abs() <= 180.0).then(|| (round(lat), round(lon)))
    }
}

/// The plane system of a territory, from its department code (FINESS writes 9A to 9F overseas).
pub(super) fn system_of(department: &str) -> u32 {
    match department {
        "9A" | "9B" | "971" | "972" | "977" | "978" => 5490,
        "9C" | "973" => 2972,
        "9D" | "974" => 2975,
        "9F" | "976" => 4471,
        "9E" | "975" => 32621,
        _ => 2154,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        let projections = Projections::new().unwrap();
        // (EPSG, x, y, latitude, longitude); the first is a row of the stock, the others are towns computed with
        // an independent implementation (PROJ 9).
        let rows = [
            (2154, 870_215.7, 6_571_590.5, 46.222_745, 5.208_596),
            (2154, 355_577.8, 6_689_723.1, 47.2184, -1.5536),
            (5490, 656_770.82, 1_796_177.24, 16.2412, -61.5331),
            (5490, 709_096.32, 1_616_759.73, 14.6161, -61.0588),
            (2972, 352_980.2, 545_868.92, 4.9372, -52.326),
            (2975, 338_811.24, 7_690_101.36, -20.8823, 55.4504),
            (4471, 524_724.52, 8_587_115.82, -12.7806, 45.2278),
            (32621, 562_802.38, 5_181_045.36, 46.78, -56.1773),
        ];
        for (epsg, x, y, lat, lon) in rows {
            let (found_lat, found_lon) = projections.to_degrees(epsg, x, y).unwrap();
            assert!((found_lat - lat).abs() < 2e-6, "{epsg}: {found_lat} {lat}");
            assert!((found_lon - lon).abs() < 2e-6, "{epsg}: {found_lon} {lon}");
        }
    }
}
