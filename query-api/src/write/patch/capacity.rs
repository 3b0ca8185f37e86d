//! The dialect of bed-management systems: an operation whose path ends on the capacity records of a
//! place, `Location.extension.where(url='…ror-location-supported-capacity')…`.
//!
//! One record is one indicator, told from the others by seven codes. `replace` puts the new record in
//! the place of the one that the path finds and that is the same indicator; where there is none the
//! sender is told so in the words it waits for, and sends an `add`. `add` appends.
//!
//! Deliberately absent: which combinations of codes a place may have, which no public source says.

use std::borrow::Cow;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::terminology::{canonical_system, terminology};
use shared::validate::Definition;

use super::PatchError;
use super::edit;
use super::evaluate::is_root;
use super::operation::Value;
use super::path::{Expression, Operator, Start, Step};
use super::place::Place;
use super::tree::{Node, is_number};

/// URL of the extension.
pub(super) const URL: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-location-supported-capacity";

/// The codes that tell indicators apart. Source: extension `ror-location-supported-capacity`.
const KEY: [&str; 7] = [
    "capacityStatus",
    "temporalityCapacity",
    "genderCapacityAvailable",
    "capacityClosingType",
    "additionalBedType",
    "crisisType",
    "temporaryAssignement",
];

const NATURE: &str = "capacityType";

/// The parts of a record: their names, whether they must be there, and the code system of coded ones.
const PARTS: [(&str, bool, Option<&str>); 12] = [
    ("capacityType", true, Some("TRE_R329-NatureCapacite/FHIR/TRE-R329-NatureCapacite")),
    ("capacityStatus", true, Some("TRE_R330-TypeStatutCapacite/FHIR/TRE-R330-TypeStatutCapacite")),
    (
        "temporalityCapacity",
        true,
        Some("TRE_R331-TemporaliteCapacite/FHIR/TRE-R331-TemporaliteCapacite"),
    ),
    ("nbCapacity", true, None),
    (
        "capacitySourceType",
        true,
        Some("TRE_R335-TypeSourceCapacite/FHIR/TRE-R335-TypeSourceCapacite"),
    ),
    ("genderCapacityAvailable", false, Some("TRE_R332-GenreCapacite/FHIR/TRE-R332-GenreCapacite")),
    ("capacityUpdateDate", true, None),
    (
        "capacityClosingType",
        false,
        Some("TRE_R333-TypeFermetureCapacite/FHIR/TRE-R333-TypeFermetureCapacite"),
    ),
    (
        "additionalBedType",
        false,
        Some("TRE_R334-TypeLitSupplementaire/FHIR/TRE-R334-TypeLitSupplementaire"),
    ),
    ("crisisType", false, Some("TRE_R336-TypeCrise/FHIR/TRE-R336-TypeCrise")),
    (
        "temporaryAssignement",
        true,
        Some("TRE_R337-AffectationTemporaire/FHIR/TRE-R337-AffectationTemporaire"),
    ),
    ("comment", false, None),
];

const NOS: &str = "https://mos.esante.gouv.fr/NOS/";

/// What a path has to do with capacity records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nothing.
    No,
    /// It passes through them.
    Through,
    /// It ends on them.
    Ends,
}

/// How a path reaches the capacity records of a place.
pub(super) fn reach(resource_type: ResourceType, path: &Expression) -> Reach {
    let Expression::Chain(Start::Context, steps) = path else { return Reach::No };
    if resource_type != ResourceType::Location {
        return Reach::No;
    }
    let steps = match steps.first() {
        Some(Step::Child(name)) if is_root(name, resource_type.as_str()) => &steps[1..],
        _ => steps,
    };
    let rest = match steps {
        [Step::Extension(url), rest @ ..] if url == URL => rest,
        [Step::Child(name), Step::Where(condition), rest @ ..]
            if name == "extension" && wants_url(condition) =>
        {
            rest
        }
        _ => return Reach::No,
    };
    let stays = |step: &Step| matches!(step, Step::Where(_));
    if rest.iter().all(stays) { Reach::Ends } else { Reach::Through }
}

/// Whether a condition holds for extensions of the capacity URL only.
fn wants_url(condition: &Expression) -> bool {
    let is_url = |e: &Expression| matches!(e, Expression::Chain(Start::Context, steps) if *steps == [Step::Child("url".into())]);
    let is_text = |e: &Expression| matches!(e, Expression::Chain(Start::Text(text), steps) if text == URL && steps.is_empty());
    match condition {
        Expression::Binary(Operator::And, left, right) => wants_url(left) || wants_url(right),
        Expression::Binary(Operator::Equal, left, right) => {
            (is_url(left) && is_text(right)) || (is_text(left) && is_url(right))
        }
        Expression::Binary(Operator::Or | Operator::Xor | Operator::NotEqual, ..)
        | Expression::Chain(..) => false,
    }
}

/// The answer that tells the sender to add the indicator.
pub(super) fn no_indicator() -> PatchError {
    let text = "the place has no capacity record of this indicator; add it";
    PatchError::NotFound(
        Issue::error(IssueType::NotFound, text)
            .at(format!("Location.extension.where(url='{URL}')")),
    )
}

