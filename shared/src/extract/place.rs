//! Where a document is: the commune it states, else what each of its addresses tells: its commune, else its
//! postal code.
//!
//! A commune that is no more counts as the one that holds its territory. Nothing is read from names, and
//! between several communes none is chosen.

use serde_json::Value;

use super::ExtractedPlace;
use super::path::{any_value, extensions, ror_extensions};
use crate::geo::{Commune, Point, gazetteer};

/// The INSEE code of an address: where the profiles of organizations have the commune, that of places having it
/// in `ror-commune-cog`.
const ADDRESS_INSEE_CODE: &str =
    "http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode";

/// The position of a Location; without one, the point of its commune, or of the only commune the postal code
/// of its address serves.
pub(super) fn of_location(location: &Value) -> Option<ExtractedPlace> {
    let coordinate = |name: &str| location.get("position")?.get(name)?.as_f64();
    if let (Some(lat), Some(lon)) = (coordinate("latitude"), coordinate("longitude"))
        && let Some(point) = Point::new(lat, lon)
    {
        return Some(ExtractedPlace { point, approximate: false });
    }
    let by_address = |address: &Value| {
        let by_postal_code = || gazetteer().only_commune_of_postal_code(postal_code(address)?);
        communes_of_address(address).next().or_else(by_postal_code)
    };
    let commune = stated_communes(location).next();
    let point = commune.or_else(|| addresses(location).iter().find_map(by_address))?.point?;
    Some(ExtractedPlace { point, approximate: true })
}

/// The communes stated by their INSEE codes for the document itself, as far as they are known.
pub(super) fn stated_communes(document: &Value) -> impl Iterator<Item = &'static Commune> {
    ror_extensions(document, "ror-commune-cog").filter_map(any_value).flat_map(communes_of)
}

/// The addresses of a document.
pub(super) fn addresses(document: &Value) -> &[Value] {
    match document.get("address") {
        Some(Value::Array(addresses)) => addresses,
        Some(address) => std::slice::from_ref(address),
        None => &[],
    }
}

/// The communes stated by their INSEE codes for an address, as far as they are known.
pub(super) fn communes_of_address(address: &Value) -> impl Iterator<Item = &'static Commune> {
    let stated = extensions(address, ADDRESS_INSEE_CODE);
    stated
        .chain(ror_extensions(address, "ror-commune-cog"))
        .filter_map(any_value)
        .flat_map(communes_of)
}

/// The postal code of an address, as it is written.
pub(super) fn postal_code(address: &Value) -> Option<&str> {
    address.get("postalCode")?.as_str()
}

/// The communes of a `CodeableConcept` or of a `Coding`.
fn communes_of(value: &Value) -> impl Iterator<Item = &'static Commune> {
    let codings = match value.get("coding") {
        Some(codings) => codings.as_array().map_or(&[][..], Vec::as_slice),
        None => std::slice::from_ref(value),
    };
    codings.iter().filter_map(|coding| gazetteer().commune(coding.get("code")?.as_str()?.trim()))
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
        let of_address = |code: &str, postal_code: &str| {
            let extension = json!({"url": ADDRESS_INSEE_CODE, "valueCoding": {"code": code}});
            json!({"address": {"extension": [extension], "postalCode": postal_code}})
        };
        let rows = [("75113", ""), ("75113", "01400"), ("44162", "75015"), ("99999", "44800")];
        for ((code, postal_code), expected) in
            rows.into_iter().zip(["75113", "75113", "44162", "44162"])
        {
            let document = of_address(code, postal_code);
            let point = gazetteer().current_commune(expected).and_then(|commune| commune.point);
            assert_eq!(of_location(&document).map(|place| place.point), point, "{document}");
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
