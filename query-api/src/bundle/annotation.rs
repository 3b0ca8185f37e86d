//! What an entry's `search` says besides mode and score: extensions, all written here.
//!
//! | URL | On | Says |
//! |---|---|---|
//! | `location-distance` (FHIR) | places, matches | how far the place is, or the nearest place of the match |
//! | `approximate-position` (ours) | places, matches | that distance is to the point of the commune |
//! | `matched-price`, `matched-capacity` (ours) | matches | a record that makes it match, or that it is sorted by |
//! | `matched-more` (ours) | matches | how many such records are left out |
//! | `sort-missing` (ours) | the outcome | how many matches have no record to be sorted by |
//!
//! Ours are defined under the directory's base URL; their shapes are in `docs/extensions.md`. The parts
//! of a record are copied as they are stored.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::extract::ROR_EXTENSION_BASE;
use shared::index::DocumentAddress;
use shared::param::date::DateRange;
use shared::registry::RecordKind;

use super::subset::NotAnObject;
use crate::execute::{Hit, NamedRecord};

/// Most records named beside one match.
const RECORDS_MAX: usize = 20;

/// Writes the extensions of entries; holds the records of documents it has read, because many offers
/// have one organization.
pub(super) struct Annotations<'a> {
    base_url: &'a str,
    now_ms: i64,
    documents: HashMap<DocumentAddress, Vec<Record>>,
}

/// A price or capacity of a document.
struct Record {
    kind: RecordKind,
    /// `Organization/1`.
    holder: String,
    /// Where it stands: `Organization.extension[3]`.
    path: String,
    /// Its parts, as they are stored: a JSON array.
    parts: Box<RawValue>,
    /// What is said of the parts, written once: many offers have one organization.
    written: OnceCell<Vec<u8>>,
}

impl<'a> Annotations<'a> {
    pub(super) fn new(base_url: &'a str, now_ms: i64) -> Self {
        Self { base_url, now_ms, documents: HashMap::new() }
    }

    /// Takes in the records of a hit's own document, when they will be named.
    ///
    /// # Errors
    /// When the document is not a resource.
    pub(super) fn learn(&mut self, hit: &Hit, json: &[u8]) -> Result<(), NotAnObject> {
        if hit.records.iter().any(|record| record.document == hit.document) {
            self.documents.insert(hit.document, Record::all_of(json)?);
        }
        Ok(())
    }

