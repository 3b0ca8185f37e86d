//! The import over a few real rows of each source, checked field by field against what the rows say.
//!
//! With `SOURCES_DIR` naming a folder of the full sources, their totals are checked as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexer::import::{Defect, ImportError, Options, Report, run};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// The resources of an import by id, and its report.
fn import(options: &Options) -> (BTreeMap<String, Value>, Report) {
    let mut resources = BTreeMap::new();
    let report = run(options, &mut |resource| {
        let document = serde_json::to_value(&resource).expect("a resource is JSON");
        let before = resources.insert(resource.id().to_owned(), document);
        assert!(before.is_none(), "{} given twice", resource.id());
        Ok(())
    });
    (resources, report.expect("the fixtures can be read"))
}

fn fixtures() -> (BTreeMap<String, Value>, Report) {
    import(&Options {
        finess: vec![fixture("finess.csv")],
        beds: Some(fixture("hospital-beds.csv")),
        prices: Some(fixture("ehpad-prices.csv.gz")),
    })
}

/// The parts of a complex extension as `name: value`, codes as bare codes; every occurrence of `url`.
fn records(resource: &Value, url: &str) -> Vec<BTreeMap<String, String>> {
    let extensions = resource["extension"].as_array().expect("extensions");
    extensions
        .iter()
        .filter(|extension| extension["url"].as_str().is_some_and(|found| found.ends_with(url)))
        .map(|extension| {
            let parts = extension["extension"].as_array().expect("parts");
            parts
                .iter()
                .map(|part| (part["url"].as_str().expect("text").to_owned(), value(part)))
                .collect()
        })
        .collect()
}

/// The value of a simple extension.
fn value(extension: &Value) -> String {
    let object = extension.as_object().expect("an object");
    let (_, value) = object.iter().find(|(name, _)| name.starts_with("value")).expect("a value");
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) if object.contains_key("coding") => {
            value["coding"][0]["code"].as_str().expect("a code").to_owned()
        }
        Value::Object(object) if object.contains_key("currency") => value["value"].to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

fn simple(resource: &Value, url: &str) -> Option<String> {
    let extensions = resource["extension"].as_array()?;
    let found = extensions
        .iter()
        .find(|extension| extension["url"].as_str().expect("text").ends_with(url))?;
    Some(value(found))
}

fn codes(list: &Value) -> Vec<&str> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|concept| concept["coding"][0]["code"].as_str().expect("text")).collect()
}

/// `type code=value` of each identifier.
fn identifiers(resource: &Value) -> Vec<String> {
    let list = resource["identifier"].as_array().expect("identifiers");
    list.iter()
        .map(|identifier| {
            let kind = identifier["type"]["coding"][0]["code"].as_str().unwrap_or("?");
            format!("{kind}={}", identifier["value"].as_str().expect("text"))
        })
        .collect()
}

fn tags(resource: &Value) -> Vec<&str> {
    let tags = resource["meta"]["tag"].as_array().expect("tags");
    tags.iter().map(|tag| tag["code"].as_str().expect("text")).collect()
}

