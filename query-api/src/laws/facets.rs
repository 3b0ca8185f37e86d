//! The law of facets: the number of a bucket is the total of the search with its criterion in the place
//! of the facet's own choice; what is in no bucket is found by no search.

use proptest::collection::vec;
use proptest::prelude::*;
use shared::access::Access;
use shared::fhir::ResourceType::{self, HealthcareService, Location};

use super::directory::Directory;
use super::requests::{self, Pair};
use super::{Asked, asked, config, directories};
use crate::engine::Deadline;
use crate::execute::Counting;
use crate::facets::table::{self, Facet, Kind};
use crate::facets::{self, Facets};
use crate::parse::Scope;
use crate::parse::ast::{Expr, SearchRequest};
use crate::plan::PlanContext;

/// The counts of all facets of a request.
fn count(directory: &Directory, request: &SearchRequest) -> Facets {
    let identify = |resource_type, id: &str| Ok(directory.key_of(resource_type, id));
    let deadline = Deadline::after(std::time::Duration::from_mins(10));
    let mut counting = Counting::new(&directory.snapshot, &identify, deadline);
    let context = PlanContext::new(Access::full(), request.correlation, 10_000);
    let facets = table::of_type(request.types[0]).collect();
    let pair = ("open-at".to_owned(), "now".to_owned());
    let probes = if request.types == [HealthcareService] {
        vec![("open-now", super::parse(Scope::Type(HealthcareService), &[pair]).criteria.remove(0))]
    } else {
        Vec::new()
    };
    let asked = facets::Asked { facets, probes, limit: usize::MAX };
    facets::count(&mut counting, request, context, &asked).expect("the index is whole")
}

/// The total of a request without a facet's choice, with other criteria in its place.
fn total_with(
    directory: &Directory,
    request: &SearchRequest,
    facet: &Facet,
    criteria: &[Pair],
) -> u64 {
    let base = request.types[0];
    let place = facet.place(base).expect("the facet is of the type");
    let lifted = facets::without_choice(base, &request.criteria[0], place);
    let mut added = super::parse(Scope::Type(base), criteria);
    added.criteria = vec![Expr::And(vec![lifted, added.criteria.remove(0)])];
    added.correlation = request.correlation;
    let (hits, _) = super::page(directory, &added, 0, 0, None);
    hits.total.expect("totals are asked for")
}

const FILTER: &str = "_filter";

/// The total of a request with other filters in the place of its own, as a client sends it.
fn total_with_filters(
    directory: &Directory,
    base: ResourceType,
    pairs: &[Pair],
    filters: &[Pair],
) -> u64 {
    assert!(filters.iter().all(|(name, _)| name == FILTER), "{filters:?}");
    let others = pairs.iter().filter(|(name, _)| name != FILTER);
    let pairs: Vec<Pair> = others.chain(filters).cloned().collect();
    let (hits, _) = super::page(directory, &super::parse(Scope::Type(base), &pairs), 0, 0, None);
    hits.total.expect("totals are asked for")
}

