//! `$facets`: counts against the totals of the searches they promise, and against the documents.

use std::collections::{BTreeMap, BTreeSet};

use e2e::client::Answer;
use e2e::harness;
use e2e::sample::{items, sample};
use e2e::scenario::percent_encode;
use serde_json::{Value, json};

use crate::naive::{ROR, escape, extensions, found, frequent, part, token_of, tokens};

/// One facet of an answer.
struct Facet {
    parameter: String,
    matches: u64,
    distinct: u64,
    left_out: u64,
    buckets: Vec<Value>,
}

fn named<'a>(parts: &'a Value, name: &str) -> Option<&'a Value> {
    items(parts).iter().find(|part| part["name"] == name)
}

fn integer(parts: &Value, name: &str) -> Option<u64> {
    named(parts, name)?["valueInteger"].as_u64()
}

fn text(parts: &Value, name: &str) -> String {
    let part = named(parts, name);
    let value = part.and_then(|p| p["valueString"].as_str().or_else(|| p["valueCode"].as_str()));
    value.unwrap_or_default().to_owned()
}

fn code(parts: &Value, name: &str) -> Option<String> {
    named(parts, name)?["valueCoding"]["code"].as_str().map(str::to_owned)
}

fn ask(query: &str) -> Answer {
    harness::client().get(&format!("/{}", percent_encode(query)))
}

/// The answer to `Type/$facets?query`, decoded.
fn parameters(query: &str) -> Value {
    let answer = ask(query);
    assert_eq!(answer.status, 200, "{query}: {}", answer.excerpt());
    let body = answer.json().expect("Parameters");
    assert_eq!(body["resourceType"], "Parameters", "{query}");
    body
}

fn facets(query: &str) -> BTreeMap<String, Facet> {
    let body = parameters(query);
    let facets = items(&body["parameter"]).iter().filter(|p| p["name"] == "facet");
    let facet = |parts: &Value| Facet {
        parameter: text(parts, "parameter"),
        matches: integer(parts, "matches").expect("matches"),
        distinct: integer(parts, "distinct").expect("distinct"),
        left_out: integer(parts, "left-out").expect("left-out"),
        buckets: items(parts)
            .iter()
            .filter(|part| part["name"] == "bucket")
            .map(|bucket| bucket["part"].clone())
            .collect(),
    };
    facets.map(|f| (text(&f["part"], "name"), facet(&f["part"]))).collect()
}

/// Count by code.
fn counts(query: &str, facet: &str) -> BTreeMap<String, u64> {
    let found = facets(&format!("{query}&facet={facet}&facet-limit=10000"));
    let buckets = &found[facet].buckets;
    let counts: BTreeMap<String, u64> = buckets
        .iter()
        .map(|b| (code(b, "value").expect("a code"), integer(b, "count").expect("a count")))
        .collect();
    assert_eq!(counts.len(), buckets.len(), "{query}: one bucket a value");
    counts
}

