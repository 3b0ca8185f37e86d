//! Random requests, as the text of a query string, over the alphabets of the documents.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::fhir::ResourceType::{
    self, HealthcareService, Location, Measure, MeasureReport, Organization, Practitioner,
    PractitionerRole, Task,
};
use shared::registry::{ParameterType, SearchParameter, find};

use super::choices::Choices;

/// A parameter of a request: name and value, decoded.
pub(super) type Pair = (String, String);

/// The type a request searches.
pub(super) fn searched_type(number: u16) -> ResourceType {
    const TYPES: [ResourceType; 14] = [
        HealthcareService,
        Organization,
        Location,
        HealthcareService,
        HealthcareService,
        Organization,
        Location,
        HealthcareService,
        HealthcareService,
        PractitionerRole,
        Practitioner,
        Task,
        Measure,
        MeasureReport,
    ];
    TYPES[usize::from(number) % TYPES.len()]
}

/// The query string of some parameters.
pub(super) fn query(pairs: &[Pair]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let parts = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    parts.collect::<Vec<_>>().join("&")
}

/// The parameters of a type that the laws know; those on one record stand together and often.
fn codes(base: ResourceType) -> &'static [&'static str] {
    match base {
        HealthcareService => &[
            "patient-type",
            "age-range-low",
            "age-range-high",
            "specialty",
            "service-category",
            "active",
            "name",
            "identifier",
            "organization",
            "location",
            "_id",
            "_lastUpdated",
            "patient-type",
            "age-range-low",
            "age-range-high",
            "open-at",
            "open-at",
        ],
        Organization => &[
            "price-type",
            "price-amount-value",
            "special-price",
            "price-validity-start-date",
            "name",
            "active",
            "identifier",
            "partof",
            "type",
            "address-city",
            "_id",
            "_lastUpdated",
            "price-type",
            "price-amount-value",
            "price-in-force",
            "price-amount-per-day",
            "price-residential-type",
            "price-under-60",
        ],
        Location => &[
            "capacity-type",
            "nb-capacity",
            "capacity-status",
            "equipment-type",
            "equipment-feature",
            "limit-value",
            "capacity-update-date",
            "name",
            "identifier",
            "organization",
            "partof",
            "near",
            "status",
            "address-city",
            "capacity-type",
            "nb-capacity",
            "capacity-max-age",
            "_id",
        ],
        Practitioner => &["family", "name", "gender", "identifier", "active", "_id"],
        PractitionerRole => {
            &["role", "practitioner", "service", "organization", "location", "date", "_id"]
        }
        Task => &["status", "business-status", "focus", "authored-on", "owner", "identifier"],
        Measure => &["url", "title", "context", "context-type", "context-type-value", "date"],
        MeasureReport => &["measure", "subject", "period", "status"],
    }
}

/// A forward step of a chain: its text in a name, and where it leads.
fn forward(base: ResourceType) -> &'static [(&'static str, ResourceType)] {
    match base {
        HealthcareService => &[("organization", Organization), ("location", Location)],
        Organization => &[("partof", Organization)],
        Location => &[("organization", Organization), ("partof", Location)],
        PractitionerRole => &[
            ("service", HealthcareService),
            ("organization", Organization),
            ("location", Location),
            ("practitioner", Practitioner),
        ],
        Task => &[
            ("focus:HealthcareService", HealthcareService),
            ("focus:Location", Location),
            ("owner:Organization", Organization),
        ],
        MeasureReport => &[("measure", Measure), ("subject:Organization", Organization)],
        Practitioner | Measure => &[],
    }
}

/// A reverse step: its text, and where it leads.
fn reverse(base: ResourceType) -> &'static [(&'static str, ResourceType)] {
    match base {
        HealthcareService => {
            &[("_has:PractitionerRole:service", PractitionerRole), ("_has:Task:focus", Task)]
        }
        Organization => &[
            ("_has:HealthcareService:organization", HealthcareService),
            ("_has:Organization:partof", Organization),
            ("_has:Location:organization", Location),
            ("_has:Task:owner", Task),
        ],
        Location => &[
            ("_has:HealthcareService:location", HealthcareService),
            ("_has:Task:focus", Task),
            ("_has:MeasureReport:subject", MeasureReport),
        ],
        Practitioner => &[("_has:PractitionerRole:practitioner", PractitionerRole)],
        PractitionerRole => &[("_has:Task:owner", Task)],
        Measure => &[("_has:MeasureReport:measure", MeasureReport)],
        Task | MeasureReport => &[],
    }
}

