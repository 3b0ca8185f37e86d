//! Changes to one element of an object: append, insert, replace, remove, move.
//!
//! In FHIR JSON a primitive has two halves, `line` and `_line`, and a list of primitives two arrays
//! that count together. So every change takes the element out as whole slots, changes the slots, and
//! puts them back, without the halves that hold nothing. Values are built here too, because only the
//! definition of the element says whether a part is a list and which key a choice has.

use std::borrow::Cow;

use shared::validate::{Definition, ElementDefinition, ElementKind};

use super::operation::{Part, Value};
use super::tree::{Members, NULL, Node};

/// Why an element cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EditError {
    /// A name that the type does not have.
    #[error("{in_type} has no element \"{name}\"")]
    UnknownElement {
        /// The type.
        in_type: &'static str,
        /// What was asked of it.
        name: String,
    },
    /// The element is there, and there can be only one.
    #[error("\"{0}\" is there already and does not repeat; replace it")]
    Exists(&'static str),
    /// The element is no list.
    #[error("\"{0}\" does not repeat: it is no list")]
    NoList(&'static str),
    /// Not a position of the list.
    #[error("{position} is not a position of \"{element}\", which has {length}")]
    Position {
        /// What was asked for.
        position: usize,
        /// The list.
        element: &'static str,
        /// How many it has.
        length: usize,
    },
    /// An object where a primitive is due, or the contrary.
    #[error("\"{element}\" takes {due}")]
    Kind {
        /// The element.
        element: &'static str,
        /// What it takes.
        due: &'static str,
    },
    /// A value without type for an element that may have several.
    #[error("\"{0}\" may have several types; give the value as value[x]")]
    Untyped(String),
    /// A part without name.
    #[error("a part of the value has no name")]
    Unnamed,
    /// What stands in the document is not what FHIR defines.
    #[error("\"{0}\" is not as FHIR defines it in this resource")]
    Malformed(&'static str),
}

/// One element, or one of a list.
#[derive(Debug, Clone, Default)]
struct Slot<'a> {
    value: Option<Node<'a>>,
    /// The id and extensions of a primitive.
    beside: Option<Node<'a>>,
}

/// Adds an element, at the end where it repeats.
pub(super) fn append<'a>(
    members: &mut Members<'a>,
    definition: Definition,
    name: &str,
    value: &Value<'a>,
) -> Result<(), EditError> {
    let (element, slot) = resolve(definition, name, value, None)?;
    let of_choice = definition.elements(element.name());
    let is_there = |element: ElementDefinition| {
        let key = element.key();
        members.iter().any(|(name, _)| name.strip_prefix('_').unwrap_or(name) == key)
    };
    if !element.repeats() && of_choice.into_iter().any(is_there) {
        return Err(EditError::Exists(element.name()));
    }
    let mut slots = take(members, element)?;
    slots.push(slot);
    put(members, element, slots);
    Ok(())
}

/// Puts an element into a list; `index` may be the length.
pub(super) fn insert<'a>(
    members: &mut Members<'a>,
    definition: Definition,
    element: ElementDefinition,
    index: usize,
    value: &Value<'a>,
) -> Result<(), EditError> {
    let (_, slot) = resolve(definition, element.key(), value, None)?;
    let mut slots = take_list(members, element)?;
    if index > slots.len() {
        return Err(out_of_list(element, index, slots.len()));
    }
    slots.insert(index, slot);
    put(members, element, slots);
    Ok(())
}

/// Replaces an element as a whole; one of a choice may get another type.
pub(super) fn replace<'a>(
    members: &mut Members<'a>,
    definition: Definition,
    element: ElementDefinition,
    index: Option<usize>,
    value: &Value<'a>,
) -> Result<(), EditError> {
    let (new_element, slot) = resolve(definition, element.name(), value, Some(element))?;
    let mut slots = take(members, element)?;
    let length = slots.len();
    let position = index.unwrap_or(0);
    let old = slots.get_mut(position);
    *old.ok_or_else(|| out_of_list(element, position, length))? = slot;
    if new_element.key() != element.key() {
        put(members, element, Vec::new());
    }
    put(members, new_element, slots);
    Ok(())
}

/// Removes an element, or one of a list.
pub(super) fn remove(
    members: &mut Members<'_>,
    element: ElementDefinition,
    index: Option<usize>,
) -> Result<(), EditError> {
    let mut slots = take(members, element)?;
    let position = index.unwrap_or(0);
    if position >= slots.len() {
        return Err(out_of_list(element, position, slots.len()));
    }
    slots.remove(position);
    put(members, element, slots);
    Ok(())
}

