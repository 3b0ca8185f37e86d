//! Reads establishments from the two forms of FINESS: the merged table of this project's sources and
//! the official yearly stock (42 columns).
//!
//! One [`Establishment`] per row, cleaned; what it becomes in FHIR is in `build`.

use super::address::{StreetParts, split_line, strip_cedex};
use super::place::{Place, locate};
use super::projection::{Projections, system_of};
use super::source::{Row, Table, repair_text};
use super::{Defect, Report};

/// A legal entity or a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Entity,
    Site,
}

/// A row of FINESS, cleaned.
#[derive(Debug, Clone)]
pub(super) struct Establishment {
    pub finess: String,
    pub level: Level,
    /// FINESS number of the legal entity above.
    pub entity: Option<String>,
    pub name: String,
    pub usual_name: Option<String>,
    pub additional_name: Option<String>,
    /// Code of `TRE_R66`.
    pub category: Option<String>,
    /// Code of `TRE_R72`.
    pub legal_status: Option<String>,
    pub lines: Vec<(String, StreetParts)>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub place: Place,
    pub phone: Option<String>,
    pub fax: Option<String>,
    /// SIRET (14 digits) or SIREN (9).
    pub siret: Option<String>,
    pub opened: Option<String>,
    /// Day of the record, `YYYY-MM-DD`.
    pub created: String,
    /// Day of its last change.
    pub updated: String,
}

/// Which of the two forms a table has; `None` for neither.
pub(super) fn form_of(table: &Table) -> Option<Form> {
    if table.has("nofinesset") {
        Some(Form::Stock)
    } else if table.has("finess") && table.has("level") {
        Some(Form::Merged)
    } else {
        None
    }
}

/// A form of FINESS table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The merged table: sites and entities, latitude and longitude.
    Merged,
    /// The official stock: sites only, plane coordinates.
    Stock,
}

impl Form {
    /// The FINESS number and level of a row, or why it has none.
    pub(super) fn key(self, row: &Row<'_>) -> Result<(String, Level), &'static str> {
        let (column, level) = match self {
            Self::Stock => ("nofinesset", Level::Site),
            Self::Merged if row.text("level") == "EJ" => ("finess", Level::Entity),
            Self::Merged => ("finess", Level::Site),
        };
        let finess = row.text(column).to_ascii_uppercase();
        if finess.len() == 9 && finess.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok((finess, level))
        } else {
            Err("finess number is not nine letters or digits")
        }
    }

    /// Reads the whole row.
    pub(super) fn read(
        self,
        row: &Row<'_>,
        projections: &Projections,
        report: &mut Report,
    ) -> Result<Establishment, &'static str> {
        let (finess, level) = self.key(row)?;
        let establishment = match self {
            Self::Merged => read_merged(finess, level, row, report),
            Self::Stock => read_stock(finess, row, projections, report),
        };
        if establishment.name.is_empty() {
            return Err("no name");
        }
        Ok(establishment)
    }
}

fn read_merged(finess: String, level: Level, row: &Row<'_>, report: &mut Report) -> Establishment {
    let day = match row.text("source").as_str() {
        "sae2023" => "2023-12-31",
        "eurostat2020" => "2020-03-06",
        _ => "2020-12-31",
    };
    let position = row.number("lat", report).zip(row.number("lon", report));
    let exact = matches!(row.text("geo_source").as_str(), "eurostat2020" | "point2022");
    // A point taken from a list of towns is not the establishment's: the gazetteer has a better one.
    let position = position.filter(|_| exact).map(|(lat, lon)| (lat, lon, true));
    let city = row.filled("city").map(|text| repair_text(&text, report));
    let postal_code = postal_code(row.filled("postal_code"), report);
    let place = locate(
        &finess,
        &row.text("commune_insee"),
        postal_code.as_deref(),
        city.as_deref(),
        position,
        report,
    );
    let line = row.filled("address").map(|text| repair_text(&text, report));
    Establishment {
        level,
        entity: row.filled("finess_ej"),
        name: repair_text(&row.text("name"), report),
        usual_name: None,
        additional_name: None,
        category: row.filled("category_code"),
        legal_status: row.filled("legal_status_code"),
        lines: line.map(|line| (line.clone(), split_line(&line))).into_iter().collect(),
        city,
        postal_code,
        place,
        phone: phone(row.filled("phone")),
        fax: None,
        siret: siret(row.filled("siret"), report),
        opened: None,
        created: day.to_owned(),
        updated: day.to_owned(),
        finess,
    }
}

