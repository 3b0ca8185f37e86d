//! Whole requests: what they ask, what is said about them, and that no text brings the parser down.

use proptest::prelude::*;
use shared::error::{Issue, Severity};
use shared::fhir::ResourceType::{self, HealthcareService, Location, Measure, Organization, Task};
use shared::param::QueryValue;
use shared::param::text::{TextPart, TextQuery};

use super::ast::{
    Brackets, Correlation, Expr, Hop, Include, SearchRequest, Sort, Summary, Test, Total,
};
use super::{Context, Limits, Scope, is_refused_when_strict, search_request};

const LIMITS: Limits = Limits {
    query_bytes: 20_000,
    parameters: 40,
    or_values: 10,
    sort_keys: 3,
    words: 12,
    search_values: 30,
    search_words: 20,
    chain_depth: 4,
    filter_depth: 8,
};

const CONTEXT: Context<'_> =
    Context { now_ms: 1_795_000_000_000, base_urls: &["https://ror.example/fhir"], limits: LIMITS };

fn parse(scope: Scope, query: &str) -> (SearchRequest, Vec<Issue>) {
    search_request(scope, query, &CONTEXT)
}

/// The criteria of one type in one line.
fn show(expr: &Expr) -> String {
    let join = |exprs: &[Expr], by: &str| match exprs {
        [only] => show(only),
        _ => format!("({})", exprs.iter().map(show).collect::<Vec<_>>().join(by)),
    };
    match expr {
        Expr::And(exprs) => join(exprs, " & "),
        Expr::Or(exprs) => join(exprs, " | "),
        Expr::Not(expr) => format!("!{}", show(expr)),
        Expr::Within(Brackets { chain, above, inner }) => {
            let above = if *above { "^" } else { "" };
            format!("{}{above}[{}]", show_chain(chain), show(inner))
        }
        Expr::Criterion(c) => {
            let above = if c.above { "^" } else { "" };
            format!("{}{}{above} {}", show_chain(&c.chain), c.parameter.code, show_test(&c.test))
        }
    }
}

fn show_chain(chain: &[Hop]) -> String {
    chain
        .iter()
        .map(|hop| match hop {
            Hop::Forward(p, end) if p.targets.len() == 1 => {
                assert_eq!(p.targets, [*end]);
                format!("{}.", p.code)
            }
            Hop::Forward(p, end) => format!("{}:{end}.", p.code),
            Hop::Reverse(source, p) => format!("_has:{source}:{}:", p.code),
        })
        .collect()
}

fn show_test(test: &Test) -> String {
    let values =
        |values: &[QueryValue]| values.iter().map(show_value).collect::<Vec<_>>().join(",");
    match test {
        Test::Missing(missing) => format!("missing {missing}"),
        Test::Any(v) => values(v),
        Test::None(v) => format!("not {}", values(v)),
        Test::Exact(v) => format!("exact {}", v.join(",")),
        Test::Equals(v) => format!("equals {}", v.join(",")),
        Test::Contains(v) => format!("contains {}", v.join(",")),
        Test::EndsWith(v) => format!("ends {}", v.join(",")),
        Test::Text(v) => format!("text {}", v.join(",")),
        Test::In(v) => format!("in {}", v.join(",")),
        Test::NotIn(v) => format!("not in {}", v.join(",")),
        Test::Identifier(v) => format!("identifier {}", values(v)),
        Test::Above(v) => format!("above {}", values(v)),
        Test::Below(v) => format!("below {}", values(v)),
    }
}

fn show_value(value: &QueryValue) -> String {
    match value {
        QueryValue::Token(token) => token.to_string(),
        QueryValue::String(text) | QueryValue::Uri(text) => text.clone(),
        QueryValue::Text(text) => show_text(text),
        QueryValue::Date(date) => format!("{}{}", date.prefix, date.range),
        QueryValue::Number(number) => number.to_string(),
        QueryValue::Quantity(quantity) => quantity.to_string(),
        QueryValue::Reference(reference) => reference.to_string(),
        QueryValue::Composite(parts) => parts.iter().map(show_value).collect::<Vec<_>>().join("$"),
        QueryValue::Near(near) => near.to_string(),
    }
}