/// Moves an element within its list.
pub(super) fn shift(
    members: &mut Members<'_>,
    element: ElementDefinition,
    source: usize,
    destination: usize,
) -> Result<(), EditError> {
    let mut slots = take_list(members, element)?;
    for position in [source, destination] {
        if position >= slots.len() {
            return Err(out_of_list(element, position, slots.len()));
        }
    }
    let slot = slots.remove(source);
    slots.insert(destination, slot);
    put(members, element, slots);
    Ok(())
}

/// Adds an element beside a primitive: its id or an extension.
pub(super) fn append_beside<'a>(
    members: &mut Members<'a>,
    element: ElementDefinition,
    index: Option<usize>,
    name: &str,
    value: &Value<'a>,
) -> Result<(), EditError> {
    let mut slots = take(members, element)?;
    let length = slots.len();
    let position = index.unwrap_or(0);
    let slot = slots.get_mut(position).ok_or_else(|| out_of_list(element, position, length))?;
    let beside = slot.beside.get_or_insert_with(|| Node::Object(Vec::new()));
    let Node::Object(inner) = beside else { return Err(EditError::Malformed(element.name())) };
    append(inner, Definition::beside_primitive(), name, value)?;
    put(members, element, slots);
    Ok(())
}

/// Removes the object at `way` when it is empty, then its holder, and so on up to the document.
///
/// FHIR has no empty elements: who deletes the last part of an element deletes the element.
pub(super) fn prune(document: &mut Node<'_>, way: &[usize]) {
    let is_empty = |node: &Node<'_>| node.members().is_some_and(Vec::is_empty);
    let mut way = way;
    while !way.is_empty() && document.at_mut(way).is_some_and(|node| is_empty(node)) {
        let above = &way[..way.len() - 1];
        let in_list = document.at_mut(above).is_some_and(|node| node.items().is_some());
        let holder = if in_list { &above[..above.len().saturating_sub(1)] } else { above };
        let member = way[holder.len()];
        let index = if in_list { way.get(holder.len() + 1).copied() } else { None };
        let Some(Node::Object(members)) = document.at_mut(holder) else { return };
        let Some((name, _)) = members.get(member) else { return };
        let key = name.strip_prefix('_').unwrap_or(name).to_owned();
        let is_beside = key.len() < name.len();
        let mut slots = take_halves(members, &key);
        let Some(slot) = slots.get_mut(index.unwrap_or(0)) else { return };
        if is_beside {
            slot.beside = None;
        } else {
            slot.value = None;
        }
        put_halves(members, &key, in_list, slots);
        way = holder;
    }
}

/// The object that a value describes.
pub(super) fn build<'a>(definition: Definition, parts: &[Part<'a>]) -> Result<Node<'a>, EditError> {
    let mut members = Members::new();
    for part in parts {
        let name = part.name.as_deref().ok_or(EditError::Unnamed)?;
        append(&mut members, definition, name, &part.value)?;
    }
    Ok(Node::Object(members))
}

/// Which element a value makes under a name, and the value.
///
/// `current` is the element of a choice that is being replaced.
fn resolve<'a>(
    definition: Definition,
    name: &str,
    value: &Value<'a>,
    current: Option<ElementDefinition>,
) -> Result<(ElementDefinition, Slot<'a>), EditError> {
    let element = element_for(definition, name, value, current)?;
    let due = |due| EditError::Kind { element: element.name(), due };
    let slot = match (element.kind(), value) {
        (ElementKind::Primitive, Value::Typed { value, beside, .. }) => {
            Slot { value: value.clone(), beside: beside.clone() }
        }
        (
            ElementKind::Complex(_) | ElementKind::Resource,
            Value::Typed { value, beside: None, .. },
        ) => Slot { value: value.clone(), beside: None },
        (_, Value::Untyped(node) | Value::Resource(node)) => {
            Slot { value: Some(node.clone()), beside: None }
        }
        (ElementKind::Complex(inner), Value::Parts(parts)) if !parts.is_empty() => {
            Slot { value: Some(build(inner, parts)?), beside: None }
        }
        (ElementKind::Complex(_) | ElementKind::Resource, _) => {
            return Err(due("the value of its type"));
        }
        (ElementKind::Primitive, _) => return Err(due("a string, number or boolean")),
    };
    let fits = match (element.kind(), &slot.value) {
        (ElementKind::Primitive, None) => slot.beside.is_some(),
        (ElementKind::Primitive, Some(node)) => node.token().is_some() && !node.is_null(),
        (ElementKind::Complex(_) | ElementKind::Resource, value) => {
            value.as_ref().is_some_and(|node| node.members().is_some())
        }
    };
    match (fits, element.kind()) {
        (true, _) => Ok((element, slot)),
        (false, ElementKind::Primitive) => Err(due("a string, number or boolean")),
        (false, ElementKind::Complex(_)) => Err(due("an object of its type")),
        (false, ElementKind::Resource) => Err(due("a resource")),
    }
}

