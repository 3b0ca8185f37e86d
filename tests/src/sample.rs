//! The shipped sample as plain documents, with references resolved the naive way.
//!
//! Resolution follows reading rule T8: a reference that holds only a type and an identifier counts as
//! a reference to the one resource of that type which carries the identifier. A canonical URL is
//! resolved by `url`. Nothing is indexed; the sample is small and the oracle must stay obvious.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// Type and id of a resource, such as `("Location", "l-1")`; ordered by type, then id.
pub type Key = (String, String);

/// All documents of the sample.
pub struct Sample {
    documents: BTreeMap<Key, Value>,
    by_identifier: HashMap<(String, String), Vec<Key>>,
    by_url: HashMap<String, Key>,
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

/// The folder of the shipped sample.
pub fn sample_folder() -> PathBuf {
    repository().join("index-data/sample")
}

/// The sample's files, sorted by name.
pub fn sample_files() -> Vec<PathBuf> {
    let folder = sample_folder();
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.to_string_lossy().ends_with(".ndjson.zst"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no *.ndjson.zst in {}", folder.display());
    files
}

/// The decompressed bytes of one sample file.
pub fn decompressed(path: &Path) -> Vec<u8> {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    zstd::decode_all(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sample, read once per test process.
pub fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let mut documents = Vec::new();
        for path in sample_files() {
            for (index, line) in decompressed(&path).split(|byte| *byte == b'\n').enumerate() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let document = serde_json::from_slice(line).unwrap_or_else(|error| {
                    panic!("{} line {}: {error}", path.display(), index + 1)
                });
                documents.push(document);
            }
        }
        Sample::new(documents)
    })
}

/// The key of a document by its own `resourceType` and `id`.
pub fn key_of(document: &Value) -> Option<Key> {
    Some((document["resourceType"].as_str()?.to_owned(), document["id"].as_str()?.to_owned()))
}

/// `value` as a list: the items of an array, nothing for null, otherwise the value itself.
pub fn items(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    }
}

impl Sample {
    /// Takes the documents; the last of two with one key wins, as in a load.
    pub fn new(all: Vec<Value>) -> Self {
        let documents: BTreeMap<Key, Value> = all
            .into_iter()
            .map(|document| (key_of(&document).expect("a resource has type and id"), document))
            .collect();
        let mut by_identifier: HashMap<(String, String), Vec<Key>> = HashMap::new();
        let mut by_url = HashMap::new();
        for (key, document) in &documents {
            for identifier in items(&document["identifier"]) {
                if let Some(value) = identifier["value"].as_str() {
                    let entry = by_identifier.entry((key.0.clone(), value.to_owned())).or_default();
                    if !entry.contains(key) {
                        entry.push(key.clone());
                    }
                }
            }
            if let Some(url) = document["url"].as_str() {
                by_url.insert(url.to_owned(), key.clone());
            }
        }
        Sample { documents, by_identifier, by_url }
    }

    /// The document of a key.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.documents.get(key)
    }

    /// All documents of one type, by id.
    pub fn of_type<'a>(
        &'a self,
        resource_type: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        self.documents.iter().filter(move |(key, _)| key.0 == resource_type)
    }

    /// How many documents there are of all types.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no document at all.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The ids of one type, ascending.
    pub fn ids(&self, resource_type: &str) -> Vec<String> {
        self.of_type(resource_type).map(|(key, _)| key.1.clone()).collect()
    }

    /// The resource a Reference (object) or canonical (string) leads to, if it is in the sample.
    pub fn resolve(&self, reference: &Value) -> Option<Key> {
        if let Some(canonical) = reference.as_str() {
            let url = canonical.split('|').next().unwrap_or_default();
            return self.by_url.get(url).cloned().or_else(|| self.literal(canonical));
        }
        if let Some(literal) = reference["reference"].as_str() {
            return self.literal(literal);
        }
        self.logical(reference)
    }

    fn literal(&self, reference: &str) -> Option<Key> {
        let reference = reference.split("/_history/").next().unwrap_or_default();
        let (rest, id) = reference.rsplit_once('/')?;
        let resource_type = rest.rsplit('/').next().unwrap_or(rest);
        let key = (resource_type.to_owned(), id.to_owned());
        self.documents.contains_key(&key).then_some(key)
    }

    fn logical(&self, reference: &Value) -> Option<Key> {
        let resource_type = reference["type"].as_str()?;
        let value = reference["identifier"]["value"].as_str()?;
        let system = reference["identifier"]["system"].as_str();
        let bearers = self.by_identifier.get(&(resource_type.to_owned(), value.to_owned()))?;
        let mut fitting = bearers.iter().filter(|key| {
            system.is_none()
                || items(&self.documents[*key]["identifier"]).iter().any(|identifier| {
                    identifier["value"].as_str() == Some(value)
                        && identifier["system"].as_str() == system
                })
        });
        let only = fitting.next()?;
        fitting.next().is_none().then(|| only.clone())
    }

    /// The resources of `document` at the element `element` (a reference, a canonical or a list).
    pub fn targets(&self, document: &Value, element: &str) -> Vec<Key> {
        items(&document[element]).iter().filter_map(|reference| self.resolve(reference)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references() {
        let sample = Sample::new(vec![
            json!({"resourceType": "Organization", "id": "o", "identifier": [{"system": "s", "value": "1"}]}),
            json!({"resourceType": "Organization", "id": "p", "identifier": [{"system": "t", "value": "1"}]}),
            json!({"resourceType": "Measure", "id": "m", "url": "https://example.org/m"}),
        ]);
        let rows = [
            (json!({"reference": "Organization/o"}), Some("o")),
            (json!({"reference": "https://example.org/fhir/Organization/o/_history/2"}), Some("o")),
            (json!({"reference": "Organization/absent"}), None),
            (
                json!({"type": "Organization", "identifier": {"system": "t", "value": "1"}}),
                Some("p"),
            ),
            (json!({"type": "Organization", "identifier": {"value": "1"}}), None),
            (json!({"identifier": {"value": "1"}}), None),
            (json!("https://example.org/m|1.0"), Some("m")),
        ];
        for (reference, expected) in rows {
            let found = sample.resolve(&reference).map(|key| key.1);
            assert_eq!(found.as_deref(), expected, "{reference}");
        }
    }
}