fn show_text(text: &TextQuery) -> String {
    let show = |part: &TextPart| match part {
        TextPart::Word { word, .. } => word.clone(),
        TextPart::Phrase(words) => format!("\"{}\"", words.join(" ")),
        TextPart::Number { number, .. } => format!("#{number}"),
    };
    let excluded = text.excluded.iter().map(|part| format!("-{}", show(part)));
    text.wanted.iter().map(show).chain(excluded).collect::<Vec<_>>().join(" ")
}

/// Asserts the criteria, and that nothing is to be said.
fn check(base: ResourceType, query: &str, expected: &str) {
    let (request, issues) = parse(Scope::Type(base), query);
    assert_eq!(issues, [], "{query}");
    assert_eq!(show(&request.criteria[0]), expected, "{query}");
}

/// Asserts the criteria, and a warning that strict handling refuses.
fn check_tolerated(base: ResourceType, query: &str, expected: &str, says: &str) {
    let (request, issues) = parse(Scope::Type(base), query);
    assert_eq!(show(&request.criteria[0]), expected, "{query}");
    assert!(!issues.iter().any(Issue::is_error), "{query}: {issues:?}");
    let said = |issue: &Issue| is_refused_when_strict(issue) && issue.diagnostics.contains(says);
    assert!(issues.iter().any(said), "{query}: {issues:?}");
}

/// Asserts exactly these mistakes, each by a part of its diagnostics.
fn check_refused(base: ResourceType, query: &str, says: &[&str]) {
    let (_, issues) = parse(Scope::Type(base), query);
    let errors: Vec<&Issue> = issues.iter().filter(|i| i.is_error()).collect();
    assert_eq!(errors.len(), says.len(), "{query}: {issues:?}");
    for (error, says) in errors.iter().zip(says) {
        assert!(error.diagnostics.contains(says), "{query}: {}", error.diagnostics);
    }
}

#[test]
fn criteria() {
    let rows = [
        (HealthcareService, "", "()"),
        (HealthcareService, "specialty=a,b&specialty=c", "(specialty a,b & specialty c)"),
        (HealthcareService, "specialty=s%7Ca,%7Cb,s%7C", "specialty s|a,|b,s|"),
        (HealthcareService, "name=a%5C,b", "name a,b"),
        (HealthcareService, "specialty:not=a", "specialty not a"),
        (HealthcareService, "%20specialty%20=%20a%20,%20b%20", "specialty a,b"),
        (HealthcareService, "name:missing=true", "name missing true"),
        (
            HealthcareService,
            "name:exact=Nord&name:contains=ord",
            "(name exact Nord & name contains ord)",
        ),
        (HealthcareService, "identifier:of-type=s%7C25%7C9", "identifier s|25|9"),
        (HealthcareService, "specialty:text=cardio", "specialty text cardio"),
        (HealthcareService, "location=140,Location/141", "location Location/140,Location/141"),
        (
            HealthcareService,
            "location=https://ror.example/fhir/Location/140",
            "location Location/140",
        ),
        (HealthcareService, "location:identifier=s%7C1", "location identifier s|1"),
        (
            HealthcareService,
            "organization:below=Organization/1",
            "organization below Organization/1",
        ),
        (HealthcareService, "location.nb-capacity=gt0", "location.nb-capacity gt0"),
        (
            HealthcareService,
            "location.near=47.2%7C-1.5%7C15%7Ckm",
            "location.near 47.2|-1.5|15000|m",
        ),
        (HealthcareService, "organization.name:above=x", "organization.name^ x"),
        (
            HealthcareService,
            "_has:PractitionerRole:service:practitioner.identifier=9",
            "_has:PractitionerRole:service:practitioner.identifier 9",
        ),
        (
            Location,
            "_has:HealthcareService:location:_has:Task:focus:status=draft",
            "_has:HealthcareService:location:_has:Task:focus:status draft",
        ),
        (Task, "focus:Location=140", "focus Location/140"),
        (
            Task,
            "focus.partof=1",
            "(focus:Organization.partof Organization/1 | focus:Location.partof Location/1)",
        ),
        (Measure, "url:below=http://a/b", "url below http://a/b"),
        (
            Measure,
            "context-type-quantity=focus$ge18%7Chttps://unitsofmeasure.org%7Ca",
            "context-type-quantity focus$ge18|http://unitsofmeasure.org|a",
        ),
        (HealthcareService, "_content=cardio%20nantes", "_content cardio nantes"),
        (
            Location,
            "_lastUpdated=ge2023-08-02",
            "_lastUpdated ge[2023-08-01T22:00:00Z, 2023-08-02T22:00:00Z)",
        ),
    ];
    for (base, query, expected) in rows {
        check(base, query, expected);
    }
}

