//! The acceptance catalogue as data: its entries, their checks, and how a request is made of one.
//!
//! `scenarios.json` holds the entries, `vars.json` the values of the placeholders (`{LOC_ID}`),
//! `pending.json` what the server does not offer yet. Nothing here talks to a server.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sample::repository;

/// Values of the placeholders by name.
pub type Vars = BTreeMap<String, String>;

/// One request of the catalogue with what its answer must look like.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Such as `UC3-S06a`.
    pub id: String,
    /// The use case it belongs to, such as `UC3 Offer search on main criteria`.
    pub use_case: String,
    /// What the user wants.
    pub title: String,
    /// HTTP method.
    pub method: String,
    /// Path under the FHIR base.
    pub path: String,
    /// Query, decoded unless `query_encoded`.
    pub query: String,
    /// Name of the body in `bodies/`.
    pub body_file: Option<String>,
    /// Request headers.
    pub headers: BTreeMap<String, String>,
    /// Acceptable statuses.
    pub status_expected: Vec<u16>,
    /// What must hold of the answer.
    pub checks: Vec<Check>,
    /// What is wrong with the request as the guide prints it.
    pub guide_error: Option<String>,
    /// `guide`, `older-guide` or `corrected`.
    pub variant: String,
    /// Placeholders used.
    pub vars: Vec<String>,
    /// Whether path and query are sent as they stand.
    pub query_encoded: bool,
}

/// One check of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Check {
    /// Type of the Bundle.
    BundleType {
        /// Such as `searchset`.
        value: String,
    },
    /// Type of every match.
    MatchType {
        /// Resource type.
        value: String,
    },
    /// Type of the body.
    BodyType {
        /// Resource type.
        value: String,
    },
    /// `total` equals the number of matches over all pages.
    TotalIsMatchCount,
    /// `total` is this number.
    Total {
        /// Expected number.
        value: u64,
    },
    /// No `fullUrl` twice on a page, no match twice over the pages.
    NoDuplicates,
    /// The self link is present and holds the parameters used.
    SelfLink,
    /// The self link lacks a parameter.
    SelfLinkLacks {
        /// Parameter name.
        value: String,
    },
    /// No page has more matches.
    PageSizeMax {
        /// Most matches on a page.
        value: usize,
    },
    /// The matches are exactly the resources for which the expression is true (oracle).
    MatchSetEquals {
        /// `FHIRPath` on a resource.
        fhirpath: String,
    },
    /// Necessary condition of every match (oracle).
    EveryMatch {
        /// `FHIRPath` on a resource.
        fhirpath: String,
    },
    /// The matches are the resources an expression over the whole store returns (oracle).
    MatchSetEqualsIds {
        /// `FHIRPath` that starts with a resource type.
        #[serde(alias = "of")]
        fhirpath: String,
    },
    /// Some resource of `type` refers to the match via `via` and satisfies the expression (oracle).
    EveryMatchHasReferrer {
        /// Type of the referrer.
        r#type: String,
        /// Element of the referrer.
        via: String,
        /// `FHIRPath` on the referrer.
        fhirpath: String,
    },
    /// The expression holds and some place lies within the radius (oracle).
    MatchSetEqualsGeo {
        /// `FHIRPath` on a resource.
        fhirpath: String,
        /// Latitude and longitude, or words naming a commune.
        center: serde_json::Value,
        /// Radius in kilometers.
        radius_km: f64,
    },
    /// Every resource with the needle in some string is matched, and every further match explained.
    MatchSetCoversText {
        /// Searched type.
        r#type: String,
        /// Folded text.
        needle: String,
        /// Reference element whose targets count too.
        also_via: Option<String>,
    },
    /// Same ids as another entry.
    SameMatchSet {
        /// Id of the other entry.
        r#as: String,
    },
    /// The ids are a proper part of another entry's.
    MatchSubsetOf {
        /// Id of the other entry.
        r#as: String,
    },
    /// The included resources of each page are exactly the closure of the directives.
    IncludeClosure {
        /// Directives.
        value: Vec<String>,
    },
    /// The distance extension on includes is right.
    LocationDistance {
        /// Which entries, in words.
        on: String,
        /// Unit of the extension.
        unit: String,
        /// Tolerance in kilometers.
        tolerance_km: f64,
    },
    /// Matches hold only these elements, and are tagged.
    Subsetted {
        /// Elements asked for.
        elements: Vec<String>,
    },
    /// No included resource of this type.
    NoIncludeOfType {
        /// Resource type.
        value: String,
    },
    /// An outcome entry with a warning.
    WarningOutcome,
    /// The body is an `OperationOutcome` with an error.
    OperationOutcome,
    /// Some issue has this code and expression.
    Issue {
        /// Issue code.
        code: String,
        /// Issue expression.
        expression: String,
    },
    /// Some diagnostics mention a text.
    DiagnosticsMentions {
        /// The text.
        value: String,
    },
    /// The matches are in order.
    Sorted {
        /// `FHIRPath` on the match (oracle), or `search.score`.
        by: String,
        /// `asc` or `desc`.
        order: Order,
        /// Which of several values counts.
        agg: Option<String>,
        /// Where resources without value stand.
        missing: Option<String>,
    },
    /// Every match has a score in the range.
    Scores {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// A header matches a pattern.
    Header {
        /// Header name.
        name: String,
        /// Pattern.
        regex: String,
    },
    /// `FHIRPath` on the body.
    Body {
        /// The expression.
        fhirpath: String,
    },
    /// `FHIRPath` on the target, read afterwards.
    ReadAfter {
        /// Path under the base.
        target: String,
        /// The expression.
        fhirpath: String,
    },
    /// The version of the target is one more than before.
    VersionIncremented,
    /// Every entry's response status matches a pattern.
    EntryStatuses {
        /// Pattern.
        regex: String,
    },
    /// Number of entries.
    EntryCount {
        /// Expected number.
        value: usize,
    },
    /// Checks that apply to one status.
    IfStatus {
        /// The status.
        status: u16,
        /// The checks.
        then: Vec<Check>,
    },
    /// The export ends and holds the set.
    ExportCompletes {
        /// Types delivered.
        types: Vec<String>,
        /// The set in words.
        set: String,
    },
    /// Text for a person.
    Note {
        /// The text.
        #[serde(alias = "value")]
        text: String,
    },
}

