//! Elements of a document and the way to each: the object that holds it, its JSON key, its position.
//!
//! Elements are followed through the FHIR definitions: a choice is found under each of its keys, the
//! extensions of a primitive beside it, and a name that the type does not have is an error instead of
//! nothing. Conditions are for `evaluate`; nothing is changed here.

use shared::fhir::ResourceType;
use shared::validate::{Definition, ElementDefinition, ElementKind};

use super::evaluate::{Budget, EvaluateError};
use super::tree::Node;

/// An element of a document, or the document itself.
#[derive(Clone)]
pub(super) struct Place<'t, 'd> {
    /// What the element is, `None` for the document.
    pub(super) member: Option<Member>,
    /// Positions from the root to the object that holds it.
    pub(super) holder: Vec<usize>,
    holder_node: Option<&'t Node<'d>>,
    /// The value, unless the element has only extensions.
    pub(super) value: Option<&'t Node<'d>>,
    /// Of a primitive: the object with its id and extensions.
    beside: Option<&'t Node<'d>>,
    /// What it holds.
    pub(super) kind: Kind,
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
pub(super) enum Kind {
    /// A string, number or boolean.
    Primitive,
    /// An object of this type.
    Complex(Definition),
    /// A contained resource of a type the directory does not define.
    Foreign,
}

impl<'t, 'd> Place<'t, 'd> {
    /// The document itself.
    pub(super) fn root(document: &'t Node<'d>, resource_type: ResourceType) -> Self {
        Self {
            member: None,
            holder: Vec::new(),
            holder_node: None,
            value: Some(document),
            beside: None,
            kind: Kind::Complex(Definition::resource(resource_type)),
        }
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
    pub(super) fn children(&self, name: &str, budget: &Budget) -> Result<Vec<Self>, EvaluateError> {
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
        // Another type of the choice may have it, in another extension.
        if elements.is_empty() && self.member.is_some_and(|member| member.element.is_choice()) {
            return Ok(Vec::new());
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
        if let (false, Some((_, way))) = (elements.is_empty(), self.object()) {
            for element in elements {
                children_of(element, definition, node, &way, &mut children);
            }
        }
        budget.spend(children.len())?;
        Ok(children)
    }
}

/// The elements under one key of the object `node`.
fn children_of<'t, 'd>(
    element: ElementDefinition,
    holder: Definition,
    node: &'t Node<'d>,
    way: &[usize],
    out: &mut Vec<Place<'t, 'd>>,
) {
    let value = node.get(element.key());
    let is_primitive = matches!(element.kind(), ElementKind::Primitive);
    let beside = is_primitive.then(|| node.get(&format!("_{}", element.key()))).flatten();
    let mut push = |value: Option<&'t Node<'d>>, beside: Option<&'t Node<'d>>, index| {
        let (value, beside) = (not_null(value), not_null(beside));
        if value.is_none() && beside.is_none() {
            return;
        }
        out.push(Place {
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