#[test]
fn filters() {
    let rows = [
        (HealthcareService, "name eq \"Été\"", "name equals Été"),
        (
            HealthcareService,
            "name sw \"a,b\" or name co x or name ew y",
            "(name a,b | name contains x | name ends y)",
        ),
        (HealthcareService, "name ne x", "name not x"),
        (
            HealthcareService,
            "specialty eq s|a and not(specialty eq b)",
            "(specialty s|a & !specialty b)",
        ),
        (HealthcareService, "name pr false", "name missing true"),
        (
            HealthcareService,
            "age-range-low le 35|https://unitsofmeasure.org|a",
            "age-range-low le35|http://unitsofmeasure.org|a",
        ),
        (HealthcareService, "organization.type:above eq s|1", "organization.type^ s|1"),
        (HealthcareService, "location re Location/140", "location Location/140"),
        (
            HealthcareService,
            "location[capacity-status eq 02 and nb-capacity gt 0]",
            "location.[(capacity-status 02 & nb-capacity gt0)]",
        ),
        (
            HealthcareService,
            "organization:above[price-type eq 02].name co x",
            "organization.^[(price-type 02 & name contains x)]",
        ),
        (
            HealthcareService,
            "location[nb-capacity gt 0].name co x",
            "location.[(nb-capacity gt0 & name contains x)]",
        ),
        (
            HealthcareService,
            "_has:Task:focus[business-status eq 02 and code eq x]",
            "_has:Task:focus:[(business-status 02 & code x)]",
        ),
        (
            HealthcareService,
            "_has:Task:focus:business-status eq 02",
            "_has:Task:focus:business-status 02",
        ),
        (
            Task,
            "focus[partof eq 1]",
            "(focus:Organization.[partof Organization/1] | focus:Location.[partof Location/1])",
        ),
        (HealthcareService, "location.near eq 47.2|-1.5|15|km", "location.near 47.2|-1.5|15000|m"),
        (
            HealthcareService,
            "notavailable-closing-reopeningdate po 2024",
            "notavailable-closing-reopeningdate ap[2023-12-31T23:00:00Z, 2024-12-31T23:00:00Z)",
        ),
        (
            HealthcareService,
            "specialty in https://mos.esante.gouv.fr/NOS/JDV_J17-ActiviteOperationnelle-ROR/FHIR/JDV-J17-ActiviteOperationnelle-ROR",
            "specialty in https://mos.esante.gouv.fr/NOS/JDV_J17-ActiviteOperationnelle-ROR/FHIR/JDV-J17-ActiviteOperationnelle-ROR",
        ),
    ];
    for (base, filter, expected) in rows {
        check(base, &format!("_filter={filter}"), expected);
    }
}

