//! What texts mean, as tables; and how long it takes to read one.

use crate::geo::{Precision, Reading, SURE, gazetteer};

fn read(text: &str) -> Reading {
    gazetteer().read(text, 10)
}

/// The first candidate: INSEE code (of a department, its code), precision, and whether it is sure.
fn first(text: &str) -> Option<(String, Precision, bool)> {
    let reading = read(text);
    let first = reading.candidates.first()?;
    let code = match first.insee_code() {
        Some(code) => code.to_owned(),
        None => first.department?.code.to_owned(),
    };
    Some((code, first.precision, reading.sure().is_some()))
}

/// Text, INSEE code or department, precision, and whether it may stand for the text.
type Row = (&'static str, &'static str, Precision, bool);

fn check(rows: &[Row]) {
    for (text, code, precision, is_sure) in rows {
        let found = first(text);
        let expected = Some(((*code).to_owned(), *precision, *is_sure));
        assert_eq!(found, expected, "{text}: {:?}", read(text));
    }
}

#[test]
fn codes_are_read() {
    use Precision::{Department, Municipality, PostalCode};
    check(&[
        // Postal code and name, whole and in an address.
        ("7 rue porte de Buc, 78000 Versailles", "78646", Municipality, true),
        ("7 RUE PORTE DE BUC 78000 VERSAILLES", "78646", Municipality, true),
        ("7 rue porte de Buc, Versailles 78000", "78646", Municipality, true),
        ("78000 Versailles", "78646", Municipality, true),
        ("78000 Versailles, France", "78646", Municipality, true),
        ("10 avenue de Nantes, 44800 St-Herblain", "44162", Municipality, true),
        ("44800 ST HERBLAIN CEDEX", "44162", Municipality, true),
        ("12 rue Haute, 97400 Saint-Denis", "97411", Municipality, true),
        ("93200 st denis", "93066", Municipality, true),
        ("76620 Le Havre", "76351", Municipality, true),
        ("18 rue X 20000 Ajaccio", "2A004", Municipality, true),
        // Municipal districts.
        ("75015", "75115", PostalCode, true),
        ("75015 Paris", "75115", Municipality, true),
        ("3 rue Lecourbe, 75015 PARIS 15", "75115", Municipality, true),
        ("Paris 15e", "75115", Municipality, true),
        ("12 rue de la Paix, Paris 2e arrondissement", "75102", Municipality, true),
        ("Lyon 3ème", "69383", Municipality, true),
        ("13013 Marseille", "13213", Municipality, true),
        ("Paris", "75056", Municipality, true),
        // The district first.
        ("5e arrondissement Paris", "75105", Municipality, true),
        ("1er arrondissement de Lyon", "69381", Municipality, true),
        ("12 rue de la Paix, 2e arrondissement de Paris", "75102", Municipality, true),
        // Codes as they are written.
        ("F-75012 Paris", "75112", Municipality, true),
        ("1 rue X, 75 012 Paris", "75112", Municipality, true),
        ("75 012 Paris", "75112", Municipality, true),
        ("FR-44700 ORVAULT", "44114", Municipality, true),
        ("ORVAULT 44 700", "44114", Municipality, true),
        ("44 000", "44109", PostalCode, true),
        // CEDEX.
        ("44093 NANTES CEDEX 1", "44109", Municipality, true),
        ("NANTES CEDEX 2", "44109", Municipality, true),
        ("5 allée de l'Île Gloriette, 44093 Nantes Cedex 1", "44109", Municipality, true),
        ("PARIS CEDEX 15 75730", "75115", Municipality, true),
        ("47 boulevard de l'Hôpital, 75651 PARIS CEDEX 13", "75113", Municipality, true),
        ("75651 PARIS CEDEX", "75056", Municipality, true),
        ("PARIS CEDEX 13", "75113", Municipality, true),
        ("5 place d'Arsonval 69437 LYON CEDEX 03", "69383", Municipality, true),
        ("270 bd de Sainte-Marguerite, 13274 MARSEILLE CEDEX 09", "13209", Municipality, true),
        ("13621 MARSEILLE CEDEX 20", "13055", Municipality, true),
        ("Paris XIVe", "75114", Municipality, true),
        ("12 rue X, Lyon IIIe", "69383", Municipality, true),
        ("44093 CEDEX 1", "44", Department, false),
        ("97829 LE PORT CEDEX", "97407", Municipality, true),
        ("97823 LE PORT CEDEX", "97407", Municipality, true),
        ("97801 ST DENIS CEDEX 9", "97411", Municipality, true),
        ("97851 SAINT PIERRE CEDEX", "97416", Municipality, true),
        ("97004 POINTE A PITRE CEDEX", "97120", Municipality, true),
        ("97059 SAINT MARTIN CEDEX", "97801", Municipality, true),
        ("97095 ST BARTHELEMY CEDEX", "97701", Municipality, true),
        // A retired INSEE code, or a CEDEX code without the word.
        ("44093", "44180", Municipality, false),
        ("75970", "75", Department, false),
        // Codes alone.
        ("78000", "78646", PostalCode, true),
        ("7 rue porte de Buc 78000", "78646", PostalCode, true),
        ("44109", "44109", Municipality, true),
        ("2A004", "2A004", Municipality, true),
        ("44", "44", Department, false),
        ("2b", "2B", Department, false),
        ("974", "974", Department, false),
    ]);
}