/// The total of an already encoded query.
fn total(query: &str) -> u64 {
    let answer = harness::client().get(&format!("/{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.excerpt());
    answer.json().expect("a Bundle")["total"].as_u64().expect("a total")
}

/// The number of documents that have each value.
fn naive(
    holds: impl Fn(&Value) -> bool,
    resource_type: &str,
    values: impl Fn(&Value) -> Vec<String>,
) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (_, document) in sample().of_type(resource_type).filter(|(_, d)| holds(d)) {
        for value in BTreeSet::from_iter(values(document)) {
            *counts.entry(value).or_default() += 1;
        }
    }
    counts
}

fn codes(document: &Value, path: &str) -> Vec<String> {
    tokens(document, path).into_iter().map(|token| token.1).collect()
}

fn code_of(record: &Value, name: &str) -> Option<String> {
    let concepts = part(record, name).into_iter();
    concepts.flat_map(|c| items(&c["coding"])).find_map(token_of).map(|token| token.1)
}

fn capacities(location: &Value) -> Vec<&Value> {
    extensions(location, &format!("{ROR}ror-location-supported-capacity"))
}

fn beds(record: &Value) -> f64 {
    part(record, "nbCapacity").first().and_then(|n| n.as_f64()).unwrap_or(0.0)
}

/// The sample's document a reference leads to.
fn location_of<'a>(reference: &Value) -> Option<&'a Value> {
    let id = reference["reference"].as_str()?.strip_prefix("Location/")?;
    sample().of_type("Location").find(|(key, _)| key.1 == id).map(|(_, document)| document)
}

#[test]
fn a_bucket_counts_what_its_criteria_find() {
    let specialty = frequent("HealthcareService", |d| codes(d, "specialty.coding"));
    let of_offers = [
        "location.near=47.218|-1.554|20|km".to_owned(),
        "organization.price-type=02&organization.price-amount-value=le70".to_owned(),
        "organization.price-type:above=02&organization.price-amount-per-day:above=le70".to_owned(),
        "organization:above.price-in-force=2026-11-23&organization.type:above=500".to_owned(),
        format!("specialty={specialty}&location.capacity-type=01&location.nb-capacity=ge1"),
        "_content=cardio&_filter=active eq true or location.address-city sw \"nantes\"".to_owned(),
        "location.near-insee-code=44109|12|km&ror-correlation=independent".to_owned(),
    ];
    let mut rows: Vec<(&str, String)> =
        of_offers.into_iter().map(|query| ("HealthcareService", query)).collect();
    rows.extend([
        ("Location", "near=47.218|-1.554|20|km&capacity-status=02".to_owned()),
        ("Organization", "_has:HealthcareService:organization:active=true".to_owned()),
        ("PractitionerRole", "active=true".to_owned()),
        ("Practitioner", String::new()),
        ("Task", String::new()),
        ("Measure", String::new()),
        ("MeasureReport", String::new()),
    ]);
    for (resource_type, query) in rows {
        let found = facets(&format!("{resource_type}/$facets?{query}&facet-limit=4"));
        assert!(found.contains_key("status") && found.contains_key("region"), "{resource_type}");
        let mut asked = 0;
        for (name, facet) in &found {
            assert_eq!(facet.distinct - facet.left_out, facet.buckets.len() as u64, "{name}");
            // Sums have a test of their own, and what is open now may be closed a moment later.
            let is_compared = !name.starts_with("beds-") && name != "open-now";
            for bucket in facet.buckets.iter().filter(|_| is_compared) {
                // The choice of the facet itself is replaced.
                let kept = query.split('&').filter(|pair| {
                    let key = pair.split('=').next().unwrap_or_default();
                    let near = facet.parameter.ends_with("near") && key.contains("near");
                    key != facet.parameter && !near
                });
                let criteria = text(bucket, "criteria");
                let kept = percent_encode(&kept.collect::<Vec<_>>().join("&"));
                let expected = total(&format!("{resource_type}?{kept}&{criteria}&_count=0"));
                let count = integer(bucket, "count");
                assert_eq!(count, Some(expected), "{name} of {resource_type}?{query}: {criteria}");
                asked += 1;
            }
        }
        assert!(asked > 0, "{resource_type}?{query}");
    }
}

#[test]
fn counts_are_those_of_the_documents() {
    let counted = counts("HealthcareService/$facets?", "activity");
    let of_offer = |offer: &Value| codes(offer, "specialty.coding");
    assert_eq!(counted, naive(|_| true, "HealthcareService", of_offer));

    // The department of a place is that of its commune; an offer with two places counts in both.
    let department = |location: &Value| -> Option<String> {
        let communes = extensions(location, &format!("{ROR}ror-commune-cog"));
        let concept = &communes.first()?["valueCodeableConcept"];
        let code = items(&concept["coding"]).iter().find_map(token_of)?.1;
        let digits = if code.starts_with("97") || code.starts_with("98") { 3 } else { 2 };
        Some(code[..digits].to_owned())
    };
    let of_offer = |offer: &Value| {
        let places = items(&offer["location"]).iter().filter_map(location_of);
        places.filter_map(department).collect()
    };
    let stated = |offer: &Value| {
        let places = items(&offer["location"]).iter().filter_map(location_of);
        places.map(department).all(|known| known.is_some())
    };
    let all = found("HealthcareService?");
    let without: BTreeSet<String> = sample()
        .of_type("HealthcareService")
        .filter(|(_, offer)| !stated(offer))
        .map(|(key, _)| key.1.clone())
        .collect();
    let counted = counts("HealthcareService/$facets?", "department");
    let expected = naive(|_| true, "HealthcareService", of_offer);
    for (code, count) in &expected {
        // A place without a commune has the department of its postal code.
        let most = count + without.len() as u64;
        let found = counted.get(code).copied().unwrap_or_default();
        assert!((*count..=most).contains(&found), "{code}: {found}, {count} to {most}");
    }
    assert!(expected.len() > 1 && all.len() > without.len());
}

#[test]
fn the_own_choice_is_not_counted_and_others_are() {
    let activity = frequent("HealthcareService", |d| codes(d, "specialty.coding"));
    let chosen = format!("HealthcareService/$facets?specialty={activity}");
    let free = "HealthcareService/$facets?";
    assert_eq!(counts(&chosen, "activity"), counts(free, "activity"));
    let has = |offer: &Value| codes(offer, "specialty.coding").contains(&activity);
    let categories = |offer: &Value| codes(offer, "category.coding");
    let expected = naive(has, "HealthcareService", categories);
    assert_eq!(counts(&chosen, "category"), expected);
    assert_ne!(counts(free, "category"), expected);
    // A negation is no choice.
    let negated = format!("HealthcareService/$facets?specialty:not={activity}");
    assert!(!counts(&negated, "activity").contains_key(&activity));
    // What is a choice of one system is none of another.
    let mode =
        "https://mos.esante.gouv.fr/NOS/TRE_R213-ModePriseEnCharge/FHIR/TRE-R213-ModePriseEnCharge";
    let modes = counts(free, "mode");
    let (first, _) = modes.iter().next().expect("modes in the sample");
    let chosen = format!("HealthcareService/$facets?characteristic={mode}|{first}");
    assert_eq!(counts(&chosen, "mode"), modes);
}

#[test]
fn record_mates_stay_on_one_record() {
    let query = "Location/$facets?capacity-type=01&nb-capacity=ge1&capacity-status=01";
    let wanted = |record: &&Value| {
        code_of(record, "capacityType").as_deref() == Some("01") && beds(record) >= 1.0
    };
    let statuses = |location: &Value| {
        let records = capacities(location).into_iter().filter(wanted);
        records.filter_map(|record| code_of(record, "capacityStatus")).collect()
    };
    let expected = naive(|_| true, "Location", statuses);
    assert!(expected.len() > 1, "{expected:?}");
    assert_eq!(counts(query, "capacity-status"), expected);
    let loose = "Location/$facets?capacity-type=01&nb-capacity=ge1&ror-correlation=independent";
    assert_ne!(counts(loose, "capacity-status"), expected);
}

#[test]
fn prices_of_ancestors_are_counted_where_the_criteria_climb() {
    let query = "HealthcareService/$facets?organization.price-type:above=02";
    let price = &facets(&format!("{query}&facet=price"))["price"];
    assert_eq!(price.parameter, "organization.price-amount-value:above");
    let below = "HealthcareService?organization:above.price-type=02&_count=0&organization:above";
    let first = price.buckets.first().expect("homes have prices");
    let bounds = code(first, "value").expect("a band");
    let (low, high) = bounds.split_once('-').expect("two bounds");
    let written =
        format!("{below}.price-amount-value={low}&organization:above.price-amount-value={high}");
    assert_eq!(integer(first, "count"), Some(total(&written)), "{bounds}");
    // The choice is not counted against itself.
    let chosen = &facets(&format!(
        "{query}&organization.price-amount-value:above=le70&facet=price"
    ))["price"];
    assert_eq!((chosen.matches, &chosen.buckets), (price.matches, &price.buckets));
}

#[test]
fn facets_go_into_the_brackets_that_hold_their_choice() {
    for (chain, above) in [("organization", ""), ("organization:above", ":above")] {
        let within = |inside: &str| {
            format!(
                "HealthcareService/$facets?name:missing=false&facet=price&_filter={chain}[{inside}]"
            )
        };
        let chosen = &facets(&within("price-amount-value le 70 and price-type eq 02"))["price"];
        assert_eq!(chosen.parameter, "_filter");
        // What dots ask of one record.
        let dotted = format!(
            "HealthcareService/$facets?name:missing=false&facet=price&organization.price-type{above}=02"
        );
        let dotted = &facets(&dotted)["price"];
        assert!(!dotted.buckets.is_empty());
        assert_eq!(chosen.matches, dotted.matches);
        let counted = |facet: &Facet| -> Vec<_> {
            facet.buckets.iter().map(|b| (code(b, "value"), integer(b, "count"))).collect()
        };
        assert_eq!(counted(chosen), counted(dotted));
        for bucket in &chosen.buckets {
            let criteria = text(bucket, "criteria");
            assert!(criteria.starts_with("_filter=organization"), "{criteria}");
            // Sent as it came, in the place of the filter.
            let path = format!("/HealthcareService?name:missing=false&_count=0&{criteria}");
            let answer = harness::client().get(&path);
            assert_eq!(answer.status, 200, "{}", answer.excerpt());
            let total = answer.json().expect("a Bundle")["total"].as_u64();
            assert_eq!(integer(bucket, "count"), total, "{criteria}");
        }
    }
    // Without a choice: the statuses of the very bed counts that the brackets are about.
    let query = "Location/$facets?capacity-type=01&nb-capacity=ge1";
    let dotted =
        query.replace("Location/$facets?capacity", "HealthcareService/$facets?location.capacity");
    let dotted = dotted.replace("&nb", "&location.nb");
    let within =
        "HealthcareService/$facets?_filter=location[capacity-type eq 01 and nb-capacity ge 1]";
    assert_eq!(counts(within, "capacity-status"), counts(&dotted, "capacity-status"));
    assert_eq!(counts(within, "department"), counts(&dotted, "department"));
}

/// (type, status) → (records, sum), over records, each once.
fn naive_sums<'a>(
    locations: impl Iterator<Item = &'a Value>,
    wanted: impl Fn(&Value) -> bool,
) -> BTreeMap<(Option<String>, Option<String>), (u64, f64)> {
    let mut sums: BTreeMap<_, (u64, f64)> = BTreeMap::new();
    for record in locations.flat_map(capacities).filter(|record| wanted(record)) {
        let key = (code_of(record, "capacityType"), code_of(record, "capacityStatus"));
        let sum = sums.entry(key).or_default();
        sum.0 += 1;
        sum.1 += beds(record);
    }
    sums
}