#[test]
fn tolerated() {
    let rows = [
        ("speciality=a", "()", "did you mean \"specialty\"?"),
        ("near=47%7C-1%7C5%7Ckm", "()", "did you mean \"location.near\"?"),
        ("price-type=02", "()", "did you mean \"organization.price-type\"?"),
        ("__include=HealthcareService:location", "()", "did you mean \"_include\"?"),
        ("_revincluded=PractitionerRole:service", "()", "did you mean \"_revinclude\"?"),
        ("name=", "()", "no value"),
        ("specialty=a,,b", "specialty a,b", "empty value"),
        ("_list=x", "()", "not supported"),
        (
            "_lastUpdated=2022-11-06T15:00+01:00",
            "_lastUpdated eq[2022-11-06T14:00:00Z, 2022-11-06T14:01:00Z)",
            "read with +",
        ),
        ("_filter=specialty eq a or b", "specialty a,b", "value alone"),
        ("_filter=specialty ne a or b", "(specialty not a | specialty not b)", "value alone"),
        (
            "_filter=name eq a OR name eq b",
            "(name equals a | name equals b)",
            "\"OR\" is read as \"or\"",
        ),
        ("_filter=_content=cardio", "_content cardio", "= is read as"),
        ("_include=Healthcareservice:location", "()", "read as \"HealthcareService\""),
        ("_include=HealthcareService:place", "()", "not a reference parameter"),
        ("_include=Patient:organization", "()", "holds no \"Patient\""),
        ("_type=Location", "()", "already says"),
        ("_sort=_score", "()", "no words are searched"),
        ("_sort=_score&specialty:not=a", "specialty not a", "no words are searched"),
        ("_sort=name,-name", "()", "the order is by \"name\" already"),
        ("_sort=-name,_id,name", "()", "the order is by \"name\" already"),
        ("_filter=", "()", "no value"),
    ];
    for (query, expected, says) in rows {
        check_tolerated(HealthcareService, query, expected, says);
    }
}

