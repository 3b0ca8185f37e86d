//! The order of matches: sort keys as fields to read, along a chain where one is given.
//!
//! A chained key follows the criteria and brackets over the same chain: it looks at the targets, and on them
//! at the records, that make a resource match; without such criteria, at all of the target's. Ascending keys
//! take the least value, descending ones the greatest; missing values come last both ways.

use shared::fhir::ResourceType;
use shared::registry::{FieldId, RecordKind, SearchParameter, field_id, find};

use super::correlate::alternatives_over;
use super::near::{self, PlaceSource};
use super::source::{Source, singled_out};
use super::{PlanContext, PlanError};
use crate::parse::ast::{Correlation, Expr, Hop, SearchRequest};

/// One key of the order.
#[derive(Debug, Clone)]
pub(crate) enum OrderKey {
    /// Values of a field.
    Field(Order),
    /// Distance of the nearest place that counts.
    Distance {
        /// Where to look for places.
        sources: Vec<PlaceSource>,
        /// Farthest first.
        descending: bool,
    },
    /// Relevance, greatest first.
    Score,
}

/// What a request asks of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Of the matches.
    pub(super) expr: &'a Expr,
    /// Of the records that are sorted by.
    pub(super) sort_conditions: Option<&'a Expr>,
    /// Whether words are searched, and places.
    pub(super) has_words: bool,
    pub(super) has_places: bool,
}

/// A key that reads a field.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The field.
    pub(crate) field: FieldId,
    /// The record that holds the values, if one does.
    pub(crate) record: Option<RecordKind>,
    /// Where to look for values: one for each alternative of the criteria and target it wants.
    pub(crate) sources: Vec<Source>,
    /// Greatest first.
    pub(crate) descending: bool,
    /// Whether conditions of its own say which records count (`_sort:…`).
    pub(crate) conditioned: bool,
}

/// The order of a request on resources of `base`.
///
/// Without `_sort`: relevance when words are searched, distance when a place is, else by key.
pub(super) fn order(
    context: PlanContext,
    request: &SearchRequest,
    base: ResourceType,
    asked: Asked<'_>,
) -> Result<Vec<OrderKey>, PlanError> {
    let expr = asked.expr;
    if request.sort.is_empty() {
        if asked.has_words {
            return Ok(vec![OrderKey::Score]);
        }
        if asked.has_places {
            let sources = near::sources(context, base, expr, None)?;
            return Ok(vec![OrderKey::Distance { sources, descending: false }]);
        }
        return Ok(Vec::new());
    }
    let mut keys = Vec::with_capacity(request.sort.len());
    for sort in &request.sort {
        if sort.parameter.code == "near" {
            if !asked.has_places {
                return Err(PlanError::NoPlace);
            }
            let sources = near::sources(context, base, expr, Some(&sort.chain))?;
            keys.push(OrderKey::Distance { sources, descending: sort.descending });
            continue;
        }
        let target = sort.chain.last().map_or(base, Hop::to);
        // A system search looks the parameter up on each of its types.
        let (parameter, field) = lookup(target, sort.parameter)?;
        let conditions = asked.sort_conditions.filter(|expr| is_over(expr, &sort.chain));
        // Conditions of the order always hold together: that is what they are for.
        let (context, expr) = match conditions {
            Some(conditions) => {
                (PlanContext { correlation: Correlation::Record, ..context }, conditions)
            }
            None => (context, expr),
        };
        let is_own = sort.chain.is_empty() && parameter.record.is_none();
        let mut sources = Vec::new();
        if is_own {
            sources.push(Source::of_all(Vec::new()));
        } else {
            for found in alternatives_over(context, base, expr, &sort.chain, sort.above)? {
                sources.extend(singled_out(context, base, &sort.chain, parameter.record, &found)?);
            }
        }
        keys.push(OrderKey::Field(Order {
            field,
            record: parameter.record,
            sources,
            descending: sort.descending,
            conditioned: conditions.is_some(),
        }));
    }
    Ok(keys)
}

fn lookup(
    base: ResourceType,
    parameter: &SearchParameter,
) -> Result<(&'static SearchParameter, FieldId), PlanError> {
    let missing =
        || PlanError::NotSortable(find(base, parameter.code).map_or("_sort", |p| p.code), base);
    let own = find(base, parameter.code).ok_or_else(missing)?;
    Ok((own, field_id(base, parameter.code).ok_or_else(missing)?))
}

/// Whether a criterion goes along this very chain.
fn is_over(expr: &Expr, chain: &[Hop]) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|part| is_over(part, chain)),
        Expr::Criterion(criterion) => criterion.chain == chain,
        Expr::Not(_) | Expr::Within(..) => false,
    }
}
