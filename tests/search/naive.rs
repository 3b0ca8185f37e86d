//! The one place that knows how to ask the server, and how to read a document the naive way.

use std::collections::{BTreeMap, BTreeSet};

use e2e::alias::canonical;
use e2e::harness;
use e2e::sample::{items, sample};
use e2e::scenario::percent_encode;
use e2e::searchset::{Page, Search};
use serde_json::Value;

/// Base URL of the guide's extensions.
pub(crate) const ROR: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/";

/// Sends `Type?query` (decoded) and follows all pages; panics when the answer is not a searchset.
pub(crate) fn search(query: &str) -> Search {
    let client = harness::client();
    let answer = client.get(&format!("/{}", percent_encode(query)));
    Search::follow(&client, &answer).unwrap_or_else(|problem| panic!("{query}: {problem}"))
}

/// The ids a search finds, with the total checked.
pub(crate) fn found(query: &str) -> BTreeSet<String> {
    let separator = if query.contains('?') { '&' } else { '?' };
    let search = search(&format!("{query}{separator}_count=1000&_elements=id"));
    let matches = search.matches();
    let ids: BTreeSet<String> = matches.iter().map(|key| key.1.clone()).collect();
    assert_eq!(ids.len(), matches.len(), "{query}: a match twice");
    assert_eq!(search.total(), Some(ids.len() as u64), "{query}: total");
    let warnings: Vec<Value> = search.pages.iter().flat_map(Page::outcome_issues).collect();
    let refused = warnings.iter().any(|issue| issue["code"] == "not-supported");
    assert!(!refused, "{query}: not applied: {warnings:?}");
    ids
}

/// Ids of the sample's documents for which `holds`.
pub(crate) fn expected(resource_type: &str, holds: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let documents = sample().of_type(resource_type);
    documents.filter(|(_, document)| holds(document)).map(|(key, _)| key.1.clone()).collect()
}

/// Asserts that `Type?query` finds exactly the documents for which `holds`.
pub(crate) fn check(resource_type: &str, query: &str, holds: impl Fn(&Value) -> bool) {
    let (found, expected) =
        (found(&format!("{resource_type}?{query}")), expected(resource_type, holds));
    assert_same(&format!("{resource_type}?{query}"), &found, &expected);
}

/// Asserts `parameter=value`, and `parameter:not=value` against the complement.
pub(crate) fn check_with_not(
    resource_type: &str,
    parameter: &str,
    value: &str,
    holds: impl Fn(&Value) -> bool,
) {
    check(resource_type, &format!("{parameter}={value}"), &holds);
    check(resource_type, &format!("{parameter}:not={value}"), |document| !holds(document));
}

/// Asserts `parameter:missing` both ways.
pub(crate) fn check_missing(resource_type: &str, parameter: &str, has: impl Fn(&Value) -> bool) {
    check(resource_type, &format!("{parameter}:missing=true"), |document| !has(document));
    check(resource_type, &format!("{parameter}:missing=false"), &has);
}

/// Panics with what is missing and what is too much.
pub(crate) fn assert_same(what: &str, found: &BTreeSet<String>, expected: &BTreeSet<String>) {
    let missing: Vec<_> = expected.difference(found).take(8).collect();
    let surplus: Vec<_> = found.difference(expected).take(8).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{what}: {} found, {} expected; missing {missing:?}; too much {surplus:?}",
        found.len(),
        expected.len()
    );
}

/// The values at a dotted path, lists flattened: `at(d, "specialty.coding")`.
pub(crate) fn at<'a>(document: &'a Value, path: &str) -> Vec<&'a Value> {
    path.split('.').fold(vec![document], |values, name| {
        values.into_iter().flat_map(|value| items(&value[name])).collect()
    })
}

/// The extensions of an element with this URL.
pub(crate) fn extensions<'a>(element: &'a Value, url: &str) -> Vec<&'a Value> {
    items(&element["extension"]).iter().filter(|extension| extension["url"] == url).collect()
}

/// The values of the parts of a record: `valueX` of its extensions called `name`.
pub(crate) fn part<'a>(record: &'a Value, name: &str) -> Vec<&'a Value> {
    extensions(record, name)
        .into_iter()
        .filter_map(|extension| {
            let fields = extension.as_object()?;
            fields.iter().find(|(field, _)| field.starts_with("value")).map(|(_, value)| value)
        })
        .collect()
}

/// A code with its canonical system, if it has one.
pub(crate) type Token = (Option<String>, String);

/// The token of a Coding, Identifier or contact point; nothing without a code.
pub(crate) fn token_of(value: &Value) -> Option<Token> {
    let code = value["code"].as_str().or_else(|| value["value"].as_str())?;
    let system = value["system"].as_str().filter(|system| !system.is_empty());
    Some((system.map(one_scheme).map(|system| canonical(&system)), code.to_owned()))
}

/// Identifier systems are met with either scheme: as stored, and as the guide writes them.
fn one_scheme(system: &str) -> String {
    let hosts =
        ["finess", "oi", "rppsrang", "adelirang"].map(|name| format!("{name}.esante.gouv.fr"));
    match system.strip_prefix("http://") {
        Some(host) if host == "sirene.fr" || hosts.iter().any(|known| known == host) => {
            format!("https://{host}")
        }
        _ => system.to_owned(),
    }
}

/// The tokens at a path of Codings or Identifiers.
pub(crate) fn tokens(document: &Value, path: &str) -> Vec<Token> {
    at(document, path).into_iter().filter_map(token_of).collect()
}

/// The most frequent of the values that some but not all documents of a type have.
///
/// Panics when there is none: the sample would prove nothing.
pub(crate) fn frequent<T: Ord + Clone>(
    resource_type: &str,
    values: impl Fn(&Value) -> Vec<T>,
) -> T {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    let mut documents = 0;
    for (_, document) in sample().of_type(resource_type) {
        documents += 1;
        for value in BTreeSet::from_iter(values(document)) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let splitting = counts.into_iter().filter(|(_, count)| *count < documents);
    let best = splitting.max_by_key(|(_, count)| *count);
    best.unwrap_or_else(|| panic!("no value splits the {resource_type} of the sample")).0
}

/// Escapes what separates values in a query: `,`, `|`, `$` and `\`.
pub(crate) fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if ",|$\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}
