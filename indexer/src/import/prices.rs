//! Reads the published prices of nursing homes (CNSA) and turns each into a price record.
//!
//! All are euros a day. A price of 2022 stands beside the older one of the same kind, each with its date.

use std::collections::HashMap;
use std::path::Path;

use super::source::{Row, Table};
use super::{Defect, ImportError, Report};
use crate::ror::code::{dependency, dwelling, price_condition, price_type, price_unit, reception};
use crate::ror::datatype::Code;
use crate::ror::record::Price;

/// One home's prices.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    /// Its line of the table.
    pub line: u64,
    pub prices: Vec<Price<'static>>,
    /// Whether a price for a temporary stay is published.
    pub is_temporary: bool,
    /// Day of the newest price, `YYYY-MM-DD`.
    pub updated: Option<String>,
}

/// Prices by FINESS number.
pub(super) type Homes = HashMap<String, Home>;

/// Day of the set of prices at the end of 2022.
const DAY_2022: &str = "2022-12-31";

/// A column of accommodation prices: name, stay, room, condition.
type Accommodation = (&'static str, Code<'static>, Code<'static>, Code<'static>);

const ACCOMMODATION: [Accommodation; 8] = [
    ("perm_single", reception::PERMANENT, dwelling::SINGLE_ROOM, price_condition::PUBLIC),
    ("perm_double", reception::PERMANENT, dwelling::DOUBLE_ROOM, price_condition::PUBLIC),
    ("perm_single_ash", reception::PERMANENT, dwelling::SINGLE_ROOM, price_condition::ASH),
    ("perm_double_ash", reception::PERMANENT, dwelling::DOUBLE_ROOM, price_condition::ASH),
    ("temp_single", reception::TEMPORARY, dwelling::SINGLE_ROOM, price_condition::PUBLIC),
    ("temp_double", reception::TEMPORARY, dwelling::DOUBLE_ROOM, price_condition::PUBLIC),
    ("temp_single_ash", reception::TEMPORARY, dwelling::SINGLE_ROOM, price_condition::ASH),
    ("temp_double_ash", reception::TEMPORARY, dwelling::DOUBLE_ROOM, price_condition::ASH),
];

const DEPENDENCY: [(&str, Code<'static>); 3] = [
    ("gir12", dependency::GIR_1_2),
    ("gir34", dependency::GIR_3_4),
    ("gir56", dependency::GIR_5_6),
];

/// Reads the whole table; it has a few thousand lines.
pub(super) fn read(path: &Path, report: &mut Report) -> Result<Homes, ImportError> {
    let mut table = Table::open(path)?;
    if !table.has("finess_et") || !table.has("perm_single") {
        return Err(ImportError::Columns {
            path: path.to_owned(),
            wanted: "finess_et, perm_single, …",
        });
    }
    let source = path.display().to_string();
    let mut homes = Homes::new();
    loop {
        let row = match table.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(homes),
            Err(error) => {
                return Err(ImportError::Read { path: path.to_owned(), source: error.into() });
            }
        };
        report.price_rows += 1;
        let (finess, line) = (row.text("finess_et"), row.line);
        let home = read_home(&row, report);
        if home.prices.is_empty() {
            report.count(Defect::HomeWithoutPrice);
        }
        if homes.insert(finess.clone(), home).is_some() {
            report.refuse(&source, line, &finess, "finess number given twice");
        }
    }
}

fn read_home(row: &Row<'_>, report: &mut Report) -> Home {
    let mut home = Home { line: row.line, ..Home::default() };
    let day = match (row.filled("raw_updated"), row.filled("raw_year")) {
        (Some(day), _) => Some(day),
        (None, Some(year)) => Some(format!("{year}-12-31")),
        (None, None) => None,
    };
    add_prices(&mut home, row, "", day.as_deref(), report);
    add_prices(&mut home, row, "d2022_", Some(DAY_2022), report);
    let uncertain = row.number("match_score", report).is_some_and(|score| score < 1.1);
    if uncertain {
        report.count(Defect::UncertainMatch);
    }
    home
}

fn add_prices(
    home: &mut Home,
    row: &Row<'_>,
    prefix: &str,
    day: Option<&str>,
    report: &mut Report,
) {
    let before = home.prices.len();
    let mut read = |kind: Code<'static>, column: &str| {
        let amount = row.number(&format!("{prefix}{column}"), report)?;
        let mut price = Price::new(kind, price_unit::DAY, amount);
        price.start = day.map(|day| day.to_owned().into());
        Some(price)
    };
    for (column, stay, room, condition) in ACCOMMODATION {
        if let Some(mut price) = read(price_type::ACCOMMODATION, column) {
            price.stay = Some(stay);
            price.dwelling = Some(room);
            price.condition = Some(condition);
            home.is_temporary |= stay == reception::TEMPORARY;
            home.prices.push(price);
        }
    }
    for (column, level) in DEPENDENCY {
        if let Some(mut price) = read(price_type::DEPENDENCY, column) {
            // The source publishes one tariff for each group, that of the permanent stay.
            price.stay = Some(reception::PERMANENT);
            price.dependency = Some(level);
            home.prices.push(price);
        }
    }
    if home.prices.len() > before {
        home.updated = home.updated.take().max(day.map(str::to_owned));
    }
}
