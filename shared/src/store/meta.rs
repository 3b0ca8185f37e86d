//! The `meta` of a stored document: `versionId` and `lastUpdated` are ours, every other byte of every
//! value is the source's.
//!
//! A document is read once into a [`Prepared`], which knows its content digest before a version is
//! known; the version and instant are then spliced in by copying. Nothing else is changed but white
//! space outside strings, and the order of the first members: `resourceType`, `id`, `meta`, the rest
//! as in the source. Not here: validation.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::scan;
use crate::fhir::{ResourceType, UnknownResourceType, is_valid_id};

/// The 128 bits that tell whether two documents have the same content, `meta.versionId` and
/// `meta.lastUpdated` aside.
pub type Digest = [u8; 16];

/// A document that has no identity, or no place for its `meta`.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    /// Not JSON, or not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
    /// No `resourceType`.
    #[error("the document has no resourceType")]
    MissingType,
    /// A `resourceType` the directory does not hold.
    #[error(transparent)]
    UnknownType(#[from] UnknownResourceType),
    /// No `id`, or one that is not a FHIR id.
    #[error("the document has no valid id (1 to 64 of A-Z a-z 0-9 - .)")]
    InvalidId,
}

/// A document ready to be stored, but for its version and instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    resource_type: ResourceType,
    id: String,
    source_updated: Option<SourceInstant>,
    digest: Digest,
    /// The whole document, with a `meta` that lacks `versionId` and `lastUpdated`.
    bytes: Vec<u8>,
    /// Position just after `"meta":{`.
    meta_at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SourceInstant {
    ms: i64,
    text: String,
}

impl Prepared {
    /// Reads a document. With `id`, that id replaces the source's (a create gets its id from us).
    ///
    /// # Errors
    /// [`MetaError`]; never for anything beyond the top level and `meta`.
    pub fn read(source: &[u8], id: Option<&str>) -> Result<Self, MetaError> {
        let Members(members) = serde_json::from_slice(source)?;
        let find = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let text = |name: &str| {
            find(name).and_then(|v| serde_json::from_str::<Cow<'_, str>>(v.get()).ok())
        };
        let resource_type: ResourceType =
            text("resourceType").ok_or(MetaError::MissingType)?.parse()?;
        let id = match id {
            Some(id) => id.to_owned(),
            None => text("id").ok_or(MetaError::InvalidId)?.into_owned(),
        };
        if !is_valid_id(&id) {
            return Err(MetaError::InvalidId);
        }
        let Members(meta) = match find("meta") {
            Some(raw) => serde_json::from_str(raw.get())?,
            None => Members(Vec::new()),
        };
        let source_updated = meta
            .iter()
            .find(|(name, _)| name == "lastUpdated")
            .and_then(|(_, value)| SourceInstant::read(value));

        let mut bytes = Vec::with_capacity(source.len() + 16);
        let meta_at = push_head(&mut bytes, resource_type, &id);
        for (name, value) in &meta {
            if name != "versionId" && name != "lastUpdated" {
                push_member(&mut bytes, name, value);
            }
        }
        bytes.push(b'}');
        for (name, value) in &members {
            if !matches!(name.as_ref(), "resourceType" | "id" | "meta") {
                push_member(&mut bytes, name, value);
            }
        }
        bytes.push(b'}');
        let digest = digest(&bytes);
        Ok(Self { resource_type, id, source_updated, digest, bytes, meta_at })
    }

    /// The same as [`Self::read`] of a document that was parsed already: `document` is what `source` says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_parsed(source: &[u8], document: &Value) -> Result<Self, MetaError> {
        match Self::spliced(source, document) {
            Some(prepared) => Ok(prepared),
            // What is wrong with it, or unusual, is the other's to say.
            None => Self::read(source, None),
        }
    }