#[test]
fn refused() {
    let rows: &[(ResourceType, &str, &[&str])] = &[
        (HealthcareService, "location:near=1%7C2", &["location.near"]),
        (
            Organization,
            "name:exacte=x",
            &["unknown modifier \"exacte\" on \"name\"; allowed: missing, exact, contains"],
        ),
        (HealthcareService, "organization.price-amount-value=ltXR", &["\"XR\" is not a number"]),
        (Location, "_lastUpdated=2023-02-30", &["has the days 01 to 28"]),
        (Location, "near=91%7C0%7C1%7Ckm", &["latitude"]),
        (Location, "near-insee-code=Nantes", &["INSEE code"]),
        (Location, "status=%7C&nb-capacity=x&foo:bar:baz=1", &["token", "not a number"]),
        (HealthcareService, "specialty:in=http://x/unknown", &["not carried"]),
        (HealthcareService, "name:missing=maybe", &["true or false"]),
        (HealthcareService, "organization.foo=1", &["unknown parameter \"foo\" on Organization"]),
        (HealthcareService, "_has:Task:focus=1", &["lacks a parameter"]),
        (HealthcareService, "_count=many", &["whole number"]),
        (HealthcareService, "_has=1", &["_has:Type:reference:parameter"]),
        (HealthcareService, "_filter:not=name eq x", &["unknown modifier \"not\" on \"_filter\""]),
        (HealthcareService, "_count=-1", &["whole number"]),
        (HealthcareService, "_count=1&_count=2", &["more than once"]),
        (HealthcareService, "_summary=maybe", &["one of true, text, data, count, false"]),
        (
            HealthcareService,
            "_sort=foo,-location",
            &["unknown parameter \"foo\"", "cannot be sorted by"],
        ),
        (HealthcareService, "_sort=-_score&_content=x", &["\"_score\" stands alone"]),
        (HealthcareService, "_sort=_score,name&_content=x", &["\"_score\" stands alone"]),
        (HealthcareService, "_sort=name, -_score&_content=x", &["\"_score\" stands alone"]),
        (HealthcareService, "_include=location", &["Type:parameter"]),
        (HealthcareService, "_include:all=*", &["allowed: iterate"]),
        (HealthcareService, "ror-correlation=none", &["one of record, independent"]),
        (HealthcareService, "_filter=name eq", &["expected a value"]),
        (
            HealthcareService,
            "_filter=foo eq 1 and name gt 2",
            &["unknown parameter \"foo\"", "cannot be compared with \"gt\"; allowed: eq"],
        ),
        (HealthcareService, "_filter=providedBy:type eq 1", &["unknown parameter \"providedBy\""]),
        (HealthcareService, "_filter=specialty ss 1", &["\"ss\""]),
        (HealthcareService, "_filter=location:above[name co x]", &["unknown modifier"]),
        (
            HealthcareService,
            "_filter=organization:above.partof[name co x]",
            &["last step of a chain"],
        ),
        (HealthcareService, "_filter=name:exact eq x", &["use comparators"]),
        (HealthcareService, "_filter=_lastUpdated ge soon", &["not a date"]),
        (HealthcareService, "_filter=_lastUpdated eq ge2024", &["not a date"]),
        (HealthcareService, "_filter=name pr yes", &["true or false"]),
        (HealthcareService, "name=%FF", &["UTF-8"]),
        (HealthcareService, "specialty=1,2,3,4,5,6,7,8,9,10,11", &["at most 10"]),
        (
            HealthcareService,
            "_filter=specialty eq 1 or 2 or 3 or 4 or 5 or 6 or 7 or 8 or 9 or 10 or 11",
            &["at most 10"],
        ),
        (Organization, "partof.partof.partof.partof.partof.name=x", &["too many steps"]),
        (Location, "_elements=a-b", &["not the name of an element"]),
        (Location, "near=47,2%7C-1,5%7C10", &["latitude|longitude"]),
    ];
    for (base, query, says) in rows {
        check_refused(*base, query, says);
    }
}

#[test]
fn a_request_has_limits() {
    let many = "name=a&".repeat(41);
    check_refused(Location, &many, &["41 parameters; at most 40"]);
    let ten = (0..10).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let values = format!("name={ten}&status={ten}&identifier={ten}");
    assert!(parse(Scope::Type(Location), &values).1.iter().all(|issue| !issue.is_error()));
    check_refused(Location, &format!("{values}&name=b"), &["more than 30 values"]);
    let filter = format!("_filter=name eq a and name eq b&{values}");
    check_refused(Location, &filter, &["more than 30 values"]);
    let words = "_content=w0 w1 w2 w3 w4 w5 w6 w7 w8 w9";
    assert_eq!(parse(Scope::Type(Location), &format!("{words}&{words}")).1, []);
    check_refused(Location, &format!("{words}&{words}&_content=w"), &["more than 20 words"]);
    check_refused(Location, &format!("name={}", "a".repeat(20_000)), &["at most 20000"]);
}