fn sums(query: &str) -> BTreeMap<(Option<String>, Option<String>), (u64, f64)> {
    let found = facets(&format!("{query}&facet=beds-by-status&facet-limit=10000"));
    let of = |bucket: &Value| {
        let key = (code(bucket, "capacity-type"), code(bucket, "capacity-status"));
        let sum = named(bucket, "sum").and_then(|part| part["valueDecimal"].as_f64());
        (key, (integer(bucket, "records").expect("records"), sum.expect("a sum")))
    };
    found["beds-by-status"].buckets.iter().map(of).collect()
}

#[test]
fn sums_are_those_of_the_records() {
    let all = || sample().of_type("Location").map(|(_, document)| document);
    assert_eq!(sums("Location/$facets?"), naive_sums(all(), |_| true));
    // Only the records that meet the criteria, on one record.
    let free = |record: &Value| {
        code_of(record, "capacityStatus").as_deref() == Some("02") && beds(record) >= 5.0
    };
    let expected = naive_sums(all(), free);
    assert!(!expected.is_empty());
    assert_eq!(sums("Location/$facets?capacity-status=02&nb-capacity=ge5"), expected);
    // Over offers, each record of their places once, however many offers share the place.
    let shared: BTreeMap<&str, &Value> = sample()
        .of_type("HealthcareService")
        .filter(|(_, offer)| offer["active"] == true)
        .flat_map(|(_, offer)| items(&offer["location"]).iter().filter_map(location_of))
        .filter_map(|location| Some((location["id"].as_str()?, location)))
        .collect();
    let expected = naive_sums(shared.values().copied(), free);
    let query = "HealthcareService/$facets?active=true&location.capacity-status=02&location.nb-capacity=ge5";
    assert_eq!(sums(query), expected);
    // The same in brackets.
    let within = "location[capacity-status eq 02 and nb-capacity ge 5]";
    assert_eq!(sums(&format!("HealthcareService/$facets?active=true&_filter={within}")), expected);
    // By department, the sums add up to the same.
    let sum = |name: &str| -> f64 {
        let found = facets(&format!("{query}&facet={name}&facet-limit=10000"));
        let part = |bucket: &Value| named(bucket, "sum").and_then(|p| p["valueDecimal"].as_f64());
        found[name].buckets.iter().filter_map(part).sum()
    };
    let whole: f64 = expected.values().map(|(_, sum)| sum).sum();
    assert!((sum("beds-by-department") - whole).abs() < 1e-6);
    assert!((sum("beds-by-region") - whole).abs() < 1e-6);
    assert!(sum("beds-by-activity") >= whole);
}

