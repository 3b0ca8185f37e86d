//! Checks of the distance a location carries in its search entry.

use serde_json::Value;

use super::{Finding, Judge, ensure, excerpt};
use crate::expected::HINT;
use crate::geo::{Point, distance_km};
use crate::sample::items;

const LOCATION_DISTANCE: &str = "http://hl7.org/fhir/StructureDefinition/location-distance";
const UCUM: &str = "http://unitsofmeasure.org";

/// The position a Location states, if it does.
pub(crate) fn position(location: &Value) -> Option<Point> {
    let position = &location["position"];
    Some(Point {
        latitude: position["latitude"].as_f64()?,
        longitude: position["longitude"].as_f64()?,
    })
}

/// The distance in kilometers the entry carries, from whichever unit.
pub(crate) fn stated_distance_km(entry: &Value) -> Option<f64> {
    let extension = items(&entry["search"]["extension"])
        .iter()
        .find(|extension| extension["url"] == LOCATION_DISTANCE)?;
    let distance = &extension["valueDistance"];
    let value = distance["value"].as_f64()?;
    if distance["system"] != UCUM {
        return None;
    }
    match distance["code"].as_str()? {
        "km" => Some(value),
        "m" => Some(value / 1_000.0),
        "[mi_i]" => Some(value * 1.609_344),
        _ => None,
    }
}

pub(super) fn location_distance(judge: &Judge<'_>, unit: &str, tolerance_km: f64) -> Finding {
    let geo = judge.results()?.geo.as_ref().ok_or(HINT)?;
    let center = Point { latitude: geo.center[0], longitude: geo.center[1] };
    let mut judged = 0;
    for page in &judge.search()?.pages {
        for entry in page.with_mode("include") {
            let location = &entry["resource"];
            if location["resourceType"] != "Location" {
                continue;
            }
            let Some(position) = position(location) else { continue };
            let stated = stated_distance_km(entry)
                .ok_or_else(|| format!("no distance in {}", excerpt(&entry["search"])))?;
            let right = distance_km(center, position);
            ensure((stated - right).abs() <= tolerance_km, || {
                format!("{}: {stated} km instead of {right} km", location["id"])
            })?;
            let stated_unit = &items(&entry["search"]["extension"])[0]["valueDistance"]["code"];
            ensure(stated_unit == unit, || format!("unit {stated_unit}"))?;
            judged += 1;
        }
    }
    ensure(judged > 0, || "no included Location has a position".to_owned())
}
