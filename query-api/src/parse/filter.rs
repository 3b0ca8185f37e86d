//! `_filter`: a boolean expression in one parameter, lowered to the same [`Expr`] as all others.
//!
//! What is not understood is an error, never ignored; the tolerated departures from R4's grammar (T2)
//! are reported one by one.

mod grammar;
mod rewrite;

use shared::error::IssueType;
use shared::fhir::ResourceType;
use shared::param::{Prefix, QueryValue, escape};
use shared::registry::ParameterType;

use super::Context;
use super::ast::{Brackets, Criterion, Expr, Hop, Test};
use super::key::{self, KeyError, Modifier, Path};
use super::report::Report;
use super::value;
use grammar::{Comparison, Literal, Node, Operator};
pub(crate) use rewrite::Opened;

const NAME: &str = "_filter";

/// The expression that the text of a `_filter` means on each searched type; `None` when it is wrong
/// (reported).
pub(super) fn read(
    context: &Context<'_>,
    report: &mut Report,
    types: &[ResourceType],
    text: &str,
) -> Option<Vec<Expr>> {
    let parsed = match grammar::parse(text, context.limits.filter_depth) {
        Ok(parsed) => parsed,
        Err(error) => {
            report.error(error.code(), NAME, format!("\"_filter\": {error}"));
            return None;
        }
    };
    for tolerance in parsed.tolerances {
        report.tolerate(IssueType::Structure, NAME, format!("\"_filter\": {tolerance}"));
    }
    let comparisons = parsed.node.value_count();
    if comparisons > context.limits.or_values {
        let max = context.limits.or_values;
        let diagnostics = format!("\"_filter\" has {comparisons} values; at most {max}");
        report.error(IssueType::TooCostly, NAME, diagnostics);
        return None;
    }
    if !report.add_values(comparisons, context.limits.search_values) {
        return None;
    }
    types.iter().map(|base| lower(context, report, *base, &parsed.node)).collect()
}

/// The expression on one type; every mistake in it is reported before `None` is returned.
fn lower(
    context: &Context<'_>,
    report: &mut Report,
    base: ResourceType,
    node: &Node,
) -> Option<Expr> {
    match node {
        Node::And(nodes) => lower_all(context, report, base, nodes).map(Expr::And),
        Node::Or(nodes) => lower_all(context, report, base, nodes).map(either_circle).map(Expr::Or),
        Node::Not(inner) => {
            lower(context, report, base, inner).map(|expr| Expr::Not(Box::new(expr)))
        }
        Node::Compare(comparison) => compare(context, report, base, comparison),
        Node::Within { path, inner, rest } => {
            let ways = match key::resolve_chain(base, path, context.limits.chain_depth) {
                Ok(ways) => ways,
                Err(error) => return refuse(report, error),
            };
            first_that_work(report, ways, |report, (chain, above)| {
                let end = chain.last().map_or(base, Hop::to);
                let inner = lower(context, report, end, inner);
                let inner = match rest {
                    None => inner?,
                    Some(rest) => {
                        let rest = lower(context, report, end, rest);
                        Expr::And(vec![inner?, rest?])
                    }
                };
                Some(Expr::Within(Brackets { chain, above, inner: Box::new(inner) }))
            })
        }
    }
}

fn lower_all(
    context: &Context<'_>,
    report: &mut Report,
    base: ResourceType,
    nodes: &[Node],
) -> Option<Vec<Expr>> {
    // All are read, so that all mistakes are reported.
    let read: Vec<_> = nodes.iter().map(|node| lower(context, report, base, node)).collect();
    read.into_iter().collect()
}

/// Alternatives that differ only in their circles become one with all of them: the same question, and
/// hundreds of circles stay one search.
fn either_circle(exprs: Vec<Expr>) -> Vec<Expr> {
    let mut merged: Vec<Expr> = Vec::with_capacity(exprs.len());
    for expr in exprs {
        if let Expr::Criterion(more) = &expr
            && let Some(circles) = circles(more)
            && let Some(Expr::Criterion(first)) = merged
                .iter_mut()
                .find(|known| matches!(known, Expr::Criterion(known) if is_same_way(known, more)))
            && let Test::Any(values) = &mut first.test
        {
            values.extend_from_slice(circles);
            continue;
        }
        merged.push(expr);
    }
    merged
}