/// A chain: the text before the parameter, where it leads, and whether `:above` may follow.
struct Chain {
    text: String,
    end: ResourceType,
    climbs: bool,
}

fn chain(choices: &mut Choices<'_>, base: ResourceType) -> Chain {
    let mut chain = Chain { text: String::new(), end: base, climbs: false };
    let steps = choices.one(&[0, 1, 1, 0, 1, 2]);
    for _ in 0..steps {
        let (onward, back) = (forward(chain.end), reverse(chain.end));
        if !onward.is_empty() && (back.is_empty() || !choices.once_in(4)) {
            let (text, end) = choices.one(onward);
            chain.text.extend([text, "."]);
            chain.climbs = text == "organization";
            chain.end = end;
        } else if !back.is_empty() {
            let (text, end) = choices.one(back);
            chain.text.extend([text, ":"]);
            chain.climbs = false;
            chain.end = end;
        }
    }
    chain
}

/// One parameter: a criterion, maybe chained, or a filter.
pub(super) fn criterion(base: ResourceType, run: &[u16]) -> Pair {
    let mut choices = Choices::new(run);
    if choices.once_in(5) {
        return ("_filter".to_owned(), filter(&mut choices, base, 2));
    }
    let chain = chain(&mut choices, base);
    let code = choices.one(codes(chain.end));
    let parameter = find(chain.end, code).expect("the tables name parameters");
    let mut name = format!("{}{code}", chain.text);
    if chain.climbs && choices.once_in(3) {
        name.push_str(":above");
    }
    let modifier = if choices.once_in(4) { modifier(&mut choices, parameter) } else { None };
    // Climbing is said once.
    let modifier = modifier.filter(|modifier| !name.ends_with(&format!(":{modifier}")));
    let Some(modifier) = modifier else { return (name, values(&mut choices, parameter)) };
    name.extend([":", modifier]);
    let value = match modifier {
        "missing" => choices.one(&["true", "false"]).to_owned(),
        "of-type" => choices.one(&["urn:t|T|i1", "urn:t|U|i2", "urn:t|T|i3"]).to_owned(),
        "identifier" => choices.one(&["urn:id|i1", "i2", "urn:id|i4", "|i3"]).to_owned(),
        "text" => choices.one(&["alpha", "bêta", "L'OEuvre"]).to_owned(),
        _ => values(&mut choices, parameter),
    };
    (name, value)
}

