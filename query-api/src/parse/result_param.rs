//! Parameters that shape the answer: `_sort`, `_count`, includes, `_elements`, `_summary` and the like.

use jiff::Timestamp;
use shared::error::IssueType;
use shared::fhir::ResourceType;
use shared::param::QueryValue;
use shared::registry::{self, ParameterType};
use shared::validate::Definition;

use super::Context;
use super::ast::{
    Brackets, Correlation, Expr, Hop, Include, SearchRequest, Sort, Summary, Test, Total,
};
use super::key::{self, KeyError, Path};
use super::report::Report;
use super::suggest;

/// Names of the parameters read here (and of the two that hold criteria but are no parameters).
pub(super) const NAMES: [&str; 16] = [
    "_sort",
    "_count",
    "_include",
    "_revinclude",
    "_elements",
    "_summary",
    "_total",
    "_format",
    "_pretty",
    "_page",
    "_explain",
    "_type",
    "ror-correlation",
    NOW,
    "_filter",
    "_has",
];

/// The instant that a request means by now. Links carry it, so that all pages mean the same.
pub(super) const NOW: &str = "ror-now";

/// Parameters that R4 defines and this server does not offer.
const UNSUPPORTED: [&str; 5] = ["_list", "_query", "_contained", "_containedType", "_graph"];

/// The key of `_sort` that is no parameter: relevance.
const SCORE: &str = "_score";

/// What became of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It shapes the answer, and belongs in the self link.
    Applied,
    /// It was read but is not to be shown, or was reported.
    Dropped,
    /// It is not a result parameter.
    NotMine,
}

/// Reads a result parameter into `request`.
pub(super) fn read(
    context: &Context<'_>,
    report: &mut Report,
    request: &mut SearchRequest,
    name: &str,
    value: &str,
) -> Outcome {
    let (plain_name, modifier) = name.split_once(':').map_or((name, None), |(n, m)| (n, Some(m)));
    if matches!(plain_name, "_include" | "_revinclude") {
        return include(report, request, name, plain_name, modifier, value);
    }
    if UNSUPPORTED.contains(&plain_name) {
        let diagnostics = format!("\"{name}\" is ignored: it is not supported");
        report.tolerate(IssueType::NotSupported, name, diagnostics);
        return Outcome::Dropped;
    }
    // A reverse chain carries colons of its own.
    if !NAMES.contains(&plain_name) || plain_name == "_has" {
        return Outcome::NotMine;
    }
    if let Some(modifier) = modifier {
        let diagnostics =
            format!("unknown modifier \"{modifier}\" on \"{plain_name}\"; allowed: none");
        report.error(IssueType::NotSupported, name, diagnostics);
        return Outcome::Dropped;
    }
    if value.is_empty() {
        let diagnostics = format!("\"{name}\" is ignored: it has no value");
        report.tolerate(IssueType::Value, name, diagnostics);
        return Outcome::Dropped;
    }
    match plain_name {
        "_filter" | "_type" => return Outcome::NotMine,
        "_sort" => sort(context, report, request, value),
        "_elements" => elements(report, request, value),
        "_page" => {
            request.page = Some(value.to_owned());
            return Outcome::Dropped;
        }
        // The representation is negotiated with the Accept header, by whoever speaks HTTP.
        // And what now is was read before all others, which may depend on it.
        "_format" | NOW => {}
        _ => choice(report, request, plain_name, value),
    }
    Outcome::Applied
}

/// What the request says that now is.
pub(super) fn now_ms(report: &mut Report, pairs: &[(String, String)]) -> Option<i64> {
    let (_, value) = pairs.iter().find(|(name, value)| name == NOW && !value.is_empty())?;
    if let Ok(instant) = value.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let diagnostics =
        format!("\"{NOW}\" is an instant such as 2026-01-31T14:30:00Z, not \"{value}\"");
    report.error(IssueType::Value, NOW, diagnostics);
    None
}

/// An instant in the form of [`NOW`].
pub(super) fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |instant| instant.to_string())
}

