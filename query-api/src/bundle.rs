//! Hits → searchset, by splicing: documents go from the arena straight into the answer and are not
//! parsed on the plain path. Only a subset (`_elements`, `_summary`) looks inside them, and then only
//! at the names on their top level.
//!
//! Nothing here knows HTTP, parses a request or decides what matches.

mod annotation;
mod entry;
pub(crate) mod links;
pub(crate) mod pretty;
pub(crate) mod subset;
pub(crate) mod versions;

use std::time::Instant;

use shared::error::Issue;

use crate::execute::Hits;
use annotation::Annotations;
use entry::Mode;
pub(crate) use entry::write_outcome;
use subset::Subset;

/// What a searchset is made of, besides the documents.
#[derive(Debug)]
pub(crate) struct Searchset<'a> {
    /// URL of the FHIR base, without a slash at the end; `fullUrl` starts with it.
    pub(crate) base_url: &'a str,
    /// What now is, in milliseconds since 1970 UTC: ages are measured from it.
    pub(crate) now_ms: i64,
    /// The address of this page.
    pub(crate) self_url: &'a str,
    /// The address of the next page, when there is one.
    pub(crate) next_url: Option<&'a str>,
    /// What was found.
    pub(crate) hits: &'a Hits,
    /// What the caller should know; those of the hits are added.
    pub(crate) issues: &'a [Issue],
    /// How much of each match is shown.
    pub(crate) matches: &'a Subset,
    /// How much of each included resource is shown.
    pub(crate) included: &'a Subset,
}

/// A typical document, to reserve the answer's memory once.
const DOCUMENT_BYTES: usize = 4096;

