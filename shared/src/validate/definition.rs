//! The FHIR R4 definitions for those who navigate or change documents: which elements an object may
//! hold, under which JSON keys, and whether they repeat.
//!
//! A view of the validator's own table, so that there is one. Rules and value sets are not shown.

use std::sync::LazyLock;

use super::model::{Content, Element, Model, Type};
use crate::fhir::ResourceType;

static MODEL: LazyLock<Model> = LazyLock::new(Model::new);

/// What an object of one type may hold: a resource, a complex datatype or a backbone element.
#[derive(Clone, Copy)]
pub struct Definition(&'static Type);

/// One element under its JSON key; a choice (`value[x]`) has one for each of its types.
#[derive(Clone, Copy)]
pub struct ElementDefinition(&'static Element);

/// What an element holds.
#[derive(Clone, Copy)]
pub enum ElementKind {
    /// A string, number or boolean; its id and extensions stand beside it under `_key`.
    Primitive,
    /// An object of this type.
    Complex(Definition),
    /// A contained resource, which names its own type.
    Resource,
}

impl Definition {
    /// A resource type.
    pub fn resource(resource_type: ResourceType) -> Self {
        Self(MODEL.resource(resource_type))
    }

    /// The datatype `Extension`.
    pub fn extension() -> Self {
        Self(MODEL.extension())
    }

    /// What stands beside a primitive, under `_key`: an id and extensions.
    pub fn beside_primitive() -> Self {
        Self(MODEL.primitive_sibling())
    }

    /// The name of the type; a backbone element has its path: `Organization.contact`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The element under a JSON key: `valueString`, not `value`.
    pub fn element(self, key: &str) -> Option<ElementDefinition> {
        self.0.element(key).map(ElementDefinition)
    }

    /// The elements of a FHIR name: one, or all types of a choice (`value`), or none.
    pub fn elements(self, name: &str) -> impl Iterator<Item = ElementDefinition> {
        self.0.elements().iter().filter(move |element| element.name == name).map(ElementDefinition)
    }
}

impl ElementDefinition {
    /// The JSON key: `valueString`.
    pub fn key(self) -> &'static str {
        &self.0.key
    }

    /// The FHIR name: `value`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it is one type of a choice.
    pub fn is_choice(self) -> bool {
        self.0.is_choice
    }

    /// Whether it repeats: its JSON is an array.
    pub fn repeats(self) -> bool {
        self.0.many
    }

    /// What it holds.
    pub fn kind(self) -> ElementKind {
        match self.0.content {
            Content::Primitive(_) => ElementKind::Primitive,
            Content::Complex(id) => ElementKind::Complex(Definition(MODEL.type_(id))),
            Content::Resource => ElementKind::Resource,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Definition, ElementKind};
    use crate::fhir::ResourceType;

    #[test]
    fn elements_by_key_and_by_name() {
        let location = Definition::resource(ResourceType::Location);
        let extension = location.element("extension").unwrap();
        assert!(extension.repeats() && !extension.is_choice());
        let ElementKind::Complex(extension) = extension.kind() else { panic!("complex") };
        assert_eq!(extension.name(), "Extension");
        assert!(extension.element("value").is_none());
        assert!(extension.elements("value").count() > 40);
        let text = extension.element("valueString").unwrap();
        assert_eq!((text.key(), text.name()), ("valueString", "value"));
        assert!(text.is_choice() && !text.repeats());
        assert!(matches!(text.kind(), ElementKind::Primitive));
        assert!(Definition::beside_primitive().element("extension").is_some());
        let contained = location.element("contained").unwrap();
        assert!(matches!(contained.kind(), ElementKind::Resource));
    }
}