#[test]
fn a_hospital() {
    let (resources, _) = fixtures();
    let site = &resources["eg-440000016"];
    assert_eq!(site["name"], "CH DE SAINT NAZAIRE");
    assert_eq!(identifiers(site), ["40=1440000016", "1=440000016", "3=26440026800456"]);
    assert_eq!(codes(&site["type"]), ["355"]);
    assert_eq!(site["type"][0]["coding"][0]["display"], "Centre hospitalier (CH)");
    assert_eq!(site["partOf"], json!({ "reference": "Organization/ej-440000057" }));
    assert_eq!(tags(site), ["52", "open-data"]);
    assert_eq!(site["meta"]["lastUpdated"], "2023-12-31T00:00:00+01:00");
    let address = &site["address"][0];
    assert_eq!(address["line"], json!(["11 BD GEORGES CHARPAK"]));
    let parts: Vec<_> =
        address["_line"][0]["extension"].as_array().unwrap().iter().map(value).collect();
    assert_eq!(parts, ["11", "BD", "GEORGES CHARPAK"]);
    assert_eq!(
        (&address["city"], &address["postalCode"]),
        (&json!("ST NAZAIRE CEDEX"), &json!("44606"))
    );
    assert_eq!(address["extension"][0]["valueCoding"]["code"], "44184");
    assert_eq!(site["contact"][0]["telecom"][0]["value"], "0272278000");
    assert_eq!(codes(&json!([site["contact"][0]["purpose"]])), ["06"]);

    let place = &resources["place-440000016"];
    assert_eq!(place["position"]["latitude"], 47.2669);
    assert_eq!(place["position"]["longitude"], -2.25586);
    assert_eq!(place["position"]["extension"][0]["valueBoolean"], true);
    assert_eq!(simple(place, "ror-commune-cog").as_deref(), Some("44184"));
    assert_eq!(place["operationalStatus"]["code"], "3");

    // (zone, beds or places, kind, number): the columns of the survey.
    let zones = [
        ("beds-medicine", "01", 326),
        ("beds-surgery", "01", 50),
        ("beds-obstetrics", "01", 45),
        ("places-medicine", "02", 35),
        ("places-surgery", "02", 19),
        ("places-obstetrics", "02", 5),
        ("beds-rehabilitation", "01", 30),
        ("places-home-hospitalisation", "02", 90),
        ("beds-icu-adult", "01", 12),
        ("beds-cardiac-intensive", "01", 10),
        ("beds-stroke-intensive", "01", 4),
        ("beds-continuous-adult", "01", 10),
        ("beds-continuous-child", "01", 4),
        ("beds-neonatology", "01", 12),
        ("beds-er-short-stay", "01", 10),
    ];
    for (slug, kind, count) in zones {
        let zone = &resources[&format!("place-440000016-{slug}")];
        let capacity = &records(zone, "ror-location-supported-capacity")[0];
        let expected = [
            ("capacityStatus", "01"),
            ("capacityType", kind),
            ("capacityUpdateDate", "2023-12-31T00:00:00+01:00"),
            ("temporalityCapacity", "01"),
        ];
        for (part, value) in expected {
            assert_eq!(capacity[part], value, "{slug} {part}");
        }
        assert_eq!(capacity["nbCapacity"], count.to_string(), "{slug}");
        assert_eq!(identifiers(zone)[1], format!("26=1440000016/{slug}"));
        assert_eq!(zone["partOf"]["reference"], "Location/place-440000016");
    }
    let zone_count = resources.keys().filter(|id| id.starts_with("place-440000016-")).count();
    // The 14 intensive beds are the 10 of cardiology and the 4 for strokes: none is left for a zone of its own.
    assert_eq!(zone_count, zones.len());
}

#[test]
fn offers_of_a_hospital() {
    let (resources, _) = fixtures();
    // (offer, activity, mode, field, kind of offer, place)
    let rows = [
        ("beds-medicine", "083", "28", "01", "238", "place-440000016-beds-medicine"),
        ("places-obstetrics", "100", "29", "01", "290", "place-440000016-places-obstetrics"),
        ("beds-rehabilitation", "172", "28", "02", "100", "place-440000016-beds-rehabilitation"),
        (
            "places-home-hospitalisation",
            "083",
            "31",
            "01",
            "128",
            "place-440000016-places-home-hospitalisation",
        ),
        (
            "beds-stroke-intensive",
            "356",
            "28",
            "01",
            "263",
            "place-440000016-beds-stroke-intensive",
        ),
        ("er-visits-adult", "157", "33", "01", "20", "place-440000016"),
    ];
    for (slug, activity, mode, field, kind, place) in rows {
        let offer = &resources[&format!("offer-440000016-{slug}")];
        assert_eq!(codes(&offer["specialty"]), [activity], "{slug}");
        assert_eq!(codes(&offer["characteristic"])[0], mode, "{slug}");
        assert_eq!(codes(&offer["type"]), [field], "{slug}");
        assert_eq!(codes(&offer["category"]), [kind], "{slug}");
        assert_eq!(offer["location"], json!([{ "reference": format!("Location/{place}") }]));
        assert_eq!(offer["providedBy"]["reference"], "Organization/eg-440000016");
        assert_eq!(identifiers(offer), [format!("35=52/440000016-{slug}")]);
        assert_eq!(simple(offer, "sensitive-unit").as_deref(), Some("false"));
    }
    let maternity = &resources["offer-440000016-beds-obstetrics"];
    assert_eq!(codes(&maternity["characteristic"]), ["28", "02"]);
    // The nomenclature has no surgery without specialty: the beds stand, managed by the site, without an offer.
    assert!(!resources.contains_key("offer-440000016-beds-surgery"));
    let surgery = &resources["place-440000016-beds-surgery"];
    assert_eq!(surgery["managingOrganization"]["reference"], "Organization/eg-440000016");
    assert!(resources["place-440000016"]["managingOrganization"].is_null(), "emergencies use it");
}

