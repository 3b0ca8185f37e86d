//! A FHIRPath on a document → the places it names.
//!
//! An engine that gives values is of no use to a patch: `Location.name` must say *where* the name
//! stands. So navigation carries the way to each element: the object that holds it, its JSON key and its
//! position in a list. Elements are followed through the FHIR definitions: a choice is found under
//! each of its keys, the extensions of a primitive beside it, and a name that the type does not have
//! is an error instead of nothing.
//!
//! Tolerated beyond FHIRPath: `valueX` reads as `value` of that type, and a collection of several
//! stands for true where a condition is due. Nothing is changed here.

use std::cell::Cell;

use shared::fhir::ResourceType;
use shared::validate::{Definition, ElementDefinition, ElementKind};

use super::path::{Expression, Operator, Start, Step};
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

    fn spend(&self, steps: usize) -> Result<(), EvaluateError> {
        let left = self.0.get().checked_sub(steps).ok_or(EvaluateError::TooCostly)?;
        self.0.set(left);
        Ok(())
    }
}

/// An element of a document, or the document itself.
#[derive(Clone)]
pub(super) struct Place<'t, 'd> {
    /// What the element is, `None` for the document.
    pub(super) member: Option<Member>,
    /// Positions from the root to the object that holds it.
    pub(super) holder: Vec<usize>,
    holder_node: Option<&'t Node<'d>>,
    value: Option<&'t Node<'d>>,
    /// Of a primitive: the object with its id and extensions.
    beside: Option<&'t Node<'d>>,
    kind: Kind,
}

/// Which member of its holder an element is.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// The element's definition, with its JSON key.
    pub(super) element: ElementDefinition,
    /// The definition of the holder.
    pub(super) holder: Definition,
    /// The position in the list, of an element that repeats.
    pub(super) index: Option<usize>,
}

/// What a place holds.
#[derive(Clone, Copy)]
enum Kind {
    Primitive,
    Complex(Definition),
    /// A contained resource of a type the directory does not define.
    Foreign,
}

impl<'t, 'd> Place<'t, 'd> {
    fn root(document: &'t Node<'d>, resource_type: ResourceType) -> Self {
        Self {
            member: None,
            holder: Vec::new(),
            holder_node: None,
            value: Some(document),
            beside: None,
            kind: Kind::Complex(Definition::resource(resource_type)),
        }
    }

    /// The value, unless the element has only extensions.
    pub(super) fn value(&self) -> Option<&'t Node<'d>> {
        self.value
    }

    /// How many elements the list has that this is one of; 0 when it is in no list.
    pub(super) fn siblings(&self) -> usize {
        let (Some(member), Some(holder)) = (&self.member, self.holder_node) else { return 0 };
        let length = |key: &str| holder.get(key).and_then(Node::items).map_or(0, <[_]>::len);
        let key = member.element.key();
        length(key).max(length(&format!("_{key}")))
    }

    /// Whether it is a primitive, whose elements stand beside it.
    pub(super) fn is_primitive(&self) -> bool {
        matches!(self.kind, Kind::Primitive)
    }

    /// The object that has this element's own elements as members: its definition, and positions from
    /// the root to it. `None` when it is not there, or of a type that is not defined.
    pub(super) fn object(&self) -> Option<(Definition, Vec<usize>)> {
        let (definition, prefix) = match self.kind {
            Kind::Primitive => (Definition::beside_primitive(), "_"),
            Kind::Complex(definition) => (definition, ""),
            Kind::Foreign => return None,
        };
        let mut way = self.holder.clone();
        if let (Some(member), Some(holder)) = (&self.member, self.holder_node) {
            let key = member.element.key();
            let position = holder
                .members()?
                .iter()
                .position(|(name, _)| name.strip_prefix(prefix) == Some(key))?;
            way.push(position);
            way.extend(member.index);
        }
        Some((definition, way))
    }