/// Parameters whose value is a number or one of a few words.
fn choice(report: &mut Report, request: &mut SearchRequest, name: &str, value: &str) {
    let understood = match name {
        "_count" => whole_number(value).map(|count| request.count = Some(count)).is_some(),
        "_summary" => one_of(value, &SUMMARIES).map(|summary| request.summary = summary).is_some(),
        "_total" => one_of(value, &TOTALS).map(|total| request.total = total).is_some(),
        "_pretty" => one_of(value, &FLAGS).map(|flag| request.pretty = flag).is_some(),
        "_explain" => one_of(value, &FLAGS).map(|flag| request.explain = flag).is_some(),
        _ => one_of(value, &CORRELATIONS).map(|c| request.correlation = c).is_some(),
    };
    if understood {
        return;
    }
    let right = match name {
        "_count" => "a whole number from 0".to_owned(),
        "_summary" => words(&SUMMARIES),
        "_total" => words(&TOTALS),
        "_pretty" | "_explain" => words(&FLAGS),
        _ => words(&CORRELATIONS),
    };
    let diagnostics = format!("\"{name}\" is {right}, not \"{value}\"");
    report.error(IssueType::Value, name, diagnostics);
}

/// A whole number from 0; one that is too large to hold is the largest, which no limit lets through.
pub(crate) fn whole_number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

const SUMMARIES: [(&str, Summary); 5] = [
    ("true", Summary::True),
    ("text", Summary::Text),
    ("data", Summary::Data),
    ("count", Summary::Count),
    ("false", Summary::False),
];

/// Totals are exact, so an estimate may be asked for and is better than asked.
const TOTALS: [(&str, Total); 3] =
    [("none", Total::None), ("estimate", Total::Accurate), ("accurate", Total::Accurate)];

const FLAGS: [(&str, bool); 2] = [("true", true), ("false", false)];

const CORRELATIONS: [(&str, Correlation); 2] =
    [("record", Correlation::Record), ("independent", Correlation::Independent)];

fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Option<T> {
    choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice)
}

fn words<T>(choices: &[(&str, T)]) -> String {
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    format!("one of {}", words.join(", "))
}

fn elements(report: &mut Report, request: &mut SearchRequest, value: &str) {
    for text in value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let path = match text.split_once('.') {
            Some((type_name, rest)) if type_name.parse::<ResourceType>().is_ok() => rest,
            Some(_) | None => text,
        };
        let (element, below) = path.split_once('.').unwrap_or((path, ""));
        let is_name = element.starts_with(|c: char| c.is_ascii_lowercase())
            && element.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_name {
            let diagnostics = format!("\"_elements\": \"{text}\" is not the name of an element");
            report.error(IssueType::Value, "_elements", diagnostics);
            continue;
        }
        if !below.is_empty() {
            let diagnostics = format!(
                "\"_elements\" takes top-level elements; \"{text}\" is read as \"{element}\""
            );
            report.tolerate(IssueType::Value, "_elements", diagnostics);
        }
        let is_known = |searched: &ResourceType| {
            let definition = Definition::resource(*searched);
            element == "resourceType"
                || definition.element(element).is_some()
                || definition.elements(element).next().is_some()
        };
        if !request.types.iter().any(is_known) {
            let types: Vec<&str> = request.types.iter().map(|searched| searched.as_str()).collect();
            let types = types.join(", ");
            let diagnostics = format!("\"_elements\": \"{element}\" is no element of {types}");
            report.tolerate(IssueType::Value, "_elements", diagnostics);
        }
        if !request.elements.iter().any(|known| known == element) {
            request.elements.push(element.to_owned());
        }
    }
}

/// Reads `-organization.price-validity-start-date,name`. [`SCORE`], the default order of a search with
/// words, stands alone.
fn sort(context: &Context<'_>, report: &mut Report, request: &mut SearchRequest, value: &str) {
    let keys = || value.split(',').map(str::trim);
    if value == SCORE {
        return;
    }
    if keys().any(|key| key.trim_start_matches('-').trim() == SCORE) {
        let diagnostics = format!(
            "\"_sort\": \"{SCORE}\" stands alone and without \"-\": it puts what answers the searched \
             words best first, equals by id"
        );
        return report.error(IssueType::NotSupported, "_sort", diagnostics);
    }
    let limit = context.limits.sort_keys;
    if keys().count() > limit {
        let diagnostics = format!("\"_sort\" takes at most {limit} parameters");
        return report.error(IssueType::TooCostly, "_sort", diagnostics);
    }
    for text in keys() {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name.trim()),
            None => (false, text),
        };
        match sort_key(context, &request.types, name) {
            Ok(path) if is_sorted_by(&request.sort, &path) => {
                let diagnostics =
                    format!("\"_sort\": \"{text}\" is ignored: the order is by \"{name}\" already");
                report.tolerate(IssueType::Invalid, "_sort", diagnostics);
            }
            Ok(path) => request.sort.push(Sort {
                chain: path.chain,
                parameter: path.parameter,
                descending,
                above: path.above,
            }),
            Err(why) => report.error(IssueType::Value, "_sort", format!("\"_sort\": {why}")),
        }
    }
}

