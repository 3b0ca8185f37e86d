//! Plan → hits, on one snapshot: ids, total and sort keys first, this page's documents last.
//!
//! Every set is over resource keys. The total is exact because the whole match set is known before the
//! page is cut; only the page is fully sorted.

mod count;
mod distance;
mod evaluate;
mod include;
mod named;
mod order;
mod page;
mod trace;
mod watch;
mod words;

use std::io;
use std::time::Instant;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::index::{DocumentAddress, KeySet, Location, Snapshot};
use shared::registry::record_name;

use crate::engine::Deadline;
use crate::parse::ast::Include;
use crate::plan::SearchPlan;
use distance::Centers;
use evaluate::Evaluation;
use named::NamedRecords;
use order::{Candidate, Missing};

pub(crate) use count::{Bands, CapacityGroup, CapacitySum, CodeField, Counted, Counting, HoldOn};
pub(crate) use distance::center_of;
pub(crate) use named::NamedRecord;
pub(crate) use page::{PageKeys, PageToken};
pub(crate) use trace::Explanation;

/// The answer to one page of a search, before it is written as a Bundle.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// Number of matches over all pages; `None` when `_total=none` asked not to say.
    pub(crate) total: Option<u64>,
    /// The matches of this page, in order.
    pub(crate) matches: Vec<Hit>,
    /// Resources brought in by includes, each once, none of them a match of this page.
    pub(crate) included: Vec<Hit>,
    /// The token of the next page, when there is one.
    pub(crate) next: Option<String>,
    /// For each sort key that reads records and has something to say of it: how many matches, over all
    /// pages, have no value.
    pub(crate) sort_missing: Vec<u64>,
    /// What the caller should know (a capped include, an inexact page, unknown codes …).
    pub(crate) issues: Vec<Issue>,
    /// How they were found, when the caller asks.
    pub(crate) explanation: Option<Explanation>,
}

impl Hits {
    /// The hit whose document stands at an address.
    pub(crate) fn at(&self, address: DocumentAddress) -> Option<&Hit> {
        self.matches.iter().chain(&self.included).find(|hit| hit.document == address)
    }
}

/// One resource of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// Its type.
    pub(crate) resource_type: ResourceType,
    /// Its id.
    pub(crate) id: String,
    /// Where its document stands: to be given back to [`Snapshot::read_document`].
    pub(crate) document: DocumentAddress,
    /// Relevance from 0 to 1, when the search has words.
    pub(crate) score: Option<f32>,
    /// Distance in meters from what was searched: of a place, or of the nearest of its places that meets the
    /// other criteria on them.
    pub(crate) distance_m: Option<f64>,
    /// Whether that distance is only to the point of a commune.
    pub(crate) approximate: bool,
    /// The prices and capacities that make it match, or that it is sorted by.
    pub(crate) records: Vec<NamedRecord>,
}

/// Why a plan cannot be executed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecuteError {
    /// The index cannot be read.
    #[error("the index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// The deadline has passed.
    #[error("the deadline has passed")]
    Deadline,
}

/// What execution gives.
type Result<T> = std::result::Result<T, ExecuteError>;

/// Finds the key of a resource that need not exist (any more): it may still be referred to.
pub(crate) type Identify<'a> = &'a dyn Fn(ResourceType, &str) -> io::Result<Option<u32>>;

/// How the answer is cut.
#[derive(Clone)]
pub(crate) struct PageRequest<'a> {
    /// Matches on the page; 0 to count only.
    pub(crate) count: usize,
    /// Whether the total is wanted.
    pub(crate) total: bool,
    /// Where the former page ended.
    pub(crate) after: Option<&'a PageToken>,
    /// What to bring in beside the matches.
    pub(crate) includes: &'a [Include],
    /// Whether the steps are told.
    pub(crate) explain: bool,
    /// Most resources brought in on one page.
    pub(crate) included_max: usize,
    /// The keys of resources that a request names.
    pub(crate) identify: Identify<'a>,
    /// When nobody waits for the page any more.
    pub(crate) deadline: Deadline,
}

/// The end of a page, for the token of the next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageEnd {
    /// The position of the last match in the order.
    pub(crate) keys: PageKeys,
    /// The snapshot's sequence number.
    pub(crate) seq: u64,
}

/// Executes a plan. The second result is where the page ends, when more follows.
///
/// # Errors
/// When the index cannot be read, or the deadline has passed.
pub(crate) fn search(
    snapshot: &Snapshot,
    plan: &SearchPlan,
    page: &PageRequest<'_>,
) -> Result<(Hits, Option<PageEnd>)> {
    let start = Instant::now();
    let mut context = Evaluation::new(snapshot, page.identify, page.deadline, page.explain);
    let (mut hits, end) = find(&mut context, plan, page)?;
    hits.explanation = context.take_trace().map(|trace| {
        let (all, segments) = (snapshot.universe(), snapshot.segments().len());
        let directory = format!("{all} resources in {segments} segments, change {}", snapshot.seq);
        trace.explain(directory, start)
    });
    Ok((hits, end))
}