#[test]
fn a_nursing_home() {
    let (resources, _) = fixtures();
    let home = &resources["eg-440000354"];
    assert_eq!(home["name"], "EHPAD Résidence Vallée-De-Don");
    assert_eq!(codes(&home["type"]), ["500"]);
    assert!(home["partOf"].is_null(), "the source names no entity");
    assert_eq!(home["meta"]["lastUpdated"], "2022-12-31T00:00:00+01:00");
    let prices: Vec<String> = records(home, "ror-organization-price")
        .iter()
        .map(|price| {
            assert_eq!(price["priceUnit"], "2", "a day");
            let part = |name: &str| price.get(name).map_or("-", String::as_str).to_owned();
            let parts =
                ["priceType", "residentialType", "specialPrice", "welcomeType", "dependencyLevel"];
            let parts: Vec<String> = parts.into_iter().map(part).collect();
            format!("{} {} {}", parts.join(" "), price["amount"], price["startDate"])
        })
        .collect();
    assert_eq!(
        prices,
        [
            "02 02 01 02 - 58.53 2020-03-05",
            "02 01 01 02 - 58.53 2020-03-05",
            "02 02 03 02 - 54.34 2020-03-05",
            "02 01 03 02 - 54.34 2020-03-05",
            "02 02 01 01 - 58.53 2020-03-05",
            "03 - - 02 01 21.26 2020-03-05",
            "03 - - 02 02 13.49 2020-03-05",
            "03 - - 02 03 5.72 2020-03-05",
            "02 02 01 02 - 61.07 2022-12-31",
            "02 01 01 02 - 61.07 2022-12-31",
            "03 - - 02 01 21.07 2022-12-31",
            "03 - - 02 02 13.37 2022-12-31",
            "03 - - 02 03 5.67 2022-12-31",
        ]
    );
    let permanent = &resources["offer-440000354-category"];
    assert_eq!(codes(&permanent["specialty"]), ["293"]);
    assert_eq!(codes(&permanent["characteristic"]), ["46", "02"]);
    assert_eq!(
        (codes(&permanent["type"]), codes(&permanent["category"])),
        (vec!["04"], vec!["21"])
    );
    let temporary = &resources["offer-440000354-temporary"];
    assert_eq!(codes(&temporary["characteristic"]), ["46", "01"]);
    assert_eq!(codes(&resources["place-440000354"]["type"]), ["003"]);
}

#[test]
fn psychiatry() {
    let (resources, _) = fixtures();
    let rows = [
        ("440000180-beds-psychiatry", "229", "28", "174"),
        ("440000180-places-psychiatry-day", "229", "29", "11"),
        ("440000180-places-psychiatry-night", "229", "30", "12"),
        ("440000180-beds-long-term", "333", "28", "249"),
    ];
    for (id, activity, mode, kind) in rows {
        let offer = &resources[&format!("offer-{id}")];
        assert_eq!(codes(&offer["specialty"]), [activity], "{id}");
        assert_eq!(codes(&offer["characteristic"]), [mode], "{id}");
        assert_eq!(codes(&offer["category"]), [kind], "{id}");
    }
    let zone = &resources["place-440000180-beds-psychiatry"];
    assert_eq!(records(zone, "supported-capacity")[0]["nbCapacity"], "107");
    // Its entity has no row in this extract: a logical reference, and the status on the site.
    let site = &resources["eg-440000180"];
    assert_eq!(site["partOf"]["type"], "Organization");
    assert_eq!(site["partOf"]["identifier"]["value"], "440000263");
    assert_eq!(codes(&site["type"]), ["292", "11"]);
    // Care in prison is hidden.
    let prison = &resources["offer-440025880-category"];
    assert_eq!(simple(prison, "sensitive-unit").as_deref(), Some("true"));
}

#[test]
fn long_term_care() {
    let (resources, _) = fixtures();
    let site = &resources["eg-440002939"];
    assert_eq!(site["name"], "USLD CHEVEUX BLANCS");
    let offer = &resources["offer-440002939-beds-long-term"];
    assert_eq!((codes(&offer["specialty"]), codes(&offer["category"])), (vec!["333"], vec!["249"]));
    let zone = &resources["place-440002939-beds-long-term"];
    assert_eq!(records(zone, "supported-capacity")[0]["nbCapacity"], "37");
    // What the site declared stands instead of what its category would.
    assert!(!resources.contains_key("offer-440002939-category"));
    // Another site declares nothing to the survey: the category speaks.
    assert_eq!(codes(&resources["offer-010780823-category"]["specialty"]), ["333"]);
    assert_eq!(resources["eg-010780823"]["address"][0]["postalCode"], "01000");
}

