//! The outlines of departments, for maps and for placing a point in its department.
//!
//! Embedded: `assets/outlines/departments.geojson.zst` (IGN Admin Express COG 2018 through
//! `gregoiredavid/france-geojson`, simplified to about 100 m; metropolitan France and the five
//! overseas departments). Small islands and the overseas collectivities have no outline.

use std::sync::LazyLock;

use geo::{BoundingRect, Contains, Coord, LineString, MultiPolygon, Polygon, Rect};
use serde_json::Value;

use crate::geo::{Department, Point, gazetteer};

static ASSET: &[u8] = include_bytes!("../../assets/outlines/departments.geojson.zst");

/// Beyond this distance from the nearest commune a point outside every outline is nowhere.
const OFF_OUTLINE_MAX_M: f64 = 10_000.0;

/// The shape of one department; longitudes are x, latitudes y.
#[derive(Debug)]
pub struct Outline {
    /// The department's code.
    pub code: &'static str,
    /// Its surface, several polygons where islands are kept.
    pub shape: MultiPolygon,
    bounds: Rect,
}

/// The outlines as `GeoJSON`: a `FeatureCollection` with `code`, `name` and `region` as properties.
pub fn departments_geojson() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let bytes = zstd::decode_all(ASSET).expect("the embedded outlines are a zstd stream");
        String::from_utf8(bytes).expect("the embedded outlines are UTF-8")
    });
    &TEXT
}

/// The outlines, parsed, in the order of department codes.
pub fn outlines() -> &'static [Outline] {
    static OUTLINES: LazyLock<Vec<Outline>> =
        LazyLock::new(|| parse(departments_geojson()).expect("the embedded outlines are GeoJSON"));
    &OUTLINES
}

/// The department a point lies in.
///
/// Outlines are exact to about 100 m. A point outside all of them (coast, islands, collectivities)
/// belongs to the department of its nearest commune, if that is within 10 km.
pub fn department_of(point: Point) -> Option<&'static Department> {
    let position = geo::Point::new(point.lon, point.lat);
    let inside = outlines()
        .iter()
        .filter(|outline| outline.bounds.contains(&position))
        .find(|outline| outline.shape.contains(&position));
    let code = match inside {
        Some(outline) => outline.code,
        None => {
            gazetteer()
                .nearest(point)
                .filter(|(_, meters)| *meters <= OFF_OUTLINE_MAX_M)?
                .0
                .department
        }
    };
    gazetteer().department(code)
}

fn parse(geojson: &str) -> Option<Vec<Outline>> {
    let collection: Value = serde_json::from_str(geojson).ok()?;
    let mut outlines = Vec::new();
    for feature in collection["features"].as_array()? {
        let code = feature["properties"]["code"].as_str()?;
        let coordinates = feature["geometry"]["coordinates"].as_array()?;
        let polygons = match feature["geometry"]["type"].as_str()? {
            "Polygon" => vec![polygon(coordinates)?],
            "MultiPolygon" => coordinates
                .iter()
                .map(|rings| polygon(rings.as_array()?))
                .collect::<Option<Vec<_>>>()?,
            _ => return None,
        };
        let shape = MultiPolygon::new(polygons);
        let bounds = shape.bounding_rect()?;
        outlines.push(Outline { code: gazetteer().department(code)?.code, shape, bounds });
    }
    outlines.sort_unstable_by_key(|outline| outline.code);
    Some(outlines)
}

fn polygon(rings: &[Value]) -> Option<Polygon> {
    let mut rings = rings.iter().map(ring).collect::<Option<Vec<_>>>()?.into_iter();
    Some(Polygon::new(rings.next()?, rings.collect()))
}

fn ring(positions: &Value) -> Option<LineString> {
    let coordinates = positions.as_array()?.iter().map(|position| {
        Some(Coord { x: position.get(0)?.as_f64()?, y: position.get(1)?.as_f64()? })
    });
    coordinates.collect::<Option<Vec<_>>>().map(LineString::new)
}

#[cfg(test)]
mod tests {
    use super::{department_of, departments_geojson, outlines};
    use crate::geo::{Point, gazetteer};

    #[test]
    fn every_department_has_one_outline() {
        let drawn: Vec<_> = outlines().iter().map(|outline| outline.code).collect();
        let is_collectivity = |code: &str| gazetteer().department(code).unwrap().region == code;
        let expected: Vec<_> = gazetteer()
            .departments()
            .iter()
            .map(|d| d.code)
            .filter(|c| !is_collectivity(c))
            .collect();
        assert_eq!(drawn, expected);
        assert!(departments_geojson().starts_with(r#"{"type":"FeatureCollection""#));
    }

    #[test]
    fn places_points_in_departments() {
        let rows = [
            ((47.2184, -1.5536), Some("44")),
            ((48.8566, 2.3522), Some("75")),
            ((48.90, 2.24), Some("92")),
            ((41.92, 8.73), Some("2A")),
            ((-20.8823, 55.4504), Some("974")),
            // Without an outline, by the nearest commune.
            ((46.7791, -56.1773), Some("975")),
            ((-17.5347, -149.5684), Some("987")),
            // An island lost in the simplification: Sein.
            ((48.0365, -4.8500), Some("29")),
            // The Atlantic, Berlin.
            ((45.0, -20.0), None),
            ((52.5, 13.4), None),
        ];
        for ((lat, lon), expected) in rows {
            let found = department_of(Point::new(lat, lon).unwrap()).map(|d| d.code);
            assert_eq!(found, expected, "{lat} {lon}");
        }
    }
}
