//! The invariants of FHIR R4 that R4 itself marks as errors, for the types we hold.
//!
//! Most compare which elements are present and compile to bit masks; the others look at values.
//! Source: FHIR R4 (4.0.1), `constraint` of the definitions, by their keys. Not here: `ext-1`, `ref-1`,
//! `dom-2` to `dom-5` and `ele-1` (in the walk), `txt-1` (narrative), warnings such as `dom-6`.

use serde_json::{Map, Value};

use super::model::Type;
use super::primitive::Moment;

/// A rule of one type.
pub(super) struct Invariant {
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    test: Test,
}

/// Sets of slots are masks over [`Type::slots`].
enum Test {
    /// Where the first is, the second must be.
    Implies(u64, u64),
    /// At least one of them.
    AnyOf(u64),
    /// Not both.
    NotBoth(u64, u64),
    /// Exactly one side.
    OneOf(u64, u64),
    /// Anything else: true when the rule holds.
    Values(fn(&Map<String, Value>) -> bool),
}

impl Invariant {
    /// The rules of a type.
    pub(super) fn of(type_: &Type) -> Vec<Self> {
        let mask = |names: &str| names.split(' ').fold(0, |mask, name| mask | type_.slots(name));
        let rule = |key, text, test| Self { key, text, test };
        let implies = |a: &str, b: &str| Test::Implies(mask(a), mask(b));
        let unit = || rule("qty-3", "a unit code needs its system", implies("code", "system"));
        match type_.name {
            "Quantity" => vec![unit()],
            "Age" | "Distance" | "Count" | "Duration" => vec![
                unit(),
                rule("drt-1", "a value needs a unit code", implies("value", "code")),
                rule("age-1", "the unit system must be UCUM", Test::Values(unit_is_ucum)),
            ],
            "Attachment" => {
                vec![rule("att-1", "data needs contentType", implies("data", "contentType"))]
            }
            "ContactPoint" => vec![rule("cpt-2", "value needs system", implies("value", "system"))],
            "Organization" => vec![rule(
                "org-1",
                "an identifier or a name is needed",
                Test::AnyOf(mask("identifier name")),
            )],
            "Period" => {
                vec![rule("per-1", "start must not be after end", Test::Values(period_is_ordered))]
            }
            "Range" => {
                vec![rule("rng-2", "low must not be above high", Test::Values(range_is_ordered))]
            }
            "Ratio" => vec![rule(
                "rat-1",
                "numerator and denominator come together",
                Test::Values(ratio_is_complete),
            )],
            "Expression" => vec![rule(
                "exp-1",
                "expression or reference is needed",
                Test::AnyOf(mask("expression reference")),
            )],
            "Task" => vec![rule(
                "inv-1",
                "lastModified must not be before authoredOn",
                Test::Values(task_is_ordered),
            )],
            "TriggerDefinition" => vec![
                rule(
                    "trd-1",
                    "data or timing, not both",
                    Test::NotBoth(mask("data"), mask("timing")),
                ),
                rule("trd-2", "condition needs data", implies("condition", "data")),
            ],
            "Timing.repeat" => timing(type_),
            _ => measures(type_),
        }
    }

    /// Whether the rule holds for an object whose elements occupy the slots `present`.
    pub(super) fn holds(&self, present: u64, object: &Map<String, Value>) -> bool {
        match self.test {
            Test::Implies(a, b) => present & a == 0 || present & b != 0,
            Test::AnyOf(any) => present & any != 0,
            Test::NotBoth(a, b) => present & a == 0 || present & b == 0,
            Test::OneOf(a, b) => (present & a != 0) != (present & b != 0),
            Test::Values(test) => test(object),
        }
    }
}

fn measures(type_: &Type) -> Vec<Invariant> {
    let mask = |names: &str| names.split(' ').fold(0, |mask, name| mask | type_.slots(name));
    let one_of = |key, text, a: &str, b: &str| {
        vec![Invariant { key, text, test: Test::OneOf(mask(a), mask(b)) }]
    };
    match type_.name {
        "MeasureReport" => vec![Invariant {
            key: "mrp-1",
            text: "a report of type data-collection has no group",
            test: Test::Values(data_collection_has_no_group),
        }],
        "MeasureReport.group.stratifier.stratum" => {
            one_of("mrp-2", "a stratum has a value or components", "value", "component")
        }
        "Measure.group.stratifier" => one_of(
            "mea-1",
            "a stratifier has a code, description or criteria, or components",
            "code description criteria",
            "component",
        ),
        "DataRequirement.codeFilter" | "DataRequirement.dateFilter" => {
            one_of("drq-1", "a filter has a path or a searchParam", "path", "searchParam")
        }
        _ => Vec::new(),
    }
}

fn timing(repeat: &Type) -> Vec<Invariant> {
    let slots = |name: &str| repeat.slots(name);
    let implies = |key, text, a: &str, b: &str| Invariant {
        key,
        text,
        test: Test::Implies(slots(a), slots(b)),
    };
    vec![
        implies("tim-1", "duration needs durationUnit", "duration", "durationUnit"),
        implies("tim-2", "period needs periodUnit", "period", "periodUnit"),
        implies("tim-6", "periodMax needs period", "periodMax", "period"),
        implies("tim-7", "durationMax needs duration", "durationMax", "duration"),
        implies("tim-8", "countMax needs count", "countMax", "count"),
        implies("tim-9", "offset needs when", "offset", "when"),
        Invariant {
            key: "tim-10",
            text: "timeOfDay or when, not both",
            test: Test::NotBoth(slots("timeOfDay"), slots("when")),
        },
    ]
}

fn moment(object: &Map<String, Value>, key: &str) -> Option<Moment> {
    Moment::read(object.get(key)?.as_str()?)
}

/// Whether the moment under `first` is not certainly after the one under `second`.
fn is_ordered(object: &Map<String, Value>, first: &str, second: &str) -> bool {
    match (moment(object, first), moment(object, second)) {
        (Some(first), Some(second)) => !first.is_after(&second),
        (None, _) | (_, None) => true,
    }
}

fn period_is_ordered(period: &Map<String, Value>) -> bool {
    is_ordered(period, "start", "end")
}

fn task_is_ordered(task: &Map<String, Value>) -> bool {
    is_ordered(task, "authoredOn", "lastModified")
}

/// Only ends in the same unit compare.
fn range_is_ordered(range: &Map<String, Value>) -> bool {
    let (Some(low), Some(high)) = (range.get("low"), range.get("high")) else { return true };
    let same = |key: &str| low.get(key) == high.get(key);
    let number = |end: &Value| end.get("value").and_then(Value::as_f64);
    let comparable = same("code") && same("system") && same("unit");
    match (number(low), number(high)) {
        (Some(low), Some(high)) => !comparable || low <= high,
        (None, _) | (_, None) => true,
    }
}

fn ratio_is_complete(ratio: &Map<String, Value>) -> bool {
    let has = |key: &str| ratio.contains_key(key);
    has("numerator") == has("denominator") && (has("numerator") || has("extension"))
}

fn unit_is_ucum(quantity: &Map<String, Value>) -> bool {
    quantity.get("system").is_none_or(|system| system == "http://unitsofmeasure.org")
}

fn data_collection_has_no_group(report: &Map<String, Value>) -> bool {
    report.get("type").is_none_or(|kind| kind != "data-collection") || !report.contains_key("group")
}