#[test]
fn result_parameters() {
    let query = "_sort=-organization.price-validity-start-date:above,name,near&_count=0&_summary=data\
                 &_total=none&_elements=identifier,HealthcareService.name&_pretty=true&_explain=true\
                 &ror-correlation=independent&_page=t&_format=json\
                 &_include=HealthcareService:location&_include:iterate=Organization:partof:Organization\
                 &_revinclude:recurse=*&_include=Location:*";
    let (request, issues) = parse(Scope::Type(HealthcareService), query);
    let told: Vec<&str> = issues.iter().map(|issue| issue.diagnostics.as_str()).collect();
    assert!(matches!(told.as_slice(), [only] if only.contains("both given")), "{told:?}");
    let sorts: Vec<String> = request
        .sort
        .iter()
        .map(|Sort { chain, parameter, descending, above }| {
            format!("{}{} {descending} {above}", show_chain(chain), parameter.code)
        })
        .collect();
    assert_eq!(
        sorts,
        [
            "organization.price-validity-start-date true true",
            "name false false",
            "location.near false false"
        ]
    );
    let includes: Vec<String> = request
        .includes
        .iter()
        .map(|Include { reverse, iterate, source, parameter, target }| {
            let (source, target) =
                (source.map(ResourceType::as_str), target.map(ResourceType::as_str));
            let code = parameter.map(|p| p.code);
            format!(
                "{reverse} {iterate} {} {} {}",
                source.unwrap_or("*"),
                code.unwrap_or("*"),
                target.unwrap_or("*")
            )
        })
        .collect();
    assert_eq!(
        includes,
        [
            "false false HealthcareService location *",
            "false true Organization partof Organization",
            "true true * * *",
            "false false Location * *",
        ]
    );
    let (large, issues) = parse(Scope::Type(Location), "_count=99999999999999999999");
    assert_eq!((large.count, issues), (Some(u32::MAX), Vec::new()));
    assert_eq!(request.count, Some(0));
    assert_eq!(request.summary, Summary::Data);
    assert_eq!(request.total, Total::None);
    assert_eq!(request.elements, ["identifier", "name"]);
    assert_eq!(request.correlation, Correlation::Independent);
    assert_eq!(request.page.as_deref(), Some("t"));
    assert!(request.pretty && request.explain);
}

#[test]
fn the_self_link_shows_what_was_applied() {
    let query =
        "name=%20a%20&foo=1&_include=X:y&_page=t&specialty=s%7Ca%2Cb&_type=Location&_count=5";
    let (request, _) = parse(Scope::Type(HealthcareService), query);
    let applied: Vec<(&str, &str)> =
        request.applied.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(applied, [("name", "a"), ("specialty", "s|a,b"), ("_count", "5")]);
}

#[test]
fn system_searches() {
    let (request, issues) =
        parse(Scope::System, "_type=Location,Organization&_id=1&partof=2&name=x");
    assert_eq!(issues, []);
    assert_eq!(request.types, [Location, Organization]);
    assert_eq!(show(&request.criteria[0]), "(_id 1 & partof Location/2 & name x)");
    assert_eq!(show(&request.criteria[1]), "(_id 1 & partof Organization/2 & name x)");
    assert_eq!(request.applied.len(), 4);

    let (request, issues) = parse(Scope::System, "_lastUpdated=2024&_sort=_lastUpdated");
    assert_eq!(issues, []);
    assert_eq!((request.types.len(), request.criteria.len()), (8, 8));

    for (query, says) in [
        ("_type=Location,Organization&nb-capacity=1", "parameters they share"),
        ("_type=Patient", "not a resource type"),
        ("_type=Location,Organization&_sort=name", "not the same parameter"),
    ] {
        let (_, issues) = parse(Scope::System, query);
        let said = |issue: &Issue| issue.is_error() && issue.diagnostics.contains(says);
        assert!(issues.iter().any(said), "{query}: {issues:?}");
    }
    let (_, issues) = parse(Scope::System, "foo=1");
    assert_eq!(issues.iter().map(|i| i.severity).max(), Some(Severity::Warning));
}

#[test]
fn advice_is_never_refused() {
    let system = "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR";
    let query = format!("type={system}/TRE_R66-CategorieEtablissement%7C189");
    let (request, issues) = parse(Scope::Type(Organization), &query);
    assert_eq!(
        show(&request.criteria[0]),
        format!("type {system}/TRE-R66-CategorieEtablissement|189")
    );
    assert!(issues.iter().any(|issue| issue.diagnostics.contains("is read as")));
    assert!(!issues.iter().any(is_refused_when_strict), "{issues:?}");
    let unknown = "specialty=https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/\
                   TRE-R211-ActiviteOperationnelle%7Cnonsense";
    let (_, issues) = parse(Scope::Type(HealthcareService), unknown);
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert!(!is_refused_when_strict(&issues[0]));
}

