//! What a text about a place may mean: one reading of it, with how well it fits.

use crate::geo::{Commune, Department, Point, Region, gazetteer};

/// How fine the point of a candidate is, finest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A number of a street.
    HouseNumber,
    /// A street.
    Street,
    /// A hamlet or another named place of a commune.
    Locality,
    /// A commune, or a municipal district of Paris, Lyon or Marseille.
    Municipality,
    /// The area of a postal code: its largest commune.
    PostalCode,
    /// A department: its prefecture.
    Department,
}

impl Precision {
    /// Its code in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HouseNumber => "housenumber",
            Self::Street => "street",
            Self::Locality => "locality",
            Self::Municipality => "municipality",
            Self::PostalCode => "postal-code",
            Self::Department => "department",
        }
    }
}

/// Who knows a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The built-in gazetteer.
    Gazetteer,
    /// A service of street addresses.
    Service,
}

impl Source {
    /// Its code in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gazetteer => "gazetteer",
            Self::Service => "service",
        }
    }
}

/// One reading of a text about a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The place as people write it: `"78000 Versailles"`, `"Saint-Denis (974)"`.
    pub label: String,
    /// How well it fits, 0 to 1.
    pub score: f64,
    /// Where it is; unknown for a few uninhabited communes.
    pub point: Option<Point>,
    /// How fine the point is.
    pub precision: Precision,
    /// INSEE code and name of its commune; `None` for a department.
    pub commune: Option<(String, String)>,
    /// Its postal code where the text tells it, else all those of the commune.
    pub postal_codes: Vec<String>,
    /// Its department.
    pub department: Option<&'static Department>,
    /// Its region.
    pub region: Option<&'static Region>,
    /// Who knows it.
    pub source: Source,
}

impl Candidate {
    /// A commune; with the postal code the text gave it, if it is one of the commune's.
    pub(super) fn commune(commune: &Commune, given: Option<&str>, score: f64) -> Self {
        let given = given.filter(|code| commune.postal_codes.contains(code));
        let postal_codes: Vec<String> = match given {
            Some(code) => vec![code.to_owned()],
            None => commune.postal_codes.iter().map(|&code| code.to_owned()).collect(),
        };
        let label = match postal_codes.as_slice() {
            [only] => format!("{only} {}", commune.name),
            _ => format!("{} ({})", commune.name, commune.department),
        };
        Self {
            label,
            score,
            point: commune.point,
            precision: Precision::Municipality,
            commune: Some((commune.code.to_owned(), commune.name.to_owned())),
            postal_codes,
            department: gazetteer().department(commune.department),
            region: gazetteer().region(commune.region),
            source: Source::Gazetteer,
        }
    }

    /// A department, at its prefecture.
    pub(super) fn department(department: &'static Department, score: f64) -> Self {
        Self {
            label: format!("{} ({})", department.name, department.code),
            score,
            point: gazetteer().commune(department.prefecture).and_then(|commune| commune.point),
            precision: Precision::Department,
            commune: None,
            postal_codes: Vec::new(),
            department: Some(department),
            region: gazetteer().region(department.region),
            source: Source::Gazetteer,
        }
    }

    /// Whether it is a municipal district of Paris, Lyon or Marseille.
    pub(super) fn is_district(&self) -> bool {
        let commune = self.insee_code().and_then(|code| gazetteer().current_commune(code));
        commune.is_some_and(|commune| commune.parent.is_some())
    }

    /// The INSEE code of its commune.
    pub fn insee_code(&self) -> Option<&str> {
        self.commune.as_ref().map(|(code, _)| code.as_str())
    }
}
