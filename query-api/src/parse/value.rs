//! Values of parameters: text and modifier → what is asked.

use shared::error::IssueType;
use shared::fhir::ResourceType;
use shared::geo::gazetteer;
use shared::param::age;
use shared::param::date::{DateQuery, DateRange};
use shared::param::near::NearQuery;
use shared::param::number::NumberQuery;
use shared::param::quantity::QuantityQuery;
use shared::param::reference::ReferenceQuery;
use shared::param::text::TextQuery;
use shared::param::token::{SystemQuery, TokenQuery};
use shared::param::{Prefix, QueryValue, ReferenceTargets, ValueError, escape, text, uri};
use shared::registry::{self, ParameterType, SearchParameter, TokenShape};
use shared::terminology::{canonical_system, terminology};

use super::Context;
use super::ast::{Brackets, Expr, Test};
use super::key::{Modifier, Path};
use super::report::Report;
use super::territory;

/// The present, as a value of `open-at`.
const NOW: &str = "now";

/// What the value `text` of the parameter `name` asks of the end of `path`.
///
/// `None` when it asks nothing: it is empty (reported and ignored) or wrong (reported).
pub(super) fn test(
    context: &Context<'_>,
    report: &mut Report,
    name: &str,
    path: &Path,
    given: &str,
) -> Option<Test> {
    let texts = if path.parameter.kind == ParameterType::Text {
        text::split(given)
    } else if path.parameter.code == "near-address" {
        // A comma belongs to the address: "7 rue porte de Buc, 78000 Versailles".
        vec![given]
    } else {
        escape::split(given, ',')
    };
    let texts: Vec<&str> = texts.into_iter().map(str::trim).collect();
    let mut given: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    if given.is_empty() && path.parameter.code == "open-at" {
        given.push(NOW);
    } else if given.len() < texts.len() {
        let what = if given.is_empty() { "is ignored" } else { "has an empty value, ignored" };
        let diagnostics = format!("\"{name}\" {what}: it has no value");
        report.tolerate(IssueType::Value, name, diagnostics);
    }
    if given.len() > context.limits.or_values {
        let max = context.limits.or_values;
        let diagnostics = format!("\"{name}\" has {} values; at most {max}", given.len());
        report.error(IssueType::TooCostly, name, diagnostics);
        return None;
    }
    if given.is_empty() {
        return None;
    }
    let plain = || given.iter().map(|text| escape::unescape(text)).collect();
    let mut values = || values(context, report, name, path, &given);
    match path.modifier {
        None | Some(Modifier::Type(_) | Modifier::OfType) => values().map(Test::Any),
        Some(Modifier::Not) => values().map(Test::None),
        Some(Modifier::Above) => values().map(Test::Above),
        Some(Modifier::Below) => values().map(Test::Below),
        Some(Modifier::Identifier) => values().map(Test::Identifier),
        Some(Modifier::Exact) => Some(Test::Exact(plain())),
        Some(Modifier::Contains) => Some(Test::Contains(plain())),
        Some(Modifier::Text) => Some(Test::Text(plain())),
        Some(Modifier::In) => value_sets(report, name, &given).map(Test::In),
        Some(Modifier::Missing) => missing(report, name, &given).map(Test::Missing),
    }
}

/// How many values a parameter has, whatever it is.
pub(super) fn count(given: &str) -> usize {
    escape::split(given, ',').len()
}

/// How many words are looked for.
pub(super) fn words_in(expr: &Expr) -> usize {
    match expr {
        Expr::And(children) | Expr::Or(children) => children.iter().map(words_in).sum(),
        Expr::Not(inner) | Expr::Within(Brackets { inner, .. }) => words_in(inner),
        Expr::Criterion(criterion) => criterion.test.values().iter().map(word_count).sum(),
    }
}