#[test]
fn a_decimal_comma_is_told_to_be_two_values() {
    // (base, query, what is said, if anything)
    let rows = [
        (Organization, "price-amount-value=60,5", "is read as 60 or 5: "),
        (Organization, "price-amount-value=le60,00", "write le60.00"),
        (Organization, "price-amount-per-day=ge60,5", "write ge60.5"),
        (Location, "limit-value=250,5", "write 250.5"),
        (HealthcareService, "organization.price-amount-value=60,5", "is read as 60 or 5: "),
        (Organization, "price-amount-value=60.5,70", ""),
        (Organization, "price-amount-value=60,250", ""),
        (Organization, "price-amount-value=60,lt5", ""),
        (Organization, "price-amount-value=60,70,80", ""),
        (Location, "nb-capacity=1,2", ""),
    ];
    for (base, query, says) in rows {
        let (_, issues) = parse(Scope::Type(base), query);
        assert_eq!(issues.is_empty(), says.is_empty(), "{query}: {issues:?}");
        assert!(issues.iter().all(|i| i.diagnostics.contains(says)), "{query}: {issues:?}");
        assert!(!issues.iter().any(is_refused_when_strict), "{query}: {issues:?}");
    }
}

/// Every search of the use case catalogue ends as it says.
#[test]
fn catalogue() {
    let rows = include_str!("tests/catalogue.tsv").lines().filter(|line| !line.starts_with('#'));
    for row in rows {
        let cells: Vec<&str> = row.split('\t').collect();
        let [id, base, outcome, query] = cells.as_slice() else { panic!("{row}") };
        let (_, issues) = parse(Scope::Type(base.parse().unwrap()), query);
        let refused = issues.iter().any(Issue::is_error);
        let strictly = issues.iter().any(is_refused_when_strict);
        let as_expected = match *outcome {
            "refused" => refused,
            "refused-when-strict" => !refused && strictly,
            "warned" => !refused && !issues.is_empty(),
            "accepted" => !refused,
            "clean" => !strictly,
            other => panic!("{other}"),
        };
        assert!(as_expected, "{id}: {query}: {issues:#?}");
    }
}

fn any_query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "name",
        "specialty:not",
        "location.near",
        "organization.identifier:above",
        "_filter",
        "_sort",
        "_has:Task:focus:status",
        "_lastUpdated",
        "_include",
        "_elements",
        "age-range-low",
        "_type",
        "location:near",
        "_count",
        "near",
        "context-type-value",
        "_content",
        "",
        ":",
        "_has::",
        "a.b.c",
    ]);
    let value = "([a-z0-9.|,$:()\\[\\]\"= %+\\\\-]|\u{e9}|eq|or|and|not|true|Location|_has:){0,12}";
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        pairs.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&")
    })
}

proptest! {
    #[test]
    fn no_text_panics(query in any_query(), wild in ".{0,60}") {
        for base in ResourceType::ALL {
            parse(Scope::Type(base), &query);
            parse(Scope::Type(base), &wild);
        }
        parse(Scope::System, &query);
    }

    /// What the self link shows asks the same again, and has nothing more to say.
    #[test]
    fn applied_parameters_are_a_fixed_point(query in any_query()) {
        let (request, issues) = parse(Scope::Type(HealthcareService), &query);
        if !issues.iter().any(Issue::is_error) {
            let encoded: Vec<String> = request
                .applied
                .iter()
                .map(|(n, v)| {
                    let encode = |text: &str| {
                        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                            .to_string()
                    };
                    format!("{}={}", encode(n), encode(v))
                })
                .collect();
            let (again, _) = parse(Scope::Type(HealthcareService), &encoded.join("&"));
            prop_assert_eq!(again.criteria, request.criteria);
            prop_assert_eq!(again.applied, request.applied);
        }
    }
}