#[test]
fn a_legal_entity() {
    let (resources, _) = fixtures();
    let entity = &resources["ej-440000057"];
    assert_eq!(entity["name"], "CH SAINT NAZAIRE");
    assert_eq!(identifiers(entity), ["40=1440000057", "1=440000057"]);
    assert_eq!(codes(&entity["type"]), ["13"]);
    assert!(
        entity["type"][0]["coding"][0]["system"]
            .as_str()
            .unwrap()
            .ends_with("TRE-R72-FinessStatutJuridique")
    );
    assert!(entity["partOf"].is_null());
    assert!(!resources.contains_key("place-440000057"), "an entity has no place of its own");
    let itself = &resources["eg-440018729"];
    assert!(itself["partOf"].is_null(), "a site that names itself as its entity");
    assert_eq!(identifiers(itself)[2], "2=775605397");
}

#[test]
fn defects_are_repaired_and_counted() {
    let (resources, report) = fixtures();
    assert_eq!(resources["eg-600111827"]["name"], "EHPAD L'Âge d'Or");
    assert_eq!(resources["eg-970500039"]["name"], "CENTRE HOSPITALIER FRANCOIS DUNAN");
    let commune = |id: &str| simple(&resources[id], "ror-commune-cog").unwrap();
    assert_eq!(commune("place-440003028"), "49160");
    assert_eq!(commune("place-970500039"), "97502");
    assert_eq!(commune("place-290004159"), "29191");
    // Only the commune's point is known: marked as not reliable.
    assert_eq!(resources["place-440003028"]["position"]["extension"][0]["valueBoolean"], false);
    let expected = [
        (Defect::EncodingRepaired, 1),
        (Defect::PostalCodePadded, 1),
        (Defect::CommuneMissing, 2),
        (Defect::CommuneUnknown, 1),
        (Defect::CommuneFromCity, 3),
        (Defect::NoCommune, 0),
        (Defect::Cedex, 2),
        (Defect::CategoryWithoutLabel, 1),
        (Defect::EntityIsItself, 1),
        (Defect::EntityWithoutRow, 7),
        (Defect::NoEntity, 4),
        (Defect::UncertainMatch, 1),
    ];
    for (defect, count) in expected {
        assert_eq!(report.defect(defect), count, "{defect:?}");
    }
}

#[test]
fn counts_of_the_fixtures() {
    let (resources, report) = fixtures();
    assert_eq!((report.finess_rows, report.converted_rows, report.entities), (14, 14, 1));
    assert_eq!((report.beds_rows, report.price_rows), (7, 4));
    let written: u64 = report.resources.values().sum();
    assert_eq!(written, resources.len() as u64);
    // One line of the survey and one of the prices belong to no establishment of the extract.
    let source = |name: &str| fixture(name).display().to_string();
    let expected = [
        (source("ehpad-prices.csv.gz"), 5, "010789949"),
        (source("hospital-beds.csv"), 8, "440000271"),
    ];
    let refused = report.refused.iter();
    let refused: Vec<_> =
        refused.map(|row| (row.source.clone(), row.line, row.finess.as_str())).collect();
    assert_eq!(refused, expected);
    assert_eq!(report.refused_by_reason["no establishment has this finess number"], 2);
}

#[test]
fn rows_that_cannot_be_converted_are_named() {
    let options = Options { finess: vec![fixture("finess-refused.csv")], ..Options::default() };
    let (resources, report) = import(&options);
    let refused: Vec<_> = report.refused.iter().map(|row| (row.line, row.reason)).collect();
    assert_eq!(
        refused,
        [
            (2, "finess number is not nine letters or digits"),
            (3, "no name"),
            (5, "finess number given twice"),
        ]
    );
    assert_eq!((report.finess_rows, report.converted_rows), (5, 2));
    assert_eq!(report.defect(Defect::NotANumber), 2, "latitude and longitude");
    assert_eq!(report.defect(Defect::BadSiret), 1);
    assert_eq!(report.defect(Defect::BadPostalCode), 1);
    assert_eq!(report.defect(Defect::LetterLost), 1);
    assert_eq!(report.defect(Defect::NoCommune), 1);
    // Of the last one nothing is known but its name and its department.
    assert!(simple(&resources["place-449999993"], "ror-commune-cog").is_none());
    assert_eq!(tags(&resources["eg-449999993"])[0], "52");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["refused"][0]["reason"], refused[0].1);
    assert_eq!(json["defects"]["letter-lost"], 1);
}