fn find(
    context: &mut Evaluation<'_>,
    plan: &SearchPlan,
    page: &PageRequest<'_>,
) -> Result<(Hits, Option<PageEnd>)> {
    let snapshot = context.snapshot;
    let mut hits = Hits::default();
    let mut total = 0;
    let mut candidates = Vec::new();
    let mut missing = Vec::new();
    for (number, plan) in plan.types.iter().enumerate() {
        let matches = context.matches(plan)?;
        total += matches.len() as u64;
        if page.count > 0 {
            let first = context.step(
                "first in order",
                |context| order::first(context, plan, number, &matches, page),
                |first| format!("{} {} put forward", first.candidates.len(), plan.base),
            )?;
            candidates.extend(first.candidates);
            Missing::add(&mut missing, first.missing);
        }
    }
    hits.total = page.total.then_some(total);
    hits.issues.extend(context.word_issues());
    if page.count == 0 {
        return Ok((hits, None));
    }
    tell_missing(&mut hits, total, &missing);
    order::sort(snapshot, &mut candidates);
    let more = candidates.len() > page.count;
    candidates.truncate(page.count);
    let keys: Vec<u32> = candidates.iter().map(|c| c.key).collect();
    let included = context.step(
        "includes",
        |context| include::closure(context, plan, page, &keys),
        |included| format!("{} resources", included.keys.len()),
    )?;
    candidates.truncate(included.matches);
    if included.matches < keys.len() {
        hits.issues.push(Issue::information(
            IssueType::TooCostly,
            format!(
                "this page has {} matches instead of {} because they bring in {} resources; follow next",
                included.matches,
                keys.len(),
                included.keys.len()
            ),
        ));
    }
    if included.is_cut {
        hits.issues.push(Issue::warning(
            IssueType::TooCostly,
            format!(
                "the one match of this page brings in more than {} resources; the others are left out (limits.includes)",
                page.included_max
            ),
        ));
    }
    let end = (more || included.matches < keys.len())
        .then(|| candidates.last().map(|last| last.position(snapshot)))
        .flatten()
        .map(|keys| PageEnd { keys, seq: snapshot.seq });
    context.step(
        "scores, distances and records of the page",
        |context| describe(context, plan, &candidates, &included.keys, &mut hits),
        |()| format!("{} matches", candidates.len()),
    )?;
    Ok((hits, end))
}

/// Puts the resources of a page into the answer, with what is said of each.
fn describe(
    context: &mut Evaluation<'_>,
    plan: &SearchPlan,
    candidates: &[Candidate],
    included: &[u32],
    hits: &mut Hits,
) -> Result<()> {
    let snapshot = context.snapshot;
    let centers = plan.types.iter().find_map(|plan| Centers::of(&plan.centers));
    let centers = centers.as_ref();
    let mut shown = vec![Vec::new(); plan.types.len()];
    for candidate in candidates {
        shown[candidate.plan].push(candidate.key);
    }
    let shown = shown.into_iter().map(|keys| KeySet::from_keys(keys, snapshot.universe()));
    let shown: Vec<KeySet> = shown.collect();
    let mut places = Vec::with_capacity(plan.types.len());
    for (plan, matches) in plan.types.iter().zip(&shown) {
        places.push(order::eligible_places(context, plan, &plan.places, matches)?);
    }
    let scores: Vec<_> =
        plan.types.iter().map(|plan| context.scores(plan)).collect::<Result<_>>()?;
    let named: Vec<_> = plan
        .types
        .iter()
        .zip(&shown)
        .map(|(plan, matches)| NamedRecords::prepare(context, plan, matches))
        .collect::<Result<_>>()?;
    for candidate in candidates {
        context.watch.step()?;
        let scores = scores[candidate.plan].as_ref();
        let score = scores.map(|scores| context.score(scores, candidate.key)).transpose()?;
        let records = named[candidate.plan].of(context, candidate.key)?;
        let nearest = match centers {
            Some(centers) => {
                order::nearest(context, &places[candidate.plan], centers, candidate.key)?
            }
            None => None,
        };
        let hit = hit(snapshot, candidate.key, score, nearest);
        hits.matches.extend(hit.map(|hit| Hit { records, ..hit }));
    }
    hits.included.extend(included.iter().filter_map(|key| {
        let at = snapshot.locate(*key)?;
        let distance_m = centers.zip(snapshot.view(at).point(at.doc)).map(|(c, p)| c.distance_m(p));
        hit(snapshot, *key, None, distance_m.map(|distance_m| (distance_m, at)))
    }));
    Ok(())
}

/// Says how many matches an order by records has no value for.
fn tell_missing(hits: &mut Hits, total: u64, missing: &[Missing]) {
    for missing in missing.iter().filter(|missing| missing.is_told()) {
        hits.sort_missing.push(missing.count);
        let text = format!(
            "{} of {total} matches have no {} to be sorted by, and come last",
            missing.count,
            record_name(missing.kind)
        );
        hits.issues.push(Issue::information(IssueType::Informational, text).at("_sort"));
    }
}

fn hit(
    snapshot: &Snapshot,
    key: u32,
    score: Option<f32>,
    nearest: Option<(f64, Location)>,
) -> Option<Hit> {
    let at = snapshot.locate(key)?;
    let view = snapshot.view(at);
    Some(Hit {
        resource_type: snapshot.resource_type(key)?,
        id: view.resource_id(at.doc)?.to_owned(),
        document: snapshot.address(key)?,
        score,
        distance_m: nearest.map(|(distance_m, _)| distance_m),
        approximate: nearest.is_some_and(|(_, at)| snapshot.view(at).is_approximate(at.doc)),
        records: Vec::new(),
    })
}

/// Reads one resource by type and id.
///
/// # Errors
/// When the index cannot be read.
pub(crate) fn read(
    snapshot: &Snapshot,
    resource_type: ResourceType,
    id: &str,
) -> Result<Option<Hit>> {
    let key = snapshot.key_of(resource_type, id)?;
    Ok(key.and_then(|key| hit(snapshot, key, None, None)))
}
