//! A resource as index documents: itself, then its records, in the form the indexing threads read.
//!
//! Tantivy's own document type copies each value into a buffer of its own; this one hands out what the
//! extraction made.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter::Empty;
use std::slice;

use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

use super::writer::IndexedResource;
use crate::access::VisibilityClass;
use crate::extract::{ColumnValue, Extracted, Values};
use crate::fhir::{Reference, ResourceType};
use crate::geo::zone::Zone;
use crate::param::date::DateRange;
use crate::registry::{self, FieldId};
use crate::schema::{
    Columns, MAX_PAYLOAD, RECORD_KIND_OFFSET, TermIter, TermKind, Terms, index_schema, term_prefix,
    words,
};

/// One index document.
#[derive(Debug, Default)]
pub(super) struct IndexDocument {
    numbers: Vec<(Field, Number)>,
    texts: Vec<(Field, String)>,
    terms: Terms,
}

/// A value of a numeric column.
#[derive(Debug, Clone, Copy)]
enum Number {
    U64(u64),
    I64(i64),
    F64(f64),
}

/// A value as Tantivy reads it.
#[derive(Debug, Clone)]
pub(super) struct Leaf<'a>(ReferenceValueLeaf<'a>);

impl<'a> Value<'a> for Leaf<'a> {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(self.0.clone())
    }
}

impl Document for IndexDocument {
    type Value<'a> = Leaf<'a>;
    type FieldsValuesIter<'a> = FieldsValues<'a>;

    fn iter_fields_and_values(&self) -> FieldsValues<'_> {
        FieldsValues {
            numbers: self.numbers.iter(),
            texts: self.texts.iter(),
            terms: self.terms.iter(),
            terms_field: index_schema().terms,
        }
    }
}

/// The values of a document, with their fields.
#[derive(Debug)]
pub(super) struct FieldsValues<'a> {
    numbers: slice::Iter<'a, (Field, Number)>,
    texts: slice::Iter<'a, (Field, String)>,
    terms: TermIter<'a>,
    terms_field: Field,
}

impl<'a> Iterator for FieldsValues<'a> {
    type Item = (Field, Leaf<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((field, number)) = self.numbers.next() {
            let leaf = match *number {
                Number::U64(number) => ReferenceValueLeaf::U64(number),
                Number::I64(number) => ReferenceValueLeaf::I64(number),
                Number::F64(number) => ReferenceValueLeaf::F64(number),
            };
            return Some((*field, Leaf(leaf)));
        }
        if let Some((field, text)) = self.texts.next() {
            return Some((*field, Leaf(ReferenceValueLeaf::Str(text))));
        }
        let term = self.terms.next()?;
        Some((self.terms_field, Leaf(ReferenceValueLeaf::Bytes(term))))
    }
}

/// The documents of a resource: itself, then its records.
pub(super) fn block(resource: IndexedResource<'_>) -> Vec<IndexDocument> {
    let schema = index_schema();
    let IndexedResource { key, extracted, reference_keys, last_updated_ms, address } = resource;
    let owner = u64::from(key);
    let resource_type = extracted.resource_type;
    let mut document = IndexDocument::default();
    document.add_u64(schema.owner, owner);
    document.add_u64(schema.kind, resource_type.index() as u64);
    document.add_u64(schema.address, address.offset);
    if let Some(links) = links(&extracted) {
        document.add_u64(schema.links, links);
    }
    if let Some(place) = extracted.place {
        document.add_f64(schema.position.0, place.point.lat);
        document.add_f64(schema.position.1, place.point.lon);
        document.add_u64(schema.approximate, u64::from(place.approximate));
    }
    if extracted.name_words > 0 {
        document.add_u64(schema.name_words, u64::from(extracted.name_words));
    }
    if extracted.zone != Zone::PARIS {
        document.add_u64(schema.zone, u64::from(extracted.zone.number()));
    }
    document.add_values(extracted.values);
    document.add_last_updated(resource_type, last_updated_ms);
    document.add_reference_keys(&extracted.references, reference_keys);
    document.texts.push((schema.id, extracted.id));
    document.texts.extend(extracted.opening.encode().map(|opening| (schema.opening, opening)));
    for (class, text) in extracted.words {
        document.add_words(&words::scope(resource_type, class), text);
    }
    if let Some(narrative) = extracted.narrative {
        document.add_words(&words::narrative_scope(resource_type), narrative);
    }
    let mut block = Vec::with_capacity(1 + extracted.records.len());
    block.push(document);
    for record in extracted.records {
        let mut document = IndexDocument::default();
        document.add_u64(schema.owner, owner);
        document.add_u64(schema.kind, u64::from(RECORD_KIND_OFFSET + record.kind as u8));
        document.add_u64(schema.class, u64::from(record.class as u8));
        document.add_values(record.values);
        block.push(document);
    }
    block
}

