//! Where the engine is plugged into the service.

use std::sync::Arc;

use anyhow::bail;
use shared::access::Access;
use shared::config::Settings;
use shared::fhir::ResourceType;
use shared::index::DocumentAddress;

use crate::engine::{Deadline, Engine, EngineError, Stored, View};
use crate::execute::Hits;
use crate::parse::ast::SearchRequest;

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
    fn view(&self, _: Access) -> Result<Arc<dyn View>, EngineError> {
        Ok(Arc::new(Self))
    }

    fn is_ready(&self) -> bool {
        true
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