/// Reads `true` or `false`, alone.
pub(super) fn missing(report: &mut Report, name: &str, given: &[&str]) -> Option<bool> {
    match given {
        ["true"] => Some(true),
        ["false"] => Some(false),
        _ => {
            let diagnostics =
                format!("\"{name}\" is either true or false, not \"{}\"", given.join(","));
            report.error(IssueType::Value, name, diagnostics);
            None
        }
    }
}

/// Reads URLs of value sets that are carried.
pub(super) fn value_sets(report: &mut Report, name: &str, given: &[&str]) -> Option<Vec<String>> {
    let mut urls = Vec::with_capacity(given.len());
    for text in given {
        let url = escape::unescape(text);
        let Some(set) = terminology().value_set(&url) else {
            let diagnostics = format!("\"{name}\": the value set \"{url}\" is not carried here");
            report.error(IssueType::NotSupported, name, diagnostics);
            continue;
        };
        if !set.complete {
            report.advise(name, format!("not all codes of the value set \"{url}\" are known"));
        }
        urls.push(url);
    }
    (urls.len() == given.len()).then_some(urls)
}

/// Reads every value, so that all mistakes are reported; `None` when one is wrong.
pub(super) fn values(
    context: &Context<'_>,
    report: &mut Report,
    name: &str,
    path: &Path,
    given: &[&str],
) -> Option<Vec<QueryValue>> {
    advise_decimal_comma(report, name, path.parameter, given);
    let mut read = Vec::with_capacity(given.len());
    let is_code = matches!(path.modifier, None | Some(Modifier::Not));
    for text in given {
        let folded = territory::folded(path.parameter.code, text).filter(|_| is_code);
        let text = folded.as_deref().unwrap_or(text);
        match value(context, path.parameter, path.base, path.modifier, text) {
            Ok(value) => {
                if is_relative(path.parameter, text) {
                    report.uses_clock();
                }
                advise(report, name, &value, text);
                advise_spelling(report, name, path.parameter, text);
                let advice = territory::advice(path.parameter.code, text).filter(|_| is_code);
                if let Some(advice) = advice {
                    report.advise(name, format!("\"{name}\": {advice}"));
                }
                read.push(value);
            }
            Err(ValueError(why)) => {
                report.error(IssueType::Value, name, format!("\"{name}\": {why}"));
            }
        }
    }
    if read.len() < given.len() {
        return None;
    }
    let words: usize = read.iter().map(word_count).sum();
    if words > context.limits.words {
        let max = context.limits.words;
        let diagnostics = format!("\"{name}\" has {words} words; at most {max}");
        report.error(IssueType::TooCostly, name, diagnostics);
        return None;
    }
    Some(read)
}

fn word_count(value: &QueryValue) -> usize {
    if let QueryValue::Text(text) = value { text.word_count() } else { 0 }
}

