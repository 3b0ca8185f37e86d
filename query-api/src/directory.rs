//! Where the parser and the engine are plugged into the service.

use std::sync::Arc;

use anyhow::bail;
use shared::config::{Limits, Settings};
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::index::DocumentAddress;

use crate::engine::{Deadline, Engine, EngineError, Stored, View};
use crate::execute::Hits;
use crate::parse::ast::{Correlation, Expr, SearchRequest, Summary, Total};

/// Opens the data directory. Only an empty one can be opened so far.
///
/// # Errors
/// When it holds an index.
pub(crate) fn open(settings: &Settings) -> anyhow::Result<Arc<dyn Engine>> {
    if settings.data_dir.join("CURRENT").exists() {
        bail!("{} holds an index, which cannot be read yet", settings.data_dir.display());
    }
    Ok(Arc::new(Empty))
}

/// A directory that holds nothing.
struct Empty;

impl Engine for Empty {
    fn view(&self) -> Result<Arc<dyn View>, EngineError> {
        Ok(Arc::new(Self))
    }
}

impl View for Empty {
    fn search(&self, _: &SearchRequest, deadline: Deadline) -> Result<Hits, EngineError> {
        deadline.check()?;
        Ok(Hits { total: Some(0), ..Hits::default() })
    }

    fn read(&self, _: ResourceType, _: &str) -> Result<Stored, EngineError> {
        Ok(Stored::Absent)
    }

    fn read_version(&self, _: ResourceType, _: &str, _: u64) -> Result<Stored, EngineError> {
        Ok(Stored::Absent)
    }

    fn document(&self, _: DocumentAddress, _: &mut Vec<u8>) -> Result<(), EngineError> {
        Err(EngineError::Defect("an empty directory has no documents".to_owned()))
    }
}

/// Understands a search; so far only one without parameters.
pub(crate) fn parse(
    scope: Option<ResourceType>,
    text: &str,
    _: &Limits,
) -> (SearchRequest, Vec<Issue>) {
    let types = scope.map_or(ResourceType::ALL.to_vec(), |resource_type| vec![resource_type]);
    let request = SearchRequest {
        criteria: types.iter().map(|_| Expr::And(Vec::new())).collect(),
        types,
        correlation: Correlation::Record,
        sort: Vec::new(),
        count: None,
        includes: Vec::new(),
        elements: Vec::new(),
        summary: Summary::False,
        total: Total::Accurate,
        page: None,
        pretty: false,
        explain: false,
        applied: Vec::new(),
    };
    let refused = (!text.is_empty())
        .then(|| Issue::error(IssueType::NotSupported, "parameters are not read yet"));
    (request, refused.into_iter().collect())
}
