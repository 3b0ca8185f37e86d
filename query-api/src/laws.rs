//! Laws of the engine: on small random directories it equals a naive reading of the documents.
//!
//! Each case is a directory (documents over small alphabets, in several commits, some replaced, some
//! deleted) and a few requests as text. `naive` answers them from the JSON alone. `PROPTEST_CASES` sets
//! how many cases there are; each law takes its share of it.

mod choices;
mod directory;
mod documents;
mod facets;
mod naive;
mod openings;
mod requests;
mod rows;
mod text;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use crate::engine::Deadline;
use crate::execute::{self, Hits, PageRequest, PageToken};
use crate::parse::ast::{Correlation, SearchRequest};
use crate::parse::{self, Scope};
use crate::plan::{self, PlanContext};
use directory::{BASE_URL, Directory, Identity};
use naive::World;
use requests::Pair;

/// The request that a query string means.
fn parse(scope: Scope, pairs: &[Pair]) -> SearchRequest {
    let context = parse::Context {
        now_ms: 1_707_559_200_000,
        base_urls: &[BASE_URL],
        limits: parse::Limits::default(),
    };
    let (request, issues) = parse::search_request(scope, &requests::query(pairs), &context);
    let mistakes: Vec<&Issue> = issues.iter().filter(|issue| issue.is_error()).collect();
    assert!(mistakes.is_empty(), "{pairs:?}: {mistakes:?}");
    request
}

/// One page of a request; the second result is the token of the next.
fn page(
    directory: &Directory,
    request: &SearchRequest,
    count: usize,
    included_max: usize,
    after: Option<&PageToken>,
) -> (Hits, Option<PageToken>) {
    let context = PlanContext::new(Access::full(), request.correlation, 1_000);
    let plan = plan::search(request, context).expect("small requests can be planned");
    let page = PageRequest {
        count,
        total: true,
        after,
        includes: &request.includes,
        explain: false,
        included_max,
        identify: &|resource_type, id| Ok(directory.key_of(resource_type, id)),
        deadline: Deadline::after(std::time::Duration::from_mins(10)),
    };
    let (hits, end) =
        execute::search(&directory.snapshot, &plan, &page).expect("the index is whole");
    let token = |end: execute::PageEnd| {
        // As a client sends it back.
        let keys = serde_json::from_str(&serde_json::to_string(&end.keys).unwrap()).unwrap();
        PageToken { query: 0, schema: String::new(), seq: end.seq, keys }
    };
    (hits, end.map(token))
}

fn identities(hits: &[execute::Hit]) -> Vec<Identity> {
    hits.iter().map(|hit| (hit.resource_type, hit.id.clone())).collect()
}

/// All matches of a request, in order.
fn matches(directory: &Directory, request: &SearchRequest) -> Vec<Identity> {
    let (hits, next) = page(directory, request, 1_000, 1_000, None);
    assert!(next.is_none(), "one page holds all");
    let matches = identities(&hits.matches);
    assert_eq!(hits.total, Some(matches.len() as u64), "the total is the number of matches");
    matches
}

/// Runs of decisions, one for each document, parameter or the like.
fn runs(length: usize, count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u16>>> {
    vec(vec(any::<u16>(), length), count)
}

/// The documents of a case, in one to four commits.
fn directories() -> impl Strategy<Value = Directory> {
    (runs(64, 5..90), 1_usize..5, any::<bool>()).prop_map(|(runs, commits, is_sparse)| {
        let changes: Vec<_> = runs.iter().map(|run| documents::change(run)).collect();
        let size = changes.len().div_ceil(commits);
        let commits: Vec<_> = changes.chunks(size).map(<[_]>::to_vec).collect();
        Directory::of(&commits, if is_sparse { 40 } else { 1 })
    })
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for document in self.documents.values() {
            writeln!(f, "{document}")?;
        }
        write!(f, "in {} segments", self.snapshot.segments().len())
    }
}

/// As many cases of every 256 that proptest is asked for (256 unless `PROPTEST_CASES` says otherwise).
fn config(of_256: u32) -> ProptestConfig {
    let standard = ProptestConfig::default();
    ProptestConfig {
        cases: (standard.cases * of_256).div_ceil(256),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..standard
    }
}

/// Criteria and result parameters of one request.
#[derive(Debug, Clone)]
struct Asked {
    base: ResourceType,
    pairs: Vec<Pair>,
}

