//! What the gazetteer finds, as tables, and laws over every commune.

use std::collections::HashSet;

use super::{Commune, Postal, department_of_insee, gazetteer, place_key};
use crate::geo::{Point, department_of, distance_m};

fn codes(communes: &[&Commune]) -> Vec<&'static str> {
    communes.iter().map(|commune| commune.code).collect()
}

#[test]
fn by_insee_code() {
    // (code asked, code found, name, department, region)
    let rows = [
        ("44109", "44109", "Nantes", "44", "52"),
        ("2A004", "2A004", "Ajaccio", "2A", "94"),
        ("75056", "75056", "Paris", "75", "11"),
        ("75115", "75115", "Paris 15e Arrondissement", "75", "11"),
        ("97411", "97411", "Saint-Denis", "974", "04"),
        ("97502", "97502", "Saint-Pierre", "975", "975"),
        ("98735", "98735", "Papeete", "987", "987"),
        // Retired codes.
        ("01033", "01033", "Valserhône", "01", "84"),
        ("01018", "01033", "Valserhône", "01", "84"),
        ("50173", "50129", "Cherbourg-en-Cotentin", "50", "28"),
    ];
    for (asked, code, name, department, region) in rows {
        let found = gazetteer().commune(asked).unwrap();
        assert_eq!((found.code, found.name), (code, name), "{asked}");
        assert_eq!((found.department, found.region), (department, region), "{asked}");
        assert!(gazetteer().department(department).is_some());
        assert!(gazetteer().region(region).is_some());
        assert_eq!(gazetteer().current_commune(asked).is_some(), asked == code);
        assert_eq!(gazetteer().former_commune(asked).is_some(), asked != code);
    }
    for unknown in ["", "44", "44000", "99999", "441099", "2a004"] {
        assert_eq!(gazetteer().commune(unknown), None, "{unknown}");
    }
}

#[test]
fn by_postal_code() {
    let rows: &[(&str, &[&str])] = &[
        ("44000", &["44109"]),
        ("44000 NANTES", &["44109"]),
        (" 44000", &["44109"]),
        ("75015", &["75115", "75056"]),
        ("75116", &["75116", "75056"]),
        ("69003", &["69383", "69123"]),
        ("13013", &["13213", "13055"]),
        ("97400", &["97411"]),
        ("20000", &["2A004"]),
        ("76620", &["76351"]),
    ];
    for (text, expected) in rows {
        let Some(Postal::Communes(found)) = gazetteer().by_postal_code(text) else {
            panic!("{text} designates communes");
        };
        assert_eq!(codes(&found), *expected, "{text}");
    }
    // Shared by several communes: the largest first.
    let Some(Postal::Communes(found)) = gazetteer().by_postal_code("01400") else {
        panic!("01400 designates communes");
    };
    assert!(found.len() > 3 && found[0].name == "Châtillon-sur-Chalaronne", "{found:?}");
    assert!(found.is_sorted_by(|a, b| a.population >= b.population));
}

#[test]
fn a_cedex_code_is_its_department() {
    let rows = [
        ("44093", "44"),
        ("44093 CEDEX 1", "44"),
        ("44093 NANTES CEDEX 1", "44"),
        ("75970", "75"),
        ("20303", "2A"),
        ("20538", "2A"),
        ("20405", "2B"),
        ("20176", "2A"),
        ("97405", "974"),
        ("97261", "972"),
        // Overseas: the INSEE codes that begin so are of other places.
        ("97829", "974"),
        ("97823 LE PORT CEDEX", "974"),
        ("97801", "974"),
        ("97704", "974"),
        ("97004", "971"),
        ("97086", "971"),
        ("97051", "978"),
        ("97062", "978"),
        ("97080", "978"),
        ("97095", "977"),
    ];
    for (text, department) in rows {
        let Some(Postal::Department(found)) = gazetteer().by_postal_code(text) else {
            panic!("{text} designates a department: {:?}", gazetteer().by_postal_code(text));
        };
        assert_eq!(found.code, department, "{text}");
    }
    for unknown in ["", "4400", "440000", "ABCDE", "00000", "99999", "98000", "4400é"] {
        assert_eq!(gazetteer().by_postal_code(unknown), None, "{unknown}");
    }
}

