//! `GeoCodeJSON` → candidates: the `FeatureCollection` that the national address base and its kin answer.
//!
//! Source: `GeoCodeJSON` specification, version 0.1.0; the fields `citycode` and `score` are those of
//! addok. A feature that lacks what makes a candidate is left out.

use serde::Deserialize;
use serde_json::Value;
use shared::geo::{Candidate, Point, Precision, Source, gazetteer};

/// Longest label that is shown.
const LABEL_CHARS_MAX: usize = 200;

#[derive(Debug, Deserialize)]
struct Collection {
    features: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Feature {
    geometry: Geometry,
    properties: Properties,
}

#[derive(Debug, Deserialize)]
struct Geometry {
    /// Longitude first.
    coordinates: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Properties {
    label: String,
    score: f64,
    #[serde(rename = "type")]
    kind: String,
    postcode: Option<String>,
    citycode: Option<String>,
    city: Option<String>,
}

/// The candidates of an answer, in its order; `None` when it is no `FeatureCollection`.
pub(super) fn candidates(json: &[u8]) -> Option<Vec<Candidate>> {
    let collection: Collection = serde_json::from_slice(json).ok()?;
    let features = collection.features.into_iter();
    let read = features.filter_map(|feature| candidate(serde_json::from_value(feature).ok()?));
    Some(read.collect())
}

fn candidate(Feature { geometry, properties }: Feature) -> Option<Candidate> {
    let precision = match properties.kind.as_str() {
        "housenumber" | "house" => Precision::HouseNumber,
        "street" => Precision::Street,
        "locality" => Precision::Locality,
        "municipality" | "city" => Precision::Municipality,
        _ => return None,
    };
    let [lon, lat] = geometry.coordinates.get(..2)?.try_into().ok()?;
    let point = Point::new(lat, lon)?;
    let known = properties.citycode.as_deref().and_then(|code| gazetteer().commune(code));
    let city = properties.city.or_else(|| known.map(|commune| commune.name.to_owned()));
    let department = known.and_then(|commune| gazetteer().department(commune.department));
    Some(Candidate {
        label: properties.label.chars().take(LABEL_CHARS_MAX).collect(),
        score: properties.score.clamp(0.0, 1.0),
        point: Some(point),
        precision,
        commune: properties.citycode.zip(city),
        postal_codes: properties.postcode.into_iter().collect(),
        department,
        region: department.and_then(|department| gazetteer().region(department.region)),
        source: Source::Service,
    })
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use serde_json::json;
    use shared::geo::Precision;

    #[test]
    fn what_is_read() {
        let feature = |kind: &str, lon: f64, lat: f64, score: f64| {
            json!({
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {
                    "label": "7 Rue de la Porte de Buc 78000 Versailles", "score": score, "type": kind,
                    "postcode": "78000", "citycode": "78646", "city": "Versailles",
                    "context": "78, Yvelines, Île-de-France", "x": 1.0, "importance": 0.5,
                },
            })
        };
        let answer = json!({
            "type": "FeatureCollection",
            "features": [
                feature("housenumber", 2.13, 48.79, 0.97),
                feature("street", 2.13, 48.79, 1.5),
                feature("poi", 2.13, 48.79, 0.9),
                feature("street", 2.13, 95.0, 0.9),
                {"type": "Feature", "properties": {}},
                7,
                feature("municipality", 2.13, 48.79, 0.4),
            ],
        });
        let found = candidates(answer.to_string().as_bytes()).unwrap();
        let kinds: Vec<_> = found.iter().map(|c| (c.precision, c.score)).collect();
        assert_eq!(
            kinds,
            [
                (Precision::HouseNumber, 0.97),
                (Precision::Street, 1.0),
                (Precision::Municipality, 0.4)
            ]
        );
        let first = &found[0];
        assert_eq!(first.insee_code(), Some("78646"));
        assert_eq!(first.postal_codes, ["78000"]);
        assert_eq!(first.department.map(|d| d.code), Some("78"));
        assert_eq!(first.region.map(|r| r.code), Some("11"));
        assert_eq!(first.point.map(|p| (p.lat, p.lon)), Some((48.79, 2.13)));
        for garbage in ["", "{", "[]", "null", r#"{"features": {}}"#, r#"{"message": "no"}"#] {
            assert_eq!(candidates(garbage.as_bytes()), None, "{garbage}");
        }
    }
}