#[test]
fn names_are_read() {
    use Precision::{Department, Municipality, PostalCode};
    check(&[
        // Departments by name.
        ("Loire-Atlantique", "44", Department, false),
        ("la reunion", "974", Department, false),
        ("cotes d'armor", "22", Department, false),
        // Names: accents, saint, elisions, hyphens, former names.
        ("versailles", "78646", Municipality, true),
        ("st-étienne", "42218", Municipality, true),
        ("L’Haÿ les Roses", "94038", Municipality, true),
        ("nogent s/marne", "94052", Municipality, true),
        ("La Glacerie", "50129", Municipality, true),
        ("50470 La Glacerie", "50129", Municipality, true),
        // A former name that a small commune has elsewhere; a former name of a small one, of a large one's.
        ("vire", "14762", Municipality, false),
        ("Rocquencourt", "78158", Municipality, false),
        ("Évry", "91228", Municipality, false),
        ("Évry (89)", "89162", Municipality, true),
        ("78150 Rocquencourt", "78158", Municipality, true),
        ("91000 Évry", "91228", Municipality, true),
        ("Laval", "53130", Municipality, true),
        ("Sceaux", "92071", Municipality, true),
        // Names of communes that kept the code, and of those merged into others.
        ("Olonne-sur-Mer", "85194", Municipality, true),
        ("Courcouronnes", "91228", Municipality, true),
        ("Doué-la-Fontaine", "49125", Municipality, true),
        ("La Chapelle-Basse-Mer", "44029", Municipality, true),
        ("Cherbourg-Octeville", "50129", Municipality, true),
        ("Saint-Géréon", "44003", Municipality, true),
        ("Varades", "44213", Municipality, true),
        ("Le Chesnay", "78158", Municipality, true),
        ("Ancenis", "44003", Municipality, true),
        ("Herblay", "95306", Municipality, true),
        // The only name that begins so.
        ("Hellemmes", "59350", Municipality, true),
        ("Brive", "19031", Municipality, true),
        ("La Baule", "44055", Municipality, true),
        ("1 rue X, Brive", "19031", Municipality, true),
        ("Cosne", "58086", Municipality, false),
        ("olonne-sur", "85194", Municipality, true),
        ("14500 Vire", "14762", Municipality, true),
        // Several of one name: not sure, unless something tells which.
        ("Saint-Denis", "97411", Municipality, false),
        ("Saint-Denis (974)", "97411", Municipality, true),
        ("Saint-Denis 93", "93066", Municipality, true),
        ("Saint-Denis, Seine-Saint-Denis", "93066", Municipality, true),
        ("Saint-Denis, La Réunion", "97411", Municipality, true),
        // Two communes named: either may be meant, unless one is part of the other.
        ("Nantes, Rennes", "35238", Municipality, false),
        ("Cergy Pontoise", "95500", Municipality, false),
        ("12 rue X, Nantes, Rennes", "35238", Municipality, false),
        ("Lomme, Lille", "59350", Municipality, true),
        ("Paris, Paris 15e", "75115", Municipality, true),
        ("Beaulieu, Rennes", "35238", Municipality, true),
        ("Nantes, 35000 Rennes", "35238", Municipality, true),
        // An address without a code.
        ("12 rue de la Paix Versailles", "78646", Municipality, true),
        ("12 rue de Paris, Versailles", "78646", Municipality, true),
        // Slips.
        ("78000 Versaille", "78646", Municipality, true),
        ("78000 Vresailles", "78646", Municipality, true),
        ("Versaille 78000", "78646", Municipality, true),
        ("versaiiles", "78646", Municipality, false),
        ("sant-herblain", "44162", Municipality, false),
        ("44000 Nantes Sud", "44109", Municipality, true),
        ("12 chemin du Moulin, 44000 Lieu-Dit", "44109", Municipality, true),
        // The right name with another code of the department, and of another department.
        ("44000 Rezé", "44143", Municipality, true),
        ("75001 Lyon", "69123", Municipality, false),
        // A code of several communes.
        ("01400 Neuville-les-Dames", "01272", Municipality, true),
        ("01400", "01093", PostalCode, true),
        ("01400 Lieu-Dit", "01093", Municipality, false),
        // What is being typed.
        ("versai", "78646", Municipality, false),
        ("nan", "44109", Municipality, false),
        ("4400", "44109", Municipality, false),
        ("78000 vers", "78646", Municipality, true),
        ("loire-at", "44", Department, false),
    ]);
}

#[test]
fn a_district_of_cedex_is_not_certain() {
    let score = |text: &str| read(text).candidates[0].score;
    // The post office may stand in another district than who has its mail there.
    assert!(score("75651 PARIS CEDEX 13") < score("75013 PARIS"));
    assert!(score("PARIS CEDEX 13") < score("PARIS 13"));
    assert!(score("75013 PARIS CEDEX 13") > 0.99, "the postal code tells it too");
}