/// The records that a value describes, each one checked.
pub(super) fn records<'a>(value: &Value<'a>) -> Result<Vec<Node<'a>>, PatchError> {
    let records = match value {
        Value::Extensions(records) => records.clone(),
        Value::Untyped(record) => vec![record.clone()],
        Value::Parts(parts) => {
            let record = edit::build(Definition::extension(), parts);
            vec![record.map_err(|error| broken(None, &error.to_string()))?]
        }
        Value::Typed { .. } | Value::Resource(_) => Vec::new(),
    };
    if records.is_empty() {
        return Err(broken(None, "the value must be a capacity record, as an extension"));
    }
    records.iter().try_for_each(check)?;
    Ok(records)
}

/// A place that has nothing but one record: what a path finds in it tells what the path means.
pub(super) fn place_of<'a>(record: &Node<'a>) -> Node<'a> {
    Node::Object(vec![("extension".into(), Node::Array(vec![record.clone()]))])
}

/// The refusal of a path and a record that do not go together.
pub(super) fn other_indicator() -> PatchError {
    broken(None, "the path does not describe the indicator of the new record")
}

/// Which of the places the path found is the indicator of the record.
pub(super) fn same_indicator<'p, 't, 'd>(
    found: &'p [Place<'t, 'd>],
    record: &Node<'_>,
) -> Result<&'p Place<'t, 'd>, PatchError> {
    let codes = |node: &Node<'_>| KEY.map(|part| code(node, part).map(Cow::into_owned));
    let key = codes(record);
    let has_key = |place: &&Place<'_, '_>| place.value.is_some_and(|node| codes(node) == key);
    let same: Vec<_> = found.iter().filter(has_key).collect();
    let nature = code(record, NATURE);
    let has_nature =
        |place: &&&Place<'_, '_>| place.value.is_some_and(|node| code(node, NATURE) == nature);
    match same.as_slice() {
        [] => Err(no_indicator()),
        [one] => Ok(one),
        several => {
            let mut exact = several.iter().filter(has_nature);
            match (exact.next(), exact.next()) {
                (Some(one), None) => Ok(one),
                _ => Err(broken(None, "the place has several records of this indicator")),
            }
        }
    }
}

/// Checks one new record.
fn check(record: &Node<'_>) -> Result<(), PatchError> {
    let url = record.get("url").and_then(Node::text);
    if url.is_none_or(|url| url != URL) {
        return Err(broken(None, "the value is no capacity record: its url is another"));
    }
    let parts = record.get("extension").and_then(Node::items).unwrap_or_default();
    for part in parts {
        let Some(name) = part.get("url").and_then(Node::text) else {
            return Err(broken(None, "a part of the record has no url"));
        };
        if !PARTS.iter().any(|(known, ..)| *known == name) {
            return Err(broken(None, "the record has a part that capacity records do not have"));
        }
    }
    for (name, is_required, system) in PARTS {
        let mut given = parts.iter().filter(|part| is_part(part, name));
        match (given.next(), given.next()) {
            (Some(part), None) => check_part(part, name, system)?,
            (Some(_), Some(_)) => return Err(broken(Some(name), "the part is there twice")),
            (None, _) if is_required => return Err(broken(Some(name), "the part is missing")),
            (None, _) => {}
        }
    }
    Ok(())
}

fn check_part(part: &Node<'_>, name: &str, system: Option<&str>) -> Result<(), PatchError> {
    if name == "nbCapacity" {
        let number = part.get("valueInteger").and_then(Node::token);
        return match number.filter(|token| is_number(token) && !token.starts_with('-')) {
            Some(_) => Ok(()),
            None => Err(broken(Some(name), "it needs a valueInteger from 0 on")),
        };
    }
    let Some(system) = system else { return Ok(()) };
    let expected = format!("{NOS}{system}");
    let Some(coding) = coding(part) else {
        return Err(broken(Some(name), "it needs a valueCodeableConcept with a coding"));
    };
    let (Some(given), Some(code)) =
        (coding.get("system").and_then(Node::text), coding.get("code").and_then(Node::text))
    else {
        return Err(broken(Some(name), "its coding needs a system and a code"));
    };
    if canonical_system(&given) != expected {
        return Err(broken(Some(name), &format!("its code must be of the system {expected}")));
    }
    if terminology().is_unknown_code(&expected, &code) {
        return Err(broken(Some(name), "its code is not the one expected: the system has no such"));
    }
    Ok(())
}

fn is_part(part: &Node<'_>, name: &str) -> bool {
    part.get("url").and_then(Node::text).is_some_and(|url| url == name)
}

fn coding<'n, 'a>(part: &'n Node<'a>) -> Option<&'n Node<'a>> {
    part.get("valueCodeableConcept")?.get("coding")?.items()?.first()
}

/// The code of one part of a record.
fn code<'a>(record: &Node<'a>, name: &str) -> Option<Cow<'a, str>> {
    let parts = record.get("extension")?.items()?;
    coding(parts.iter().find(|part| is_part(part, name))?)?.get("code")?.text()
}

fn broken(part: Option<&str>, text: &str) -> PatchError {
    let record = format!("Location.extension('{URL}')");
    let at = match part {
        Some(part) => format!("{record}.extension('{part}')"),
        None => record,
    };
    PatchError::Refused(
        Issue::error(IssueType::BusinessRule, format!("capacity record: {text}")).at(at),
    )
}
