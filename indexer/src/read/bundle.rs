//! A FHIR Bundle taken apart into its resources, byte for byte.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Bundle types whose entries are resources to load.
const LOADABLE: [&str; 4] = ["collection", "batch", "transaction", "searchset"];

/// What a JSON text turned out to be.
pub(super) enum Shape<'a> {
    /// A resource of its own, or nothing readable: validation will tell.
    Single,
    /// A Bundle: each entry, in order.
    Bundle(Vec<Entry<'a>>),
    /// A Bundle of a type that does not carry resources to load.
    Refused(String),
}

/// One entry of a Bundle.
pub(super) enum Entry<'a> {
    /// Its resource.
    Resource(&'a RawValue),
    /// An outcome the server added to a search: about the answer, not data.
    Outcome,
    /// An entry without a resource, as it stands, and why it cannot be loaded.
    Refused(&'a RawValue, String),
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<Request>,
    search: Option<Search>,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
}

#[derive(Deserialize)]
struct Search {
    mode: Option<String>,
}

/// Looks whether `json` is a Bundle, and takes it apart.
pub(super) fn shape(json: &[u8]) -> Shape<'_> {
    // Cheap first: most texts are single resources.
    if memchr::memmem::find(json, b"\"Bundle\"").is_none() {
        return Shape::Single;
    }
    let bundle: Bundle<'_> = match serde_json::from_slice(json) {
        Ok(bundle) => bundle,
        Err(_) => return Shape::Single,
    };
    if bundle.resource_type != "Bundle" {
        return Shape::Single;
    }
    match bundle.kind.as_deref() {
        Some(kind) if LOADABLE.contains(&kind) => {
            Shape::Bundle(bundle.entry.into_iter().map(entry).collect())
        }
        other => Shape::Refused(format!(
            "a Bundle of type {:?} cannot be loaded; loadable are {}",
            other.unwrap_or("(none)"),
            LOADABLE.join(", ")
        )),
    }
}

fn entry(raw: &RawValue) -> Entry<'_> {
    let entry: RawEntry<'_> = match serde_json::from_str(raw.get()) {
        Ok(entry) => entry,
        Err(error) => return Entry::Refused(raw, format!("not a Bundle entry: {error}")),
    };
    if entry.search.and_then(|search| search.mode).as_deref() == Some("outcome") {
        return Entry::Outcome;
    }
    match (entry.resource, entry.request.and_then(|request| request.method)) {
        (Some(resource), _) => Entry::Resource(resource),
        (None, Some(method)) => {
            Entry::Refused(raw, format!("a {method} entry without a resource cannot be loaded"))
        }
        (None, None) => Entry::Refused(raw, "a Bundle entry without a resource".to_owned()),
    }
}