fn asked() -> impl Strategy<Value = Asked> {
    (any::<u16>(), runs(24, 1..4)).prop_map(|(base, runs)| {
        let base = requests::searched_type(base);
        // Mostly one or two: the more there are, the less they find.
        let count = [1, 1, 2, 2, 3][usize::from(runs[0][23]) % 5];
        let pairs = runs.iter().take(count).map(|run| requests::criterion(base, run)).collect();
        Asked { base, pairs }
    })
}

/// Whether the matches come in the order that a second reading of the documents gives.
fn is_in_order(
    directory: &Directory,
    base: ResourceType,
    pairs: &[Pair],
) -> Result<(), TestCaseError> {
    let request = parse(Scope::Type(base), pairs);
    let world = world(directory, request.correlation);
    let expected = world.matches(base, &request.criteria[0]);
    let expected = world.in_order(&expected, &request.criteria[0], &request.sort);
    let ids: Vec<&str> = expected.iter().map(|(_, (_, id))| id.as_str()).collect();
    let found = matches(directory, &request);
    let found: Vec<&str> = found.iter().map(|(_, id)| id.as_str()).collect();
    prop_assert_eq!(found, ids, "{} {:?}\n{:?}", base, pairs, expected);
    Ok(())
}

fn world(directory: &Directory, correlation: Correlation) -> World<'_> {
    World { documents: &directory.documents, correlation }
}

