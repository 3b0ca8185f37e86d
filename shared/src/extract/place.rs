//! Where a document is: the commune it states, else what the postal codes of its addresses tell.
//!
//! A commune that is no more counts as the one that holds its territory. Nothing is read from names, and
//! between several communes none is chosen.

use serde_json::Value;

use super::ExtractedPlace;
use super::path::{any_value, ror_extensions};
use crate::geo::{Commune, Point, gazetteer};

/// The position of a Location; without one, the point of its commune, or of the only commune its postal
/// code serves.
pub(super) fn of_location(location: &Value) -> Option<ExtractedPlace> {
    let coordinate = |name: &str| location.get("position")?.get(name)?.as_f64();
    if let (Some(lat), Some(lon)) = (coordinate("latitude"), coordinate("longitude"))
        && let Some(point) = Point::new(lat, lon)
    {
        return Some(ExtractedPlace { point, approximate: false });
    }
    let by_postal_code =
        || postal_codes(location).find_map(|code| gazetteer().only_commune_of_postal_code(code));
    let point = stated_communes(location).next().or_else(by_postal_code)?.point?;
    Some(ExtractedPlace { point, approximate: true })
}

/// The communes stated by their INSEE codes, as far as they are known.
pub(super) fn stated_communes(document: &Value) -> impl Iterator<Item = &'static Commune> {
    ror_extensions(document, "ror-commune-cog")
        .filter_map(any_value)
        .filter_map(|concept| concept.get("coding")?.as_array())
        .flatten()
        .filter_map(|coding| gazetteer().commune(coding.get("code")?.as_str()?))
}

/// The postal codes of the addresses, as they are written.
pub(super) fn postal_codes(document: &Value) -> impl Iterator<Item = &str> {
    let addresses = match document.get("address") {
        Some(Value::Array(addresses)) => addresses.as_slice(),
        Some(address) => std::slice::from_ref(address),
        None => &[],
    };
    addresses.iter().filter_map(|address| address.get("postalCode")?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::extract::{ROR_EXTENSION_BASE, territory};

    fn location(communes: &[&str], postal_code: &str) -> Value {
        let codings: Vec<_> = communes.iter().map(|code| json!({"code": code})).collect();
        let url = format!("{ROR_EXTENSION_BASE}ror-commune-cog");
        json!({
            "extension": [{"url": url, "valueCodeableConcept": {"coding": codings}}],
            "address": {"postalCode": postal_code},
        })
    }

    #[test]
    fn without_a_position() {
        // (commune codes, postal code, the commune whose point is taken)
        let rows: &[(&[&str], &str, Option<&str>)] = &[
            (&["44162"], "", Some("44162")),
            (&["44162"], "75015", Some("44162")),
            // Retired: Courcouronnes, now in Évry-Courcouronnes.
            (&["91182"], "", Some("91228")),
            // Unknown, then known; unknown, then a postal code.
            (&["99999", "69383"], "", Some("69383")),
            (&["99999"], "44800", Some("44162")),
            (&[], "44800", Some("44162")),
            (&[], " 44800 ST HERBLAIN", Some("44162")),
            // A district of Paris: the town is not another commune.
            (&[], "75015", Some("75115")),
            // Several communes, a CEDEX code, none.
            (&[], "01400", None),
            (&[], "44093 CEDEX 1", None),
            (&[], "Nantes", None),
            (&[], "", None),
        ];
        for (communes, postal_code, expected) in rows {
            let document = location(communes, postal_code);
            let expected = expected.and_then(|code| gazetteer().current_commune(code)?.point);
            let expected = expected.map(|point| ExtractedPlace { point, approximate: true });
            assert_eq!(of_location(&document), expected, "{document}");
        }
        let mut placed = location(&["44162"], "44800");
        placed["position"] = json!({"latitude": 47.25, "longitude": -1.5});
        let own = Point::new(47.25, -1.5).map(|point| ExtractedPlace { point, approximate: false });
        assert_eq!(of_location(&placed), own);
        placed["position"] = json!({"latitude": 147.25, "longitude": -1.5});
        assert!(of_location(&placed).is_some_and(|place| place.approximate), "no such latitude");
    }

    #[test]
    fn a_place_lies_in_the_department_it_is_found_by() {
        let retired = gazetteer().former_communes().iter().map(|f| location(&[f.code], ""));
        let postal_codes = gazetteer().communes().flat_map(|commune| commune.postal_codes);
        let all = retired.chain(postal_codes.map(|code| location(&[], code)));
        let mut placed = 0;
        for document in all {
            let departments = territory::computed("department", &document);
            assert!(!departments.is_empty(), "{document}");
            let Some(place) = of_location(&document) else { continue };
            placed += 1;
            let standing = gazetteer().communes().filter(|c| c.point == Some(place.point));
            let mut codes = standing.map(|commune| commune.department);
            assert!(codes.any(|code| departments[0]["code"] == code), "{document} {departments:?}");
        }
        assert!(placed > 5_000, "{placed}");
    }
}
