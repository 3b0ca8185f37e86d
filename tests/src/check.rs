//! Judges one observed answer by the checks of its catalogue entry.
//!
//! Every check returns its finding as text, so that a failing entry shows all that is wrong at once.
//! What needs the whole store in `FHIRPath` compares with the oracle's stored results
//! ([`crate::expected`]); closures, distances, text and envelopes are computed here.

mod envelope;
mod order;
mod place;
mod set;
mod text;
mod write;

pub use envelope::outcome;
pub(crate) use write::{read_target, version_of};

use regex::Regex;
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::expected::Results;
use crate::fhirpath;
use crate::sample::{Sample, items};
use crate::scenario::{Check, Scenario, Vars, substitute};
use crate::searchset::Search;

/// What one check found: nothing, or what is wrong.
pub type Finding = Result<(), String>;

/// What a request brought, read to the end.
pub struct Observed {
    /// The client the request was sent with, for reading again afterwards.
    pub client: Client,
    /// Path and query as sent.
    pub sent: String,
    /// The first answer.
    pub answer: Answer,
    /// Its body as JSON, null when it has none.
    pub body: Value,
    /// All pages when the answer is a searchset, or why they could not be read.
    pub search: Result<Search, String>,
    /// Version of the target before a write, where a check asks for it.
    pub version_before: Option<u64>,
}

/// Everything a check may look at.
pub struct Judge<'a> {
    /// The entry.
    pub scenario: &'a Scenario,
    /// What came back.
    pub observed: &'a Observed,
    /// The sample.
    pub sample: &'a Sample,
    /// Placeholder values.
    pub vars: &'a Vars,
    /// The oracle's results for this entry.
    pub results: Option<&'a Results>,
    /// Sorted match ids of another entry.
    pub matches_of: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
}