#[test]
fn the_official_stock() {
    let options = Options { finess: vec![fixture("finess-stock.csv")], ..Options::default() };
    let (resources, report) = import(&options);
    assert_eq!((report.finess_rows, report.converted_rows), (5, 5));
    let site = &resources["eg-010000024"];
    assert_eq!(site["name"], "CENTRE HOSPITALIER DE BOURG-EN-BRESSE FLEYRIAT");
    assert_eq!(site["alias"], json!(["CH DE FLEYRIAT"]));
    assert_eq!(site["partOf"]["identifier"]["value"], "010780054");
    assert_eq!(site["address"][0]["line"], json!(["900 RTE DE PARIS"]));
    let telecoms: Vec<_> = site["contact"][0]["telecom"]
        .as_array()
        .unwrap()
        .iter()
        .map(|telecom| (telecom["system"].as_str().unwrap(), telecom["value"].as_str().unwrap()))
        .collect();
    assert_eq!(telecoms, [("phone", "0474454647"), ("fax", "0474454114")]);
    assert_eq!(site["meta"]["lastUpdated"], "2020-02-04T00:00:00+01:00");
    assert_eq!(
        simple(site, "ror-meta-creation-date").as_deref(),
        Some("1979-02-13T00:00:00+01:00")
    );
    // The plane coordinates of the row, against the degrees its publisher computed.
    let position = &resources["place-010000024"]["position"];
    assert!((position["latitude"].as_f64().unwrap() - 46.222_745).abs() < 1e-5);
    assert!((position["longitude"].as_f64().unwrap() - 5.208_596).abs() < 1e-5);
}

#[test]
fn wrong_files_are_told_apart() {
    let run = |options: &Options| run(options, &mut |_| Ok(())).expect_err("a wrong file");
    let beds = Options { finess: vec![fixture("hospital-beds.csv")], ..Options::default() };
    assert!(matches!(run(&beds), ImportError::Columns { .. }));
    let prices = Options { prices: Some(fixture("finess.csv")), ..Options::default() };
    assert!(matches!(run(&prices), ImportError::Columns { .. }));
    let absent = Options { finess: vec![fixture("absent.csv")], ..Options::default() };
    assert!(matches!(run(&absent), ImportError::Read { .. }));
}

/// Totals of the full sources, counted apart from this code.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that needs data the repository does not hold"
)]
fn totals_of_the_full_sources() {
    let Ok(folder) = std::env::var("SOURCES_DIR") else {
        eprintln!("SKIPPED: SOURCES_DIR names no folder of full sources");
        return;
    };
    let folder = PathBuf::from(folder);
    let (resources, report) = import(&Options {
        finess: vec![folder.join("finess.csv.gz")],
        beds: Some(folder.join("hospital-beds.csv")),
        prices: Some(folder.join("ehpad-prices.csv.gz")),
    });
    assert_eq!((report.finess_rows, report.converted_rows), (17_704, 17_704));
    assert_eq!((report.entities, report.resources["Organization"]), (989, 17_704));
    assert_eq!((report.beds_rows, report.price_rows), (3_130, 7_608));
    assert_eq!(report.refused.len(), 164);
    assert!(report.refused.iter().all(|refusal| refusal.line > 1), "each row can be found");
    assert_eq!(report.refused_by_reason["no establishment has this finess number"], 164);
    assert_eq!(report.defect(Defect::CommuneFromCity), 39);
    assert_eq!(report.defect(Defect::NoCommune), 0);
    // National sums of the survey, as its publisher gives them.
    let sum = |slug: &str| -> i64 {
        let zones =
            resources.iter().filter(|(id, _)| id.starts_with("place-") && id.ends_with(slug));
        zones
            .map(|(_, zone)| {
                records(zone, "supported-capacity")[0]["nbCapacity"].parse::<i64>().unwrap()
            })
            .sum()
    };
    assert_eq!(sum("-beds-medicine") + sum("-beds-surgery") + sum("-beds-obstetrics"), 187_427);
    assert_eq!(sum("-beds-rehabilitation"), 101_367);
    assert_eq!(sum("-beds-psychiatry") + sum("-beds-child-psychiatry"), 51_266);
    assert_eq!(sum("-beds-long-term"), 29_249);
    assert_eq!(sum("-beds-icu-adult"), 5_224);
    assert_eq!(sum("-places-home-hospitalisation"), 24_093);
}
