//! Text → AST: a query string or form becomes a [`SearchRequest`] and what is to be said about it.
//!
//! Parsing never fails: every mistake is an issue, so that a caller sees all of them at once, and strict
//! and lenient handling share one parser. Nothing here knows the index or HTTP.

pub(crate) mod ast;
mod decode;
mod filter;
mod key;
mod report;
mod result_param;
mod suggest;
mod value;

#[cfg(test)]
mod tests;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use ast::{Criterion, Expr, SearchRequest};
use key::KeyError;
use report::Report;
use result_param::Outcome;

pub(crate) use report::is_refused_when_strict;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// `[base]/[type]?…`
    Type(ResourceType),
    /// `[base]?…`: the types of `_type`, or all.
    System,
}

/// What a request may cost before it is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of the query string or form.
    pub(crate) query_bytes: usize,
    /// Parameters.
    pub(crate) parameters: usize,
    /// Values of one parameter, or in one `_filter`.
    pub(crate) or_values: usize,
    /// Parameters of `_sort`.
    pub(crate) sort_keys: usize,
    /// Steps of a chain.
    pub(crate) chain_depth: usize,
    /// Levels of parentheses, brackets and nots in a `_filter`.
    pub(crate) filter_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            query_bytes: 32 * 1024,
            parameters: 200,
            or_values: 2_000,
            sort_keys: 20,
            chain_depth: 8,
            filter_depth: 32,
        }
    }
}

/// What parsing needs besides the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Now, in milliseconds since 1970 UTC, for the `ap` prefix on dates.
    pub(crate) now_ms: i64,
    /// Base URLs of this server, each without trailing slash: references that start with one are local.
    pub(crate) base_urls: &'a [&'a str],
    /// What a request may cost.
    pub(crate) limits: Limits,
}

/// Reads the raw query string of a GET, or the form of a POST `_search` (joined with its query by `&`).
///
/// The issues are mistakes (severity error: the request must be refused), things ignored or repaired
/// (warning: refused under strict handling, see [`is_refused_when_strict`]) and advice (warning of code
/// `code-invalid`: never refused). With a mistake among them the request is incomplete.
pub(crate) fn search_request(
    scope: Scope,
    query: &str,
    context: &Context<'_>,
) -> (SearchRequest, Vec<Issue>) {
    let mut report = Report::default();
    let pairs = read_pairs(&mut report, query, context);
    let types = searched_types(&mut report, scope, &pairs);
    let mut request = empty_request(types);
    let mut criteria: Vec<Vec<Expr>> = vec![Vec::new(); request.types.len()];
    for (at, (name, value)) in pairs.iter().enumerate() {
        if is_repeated(&mut report, &pairs[..at], name) {
            continue;
        }
        let applied = match result_param::read(context, &mut report, &mut request, name, value) {
            Outcome::Applied => true,
            Outcome::Dropped => false,
            Outcome::NotMine if name == "_type" => scope == Scope::System,
            Outcome::NotMine => {
                let exprs = criterion(context, &mut report, &request.types, name, value);
                let applied = exprs.is_some();
                for (criteria, expr) in criteria.iter_mut().zip(exprs.into_iter().flatten()) {
                    criteria.push(expr);
                }
                applied
            }
        };
        if applied {
            request.applied.push((name.clone(), value.clone()));
        }
    }
    request.criteria = criteria.into_iter().map(Expr::And).collect();
    (request, report.into_issues())
}

fn empty_request(types: Vec<ResourceType>) -> SearchRequest {
    SearchRequest {
        criteria: Vec::new(),
        types,
        correlation: ast::Correlation::default(),
        sort: Vec::new(),
        count: None,
        includes: Vec::new(),
        elements: Vec::new(),
        summary: ast::Summary::default(),
        total: ast::Total::default(),
        page: None,
        pretty: false,
        explain: false,
        applied: Vec::new(),
    }
}

fn read_pairs(report: &mut Report, query: &str, context: &Context<'_>) -> Vec<decode::Pair> {
    let limits = &context.limits;
    if query.len() > limits.query_bytes {
        let diagnostics = format!(
            "the parameters are {} bytes long; at most {}",
            query.len(),
            limits.query_bytes
        );
        report.error(IssueType::TooLong, "", diagnostics);
        return Vec::new();
    }
    let mut pairs = Vec::new();
    for pair in decode::pairs(query) {
        match pair {
            Ok(pair) => pairs.push(pair),
            Err(decode::NotUtf8(part)) => {
                let diagnostics = format!("\"{part}\" is not UTF-8 when percent-decoded");
                report.error(IssueType::Invalid, "", diagnostics);
            }
        }
    }
    if pairs.len() > limits.parameters {
        let diagnostics =
            format!("the request has {} parameters; at most {}", pairs.len(), limits.parameters);
        report.error(IssueType::TooCostly, "", diagnostics);
        pairs.clear();
    }
    pairs
}

