//! Converts French open data to ROR resources: FINESS establishments, beds and visits of the hospital
//! survey (SAE), prices of nursing homes (CNSA).
//!
//! One pass, row by row; only the survey and the prices, a few thousand lines each, are held in memory.
//! A row is converted, or the report says which one was not and why; what was repaired or found wanting is
//! counted by reason. Nothing is invented: what the sources do not say is absent, except the ages that a
//! category implies (see `assets/import-activities.csv`). `docs/data.md` has the mapping.

mod activity;
mod address;
mod beds;
mod build;
mod finess;
mod label;
mod place;
mod prices;
mod projection;
mod report;
mod source;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use shared::error::Severity;
use shared::validate::{Strictness, Validator};

use crate::ror::Resource;
use beds::Survey;
use finess::{Form, Level};
use prices::Homes;
use projection::Projections;
use source::Table;

pub(crate) use label::concept_of;
pub use report::{Defect, Refusal, Report};

/// What to read. Every file may be gzip.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Establishments, in the merged form or as the official stock; several files are read in order, and a
    /// FINESS number met again is refused.
    pub finess: Vec<PathBuf>,
    /// Beds, places and visits of the hospital survey.
    pub beds: Option<PathBuf>,
    /// Prices of nursing homes.
    pub prices: Option<PathBuf>,
}

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be opened or read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file has not the columns of its kind.
    #[error("{path}: not a table of this kind; its header must have {wanted}", path = path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// The columns looked for.
        wanted: &'static str,
    },
    /// A plane coordinate system is not understood by the projection library.
    #[error("coordinate system: {0}")]
    Projection(#[from] proj4rs::errors::Error),
    /// The output cannot be written.
    #[error("output: {0}")]
    Write(#[from] io::Error),
}

/// Converts `options` and hands each resource to `out`, an organization before its places before its offers.
///
/// Ids derive from FINESS numbers (`ej-…`, `eg-…`, `place-…`, `offer-…`), so that the same sources give the
/// same resources. Memory holds the survey, the prices and the set of FINESS numbers.
///
/// # Errors
/// A file that cannot be read or is of another kind, and whatever `out` returns; never a row.
pub fn run(
    options: &Options,
    out: &mut dyn FnMut(Resource<'static>) -> io::Result<()>,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let survey = match &options.beds {
        Some(path) => beds::read(path, &mut report)?,
        None => Survey::default(),
    };
    let homes = match &options.prices {
        Some(path) => prices::read(path, &mut report)?,
        None => Homes::new(),
    };
    let entities = read_entities(&options.finess)?;
    let name = |path: &Option<PathBuf>| {
        path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    };
    let mut import = Import {
        beds: name(&options.beds),
        prices: name(&options.prices),
        projections: Projections::new()?,
        context: build::Context { survey, homes, entities },
        validator: Validator::new(Strictness::WhereClaimed),
        seen: HashSet::new(),
        report,
    };
    for path in &options.finess {
        import.read_table(path, out)?;
    }
    Ok(import.finish())
}

struct Import {
    /// The names of the survey and of the price list, for the report.
    beds: String,
    prices: String,
    projections: Projections,
    context: build::Context,
    validator: Validator,
    /// FINESS numbers already converted.
    seen: HashSet<String>,
    report: Report,
}

impl Import {
    fn read_table(
        &mut self,
        path: &Path,
        out: &mut dyn FnMut(Resource<'static>) -> io::Result<()>,
    ) -> Result<(), ImportError> {
        let mut table = Table::open(path)?;
        let form = form_of(&table, path)?;
        let source = path.display().to_string();
        loop {
            let row = match table.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(error) => return Err(unreadable(path, error)),
            };
            self.report.finess_rows += 1;
            let establishment = match form.read(&row, &self.projections, &mut self.report) {
                Ok(establishment) => establishment,
                Err(reason) => {
                    self.report.refuse(&source, row.line, &row.text("finess"), reason);
                    continue;
                }
            };
            if !self.seen.insert(establishment.finess.clone()) {
                self.report.refuse(
                    &source,
                    row.line,
                    &establishment.finess,
                    "finess number given twice",
                );
                continue;
            }
            let resources = build::resources(&establishment, &self.context, &mut self.report);
            if let Some(resource) = resources.iter().find(|resource| !self.is_valid(resource)) {
                let reason = "a resource it gives does not pass the validator";
                self.report.refuse(&source, row.line, resource.id(), reason);
                continue;
            }
            self.report.converted_rows += 1;
            for resource in resources {
                self.report.count_resource(&resource);
                out(resource)?;
            }
        }
    }

    /// Whether a resource passes the validator that guards the directory.
    fn is_valid(&self, resource: &Resource<'_>) -> bool {
        let document = serde_json::to_value(resource).expect("a resource has string keys only");
        let issues = self.validator.validate(&document);
        issues.iter().all(|issue| !matches!(issue.severity, Severity::Error | Severity::Fatal))
    }

    /// Reports the survey's and the price list's lines that no establishment took.
    fn finish(mut self) -> Report {
        let homes = self.context.homes.iter();
        let mut orphans: Vec<_> =
            homes.map(|(finess, home)| (&self.prices, home.line, finess)).collect();
        let sites = self.context.survey.sites.iter();
        orphans.extend(sites.map(|(finess, site)| (&self.beds, site.line, finess)));
        orphans.retain(|(_, _, finess)| !self.seen.contains(*finess));
        orphans.sort_unstable();
        for (source, line, finess) in orphans {
            self.report.refuse(source, line, finess, "no establishment has this finess number");
        }
        self.report
    }
}

/// The FINESS numbers of the legal entities that have a row, so that a site can name its own.
fn read_entities(paths: &[PathBuf]) -> Result<HashSet<String>, ImportError> {
    let mut entities = HashSet::new();
    for path in paths {
        let mut table = Table::open(path)?;
        let form = form_of(&table, path)?;
        while let Some(row) = table.next_row().map_err(|error| unreadable(path, error))? {
            if let Ok((finess, Level::Entity)) = form.key(&row) {
                entities.insert(finess);
            }
        }
    }
    Ok(entities)
}

fn form_of(table: &Table, path: &Path) -> Result<Form, ImportError> {
    let wanted = "finess, level, … or nofinesset, …";
    finess::form_of(table).ok_or(ImportError::Columns { path: path.to_owned(), wanted })
}

fn unreadable(path: &Path, error: csv::Error) -> ImportError {
    ImportError::Read { path: path.to_owned(), source: error.into() }
}
