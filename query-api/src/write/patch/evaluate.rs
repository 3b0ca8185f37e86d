//! A `FHIRPath` on a document → the places it names.
//!
//! An engine that gives values is of no use to a patch: `Location.name` must say *where* the name
//! stands, so navigation gives places (`place`).
//!
//! Tolerated beyond `FHIRPath`: `valueX` reads as `value` of that type, and a collection of several
//! stands for true where a condition is due. Nothing is changed here.

use std::cell::Cell;

use shared::fhir::ResourceType;
use shared::validate::ElementDefinition;

use super::path::{Expression, Operator, Start, Step};
use super::place::{Kind, Place};
use super::tree::{Node, is_number, numbers_equal, token_text};

/// Why an expression names no places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EvaluateError {
    /// A name that the type does not have.
    #[error("{in_type} has no element \"{name}\"")]
    UnknownElement {
        /// The type.
        in_type: String,
        /// What was asked of it.
        name: String,
    },
    /// The path starts with a resource type, but not with that of the document.
    #[error("the path is of {0}, the resource is not")]
    ForeignType(String),
    /// The result is a value that stands nowhere in the document.
    #[error("the path gives a value, not an element of the resource")]
    NoPlace,
    /// `single()` on several.
    #[error("single() meets several elements")]
    Several,
    /// `ofType()` where only the definitions could tell.
    #[error("ofType() and as can be used on value[x] and on complex elements")]
    UntypedElement,
    /// More work than one patch may cause.
    #[error("the paths of this patch take too many steps on this resource")]
    TooCostly,
}

/// How many steps are left.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// So many steps: one is a member looked at or a value compared.
    pub(super) fn new(steps: usize) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes steps; an error when there are not so many left.
    pub(super) fn spend(&self, steps: usize) -> Result<(), EvaluateError> {
        let left = self.0.get().checked_sub(steps).ok_or(EvaluateError::TooCostly)?;
        self.0.set(left);
        Ok(())
    }
}

/// The places that a path names, in the order of the document.
///
/// The path may start with the type of the resource, or with one of its elements.
pub(super) fn places<'t, 'd>(
    document: &'t Node<'d>,
    resource_type: ResourceType,
    path: &Expression,
    budget: &Budget,
) -> Result<Vec<Place<'t, 'd>>, EvaluateError> {
    let root = Item::Place(Place::root(document, resource_type));
    let items = evaluate(path, &root, budget)?;
    let places = items.into_iter().map(|item| match item {
        Item::Place(place) => Ok(place),
        Item::Text(_) | Item::Number(_) | Item::Boolean(_) => Err(EvaluateError::NoPlace),
    });
    places.collect()
}

/// Whether a name at the start of a path means the resource itself.
pub(super) fn is_root(name: &str, resource_type: &str) -> bool {
    name == resource_type || name == "Resource" || name == "DomainResource"
}

/// What expressions give: elements, or values of their own.
#[derive(Clone)]
enum Item<'t, 'd> {
    Place(Place<'t, 'd>),
    Text(String),
    Number(String),
    Boolean(bool),
}

type Items<'t, 'd> = Vec<Item<'t, 'd>>;

fn evaluate<'t, 'd>(
    expression: &Expression,
    context: &Item<'t, 'd>,
    budget: &Budget,
) -> Result<Items<'t, 'd>, EvaluateError> {
    budget.spend(1)?;
    match expression {
        Expression::Chain(start, steps) => {
            let steps = steps.as_slice();
            let (items, steps) = match start {
                Start::Context => (vec![context.clone()], without_root(steps, context)?),
                Start::Text(text) => (vec![Item::Text(text.clone())], steps),
                Start::Number(number) => (vec![Item::Number(number.clone())], steps),
                Start::Boolean(boolean) => (vec![Item::Boolean(*boolean)], steps),
                Start::Group(inner) => (evaluate(inner, context, budget)?, steps),
            };
            chain(items, steps, budget)
        }
        Expression::Binary(operator, left, right) => {
            let left = evaluate(left, context, budget)?;
            let right = evaluate(right, context, budget)?;
            let result = match operator {
                Operator::And => and(truth(&left), truth(&right)),
                Operator::Or => and(not(truth(&left)), not(truth(&right))).map(|b| !b),
                Operator::Xor => truth(&left).zip(truth(&right)).map(|(a, b)| a != b),
                Operator::Equal => equal(&left, &right, budget)?,
                Operator::NotEqual => not(equal(&left, &right, budget)?),
            };
            Ok(result.map(Item::Boolean).into_iter().collect())
        }
    }
}

/// The steps without the name of the resource's type, with which a path on the resource may start.
fn without_root<'s>(
    steps: &'s [Step],
    context: &Item<'_, '_>,
) -> Result<&'s [Step], EvaluateError> {
    let (Item::Place(place), Some(Step::Child(name))) = (context, steps.first()) else {
        return Ok(steps);
    };
    let (None, Kind::Complex(definition)) = (place.member, place.kind) else { return Ok(steps) };
    if is_root(name, definition.name()) {
        return Ok(&steps[1..]);
    }
    if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err(EvaluateError::ForeignType(name.clone()));
    }
    Ok(steps)
}

fn chain<'t, 'd>(
    mut items: Items<'t, 'd>,
    steps: &[Step],
    budget: &Budget,
) -> Result<Items<'t, 'd>, EvaluateError> {
    for step in steps {
        budget.spend(1)?;
        items = apply(items, step, budget)?;
    }
    Ok(items)
}