    /// `None` when the document is not of the usual form, or not acceptable.
    fn spliced(source: &[u8], document: &Value) -> Option<Self> {
        let resource_type: ResourceType = document.get("resourceType")?.as_str()?.parse().ok()?;
        let id = document.get("id")?.as_str().filter(|id| is_valid_id(id))?.to_owned();
        let updated = match document.get("meta") {
            Some(Value::Object(meta)) => meta.get("lastUpdated").and_then(Value::as_str),
            None => None,
            Some(_) => return None,
        };
        let mut bytes = Vec::with_capacity(source.len() + 16);
        let meta_at = push_head(&mut bytes, resource_type, &id);
        let mut rest = Vec::with_capacity(source.len());
        let mut is_usual = true;
        scan::members(source, &mut |name, value| match name {
            b"\"resourceType\"" | b"\"id\"" => {}
            b"\"meta\"" => {
                let meta = scan::members(value.written(), &mut |name, value| {
                    is_usual &= !name.contains(&b'\\');
                    if !matches!(name, b"\"versionId\"" | b"\"lastUpdated\"") {
                        push_written_member(&mut bytes, name, value);
                    }
                });
                is_usual &= meta.is_some();
            }
            _ => {
                is_usual &= !name.contains(&b'\\');
                push_written_member(&mut rest, name, value);
            }
        })?;
        if !is_usual {
            return None;
        }
        bytes.push(b'}');
        bytes.extend_from_slice(&rest);
        bytes.push(b'}');
        let source_updated = updated.and_then(SourceInstant::of_text);
        let digest = digest(&bytes);
        Some(Self { resource_type, id, source_updated, digest, bytes, meta_at })
    }

    /// The document's type.
    pub fn resource_type(&self) -> ResourceType {
        self.resource_type
    }

    /// The document's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The digest of the content.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The minified document without version and instant: what the digest is of.
    pub fn content(&self) -> &[u8] {
        &self.bytes
    }

    /// The source's `meta.lastUpdated` in milliseconds since 1970, when it has a readable one.
    pub fn source_updated_ms(&self) -> Option<i64> {
        self.source_updated.as_ref().map(|instant| instant.ms)
    }

    /// The instant a load gives this document: the source's, but never a future one; `now_ms` when absent.
    pub fn load_instant_ms(&self, now_ms: i64) -> i64 {
        self.source_updated_ms().filter(|ms| *ms <= now_ms).unwrap_or(now_ms)
    }

    /// The document as it is stored: minified JSON with its version and instant.
    ///
    /// The source's own writing of the instant is kept when it is the same instant; otherwise it is
    /// written in UTC with milliseconds.
    pub fn with_meta(&self, version: u32, last_updated_ms: i64) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 80);
        let (head, tail) = self.bytes.split_at(self.meta_at);
        out.extend_from_slice(head);
        let _ = write!(out, "\"versionId\":\"{version}\",\"lastUpdated\":\"");
        match &self.source_updated {
            Some(instant) if instant.ms == last_updated_ms => {
                out.extend_from_slice(instant.text.as_bytes());
            }
            _ => out.extend_from_slice(format_instant(last_updated_ms).as_bytes()),
        }
        out.push(b'"');
        if tail.first() != Some(&b'}') {
            out.push(b',');
        }
        out.extend_from_slice(tail);
        out
    }
}

impl SourceInstant {
    fn read(value: &RawValue) -> Option<Self> {
        Self::of_text(&serde_json::from_str::<Cow<'_, str>>(value.get()).ok()?)
    }

    fn of_text(text: &str) -> Option<Self> {
        let instant: Timestamp = text.parse().ok()?;
        // Only plain text is copied back; what needs escapes would not have parsed as an instant.
        Some(Self { ms: instant.as_millisecond(), text: text.to_owned() })
    }
}

/// `source` with this `meta.versionId` and `meta.lastUpdated`; see [`Prepared::with_meta`].
///
/// # Errors
/// As [`Prepared::read`].
pub fn splice_meta(
    source: &[u8],
    version: u32,
    last_updated_ms: i64,
) -> Result<Vec<u8>, MetaError> {
    Ok(Prepared::read(source, None)?.with_meta(version, last_updated_ms))
}

/// A FHIR `instant` in UTC with milliseconds: `2024-06-19T15:22:45.120Z`.
pub fn format_instant(ms: i64) -> String {
    let instant = Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    format!("{instant:.3}")
}

/// The first 128 bits of the BLAKE3 hash.
fn digest(bytes: &[u8]) -> Digest {
    let hash = blake3::hash(bytes);
    let mut digest = Digest::default();
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    digest
}

/// Writes the first members of a document, up to those of `meta`. Returns where these begin.
fn push_head(out: &mut Vec<u8>, resource_type: ResourceType, id: &str) -> usize {
    // A valid id needs no escapes, and neither does one of our type names.
    let _ = write!(out, "{{\"resourceType\":\"{resource_type}\",\"id\":\"{id}\",\"meta\":{{");
    out.len()
}

/// The same as [`push_member`] for a name as it is written, without escapes.
fn push_written_member(out: &mut Vec<u8>, name: &[u8], value: scan::Minified<'_>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(name);
    out.push(b':');
    value.push(out);
}

fn push_member(out: &mut Vec<u8>, name: &str, value: &RawValue) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name).expect("a string always serializes into memory");
    out.push(b':');
    push_minified(out, value.get().as_bytes());
}

