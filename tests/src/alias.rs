//! Spellings of code systems, read from the oracle's table (`tests/oracle/aliases.json`).

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::sample::repository;

const NOS: &str = "https://mos.esante.gouv.fr/NOS/";

#[derive(Deserialize)]
struct Table {
    names: BTreeMap<String, String>,
    urls: BTreeMap<String, String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let text = fs::read_to_string(repository().join("tests/oracle/aliases.json"))
            .expect("the oracle's table of spellings");
        serde_json::from_str(&text).expect("the table has names and urls")
    })
}

/// The canonical URL of a code system; any text that is no known spelling stays as it is.
pub fn canonical(url: &str) -> String {
    let table = table();
    if let Some(direct) = table.urls.get(url).or_else(|| table.urls.get(url.trim_end_matches('/')))
    {
        return direct.clone();
    }
    let Some(rest) = url.strip_prefix(NOS) else { return url.to_owned() };
    let name = rest.split('/').next().unwrap_or_default();
    let name = table.names.get(name).map_or(name, String::as_str);
    let built = format!("{NOS}{name}/FHIR/{}", name.replacen('_', "-", 1));
    table.urls.get(&built).cloned().unwrap_or(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let right = format!("{NOS}TRE_R66-X/FHIR/TRE-R66-X");
        for variant in ["TRE_R66-X/FHIR/TRE_R66-X", "TRE_R66-X/FHIR/TRE-R66-X", "TRE_R66-X"] {
            assert_eq!(canonical(&format!("{NOS}{variant}")), right);
        }
        assert_eq!(canonical("https://unitsofmeasure.org"), "http://unitsofmeasure.org");
        assert_eq!(canonical("urn:x"), "urn:x");
    }
}