#[test]
fn by_name() {
    let rows: &[(&str, &[&str])] = &[
        ("Nantes", &["44109"]),
        ("NANTES CEDEX 2", &["44109"]),
        ("saint etienne", &["42218"]),
        ("St-Étienne", &["42218"]),
        ("ST HERBLAIN", &["44162"]),
        ("Ste Luce sur Loire", &["44172"]),
        ("NOGENT S/MARNE", &["94052"]),
        ("L’Haÿ les Roses", &["94038"]),
        ("l'hay-les-roses", &["94038"]),
        ("Le Havre", &["76351"]),
        ("Havre", &["76351"]),
        ("Paris", &["75056"]),
        ("Paris 15", &["75115"]),
        ("PARIS 15E ARRONDISSEMENT", &["75115"]),
        ("paris 1er", &["75101"]),
        ("Lyon 03", &["69383"]),
        ("Marseille 13ème", &["13213"]),
        ("Paris 21", &[]),
        ("Saint-Denis", &["97411", "93066", "11339", "30247"]),
        ("Château-Chinon", &["58062", "58063"]),
        // The former name of a merged commune.
        ("La Glacerie", &["50129"]),
        ("Courcouronnes", &["91228"]),
        ("Varades", &["44213"]),
        // A small commune, and the former name of a larger one; the other way round.
        ("Rocquencourt", &["60544", "78158"]),
        ("Laval", &["53130"]),
        ("", &[]),
        ("Nulle-Part-les-Bains", &[]),
    ];
    for (name, expected) in rows {
        let found = codes(&gazetteer().by_name(name));
        assert_eq!(found, *expected, "{name}");
    }
}

#[test]
fn by_prefix() {
    // (text, first answers)
    let rows: &[(&str, &[&str])] = &[
        ("nan", &["Nantes", "Nanterre", "Nancy"]),
        ("NANT", &["Nantes", "Nanterre"]),
        ("st-et", &["Saint-Étienne"]),
        ("saint et", &["Saint-Étienne"]),
        ("strasb", &["Strasbourg"]),
        ("st", &["Strasbourg", "Saint-Denis"]),
        ("sain", &["Saint-Étienne"]),
        ("havre", &["Le Havre"]),
        ("par", &["Paris", "Parthenay"]),
        ("paris", &["Paris", "Paris 15e Arrondissement"]),
        ("paris 1", &["Paris 15e Arrondissement"]),
        ("marseille 13", &["Marseille 13e Arrondissement"]),
        ("4400", &["Nantes"]),
        ("75015", &["Paris"]),
        ("zzz", &[]),
        ("", &[]),
        ("-", &[]),
    ];
    for (text, expected) in rows {
        let found: Vec<_> = gazetteer().by_prefix(text, 8).iter().map(|c| c.name).collect();
        let sought = found.iter().filter(|name| expected.contains(name)).count();
        assert_eq!(sought.min(expected.len()), expected.len(), "{text}: {found:?}");
        assert_eq!(found.first(), expected.first(), "{text}: {found:?}");
    }
    assert_eq!(gazetteer().by_prefix("saint", 3).len(), 3);
    assert_eq!(gazetteer().by_prefix("saint", 0), Vec::<&Commune>::new());
}

#[test]
fn departments_and_regions() {
    let rows = [
        ("Loire-Atlantique", "44"),
        ("loire atlantique", "44"),
        ("COTES D'ARMOR", "22"),
        ("la reunion", "974"),
        ("Corse du Sud", "2A"),
        ("paris", "75"),
    ];
    for (name, code) in rows {
        assert_eq!(gazetteer().department_by_name(name).map(|d| d.code), Some(code), "{name}");
    }
    assert_eq!(gazetteer().department_by_name("Atlantide"), None);
    assert_eq!(gazetteer().region_by_name("bretagne").map(|r| r.code), Some("53"));
    assert_eq!(gazetteer().departments().len(), 109);
    assert_eq!(gazetteer().regions().len(), 26);
    for department in gazetteer().departments() {
        assert!(gazetteer().region(department.region).is_some(), "{department:?}");
        assert!(gazetteer().commune(department.prefecture).is_some(), "{department:?}");
    }
}

