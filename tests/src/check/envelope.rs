//! Checks of the envelope: Bundle, links, totals, outcomes, and that documents come back unchanged.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Judge, ensure, excerpt, few};
use crate::client::Client;
use crate::sample::{Sample, items, key_of};
use crate::scenario::percent_decode;
use crate::searchset::{Page, Search};

/// Parameters that are ignored by reading rule T3 and therefore need not stand in the self link.
const IGNORED: &[&str] = &["__include", "_revincluded", "speciality"];

/// The tag of a trimmed resource.
const SUBSETTED: &str = "SUBSETTED";

/// What every searchset must look like, whatever was asked.
pub(super) fn envelope(judge: &Judge<'_>) -> Finding {
    searchset(judge.search()?, &judge.observed.client, Some(judge.sample))
}

/// Checks every entry of a search: absolute `fullUrl`, known mode, once per page, document unchanged.
///
/// `sample` is left out where the server's documents are not the sample's.
///
/// # Errors
/// Names the first entry that is wrong.
pub(crate) fn searchset(search: &Search, client: &Client, sample: Option<&Sample>) -> Finding {
    for page in &search.pages {
        let mut seen = BTreeSet::new();
        for entry in page.entries() {
            let resource = &entry["resource"];
            let mode = entry["search"]["mode"].as_str().unwrap_or_default();
            if mode == "outcome" {
                let is_outcome = resource["resourceType"] == "OperationOutcome";
                ensure(is_outcome, || format!("outcome entry holds {}", excerpt(resource)))?;
                continue;
            }
            ensure(["match", "include"].contains(&mode), || format!("search mode {mode:?}"))?;
            let key =
                key_of(resource).ok_or_else(|| format!("no type or id: {}", excerpt(resource)))?;
            let full_url = format!("{}/{}/{}", client.base(), key.0, key.1);
            ensure(entry["fullUrl"] == full_url.as_str(), || {
                format!("fullUrl {} instead of {full_url}", entry["fullUrl"])
            })?;
            ensure(seen.insert(key.clone()), || format!("{key:?} twice on a page"))?;
            if let Some(stored) = sample.and_then(|sample| sample.get(&key)) {
                unchanged(stored, resource)?;
            }
        }
    }
    Ok(())
}

/// A served document equals the stored one, apart from the version and date the server may add.
pub(crate) fn unchanged(stored: &Value, served: &Value) -> Finding {
    if is_subsetted(served) {
        return Ok(());
    }
    let (mut stored, mut served) = (stored.clone(), served.clone());
    let dated = !stored["meta"]["lastUpdated"].is_null();
    for document in [&mut stored, &mut served] {
        if let Some(meta) = document.get_mut("meta").and_then(Value::as_object_mut) {
            meta.remove("versionId");
            if !dated {
                meta.remove("lastUpdated");
            }
        }
        if document["meta"].as_object().is_some_and(serde_json::Map::is_empty) {
            document.as_object_mut().expect("a resource is an object").remove("meta");
        }
    }
    ensure(stored == served, || {
        format!("document changed: stored {}, served {}", excerpt(&stored), excerpt(&served))
    })
}

fn is_subsetted(resource: &Value) -> bool {
    items(&resource["meta"]["tag"]).iter().any(|tag| tag["code"] == SUBSETTED)
}

pub(super) fn match_type(judge: &Judge<'_>, wanted: &str) -> Finding {
    let matches = judge.search()?.matches();
    let others: Vec<_> = matches.iter().filter(|key| key.0 != wanted).collect();
    ensure(others.is_empty(), || format!("matches of another type: {}", few(&others)))
}

pub(super) fn total_is_match_count(judge: &Judge<'_>) -> Finding {
    let search = judge.search()?;
    let count = search.matches().len() as u64;
    for page in &search.pages {
        let total = &page.bundle["total"];
        ensure(total.as_u64() == Some(count), || format!("total {total}, matches {count}"))?;
    }
    Ok(())
}

pub(super) fn total(judge: &Judge<'_>, wanted: u64) -> Finding {
    let total = judge.search()?.total();
    ensure(total == Some(wanted), || format!("total {total:?}"))
}

pub(super) fn no_duplicates(judge: &Judge<'_>) -> Finding {
    let search = judge.search()?;
    let matches = search.matches();
    let distinct: BTreeSet<_> = matches.iter().collect();
    ensure(distinct.len() == matches.len(), || {
        format!("{} matches, {} distinct", matches.len(), distinct.len())
    })?;
    for page in &search.pages {
        let urls: Vec<_> = page.entries().iter().filter_map(|e| e["fullUrl"].as_str()).collect();
        let distinct: BTreeSet<_> = urls.iter().collect();
        ensure(distinct.len() == urls.len(), || "a fullUrl twice on a page".to_owned())?;
    }
    Ok(())
}

