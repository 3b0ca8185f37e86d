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
use shared::index::DocumentAddress;
use shared::parallel;

use crate::execute::{Hit, Hits};
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

/// Up to so many entries are written by one thread: to hand half of them over costs as much as writing
/// a few. Tests have small pages.
const ENTRIES_MIN: usize = if cfg!(test) { 2 } else { 32 };

/// Writes a searchset Bundle as JSON in one line.
///
/// `read` appends the JSON of a hit's document to the buffer. Entries are the matches in order, the
/// included resources, and an `OperationOutcome` when there is something to say.
///
/// # Errors
/// Those of `read`, and of a stored document that is not a JSON object.
pub(crate) fn searchset<E: From<subset::NotAnObject> + Send>(
    page: &Searchset<'_>,
    read: impl Fn(DocumentAddress, &mut Vec<u8>) -> Result<(), E> + Sync,
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
    let mut written = Vec::with_capacity(resources);
    written.extend(hits.matches.iter().map(|hit| (hit, Mode::Match, page.matches)));
    written.extend(hits.included.iter().map(|hit| (hit, Mode::Include, page.included)));
    let head = out.len();
    out.extend_from_slice(ENTRIES);
    if resources <= ENTRIES_MIN {
        entries(page, &written, &read, &mut out)?;
    } else {
        let (first, second) = written.split_at(resources / 2);
        let mut rest = Vec::with_capacity(second.len() * DOCUMENT_BYTES);
        let (done, rest_done) = parallel::join(
            || entries(page, first, &read, &mut out),
            || entries(page, second, &read, &mut rest),
        );
        done.and(rest_done)?;
        out.extend_from_slice(&rest);
    }
    let told = hits.explanation.as_ref().zip(start);
    let told = told.map(|(explanation, start)| explanation.issue(resources, start.elapsed()));
    let issues: Vec<&Issue> = page.issues.iter().chain(&told).chain(&hits.issues).collect();
    if !issues.is_empty() {
        let annotations = Annotations::new(page.base_url, page.now_ms);
        entry::separate(&mut out);
        entry::outcome(&mut out, &issues, |out| annotations.sort_missing(out, &hits.sort_missing));
    }
    if out.len() == head + ENTRIES.len() {
        out.truncate(head);
    } else {
        out.push(b']');
    }
    out.push(b'}');
    Ok(out)
}

/// What comes before the first entry.
const ENTRIES: &[u8] = br#","entry":["#;

/// Writes entries behind those that are there.
fn entries<E: From<subset::NotAnObject>>(
    page: &Searchset<'_>,
    hits: &[(&Hit, Mode, &Subset)],
    read: &impl Fn(DocumentAddress, &mut Vec<u8>) -> Result<(), E>,
    out: &mut Vec<u8>,
) -> Result<(), E> {
    let mut annotations = Annotations::new(page.base_url, page.now_ms);
    for (hit, mode, subset) in hits {
        entry::separate(out);
        entry::start(out, page.base_url, hit);
        let document = out.len();
        read(hit.document, out)?;
        annotations.learn(hit, &out[document..])?;
        subset.apply(out, document, hit.resource_type)?;
        entry::begin_search(out);
        annotations.write(out, hit, read)?;
        entry::finish(out, *mode, hit);
    }
    Ok(())
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
