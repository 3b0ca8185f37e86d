//! One parameter, one test: the terms, ranges or circles that answer it.

use std::collections::HashSet;

use shared::access::{Access, classes_of};
use shared::fhir::ResourceType;
use shared::param::QueryValue;
use shared::param::string::{StringMatch, asked};
use shared::param::text::TextQuery;
use shared::param::token::{SystemQuery, TokenQuery};
use shared::param::uri;
use shared::registry::{FieldId, ParameterType, SearchParameter, field_id, find};
use shared::schema::words::{narrative_scope, scope};
use shared::schema::{TermKind, term, term_prefix};
use shared::terminology::terminology;
use shared::text::fold;

use super::PlanContext;
use super::correlate::{and, not, or};
use super::predicate::{Leaf, LeafTest, Predicate, WordQuery};
use crate::parse::ast::{Test, texts};

/// What the test asks of resources of `base`, on its own.
pub(super) fn predicate(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    test: &Test,
) -> Predicate {
    let field = field_of(base, parameter);
    let leaf = |test| Predicate::Leaf(Leaf { field, test });
    if let Some(denied) = test.denied(parameter) {
        return not(predicate(context, base, parameter, &denied));
    }
    match (test, parameter.kind) {
        (Test::Missing(missing), _) => {
            let present = leaf(LeafTest::Terms(present_terms(context, base, parameter, field)));
            if *missing { not(present) } else { present }
        }
        (Test::Any(values), ParameterType::Composite) => {
            or(values.iter().map(|value| composite(context, base, parameter, value)).collect())
        }
        (Test::Below(values), ParameterType::Uri) => {
            let terms = terms_of(context, base, parameter, TermKind::Uri);
            or(texts(values)
                .flat_map(|url| {
                    let below = format!("{}/", url.trim_end_matches('/'));
                    [leaf(LeafTest::Terms(terms(url))), leaf(LeafTest::Prefixes(terms(&below)))]
                })
                .collect())
        }
        _ => positive(context, base, parameter, test).map_or(Predicate::Or(Vec::new()), leaf),
    }
}

/// What the test asks of one record; `None` for composites.
pub(super) fn on_record(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    test: &Test,
) -> Option<LeafTest> {
    if let Test::Missing(missing) = test {
        let field = field_of(base, parameter);
        let present = LeafTest::Terms(present_terms(context, base, parameter, field));
        return Some(if *missing { present.not() } else { present });
    }
    match test.denied(parameter) {
        Some(denied) => positive(context, base, parameter, &denied).map(LeafTest::not),
        None => positive(context, base, parameter, test),
    }
}

/// The leaf of a positive test; `None` for negations and composites.
fn positive(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    test: &Test,
) -> Option<LeafTest> {
    let terms = |kind| terms_of(context, base, parameter, kind);
    let folded = |texts: &[String], kind: TermKind| {
        texts.iter().flat_map(|text| terms(kind)(&fold(text))).collect::<Vec<_>>()
    };
    let scan = |how, texts: &[String]| {
        let prefixes = prefixes(context, base, parameter, TermKind::Folded);
        LeafTest::Scan(prefixes, how, texts.iter().flat_map(|text| asked(how, text)).collect())
    };
    Some(each_once(match test {
        Test::Missing(_) | Test::None(_) | Test::NotIn(_) => return None,
        Test::Any(values) => any(context, base, parameter, values)?,
        Test::Exact(texts) => {
            let exact = texts.iter().flat_map(|text| terms(TermKind::Exact)(text.trim()));
            LeafTest::Terms(exact.collect())
        }
        Test::Equals(texts) => {
            let keys = texts.iter().flat_map(|text| asked(StringMatch::Equals, text));
            LeafTest::Terms(keys.flat_map(|key| terms(TermKind::Folded)(&key)).collect())
        }
        Test::Contains(texts) => scan(StringMatch::Contains, texts),
        Test::EndsWith(texts) => scan(StringMatch::EndsWith, texts),
        Test::Text(texts) => LeafTest::Prefixes(folded(texts, TermKind::TokenText)),
        Test::In(urls) => {
            let sets = urls.iter().filter_map(|url| terminology().value_set(url));
            let codes = sets.flat_map(shared::terminology::ValueSet::codings).flat_map(|coding| {
                let query = TokenQuery {
                    system: SystemQuery::Is(coding.system.to_owned()),
                    code: Some(coding.code.to_owned()),
                    of_type: None,
                };
                query.terms()
            });
            LeafTest::Terms(codes.flat_map(|code| terms(TermKind::Token)(&code)).collect())
        }
        Test::Identifier(values) => {
            let identifiers = values.iter().flat_map(|value| {
                if let QueryValue::Token(query) = value { query.terms() } else { Vec::new() }
            });
            LeafTest::Terms(
                identifiers.flat_map(|code| terms(TermKind::Identifier)(&code)).collect(),
            )
        }
        Test::Above(values) if parameter.kind == ParameterType::Uri => {
            let above = texts(values).flat_map(uri::above_terms);
            LeafTest::Terms(above.flat_map(terms(TermKind::Uri)).collect())
        }
        Test::Above(values) => LeafTest::Above(references(values)),
        Test::Below(values) => LeafTest::Below(references(values)),
    }))
}

/// A value that is given twice is looked up once: what a term finds is as long as the directory.
fn each_once(mut test: LeafTest) -> LeafTest {
    if let LeafTest::Terms(terms) | LeafTest::Prefixes(terms) = &mut test
        && terms.len() > 1
    {
        let mut seen = HashSet::new();
        terms.retain(|term| seen.insert(term.clone()));
    }
    test
}

