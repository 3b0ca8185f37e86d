//! Checks of what a write or an export left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Finding, Judge, Observed, ensure, matches};
use crate::client::Client;
use crate::closure::closure;
use crate::sample::{Key, items, key_of};
use crate::scenario::{percent_encode, substitute};
use crate::searchset::Search;

/// How often and how long an export is asked whether it is done.
const POLLS: u32 = 300;
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// Reads a target such as `Location/1` or `Location?identifier=x` (then its only match).
pub(crate) fn read_target(client: &Client, target: &str) -> Result<Value, String> {
    let answer = client.get(&percent_encode(&format!("/{target}")));
    if !target.contains('?') {
        ensure(answer.status == 200, || format!("{target}: status {}", answer.status))?;
        return answer.json().ok_or_else(|| format!("{target}: no JSON"));
    }
    let search = Search::follow(client, &answer)?;
    let found: Vec<&Value> = search.pages.iter().flat_map(|page| page.with_mode("match")).collect();
    match found.as_slice() {
        [only] => Ok(only["resource"].clone()),
        others => Err(format!("{target}: {} matches", others.len())),
    }
}

/// The version of a resource as a number.
pub(crate) fn version_of(resource: &Value) -> Option<u64> {
    resource["meta"]["versionId"].as_str()?.parse().ok()
}

pub(super) fn read_after(judge: &Judge<'_>, target: &str, expression: &str) -> Finding {
    let target = substitute(target, judge.vars, str::to_owned)?;
    let resource = read_target(&judge.observed.client, &target)?;
    judge.condition(&resource, expression)
}

pub(super) fn version_incremented(judge: &Judge<'_>) -> Finding {
    let Observed { client, sent, version_before, body, .. } = judge.observed;
    let before = version_before.ok_or("the version before is not known")?;
    let key = key_of(body).ok_or("the answer holds no resource")?;
    let after = version_of(&read_target(client, &format!("{}/{}", key.0, key.1))?);
    ensure(after == Some(before + 1), || format!("{sent}: version {before}, then {after:?}"))
}

pub(super) fn entry_statuses(judge: &Judge<'_>, pattern: &str) -> Finding {
    for entry in items(&judge.observed.body["entry"]) {
        let status = entry["response"]["status"].as_str().unwrap_or_default();
        ensure(matches(pattern, status)?, || format!("entry status {status:?}"))?;
    }
    Ok(())
}

pub(super) fn entry_count(judge: &Judge<'_>, wanted: usize) -> Finding {
    let count = items(&judge.observed.body["entry"]).len();
    ensure(count == wanted, || format!("{count} entries"))
}

pub(super) fn export_completes(judge: &Judge<'_>, types: &[String], set: &str) -> Finding {
    let client = &judge.observed.client;
    let manifest = poll(judge)?;
    let mut exported: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    for file in items(&manifest["output"]) {
        let resource_type = file["type"].as_str().ok_or("output without type")?;
        let url = file["url"].as_str().ok_or("output without url")?;
        let answer = client.follow(url)?;
        ensure(answer.status == 200, || format!("{url}: status {}", answer.status))?;
        for line in answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let resource: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
            let key = key_of(&resource).ok_or("a line without type or id")?;
            exported.entry(resource_type.to_owned()).or_default().insert(key);
        }
    }
    let found: BTreeSet<&String> = exported.keys().collect();
    let wanted: BTreeSet<&String> = types.iter().collect();
    ensure(found == wanted, || format!("types {found:?}"))?;
    let offers = offers_of(judge, set)?;
    let offers_found = exported.get("HealthcareService").cloned().unwrap_or_default();
    ensure(offers_found == offers.iter().cloned().collect(), || {
        format!("{} offers instead of {}", offers_found.len(), offers.len())
    })?;
    let directives: Vec<String> = [
        "HealthcareService:organization",
        "iterate Organization:partof",
        "HealthcareService:location",
        "revinclude PractitionerRole:service",
        "PractitionerRole:practitioner",
    ]
    .map(str::to_owned)
    .to_vec();
    let associated = closure(judge.sample, "HealthcareService", &offers, &directives)?;
    let all: BTreeSet<&Key> = exported.values().flatten().collect();
    let missing = associated.iter().filter(|key| !all.contains(key)).count();
    ensure(missing == 0, || format!("{missing} associated resources are missing"))
}

fn poll(judge: &Judge<'_>) -> Result<Value, String> {
    let url = judge.observed.answer.header("Content-Location").ok_or("no Content-Location")?;
    for _ in 0..POLLS {
        let answer = judge.observed.client.follow(url)?;
        match answer.status {
            200 => return answer.json().ok_or_else(|| "the manifest is not JSON".to_owned()),
            202 => thread::sleep(POLL_PAUSE),
            status => return Err(format!("polling: status {status}: {}", answer.excerpt())),
        }
    }
    Err("the export does not end".to_owned())
}

/// The offers meant by the words of the check: all, or those with a tag.
fn offers_of(judge: &Judge<'_>, set: &str) -> Result<Vec<Key>, String> {
    let set = substitute(set, judge.vars, str::to_owned)?;
    let tag = set.split(' ').find(|word| word.starts_with("http")).and_then(|t| t.split_once('|'));
    let tagged = |document: &Value| {
        tag.is_none_or(|(system, code)| {
            items(&document["meta"]["tag"])
                .iter()
                .any(|tag| tag["system"] == system && tag["code"] == code)
        })
    };
    let offers = judge.sample.of_type("HealthcareService");
    Ok(offers.filter(|(_, document)| tagged(document)).map(|(key, _)| key.clone()).collect())
}
