//! What a load did: for people as a table, for programs as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use shared::fhir::ResourceType;
use shared::store::{Key, Store, StoreError};

use crate::load::Placements;
use crate::outcome::{Exit, Outcome};

/// Refusals shown in the report; the quarantine file has them all.
const REFUSALS_SHOWN: usize = 10;

/// Dangling targets named in a report.
const EXAMPLES_MAX: usize = 20;

/// Resources of one type, by what a load did to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TypeCounts {
    /// New, or new again after a delete.
    pub created: u64,
    /// Another version.
    pub updated: u64,
    /// The same as before.
    pub unchanged: u64,
    /// Deleted, because a mirror's inputs do not hold them.
    pub deleted: u64,
}

/// References to local resources that do not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dangling {
    /// References.
    pub references: u64,
    /// Different resources they name.
    pub targets: u64,
    /// Some of them.
    pub examples: Vec<String>,
}

impl Dangling {
    /// The references to what does not exist. `inbound` counts those to each key; of a key that `is_there`
    /// the store is not asked.
    pub(crate) fn of(
        store: &Store,
        inbound: &[u32],
        is_there: impl Fn(Key) -> bool,
    ) -> Result<Self, StoreError> {
        let mut dangling = Self::default();
        for (key, count) in inbound.iter().enumerate().filter(|(_, count)| **count > 0) {
            let key = key as Key;
            if is_there(key) {
                continue;
            }
            let resource = store.resource(key)?;
            if let Some((_, Some(head))) = &resource
                && !head.header.deleted
            {
                continue;
            }
            dangling.targets += 1;
            dangling.references += u64::from(*count);
            if dangling.examples.len() < EXAMPLES_MAX
                && let Some((identity, _)) = resource
            {
                dangling.examples.push(identity.to_string());
            }
        }
        Ok(dangling)
    }
}

/// A document that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// `file:line`.
    pub origin: String,
    /// All reasons.
    pub reasons: Vec<String>,
}

/// What a load did. `read` is the sum of `written`, `unchanged`, `duplicate` and `quarantined`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LoadReport {
    /// The number of the load.
    pub load: u32,
    /// The store's last change after it.
    pub seq: u64,
    /// Documents read.
    pub read: u64,
    /// Resources that got a new version with a document.
    pub written: u64,
    /// Resources whose document was the stored one.
    pub unchanged: u64,
    /// Documents followed by another one of the same resource.
    pub duplicate: u64,
    /// Documents left out.
    pub quarantined: u64,
    /// Resources deleted by a mirror.
    pub deleted: u64,
    /// By type; types not met are left out.
    pub by_type: BTreeMap<&'static str, TypeCounts>,
    /// Warnings of the documents that were accepted, by rule.
    pub warnings: BTreeMap<Cow<'static, str>, u64>,
    /// References to nothing.
    pub dangling: Dangling,
    /// The first refused documents.
    pub refused: Vec<Refused>,
    /// The file with all of them.
    pub quarantine: Option<PathBuf>,
    /// Files read.
    pub files: u64,
    /// Files of folders that are no documents.
    pub skipped_files: Vec<PathBuf>,
    /// Search outcomes in Bundles, which are not data.
    pub outcomes: u64,
    /// How long it took.
    pub seconds: f64,
}

impl LoadReport {
    /// The documents whose fate is known.
    pub fn accounted(&self) -> u64 {
        self.written + self.unchanged + self.duplicate + self.quarantined
    }

    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        let exit = if self.quarantined > 0 { Exit::Quarantined } else { Exit::Well };
        Outcome::new(&self, exit)
    }

    pub(crate) fn refuse(&mut self, origin: &str, reasons: &[String]) {
        self.quarantined += 1;
        if self.refused.len() < REFUSALS_SHOWN {
            let reasons = reasons.to_vec();
            self.refused.push(Refused { origin: origin.to_owned(), reasons });
        }
    }

    pub(crate) fn count(&mut self, placements: Placements) {
        for (resource_type, counts) in ResourceType::ALL.iter().zip(placements.types) {
            self.written += counts.created + counts.updated;
            self.unchanged += counts.unchanged;
            self.deleted += counts.deleted;
            if counts != TypeCounts::default() {
                self.by_type.insert(resource_type.as_str(), counts);
            }
        }
        self.duplicate = placements.duplicates;
        self.warnings = placements.warnings;
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.read as f64 / self.seconds.max(0.001);
        writeln!(f, "{} documents read in {:.1} s ({rate:.0}/s)", self.read, self.seconds)?;
        let sums = [
            ("written", self.written),
            ("unchanged", self.unchanged),
            ("duplicate", self.duplicate),
            ("quarantined", self.quarantined),
            ("deleted", self.deleted),
        ];
        for (name, count) in sums {
            writeln!(f, "  {name:<12}{count:>10}")?;
        }
        if !self.by_type.is_empty() {
            write_row(f, "\ntype", ["created", "updated", "unchanged", "deleted"])?;
        }
        for (name, counts) in &self.by_type {
            let TypeCounts { created, updated, unchanged, deleted } = counts;
            write_row(f, name, [created, updated, unchanged, deleted])?;
        }
        if !self.warnings.is_empty() {
            writeln!(f, "\nwarnings by rule")?;
        }
        for (rule, count) in &self.warnings {
            writeln!(f, "  {rule:<50}{count:>10}")?;
        }
        if self.dangling.references > 0 {
            let Dangling { references, targets, examples } = &self.dangling;
            writeln!(f, "\n{references} references to {targets} resources that do not exist:")?;
            writeln!(
                f,
                "  {}{}",
                examples.join(", "),
                if *targets > examples.len() as u64 { ", …" } else { "" }
            )?;
        }
        self.write_refused(f)
    }
}

impl LoadReport {
    fn write_refused(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.quarantine {
            writeln!(f, "\n{} documents are in {}:", self.quarantined, path.display())?;
        }
        for refused in &self.refused {
            writeln!(f, "  {}", refused.origin)?;
            for reason in &refused.reasons {
                writeln!(f, "    {reason}")?;
            }
        }
        if self.quarantined > self.refused.len() as u64 {
            writeln!(f, "  …")?;
        }
        for path in &self.skipped_files {
            writeln!(f, "not a document by its name, not read: {}", path.display())?;
        }
        Ok(())
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, name: &str, cells: [impl fmt::Display; 4]) -> fmt::Result {
    // A name may begin with an empty line.
    let width = 20 + name.len() - name.trim_start().len();
    write!(f, "{name:<width$}")?;
    for cell in cells {
        write!(f, "{cell:>12}")?;
    }
    writeln!(f)
}