    /// Writes `"extension":[…],` when there is something to say of a hit.
    pub(super) fn write<E: From<NotAnObject>>(
        &mut self,
        out: &mut Vec<u8>,
        hit: &Hit,
        read: &impl Fn(DocumentAddress, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = out.len();
        out.extend_from_slice(br#""extension":["#);
        let first = out.len();
        if let Some(distance_m) = hit.distance_m {
            distance(out, distance_m);
        }
        if hit.approximate {
            self.open(out, first, "approximate-position");
            out.extend_from_slice(br#","valueBoolean":true}"#);
        }
        for record in hit.records.iter().take(RECORDS_MAX) {
            self.record(out, first, *record, read)?;
        }
        let left_out = hit.records.len().saturating_sub(RECORDS_MAX);
        if left_out > 0 {
            self.open(out, first, "matched-more");
            out.extend_from_slice(format!(r#","valueUnsignedInt":{left_out}}}"#).as_bytes());
        }
        if out.len() == first {
            out.truncate(start);
        } else {
            out.extend_from_slice(b"],");
        }
        Ok(())
    }

    /// Writes `"extension":[…],` with the numbers of matches that an order has no value for.
    pub(super) fn sort_missing(&self, out: &mut Vec<u8>, counts: &[u64]) {
        if counts.is_empty() {
            return;
        }
        out.extend_from_slice(br#""extension":["#);
        let first = out.len();
        for count in counts {
            self.open(out, first, "sort-missing");
            out.extend_from_slice(format!(r#","valueUnsignedInt":{count}}}"#).as_bytes());
        }
        out.extend_from_slice(b"],");
    }

    /// Begins an extension of ours; `first` is where the list begins.
    fn open(&self, out: &mut Vec<u8>, first: usize, name: &str) {
        if out.len() > first {
            out.push(b',');
        }
        // The base is checked at start: nothing to escape.
        let url = format!(r#"{{"url":"{}/StructureDefinition/{name}""#, self.base_url);
        out.extend_from_slice(url.as_bytes());
    }

    fn record<E: From<NotAnObject>>(
        &mut self,
        out: &mut Vec<u8>,
        first: usize,
        named: NamedRecord,
        read: &impl Fn(DocumentAddress, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Entry::Vacant(vacant) = self.documents.entry(named.document) {
            let mut json = Vec::new();
            read(named.document, &mut json)?;
            vacant.insert(Record::all_of(&json).map_err(|error| E::from(error.into()))?);
        }
        let records = &self.documents[&named.document];
        let mut of_kind = records.iter().filter(|record| record.kind == named.kind);
        let Some(record) = of_kind.nth(named.number as usize) else {
            debug_assert!(false, "the index and the document of one address agree: {named:?}");
            return Ok(());
        };
        let is_price = record.kind == RecordKind::Price;
        let name = if is_price { "matched-price" } else { "matched-capacity" };
        self.open(out, first, name);
        out.extend_from_slice(br#","extension":["#);
        record.write(out, named, self.now_ms);
        out.extend_from_slice(b"]}");
        Ok(())
    }
}

/// The part of a document that records are in.
#[derive(Deserialize)]
struct Holder<'a> {
    #[serde(rename = "resourceType")]
    resource_type: &'a str,
    id: &'a str,
    #[serde(borrow, default)]
    extension: Vec<Parts<'a>>,
}

/// An extension with parts.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    extension: Option<&'a RawValue>,
}

impl Record {
    /// The prices and capacities of a document, in order.
    fn all_of(json: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let holder: Holder<'_> = serde_json::from_slice(json)?;
        let mut records = Vec::new();
        for (at, Parts { url, extension }) in holder.extension.into_iter().enumerate() {
            let Some(kind) = kind_of(&url) else { continue };
            records.push(Self {
                kind,
                holder: format!("{}/{}", holder.resource_type, holder.id),
                path: format!("{}.extension[{at}]", holder.resource_type),
                parts: extension.map(ToOwned::to_owned).unwrap_or_default(),
                written: OnceCell::new(),
            });
        }
        Ok(records)
    }

    fn write(&self, out: &mut Vec<u8>, named: NamedRecord, now_ms: i64) {
        let Self { holder, path, .. } = self;
        let head = format!(
            r#"{{"url":"resource","valueReference":{{"reference":"{holder}"}}}},{{"url":"path","valueString":"{path}"}}"#
        );
        out.extend_from_slice(head.as_bytes());
        if named.sorted {
            out.extend_from_slice(br#",{"url":"sorted","valueBoolean":true}"#);
        }
        out.extend_from_slice(self.written.get_or_init(|| self.parts(named.per_day, now_ms)));
    }

    /// The parts as they are stored, behind what is computed of them; each with a comma before it.
    fn parts(&self, per_day: Option<f64>, now_ms: i64) -> Vec<u8> {
        let (parts, mut out) = (self.parts.get(), Vec::new());
        // Where the parts are no list, nothing was read of them into the index either.
        let known: Vec<Part<'_>> = serde_json::from_str(parts).unwrap_or_default();
        if self.kind == RecordKind::Price {
            write_per_day(&mut out, per_day, &known);
        } else {
            write_age(&mut out, &known, now_ms);
        }
        let inner = parts.trim().trim_start_matches('[').trim_end_matches(']').trim();
        if !inner.is_empty() && inner != "null" {
            out.push(b',');
            out.extend_from_slice(inner.as_bytes());
        }
        out
    }
}

/// What is computed with, of a part of a record.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    #[serde(borrow, rename = "valueMoney")]
    money: Option<Money<'a>>,
    #[serde(borrow, rename = "valueDateTime")]
    date_time: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Money<'a> {
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
}

fn kind_of(url: &str) -> Option<RecordKind> {
    match url.strip_prefix(ROR_EXTENSION_BASE)? {
        "ror-organization-price" => Some(RecordKind::Price),
        "ror-location-supported-capacity" => Some(RecordKind::Capacity),
        _ => None,
    }
}

/// The amount of a price a day, to the hundredth of a cent.
fn write_per_day(out: &mut Vec<u8>, per_day: Option<f64>, parts: &[Part<'_>]) {
    let Some(amount) = per_day else { return };
    let amount = (amount * 10_000.0).round() / 10_000.0;
    let money = parts.iter().find(|part| part.url == "amount").and_then(|part| part.money.as_ref());
    let currency = money.and_then(|money| money.currency);
    let currency = currency.map(|code| format!(r#","currency":{code}"#)).unwrap_or_default();
    let text = format!(r#",{{"url":"amountPerDay","valueMoney":{{"value":{amount}{currency}}}}}"#);
    out.extend_from_slice(text.as_bytes());
}

/// How long ago a count was updated, in whole minutes; 0 for an update in the future.
fn write_age(out: &mut Vec<u8>, parts: &[Part<'_>], now_ms: i64) {
    let updated = parts.iter().find(|part| part.url == "capacityUpdateDate");
    let date = updated.and_then(|part| serde_json::from_str(part.date_time?.get()).ok());
    let Some(date) = date.as_ref().and_then(DateRange::from_json) else { return };
    let minutes = now_ms.saturating_sub(date.low_ms).max(0) / 60_000;
    let text = format!(
        r#",{{"url":"age","valueDuration":{{"value":{minutes},"unit":"min","system":"http://unitsofmeasure.org","code":"min"}}}}"#
    );
    out.extend_from_slice(text.as_bytes());
}

/// The distance in kilometers, to the meter.
///
/// Source: FHIR R4, extension `location-distance`.
fn distance(out: &mut Vec<u8>, distance_m: f64) {
    out.extend_from_slice(
        br#"{"url":"http://hl7.org/fhir/StructureDefinition/location-distance","valueDistance":{"value":"#,
    );
    out.extend_from_slice(format!("{:.3}", distance_m / 1000.0).as_bytes());
    out.extend_from_slice(br#","unit":"km","system":"http://unitsofmeasure.org","code":"km"}}"#);
}
