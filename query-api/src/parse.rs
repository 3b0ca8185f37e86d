//! Text → AST: a query string or form becomes a [`SearchRequest`] and what is to be said about it.
//!
//! Parsing never fails: every mistake is an issue, so that a caller sees all of them at once, and strict
//! and lenient handling share one parser. Nothing here knows the index or HTTP.

pub(crate) mod ast;
mod decode;
mod filter;
mod key;
pub(crate) mod locate;
mod report;
mod result_param;
pub(crate) mod suggest;
mod territory;
mod value;

#[cfg(test)]
mod tests;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use ast::{Criterion, Expr, SearchRequest};
use key::KeyError;
use report::Report;
use result_param::Outcome;

pub(crate) use filter::Opened;
pub(crate) use report::is_refused_when_strict;
pub(crate) use result_param::whole_number;

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
    /// Words of all values of one text parameter.
    pub(crate) words: usize,
    /// Values of all parameters.
    pub(crate) search_values: usize,
    /// Words of all text parameters, on one of the searched types.
    pub(crate) search_words: usize,
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
            words: 1_000,
            search_values: 10_000,
            search_words: 2_000,
            chain_depth: 8,
            filter_depth: 32,
        }
    }
}

/// What parsing needs besides the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Now, in milliseconds since 1970 UTC: for `open-at`, ages, and the `ap` prefix on dates.
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
    let now_ms = result_param::now_ms(&mut report, &pairs).unwrap_or(context.now_ms);
    let context = &Context { now_ms, ..*context };
    let types = searched_types(&mut report, scope, &pairs);
    let mut request = empty_request(types);
    request.now_ms = now_ms;
    let mut criteria: Vec<Vec<Expr>> = vec![Vec::new(); request.types.len()];
    let mut sort_conditions = criteria.clone();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if is_repeated(&mut report, &pairs[..at], name) {
            continue;
        }
        if let Some(inner) = name.strip_prefix(SORT_CONDITION) {
            let exprs = sort_condition(context, &mut report, &request.types, inner, value);
            if let Some(exprs) = exprs {
                count_words(context, &mut report, &exprs);
                add_each(&mut sort_conditions, exprs);
                request.applied.push((name.clone(), value.clone()));
            }
            continue;
        }
        let applied = match result_param::read(context, &mut report, &mut request, name, value) {
            Outcome::Applied => true,
            Outcome::Dropped => false,
            Outcome::NotMine if name == "_type" => scope == Scope::System,
            Outcome::NotMine => {
                let exprs = criterion(context, &mut report, &request.types, name, value);
                let applied = exprs.is_some();
                count_words(context, &mut report, exprs.as_deref().unwrap_or_default());
                if applied && name == "_filter" {
                    request.filters.push((criteria.first().map_or(0, Vec::len), value.clone()));
                }
                add_each(&mut criteria, exprs.unwrap_or_default());
                applied
            }
        };
        if applied {
            request.applied.push((name.clone(), value.clone()));
        }
    }
    if report.has_used_clock() && !pairs.iter().any(|(name, _)| name == result_param::NOW) {
        // The next page, whenever it is asked for, is a page of the same answer.
        request.applied.push((result_param::NOW.to_owned(), result_param::instant(now_ms)));
    }
    let has_summary = !matches!(request.summary, ast::Summary::False | ast::Summary::Count);
    if has_summary && !request.elements.is_empty() {
        let diagnostics = "\"_elements\" and \"_summary\" are both given: matches show the elements, \
                           included resources the summary";
        report.advise("_elements", diagnostics.to_owned());
    }
    request.criteria = criteria.into_iter().map(Expr::And).collect();
    result_param::check_score(&mut report, &request);
    if sort_conditions.iter().any(|exprs| !exprs.is_empty()) {
        request.sort_conditions = sort_conditions.into_iter().map(Expr::And).collect();
        result_param::check_sort_conditions(&mut report, &request);
    }
    (request, report.into_issues())
}

/// The one parameter that a name means on a type, without modifiers; `None` when it means none or
/// several.
pub(crate) fn way(base: ResourceType, name: &str) -> Option<ast::Way> {
    let paths = key::resolve(base, name, Limits::default().chain_depth).ok()?;
    let [path] = <[key::Path; 1]>::try_from(paths).ok()?;
    let is_plain = path.modifier.is_none() && !path.above;
    is_plain.then_some(ast::Way { chain: path.chain, base: path.base, parameter: path.parameter })
}

/// Before the name of a criterion that is one on the records a sort key looks at.
const SORT_CONDITION: &str = "_sort:";

fn sort_condition(
    context: &Context<'_>,
    report: &mut Report,
    types: &[ResourceType],
    name: &str,
    value: &str,
) -> Option<Vec<Expr>> {
    if matches!(name, "asc" | "desc") {
        let sign = if name == "desc" { "-" } else { "" };
        let diagnostics =
            format!("unknown modifier \"{name}\" on \"_sort\"; write _sort={sign}{value}");
        report.error(IssueType::NotSupported, "_sort", diagnostics);
        return None;
    }
    if name.is_empty() || name.starts_with('_') {
        let diagnostics = format!(
            "\"{SORT_CONDITION}{name}\" is no condition on what is sorted by; write \
             {SORT_CONDITION} before a parameter, as in {SORT_CONDITION}organization.price-type"
        );
        report.error(IssueType::Invalid, SORT_CONDITION, diagnostics);
        return None;
    }
    criterion(context, report, types, name, value)
}

fn add_each(lists: &mut [Vec<Expr>], exprs: Vec<Expr>) {
    for (list, expr) in lists.iter_mut().zip(exprs) {
        list.push(expr);
    }
}

/// Counts the words of a criterion: those of the type where they are most.
fn count_words(context: &Context<'_>, report: &mut Report, exprs: &[Expr]) {
    let words = exprs.iter().map(value::words_in).max().unwrap_or(0);
    report.add_words(words, context.limits.search_words);
}

fn empty_request(types: Vec<ResourceType>) -> SearchRequest {
    SearchRequest {
        criteria: Vec::new(),
        sort_conditions: Vec::new(),
        now_ms: 0,
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
        filters: Vec::new(),
        applied: Vec::new(),
        located: Vec::new(),
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
const GIVEN_ONCE: [&str; 10] = [
    "ror-now",
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
    if !report.add_values(value::count(value), context.limits.search_values) {
        return None;
    }
    let resolved: Vec<_> =
        types.iter().map(|t| key::resolve(*t, name, context.limits.chain_depth)).collect();
    if let Some(why) = unknown_everywhere(&resolved) {
        report.tolerate(IssueType::NotSupported, name, format!("{why} It is ignored."));
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