/// Reads one escaped value by the type of its parameter.
fn value(
    context: &Context<'_>,
    parameter: &SearchParameter,
    base: ResourceType,
    modifier: Option<Modifier>,
    text: &str,
) -> Result<QueryValue, ValueError> {
    match parameter.kind {
        ParameterType::Token if modifier == Some(Modifier::OfType) => {
            TokenQuery::parse_of_type(text).map(QueryValue::Token)
        }
        ParameterType::Token => {
            TokenQuery::parse(text, parameter.token_shape()).map(QueryValue::Token)
        }
        ParameterType::String => Ok(QueryValue::String(escape::unescape(text))),
        ParameterType::Text => TextQuery::parse(&escape::unescape(text)).map(QueryValue::Text),
        ParameterType::Date => DateQuery::parse(text, context.now_ms).map(QueryValue::Date),
        ParameterType::Number => NumberQuery::parse(text).map(QueryValue::Number),
        ParameterType::Quantity => QuantityQuery::parse(text).map(QueryValue::Quantity),
        ParameterType::Reference if modifier == Some(Modifier::Identifier) => {
            TokenQuery::parse(text, TokenShape::Identifier).map(QueryValue::Token)
        }
        ParameterType::Reference => {
            let restricted_to =
                if let Some(Modifier::Type(only)) = modifier { Some(only) } else { None };
            let targets = ReferenceTargets { restricted_to, allowed: parameter.targets };
            ReferenceQuery::parse(text, targets, context.base_urls).map(QueryValue::Reference)
        }
        ParameterType::Uri => {
            let url = escape::unescape(text);
            if matches!(modifier, Some(Modifier::Above | Modifier::Below)) {
                uri::check_hierarchical(&url)?;
            }
            Ok(QueryValue::Uri(url))
        }
        ParameterType::Special if parameter.code == "price-in-force" => {
            let query = DateQuery::parse(text, context.now_ms)?;
            if query.prefix != Prefix::Eq {
                return Err(ValueError::new(format!(
                    "\"{text}\" has a prefix; write the day alone, such as 2026-01-31"
                )));
            }
            Ok(QueryValue::Date(query))
        }
        ParameterType::Special if parameter.code == "open-at" => {
            instant(context, text).map(QueryValue::Date)
        }
        ParameterType::Special if parameter.code == "capacity-max-age" => {
            let since_ms = context.now_ms - age::parse(text)?;
            let range = DateRange { low_ms: since_ms, high_ms: since_ms };
            // Started after what lies before: at this instant or later.
            Ok(QueryValue::Date(DateQuery { prefix: Prefix::Sa, range, repaired: false }))
        }
        ParameterType::Special if parameter.code == "near-insee-code" => {
            NearQuery::parse_commune(text).map(QueryValue::Near)
        }
        ParameterType::Special if parameter.code == "near-address" => {
            NearQuery::parse_address(text).map(QueryValue::Near)
        }
        ParameterType::Special => NearQuery::parse_point(text).map(QueryValue::Near),
        ParameterType::Composite => composite(context, parameter, base, text),
    }
}

/// Whether a value means something else at another time.
fn is_relative(parameter: &SearchParameter, text: &str) -> bool {
    parameter.code == "capacity-max-age" || (parameter.code == "open-at" && text == NOW)
}

/// `now`, or a day with a time.
fn instant(context: &Context<'_>, text: &str) -> Result<DateQuery, ValueError> {
    if text == NOW {
        let range = DateRange { low_ms: context.now_ms, high_ms: context.now_ms + 1 };
        return Ok(DateQuery { prefix: Prefix::Eq, range, repaired: false });
    }
    let query = DateQuery::parse(text, context.now_ms)?;
    if query.prefix != Prefix::Eq || text.starts_with("eq") || !text.contains('T') {
        return Err(ValueError::new(format!(
            "\"{text}\" is not an instant; write now, or a day and a time such as 2026-01-31T14:30 \
             (in Europe/Paris without a zone)"
        )));
    }
    Ok(query)
}

fn composite(
    context: &Context<'_>,
    parameter: &SearchParameter,
    base: ResourceType,
    text: &str,
) -> Result<QueryValue, ValueError> {
    let parts = escape::split(text, '$');
    if parts.len() != parameter.components.len() {
        return Err(ValueError::new(format!(
            "\"{text}\" has {} parts; write {}",
            parts.len(),
            parameter.components.join("$")
        )));
    }
    let mut read = Vec::with_capacity(parts.len());
    for (code, part) in parameter.components.iter().zip(parts) {
        let component = registry::find(base, code)
            .ok_or_else(|| ValueError::new(format!("\"{code}\" is not a parameter of {base}")))?;
        read.push(value(context, component, base, None, part.trim())?);
    }
    Ok(QueryValue::Composite(read))
}

/// Parameters whose values have decimals; the other numbers count something.
const DECIMAL: [&str; 3] = ["price-amount-value", "price-amount-per-day", "limit-value"];