fn element_for(
    definition: Definition,
    name: &str,
    value: &Value<'_>,
    current: Option<ElementDefinition>,
) -> Result<ElementDefinition, EditError> {
    if let Some(element) = definition.element(name) {
        return match value {
            Value::Typed { type_name, .. }
                if element.is_choice() && key_of_choice(element.name(), type_name) != name =>
            {
                Err(EditError::Kind { element: element.key(), due: "a value of the type it names" })
            }
            Value::Typed { .. }
            | Value::Untyped(_)
            | Value::Parts(_)
            | Value::Resource(_)
            | Value::Extensions(_) => Ok(element),
        };
    }
    let unknown =
        || EditError::UnknownElement { in_type: definition.name(), name: name.to_owned() };
    let choice = definition.elements(name).next().ok_or_else(unknown)?;
    let Value::Typed { type_name, .. } = value else {
        return current.ok_or_else(|| EditError::Untyped(name.to_owned()));
    };
    let key = key_of_choice(choice.name(), type_name);
    definition
        .element(&key)
        .ok_or(EditError::Kind { element: choice.name(), due: "values of other types" })
}

fn key_of_choice(name: &str, type_name: &str) -> String {
    format!("{name}{type_name}")
}

fn out_of_list(element: ElementDefinition, position: usize, length: usize) -> EditError {
    EditError::Position { position, element: element.name(), length }
}

fn take_list<'a>(
    members: &mut Members<'a>,
    element: ElementDefinition,
) -> Result<Vec<Slot<'a>>, EditError> {
    if !element.repeats() {
        return Err(EditError::NoList(element.name()));
    }
    take(members, element)
}

/// Takes an element out; its members stay, as nulls, to keep their places until [`put`].
fn take<'a>(
    members: &mut Members<'a>,
    element: ElementDefinition,
) -> Result<Vec<Slot<'a>>, EditError> {
    let key = element.key();
    let is_of = |name: &str| name.strip_prefix('_').unwrap_or(name) == key;
    let mut halves = members.iter().filter(|(name, value)| is_of(name) && !value.is_null());
    if halves.any(|(_, value)| value.items().is_some() != element.repeats()) {
        return Err(EditError::Malformed(element.name()));
    }
    let mut slots = take_halves(members, key);
    let is_nothing = |slot: &Slot<'_>| slot.value.is_none() && slot.beside.is_none();
    if !element.repeats() {
        slots.retain(|slot| !is_nothing(slot));
    }
    Ok(slots)
}

fn put<'a>(members: &mut Members<'a>, element: ElementDefinition, slots: Vec<Slot<'a>>) {
    put_halves(members, element.key(), element.repeats(), slots);
}

fn take_halves<'a>(members: &mut Members<'a>, key: &str) -> Vec<Slot<'a>> {
    let mut half = |prefix: &str| {
        let found = members.iter_mut().find(|(name, _)| name.strip_prefix(prefix) == Some(key));
        match found.map(|(_, value)| std::mem::replace(value, Node::Leaf(NULL))) {
            None => Vec::new(),
            Some(Node::Array(items)) => items,
            Some(single @ (Node::Leaf(_) | Node::Object(_))) => vec![single],
        }
    };
    let (mut values, mut besides) = (half("").into_iter(), half("_").into_iter());
    let mut slots = Vec::new();
    loop {
        let (value, beside) = (values.next(), besides.next());
        if value.is_none() && beside.is_none() {
            return slots;
        }
        let not_null = |node: Option<Node<'a>>| node.filter(|node| !node.is_null());
        slots.push(Slot { value: not_null(value), beside: not_null(beside) });
    }
}

fn put_halves<'a>(members: &mut Members<'a>, key: &str, repeats: bool, mut slots: Vec<Slot<'a>>) {
    slots.retain(|slot| slot.value.is_some() || slot.beside.is_some());
    let (values, besides): (Vec<_>, Vec<_>) =
        slots.into_iter().map(|slot| (slot.value, slot.beside)).unzip();
    for (name, half) in [(key.to_owned(), values), (format!("_{key}"), besides)] {
        let is_there = half.iter().any(Option::is_some);
        let mut nodes = half.into_iter().map(|node| node.unwrap_or(Node::Leaf(NULL)));
        let node = if repeats { Some(Node::Array(nodes.collect())) } else { nodes.next() };
        let place = members.iter().position(|(other, _)| *other == name);
        match (place, node.filter(|_| is_there)) {
            (Some(position), Some(node)) => members[position].1 = node,
            (Some(position), None) => {
                members.remove(position);
            }
            (None, Some(node)) => members.push((Cow::Owned(name), node)),
            (None, None) => {}
        }
    }
}