fn parameters(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let clean = |text: &str| percent_decode(text).trim().to_owned();
            (clean(name), clean(value))
        })
        .collect()
}

fn self_link_of(judge: &Judge<'_>) -> Result<Vec<(String, String)>, String> {
    let page = judge.search()?.pages.first().ok_or("no page")?;
    let link = page.link("self").ok_or("no self link")?;
    let absolute = link.starts_with(judge.observed.client.base());
    ensure(absolute, || format!("self link {link} does not start with the base"))?;
    Ok(parameters(link))
}

pub(super) fn self_link(judge: &Judge<'_>) -> Finding {
    let link = self_link_of(judge)?;
    for (name, value) in parameters(&judge.observed.sent) {
        let held = link.iter().any(|(n, v)| *n == name && v.to_lowercase() == value.to_lowercase());
        // A parameter that cannot be applied may be left out if the answer says so.
        let reported = judge.issues().iter().any(|issue| {
            let text = issue["diagnostics"].as_str().unwrap_or_default();
            text.contains(&name) && text.contains(&value)
        });
        let excused = IGNORED.contains(&name.as_str()) || reported;
        ensure(held || excused, || format!("self link lacks {name}={value}: {link:?}"))?;
    }
    Ok(())
}

pub(super) fn self_link_lacks(judge: &Judge<'_>, name: &str) -> Finding {
    let link = self_link_of(judge)?;
    ensure(link.iter().all(|(n, _)| n != name), || format!("self link holds {name}"))
}

pub(super) fn page_size_max(judge: &Judge<'_>, most: usize) -> Finding {
    let sizes = judge.search()?.pages.iter().map(|page| page.matches().len());
    let largest = sizes.max().unwrap_or(0);
    ensure(largest <= most, || format!("a page of {largest} matches"))
}

pub(super) fn warning_outcome(judge: &Judge<'_>) -> Finding {
    let issues: Vec<Value> = judge.search()?.pages.iter().flat_map(Page::outcome_issues).collect();
    let warned = issues.iter().any(|issue| issue["severity"] == "warning");
    ensure(warned, || format!("no warning among the outcomes: {issues:?}"))
}

pub(super) fn operation_outcome(judge: &Judge<'_>) -> Finding {
    outcome(&judge.observed.body)
}

/// Checks for an `OperationOutcome` with at least one error that has a code and diagnostics.
///
/// # Errors
/// Says what is missing.
pub fn outcome(body: &Value) -> Finding {
    let is_outcome = body["resourceType"] == "OperationOutcome";
    ensure(is_outcome, || format!("no OperationOutcome: {}", excerpt(body)))?;
    let told = items(&body["issue"]).iter().any(|issue| {
        let severe = ["error", "fatal"].iter().any(|severity| issue["severity"] == *severity);
        severe && issue["code"].is_string() && issue["diagnostics"].is_string()
    });
    ensure(told, || format!("no error with code and diagnostics: {}", excerpt(body)))
}

pub(super) fn issue(judge: &Judge<'_>, code: &str, expression: &str) -> Finding {
    let issues = judge.issues();
    let found = issues.iter().any(|issue| {
        issue["code"] == code && items(&issue["expression"]).iter().any(|e| e == expression)
    });
    ensure(found, || format!("issues are {issues:?}"))
}

pub(super) fn diagnostics_mention(judge: &Judge<'_>, text: &str) -> Finding {
    let issues = judge.issues();
    let mentioned = issues
        .iter()
        .any(|issue| issue["diagnostics"].as_str().is_some_and(|words| words.contains(text)));
    ensure(mentioned, || format!("issues are {issues:?}"))
}

pub(super) fn subsetted(judge: &Judge<'_>, elements: &[String]) -> Finding {
    for page in &judge.search()?.pages {
        for entry in page.with_mode("match") {
            let resource = &entry["resource"];
            ensure(is_subsetted(resource), || format!("not tagged: {}", excerpt(resource)))?;
            let fields = resource.as_object().into_iter().flatten().map(|(name, _)| name);
            for name in fields {
                let always = ["resourceType", "id", "meta"].contains(&name.as_str());
                let asked = elements.iter().any(|e| e == name.trim_start_matches('_'));
                ensure(always || asked, || format!("element {name} was not asked for"))?;
            }
        }
        for entry in page.with_mode("include") {
            let trimmed = is_subsetted(&entry["resource"]);
            ensure(!trimmed, || format!("include trimmed: {}", excerpt(&entry["resource"])))?;
        }
    }
    Ok(())
}

pub(super) fn no_include_of_type(judge: &Judge<'_>, resource_type: &str) -> Finding {
    let pages = &judge.search()?.pages;
    let found: Vec<_> =
        pages.iter().flat_map(Page::includes).filter(|key| key.0 == resource_type).collect();
    ensure(found.is_empty(), || format!("included: {}", few(&found)))
}
