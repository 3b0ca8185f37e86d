//! Registry → index: the Tantivy schema and the encoding of terms.
//!
//! All exact terms (tokens, folded strings, URIs, "has a value") live in one bytes field,
//! each behind a four-byte prefix: field id, visibility class, kind of term. A parameter therefore
//! costs nothing until a document uses it, a prefix search is a range of the term dictionary, and no
//! type clause is ever needed, because the field id names the resource type. Ordered values are
//! columns, one or two per field. Words live in one text field, prefixed by type and class.

mod terms;
pub mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, SchemaBuilder,
    TextFieldIndexing, TextOptions,
};

use crate::access::VisibilityClass;
use crate::registry::{self, FieldId, ParameterType};

pub use terms::{TermIter, Terms};

/// The kind of an exact term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TermKind {
    /// An encoded token (see `param::token`).
    Token,
    /// The folded display or text of a token, for `:text`.
    TokenText,
    /// A folded string.
    Folded,
    /// A string as it stands, for `:exact`.
    Exact,
    /// A URI.
    Uri,
    /// A logical reference without a literal one: type, system and value, each ended by NUL.
    Logical,
    /// The identifier of a reference, encoded as a token, for `:identifier`.
    Identifier,
    /// An absolute reference that is not ours.
    External,
    /// The resource or record has a value of the field.
    Present,
}

/// The columns of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// None: exact terms only.
    None,
    /// Lower and upper bound, in milliseconds.
    Date(Field, Field),
    /// One number.
    Number(Field),
    /// Low and high as stored, low and high in the canonical unit; hashes of dimension, code and unit.
    Quantity([Field; 4], [Field; 3]),
    /// Start in milliseconds, and a hash of what the value replaces an earlier one of.
    Validity(Field, Field),
    /// Keys of the targets.
    Reference(Field),
    /// The folded text, for sorting.
    Text(Field),
}

/// The Tantivy schema with every field looked up once.
#[derive(Debug, Clone)]
pub struct IndexSchema {
    /// The schema itself.
    pub schema: Schema,
    /// Key of the resource a document is, or is a record of. Deletes go by this.
    pub owner: Field,
    /// What the document is: a resource type's index, or 8 + a record kind's.
    pub kind: Field,
    /// The class of a record document.
    pub class: Field,
    /// Where the resource's document stands in the arena.
    pub address: Field,
    /// A hash of all that a resource adds to the resolving of logical and canonical references.
    pub links: Field,
    /// The resource's id.
    pub id: Field,
    /// Exact terms.
    pub terms: Field,
    /// Words.
    pub words: Field,
    /// Number of words of the resource's name.
    pub name_words: Field,
    /// Latitude and longitude of a place, in degrees.
    pub position: (Field, Field),
    /// Whether the position is only that of the commune.
    pub approximate: Field,
    /// The number of a Location's time zone; none for Europe/Paris.
    pub zone: Field,
    /// Opening hours and closings, encoded (see `param::opening`).
    pub opening: Field,
    columns: Vec<Columns>,
    /// Digest of everything a reader of the index must agree on.
    pub digest: String,
}

/// Bumped when the meaning of the index changes in a way the registry does not show.
const SCHEMA_VERSION: u32 = 6;

/// What a record document adds to its kind in the `kind` column.
pub const RECORD_KIND_OFFSET: u8 = 8;

static SCHEMA: LazyLock<IndexSchema> = LazyLock::new(IndexSchema::build);

/// The schema of this build.
pub fn index_schema() -> &'static IndexSchema {
    &SCHEMA
}

impl IndexSchema {
    /// The columns of a field.
    pub fn columns(&self, field: FieldId) -> Columns {
        self.columns[usize::from(field)]
    }

