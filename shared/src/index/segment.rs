//! Segment views: what a search needs of one immutable segment, decoded once and kept by segment id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tantivy::columnar::Column;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentId;
use tantivy::postings::{BlockSegmentPostings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet as _, InvertedIndexReader, SegmentReader, TERMINATED};

use super::codes::CodeColumn;
use super::columns::{self, ByTarget, Ids, Rows, TextColumn};
use super::dictionary::WordDictionary;
use super::openings::Openings;
use super::places::{Place, PlaceGrid};
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::geo::Point;
use crate::param::quantity::QuantityValue;
use crate::registry::{self, FieldId};
use crate::schema::{Columns, RECORD_KIND_OFFSET, column_names, index_schema};

/// A decoded column of one field.
#[derive(Debug)]
enum Decoded {
    None,
    Dates(Rows<(i64, i64)>),
    Numbers(Rows<f64>),
    Quantities(Rows<QuantityValue>),
    Keys(Rows<u32>, OnceLock<ByTarget>),
    Text(Option<TextColumn>),
}

/// What is read of a segment at first use and kept with its view.
struct Kept<K, V: ?Sized>(Mutex<HashMap<K, Arc<V>>>);

impl<K, V: ?Sized> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + std::hash::Hash, V: ?Sized> Kept<K, V> {
    /// What is kept under a key. Reads without the lock, so that a large field holds up no other; two at
    /// once read the same.
    fn get_or_read(
        &self,
        key: K,
        read: impl FnOnce(&K) -> tantivy::Result<Arc<V>>,
    ) -> tantivy::Result<Arc<V>> {
        // Nothing is left half done by a panic: the map only grows by whole entries.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known().get(&key) {
            return Ok(Arc::clone(value));
        }
        let value = read(&key)?;
        Ok(Arc::clone(known().entry(key).or_insert(value)))
    }
}

/// A field that documents are sorted by, and whether the greatest come first.
type Ordering = (FieldId, bool);

/// One immutable segment, ready to be searched. Deletes are not in it: see `Segment`.
pub struct SegmentView {
    reader: SegmentReader,
    owners: Vec<u32>,
    kinds: Vec<u8>,
    classes: Vec<u8>,
    addresses: Column<u64>,
    links: Option<Column<u64>>,
    universe: u32,
    ids: Ids,
    places: PlaceGrid,
    points: Rows<(f64, f64)>,
    approximate: Option<Column<u64>>,
    zones: Rows<u32>,
    openings: OnceLock<tantivy::Result<Openings>>,
    terms: Arc<InvertedIndexReader>,
    words: Arc<InvertedIndexReader>,
    word_norms: FieldNormReader,
    /// `None` when nothing has a name.
    name_words: Option<Column<u64>>,
    columns: Vec<OnceLock<tantivy::Result<Decoded>>>,
    dictionaries: Kept<String, WordDictionary>,
    codes: Kept<(FieldId, VisibilityClass), CodeColumn>,
    texts: Kept<[u8; 4], WordDictionary>,
    sorted: Kept<Ordering, [u32]>,
}

impl std::fmt::Debug for SegmentView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentView")
            .field("segment", &self.reader.segment_id())
            .finish_non_exhaustive()
    }
}