    /// The elements of a name.
    fn children(&self, name: &str, budget: &Budget) -> Result<Vec<Self>, EvaluateError> {
        let (definition, node) = match self.kind {
            Kind::Primitive => (Definition::beside_primitive(), self.beside),
            Kind::Complex(definition) => (definition, self.value),
            Kind::Foreign => {
                return Err(EvaluateError::UnknownElement {
                    in_type: "a contained resource of another type".to_owned(),
                    name: name.to_owned(),
                });
            }
        };
        let mut elements: Vec<ElementDefinition> = definition.elements(name).collect();
        if elements.is_empty() {
            elements.extend(definition.element(name));
        }
        if elements.is_empty() {
            let (in_type, name) = (definition.name().to_owned(), name.to_owned());
            return Err(EvaluateError::UnknownElement { in_type, name });
        }
        let Some(node) = node else { return Ok(Vec::new()) };
        let Some(members) = node.members() else { return Ok(Vec::new()) };
        budget.spend(1 + members.len())?;
        let present = |element: &ElementDefinition| {
            let key = element.key();
            members.iter().any(|(name, _)| name.strip_prefix('_').unwrap_or(name) == key)
        };
        elements.retain(present);
        let mut children = Vec::new();
        let mut way = None;
        for element in elements {
            let way: &Vec<usize> = match &mut way {
                Some(way) => way,
                none => {
                    let Some((_, found)) = self.object() else { return Ok(children) };
                    none.insert(found)
                }
            };
            self.children_of(element, definition, node, way, &mut children);
        }
        budget.spend(children.len())?;
        Ok(children)
    }

    /// The elements under one key of the object `node`.
    fn children_of(
        &self,
        element: ElementDefinition,
        holder: Definition,
        node: &'t Node<'d>,
        way: &[usize],
        out: &mut Vec<Self>,
    ) {
        let value = node.get(element.key());
        let is_primitive = matches!(element.kind(), ElementKind::Primitive);
        let beside = is_primitive.then(|| node.get(&format!("_{}", element.key()))).flatten();
        let mut push = |value: Option<&'t Node<'d>>, beside: Option<&'t Node<'d>>, index| {
            let (value, beside) = (not_null(value), not_null(beside));
            if value.is_none() && beside.is_none() {
                return;
            }
            out.push(Self {
                member: Some(Member { element, holder, index }),
                holder: way.to_vec(),
                holder_node: Some(node),
                value,
                beside,
                kind: kind_of(element, value),
            });
        };
        if !element.repeats() {
            return push(value, beside, None);
        }
        let values = value.and_then(Node::items).unwrap_or_default();
        let besides = beside.and_then(Node::items).unwrap_or_default();
        for position in 0..values.len().max(besides.len()) {
            push(values.get(position), besides.get(position), Some(position));
        }
    }
}

fn not_null<'t, 'd>(node: Option<&'t Node<'d>>) -> Option<&'t Node<'d>> {
    node.filter(|node| !node.is_null())
}

fn kind_of(element: ElementDefinition, value: Option<&Node<'_>>) -> Kind {
    match element.kind() {
        ElementKind::Primitive => Kind::Primitive,
        ElementKind::Complex(definition) => Kind::Complex(definition),
        ElementKind::Resource => value
            .and_then(|value| value.get("resourceType")?.text()?.parse::<ResourceType>().ok())
            .map_or(Kind::Foreign, |known| Kind::Complex(Definition::resource(known))),
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
    let mut items = match path {
        Expression::Chain(Start::Context, steps) => {
            let steps = match steps.first() {
                Some(Step::Child(name)) if is_root(name, resource_type) => &steps[1..],
                Some(Step::Child(name)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                    return Err(EvaluateError::ForeignType(name.clone()));
                }
                _ => steps,
            };
            chain(vec![root], steps, budget)?
        }
        Expression::Chain(..) | Expression::Binary(..) => evaluate(path, &root, budget)?,
    };
    let places = items.drain(..).map(|item| match item {
        Item::Place(place) => Ok(place),
        Item::Text(_) | Item::Number(_) | Item::Boolean(_) => Err(EvaluateError::NoPlace),
    });
    places.collect()
}

/// Whether a name at the start of a path means the resource itself.
pub(super) fn is_root(name: &str, resource_type: ResourceType) -> bool {
    name == resource_type.as_str() || name == "Resource" || name == "DomainResource"
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
            let items = match start {
                Start::Context => vec![context.clone()],
                Start::Text(text) => vec![Item::Text(text.clone())],
                Start::Number(number) => vec![Item::Number(number.clone())],
                Start::Boolean(boolean) => vec![Item::Boolean(*boolean)],
                Start::Group(inner) => evaluate(inner, context, budget)?,
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

fn items_equal(
    a: &Item<'_, '_>,
    b: &Item<'_, '_>,
    budget: &Budget,
) -> Result<bool, EvaluateError> {
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