fn circles(criterion: &Criterion) -> Option<&[QueryValue]> {
    let Test::Any(values) = &criterion.test else { return None };
    matches!(values.first(), Some(QueryValue::Near(_))).then_some(values)
}

/// Whether two criteria ask for circles of one parameter over one chain.
fn is_same_way(known: &Criterion, more: &Criterion) -> bool {
    circles(known).is_some()
        && known.parameter == more.parameter
        && known.chain == more.chain
        && known.above == more.above
}

fn refuse<T>(report: &mut Report, error: KeyError) -> Option<T> {
    let (code, why) = match error {
        KeyError::Unknown(why) => (IssueType::Invalid, why),
        KeyError::Invalid(code, why) => (code, why),
    };
    report.error(code, NAME, format!("\"_filter\": {why}"));
    None
}

/// The alternatives that `of` understands, as one expression; the mistakes of the first when it
/// understands none. A chain over several types means those that have the parameters.
fn first_that_work<T>(
    report: &mut Report,
    alternatives: Vec<T>,
    of: impl Fn(&mut Report, T) -> Option<Expr>,
) -> Option<Expr> {
    let mut understood = Vec::new();
    let mut first_report = None;
    for alternative in alternatives {
        let mut own = Report::default();
        match of(&mut own, alternative) {
            Some(expr) => {
                report.absorb(own);
                understood.push(expr);
            }
            None => first_report = first_report.or(Some(own)),
        }
    }
    if understood.is_empty() {
        report.absorb(first_report.unwrap_or_default());
    }
    match understood.len() {
        0 => None,
        1 => understood.pop(),
        _ => Some(Expr::Or(understood)),
    }
}

fn compare(
    context: &Context<'_>,
    report: &mut Report,
    base: ResourceType,
    comparison: &Comparison,
) -> Option<Expr> {
    let paths = match key::resolve(base, &comparison.path, context.limits.chain_depth) {
        Ok(paths) => paths,
        Err(error) => return refuse(report, error),
    };
    first_that_work(report, paths, |report, path| {
        if !matches!(path.modifier, None | Some(Modifier::Type(_))) {
            let diagnostics = format!(
                "\"_filter\": \"{}\": modifiers other than :above after organization do not \
                 belong in a filter; use comparators",
                comparison.path
            );
            report.error(IssueType::NotSupported, NAME, diagnostics);
            return None;
        }
        let tests = tests(context, report, &path, comparison)?;
        let criterion = |test| {
            Expr::Criterion(Criterion {
                chain: path.chain.clone(),
                base: path.base,
                parameter: path.parameter,
                above: path.above,
                test,
            })
        };
        let mut exprs: Vec<Expr> = tests.into_iter().map(criterion).collect();
        if exprs.len() == 1 { exprs.pop() } else { Some(Expr::Or(exprs)) }
    })
}

