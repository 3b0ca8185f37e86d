//! Reads the numbers of beds, places and visits a site declared to the hospital survey (SAE).

use std::collections::HashMap;
use std::path::Path;

use super::activity::{Origin, activities};
use super::source::Table;
use super::{ImportError, Report};

/// Numbers by column of the table of activities, for one site.
pub(super) type Declared = HashMap<&'static str, u32>;

/// The survey by FINESS number.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub sites: HashMap<String, Site>,
}

/// What one site declared.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// Its line of the table.
    pub line: u64,
    pub numbers: Declared,
    /// 1 to 3.
    pub maternity_level: Option<u32>,
}

/// Reads the whole survey; it has a few thousand lines.
pub(super) fn read(path: &Path, report: &mut Report) -> Result<Survey, ImportError> {
    let mut table = Table::open(path)?;
    if !table.has("finess") || !table.has("beds_medicine") {
        return Err(ImportError::Columns {
            path: path.to_owned(),
            wanted: "finess, beds_medicine, …",
        });
    }
    let source = path.display().to_string();
    let mut survey = Survey::default();
    loop {
        let row = match table.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(survey),
            Err(error) => {
                return Err(ImportError::Read { path: path.to_owned(), source: error.into() });
            }
        };
        report.beds_rows += 1;
        let finess = row.text("finess");
        let mut count = |column: &str| {
            row.number(column, report).map(|value| value as u32).filter(|value| *value > 0)
        };
        let mut site =
            Site { line: row.line, maternity_level: count("maternity_level"), ..Site::default() };
        for line in activities() {
            let is_declared = matches!(line.origin, Origin::Beds | Origin::Visits);
            if is_declared && let Some(value) = count(line.key) {
                site.numbers.insert(line.key, value);
            }
        }
        // The total holds the cardiac and stroke beds, which have lines of their own.
        let special = ["beds_cardiac_intensive", "beds_stroke_intensive"];
        let special: u32 = special.iter().filter_map(|column| count(column)).sum();
        let other = count("beds_intensive_total").unwrap_or(0).saturating_sub(special);
        if other > 0 {
            site.numbers.insert("beds_intensive_other", other);
        }
        // The child psychiatry beds are part of the psychiatry beds.
        let children = site.numbers.get("beds_child_psychiatry").copied().unwrap_or(0);
        if children > 0
            && let Some(all) = site.numbers.get_mut("beds_psychiatry")
        {
            *all = all.saturating_sub(children);
        }
        site.numbers.retain(|_, value| *value > 0);
        let line = row.line;
        if survey.sites.insert(finess.clone(), site).is_some() {
            report.refuse(&source, line, &finess, "finess number given twice");
        }
    }
}