impl SegmentView {
    /// Decodes what every search needs; other columns follow at first use.
    pub(super) fn open(reader: SegmentReader) -> tantivy::Result<Self> {
        let schema = index_schema();
        let small = |name: &str| -> tantivy::Result<Vec<u8>> {
            let column = reader.fast_fields().column_first_or_default::<u64>(name)?;
            Ok((0..reader.max_doc()).map(|doc| column.get_val(doc) as u8).collect())
        };
        let owner = reader.fast_fields().column_first_or_default::<u64>("owner")?;
        let owners: Vec<u32> = (0..reader.max_doc()).map(|doc| owner.get_val(doc) as u32).collect();
        let latitudes = columns::numbers(&reader, schema.position.0)?;
        let longitudes = columns::numbers(&reader, schema.position.1)?;
        let points = latitudes.zip(longitudes);
        let places = PlaceGrid::new(points.iter().filter_map(|(doc, (lat, lon))| {
            Point::new(lat, lon).map(|point| Place { doc, point })
        }));
        Ok(Self {
            universe: owners.iter().max().map_or(0, |greatest| greatest + 1),
            owners,
            kinds: small("kind")?,
            classes: small("class")?,
            addresses: reader.fast_fields().u64("address")?,
            links: reader.fast_fields().column_opt::<u64>("links")?,
            ids: Ids::decode(&reader, schema.id)?,
            places,
            points,
            approximate: reader.fast_fields().column_opt(&column_names()[&schema.approximate])?,
            zones: columns::keys(&reader, schema.zone)?,
            openings: OnceLock::new(),
            terms: reader.inverted_index(schema.terms)?,
            words: reader.inverted_index(schema.words)?,
            name_words: reader.fast_fields().column_opt("name_words")?,
            word_norms: reader.get_fieldnorms_reader(schema.words)?,
            columns: registry::fields().iter().map(|_| OnceLock::new()).collect(),
            dictionaries: Kept::default(),
            codes: Kept::default(),
            texts: Kept::default(),
            sorted: Kept::default(),
            reader,
        })
    }

    /// The segment's id.
    pub fn id(&self) -> SegmentId {
        self.reader.segment_id()
    }