/// What a comparison asks; several tests are alternatives.
fn tests(
    context: &Context<'_>,
    report: &mut Report,
    path: &Path,
    comparison: &Comparison,
) -> Option<Vec<Test>> {
    let operator = comparison.operator;
    let texts = |values: &[Literal]| values.iter().map(|v| v.text.clone()).collect::<Vec<_>>();
    let given = &comparison.values;
    let kind = path.parameter.kind;
    if operator == Operator::Pr && allowed(kind).contains(&"pr") {
        let words: Vec<&str> = given.iter().map(|v| v.text.as_str()).collect();
        let present = value::missing(report, &format!("{} pr", comparison.path), &words)?;
        return Some(vec![Test::Missing(!present)]);
    }
    if operator == Operator::Default {
        return values(context, report, path, comparison, "").map(|v| vec![Test::Any(v)]);
    }
    let test = match (path.parameter.kind, operator) {
        (ParameterType::String, Operator::Eq) => Test::Equals(texts(given)),
        (ParameterType::String, Operator::Co) => Test::Contains(texts(given)),
        (ParameterType::String, Operator::Ew) => Test::EndsWith(texts(given)),
        (ParameterType::String, Operator::Sw)
        | (ParameterType::Text, Operator::Co)
        | (ParameterType::Reference, Operator::Eq | Operator::Re)
        | (
            ParameterType::Token
            | ParameterType::Composite
            | ParameterType::Uri
            | ParameterType::Special,
            Operator::Eq,
        ) => Test::Any(values(context, report, path, comparison, "")?),
        (
            ParameterType::Token
            | ParameterType::String
            | ParameterType::Reference
            | ParameterType::Uri,
            Operator::Ne,
        ) => {
            // "ne A or B": unequal to A, or unequal to B.
            let values = values(context, report, path, comparison, "")?;
            return Some(values.into_iter().map(|value| Test::None(vec![value])).collect());
        }
        (ParameterType::Token, Operator::In | Operator::Ni) => {
            let urls: Vec<&str> = given.iter().map(|v| v.text.as_str()).collect();
            let sets = value::value_sets(report, NAME, &urls)?;
            if operator == Operator::Ni { Test::NotIn(sets) } else { Test::In(sets) }
        }
        (ParameterType::Date, Operator::Po) => {
            Test::Any(overlapping(context, report, path, comparison)?)
        }
        (ParameterType::Date | ParameterType::Number | ParameterType::Quantity, operator)
            if operator.prefix().is_some() =>
        {
            Test::Any(values(context, report, path, comparison, operator.as_str())?)
        }
        (kind, operator) => {
            let diagnostics = format!(
                "\"_filter\": \"{}\" cannot be compared with \"{}\"; allowed: {}",
                comparison.path,
                operator.as_str(),
                key::list(allowed(kind))
            );
            report.error(IssueType::NotSupported, NAME, diagnostics);
            return None;
        }
    };
    Some(vec![test])
}

/// The comparators each type of parameter takes. `ss` and `sb` need hierarchies of codes, which the
/// directory's code systems do not have.
fn allowed(kind: ParameterType) -> &'static [&'static str] {
    match kind {
        ParameterType::String => &["eq", "ne", "co", "sw", "ew", "pr"],
        ParameterType::Token => &["eq", "ne", "in", "ni", "pr"],
        ParameterType::Date => &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "po", "pr"],
        ParameterType::Number | ParameterType::Quantity => {
            &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "pr"]
        }
        ParameterType::Reference => &["eq", "ne", "re", "pr"],
        ParameterType::Uri => &["eq", "ne", "pr"],
        ParameterType::Composite => &["eq", "pr"],
        ParameterType::Special => &["eq"],
        ParameterType::Text => &["co"],
    }
}

/// Reads the values by the parameter's type, each with the comparator as its prefix.
fn values(
    context: &Context<'_>,
    report: &mut Report,
    path: &Path,
    comparison: &Comparison,
    prefix: &str,
) -> Option<Vec<QueryValue>> {
    let kind = path.parameter.kind;
    let is_text = matches!(kind, ParameterType::String | ParameterType::Text);
    let texts: Vec<String> = comparison
        .values
        .iter()
        .map(|literal| {
            let text = &literal.text;
            if is_text { escape::escape(text) } else { format!("{prefix}{text}") }
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    value::values(context, report, NAME, path, &texts)
}

/// `po`: the stored period overlaps that of the value, as it stands.
fn overlapping(
    context: &Context<'_>,
    report: &mut Report,
    path: &Path,
    comparison: &Comparison,
) -> Option<Vec<QueryValue>> {
    let mut read = values(context, report, path, comparison, "eq")?;
    for value in &mut read {
        if let QueryValue::Date(date) = value {
            // Overlapping is what `ap` asks of its range, which only parsing widens.
            date.prefix = Prefix::Ap;
        }
    }
    Some(read)
}