impl Judge<'_> {
    /// Everything that is wrong with the answer; empty when the entry passes.
    pub fn findings(&self) -> Vec<String> {
        let status = self.observed.answer.status;
        if !self.scenario.status_expected.contains(&status) {
            return vec![format!(
                "status {status} instead of {:?}: {}",
                self.scenario.status_expected,
                self.observed.answer.excerpt()
            )];
        }
        let mut findings = Vec::new();
        if self.observed.body["type"] == "searchset" {
            note(&mut findings, "envelope", envelope::envelope(self));
        }
        if status >= 400 {
            note(&mut findings, "operation-outcome", envelope::operation_outcome(self));
        }
        self.judge_all(&self.scenario.checks, &mut findings);
        findings
    }

    fn judge_all(&self, checks: &[Check], findings: &mut Vec<String>) {
        for check in checks {
            if let Check::IfStatus { status, then } = check {
                if *status == self.observed.answer.status {
                    self.judge_all(then, findings);
                }
            } else {
                note(findings, &format!("{check:?}"), self.judge(check));
            }
        }
    }

    fn judge(&self, check: &Check) -> Finding {
        match check {
            Check::BundleType { value } => {
                self.equal("Bundle type", &self.observed.body["type"], value)
            }
            Check::BodyType { value } => {
                self.equal("body type", &self.observed.body["resourceType"], value)
            }
            Check::MatchType { value } => envelope::match_type(self, value),
            Check::TotalIsMatchCount => envelope::total_is_match_count(self),
            Check::Total { value } => envelope::total(self, *value),
            Check::NoDuplicates => envelope::no_duplicates(self),
            Check::SelfLink => envelope::self_link(self),
            Check::SelfLinkLacks { value } => envelope::self_link_lacks(self, value),
            Check::PageSizeMax { value } => envelope::page_size_max(self, *value),
            Check::WarningOutcome => envelope::warning_outcome(self),
            Check::OperationOutcome => envelope::operation_outcome(self),
            Check::Issue { code, expression } => envelope::issue(self, code, expression),
            Check::DiagnosticsMentions { value } => envelope::diagnostics_mention(self, value),
            Check::Subsetted { elements } => envelope::subsetted(self, elements),
            Check::NoIncludeOfType { value } => envelope::no_include_of_type(self, value),
            Check::MatchSetEquals { .. } | Check::MatchSetEqualsIds { .. } => set::equals(self),
            Check::EveryMatch { .. } => set::allowed(self),
            Check::EveryMatchHasReferrer { .. } => set::referred(self),
            Check::MatchSetEqualsGeo { .. } => set::geo(self),
            Check::SameMatchSet { r#as } => set::same(self, r#as),
            Check::MatchSubsetOf { r#as } => set::subset(self, r#as),
            Check::IncludeClosure { value } => set::include_closure(self, value),
            Check::MatchSetCoversText { r#type, needle, also_via } => {
                text::covers(self, r#type, needle, also_via.as_deref())
            }
            Check::LocationDistance { unit, tolerance_km, on: _ } => {
                place::location_distance(self, unit, *tolerance_km)
            }
            Check::Sorted { by, order, agg: _, missing: _ } => order::sorted(self, by, *order),
            Check::Scores { min, max } => order::scores(self, *min, *max),
            Check::Header { name, regex } => self.header(name, regex),
            Check::Body { fhirpath } => self.condition(&self.observed.body, fhirpath),
            Check::ReadAfter { target, fhirpath } => write::read_after(self, target, fhirpath),
            Check::VersionIncremented => write::version_incremented(self),
            Check::EntryStatuses { regex } => write::entry_statuses(self, regex),
            Check::EntryCount { value } => write::entry_count(self, *value),
            Check::ExportCompletes { types, set } => write::export_completes(self, types, set),
            // `IfStatus` is taken apart above; a note is for a person.
            Check::IfStatus { .. } | Check::Note { .. } => Ok(()),
        }
    }

    /// The pages of the search.
    fn search(&self) -> Result<&Search, String> {
        self.observed.search.as_ref().map_err(Clone::clone)
    }

    /// The issues of the body and of all outcome entries.
    fn issues(&self) -> Vec<Value> {
        let mut issues = items(&self.observed.body["issue"]).to_vec();
        if let Ok(search) = &self.observed.search {
            issues.extend(search.pages.iter().flat_map(crate::searchset::Page::outcome_issues));
        }
        issues
    }

    fn results(&self) -> Result<&crate::expected::Results, String> {
        self.results.ok_or_else(|| format!("no expected results: {}", crate::expected::HINT))
    }

    fn equal(&self, what: &str, found: &Value, wanted: &str) -> Finding {
        ensure(found == wanted, || format!("{what} is {found}: {}", self.observed.answer.excerpt()))
    }

    fn header(&self, name: &str, pattern: &str) -> Finding {
        let found = self.observed.answer.header(name).unwrap_or_default();
        ensure(matches(pattern, found)?, || format!("header {name} is {found:?}"))
    }

    fn condition(&self, resource: &Value, expression: &str) -> Finding {
        let expression = substitute(expression, self.vars, str::to_owned)?;
        let holds = fhirpath::holds(resource, &expression)?;
        ensure(holds, || format!("does not hold on {}", excerpt(resource)))
    }
}

fn note(findings: &mut Vec<String>, check: &str, finding: Finding) {
    if let Err(problem) = finding {
        let check: String = check.chars().take(160).collect();
        findings.push(format!("{check}: {problem}"));
    }
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Finding {
    if holds { Ok(()) } else { Err(problem()) }
}

fn matches(pattern: &str, text: &str) -> Result<bool, String> {
    let regex = Regex::new(pattern).map_err(|error| format!("{pattern:?}: {error}"))?;
    Ok(regex.is_match(text))
}

fn excerpt(value: &Value) -> String {
    value.to_string().chars().take(400).collect()
}

/// A few of `items`, for messages.
fn few<T: std::fmt::Debug>(items: &[T]) -> String {
    let shown: Vec<String> = items.iter().take(8).map(|item| format!("{item:?}")).collect();
    let more = items.len().saturating_sub(8);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} ({}{more})", items.len(), shown.join(", "))
}