    /// Number of documents, deleted ones included.
    pub fn max_doc(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The key of the resource that document is, or is a record of.
    pub fn owner(&self, doc: u32) -> u32 {
        self.owners[doc as usize]
    }

    /// The kind column: a resource type's index, or 8 + a record kind's.
    pub fn kind(&self, doc: u32) -> u8 {
        self.kinds[doc as usize]
    }

    /// The visibility class of a record document.
    pub fn class(&self, doc: u32) -> u8 {
        self.classes[doc as usize]
    }

    /// Whether a document is a resource rather than one of its records.
    pub fn is_resource(&self, doc: u32) -> bool {
        self.kind(doc) < RECORD_KIND_OFFSET
    }

    /// The type of a resource's own document; `None` for a record.
    pub fn resource_type(&self, doc: u32) -> Option<ResourceType> {
        ResourceType::ALL.get(usize::from(self.kind(doc))).copied()
    }

    /// One more than the greatest key in the segment.
    pub fn universe(&self) -> u32 {
        self.universe
    }

    /// A hash of what a resource adds to the resolving of logical and canonical references: what it is
    /// referred to by, and what it refers to so. `None` when there is nothing of the kind.
    pub(super) fn links(&self, doc: u32) -> Option<u64> {
        self.links.as_ref()?.first(doc)
    }

    /// The records of a resource: the documents that follow it with the same owner.
    pub fn records(&self, doc: u32) -> std::ops::Range<u32> {
        let owner = self.owner(doc);
        let mut end = doc + 1;
        while self.owners.get(end as usize) == Some(&owner) && !self.is_resource(end) {
            end += 1;
        }
        doc + 1..end
    }

    /// The resource that a document is, or is a record of: of one version, whatever its owner's key.
    pub fn resource_of(&self, doc: u32) -> u32 {
        let mut resource = doc;
        while resource > 0 && !self.is_resource(resource) {
            resource -= 1;
        }
        resource
    }

    /// Where the document of a resource stands in the arena.
    pub fn address(&self, doc: u32) -> Option<u64> {
        self.addresses.first(doc)
    }

    /// The rank of a resource's id among those of this segment.
    pub fn id_rank(&self, doc: u32) -> Option<u32> {
        self.ids.rank(doc)
    }

    /// The id of a resource.
    pub fn resource_id(&self, doc: u32) -> Option<&str> {
        self.ids.of(doc)
    }

    /// The places of the segment.
    pub fn places(&self) -> &PlaceGrid {
        &self.places
    }

    /// Where a place is.
    pub fn point(&self, doc: u32) -> Option<Point> {
        let (lat, lon) = *self.points.of(doc).first()?;
        Point::new(lat, lon)
    }

    /// Whether a place is only known by the point of its commune.
    pub fn is_approximate(&self, doc: u32) -> bool {
        self.approximate.as_ref().and_then(|column| column.first(doc)) == Some(1)
    }

    /// The places that are not in Europe/Paris, with the number of their time zone.
    pub fn zones(&self) -> &Rows<u32> {
        &self.zones
    }

    /// The opening hours and closings, read at first use.
    ///
    /// # Errors
    /// When the segment cannot be read.
    pub fn openings(&self) -> tantivy::Result<&Openings> {
        let decode = || Openings::decode(&self.reader, index_schema().opening);
        self.openings.get_or_init(decode).as_ref().map_err(Clone::clone)
    }

    /// The exact terms.
    pub fn terms(&self) -> &InvertedIndexReader {
        &self.terms
    }

    /// The words.
    pub fn words(&self) -> &InvertedIndexReader {
        &self.words
    }

    /// The words of a scope in one form, read at first use.
    pub fn dictionary(&self, scope: &str, form: char) -> tantivy::Result<Arc<WordDictionary>> {
        let prefix = format!("{scope}{form}");
        self.dictionaries.get_or_read(prefix, |prefix| {
            WordDictionary::read(&self.words, prefix.as_bytes()).map(Arc::new)
        })
    }

    /// The codes of a token field by document, read at first use.
    pub fn codes(
        &self,
        field: FieldId,
        class: VisibilityClass,
    ) -> tantivy::Result<Arc<CodeColumn>> {
        self.codes
            .get_or_read((field, class), |_| CodeColumn::read(self, field, class).map(Arc::new))
    }

    /// The texts of the exact terms behind a prefix, read at first use.
    pub fn texts(&self, prefix: [u8; 4]) -> tantivy::Result<Arc<WordDictionary>> {
        self.texts
            .get_or_read(prefix, |prefix| WordDictionary::read(&self.terms, prefix).map(Arc::new))
    }

    /// Documents in an order (a field, and whether it is descending), sorted by `sort` at first use.
    ///
    /// # Errors
    /// Those of `sort`.
    pub fn sorted(
        &self,
        order: Ordering,
        sort: impl FnOnce(&Self) -> tantivy::Result<Vec<u32>>,
    ) -> tantivy::Result<Arc<[u32]>> {
        self.sorted.get_or_read(order, |_| sort(self).map(Arc::from))
    }

    /// Calls `visit` with documents of a word and how often each has it, some at a time and deleted ones
    /// included.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn for_each_word_block(
        &self,
        info: &TermInfo,
        visit: impl FnMut(&[u32], &[u32]),
    ) -> tantivy::Result<()> {
        let option = IndexRecordOption::WithFreqs;
        for_each_block(self.words.read_block_postings_from_terminfo(info, option)?, visit);
        Ok(())
    }

    /// The documents and positions of a word.
    pub fn word_positions(&self, info: &TermInfo) -> tantivy::Result<SegmentPostings> {
        let option = IndexRecordOption::WithFreqsAndPositions;
        Ok(self.words.read_postings_from_terminfo(info, option)?)
    }

    /// Number of words of a resource's name; 0 when it has none.
    pub fn name_words(&self, doc: u32) -> u32 {
        self.name_words.as_ref().and_then(|column| column.first(doc)).unwrap_or(0) as u32
    }

    /// Number of words of a document, as the index keeps it (one byte, rounded).
    pub fn word_count(&self, doc: u32) -> u32 {
        self.word_norms.fieldnorm(doc)
    }