#[test]
fn labels_limits_and_order() {
    let found = facets("HealthcareService/$facets?facet=activity,department&facet-limit=3");
    assert_eq!(found.len(), 2);
    let activity = &found["activity"];
    assert_eq!(activity.buckets.len(), 3);
    assert_eq!(activity.left_out, activity.distinct - 3);
    assert_eq!(activity.matches, total("HealthcareService?_count=0"));
    let counts: Vec<_> = activity.buckets.iter().map(|b| integer(b, "count")).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    let value = &named(&found["department"].buckets[0], "value").expect("a value")["valueCoding"];
    assert!(value["system"].as_str().unwrap_or_default().contains("TRE_G09"), "{value}");
    for bucket in activity.buckets.iter().chain(&found["department"].buckets) {
        let value = &named(bucket, "value").expect("a value")["valueCoding"];
        assert!(!value["display"].as_str().unwrap_or_default().is_empty(), "{value}");
    }
    // Rings ascend and stop at the asked distance.
    let near = "HealthcareService/$facets?location.near=47.218|-1.554|15|km&facet=distance";
    let rings: Vec<_> = facets(near)["distance"].buckets.iter().map(|b| code(b, "value")).collect();
    assert_eq!(rings.last(), Some(&Some("15".to_owned())));
    assert!(rings.contains(&Some("5".to_owned())), "{rings:?}");
}