/// Writes a searchset Bundle as JSON in one line.
///
/// `read` appends the JSON of a hit's document to the buffer. Entries are the matches in order, the
/// included resources, and an `OperationOutcome` when there is something to say.
///
/// # Errors
/// Those of `read`, and of a stored document that is not a JSON object.
pub(crate) fn searchset<E: From<subset::NotAnObject>>(
    page: &Searchset<'_>,
    mut read: impl FnMut(shared::index::DocumentAddress, &mut Vec<u8>) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let hits = page.hits;
    let resources = hits.matches.len() + hits.included.len();
    let mut out = Vec::with_capacity(1024 + resources * DOCUMENT_BYTES);
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"searchset""#);
    if let Some(total) = hits.total {
        out.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
    }
    out.extend_from_slice(br#","link":[{"relation":"self","url":"#);
    entry::string(&mut out, page.self_url);
    if let Some(next) = page.next_url {
        out.extend_from_slice(br#"},{"relation":"next","url":"#);
        entry::string(&mut out, next);
    }
    out.extend_from_slice(b"}]");

    let start = hits.explanation.is_some().then(Instant::now);
    let mut annotations = Annotations::new(page.base_url, page.now_ms);
    let mut separator: &[u8] = br#","entry":["#;
    let groups = [
        (&hits.matches, Mode::Match, page.matches),
        (&hits.included, Mode::Include, page.included),
    ];
    for (group, mode, subset) in groups {
        for hit in group {
            out.extend_from_slice(separator);
            separator = b",";
            entry::start(&mut out, page.base_url, hit);
            let document = out.len();
            read(hit.document, &mut out)?;
            subset.apply(&mut out, document, hit.resource_type)?;
            entry::begin_search(&mut out);
            annotations.write(&mut out, hit, &mut read)?;
            entry::finish(&mut out, mode, hit);
        }
    }
    let told = hits.explanation.as_ref().zip(start);
    let told = told.map(|(explanation, start)| explanation.issue(resources, start.elapsed()));
    let issues: Vec<&Issue> = page.issues.iter().chain(&told).chain(&hits.issues).collect();
    if !issues.is_empty() {
        out.extend_from_slice(separator);
        separator = b",";
        entry::outcome(&mut out, &issues, |out| annotations.sort_missing(out, &hits.sort_missing));
    }
    if separator == b"," {
        out.push(b']');
    }
    out.push(b'}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::subset::{NotAnObject, Subset};
    use super::{Searchset, searchset};
    use crate::execute::{Hit, Hits};
    use serde_json::{Value, json};
    use shared::error::{Issue, IssueType};
    use shared::fhir::ResourceType;
    use shared::index::DocumentAddress;

    const DOCUMENTS: [&str; 2] = [
        r#"{"resourceType":"Location","id":"a","meta":{"versionId":"1"},"name":"Été","x":1.00}"#,
        r#"{"resourceType":"Organization","id":"b","name":"B"}"#,
    ];

    fn hit(resource_type: ResourceType, id: &str, offset: u64) -> Hit {
        let document = DocumentAddress { generation: 0, offset };
        Hit {
            resource_type,
            id: id.into(),
            document,
            score: None,
            distance_m: None,
            approximate: false,
            records: Vec::new(),
        }
    }

    fn write(hits: &Hits, issues: &[Issue], subset: &Subset) -> String {
        let page = Searchset {
            base_url: "https://ror.example/fhir",
            now_ms: 0,
            self_url: "https://ror.example/fhir/Location?name=%C3%A9",
            next_url: Some("https://ror.example/fhir/Location?_page=t"),
            hits,
            issues,
            matches: subset,
            included: &Subset::All,
        };
        let read = |address: DocumentAddress, out: &mut Vec<u8>| {
            out.extend_from_slice(DOCUMENTS[address.offset as usize].as_bytes());
            Ok::<(), NotAnObject>(())
        };
        String::from_utf8(searchset(&page, read).unwrap()).unwrap()
    }

    #[test]
    fn splices_documents_unchanged() {
        let mut hits = Hits { total: Some(7), ..Hits::default() };
        hits.matches.push(hit(ResourceType::Location, "a", 0));
        hits.matches[0].score = Some(0.5);
        hits.matches[0].distance_m = Some(12_345.678);
        hits.included.push(hit(ResourceType::Organization, "b", 1));
        hits.issues.push(Issue::information(IssueType::Informational, "say \"hello\""));
        let warning = Issue::warning(IssueType::NotSupported, "unknown").at("speciality");
        let text = write(&hits, &[warning], &Subset::All);
        assert!(DOCUMENTS.iter().all(|document| text.contains(document)), "{text}");
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle["total"], 7);
        assert_eq!(bundle["link"][0]["relation"], "self");
        assert_eq!(bundle["link"][1]["url"], "https://ror.example/fhir/Location?_page=t");
        let entries = bundle["entry"].as_array().unwrap();
        assert_eq!(entries[0]["fullUrl"], "https://ror.example/fhir/Location/a");
        assert_eq!(
            entries[0]["search"],
            json!({
                "extension": [{
                    "url": "http://hl7.org/fhir/StructureDefinition/location-distance",
                    "valueDistance": {
                        "value": 12.346,
                        "unit": "km",
                        "system": "http://unitsofmeasure.org",
                        "code": "km",
                    },
                }],
                "mode": "match",
                "score": 0.5,
            })
        );
        assert_eq!(entries[1]["search"], json!({"mode": "include"}));
        assert_eq!(entries[2]["search"], json!({"mode": "outcome"}));
        let issues = entries[2]["resource"]["issue"].as_array().unwrap();
        assert_eq!(issues[0]["expression"], json!(["speciality"]));
        assert_eq!(issues[1]["diagnostics"], "say \"hello\"");
    }

    #[test]
    fn an_empty_page_has_no_entry() {
        let bundle: Value =
            serde_json::from_str(&write(&Hits::default(), &[], &Subset::All)).unwrap();
        assert!(bundle.get("entry").is_none());
        assert!(bundle.get("total").is_none());
    }

    #[test]
    fn only_matches_are_trimmed() {
        let mut hits = Hits::default();
        hits.matches.push(hit(ResourceType::Location, "a", 0));
        hits.included.push(hit(ResourceType::Organization, "b", 1));
        let text = write(&hits, &[], &Subset::Elements(vec!["x".into()]));
        assert!(text.contains(r#""x":1.00"#) && !text.contains("Été"), "{text}");
        assert!(text.contains(DOCUMENTS[1]), "{text}");
        assert_eq!(text.matches("SUBSETTED").count(), 1);
    }
}