/// Whether a key that stands before makes all equal that this one could tell apart.
fn is_sorted_by(keys: &[Sort], path: &Path) -> bool {
    keys.iter().any(|key| {
        key.parameter == path.parameter && key.chain == path.chain && key.above == path.above
    })
}

/// The order by relevance means something where words are searched.
pub(super) fn check_score(report: &mut Report, request: &SearchRequest) {
    let is_asked = request.applied.iter().any(|(name, value)| name == "_sort" && value == SCORE);
    if is_asked && !request.criteria.iter().any(has_words) {
        let diagnostics =
            format!("\"_sort={SCORE}\" is ignored: no words are searched; add _content or _text");
        report.tolerate(IssueType::NotSupported, "_sort", diagnostics);
    }
}

/// Whether the expression wants words: what is only excluded ranks nothing.
fn has_words(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(has_words),
        Expr::Within(brackets) => has_words(&brackets.inner),
        Expr::Not(_) => false,
        Expr::Criterion(criterion) => {
            let Test::Any(values) = &criterion.test else { return false };
            values.iter().any(|v| matches!(v, QueryValue::Text(text) if !text.wanted.is_empty()))
        }
    }
}

/// A condition on what is sorted by goes along the chain of a sort key.
pub(super) fn check_sort_conditions(report: &mut Report, request: &SearchRequest) {
    let mut chains = Vec::new();
    for expr in &request.sort_conditions {
        chains_of(expr, &mut chains);
    }
    for (chain, code) in chains {
        if !request.sort.iter().any(|sort| sort.chain == chain) {
            let diagnostics = format!(
                "\"_sort:…{code}\" is on no resource that is sorted by; give it the chain of a key \
                 of _sort, as in _sort=organization.price-amount-per-day with \
                 _sort:organization.price-type"
            );
            report.error(IssueType::Invalid, "_sort", diagnostics);
        }
    }
}

fn chains_of<'a>(expr: &'a Expr, found: &mut Vec<(&'a [Hop], &'a str)>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                chains_of(part, found);
            }
        }
        Expr::Not(inner) | Expr::Within(Brackets { inner, .. }) => chains_of(inner, found),
        Expr::Criterion(criterion) => found.push((&criterion.chain, criterion.parameter.code)),
    }
}

fn sort_key(context: &Context<'_>, types: &[ResourceType], name: &str) -> Result<Path, String> {
    let mut found: Option<Path> = None;
    for base in types {
        let path = sort_key_of_type(context, *base, name)?;
        match &found {
            Some(first) if first.parameter != path.parameter => {
                return Err(format!("\"{name}\" is not the same parameter on all searched types"));
            }
            Some(_) => {}
            None => found = Some(path),
        }
    }
    found.ok_or_else(|| format!("\"{name}\" cannot be sorted by: no type is searched"))
}

fn sort_key_of_type(context: &Context<'_>, base: ResourceType, name: &str) -> Result<Path, String> {
    // The distance of an offer is that of its place.
    let has_near = registry::find(base, "near").is_some();
    let name = match name {
        "near" if !has_near && registry::find(base, "location").is_some() => "location.near",
        "" => return Err("an empty key; write parameters such as name or -_lastUpdated".to_owned()),
        other => other,
    };
    let mut paths = key::resolve(base, name, context.limits.chain_depth).map_err(|e| match e {
        KeyError::Unknown(why) | KeyError::Invalid(_, why) => why,
    })?;
    let (Some(path), true) = (paths.pop(), paths.is_empty()) else {
        return Err(format!("\"{name}\" leads to several types; name one, as in focus:Location"));
    };
    if path.modifier.is_some() {
        return Err(format!("\"{name}\": a key takes no modifier but :above after organization"));
    }
    if !path.parameter.is_sortable() {
        let sortable: Vec<&str> =
            registry::of_type(path.base).filter(|p| p.is_sortable()).map(|p| p.code).collect();
        return Err(format!(
            "\"{name}\" cannot be sorted by; on {} allowed: {}",
            path.base,
            key::list(&sortable)
        ));
    }
    if path.chain.iter().any(|hop| matches!(hop, Hop::Reverse(..))) {
        return Err(format!("\"{name}\": a reverse chain cannot be sorted by"));
    }
    Ok(path)
}