fn modifier(choices: &mut Choices<'_>, parameter: &SearchParameter) -> Option<&'static str> {
    let known: Vec<&'static str> = parameter
        .modifiers()
        .iter()
        .copied()
        .filter(|modifier| *modifier != "in")
        // A focus may be of any type, and only some have ancestors.
        .filter(|m| {
            parameter.targets.len() == 1
                || !matches!(*m, "above" | "below")
                || parameter.kind == ParameterType::Uri
        })
        .collect();
    (!known.is_empty()).then(|| choices.one(&known))
}

fn values(choices: &mut Choices<'_>, parameter: &SearchParameter) -> String {
    let count = choices.one(&[1, 2, 1, 3]);
    let values: Vec<String> = (0..count).map(|_| value(choices, parameter)).collect();
    values.join(",")
}

fn value(choices: &mut Choices<'_>, parameter: &SearchParameter) -> String {
    match parameter.kind {
        ParameterType::Token => token(choices, parameter.code).to_owned(),
        ParameterType::String => text(choices).to_owned(),
        ParameterType::Date => format!("{}{}", prefix(choices), date(choices)),
        ParameterType::Number => format!("{}{}", prefix(choices), number(choices)),
        ParameterType::Quantity => quantity(choices, parameter.code),
        ParameterType::Reference => reference(choices, parameter),
        ParameterType::Uri => choices.one(&URLS).to_owned(),
        ParameterType::Special => special(choices, parameter.code),
        ParameterType::Composite => {
            format!("{}${}", choices.one(&["a", "urn:s1|b"]), choices.one(&["a", "b", "urn:s2|c"]))
        }
        ParameterType::Text => "alpha".to_owned(),
    }
}

fn special(choices: &mut Choices<'_>, code: &str) -> String {
    const INSTANTS: [&str; 9] = [
        "now",
        "2024-02-10T09:00",
        "2024-02-10T11:30:00+01:00",
        "2024-02-10T01:30",
        "2024-02-11T03:00:00Z",
        "2024-02-09T23:30:00Z",
        "2024-03-31T02:30",
        "2024-10-27T02:30:00+01:00",
        "2024-01-15T06:15:00Z",
    ];
    match code {
        "open-at" => choices.one(&INSTANTS).to_owned(),
        "capacity-max-age" => choices.one(&["1h", "P1D", "14d", "PT9600H"]).to_owned(),
        "price-in-force" => choices
            .one(&["2024-02-10", "2024-02-09", "2023-07-01", "2024-05-01", "2025"])
            .to_owned(),
        _ => circle(choices),
    }
}

fn circle(choices: &mut Choices<'_>) -> String {
    const CENTERS: [&str; 6] =
        ["47.0|-1.5", "48.5|2.0", "-16.8|-179.9", "-16.8|180", "89.9|-60", "47.1|-1.5"];
    const RADII: [&str; 5] = ["5|km", "15|km", "400|km", "3000|km", "20000|km"];
    format!("{}|{}", choices.one(&CENTERS), choices.one(&RADII))
}

/// One to three place criteria, behind a chain when `before` has one: values of one parameter, several
/// parameters, a commune beside a point, alternatives of a filter, and brackets.
pub(super) fn near(before: &str, run: &[u16]) -> Vec<Pair> {
    let mut choices = Choices::new(run);
    let mut circles = || circle(&mut choices);
    let (a, b, c) = (circles(), circles(), circles());
    let name = format!("{before}near");
    let plain = |value: &str| (name.clone(), value.to_owned());
    let filter = |text: String| vec![("_filter".to_owned(), text)];
    match choices.below(8) {
        0 | 1 => vec![plain(&a)],
        2 => vec![plain(&format!("{a},{b},{c}"))],
        3 => vec![plain(&a), plain(&format!("{b},{c}"))],
        // Nantes.
        4 => vec![(format!("{name}-insee-code"), "44109|400|km".to_owned()), plain(&b)],
        5 => filter(format!("{name} eq \"{a}\" or {name} eq \"{b}\"")),
        6 => filter(format!(
            "({name} eq \"{a}\" and {before}name pr true) or {name}-insee-code eq \"44109|50|km\" or {name} eq \"{c}\""
        )),
        _ => match before.strip_suffix('.') {
            Some(chain) => {
                filter(format!("{chain}[near eq \"{a}\" and name pr true] or {name} eq \"{b}\""))
            }
            None => filter(format!("{name} eq \"{a}\" and not ({name} eq \"{b}\")")),
        },
    }
}

const URLS: [&str; 4] =
    ["http://m.example/a", "http://m.example/a/b", "http://m.example/ab", "http://m.example"];

fn token(choices: &mut Choices<'_>, code: &str) -> &'static str {
    match code {
        "_id" => choices.one(&["1", "2", "3", "9"]),
        "active" | "price-under-60" => choices.one(&["true", "false"]),
        "status" => choices.one(&["active", "inactive", "draft", "complete"]),
        "gender" => choices.one(&["female", "male", "other"]),
        "identifier" => choices.one(&[
            "urn:id|i1",
            "i2",
            "urn:id|",
            "http://id.example/x|i3",
            "urn:id|i4",
            "|i1",
        ]),
        _ => choices.one(&["a", "b", "urn:s1|a", "urn:s2|", "urn:s1|c", "|a", "urn:s1|z"]),
    }
}

fn text(choices: &mut Choices<'_>) -> &'static str {
    choices.one(&[
        "alpha",
        "Alpha Centre",
        "beta",
        "BÊTA bis",
        "zed",
        "l'oeuvre",
        "nothing",
        "centre",
    ])
}

fn prefix(choices: &mut Choices<'_>) -> &'static str {
    choices.one(&["", "ge", "lt", "gt", "le", "ne", "", "ge", "le", "sa", "eb", "ap"])
}

fn date(choices: &mut Choices<'_>) -> &'static str {
    choices.one(&[
        "2024",
        "2024-02",
        "2024-02-10",
        "2023-07-01",
        "2024-02-10T10:00:00Z",
        "2024-05-01",
    ])
}

fn number(choices: &mut Choices<'_>) -> &'static str {
    choices.one(&["50", "5", "60.5", "0", "10", "65", "60"])
}

fn quantity(choices: &mut Choices<'_>, code: &str) -> String {
    const UCUM: &str = "http://unitsofmeasure.org";
    let prefix = prefix(choices);
    if code == "limit-value" {
        return format!("{prefix}{}", choices.one(&["100", "250", "300||kg", "200"]));
    }
    match choices.below(4) {
        0 => format!("{prefix}{}|{UCUM}|a", choices.one(&["10", "18", "60"])),
        1 => format!("{prefix}{}|{UCUM}|mo", choices.one(&["6", "120"])),
        _ => format!("{prefix}{}", choices.one(&["10", "18", "0", "35"])),
    }
}

fn reference(choices: &mut Choices<'_>, parameter: &SearchParameter) -> String {
    let target = match parameter.targets.len() {
        0..=2 => choices.one(parameter.targets),
        _ => choices.one(&[HealthcareService, Location, Organization]),
    };
    let id = choices.one(&["1", "2", "3", "4", "9"]);
    match choices.below(5) {
        0 => id.to_owned(),
        1 => format!("{}/{target}/{id}", super::directory::BASE_URL),
        2 => format!("http://other.example/fhir/{target}/{id}"),
        _ => format!("{target}/{id}"),
    }
}

/// A filter expression, fully in parentheses, at most `depth` levels deep.
fn filter(choices: &mut Choices<'_>, base: ResourceType, depth: usize) -> String {
    match if depth == 0 { 0 } else { choices.below(8) } {
        1 | 2 => {
            let (a, b) = (filter(choices, base, depth - 1), filter(choices, base, depth - 1));
            format!("({a}) or ({b})")
        }
        3 | 4 => {
            let (a, b) = (filter(choices, base, depth - 1), filter(choices, base, depth - 1));
            format!("({a}) and ({b})")
        }
        5 => format!("not ({})", filter(choices, base, depth - 1)),
        6 => {
            let onward: Vec<_> = forward(base).iter().chain(reverse(base)).copied().collect();
            if onward.is_empty() {
                return comparison(choices, base);
            }
            let (step, end) = choices.one(&onward);
            let above = if step == "organization" && choices.once_in(3) { ":above" } else { "" };
            format!("{step}{above}[{}]", filter(choices, end, depth - 1))
        }
        _ => comparison(choices, base),
    }
}

/// Criteria on the prices or bed counts of what an offer refers to, some of them in brackets, and a key to sort
/// by over the same chain: a filter, and a value of `_sort`.
pub(super) fn bracketed(run: &[u16]) -> (String, String) {
    const PRICES: [&str; 8] = [
        "price-type eq a",
        "price-type eq urn:s1|b",
        "price-type ne a",
        "price-amount-value ge 10",
        "price-amount-value le 60",
        "price-validity-start-date ge 2023-07-01",
        "name co alpha",
        "special-price pr false",
    ];
    const COUNTS: [&str; 8] = [
        "capacity-type eq a",
        "capacity-type eq urn:s1|b",
        "capacity-status ne a",
        "nb-capacity ge 5",
        "nb-capacity le 60",
        "capacity-update-date ge 2023-07-01",
        "name co alpha",
        "status eq active",
    ];
    let mut choices = Choices::new(run);
    let (chain, above, criteria, keys) = match choices.below(4) {
        0 | 1 => ("organization", "", PRICES, ["price-amount-value", "price-validity-start-date"]),
        2 => ("organization", ":above", PRICES, ["price-amount-per-day", "name"]),
        _ => ("location", "", COUNTS, ["nb-capacity", "capacity-update-date"]),
    };
    let mut inside = || match choices.below(5) {
        0 => choices.one(&criteria).to_owned(),
        1 | 2 => format!("{} and {}", choices.one(&criteria), choices.one(&criteria)),
        3 => format!("{} or {}", choices.one(&criteria), choices.one(&criteria)),
        _ => format!(
            "{} and not({} and {})",
            choices.one(&criteria),
            choices.one(&criteria),
            choices.one(&criteria)
        ),
    };
    let (first, second) = (inside(), inside());
    let of_all = choices.one(&criteria);
    let (name, rest) = of_all.split_once(' ').expect("a comparison");
    let beside = match choices.below(5) {
        0 => format!(" and {chain}.{name}{above} {rest}"),
        1 => format!(" or {chain}.{name}{above} {rest}"),
        2 => format!(" or {chain}{above}[{second}]"),
        3 => format!(" and {chain}{above}[{second}]"),
        _ => String::new(),
    };
    let (minus, climbs) = (choices.one(&["", "-"]), choices.one(&["", above]));
    let key = format!("{minus}{chain}.{}{climbs}", choices.one(&keys));
    (format!("{chain}{above}[{first}]{beside}"), key)
}

fn comparison(choices: &mut Choices<'_>, base: ResourceType) -> String {
    let chain = chain(choices, base);
    let code = choices.one(codes(chain.end));
    let parameter = find(chain.end, code).expect("the tables name parameters");
    let above = if chain.climbs && choices.once_in(3) { ":above" } else { "" };
    let path = format!("{}{code}{above}", chain.text);
    if choices.once_in(6) && parameter.kind != ParameterType::Special {
        return format!("{path} pr {}", choices.one(&["true", "false"]));
    }
    let operator = |choices: &mut Choices<'_>, of: &[&'static str]| choices.one(of);
    let (operator, value) = match parameter.kind {
        ParameterType::String => {
            let text = format!("\"{}\"", text(choices));
            (operator(choices, &["eq", "co", "sw", "ew", "ne"]), text)
        }
        ParameterType::Token => {
            (operator(choices, &["eq", "eq", "ne"]), token(choices, code).to_owned())
        }
        ParameterType::Date => {
            (operator(choices, &["eq", "ge", "lt", "gt", "le", "ne"]), date(choices).to_owned())
        }
        ParameterType::Number => {
            (operator(choices, &["eq", "ge", "lt", "gt", "le", "ne"]), number(choices).to_owned())
        }
        ParameterType::Quantity => {
            let number = choices.one(&["10", "18|http://unitsofmeasure.org|a", "250"]);
            (operator(choices, &["eq", "ge", "lt"]), number.to_owned())
        }
        ParameterType::Reference => {
            (operator(choices, &["eq", "eq", "ne"]), reference(choices, parameter))
        }
        ParameterType::Uri
        | ParameterType::Special
        | ParameterType::Composite
        | ParameterType::Text => ("eq", value(choices, parameter)),
    };
    format!("{path} {operator} {value}")
}

/// A value of `_sort`.
pub(super) fn sort(base: ResourceType, run: &[u16]) -> Pair {
    let mut choices = Choices::new(run);
    let count = choices.one(&[1, 1, 2]);
    let keys: Vec<String> = (0..count).map(|_| sort_key(&mut choices, base)).collect();
    ("_sort".to_owned(), keys.join(","))
}

fn sort_key(choices: &mut Choices<'_>, base: ResourceType) -> String {
    let (text, end) = match choices.below(5) {
        0 | 1 if !forward(base).is_empty() => {
            let (text, end) = choices.one(forward(base));
            (format!("{text}."), end)
        }
        _ => (String::new(), base),
    };
    let sortable: Vec<&'static str> = codes(end)
        .iter()
        .copied()
        .filter(|code| *code != "near" && find(end, code).is_some_and(SearchParameter::is_sortable))
        .collect();
    let code = if sortable.is_empty() { "_id" } else { choices.one(&sortable) };
    let minus = choices.one(&["", "-"]);
    let above = if text == "organization." && choices.once_in(4) { ":above" } else { "" };
    format!("{minus}{text}{code}{above}")
}

/// One directive of `_include` or `_revinclude`, with an explicit source.
pub(super) fn include(base: ResourceType, run: &[u16]) -> Pair {
    const FORWARD: [&str; 12] = [
        "HealthcareService:organization",
        "HealthcareService:location",
        "Organization:partof",
        "Location:organization",
        "Location:partof:Location",
        "PractitionerRole:practitioner",
        "HealthcareService:location:Location",
        "Task:focus:Location",
        "Task:focus",
        "Organization:*",
        "MeasureReport:measure",
        "MeasureReport:subject:Organization",
    ];
    const REVERSE: [&str; 8] = [
        "PractitionerRole:service",
        "HealthcareService:organization",
        "HealthcareService:location",
        "Task:focus",
        "Organization:partof",
        "Location:partof",
        "MeasureReport:subject",
        "Task:owner:Organization",
    ];
    let mut choices = Choices::new(run);
    let own: Vec<&str> =
        FORWARD.iter().copied().filter(|text| text.starts_with(base.as_str())).collect();
    let iterate = choices.one(&["", ":iterate"]);
    let (name, value) = match choices.below(4) {
        0 => ("_revinclude", choices.one(&REVERSE)),
        1 if !own.is_empty() => ("_include", choices.one(&own)),
        _ => ("_include", choices.one(&FORWARD)),
    };
    (format!("{name}{iterate}"), value.to_owned())
}