proptest! {
    #![proptest_config(config(30))]

    #[test]
    fn the_matches_are_those_of_the_documents(directory in directories(), asked in vec(asked(), 40)) {
        for Asked { base, mut pairs } in asked {
            for correlation in [Correlation::Record, Correlation::Independent] {
                if correlation == Correlation::Independent {
                    pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
                }
                let request = parse(Scope::Type(base), &pairs);
                prop_assert_eq!(request.correlation, correlation);
                let found = matches(&directory, &request);
                let once: BTreeSet<Identity> = found.iter().cloned().collect();
                prop_assert_eq!(found.len(), once.len(), "a match comes once: {:?}", pairs);
                let expected = world(&directory, correlation).matches(base, &request.criteria[0]);
                prop_assert_eq!(once, expected, "{} {:?}", base, pairs);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn the_order_is_that_of_the_documents(
        directory in directories(),
        asked in vec((asked(), vec(any::<u16>(), 12), any::<bool>()), 40),
    ) {
        for (Asked { base, mut pairs }, sort, is_independent) in asked {
            pairs.truncate(2);
            if is_independent {
                pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            pairs.push(requests::sort(base, &sort));
            is_in_order(&directory, base, &pairs)?;
        }
    }

    #[test]
    fn the_order_looks_into_brackets(
        directory in directories(),
        asked in vec((vec(any::<u16>(), 24), any::<bool>()), 40),
    ) {
        let base = ResourceType::HealthcareService;
        for (run, is_independent) in asked {
            let (filter, sort) = requests::bracketed(&run);
            let mut pairs = vec![("_filter".to_owned(), filter), ("_sort".to_owned(), sort)];
            if is_independent {
                pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            is_in_order(&directory, base, &pairs)?;
        }
    }

    #[test]
    fn near_is_in_the_order_of_distance(
        directory in directories(),
        asked in vec((any::<bool>(), vec(any::<u16>(), 8), runs(24, 0..4), any::<bool>(), 0_usize..3), 30),
    ) {
        for (is_chained, near, others, is_independent, sort) in asked {
            let (base, before) = if is_chained {
                (ResourceType::HealthcareService, "location.")
            } else {
                (ResourceType::Location, "")
            };
            let mut pairs = requests::near(before, &near);
            let criteria = others.iter().map(|run| requests::criterion(ResourceType::Location, run));
            // Criteria on the place itself, beside the circle.
            let plain = criteria.filter(|(name, _)| !name.contains(['.', '_']) && name != "near");
            pairs.extend(plain.map(|(name, value)| (format!("{before}{name}"), value)));
            if is_independent {
                pairs.push(("ror-correlation".to_owned(), "independent".to_owned()));
            }
            let sort = ["", "near", "-near"][sort];
            if !sort.is_empty() {
                pairs.push(("_sort".to_owned(), sort.to_owned()));
            }
            let request = parse(Scope::Type(base), &pairs);
            let world = world(&directory, request.correlation);
            let expr = &request.criteria[0];
            let expected = world.matches(base, expr);
            let expected = world.by_distance(&expected, expr, sort == "-near");
            let found = matches(&directory, &request);
            prop_assert_eq!(&found, &expected, "{} {:?}", base, pairs);
            let (hits, _) = page(&directory, &request, 1_000, 1_000, None);
            for hit in hits.matches.iter().filter(|hit| hit.resource_type == ResourceType::Location) {
                let identity = (hit.resource_type, hit.id.clone());
                let distance_m = world.own_distance_m(&identity, expr).unwrap();
                prop_assert!((hit.distance_m.unwrap() - distance_m).abs() < 1.0, "{:?}", hit);
            }
        }
    }

    #[test]
    fn pages_are_all_matches_once_and_in_order(
        directory in directories(),
        asked in vec((asked(), vec(any::<u16>(), 12), 1_usize..4, any::<bool>()), 20),
    ) {
        for (Asked { base, mut pairs }, sort, count, is_sorted) in asked {
            pairs.truncate(1);
            if is_sorted {
                pairs.push(requests::sort(base, &sort));
            }
            let request = parse(Scope::Type(base), &pairs);
            prop_assert_eq!(paged(&directory, &request, count, 1_000)?, matches(&directory, &request), "{:?}", pairs);
        }
    }

    #[test]
    fn pages_of_a_system_search_are_all_matches_once(
        directory in directories(),
        asked in vec((0_usize..5, 0_usize..3, 1_usize..4), 20),
    ) {
        const SORTS: [&str; 5] = ["_id", "-_id", "_lastUpdated", "-_lastUpdated,_id", ""];
        const TYPES: [&str; 3] = ["", "Organization,Location", "Task,HealthcareService,Measure"];
        for (sort, types, count) in asked {
            let pairs: Vec<Pair> = [("_sort", SORTS[sort]), ("_type", TYPES[types])]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let request = parse(Scope::System, &pairs);
            let whole = matches(&directory, &request);
            let once: BTreeSet<Identity> = whole.iter().cloned().collect();
            let of_types = directory.documents.keys().filter(|(t, _)| request.types.contains(t));
            prop_assert_eq!(&once, &of_types.cloned().collect::<BTreeSet<_>>());
            prop_assert_eq!(paged(&directory, &request, count, 1_000)?, whole, "{:?}", pairs);
        }
    }

    #[test]
    fn includes_are_the_closure_over_the_page(
        directory in directories(),
        asked in vec((asked(), runs(3, 1..5), 1_usize..4, 0_usize..2), 20),
    ) {
        for (Asked { base, mut pairs }, includes, count, tight) in asked {
            pairs.truncate(1);
            pairs.extend(includes.iter().map(|run| requests::include(base, run)));
            let request = parse(Scope::Type(base), &pairs);
            let included_max = [1_000, 3][tight];
            let whole = matches(&directory, &request);
            prop_assert_eq!(paged(&directory, &request, count, included_max)?, whole, "{:?}", pairs);
            let (hits, _) = page(&directory, &request, count, included_max, None);
            let found: BTreeSet<Identity> = identities(&hits.included).into_iter().collect();
            prop_assert_eq!(found.len(), hits.included.len(), "an include comes once");
            let on_page = identities(&hits.matches).into_iter().collect();
            let world = world(&directory, Correlation::Record);
            let expected = world.included(&on_page, &request.includes, base);
            // One match alone may bring in too much: the answer then says that it is cut.
            let is_cut = hits.matches.len() == 1 && expected.len() > included_max;
            if is_cut {
                prop_assert!(found.len() == included_max && found.is_subset(&expected));
                prop_assert!(hits.issues.iter().any(|issue| issue.code == IssueType::TooCostly));
            } else {
                prop_assert_eq!(found, expected, "{} {:?}", base, pairs);
            }
        }
    }
}

/// The matches of all pages, following each `next`.
fn paged(
    directory: &Directory,
    request: &SearchRequest,
    count: usize,
    included_max: usize,
) -> Result<Vec<Identity>, TestCaseError> {
    let mut all = Vec::new();
    let mut after = None;
    let mut total = None;
    loop {
        let (hits, next) = page(directory, request, count, included_max, after.as_ref());
        prop_assert!(hits.matches.len() <= count);
        prop_assert!(!hits.matches.is_empty() || next.is_none(), "a page with a next has matches");
        prop_assert_eq!(*total.get_or_insert(hits.total), hits.total, "each page has one total");
        all.extend(identities(&hits.matches));
        match next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
        prop_assert!(all.len() <= directory.documents.len(), "pages end");
    }
}