#[test]
fn nothing_known() {
    for text in [
        "",
        " , ",
        "CEDEX",
        "zzzzzz",
        "12 rue du Mou",
        "99999",
        "7 rue de la Paix",
        "\u{0}",
        "00000 Nulle-Part",
    ] {
        assert_eq!(read(text).sure(), None, "{text}: {:?}", read(text));
    }
    assert!(read("12 rue du Mou").candidates.is_empty());
    assert!(read("12 avenue de Paris").candidates.is_empty(), "Paris is the name of the street");
    assert_eq!(read(&"é, ".repeat(100_000)).sure(), None);
}

#[test]
fn what_a_service_may_know_better() {
    // (text, whether there is more than a place, postal code to compare)
    let rows = [
        ("7 rue porte de Buc, 78000 Versailles", true, Some("78000")),
        ("78000 Versailles", false, Some("78000")),
        ("Versailles", false, None),
        ("vers", false, None),
        ("12 rue du Mou", true, None),
        ("12 rue de la Paix, Paris", true, None),
        ("12 rue X, 75 012 Paris", true, Some("75012")),
        ("12 rue X, F-75012 Paris", true, Some("75012")),
        ("5 allée X, 44093 Nantes Cedex 1", true, None),
    ];
    for (text, has_street, postal_code) in rows {
        let reading = read(text);
        assert_eq!(reading.has_street, has_street, "{text}");
        assert_eq!(reading.postal_code.as_deref(), postal_code, "{text}");
    }
}

#[test]
fn candidates_say_where_they_are() {
    let found = read("7 rue porte de Buc, 78000 Versailles").candidates.swap_remove(0);
    assert_eq!(found.label, "78000 Versailles");
    assert!((found.score - 0.9).abs() < 1e-9);
    assert_eq!(found.postal_codes, ["78000"]);
    assert_eq!(found.department.map(|d| d.code), Some("78"));
    assert_eq!(found.region.map(|r| r.code), Some("11"));
    assert!((found.point.unwrap().lat - 48.8).abs() < 0.05, "{found:?}");
    let found = read("Nantes").candidates.swap_remove(0);
    assert_eq!(found.label, "Nantes (44)");
    assert!((found.score - 1.0).abs() < 1e-9);
    assert!(found.postal_codes.len() > 1);
}

#[test]
fn both_of_one_name_are_named() {
    for (text, codes) in [("Évry", ["91228", "89162"]), ("Rocquencourt", ["78158", "60544"])] {
        let found = read(text).candidates;
        let found: Vec<_> = found.iter().filter(|c| c.score >= 0.6).collect();
        let named: Vec<_> = found.iter().filter_map(|c| c.insee_code()).collect();
        assert_eq!(named, codes, "{text}");
        assert!(found.iter().all(|c| c.score < SURE), "{text}");
    }
    let laval = read("Laval").candidates;
    assert!(
        laval.iter().any(|c| c.insee_code() == Some("38206")),
        "not meant, but named: {laval:?}"
    );
}

#[test]
fn every_label_is_read_as_itself() {
    let texts = ["saint", "nan", "paris 1", "7800", "97", "la ", "ville", "beau"];
    for text in texts {
        for candidate in gazetteer().read(text, 40).candidates {
            let is_collectivity =
                candidate.department.map(|d| d.code) == candidate.region.map(|r| r.code);
            if is_collectivity && candidate.precision == Precision::Department {
                continue; // Saint-Martin is a commune and a collectivity of one name.
            }
            let again = gazetteer().read(&candidate.label, 5).candidates;
            let first = again.first().unwrap_or_else(|| panic!("{candidate:?}"));
            assert_eq!(
                (first.insee_code(), first.department, first.precision == Precision::Department),
                (
                    candidate.insee_code(),
                    candidate.department,
                    candidate.precision == Precision::Department
                ),
                "{candidate:?} {again:?}"
            );
        }
    }
}

#[test]
fn the_address_of_every_commune_is_read_as_it() {
    for commune in gazetteer().communes() {
        for code in commune.postal_codes {
            let text = format!("3 bis rue du Puits, {code} {}", commune.name);
            let reading = gazetteer().read(&text, 3);
            let found = &reading.candidates[0];
            let is_district = found
                .insee_code()
                .and_then(|code| gazetteer().current_commune(code))
                .is_some_and(|found| found.parent == Some(commune.code));
            let has_name = found.commune.as_ref().is_some_and(|(_, name)| name == commune.name);
            assert!((has_name || is_district) && found.score >= SURE, "{text}: {found:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read(text in "([a-zA-ZéÉ0-9,'-]{0,8} ){0,6}|\\PC{0,60}", limit in 0_usize..6) {
        let reading = gazetteer().read(&text, limit);
        proptest::prop_assert!(reading.candidates.len() <= limit);
        proptest::prop_assert!(reading.candidates.iter().all(|c| (0.0..=1.0).contains(&c.score)));
        proptest::prop_assert!(reading.candidates.is_sorted_by(|a, b| a.score >= b.score));
    }
}