#[test]
fn a_table_says_the_same() {
    let query = "HealthcareService/$facets?facet=activity,price,beds-by-status";
    let answer = ask(&format!("{query}&_format=csv"));
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/csv;charset=utf-8"), "{kind}");
    let accept = [("Accept", "text/csv")];
    let path = format!("/{}", percent_encode(query));
    let same = harness::client().send("GET", &path, &accept, None);
    assert_eq!(same.body, answer.body);
    let text = String::from_utf8(answer.body).expect("UTF-8");
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    let rows: Vec<Vec<String>> = text.split_terminator("\r\n").map(cells).collect();
    let column = |name: &str| rows[0].iter().position(|cell| cell == name).expect("a column");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    let (facet, value, count) = (column("facet"), column("code"), column("count"));
    let in_table: BTreeMap<String, u64> = rows
        .iter()
        .filter(|row| row[facet] == "activity")
        .map(|row| (row[value].clone(), row[count].parse().expect("a number")))
        .collect();
    assert_eq!(in_table, counts("HealthcareService/$facets?", "activity"));
    assert_eq!(rows[1][facet], "total");
    // A warning has no place in a table: what would be ignored is refused.
    let refused = ask(&format!("{query}&_format=csv&speciality=1"));
    assert_eq!(refused.status, 400, "{}", refused.excerpt());
    assert_eq!(ask(&format!("{query}&_format=xml")).status, 406);
}

/// The cells of a line of comma-separated values.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut quoted, mut letters) = (false, line.chars().peekable());
    while let Some(letter) = letters.next() {
        let cell = cells.last_mut().expect("never empty");
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    assert!(!quoted, "{line}");
    cells
}