fn include(
    report: &mut Report,
    request: &mut SearchRequest,
    name: &str,
    plain_name: &str,
    modifier: Option<&str>,
    value: &str,
) -> Outcome {
    let iterate = match modifier {
        None => false,
        // `:recurse` is the name that earlier releases of FHIR gave `:iterate`.
        Some("iterate" | "recurse") => true,
        Some(other) => {
            let diagnostics =
                format!("unknown modifier \"{other}\" on \"{plain_name}\"; allowed: iterate");
            report.error(IssueType::NotSupported, name, diagnostics);
            return Outcome::Dropped;
        }
    };
    let reverse = plain_name == "_revinclude";
    if value.is_empty() {
        let diagnostics = format!("\"{name}\" is ignored: it has no value");
        report.tolerate(IssueType::Value, name, diagnostics);
        return Outcome::Dropped;
    }
    if value.contains(',') {
        let diagnostics = format!(
            "\"{name}\" takes one directive; commas do not separate them: write {}",
            value
                .split(',')
                .map(|one| format!("{name}={}", one.trim()))
                .collect::<Vec<_>>()
                .join("&")
        );
        report.error(IssueType::Value, name, diagnostics);
        return Outcome::Dropped;
    }
    match directive(report, name, value) {
        Ok(Directive { source, parameter, target }) => {
            request.includes.push(Include { reverse, iterate, source, parameter, target });
            Outcome::Applied
        }
        Err(IncludeError::Ignored(why)) => {
            let diagnostics = format!("\"{name}={value}\" is ignored: {why}");
            report.tolerate(IssueType::NotSupported, name, diagnostics);
            Outcome::Dropped
        }
        Err(IncludeError::Malformed) => {
            let diagnostics = format!(
                "\"{name}\" is *, Type:*, Type:parameter or Type:parameter:TargetType, not \
                 \"{value}\""
            );
            report.error(IssueType::Value, name, diagnostics);
            Outcome::Dropped
        }
    }
}

struct Directive {
    source: Option<ResourceType>,
    parameter: Option<&'static registry::SearchParameter>,
    target: Option<ResourceType>,
}

enum IncludeError {
    /// Well formed, but there is no such thing (T5).
    Ignored(String),
    /// Not a directive.
    Malformed,
}

fn directive(report: &mut Report, name: &str, value: &str) -> Result<Directive, IncludeError> {
    if value == "*" {
        return Ok(Directive { source: None, parameter: None, target: None });
    }
    let parts: Vec<&str> = value.split(':').map(str::trim).collect();
    let (source, code, target) = match parts.as_slice() {
        [source, code] => (*source, *code, None),
        [source, code, target] => (*source, *code, Some(*target)),
        _ => return Err(IncludeError::Malformed),
    };
    if source.is_empty() || code.is_empty() || target == Some("") {
        return Err(IncludeError::Malformed);
    }
    let source = type_in_any_case(report, name, source)?;
    let target = target.map(|target| type_in_any_case(report, name, target)).transpose()?;
    if code == "*" {
        return Ok(Directive { source: Some(source), parameter: None, target });
    }
    let references = || registry::of_type(source).filter(|p| p.kind == ParameterType::Reference);
    let Some(parameter) = references().find(|p| p.code == code) else {
        let codes: Vec<&str> = references().map(|p| p.code).collect();
        let hint = suggest::hint(code, codes.iter().copied());
        return Err(IncludeError::Ignored(format!(
            "\"{code}\" is not a reference parameter of {source} (there are {}){hint}",
            key::list(&codes)
        )));
    };
    if let Some(target) = target
        && !parameter.targets.contains(&target)
    {
        return Err(IncludeError::Ignored(format!("\"{code}\" does not refer to {target}")));
    }
    Ok(Directive { source: Some(source), parameter: Some(parameter), target })
}

fn type_in_any_case(
    report: &mut Report,
    name: &str,
    text: &str,
) -> Result<ResourceType, IncludeError> {
    if let Ok(exact) = text.parse() {
        return Ok(exact);
    }
    let found = ResourceType::ALL.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(text));
    let Some(found) = found else {
        return Err(IncludeError::Ignored(format!("the directory holds no \"{text}\"")));
    };
    let diagnostics = format!("\"{name}\": the type \"{text}\" is read as \"{found}\"");
    report.tolerate(IssueType::Value, name, diagnostics);
    Ok(found)
}