#[test]
fn districts_are_not_added_to_their_town() {
    let districts: Vec<_> = gazetteer().communes().filter(|c| c.parent.is_some()).collect();
    assert_eq!(districts.len(), 45);
    for (town, number) in [("75056", 20), ("69123", 9), ("13055", 16)] {
        assert_eq!(gazetteer().districts(town).count(), number, "{town}");
    }
    assert_eq!(gazetteer().districts("44109").count(), 0);
    let population: u64 = gazetteer()
        .communes()
        .filter(|c| c.parent.is_none())
        .map(|c| u64::from(c.population))
        .sum();
    assert!((68_000_000..70_500_000).contains(&population), "{population}");
}

#[test]
fn every_commune_is_found_by_its_code_its_name_and_its_postal_codes() {
    let mut seen = HashSet::new();
    for commune in gazetteer().communes() {
        assert!(seen.insert(commune.code), "{} twice", commune.code);
        assert_eq!(gazetteer().commune(commune.code), Some(commune));
        let by_name = gazetteer().by_name(commune.name);
        let in_department: Vec<_> =
            by_name.iter().filter(|c| c.department == commune.department).collect();
        assert!(in_department.iter().any(|c| c.code == commune.code), "{commune:?}");
        for postal in commune.postal_codes {
            let Some(Postal::Communes(found)) = gazetteer().by_postal_code(postal) else {
                panic!("{postal} of {} is not found", commune.code);
            };
            assert!(found.contains(&commune), "{postal} {}", commune.code);
        }
    }
    assert_eq!(seen.len(), 35_014);
}

#[test]
fn every_former_code_leads_to_a_commune() {
    for former in gazetteer().former_communes() {
        assert!(gazetteer().current_commune(former.code).is_none(), "{former:?}");
        let commune = gazetteer().commune(former.code);
        assert_eq!(commune.map(|c| c.code), Some(former.current));
        if !former.name.is_empty() {
            // Its own name finds it, or a commune that has the very name today.
            let found = gazetteer().by_name(former.name);
            let key = place_key(former.name);
            let is_there = found.iter().any(|c| c.code == former.current);
            assert!(
                is_there || found.iter().any(|c| place_key(c.name).contains(&key)),
                "{former:?}"
            );
        }
    }
    let unnamed = gazetteer().former_communes().iter().filter(|f| f.name.is_empty());
    let changed = unnamed.filter(|f| department_of_insee(f.code) == department_of_insee(f.current));
    assert!(changed.count() < 30, "only codes that changed department kept the name");
}

#[test]
fn the_nearest_commune_of_a_point_is_the_one_standing_there() {
    for commune in gazetteer().communes() {
        let Some(point) = commune.point else { continue };
        let (nearest, meters) = gazetteer().nearest(point).unwrap();
        assert_eq!((nearest.point, meters), (Some(point), 0.0), "{commune:?} {nearest:?}");
    }
}

#[test]
fn nearest_agrees_with_looking_at_every_commune() {
    let places = [
        (47.2184, -1.5536),
        (48.8566, 2.3522),
        (45.0, -20.0),
        (-21.0, 55.5),
        (-17.5, -149.5),
        (0.0, 180.0),
        (90.0, 0.0),
        (-49.35, 70.2),
        (46.8, -56.2),
    ];
    for (lat, lon) in places {
        let point = Point::new(lat, lon).unwrap();
        let (_, meters) = gazetteer().nearest(point).unwrap();
        let points = gazetteer().communes().filter_map(|c| c.point);
        let least = points.map(|p| distance_m(p, point)).fold(f64::INFINITY, f64::min);
        assert!((meters - least).abs() < 1e-6, "{lat} {lon}: {meters} {least}");
    }
}

#[test]
fn communes_lie_in_their_department() {
    let mut elsewhere = Vec::new();
    for commune in gazetteer().communes() {
        let Some(point) = commune.point else { continue };
        let found = department_of(point).map(|d| d.code);
        if found != Some(commune.department) {
            elsewhere.push((commune.code, commune.name, found));
        }
    }
    // Outlines are simplified: a few towns on a border fall on its other side.
    assert!(elsewhere.len() < 60, "{} {elsewhere:?}", elsewhere.len());
}
