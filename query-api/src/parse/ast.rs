//! What a search asks, after its text is understood and before anything is known of the index.
//!
//! URL parameters, `_has` and `_filter` all become one [`Expr`]; nothing in here is optional sugar.

use shared::fhir::ResourceType;
use shared::param::QueryValue;
use shared::registry::{ParameterType, SearchParameter};

use super::locate::Located;

/// A search, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SearchRequest {
    /// The searched types: one, or those of `_type` in a system search.
    pub(crate) types: Vec<ResourceType>,
    /// What a match must satisfy, for each searched type (the parameters are looked up per type).
    /// Same order and length as `types`.
    pub(crate) criteria: Vec<Expr>,
    /// Whether criteria on one record must hold on the same record.
    pub(crate) correlation: Correlation,
    /// Order of the matches; empty for the default order.
    pub(crate) sort: Vec<Sort>,
    /// What the records that a sort key looks at satisfy (`_sort:organization.price-type=…`), for each
    /// searched type; a condition of the order, not of the matches. Empty without such parameters.
    pub(crate) sort_conditions: Vec<Expr>,
    /// What now is for this request, in milliseconds since 1970 UTC.
    pub(crate) now_ms: i64,
    /// `_count` as given; `None` when absent.
    pub(crate) count: Option<u32>,
    /// `_include` and `_revinclude`, in order.
    pub(crate) includes: Vec<Include>,
    /// `_elements`, top-level names; empty for all.
    pub(crate) elements: Vec<String>,
    /// `_summary`.
    pub(crate) summary: Summary,
    /// `_total`.
    pub(crate) total: Total,
    /// The opaque token of a `next` link (parameter `_page`).
    pub(crate) page: Option<String>,
    /// `_pretty=true`.
    pub(crate) pretty: bool,
    /// `_explain=true`.
    pub(crate) explain: bool,
    /// The texts of `_filter`, each with its place among the parts of `criteria`.
    pub(crate) filters: Vec<(usize, String)>,
    /// The parameters that were applied, decoded and in order: what the self link shows.
    pub(crate) applied: Vec<(String, String)>,
    /// The addresses of the criteria with their places; empty until they are looked up.
    pub(crate) located: Vec<Located>,
}

/// A boolean combination of criteria.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// All hold; empty means everything.
    And(Vec<Expr>),
    /// At least one holds; empty means nothing.
    Or(Vec<Expr>),
    /// Does not hold.
    Not(Box<Expr>),
    /// A test on a parameter, maybe behind a chain.
    Criterion(Criterion),
    /// `ref[...]` of `_filter`.
    Within(Brackets),
}

/// An expression that holds on one and the same target of a chain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Brackets {
    /// The way to the target; never empty.
    pub(crate) chain: Vec<Hop>,
    /// The target or one of its ancestors by `partOf` is meant (`organization:above[…]`).
    pub(crate) above: bool,
    /// What holds on it.
    pub(crate) inner: Box<Expr>,
}

/// One step of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Hop {
    /// `location.…`: from the resource to one of the given type that it refers to.
    Forward(&'static SearchParameter, ResourceType),
    /// `_has:Task:focus:…`: to a resource of the type that refers back by the parameter.
    Reverse(ResourceType, &'static SearchParameter),
}

/// A parameter and the way to it, without a test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way {
    /// The way to the tested resource; empty when it is the searched one.
    pub(crate) chain: Vec<Hop>,
    /// The type of the tested resource.
    pub(crate) base: ResourceType,
    /// The parameter.
    pub(crate) parameter: &'static SearchParameter,
}

/// A test on one parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Criterion {
    /// The way to the tested resource; empty when it is the searched one.
    pub(crate) chain: Vec<Hop>,
    /// The type of the tested resource.
    pub(crate) base: ResourceType,
    /// The tested parameter.
    pub(crate) parameter: &'static SearchParameter,
    /// The target of the chain or one of its ancestors by `partOf` may satisfy the test (T6).
    pub(crate) above: bool,
    /// What is asked.
    pub(crate) test: Test,
}

/// What a criterion asks of the values of its parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// `:missing=true` (no value) or `false` (some value); `pr` in `_filter`.
    Missing(bool),
    /// Some value matches one of the given ones in the default way of the type (or by its prefix).
    Any(Vec<QueryValue>),
    /// `:not`, `ne` in `_filter` on tokens, strings, references and URIs: no value matches; a string
    /// as in [`Test::Equals`].
    None(Vec<QueryValue>),
    /// `:exact` on strings; `eq` on strings in `_filter` is `Equals`.
    Exact(Vec<String>),
    /// Whole-string equality ignoring case and accents (`_filter` `eq` on strings).
    Equals(Vec<String>),
    /// `:contains`, `co`.
    Contains(Vec<String>),
    /// `ew` in `_filter`.
    EndsWith(Vec<String>),
    /// `:text` on tokens: the display or text starts with one of these.
    Text(Vec<String>),
    /// `:in` (value set URLs), on tokens.
    In(Vec<String>),
    /// `ni` in `_filter`: no value is in the value sets.
    NotIn(Vec<String>),
    /// `:identifier` on references: the logical reference's identifier.
    Identifier(Vec<QueryValue>),
    /// `:above` on a reference or URI: the value or one of its ancestors.
    Above(Vec<QueryValue>),
    /// `:below` on a reference or URI: the value or one of its descendants.
    Below(Vec<QueryValue>),
}