/// Copies valid JSON without the white space outside strings.
fn push_minified(out: &mut Vec<u8>, json: &[u8]) {
    let mut rest = json;
    while let Some(quote) = memchr::memchr(b'"', rest) {
        out.extend(rest[..quote].iter().filter(|b| !b.is_ascii_whitespace()));
        let string_len = string_len(&rest[quote..]);
        out.extend_from_slice(&rest[quote..quote + string_len]);
        rest = &rest[quote + string_len..];
    }
    out.extend(rest.iter().filter(|b| !b.is_ascii_whitespace()));
}

/// The length of the JSON string literal at the start of `json`, both quotes included.
fn string_len(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &json[at..]) {
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    // Valid JSON closes its strings.
    json.len()
}

/// The members of an object in source order, values untouched.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const UPDATED_MS: i64 = 1_718_810_565_120;

    fn spliced(source: &str) -> String {
        String::from_utf8(splice_meta(source.as_bytes(), 3, UPDATED_MS).unwrap()).unwrap()
    }

    #[test]
    fn splices() {
        let ours = "\"versionId\":\"3\",\"lastUpdated\":\"2024-06-19T15:22:45.120Z\"";
        let rows = [
            // No meta at all; members come into their order, values keep theirs.
            (
                r#"{ "id":"a", "name" : "x  y\" z ", "resourceType":"Task" }"#,
                format!(
                    r#"{{"resourceType":"Task","id":"a","meta":{{{ours}}},"name":"x  y\" z "}}"#
                ),
            ),
            // Empty meta.
            (
                r#"{"resourceType":"Task","id":"a","meta":{ }}"#,
                format!(r#"{{"resourceType":"Task","id":"a","meta":{{{ours}}}}}"#),
            ),
            // Other members of meta stay, ours are replaced wherever they stood.
            (
                "{\"resourceType\":\"Task\",\"id\":\"a\",\"meta\":{\"profile\":[ \"p\" ],\n\"versionId\":\"9\",\"source\":\"s\",\"lastUpdated\":\"2001-01-01T00:00:00Z\"},\"z\":[1.50, 1e3,\ttrue ]}",
                format!(
                    r#"{{"resourceType":"Task","id":"a","meta":{{{ours},"profile":["p"],"source":"s"}},"z":[1.50,1e3,true]}}"#
                ),
            ),
            // Escapes, the last character of a string, unusual member names.
            (
                r#"{"resourceType":"Task","id":"a","a\"b":"\\","c":{"d e" : "\u00e9 \\\" {"}}"#,
                format!(
                    r#"{{"resourceType":"Task","id":"a","meta":{{{ours}}},"a\"b":"\\","c":{{"d e":"\u00e9 \\\" {{"}}}}"#
                ),
            ),
        ];
        for (source, expected) in rows {
            assert_eq!(spliced(source), expected);
        }
    }

    #[test]
    fn splicing_twice_changes_nothing_else() {
        let once =
            spliced(r#"{"resourceType":"Task","id":"a","status":"draft","meta":{"tag":[]}}"#);
        assert_eq!(spliced(&once), once);
    }

    #[test]
    fn the_source_instant_keeps_its_writing() {
        let source = r#"{"resourceType":"Task","id":"a","meta":{"lastUpdated":"2024-06-19T17:22:45.12+02:00"}}"#;
        assert!(spliced(source).contains("\"2024-06-19T17:22:45.12+02:00\""));
        let prepared = Prepared::read(source.as_bytes(), None).unwrap();
        assert_eq!(prepared.load_instant_ms(UPDATED_MS + 1), UPDATED_MS);
        assert_eq!(prepared.load_instant_ms(UPDATED_MS - 1), UPDATED_MS - 1, "never a future one");
        let later = prepared.with_meta(1, 0);
        assert!(String::from_utf8(later).unwrap().contains("\"1970-01-01T00:00:00.000Z\""));
    }

    #[test]
    fn the_digest_ignores_version_instant_and_white_space_only() {
        let digest = |s: &str| Prepared::read(s.as_bytes(), None).unwrap().digest();
        let base = digest(r#"{"resourceType":"Task","id":"a","status":"draft"}"#);
        let same = r#"{"resourceType":"Task", "id":"a","meta":{"versionId":"7","lastUpdated":"2001-01-01T00:00:00Z"}, "status":"draft"}"#;
        assert_eq!(digest(same), base);
        for other in [
            r#"{"resourceType":"Task","id":"a","status":"draft "}"#,
            r#"{"resourceType":"Task","id":"a","meta":{"source":"s"},"status":"draft"}"#,
        ] {
            assert_ne!(digest(other), base);
        }
    }

    #[test]
    fn a_given_id_replaces_the_source_id() {
        let prepared =
            Prepared::read(br#"{"resourceType":"Task","id":"not valid!"}"#, Some("new-1")).unwrap();
        assert_eq!(prepared.id(), "new-1");
        let document = String::from_utf8(prepared.with_meta(1, 0)).unwrap();
        assert!(document.starts_with(r#"{"resourceType":"Task","id":"new-1","meta""#));
        assert!(!document.contains("not valid"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~é\\\\\"{}\\[\\]:,]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::from),
                vec(("[a-z\"\\\\ ]{0,3}", inner), 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_parsed_document_is_the_same(
            members in vec(("[a-z\"\\\\ ]{1,3}|meta|id|resourceType", any_json()), 0..5),
            meta in prop_oneof![
                Just(None),
                any_json().prop_map(Some),
                vec(("source|versionId|lastUpdated|tag", any_json()), 0..4)
                    .prop_map(|meta| Some(Value::Object(meta.into_iter().collect()))),
                "2024-0[1-9]-01T00:00:00(Z|\\+02:00)".prop_map(|at| Some(json!({"lastUpdated": at}))),
            ],
            is_pretty in any::<bool>(),
        ) {
            let mut document: serde_json::Map<String, Value> = members.into_iter().collect();
            document.entry("resourceType").or_insert("Task".into());
            document.entry("id").or_insert("a-1".into());
            document.extend(meta.map(|meta| ("meta".to_owned(), meta)));
            let document = Value::Object(document);
            let mut source =
                if is_pretty { format!("{document:#}\n") } else { document.to_string() };
            // The same names, written otherwise.
            source = source.replacen("\"me", "\"\\u006de", usize::from(is_pretty));
            let (bytes, other) = (source.as_bytes(), Prepared::of_parsed(source.as_bytes(), &document));
            match (Prepared::read(bytes, None), other) {
                (Ok(read), Ok(parsed)) => prop_assert_eq!(read, parsed),
                (Err(read), Err(parsed)) => prop_assert_eq!(read.to_string(), parsed.to_string()),
                (read, parsed) => prop_assert!(false, "{source}: {read:?} {parsed:?}"),
            }
        }
    }

    #[test]
    fn refuses_what_has_no_identity() {
        for source in [
            "",
            "[]",
            "{",
            r#"{"id":"a"}"#,
            r#"{"resourceType":"Patient","id":"a"}"#,
            r#"{"resourceType":"Task"}"#,
            r#"{"resourceType":"Task","id":"a b"}"#,
            r#"{"resourceType":"Task","id":7}"#,
            r#"{"resourceType":"Task","id":"a","meta":[]}"#,
        ] {
            assert!(Prepared::read(source.as_bytes(), None).is_err(), "{source}");
        }
    }
}