fn read_stock(
    finess: String,
    row: &Row<'_>,
    projections: &Projections,
    report: &mut Report,
) -> Establishment {
    let text = |column: &str, report: &mut Report| {
        row.filled(column).map(|text| repair_text(&text, report)).filter(|text| !text.is_empty())
    };
    let short_name = text("rs", report).unwrap_or_default();
    let long_name = text("rslongue", report);
    let city = text("libelle_routage", report);
    let postal_code = postal_code(row.filled("codepostal"), report);
    let department = row.text("departement");
    let planar = row.number("coordx", report).zip(row.number("coordy", report));
    let exact = is_exact(&row.text("sourcegeocod"));
    let position = planar
        .and_then(|(x, y)| projections.to_degrees(system_of(&department), x, y))
        .map(|(lat, lon)| (lat, lon, exact));
    if planar.is_some() && position.is_none() {
        report.count(Defect::NotANumber);
    }
    let commune = row.text("cog");
    let place =
        locate(&finess, &commune, postal_code.as_deref(), city.as_deref(), position, report);
    let updated = row.filled("datemaj").unwrap_or_else(|| "2020-12-31".to_owned());
    Establishment {
        level: Level::Site,
        entity: row.filled("nofinessej"),
        usual_name: long_name.is_some().then(|| short_name.clone()),
        name: long_name.unwrap_or(short_name),
        additional_name: text("complrs", report),
        category: row.filled("categetab"),
        legal_status: None,
        lines: stock_lines(row, report),
        city,
        postal_code,
        place,
        phone: phone(row.filled("telephone")),
        fax: phone(row.filled("telecopie")),
        siret: siret(row.filled("siret"), report),
        opened: row.filled("dateouvert"),
        created: row.filled("dateautor").unwrap_or_else(|| updated.clone()),
        updated,
        finess,
    }
}

/// The street line with its parts, then the distribution mentions, each a line of its own.
fn stock_lines(row: &Row<'_>, report: &mut Report) -> Vec<(String, StreetParts)> {
    let mut text = |column: &str| {
        row.filled(column).map(|text| repair_text(&text, report)).filter(|text| !text.is_empty())
    };
    let number = text("numvoie");
    let suffix = text("compvoie");
    let kind = text("typvoie");
    let name = text("voie");
    let street =
        [&number, &suffix, &kind, &name].into_iter().flatten().cloned().collect::<Vec<_>>();
    let mut lines = Vec::new();
    if !street.is_empty() {
        let parts = StreetParts {
            house_number: number,
            suffix,
            street_type: kind,
            street_name: name,
            post_box: None,
        };
        lines.push((street.join(" "), parts));
    }
    for column in ["compldistrib", "lieuditbp"] {
        if let Some(mention) = text(column) {
            let parts = split_line(&mention);
            lines.push((
                mention,
                StreetParts { post_box: parts.post_box, ..StreetParts::default() },
            ));
        }
    }
    lines
}

/// Whether the stock trusts a position: `1,ATLASANTE,100,IGN,…` is level, author, score. Levels 1 and 2
/// are the address itself, with its number or not; further levels are a street, a place, a commune.
fn is_exact(source: &str) -> bool {
    let mut fields = source.split(',');
    let level = fields.next().unwrap_or_default();
    let score = fields.nth(1).and_then(|score| score.parse::<u32>().ok()).unwrap_or(0);
    matches!(level, "1" | "2") && score >= 80
}

/// A postal code of five digits; the leading zero some tables lost is put back.
fn postal_code(text: Option<String>, report: &mut Report) -> Option<String> {
    let text = text?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.len() > 5 || text.len() < 4 {
        report.count(Defect::BadPostalCode);
        return None;
    }
    if text.len() == 4 {
        report.count(Defect::PostalCodePadded);
    }
    Some(format!("{text:0>5}"))
}

fn phone(text: Option<String>) -> Option<String> {
    let digits: String = text?.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 10).then_some(digits)
}

fn siret(text: Option<String>, report: &mut Report) -> Option<String> {
    let text = text?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && matches!(text.len(), 9 | 14) {
        Some(text)
    } else {
        report.count(Defect::BadSiret);
        None
    }
}

/// The city of an address as written on an envelope, without its CEDEX mention.
pub(super) fn town_name(city: &str) -> String {
    strip_cedex(city).unwrap_or_else(|| city.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactness_of_the_stock() {
        let rows = [
            ("1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93", true),
            ("2,ATLASANTE,84,IGN,BD_ADRESSE,V2.2,LAMBERT_93", true),
            ("3,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93", false),
            ("1,ATLASANTE,40,IGN,BD_ADRESSE,V2.2,LAMBERT_93", false),
            ("", false),
        ];
        for (source, expected) in rows {
            assert_eq!(is_exact(source), expected, "{source}");
        }
    }

    #[test]
    fn postal_codes() {
        let mut report = Report::default();
        assert_eq!(postal_code(Some("1000".into()), &mut report).as_deref(), Some("01000"));
        assert_eq!(postal_code(Some("2A004".into()), &mut report), None);
        assert_eq!(postal_code(None, &mut report), None);
    }
}
