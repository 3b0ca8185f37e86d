//! Runs the acceptance catalogue against the built binaries over the shipped sample.
//!
//! `E2E_BASE` names another FHIR server that holds the sample, to compare with; writing entries and
//! the conformance document are left out then. `E2E_ONLY=UC3-S06a,UC9` runs only the entries whose
//! id starts with one of these.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use e2e::conformance;
use e2e::expected::Expected;
use e2e::harness;
use e2e::runner::{Runner, Verdict};
use e2e::sample::sample;
use e2e::scenario::{Check, Scenario, read_json};

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the suite is told here what to run")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn wanted(scenario: &Scenario) -> bool {
    environment("E2E_ONLY")
        .is_none_or(|only| only.split(',').any(|prefix| scenario.id.starts_with(prefix)))
}

/// The catalogue, run once for all tests of this file.
fn outcome() -> &'static (Runner, BTreeMap<String, Verdict>) {
    static OUTCOME: OnceLock<(Runner, BTreeMap<String, Verdict>)> = OnceLock::new();
    OUTCOME.get_or_init(|| {
        let runner = Runner::new();
        let entries = runner.scenarios.iter().filter(|scenario| wanted(scenario));
        let verdicts =
            entries.map(|scenario| (scenario.id.clone(), runner.run(scenario))).collect();
        (runner, verdicts)
    })
}

#[test]
fn entries_pass_unless_pending() {
    let (runner, verdicts) = outcome();
    let mut wrong = Vec::new();
    for (id, verdict) in verdicts {
        match (verdict, runner.pending_for(id)) {
            (Verdict::Failed(findings), None) => {
                wrong.push(format!("{id} fails:\n    {}", findings.join("\n    ")));
            }
            (Verdict::Passed, Some(pending)) if harness::foreign_base().is_none() => {
                let feature = &pending.feature;
                wrong.push(format!("{id} passes: take it off {feature} in pending.json"));
            }
            (Verdict::Passed | Verdict::Failed(_) | Verdict::NotRun(_), _) => {}
        }
    }
    let log = if wrong.is_empty() || harness::foreign_base().is_some() {
        String::new()
    } else {
        format!("\n--- query-api log ---\n{}", harness::shared().log())
    };
    assert!(wrong.is_empty(), "{} of {}:\n{}{log}", wrong.len(), verdicts.len(), wrong.join("\n"));
}

#[test]
fn conformance_document_agrees_with_the_run() {
    if harness::foreign_base().is_some() || environment("E2E_ONLY").is_some() {
        return;
    }
    let (runner, verdicts) = outcome();
    let document = conformance::document(runner, verdicts);
    if environment(conformance::WRITE_REQUEST).is_some() {
        fs::write(conformance::path(), &document).unwrap();
    }
    let committed = fs::read_to_string(conformance::path()).unwrap_or_default();
    assert!(
        committed == document,
        "docs/conformance.md does not say what this run found: read it again after \
         `{}=1 cargo test -p e2e --test scenarios`",
        conformance::WRITE_REQUEST
    );
}

/// Entries whose set is everything or nothing by design, with the reason.
const NOT_SPLITTING: &[(&str, &str)] = &[
    ("UC1-S01bis-G", "the literal form compares whole postal codes with prefixes"),
    ("UC3-S10-G1", "the literal form asks for a code with a spare zero"),
    ("UC3-S10-G2", "the literal form asks for a code with a spare zero"),
];

#[test]
fn expected_sets_have_a_hit_and_a_miss() {
    let scenarios: Vec<Scenario> = read_json("scenarios.json");
    let expected: Expected = read_json("expected.json");
    let mut idle = Vec::new();
    for scenario in &scenarios {
        let everything = scenario
            .checks
            .iter()
            .any(|check| matches!(check, Check::MatchSetEquals { fhirpath } if fhirpath == "true"));
        let excused = NOT_SPLITTING.iter().any(|(id, _)| *id == scenario.id);
        let out_of_scope = scenario.use_case_number() == "UC14";
        if everything || excused || out_of_scope {
            continue;
        }
        let Some(results) = expected.entries.get(&scenario.id) else { continue };
        let all: BTreeSet<String> = sample().ids(scenario.searched_type()).into_iter().collect();
        let sets = [&results.matches, &results.allowed].into_iter().flatten();
        let mut sets: Vec<BTreeSet<String>> =
            sets.map(|ids| ids.of(sample(), scenario.searched_type())).collect();
        sets.extend(results.geo.as_ref().map(|geo| geo.inside.clone()));
        for set in sets {
            if set.is_empty() || set.len() == all.len() {
                idle.push(format!("{}: {} of {}", scenario.id, set.len(), all.len()));
            }
        }
    }
    assert!(idle.is_empty(), "sets that prove nothing over this sample:\n{}", idle.join("\n"));
}