fn searched_types(report: &mut Report, scope: Scope, pairs: &[decode::Pair]) -> Vec<ResourceType> {
    let mut given = pairs.iter().filter(|(name, value)| name == "_type" && !value.is_empty());
    let base = match scope {
        Scope::System => None,
        Scope::Type(base) => Some(base),
    };
    let Some((_, value)) = given.next() else {
        return base.map_or_else(|| ResourceType::ALL.to_vec(), |base| vec![base]);
    };
    if let Some(base) = base {
        let diagnostics = format!("\"_type\" is ignored: the URL already says {base}");
        report.tolerate(IssueType::NotSupported, "_type", diagnostics);
        return vec![base];
    }
    let mut types = Vec::new();
    for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match text.parse::<ResourceType>() {
            Ok(searched) if types.contains(&searched) => {}
            Ok(searched) => types.push(searched),
            Err(error) => {
                let names: Vec<&str> = ResourceType::ALL.iter().map(|t| t.as_str()).collect();
                let diagnostics = format!("\"_type\": {error}; allowed: {}", names.join(", "));
                report.error(IssueType::Value, "_type", diagnostics);
            }
        }
    }
    types
}

/// Parameters that say one thing of the whole answer, so that a second one would contradict.
const GIVEN_ONCE: [&str; 9] = [
    "_sort",
    "_count",
    "_summary",
    "_total",
    "_page",
    "_type",
    "_elements",
    "_explain",
    "ror-correlation",
];

fn is_repeated(report: &mut Report, earlier: &[decode::Pair], name: &str) -> bool {
    let repeated = GIVEN_ONCE.contains(&name) && earlier.iter().any(|(known, _)| known == name);
    if repeated {
        let diagnostics = format!("\"{name}\" is given more than once");
        report.error(IssueType::Invalid, name, diagnostics);
    }
    repeated
}

/// What one parameter asks of each searched type; `None` when it asks nothing (reported).
fn criterion(
    context: &Context<'_>,
    report: &mut Report,
    types: &[ResourceType],
    name: &str,
    value: &str,
) -> Option<Vec<Expr>> {
    if name == "_filter" {
        return filter::read(context, report, types, value);
    }
    let resolved: Vec<_> =
        types.iter().map(|t| key::resolve(*t, name, context.limits.chain_depth)).collect();
    if let Some(why) = unknown_everywhere(&resolved) {
        report.tolerate(IssueType::NotSupported, name, format!("{why} It was ignored."));
        return None;
    }
    let mut exprs = Vec::with_capacity(types.len());
    for result in resolved {
        match result {
            Ok(paths) => exprs.push(alternatives(context, report, name, &paths, value)),
            Err(KeyError::Invalid(code, why)) => report.error(code, name, why),
            Err(KeyError::Unknown(why)) => {
                let diagnostics =
                    format!("{why}; a search over several types takes parameters they share");
                report.error(IssueType::Invalid, name, diagnostics);
            }
        }
    }
    if exprs.len() < types.len() {
        return None;
    }
    exprs.into_iter().collect()
}

/// Why the first name means nothing on any searched type (T3), if so.
fn unknown_everywhere(resolved: &[Result<Vec<key::Path>, KeyError>]) -> Option<String> {
    let mut first = None;
    for result in resolved {
        match result {
            Err(KeyError::Unknown(why)) => first = first.or(Some(why)),
            Ok(_) | Err(KeyError::Invalid(..)) => return None,
        }
    }
    first.map(|why| if why.ends_with('?') { why.clone() } else { format!("{why}.") })
}

/// One parameter on one searched type: a chain over several types holds over one of them.
fn alternatives(
    context: &Context<'_>,
    report: &mut Report,
    name: &str,
    paths: &[key::Path],
    value: &str,
) -> Option<Expr> {
    let mut exprs = Vec::with_capacity(paths.len());
    for path in paths {
        let test = value::test(context, report, name, path, value)?;
        exprs.push(Expr::Criterion(Criterion {
            chain: path.chain.clone(),
            base: path.base,
            parameter: path.parameter,
            above: path.above,
            test,
        }));
    }
    if exprs.len() == 1 { exprs.pop() } else { Some(Expr::Or(exprs)) }
}