#[test]
fn every_way_to_ask() {
    let client = harness::client();
    let query = "location.near=47.218|-1.554|20|km&facet=department";
    let asked = parameters(&format!("HealthcareService/$facets?{query}"));
    let post = |path: &str, kind: &str, body: &str| {
        let headers = [("Content-Type", kind)];
        let answer = client.send("POST", path, &headers, Some(body.as_bytes()));
        assert_eq!(answer.status, 200, "{body}: {}", answer.excerpt());
        answer.json().expect("Parameters")
    };
    let form = percent_encode(query);
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(post("/HealthcareService/$facets", kind, &form), asked);
    assert_eq!(post("/HealthcareService/%24facets", kind, &form), asked);
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "location.near", "valueString": "47.218|-1.554|20|km"},
        {"name": "facet", "valueString": "department"},
    ]});
    let kind = "application/fhir+json";
    assert_eq!(post("/HealthcareService/$facets", kind, &body.to_string()), asked);
    let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "GET", "url": format!("HealthcareService/$facets?{form}")}},
    ]});
    assert_eq!(post("", kind, &batch.to_string())["entry"][0]["resource"], asked);
}

#[test]
fn open_now_is_what_the_request_takes_for_now() {
    let mut counted = BTreeSet::new();
    for (base, path) in [("HealthcareService", "open-at"), ("PractitionerRole", "service.open-at")]
    {
        for now in ["2026-11-24T09:00:00Z", "2026-11-22T03:00:00Z", "2026-07-14T16:30:00Z"] {
            let open = total(&format!("{base}?{path}=now&ror-now={now}&_summary=count"));
            for choice in [String::new(), format!("&{path}=now")] {
                let query = format!("{base}/$facets?facet=open-now&ror-now={now}{choice}");
                let facet = &facets(&query)["open-now"];
                let count = facet.buckets.first().map_or(0, |b| integer(b, "count").expect("one"));
                assert_eq!(count, open, "{query}");
            }
            counted.insert(open);
        }
    }
    assert!(counted.len() > 2, "the instants differ: {counted:?}");
}

#[test]
fn what_is_wrong_is_said() {
    // (query, status, words of the answer)
    let rows = [
        ("Task/$facets?facet=activity", 400, "status"),
        ("HealthcareService/$facets?facet=activty", 400, "did you mean \\\"activity\\\"?"),
        ("HealthcareService/$facets?facet=distance", 400, "location.near"),
        ("HealthcareService/$facets?facet:not=status", 400, "takes no modifier"),
        ("HealthcareService/$facets?facet-limit:exact=5", 400, "takes no modifier"),
        ("HealthcareService/$facets?facet-limit=0", 400, "1 to 10000"),
        ("HealthcareService/$facets?facet-limit=many", 400, "1 to 10000"),
        ("HealthcareService/$facets?specialty:exacte=1", 400, "exacte"),
        ("HealthcareService/$facet", 404, "did you mean \\\"$facets\\\"?"),
        ("$facets", 404, "[base]/Location/$facets"),
    ];
    for (query, status, words) in rows {
        let answer = ask(query);
        assert_eq!(answer.status, status, "{query}: {}", answer.excerpt());
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains(words), "{query}: {text}");
        assert!(text.contains("OperationOutcome"), "{query}");
    }
    // What shapes a page, and what is unknown, is told; strict handling refuses it.
    let query = "HealthcareService/$facets?_count=3&speciality=1&facet=status&facet=&facet-limit=";
    let body = parameters(query);
    let outcome = named(&body["parameter"], "outcome").expect("an outcome");
    let places: Vec<_> =
        items(&outcome["resource"]["issue"]).iter().map(|i| i["expression"][0].clone()).collect();
    assert_eq!(places, ["facet", "facet-limit", "_count", "speciality"]);
    let strict = [("Prefer", "handling=strict")];
    let answer = harness::client().send("GET", &format!("/{query}"), &strict, None);
    assert_eq!(answer.status, 400);
}

#[test]
fn departments_and_regions_are_searched_by_their_code() {
    let of_places = counts("Location/$facets?", "department");
    assert!(!of_places.is_empty());
    for (department, count) in &of_places {
        let found = found(&format!("Location?department={}", escape(department)));
        assert_eq!(found.len() as u64, *count, "{department}");
    }
    for (region, count) in counts("HealthcareService/$facets?", "region") {
        assert_eq!(
            found(&format!("HealthcareService?location.region={region}")).len() as u64,
            count
        );
    }
}