/// Direction of an order.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Ascending.
    Asc,
    /// Descending.
    Desc,
}

/// What the server does not offer yet, by feature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Feature name, such as `write`.
    pub feature: String,
    /// Why it is missing, for `docs/conformance.md`.
    pub reason: String,
    /// Ids of the entries that do not pass because of it.
    pub entries: Vec<String>,
}

/// A request ready to send.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path and query under the base, percent-encoded.
    pub path_and_query: String,
    /// Body.
    pub body: Option<String>,
}

impl Scenario {
    /// The request with its placeholders filled in.
    ///
    /// # Errors
    /// When a placeholder has no value or the body file is missing.
    pub fn request(&self, vars: &Vars) -> Result<Request, String> {
        let fill_in = |text: &str, escape: fn(&str) -> String| substitute(text, vars, escape);
        let path_and_query = if self.query_encoded {
            let query = fill_in(&self.query, percent_encode_value)?;
            join(&fill_in(&self.path, str::to_owned)?, &query)
        } else {
            let query = fill_in(&self.query, str::to_owned)?;
            percent_encode(&join(&fill_in(&self.path, str::to_owned)?, &query))
        };
        let body = match &self.body_file {
            None => None,
            Some(name) => {
                let path = scenarios_folder().join("bodies").join(name);
                let text =
                    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                Some(fill_in(&text, json_escape)?)
            }
        };
        Ok(Request { method: self.method.clone(), path_and_query, body })
    }

    /// The searched type: the first part of the path.
    pub fn searched_type(&self) -> &str {
        self.path.trim_start_matches('/').split(['/', '%']).next().unwrap_or_default()
    }

    /// The name of the use case without its title, such as `UC3`.
    pub fn use_case_number(&self) -> &str {
        self.use_case.split(' ').next().unwrap_or_default()
    }
}

/// `tests/scenarios`.
pub fn scenarios_folder() -> PathBuf {
    repository().join("tests/scenarios")
}

/// Reads a JSON file of `tests/scenarios`.
pub fn read_json<T: DeserializeOwned>(name: &str) -> T {
    let path = scenarios_folder().join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces every `{NAME}` (upper case, digits, underscore) by its value.
///
/// # Errors
/// When a placeholder has no value.
pub fn substitute(text: &str, vars: &Vars, escape: fn(&str) -> String) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let name_len =
            after.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        match name_len {
            Some(len) if len > 0 && after[len..].starts_with('}') => {
                let name = &after[..len];
                let value =
                    vars.get(name).ok_or_else(|| format!("placeholder {{{name}}} has no value"))?;
                filled.push_str(&escape(value));
                rest = &after[len + 1..];
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn join(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn json_escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Percent-encodes what may not stand in a request line, leaving the structure of the query.
pub fn percent_encode(text: &str) -> String {
    encode_except(text, b"-._~/?&=:,;!$'()*@[]")
}

/// Percent-encodes one value, separators included.
pub fn percent_encode_value(text: &str) -> String {
    encode_except(text, b"-._~")
}

fn encode_except(text: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Decodes `%XX` and `+`.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        if let Some(byte) = hex {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        let vars = Vars::from([("A_1".to_owned(), "x\"y".to_owned())]);
        let rows = [("{A_1}-{A_1}", "x\"y-x\"y"), ("{a} {", "{a} {"), ("{\"b\":1}", "{\"b\":1}")];
        for (text, expected) in rows {
            assert_eq!(substitute(text, &vars, str::to_owned).unwrap(), expected);
        }
        assert_eq!(substitute("\"{A_1}\"", &vars, json_escape).unwrap(), "\"x\\\"y\"");
        assert!(substitute("{ABSENT}", &vars, str::to_owned).unwrap_err().contains("ABSENT"));
    }

    #[test]
    fn percent_encoding() {
        assert_eq!(percent_encode("/L?a=b|c é&d=\"e\""), "/L?a=b%7Cc%20%C3%A9&d=%22e%22");
        assert_eq!(percent_encode("a=1+2"), "a=1%2B2");
        assert_eq!(percent_decode("b%7Cc%20%C3%A9+x%"), "b|c é x%");
    }

    #[test]
    fn catalogue_is_complete_and_readable() {
        let scenarios: Vec<Scenario> = read_json("scenarios.json");
        assert_eq!(scenarios.len(), 167);
        let pending: Vec<Pending> = read_json("pending.json");
        for id in pending.iter().flat_map(|pending| &pending.entries) {
            assert!(scenarios.iter().any(|scenario| scenario.id == *id), "unknown entry {id}");
        }
    }
}
