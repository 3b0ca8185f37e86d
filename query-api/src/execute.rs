//! Plan → hits, on one snapshot: ids, total and sort keys first, this page's documents last.

use shared::error::Issue;
use shared::fhir::ResourceType;

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
    /// What the caller should know (a capped include, an inexact page, unknown codes …).
    pub(crate) issues: Vec<Issue>,
}

/// One resource of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// Its type.
    pub(crate) resource_type: ResourceType,
    /// Its id.
    pub(crate) id: String,
    /// Where its document stands: to be given back to [`shared::index::Snapshot::read_document`].
    pub(crate) document: shared::index::DocumentAddress,
    /// Relevance from 0 to 1, when the search has words.
    pub(crate) score: Option<f32>,
    /// Distance from the searched place in meters, on Locations of a geographic search.
    pub(crate) distance_m: Option<f64>,
}