/// The parameters of a query string that a bucket gives.
fn pairs_of(criteria: &str) -> Vec<Pair> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().expect("ours").into_owned()
    };
    let pairs = criteria.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn check(directory: &Directory, base: ResourceType, pairs: &[Pair]) -> Result<(), TestCaseError> {
    let request = super::parse(Scope::Type(base), pairs);
    let facets = count(directory, &request);
    let (hits, _) = super::page(directory, &request, 0, 0, None);
    prop_assert_eq!(Some(facets.total), hits.total, "{} {:?}", base, pairs);
    for facet in table::of_type(base).filter(|f| !matches!(f.kind, Kind::Capacities(_))) {
        let Some(counts) = facets.facets.iter().find(|counts| counts.name == facet.name) else {
            let may_lack = matches!(facet.kind, Kind::Rings(_) | Kind::Holds { .. });
            prop_assert!(may_lack, "{} is counted", facet.name);
            continue;
        };
        let name = format!("{} of {base} {pairs:?}", facet.name);
        prop_assert_eq!(counts.matches, total_with(directory, &request, facet, &[]), "{}", &name);
        prop_assert_eq!(counts.distinct, counts.buckets.len());
        for bucket in &counts.buckets {
            let criteria = pairs_of(bucket.criteria.as_ref().expect("a value"));
            let total = if counts.parameter == FILTER {
                total_with_filters(directory, base, pairs, &criteria)
            } else {
                total_with(directory, &request, facet, &criteria)
            };
            prop_assert_eq!(bucket.count, total, "{}: {:?}", &name, criteria);
        }
        let none_twice: std::collections::BTreeSet<_> =
            counts.buckets.iter().map(|bucket| bucket.criteria.as_deref()).collect();
        prop_assert_eq!(none_twice.len(), counts.buckets.len(), "{}", &name);
        for code in ["urn:s1|a", "urn:s1|b", "urn:s2|c", "|a", "|b"] {
            let is_bare = facet.place(base).is_some_and(|place| place.bare);
            if !matches!(facet.kind, Kind::Codes) || is_bare || counts.parameter == FILTER {
                continue;
            }
            let criterion = (counts.parameter.clone(), code.to_owned());
            let is_counted = counts.buckets.iter().any(|bucket| {
                pairs_of(bucket.criteria.as_deref().unwrap_or_default()) == [criterion.clone()]
            });
            if !is_counted && facet.place(base).is_some_and(|place| place.system.is_none()) {
                let total = total_with(directory, &request, facet, &[criterion]);
                prop_assert_eq!(total, 0, "{}: {} is not counted", &name, code);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_bucket_counts_what_its_criterion_finds(
        directory in directories(),
        asked in vec((asked(), any::<bool>(), any::<bool>(), vec(any::<u16>(), 4)), 12),
    ) {
        for (Asked { base, mut pairs }, is_independent, has_place, near) in asked {
            if has_place {
                let before = (base == HealthcareService).then_some("location.");
                let before = before.or((base == Location).then_some(""));
                pairs.extend(before.into_iter().flat_map(|before| requests::near(before, &near)));
            }
            if is_independent {
                pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            check(&directory, base, &pairs)?;
        }
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a_bucket_in_brackets_counts_what_its_filters_find(
        directory in directories(),
        asked in vec((vec(any::<u16>(), 24), asked(), 0..4_usize), 12),
    ) {
        for (run, Asked { base, pairs: more }, mode) in asked {
            let (filter, _) = requests::bracketed(&run);
            let mut pairs = vec![(FILTER.to_owned(), filter)];
            if mode > 1 && base == HealthcareService {
                pairs.extend(more);
            }
            if mode == 3 {
                pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            check(&directory, HealthcareService, &pairs)?;
        }
    }

    /// The filters are written here and the totals counted in the documents.
    #[test]
    fn bands_are_of_the_prices_in_brackets(
        directory in directories(),
        asked in vec((0..2_usize, vec(0..PRICES_IN_BRACKETS.len(), 0..3), 0..4_usize, any::<bool>()), 6),
    ) {
        for (above, beside, choice, is_independent) in asked {
            let above = ["", ":above"][above];
            let others: Vec<&str> = beside.iter().map(|at| PRICES_IN_BRACKETS[*at]).collect();
            let request = |choice: &[String]| {
                let all: Vec<&str> = others.iter().copied().chain(choice.iter().map(String::as_str)).collect();
                let mut pairs = vec![("active:missing".to_owned(), "false".to_owned())];
                if !all.is_empty() {
                    pairs.push((FILTER.to_owned(), format!("active pr true and organization{above}[{}]", all.join(" and "))));
                }
                if is_independent {
                    pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
                }
                super::parse(Scope::Type(HealthcareService), &pairs)
            };
            let choice = ["", "price-amount-value le 60", "price-amount-value ge 10", ""][choice];
            let choice: Vec<String> = Some(choice.to_owned()).filter(|c| !c.is_empty()).into_iter().collect();
            if others.is_empty() && choice.is_empty() {
                continue;
            }
            let facets = count(&directory, &request(&choice));
            let price = facets.facets.iter().find(|f| f.name == "price").expect("offers have it");
            prop_assert_eq!(&price.parameter, FILTER);
            let edges = table::PRICE_EDGES;
            for band in 0..=edges.len() {
                let low = band.checked_sub(1).map(|at| edges[at]);
                let high = edges.get(band);
                let bounds: Vec<String> = low
                    .iter()
                    .map(|low| format!("price-amount-value ge {low}"))
                    .chain(high.iter().map(|high| format!("price-amount-value lt {high}")))
                    .collect();
                let wanted = request(&bounds);
                let world = super::world(&directory, wanted.correlation);
                let expected = world.matches(HealthcareService, &wanted.criteria[0]).len() as u64;
                let names: Vec<String> = low.iter().map(|low| format!("ge{low}"))
                    .chain(high.iter().map(|high| format!("lt{high}"))).collect();
                let is_it = |bucket: &&facets::Bucket| {
                    bucket.value.as_ref().is_some_and(|value| value.code == names.join("-"))
                };
                let counted = price.buckets.iter().find(is_it).map_or(0, |bucket| bucket.count);
                prop_assert_eq!(counted, expected, "{:?} of {:?} {:?}", names, others, choice);
            }
        }
    }
}

/// Criteria on a price, as a filter writes them.
const PRICES_IN_BRACKETS: [&str; 5] = [
    "price-type eq a",
    "price-type eq urn:s1|a or urn:s2|b",
    "price-validity-start-date ge 2023-07-01",
    "not(price-type eq c and special-price eq a)",
    "name co alpha",
];

/// Prices asked of the provider, or of it and all it is part of, in both spellings.
const PRICE_FORMS: [[&str; 2]; 3] =
    [["organization.", ""], ["organization.", ":above"], ["organization:above.", ""]];

/// Criteria on a price.
const OF_PRICES: [(&str, &str); 4] = [
    ("price-type", "a,b"),
    ("price-type", "urn:s1|a"),
    ("price-validity-start-date", "ge2023-07-01"),
    ("price-type:not", "c"),
];

proptest! {
    #![proptest_config(config(12))]

    /// The criteria are written here and the totals counted in the documents: neither knows how a facet
    /// finds its choice or follows the criteria.
    #[test]
    fn bands_are_of_the_prices_that_the_criteria_are_about(
        directory in directories(),
        asked in vec((0..3_usize, vec(0..OF_PRICES.len(), 1..3), any::<bool>(), any::<bool>()), 6),
    ) {
        for (form, beside, has_choice, is_independent) in asked {
            let [before, after] = PRICE_FORMS[form];
            let pair = |name: &str, value: &str| (format!("{before}{name}{after}"), value.to_owned());
            let mut others: Vec<Pair> =
                beside.iter().map(|at| pair(OF_PRICES[*at].0, OF_PRICES[*at].1)).collect();
            if is_independent {
                others.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            let mut pairs = others.clone();
            if has_choice {
                pairs.push(pair("price-amount-value", "le60"));
            }
            let facets = count(&directory, &super::parse(Scope::Type(HealthcareService), &pairs));
            let price = facets.facets.iter().find(|f| f.name == "price").expect("offers have it");
            let edges = table::PRICE_EDGES;
            for band in 0..=edges.len() {
                let mut wanted = others.clone();
                let low = band.checked_sub(1).map(|at| format!("ge{}", edges[at]));
                let high = edges.get(band).map(|edge| format!("lt{edge}"));
                let bounds = low.iter().chain(&high);
                wanted.extend(bounds.clone().map(|bound| pair("price-amount-value", bound)));
                let request = super::parse(Scope::Type(HealthcareService), &wanted);
                let world = super::world(&directory, request.correlation);
                let expected = world.matches(HealthcareService, &request.criteria[0]).len() as u64;
                let name = bounds.cloned().collect::<Vec<_>>().join("-");
                let is_it = |bucket: &&facets::Bucket| {
                    bucket.value.as_ref().is_some_and(|value| value.code == name)
                };
                let counted = price.buckets.iter().find(is_it).map_or(0, |bucket| bucket.count);
                prop_assert_eq!(counted, expected, "{} of {:?}", name, pairs);
            }
        }
    }
}

/// Criteria on a count of beds, as a request and as a filter write them; no name twice, none negated.
const OF_CAPACITIES: [(&str, &str, &str); 4] = [
    ("capacity-type", "urn:s1|a", "capacity-type eq urn:s1|a"),
    ("capacity-status", "a", "capacity-status eq a"),
    ("nb-capacity", "ge5", "nb-capacity ge 5"),
    ("capacity-update-date", "ge2023-07-01", "capacity-update-date ge 2023-07-01"),
];

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn sums_are_the_same_in_brackets(
        directory in directories(),
        asked in vec((1..16_usize, 1..16_usize), 6),
    ) {
        for (first, second) in asked {
            let chosen = |mask: usize| {
                (0..OF_CAPACITIES.len()).filter(move |at| mask & (1 << at) != 0).map(|at| OF_CAPACITIES[at])
            };
            let sums = |pairs: &[Pair]| {
                let facets = count(&directory, &super::parse(Scope::Type(HealthcareService), pairs));
                let of_beds = facets.facets.into_iter().filter(|f| f.name.starts_with("beds-"));
                of_beds.map(|f| (f.name, f.matches, f.buckets)).collect::<Vec<_>>()
            };
            let plain = |mask| chosen(mask).map(|(name, value, _)| (format!("location.{name}"), value.to_owned()));
            let one = |mask| {
                let texts: Vec<&str> = chosen(mask).map(|(_, _, text)| text).collect();
                format!("location[{}]", texts.join(" and "))
            };
            let filter = |text: String| vec![("_filter".to_owned(), text)];
            prop_assert_eq!(sums(&plain(first).collect::<Vec<_>>()), sums(&filter(one(first))));
            // Each alternative of the other reading too.
            let dotted = |mask| {
                let texts: Vec<String> = chosen(mask).map(|(_, _, text)| format!("location.{text}")).collect();
                format!("({})", texts.join(" and "))
            };
            prop_assert_eq!(
                sums(&filter(format!("{} or {}", dotted(first), dotted(second)))),
                sums(&filter(format!("{} or {}", one(first), one(second)))),
                "{:?} {:?}", first, second
            );
        }
    }
}