fn any(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    values: &[QueryValue],
) -> Option<LeafTest> {
    let terms = |kind| terms_of(context, base, parameter, kind);
    macro_rules! all {
        ($variant:ident) => {
            values
                .iter()
                .filter_map(|value| {
                    if let QueryValue::$variant(query) = value { Some(query.clone()) } else { None }
                })
                .collect::<Vec<_>>()
        };
    }
    Some(match parameter.kind {
        ParameterType::Token => {
            let is_id = parameter.code == "_id";
            let asked = |query: TokenQuery| if is_id { query.id_terms() } else { query.terms() };
            let codes = all!(Token).into_iter().flat_map(asked);
            LeafTest::Terms(codes.flat_map(|code| terms(TermKind::Token)(&code)).collect())
        }
        ParameterType::String => {
            let starts = all!(String);
            let starts = starts.iter().flat_map(|text| asked(StringMatch::StartsWith, text));
            LeafTest::Prefixes(starts.flat_map(|text| terms(TermKind::Folded)(&text)).collect())
        }
        ParameterType::Date => LeafTest::Dates(all!(Date)),
        ParameterType::Number => LeafTest::Numbers(all!(Number)),
        ParameterType::Quantity => LeafTest::Quantities(all!(Quantity)),
        ParameterType::Reference => LeafTest::References(references(values)),
        ParameterType::Uri => {
            LeafTest::Terms(texts(values).flat_map(terms(TermKind::Uri)).collect())
        }
        ParameterType::Special if parameter.code == "price-in-force" => {
            LeafTest::InForce(all!(Date).into_iter().map(|query| query.range.high_ms).collect())
        }
        ParameterType::Special if parameter.code == "open-at" => {
            LeafTest::OpenAt(all!(Date).into_iter().map(|query| query.range.low_ms).collect())
        }
        ParameterType::Special if parameter.code == "capacity-max-age" => {
            LeafTest::Dates(all!(Date))
        }
        ParameterType::Special => LeafTest::Near(all!(Near)),
        ParameterType::Text => words(context, base, parameter, all!(Text)),
        ParameterType::Composite => return None,
    })
}

/// A word search over what the caller sees; `_text` looks at the narrative only. That may tell what a
/// partial view of the resource leaves out: `_content` looks at it for those who see everything.
fn words(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    mut texts: Vec<TextQuery>,
) -> LeafTest {
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    let is_content = parameter.code != "_text";
    let classes = context.access.classes().filter(|_| is_content);
    let mut scopes: Vec<String> = classes.map(|class| scope(base, class)).collect();
    if !is_content || context.access == Access::full() {
        scopes.push(narrative_scope(base));
    }
    LeafTest::Words(WordQuery { scopes, texts })
}

/// One value of a composite: its components on one record.
fn composite(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    value: &QueryValue,
) -> Predicate {
    let (QueryValue::Composite(parts), Some(record)) = (value, parameter.record) else {
        return Predicate::Or(Vec::new());
    };
    let leaves = parameter.components.iter().zip(parts).filter_map(|(code, part)| {
        let component = find(base, code)?;
        let test = any(context, base, component, std::slice::from_ref(part))?;
        Some(Leaf { field: field_id(base, code)?, test })
    });
    and(vec![Predicate::Record(record, leaves.collect())])
}

fn references(values: &[QueryValue]) -> Vec<shared::param::reference::ReferenceQuery> {
    values
        .iter()
        .filter_map(|value| {
            if let QueryValue::Reference(query) = value { Some(query.clone()) } else { None }
        })
        .collect()
}

/// The field whose values answer a parameter: an age is asked of the date of the update.
pub(super) fn field_of(base: ResourceType, parameter: &SearchParameter) -> FieldId {
    let code = match parameter.code {
        "capacity-max-age" => "capacity-update-date",
        code => code,
    };
    field_id(base, code).expect("the parser looked the parameter up on this type")
}

fn visible(access: Access, base: ResourceType, code: &str) -> Vec<shared::access::VisibilityClass> {
    classes_of(base, code).iter().copied().filter(|class| access.sees(*class)).collect()
}

/// Makes the exact terms of a payload: one for each class the caller sees.
fn terms_of(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    kind: TermKind,
) -> impl Fn(&str) -> Vec<Vec<u8>> + Copy {
    let field = field_of(base, parameter);
    let code = parameter.code;
    move |payload| {
        let classes = visible(context.access, base, code).into_iter();
        classes.map(|class| term(field, class, kind, payload.as_bytes())).collect()
    }
}

fn prefixes(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    kind: TermKind,
) -> Vec<[u8; 4]> {
    let field = field_of(base, parameter);
    let classes = visible(context.access, base, parameter.code).into_iter();
    classes.map(|class| term_prefix(field, class, kind)).collect()
}

/// "Has a value": a composite has one when all its components have.
fn present_terms(
    context: PlanContext,
    base: ResourceType,
    parameter: &SearchParameter,
    field: FieldId,
) -> Vec<Vec<u8>> {
    let fields = match parameter.components.last() {
        Some(last) => vec![field_id(base, last).expect("components are parameters of the type")],
        None => vec![field],
    };
    let classes = visible(context.access, base, parameter.code);
    fields
        .iter()
        .flat_map(|field| classes.iter().map(|class| term(*field, *class, TermKind::Present, b"")))
        .collect()
}