/// Whether criteria correlate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Correlation {
    /// Criteria on one kind of record, over one chain, hold on one record (T11).
    #[default]
    Record,
    /// R4's reading: each parameter alone (`ror-correlation=independent`).
    Independent,
}

/// One key of `_sort`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sort {
    /// The chain to the resource whose value is compared; empty for the match itself.
    pub(crate) chain: Vec<Hop>,
    /// The parameter.
    pub(crate) parameter: &'static SearchParameter,
    /// `-`: greatest first.
    pub(crate) descending: bool,
    /// `:above` on a chained sort key.
    pub(crate) above: bool,
}

/// One `_include` or `_revinclude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Include {
    /// `_revinclude`: from the target back to the source.
    pub(crate) reverse: bool,
    /// `:iterate`: applied to included resources until nothing new comes.
    pub(crate) iterate: bool,
    /// The type that holds the reference; `None` for `*`.
    pub(crate) source: Option<ResourceType>,
    /// The reference parameter; `None` for `*` (all of the source's).
    pub(crate) parameter: Option<&'static SearchParameter>,
    /// Only targets of this type.
    pub(crate) target: Option<ResourceType>,
}

/// `_summary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Summary {
    /// Whole documents.
    #[default]
    False,
    /// The elements R4 marks as summary.
    True,
    /// Text, id, meta and mandatory elements.
    Text,
    /// Everything but text.
    Data,
    /// Only the total.
    Count,
}

/// `_total`. Totals are always exact here; `None` may omit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Total {
    /// Exact.
    #[default]
    Accurate,
    /// Omitted.
    None,
}

impl Test {
    /// What is asked when the test says what must not be (`:not`, `ne` on codes and texts, `ni`), as the
    /// positive test it denies; `None` for a test that is no such denial.
    ///
    /// Strings are denied whole, as by [`Test::Equals`]. A number, date or quantity with the prefix `ne` is an
    /// [`Test::Any`], not a denial: some value differs.
    pub(crate) fn denied(&self, parameter: &SearchParameter) -> Option<Self> {
        if let Self::NotIn(urls) = self {
            return Some(Self::In(urls.clone()));
        }
        let Self::None(values) = self else { return None };
        Some(if parameter.kind == ParameterType::String {
            Self::Equals(texts(values).map(str::to_owned).collect())
        } else {
            Self::Any(values.clone())
        })
    }

    /// Whether it asks for no particular value: a denial, or that there be a value or none.
    pub(crate) fn is_negative(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::None(_) | Self::NotIn(_))
    }

    /// The values that are asked for, or denied; none where these are texts or URLs.
    pub(crate) fn values(&self) -> &[QueryValue] {
        match self {
            Self::Any(values)
            | Self::None(values)
            | Self::Identifier(values)
            | Self::Above(values)
            | Self::Below(values) => values,
            Self::Missing(_)
            | Self::Exact(_)
            | Self::Equals(_)
            | Self::Contains(_)
            | Self::EndsWith(_)
            | Self::Text(_)
            | Self::In(_)
            | Self::NotIn(_) => &[],
        }
    }
}

/// The texts among some values.
pub(crate) fn texts(values: &[QueryValue]) -> impl Iterator<Item = &str> {
    values.iter().filter_map(|value| match value {
        QueryValue::Uri(text) | QueryValue::String(text) => Some(text.as_str()),
        QueryValue::Token(_)
        | QueryValue::Date(_)
        | QueryValue::Number(_)
        | QueryValue::Quantity(_)
        | QueryValue::Reference(_)
        | QueryValue::Composite(_)
        | QueryValue::Near(_)
        | QueryValue::Text(_) => None,
    })
}

impl Brackets {
    /// The type of the target.
    pub(crate) fn target(&self) -> ResourceType {
        self.chain.last().expect("brackets follow a reference").to()
    }
}

impl Hop {
    /// The type of the resource this step leads to.
    pub(crate) fn to(&self) -> ResourceType {
        match self {
            Self::Forward(_, target) => *target,
            Self::Reverse(source, _) => *source,
        }
    }
}
