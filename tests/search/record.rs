//! Criteria on one record: a price, a capacity, a limit of an equipment (reading rule T11), against
//! `ror-correlation=independent`.

use e2e::sample::sample;
use serde_json::Value;

use crate::naive::{
    ROR, Token, check, escape, extensions, found, frequent, part, search, token_of,
};

fn codes(record: &Value, name: &str) -> Vec<Token> {
    let concepts = part(record, name).into_iter();
    concepts
        .flat_map(|concept| e2e::sample::items(&concept["coding"]))
        .filter_map(token_of)
        .collect()
}

fn prices(organization: &Value) -> Vec<&Value> {
    extensions(organization, &format!("{ROR}ror-organization-price"))
}

fn capacities(location: &Value) -> Vec<&Value> {
    extensions(location, &format!("{ROR}ror-location-supported-capacity"))
}

fn amount(price: &Value) -> Option<f64> {
    part(price, "amount").first()?["value"].as_f64()
}

fn count(capacity: &Value) -> Option<f64> {
    part(capacity, "nbCapacity").first()?.as_f64()
}

fn has_code(record: &Value, name: &str, code: &str) -> bool {
    codes(record, name).iter().any(|token| token.1 == code)
}

#[test]
fn type_and_amount_of_one_price() {
    let codes_of = |name: &'static str| {
        move |organization: &Value| -> Vec<String> {
            let prices = prices(organization).into_iter();
            prices.flat_map(|price| codes(price, name)).map(|token| token.1).collect()
        }
    };
    let kind = frequent("Organization", codes_of("priceType"));
    let mut amounts: Vec<i64> = sample()
        .of_type("Organization")
        .flat_map(|(_, organization)| prices(organization))
        .filter_map(|price| amount(price).map(|amount| amount as i64))
        .collect();
    amounts.sort_unstable();
    let middle = amounts[amounts.len() / 2];
    let query = format!("price-type={}&price-amount-value=lt{middle}", escape(&kind));
    let below = |price: &Value| amount(price).is_some_and(|amount| amount < middle as f64);
    check("Organization", &query, |organization| {
        prices(organization).into_iter().any(|p| has_code(p, "priceType", &kind) && below(p))
    });
    check("Organization", &format!("{query}&ror-correlation=independent"), |organization| {
        let prices = prices(organization);
        prices.iter().any(|p| has_code(p, "priceType", &kind)) && prices.iter().any(|p| below(p))
    });
    // Two bounds of one name hold on one record too.
    let low = amounts[amounts.len() / 4];
    let query = format!("price-amount-value=ge{low}&price-amount-value=lt{middle}");
    check("Organization", &query, |organization| {
        prices(organization).into_iter().any(|p| below(p) && amount(p) >= Some(low as f64))
    });
}

#[test]
fn a_repeated_equality_opens_a_further_record() {
    let types = |location: &Value| -> Vec<String> {
        let records = capacities(location).into_iter();
        records.flat_map(|r| codes(r, "capacityStatus")).map(|token| token.1).collect()
    };
    let first = frequent("Location", types);
    let second = frequent("Location", |location| {
        types(location).into_iter().filter(|code| *code != first).collect()
    });
    let query = format!("capacity-status={first}&capacity-status={second}");
    check("Location", &query, |location| {
        types(location).contains(&first) && types(location).contains(&second)
    });
    let query = format!("capacity-status={first}&nb-capacity=gt0");
    check("Location", &query, |location| {
        capacities(location)
            .into_iter()
            .any(|record| has_code(record, "capacityStatus", &first) && count(record) > Some(0.0))
    });
    check("Location", &format!("capacity-status:not={first}&nb-capacity=gt0"), |location| {
        let some = capacities(location).into_iter().any(|record| count(record) > Some(0.0));
        some && !types(location).contains(&first)
    });
}

#[test]
fn over_a_chain_all_criteria_hold_on_one_target() {
    let places = |offer: &Value| -> Vec<&'static Value> {
        let keys = sample().targets(offer, "location");
        keys.iter().map(|key| sample().get(key).expect("a resolved target")).collect()
    };
    let departments = |place: &Value| -> Option<String> {
        place["address"]["postalCode"].as_str()?.get(..2).map(str::to_owned)
    };
    let department = frequent("HealthcareService", |offer| {
        places(offer).into_iter().filter_map(departments).collect()
    });
    let query = format!("location.address-postalcode={department}&location.nb-capacity=gt0");
    check("HealthcareService", &query, |offer| {
        places(offer).into_iter().any(|place| {
            departments(place).as_deref() == Some(&*department)
                && capacities(place).into_iter().any(|record| count(record) > Some(0.0))
        })
    });
}

#[test]
fn filter_correlates_inside_each_alternative() {
    let filter = "price-type eq 02 and price-amount-value lt 60";
    let together = found(&format!("Organization?_filter={filter}"));
    let parameters = found("Organization?price-type=02&price-amount-value=lt60");
    assert_eq!(together, parameters, "{filter}");
    let either = found(&format!("Organization?_filter=({filter}) or price-type eq 03"));
    check("Organization", &format!("_filter=({filter}) or price-type eq 03"), |organization| {
        prices(organization).into_iter().any(|price| {
            let cheap = has_code(price, "priceType", "02") && amount(price) < Some(60.0);
            (cheap && amount(price).is_some()) || has_code(price, "priceType", "03")
        })
    });
    assert!(together.is_subset(&either));
}

#[test]
fn negations_in_brackets_are_of_the_record() {
    let provider = |offer: &Value| -> Option<&'static Value> {
        let id = offer["providedBy"]["reference"].as_str()?.strip_prefix("Organization/")?;
        sample().of_type("Organization").find(|(key, _)| key.1 == id).map(|(_, document)| document)
    };
    let filters = ["price-type ne 02", "not (price-type eq 02)"];
    for filter in filters.map(|negation| format!("price-amount-value lt 50 and {negation}")) {
        check("HealthcareService", &format!("_filter=organization[{filter}]"), |offer| {
            provider(offer).into_iter().flat_map(prices).any(|price| {
                amount(price).is_some_and(|amount| amount < 50.0)
                    && !has_code(price, "priceType", "02")
            })
        });
    }
    // With dots a negation is of the organization: none of its prices is of the type.
    let query = "organization.price-amount-value=lt50&organization.price-type:not=02";
    check("HealthcareService", query, |offer| {
        provider(offer).is_some_and(|organization| {
            let prices = prices(organization);
            prices.iter().any(|price| amount(price).is_some_and(|amount| amount < 50.0))
                && !prices.iter().any(|price| has_code(price, "priceType", "02"))
        })
    });
}

#[test]
fn an_order_looks_at_the_records_in_brackets() {
    let order = |query: &str| -> Vec<String> {
        let matches = search(&format!("HealthcareService?{query}&_count=1000")).matches();
        matches.into_iter().map(|key| key.1).collect()
    };
    for (key, above) in [("price-amount-value", ""), ("-price-amount-value", ":above")] {
        let (minus, key) = key.split_at(key.len() - "price-amount-value".len());
        let sort = format!("_sort={minus}organization.{key}");
        let dots = format!(
            "organization.price-type{above}=02&organization.price-amount-value{above}=ge45&{sort}"
        );
        let inside = "price-type eq 02 and price-amount-value ge 45";
        let brackets = format!("_filter=organization{above}[{inside}]&{sort}");
        assert_eq!(order(&brackets), order(&dots), "{brackets}");
    }
}