/// A hash of what logical and canonical references resolve by: the identifiers and URL of the resource,
/// and such references in it. Compared within one index only.
fn links(extracted: &Extracted) -> Option<u64> {
    let own = |name: &str, kind: TermKind| {
        let field = registry::field_id(extracted.resource_type, name)?;
        Some(term_prefix(field, VisibilityClass::Open, kind))
    };
    let own = [own("identifier", TermKind::Token), own("url", TermKind::Uri)];
    let is_link = |term: &&[u8]| {
        let Some(prefix) = term.first_chunk::<4>() else { return false };
        let kind = prefix[3];
        kind == TermKind::Logical as u8
            || kind == TermKind::External as u8
            || own.contains(&Some(*prefix))
    };
    let mut hasher = DefaultHasher::new();
    let mut any = false;
    for term in extracted.values.terms.iter().filter(is_link) {
        term.hash(&mut hasher);
        any = true;
    }
    any.then(|| hasher.finish())
}

impl IndexDocument {
    fn add_u64(&mut self, field: Field, value: u64) {
        self.numbers.push((field, Number::U64(value)));
    }

    fn add_i64(&mut self, field: Field, value: i64) {
        self.numbers.push((field, Number::I64(value)));
    }

    fn add_f64(&mut self, field: Field, value: f64) {
        self.numbers.push((field, Number::F64(value)));
    }

    fn add_words(&mut self, scope: &str, mut text: String) {
        text.insert_str(0, scope);
        self.texts.push((index_schema().words, text));
    }

    /// Takes the values over; called once.
    fn add_values(&mut self, values: Values) {
        self.terms = values.terms;
        for (field, value) in values.columns {
            self.add_column(field, value);
        }
    }

    fn add_column(&mut self, field: FieldId, value: ColumnValue) {
        match (index_schema().columns(field), value) {
            (Columns::Date(low, high), ColumnValue::Date(range)) => {
                self.add_i64(low, range.low_ms);
                self.add_i64(high, range.high_ms);
            }
            (Columns::Validity(start, key), ColumnValue::Validity { start_ms, key: replaced }) => {
                self.add_i64(start, start_ms);
                self.add_i64(key, replaced);
            }
            (Columns::Number(column), ColumnValue::Number(number)) => self.add_f64(column, number),
            (Columns::Quantity(ranges, hashes), ColumnValue::Quantity(quantity)) => {
                let (stored, canonical) = (quantity.stored, quantity.canonical);
                let numbers = [stored.low, stored.high, canonical.low, canonical.high];
                for (column, number) in ranges.into_iter().zip(numbers) {
                    self.add_f64(column, number);
                }
                let parts = [quantity.dimension, quantity.code, quantity.unit];
                for (column, part) in hashes.into_iter().zip(parts) {
                    self.add_u64(column, part);
                }
            }
            (Columns::Text(column), ColumnValue::Text(mut text)) => {
                text.truncate(sortable_len(&text));
                self.texts.push((column, text));
            }
            (columns, value) => {
                debug_assert!(false, "extraction and schema disagree: {columns:?} {value:?}");
            }
        }
    }

    fn add_last_updated(&mut self, resource_type: ResourceType, ms: i64) {
        let field = registry::field_id(resource_type, "_lastUpdated");
        let field = field.expect("_lastUpdated is on every type");
        self.terms.push(field, VisibilityClass::Open, TermKind::Present, b"");
        self.add_column(field, ColumnValue::Date(DateRange { low_ms: ms, high_ms: ms + 1 }));
    }

    fn add_reference_keys(&mut self, references: &[(FieldId, Reference)], keys: &[Option<u32>]) {
        let schema = index_schema();
        for ((field, _), key) in references.iter().zip(keys) {
            let Some(key) = key else { continue };
            if let Columns::Reference(column) = schema.columns(*field) {
                self.add_u64(column, u64::from(*key));
            }
        }
    }
}

/// The length of the part of a text that orders it: a column value has a limit far above any sensible
/// text.
fn sortable_len(text: &str) -> usize {
    let mut end = text.len().min(MAX_PAYLOAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