/// Says how `60,5` was read, which in French is one number: two values that look like one.
fn advise_decimal_comma(
    report: &mut Report,
    name: &str,
    parameter: &SearchParameter,
    given: &[&str],
) {
    let [whole, rest] = given else { return };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let digits = whole.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let part = rest.split('|').next().unwrap_or_default();
    if DECIMAL.contains(&parameter.code) && is_number(digits) && is_number(part) && part.len() <= 2
    {
        let diagnostics = format!(
            "\"{name}\" is read as {whole} or {rest}: a comma stands between values; if one number is meant, write {whole}.{rest}"
        );
        report.advise(name, diagnostics);
    }
}

/// Says what is legal but may surprise: a repaired zone, another spelling of a system, an unknown code.
fn advise(report: &mut Report, name: &str, value: &QueryValue, text: &str) {
    match value {
        QueryValue::Date(date) if date.repaired => report.tolerate(
            IssueType::Value,
            name,
            format!("\"{name}\": a + in a URL is a space; the zone of \"{text}\" was read with +"),
        ),
        QueryValue::Token(token) => advise_token(report, name, token, text),
        QueryValue::Near(NearQuery::Commune { code, .. }) => advise_commune(report, name, code),
        QueryValue::Text(query) if query.repaired => report.tolerate(
            IssueType::Value,
            name,
            format!("\"{name}\": a quotation mark without its other one was read as a space"),
        ),
        QueryValue::Text(query) if let Some(operator) = query.operator() => report.advise(
            name,
            format!(
                "\"{name}\": {operator} is searched as a word; all words of a text must be there, and a \
                 comma between texts means \"or\""
            ),
        ),
        QueryValue::Composite(parts) => {
            for (part, text) in parts.iter().zip(escape::split(text, '$')) {
                advise(report, name, part, text);
            }
        }
        QueryValue::Date(_)
        | QueryValue::String(_)
        | QueryValue::Number(_)
        | QueryValue::Quantity(_)
        | QueryValue::Reference(_)
        | QueryValue::Uri(_)
        | QueryValue::Near(_)
        | QueryValue::Text(_) => {}
    }
}

/// Says why a value of another form than the stored ones finds nothing.
fn advise_spelling(report: &mut Report, name: &str, parameter: &SearchParameter, text: &str) {
    if parameter.code == "_id"
        && let Some((before, id)) = text.rsplit_once('/')
    {
        let diagnostics = format!(
            "\"{name}\" is an id without its type: \"{text}\" finds nothing, write {name}={id} on {}",
            before.rsplit('/').next().unwrap_or_default()
        );
        report.advise(name, diagnostics);
    }
    let is_boolean = matches!(parameter.code, "active" | "price-under-60");
    if is_boolean && !matches!(text, "true" | "false") && !text.contains('|') {
        let diagnostics = format!("\"{name}\" is true or false; \"{text}\" finds nothing");
        report.advise(name, diagnostics);
    }
}

fn advise_commune(report: &mut Report, name: &str, code: &str) {
    let Some(commune) = gazetteer().commune(code) else {
        let hint = territory::commune_hint(code);
        report.advise(name, format!("\"{name}\": no commune has the code \"{code}\"{hint}"));
        return;
    };
    if commune.point.is_none() {
        let text = format!("\"{name}\": nobody knows where {} ({code}) is", commune.name);
        report.advise(name, text);
    } else if commune.code != code {
        let text = format!(
            "\"{name}\": the commune \"{code}\" is now part of {} ({}), whose point is taken",
            commune.name, commune.code
        );
        report.advise(name, text);
    }
}

fn advise_token(report: &mut Report, name: &str, token: &TokenQuery, text: &str) {
    let SystemQuery::Is(system) = &token.system else { return };
    let written = escape::split_once(text, '|')
        .map_or(String::new(), |(system, _)| escape::unescape(system.trim()));
    if canonical_system(&written) != written {
        report
            .advise(name, format!("\"{name}\": the system \"{written}\" is read as \"{system}\""));
    }
    if let Some(code) = &token.code
        && terminology().is_unknown_code(system, code)
    {
        report.advise(
            name,
            format!("\"{name}\": \"{code}\" is not a code of \"{system}\"; it finds nothing"),
        );
    }
}
