//! The predicate tree of a plan: sets of keys to combine.

use shared::fhir::ResourceType;
use shared::param::date::DateQuery;
use shared::param::near::NearQuery;
use shared::param::number::NumberQuery;
use shared::param::quantity::QuantityQuery;
use shared::param::reference::ReferenceQuery;
use shared::param::string::StringMatch;
use shared::param::text::TextQuery;
use shared::registry::{FieldId, RecordKind};

/// What the resources of a type must satisfy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Predicate {
    /// Nothing: all match.
    All,
    /// All parts.
    And(Vec<Predicate>),
    /// At least one part; none of nothing.
    Or(Vec<Predicate>),
    /// Not the part.
    Not(Box<Predicate>),
    /// A value of the resource, or of any one of its records.
    Leaf(Leaf),
    /// One record that satisfies all leaves.
    Record(RecordKind, Vec<Leaf>),
    /// A resource at the other end of a reference.
    Join(JoinStep, Box<Predicate>),
}

/// One step along the reference graph, from the resource that must match to the one that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JoinStep {
    /// The reference field; of this side's type when forward, of the other's when reverse.
    pub(crate) field: FieldId,
    /// The type of the resource at the other end.
    pub(crate) to: ResourceType,
    /// The other end refers here (`_has`), rather than being referred to.
    pub(crate) reverse: bool,
    /// The other end or any of its ancestors by `partOf` may satisfy the predicate.
    pub(crate) above: bool,
}

/// A test on the values of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// The field.
    pub(crate) field: FieldId,
    /// The test.
    pub(crate) test: LeafTest,
}

/// What a word search asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WordQuery {
    /// The scopes whose words the caller may search (see `schema::words`).
    pub(crate) scopes: Vec<String>,
    /// The texts, any of which may match.
    pub(crate) texts: Vec<TextQuery>,
}

/// What a leaf asks; several values mean any of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LeafTest {
    /// One of these exact terms.
    Terms(Vec<Vec<u8>>),
    /// A term that starts with one of these bytes.
    Prefixes(Vec<Vec<u8>>),
    /// A folded string that contains or ends with one of the texts; the bytes are the term prefixes.
    Scan(Vec<[u8; 4]>, StringMatch, Vec<String>),
    /// A date in one of these relations.
    Dates(Vec<DateQuery>),
    /// A number in one of these relations.
    Numbers(Vec<NumberQuery>),
    /// A quantity in one of these relations.
    Quantities(Vec<QuantityQuery>),
    /// A reference to one of these.
    References(Vec<ReferenceQuery>),
    /// A reference to one of these or to something that is part of it.
    Below(Vec<ReferenceQuery>),
    /// A reference to one of these or to something it is part of.
    Above(Vec<ReferenceQuery>),
    /// Open at one of these instants (milliseconds).
    OpenAt(Vec<i64>),
    /// In force just before one of these instants (milliseconds): the end of the asked day.
    InForce(Vec<i64>),
    /// A place in one of these circles.
    Near(Vec<NearQuery>),
    /// The words of one of these texts.
    Words(WordQuery),
    /// No value that satisfies the test.
    Not(Box<LeafTest>),
}

impl LeafTest {
    /// What the test does not ask.
    pub(super) fn not(self) -> Self {
        if let Self::Not(inner) = self { *inner } else { Self::Not(Box::new(self)) }
    }
}