fn apply<'t, 'd>(
    mut items: Items<'t, 'd>,
    step: &Step,
    budget: &Budget,
) -> Result<Items<'t, 'd>, EvaluateError> {
    let boolean = |boolean: Option<bool>| Ok(boolean.map(Item::Boolean).into_iter().collect());
    match step {
        Step::Child(name) => children(&items, name, budget),
        Step::Index(position) => Ok(items.drain(..).nth(*position).into_iter().collect()),
        Step::First => Ok(items.drain(..).next().into_iter().collect()),
        Step::Last => Ok(items.pop().into_iter().collect()),
        Step::Single if items.len() > 1 => Err(EvaluateError::Several),
        Step::Single => Ok(items),
        Step::Where(condition) => filter(items, condition, budget),
        Step::Extension(url) => {
            let mut extensions = children(&items, "extension", budget)?;
            extensions.retain(|item| match item {
                Item::Place(place) => has_url(place, url),
                Item::Text(_) | Item::Number(_) | Item::Boolean(_) => false,
            });
            Ok(extensions)
        }
        Step::OfType(type_name) => {
            let mut kept = Vec::new();
            for item in items {
                if is_of_type(&item, type_name)? {
                    kept.push(item);
                }
            }
            Ok(kept)
        }
        Step::Exists(None) => boolean(Some(!items.is_empty())),
        Step::Exists(Some(condition)) => {
            boolean(Some(!filter(items, condition, budget)?.is_empty()))
        }
        Step::Empty => boolean(Some(items.is_empty())),
        Step::Not => boolean(not(truth(&items))),
        Step::Count => Ok(vec![Item::Number(items.len().to_string())]),
    }
}

fn children<'t, 'd>(
    items: &[Item<'t, 'd>],
    name: &str,
    budget: &Budget,
) -> Result<Items<'t, 'd>, EvaluateError> {
    let mut children = Vec::new();
    for item in items {
        if let Item::Place(place) = item {
            children.extend(place.children(name, budget)?.into_iter().map(Item::Place));
        }
    }
    Ok(children)
}

fn filter<'t, 'd>(
    items: Items<'t, 'd>,
    condition: &Expression,
    budget: &Budget,
) -> Result<Items<'t, 'd>, EvaluateError> {
    let mut kept = Vec::new();
    for item in items {
        if truth(&evaluate(condition, &item, budget)?) == Some(true) {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn has_url(place: &Place<'_, '_>, url: &str) -> bool {
    let found = place.value.and_then(|value| value.get("url")?.text());
    found.is_some_and(|found| found == url)
}

fn is_of_type(item: &Item<'_, '_>, type_name: &str) -> Result<bool, EvaluateError> {
    let Item::Place(place) = item else { return Err(EvaluateError::UntypedElement) };
    let choice = place.member.map(|member| member.element).filter(|e| e.is_choice());
    if let Some(element) = choice {
        return Ok(is_choice_of(element, type_name));
    }
    match place.kind {
        Kind::Complex(definition) => Ok(definition.name() == type_name),
        Kind::Primitive | Kind::Foreign => Err(EvaluateError::UntypedElement),
    }
}

/// Whether `valueDateTime` is the `dateTime` of its choice.
fn is_choice_of(element: ElementDefinition, type_name: &str) -> bool {
    let suffix = element.key().strip_prefix(element.name()).unwrap_or_default();
    let (mut suffix, mut name) = (suffix.chars(), type_name.chars());
    let first = suffix.next().map(|c| c.to_ascii_lowercase());
    first == name.next().map(|c| c.to_ascii_lowercase()) && suffix.as_str() == name.as_str()
}

/// A collection as a condition: a boolean by its value, anything else by being there.
fn truth(items: &[Item<'_, '_>]) -> Option<bool> {
    match items {
        [] => None,
        [Item::Boolean(boolean)] => Some(*boolean),
        [Item::Place(place)] => Some(place.value.and_then(Node::token) != Some("false")),
        _ => Some(true),
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn not(a: Option<bool>) -> Option<bool> {
    a.map(|a| !a)
}

/// Whether two collections are equal, item by item; unknown when one of them is empty.
fn equal(
    a: &[Item<'_, '_>],
    b: &[Item<'_, '_>],
    budget: &Budget,
) -> Result<Option<bool>, EvaluateError> {
    if a.is_empty() || b.is_empty() {
        return Ok(None);
    }
    if a.len() != b.len() {
        return Ok(Some(false));
    }
    for (a, b) in a.iter().zip(b) {
        if !items_equal(a, b, budget)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

fn items_equal(a: &Item<'_, '_>, b: &Item<'_, '_>, budget: &Budget) -> Result<bool, EvaluateError> {
    budget.spend(1)?;
    Ok(match (a, b) {
        (Item::Place(a), Item::Place(b)) => {
            let (Some(a), Some(b)) = (a.value, b.value) else { return Ok(false) };
            let (_, size) = a.measure();
            budget.spend(size)?;
            a == b
        }
        (Item::Place(place), literal) | (literal, Item::Place(place)) => {
            let Some(token) = place.value.and_then(Node::token) else { return Ok(false) };
            match literal {
                Item::Text(text) => token_text(token).is_some_and(|token| token == *text),
                Item::Number(number) => is_number(token) && numbers_equal(token, number),
                Item::Boolean(boolean) => token == if *boolean { "true" } else { "false" },
                Item::Place(_) => false,
            }
        }
        (Item::Text(a), Item::Text(b)) => a == b,
        (Item::Number(a), Item::Number(b)) => numbers_equal(a, b),
        (Item::Boolean(a), Item::Boolean(b)) => a == b,
        (Item::Text(_), Item::Number(_) | Item::Boolean(_))
        | (Item::Number(_), Item::Text(_) | Item::Boolean(_))
        | (Item::Boolean(_), Item::Text(_) | Item::Number(_)) => false,
    })
}