    fn build() -> Self {
        let mut builder = Schema::builder();
        let fast: NumericOptions = FAST.into();
        let owner = builder.add_u64_field("owner", INDEXED | FAST);
        let kind = builder.add_u64_field("kind", FAST);
        let class = builder.add_u64_field("class", FAST);
        let address = builder.add_u64_field("address", FAST);
        let links = builder.add_u64_field("links", FAST);
        let id = builder.add_text_field("id", TextOptions::default().set_fast("raw"));
        let terms = builder.add_bytes_field("terms", BytesOptions::default().set_indexed());
        let words = builder.add_text_field(
            "words",
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default()
                    .set_tokenizer(words::ANALYZER)
                    .set_index_option(IndexRecordOption::WithFreqsAndPositions)
                    .set_fieldnorms(true),
            ),
        );
        let name_words = builder.add_u64_field("name_words", FAST);
        let position = (
            builder.add_f64_field("latitude", fast.clone()),
            builder.add_f64_field("longitude", fast.clone()),
        );
        let approximate = builder.add_u64_field("approximate", FAST);
        let zone = builder.add_u64_field("zone", FAST);
        let opening = builder.add_text_field("opening", TextOptions::default().set_fast("raw"));
        let columns =
            registry::fields().iter().map(|field| columns_of(field, &mut builder)).collect();
        let schema = builder.build();
        let digest = digest();
        Self {
            schema,
            owner,
            kind,
            class,
            address,
            links,
            id,
            terms,
            words,
            name_words,
            position,
            approximate,
            zone,
            opening,
            columns,
            digest,
        }
    }
}

/// Declares the columns of a field.
fn columns_of(field: &registry::Field, builder: &mut SchemaBuilder) -> Columns {
    let fast: NumericOptions = FAST.into();
    let name = format!("{}.{}", field.base.field_prefix(), field.parameter.code);
    match field.parameter.kind {
        ParameterType::Date => Columns::Date(
            builder.add_i64_field(&format!("{name}.low"), fast.clone()),
            builder.add_i64_field(&format!("{name}.high"), fast.clone()),
        ),
        ParameterType::Number => Columns::Number(builder.add_f64_field(&name, fast.clone())),
        ParameterType::Quantity => Columns::Quantity(
            ["low", "high", "canonical-low", "canonical-high"]
                .map(|part| builder.add_f64_field(&format!("{name}.{part}"), fast.clone())),
            ["dimension", "code", "unit"]
                .map(|part| builder.add_u64_field(&format!("{name}.{part}"), fast.clone())),
        ),
        ParameterType::Reference => Columns::Reference(builder.add_u64_field(&name, fast.clone())),
        ParameterType::String | ParameterType::Uri => {
            Columns::Text(builder.add_text_field(&name, TextOptions::default().set_fast("raw")))
        }
        ParameterType::Special if field.parameter.code == "price-in-force" => Columns::Validity(
            builder.add_i64_field(&format!("{name}.start"), fast.clone()),
            builder.add_i64_field(&format!("{name}.key"), fast.clone()),
        ),
        ParameterType::Token
        | ParameterType::Composite
        | ParameterType::Special
        | ParameterType::Text => Columns::None,
    }
}

/// Digest of the registry, the analyzers and the visibility classes: another digest means that the
/// index must be rebuilt and that page tokens are void.
fn digest() -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&SCHEMA_VERSION.to_le_bytes());
    hasher.update(&words::ANALYZER_VERSION.to_le_bytes());
    hasher.update(&(VisibilityClass::ALL.len() as u32).to_le_bytes());
    for field in registry::fields() {
        let p = field.parameter;
        hasher.update(
            format!("{}|{}|{:?}|{}|{:?}\n", field.base, p.code, p.kind, p.expression, p.record)
                .as_bytes(),
        );
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Writes the prefix of an exact term: the range of all terms of that field, class and kind.
pub fn term_prefix(field: FieldId, class: VisibilityClass, kind: TermKind) -> [u8; 4] {
    let [high, low] = field.to_be_bytes();
    [high, low, class as u8, kind as u8]
}

/// An exact term.
pub fn term(field: FieldId, class: VisibilityClass, kind: TermKind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + payload.len());
    bytes.extend_from_slice(&term_prefix(field, class, kind));
    // The index refuses terms above 65,530 bytes; a longer string is found by its first part.
    bytes.extend_from_slice(&payload[..payload.len().min(MAX_PAYLOAD)]);
    bytes
}

/// Longest payload of an exact term, in bytes. A longer string is compared by its first part.
pub const MAX_PAYLOAD: usize = 4096;

/// Names of all columns, for opening them by name.
pub fn column_names() -> &'static HashMap<Field, String> {
    static NAMES: LazyLock<HashMap<Field, String>> = LazyLock::new(|| {
        let schema = &index_schema().schema;
        schema.fields().map(|(field, entry)| (field, entry.name().to_owned())).collect()
    });
    &NAMES
}
