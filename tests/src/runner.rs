//! Runs the catalogue against a server: sends each entry's request, follows its pages, judges it.
//!
//! Reading entries share one server. A writing entry runs on a server of its own data directory,
//! which is thrown away after a request that changed something, so that every entry starts from the
//! same stored data. Entries of `pending.json` are run like all others and must *not* pass: the list
//! can neither hide a regression nor outlive its reason.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::check::{Judge, Observed, read_target, version_of};
use crate::client::Client;
use crate::expected::{self, Expected};
use crate::harness::{self, Server};
use crate::sample::{Sample, sample};
use crate::scenario::{Check, Pending, Scenario, Vars, read_json};
use crate::searchset::Search;

/// The catalogue with everything needed to run it.
pub struct Runner {
    /// The entries, in the order of the catalogue.
    pub scenarios: Vec<Scenario>,
    /// What the server does not offer yet.
    pub pending: Vec<Pending>,
    client: Client,
    foreign: bool,
    sample: &'static Sample,
    vars: Vars,
    expected: Expected,
    seen: Mutex<HashMap<String, Arc<Observed>>>,
    writable: Mutex<Option<Server>>,
}

/// How an entry fared.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// All checks hold.
    Passed,
    /// What is wrong, check by check.
    Failed(Vec<String>),
    /// Not run, with the reason: a writing entry and a server that is not ours.
    NotRun(String),
}

impl Runner {
    /// Reads the catalogue and starts (or addresses) the server.
    ///
    /// Panics when the oracle's results are older than what they were computed from.
    pub fn new() -> Self {
        let expected: Expected = read_json("expected.json");
        expected::assert_fresh(&expected).unwrap_or_else(|stale| panic!("{stale}"));
        Runner {
            scenarios: read_json("scenarios.json"),
            pending: read_json("pending.json"),
            client: harness::client(),
            foreign: harness::foreign_base().is_some(),
            sample: sample(),
            vars: read_json("vars.json"),
            expected,
            seen: Mutex::default(),
            writable: Mutex::default(),
        }
    }

    /// The entry of an id.
    pub fn scenario(&self, id: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }

    /// The feature an entry waits for, if it does.
    pub fn pending_for(&self, id: &str) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.entries.iter().any(|entry| entry == id))
    }

    /// Runs every entry, in order.
    pub fn run_all(&self) -> BTreeMap<String, Verdict> {
        self.scenarios.iter().map(|scenario| (scenario.id.clone(), self.run(scenario))).collect()
    }

    /// Runs one entry.
    pub fn run(&self, scenario: &Scenario) -> Verdict {
        let outcome = if writes(scenario) {
            if self.foreign {
                return Verdict::NotRun("writes are not sent to another server".to_owned());
            }
            self.run_writing(scenario)
        } else {
            self.observe(scenario).map(|observed| self.judge(scenario, &observed, &self.vars))
        };
        match outcome {
            Ok(findings) if findings.is_empty() => Verdict::Passed,
            Ok(findings) => Verdict::Failed(findings),
            Err(problem) => Verdict::Failed(vec![problem]),
        }
    }

    fn judge(&self, scenario: &Scenario, observed: &Observed, vars: &Vars) -> Vec<String> {
        let matches_of = |id: &str| {
            let other = self.scenario(id).ok_or_else(|| format!("no entry {id}"))?;
            let observed = self.observe(other)?;
            observed.search.as_ref().map(Search::sorted_ids).map_err(|e| format!("{id}: {e}"))
        };
        Judge {
            scenario,
            observed,
            sample: self.sample,
            vars,
            results: self.expected.entries.get(&scenario.id),
            matches_of: &matches_of,
        }
        .findings()
    }

    /// Sends a reading entry once; later calls return what it brought.
    fn observe(&self, scenario: &Scenario) -> Result<Arc<Observed>, String> {
        if let Some(known) = locked(&self.seen).get(&scenario.id) {
            return Ok(Arc::clone(known));
        }
        let observed = Arc::new(send(&self.client, scenario, &self.vars)?);
        locked(&self.seen).insert(scenario.id.clone(), Arc::clone(&observed));
        Ok(observed)
    }

    fn run_writing(&self, scenario: &Scenario) -> Result<Vec<String>, String> {
        let mut slot = locked(&self.writable);
        let server = slot.take().unwrap_or_else(|| Server::start(&harness::sample_copy()));
        let client = server.client();
        let mut vars = self.vars.clone();
        vars.insert("BASE".to_owned(), client.base().to_owned());
        let mut changed = false;
        if scenario.vars.iter().any(|name| name == "NEW_LOC_ID") {
            let first = self.scenario("UC10-S01a").ok_or("no entry UC10-S01a")?;
            let created = send(&client, first, &vars)?;
            changed = created.answer.status < 300;
            if let Some(id) = created.body["id"].as_str().filter(|_| changed) {
                vars.insert("NEW_LOC_ID".to_owned(), id.to_owned());
            }
        }
        let findings = send(&client, scenario, &vars).map(|observed| {
            changed |= observed.answer.status < 300;
            self.judge(scenario, &observed, &vars)
        });
        if !changed {
            *slot = Some(server);
        }
        findings
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether an entry may change what is stored.
pub fn writes(scenario: &Scenario) -> bool {
    scenario.method != "GET"
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(client: &Client, scenario: &Scenario, vars: &Vars) -> Result<Observed, String> {
    let request = scenario.request(vars)?;
    let asks_version =
        scenario.checks.iter().any(|check| matches!(check, Check::VersionIncremented));
    let version_before = if asks_version {
        let target =
            crate::scenario::percent_decode(request.path_and_query.trim_start_matches('/'));
        read_target(client, &target).ok().as_ref().and_then(version_of)
    } else {
        None
    };
    let headers: Vec<(&str, &str)> =
        scenario.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = request.body.as_ref().map(String::as_bytes);
    let answer = client.send(&request.method, &request.path_and_query, &headers, body);
    let json = answer.json().unwrap_or_default();
    let search = if json["type"] == "searchset" {
        Search::follow(client, &answer)
    } else {
        Err(format!("status {}, not a searchset: {}", answer.status, answer.excerpt()))
    };
    let sent = request.path_and_query;
    Ok(Observed { client: client.clone(), sent, answer, body: json, search, version_before })
}