    /// Those of some documents, ascending, that have any of the terms: found by seeking, not by reading
    /// all documents of the terms.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn docs_with_any(&self, terms: &[Vec<u8>], docs: &[u32]) -> tantivy::Result<Vec<u32>> {
        let mut found = Vec::new();
        for term in terms {
            let Some(info) = self.terms.terms().get(term)? else { continue };
            let mut postings =
                self.terms.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            for doc in docs {
                if postings.doc() < *doc {
                    postings.seek(*doc);
                }
                if postings.doc() == *doc {
                    found.push(*doc);
                }
            }
        }
        Ok(found)
    }

    /// Calls `visit` with documents of an exact term, some at a time and deleted ones included.
    pub(super) fn for_each_block(
        &self,
        info: &TermInfo,
        mut visit: impl FnMut(&[u32]),
    ) -> tantivy::Result<()> {
        let option = IndexRecordOption::Basic;
        let postings = self.terms.read_block_postings_from_terminfo(info, option)?;
        for_each_block(postings, |docs, _| visit(docs));
        Ok(())
    }

    /// The date ranges of a date field; start and key of a validity field.
    pub fn dates(&self, field: FieldId) -> tantivy::Result<&Rows<(i64, i64)>> {
        let column = self.column(field)?;
        if let Decoded::Dates(rows) = column { Ok(rows) } else { wrong_column(field, column) }
    }

    /// The numbers of a number field.
    pub fn numbers(&self, field: FieldId) -> tantivy::Result<&Rows<f64>> {
        let column = self.column(field)?;
        if let Decoded::Numbers(rows) = column { Ok(rows) } else { wrong_column(field, column) }
    }

    /// The quantities of a quantity field.
    pub fn quantities(&self, field: FieldId) -> tantivy::Result<&Rows<QuantityValue>> {
        let column = self.column(field)?;
        if let Decoded::Quantities(rows) = column { Ok(rows) } else { wrong_column(field, column) }
    }

    /// The keys a reference field points at.
    pub fn references(&self, field: FieldId) -> tantivy::Result<&Rows<u32>> {
        let column = self.column(field)?;
        if let Decoded::Keys(rows, _) = column { Ok(rows) } else { wrong_column(field, column) }
    }

    /// The same by key, turned round at first use.
    pub(super) fn referring(&self, field: FieldId) -> tantivy::Result<&ByTarget> {
        let column = self.column(field)?;
        if let Decoded::Keys(rows, by_target) = column {
            Ok(by_target.get_or_init(|| ByTarget::new(rows)))
        } else {
            wrong_column(field, column)
        }
    }

    /// The folded text of a string field, for sorting; `None` when nothing has a value.
    pub fn text(&self, field: FieldId) -> tantivy::Result<Option<&TextColumn>> {
        let column = self.column(field)?;
        if let Decoded::Text(text) = column {
            Ok(text.as_ref())
        } else {
            wrong_column(field, column)
        }
    }

    fn column(&self, field: FieldId) -> tantivy::Result<&Decoded> {
        self.columns[usize::from(field)]
            .get_or_init(|| self.decode(field))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn decode(&self, field: FieldId) -> tantivy::Result<Decoded> {
        let reader = &self.reader;
        Ok(match index_schema().columns(field) {
            Columns::None => Decoded::None,
            Columns::Date(low, high) | Columns::Validity(low, high) => {
                Decoded::Dates(columns::dates(reader, low, high)?)
            }
            Columns::Number(column) => Decoded::Numbers(columns::numbers(reader, column)?),
            Columns::Quantity(ranges, hashes) => {
                Decoded::Quantities(columns::quantities(reader, ranges, hashes)?)
            }
            Columns::Reference(column) => {
                Decoded::Keys(columns::keys(reader, column)?, OnceLock::new())
            }
            Columns::Text(column) => Decoded::Text(TextColumn::open(reader, column)?),
        })
    }
}

fn for_each_block(mut postings: BlockSegmentPostings, mut visit: impl FnMut(&[u32], &[u32])) {
    loop {
        let docs = postings.docs();
        let end = docs.iter().position(|doc| *doc == TERMINATED).unwrap_or(docs.len());
        visit(&docs[..end], postings.freqs());
        if docs.is_empty() || end < docs.len() {
            return;
        }
        postings.advance();
    }
}

fn wrong_column<T>(field: FieldId, found: &Decoded) -> tantivy::Result<T> {
    let parameter = registry::fields()[usize::from(field)].parameter.code;
    Err(tantivy::TantivyError::InternalError(format!(
        "field \"{parameter}\" was asked for a column it does not have ({found:?})"
    )))
}
