//! AST → engine plan: what is asked becomes sets to intersect, records to find and joins to walk.
//!
//! Knows the index's terms and fields, opens no index. Correlation (criteria that must hold on one
//! record, or on one target of a chain) is decided here, in `plan/correlate.rs`; what one value asks of
//! one field in `plan/leaf.rs`; the order in `plan/order.rs`.

mod correlate;
mod explain;
mod facet;
mod leaf;
mod named;
mod near;
mod order;
mod predicate;
mod relevance;
mod slot;
mod source;

use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::param::near::NearQuery;

use crate::parse::ast::{self, SearchRequest};
use crate::parse::locate;

pub(crate) use facet::{Beside, sources_beside, sources_of_records, sources_within};
pub(crate) use named::{Named, is_named};
pub(crate) use near::PlaceSource;
pub(crate) use order::{Order, OrderKey};
pub(crate) use predicate::{JoinStep, Leaf, LeafTest, Predicate, WordQuery};
pub(crate) use relevance::Relevance;
pub(crate) use source::Source;

/// What planning needs to know besides the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanContext {
    /// The caller's projection.
    access: Access,
    /// How criteria correlate.
    correlation: ast::Correlation,
    /// Most alternatives a nest of AND and OR may unfold into.
    alternatives_max: usize,
    /// Whether what is planned stands inside brackets.
    in_brackets: bool,
}

impl PlanContext {
    /// For a caller's projection, with the most alternatives a nest of AND and OR may unfold into.
    pub(crate) fn new(
        access: Access,
        correlation: ast::Correlation,
        alternatives_max: usize,
    ) -> Self {
        Self { access, correlation, alternatives_max, in_brackets: false }
    }

    /// The caller's projection.
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// How criteria correlate.
    pub(crate) fn correlation(&self) -> ast::Correlation {
        self.correlation
    }

    /// The same inside brackets.
    fn within(self) -> Self {
        Self { in_brackets: true, ..self }
    }

    /// Whether negations are asked of a record: inside brackets, unless each criterion stands alone.
    fn asks_records(&self) -> bool {
        self.in_brackets && self.correlation == ast::Correlation::Record
    }
}

/// The plan of a search: one for each searched type.
#[derive(Debug, Clone)]
pub(crate) struct SearchPlan {
    /// The plans, in the order of the request's types.
    pub(crate) types: Vec<TypePlan>,
}

/// What to find among the resources of one type, and how to order it.
#[derive(Debug, Clone)]
pub(crate) struct TypePlan {
    /// The type.
    pub(crate) base: ResourceType,
    /// What a match satisfies.
    pub(crate) predicate: Predicate,
    /// Order of the matches; ties go by id.
    pub(crate) order: Vec<OrderKey>,
    /// The searched places: distances are measured from the nearest of their centers.
    pub(crate) centers: Vec<NearQuery>,
    /// The places of a match that count for its distance.
    pub(crate) places: Vec<PlaceSource>,
    /// The records that the answer names beside each match.
    pub(crate) named: Vec<Named>,
    /// What matches are scored by; `None` when no words are searched.
    pub(crate) relevance: Option<Relevance>,
}

/// Why a request cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// AND over OR unfolds into more alternatives than allowed.
    #[error(
        "the criteria unfold into more than {0} alternatives; use comma-separated values instead of \
         \"or\" where one parameter takes several values"
    )]
    TooManyAlternatives(usize),
    /// A sort key cannot be used on one of the searched types.
    #[error("\"{0}\" cannot order {1} resources")]
    NotSortable(&'static str, ResourceType),
    /// An order by distance, and nothing to measure it from.
    #[error(
        "\"near\" orders by distance from a searched place, and the request has none; add a criterion \
         near, near-insee-code or near-address"
    )]
    NoPlace,
    /// An address was not looked up: it is not asked here.
    #[error(
        "near-address cannot be asked here, because what it finds may change with the services that know \
         addresses; use near, with a position that [base]/$geocode finds"
    )]
    Address,
}

impl PlanError {
    /// The issue of the answer.
    pub(crate) fn issue(&self) -> Issue {
        match self {
            Self::TooManyAlternatives(_) => {
                Issue::error(IssueType::TooCostly, self.to_string()).at("_filter")
            }
            Self::NotSortable(..) | Self::NoPlace => {
                Issue::error(IssueType::NotSupported, self.to_string()).at("_sort")
            }
            Self::Address => {
                Issue::error(IssueType::NotSupported, self.to_string()).at("near-address")
            }
        }
    }
}

/// Plans a search.
///
/// # Errors
/// When the request unfolds beyond the limits, or asks an order that does not exist.
pub(crate) fn search(
    request: &SearchRequest,
    context: PlanContext,
) -> Result<SearchPlan, PlanError> {
    if !locate::addresses(request).is_empty() {
        return Err(PlanError::Address);
    }
    let types = request.types.iter().zip(&request.criteria);
    let types = types
        .enumerate()
        .map(|(number, (base, expr))| {
            let predicate = correlate::predicate(context, *base, expr)?;
            let centers = near::centers(expr);
            let relevance = Relevance::of(&predicate);
            let sort_conditions = request.sort_conditions.get(number);
            let (has_words, has_places) = (relevance.is_some(), !centers.is_empty());
            let asked = order::Asked { expr, sort_conditions, has_words, has_places };
            let order = order::order(context, request, *base, asked)?;
            let named = named::records(&predicate, &order);
            let places =
                if has_places { near::sources(context, *base, expr, None)? } else { Vec::new() };
            Ok(TypePlan { base: *base, predicate, order, centers, places, named, relevance })
        })
        .collect::<Result<_, _>>()?;
    Ok(SearchPlan { types })
}

/// What the resources of one type must satisfy to answer an expression.
///
/// # Errors
/// When it unfolds beyond the limits.
pub(crate) fn predicate(
    context: PlanContext,
    base: ResourceType,
    expr: &ast::Expr,
) -> Result<Predicate, PlanError> {
    correlate::predicate(context, base, expr)
}
