//! The FHIR R4 definitions in memory: read once from `assets/validate/r4.tsv`, then only looked up.
//!
//! Names become positions: a type is an index, an element a row of a sorted slice, and which elements
//! an object holds is one `u64`. How the table is made is said in `assets/validate/build.py`.

use std::cmp::Ordering;

use super::invariant::Invariant;
use super::primitive::Primitive;
use crate::fhir::ResourceType;

const ASSET: &str = include_str!("../../assets/validate/r4.tsv");

/// A position in [`Model::types`].
pub(super) type TypeId = u16;

/// All definitions.
pub(super) struct Model {
    types: Vec<Type>,
    resources: [TypeId; ResourceType::ALL.len()],
    resource_names: Vec<&'static str>,
    value_sets: Vec<ValueSet>,
    extension: TypeId,
    element: TypeId,
}

/// A complex type, a resource type, or a backbone element under its path (`Organization.contact`).
pub(super) struct Type {
    pub(super) name: &'static str,
    /// The JSON keys of `elements`, by length, then by bytes: most comparisons are of lengths.
    keys: Vec<String>,
    elements: Vec<Element>,
    /// The slots of the elements that must be there.
    pub(super) required: u64,
    pub(super) invariants: Vec<Invariant>,
    /// The slot of `id`, as a set.
    pub(super) id: u64,
    pub(super) special: Special,
}

/// Types with rules that need more than the presence of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    No,
    Resource,
    Organization,
    Position,
    Reference,
    Coding,
    CodeableConcept,
}

/// One element under its JSON name; a choice has one row for each of its types.
pub(super) struct Element {
    /// The JSON key: `valueString`.
    pub(super) key: String,
    /// The FHIR name: `value`.
    pub(super) name: &'static str,
    pub(super) content: Content,
    pub(super) many: bool,
    /// The bit in the set of present elements; shared by all types of a choice.
    pub(super) slot: u8,
    pub(super) is_choice: bool,
    pub(super) value_set: Option<u16>,
    /// The resource types a reference may name; empty: any.
    pub(super) targets: Vec<&'static str>,
}

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Primitive(Primitive),
    Complex(TypeId),
    /// A contained resource.
    Resource,
}

/// A value set R4 binds as required.
pub(super) struct ValueSet {
    pub(super) name: &'static str,
    /// Sorted.
    codes: Vec<&'static str>,
}

impl Model {
    /// Reads the built-in table.
    pub(super) fn new() -> Self {
        Reader::read(ASSET).expect("the built-in definitions are well formed, a test reads them")
    }

    pub(super) fn type_(&self, id: TypeId) -> &Type {
        &self.types[usize::from(id)]
    }

    pub(super) fn resource(&self, resource_type: ResourceType) -> &Type {
        self.type_(self.resources[resource_type.index()])
    }

    /// The type `Extension`.
    pub(super) fn extension(&self) -> &Type {
        self.type_(self.extension)
    }

    pub(super) fn is_extension(&self, id: TypeId) -> bool {
        id == self.extension
    }

    /// The type `Element`: what stands beside a primitive, under `_key`.
    pub(super) fn primitive_sibling(&self) -> &Type {
        self.type_(self.element)
    }

    pub(super) fn value_set(&self, id: u16) -> &ValueSet {
        &self.value_sets[usize::from(id)]
    }

    /// Whether FHIR R4 has a resource type of this name.
    pub(super) fn is_resource_name(&self, name: &str) -> bool {
        self.resource_names.binary_search(&name).is_ok()
    }
}

impl Type {
    /// The element under a JSON key without leading underscore.
    pub(super) fn element(&self, key: &str) -> Option<&Element> {
        let found = self.keys.binary_search_by(|other| by_length(other, key));
        found.ok().map(|position| &self.elements[position])
    }

    /// The slots of an element name, as a set; 0 where the type has no such element.
    pub(super) fn slots(&self, name: &str) -> u64 {
        let found = self.elements.iter().find(|element| element.name == name);
        found.map_or(0, |element| 1 << element.slot)
    }

    /// Whether this is a resource type, so that `resourceType` belongs to it.
    pub(super) fn is_resource(&self) -> bool {
        matches!(self.special, Special::Resource | Special::Organization)
    }

    /// The FHIR name behind a slot, `value[x]` for a choice.
    pub(super) fn slot_name(&self, slot: u32) -> String {
        match self.elements.iter().find(|element| u32::from(element.slot) == slot) {
            Some(element) if element.is_choice => format!("{}[x]", element.name),
            Some(element) => element.name.to_owned(),
            None => String::new(),
        }
    }

    /// Elements in the order of their keys.
    pub(super) fn elements(&self) -> &[Element] {
        &self.elements
    }
}

impl ValueSet {
    pub(super) fn contains(&self, code: &str) -> bool {
        self.codes.binary_search(&code).is_ok()
    }

    /// The codes when they are few enough to be named in a message.
    pub(super) fn listing(&self) -> String {
        if self.codes.len() <= 12 {
            format!("allowed: {}", self.codes.join(", "))
        } else {
            format!("see http://hl7.org/fhir/ValueSet/{}", self.name)
        }
    }
}

/// An element as the table writes it, before names are resolved.
struct Row {
    key: &'static str,
    cardinality: &'static str,
    types: &'static str,
    value_set: &'static str,
}

#[derive(Default)]
struct Reader {
    groups: Vec<(&'static str, Vec<Row>)>,
    open_types: Vec<&'static str>,
    resource_names: Vec<&'static str>,
    value_sets: Vec<ValueSet>,
}

impl Reader {
    fn read(text: &'static str) -> Result<Model, String> {
        let mut reader = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            reader.line(line).ok_or_else(|| format!("unreadable line: {line}"))?;
        }
        reader.finish()
    }

    fn line(&mut self, line: &'static str) -> Option<()> {
        let mut cells = line.split('\t');
        match cells.next()? {
            "resources" => self.resource_names = sorted(cells),
            "open" => self.open_types = cells.collect(),
            "valueset" => {
                let name = cells.next()?;
                self.value_sets.push(ValueSet { name, codes: sorted(cells) });
            }
            // An element may be called `type` too; its row has four cells.
            "type" if line.matches('\t').count() == 1 => {
                self.groups.push((cells.next()?, Vec::new()));
            }
            key => {
                let row = Row {
                    key,
                    cardinality: cells.next()?,
                    types: cells.next()?,
                    value_set: cells.next()?,
                };
                self.groups.last_mut()?.1.push(row);
            }
        }
        Some(())
    }

    fn finish(self) -> Result<Model, String> {
        let mut types = Vec::with_capacity(self.groups.len());
        for (name, rows) in &self.groups {
            types.push(self.type_(name, rows)?);
        }
        let mut resources = [0; ResourceType::ALL.len()];
        for resource_type in ResourceType::ALL {
            resources[resource_type.index()] = self.type_id(resource_type.as_str())?;
        }
        let extension = self.type_id("Extension")?;
        let element = self.type_id("Element")?;
        let Self { resource_names, value_sets, .. } = self;
        Ok(Model { types, resources, resource_names, value_sets, extension, element })
    }

    fn type_id(&self, name: &str) -> Result<TypeId, String> {
        let position = self.groups.iter().position(|(other, _)| *other == name);
        let position = position.ok_or_else(|| format!("type {name} is not defined"))?;
        TypeId::try_from(position).map_err(|_| "too many types".to_owned())
    }

    fn type_(&self, name: &'static str, rows: &[Row]) -> Result<Type, String> {
        let special = match name {
            "Organization" => Special::Organization,
            "Location.position" => Special::Position,
            "Reference" => Special::Reference,
            "Coding" => Special::Coding,
            "CodeableConcept" => Special::CodeableConcept,
            name if self.resource_names.binary_search(&name).is_ok() => Special::Resource,
            _ => Special::No,
        };
        let mut elements = Vec::new();
        let mut required = 0;
        for (slot, row) in rows.iter().enumerate() {
            let slot = u8::try_from(slot).ok().filter(|slot| *slot < 64);
            let slot = slot.ok_or_else(|| format!("{name} has more than 64 elements"))?;
            if row.cardinality.starts_with('1') {
                required |= 1 << slot;
            }
            self.rows(row, slot, &mut elements)?;
        }
        elements.sort_by(|a, b| by_length(&a.key, &b.key));
        let keys = elements.iter().map(|element| element.key.clone()).collect();
        let mut type_ =
            Type { name, keys, elements, required, invariants: Vec::new(), id: 0, special };
        type_.invariants = Invariant::of(&type_);
        type_.id = type_.slots("id");
        Ok(type_)
    }

    /// The rows of one element: one, or one for each type of a choice.
    fn rows(&self, row: &Row, slot: u8, out: &mut Vec<Element>) -> Result<(), String> {
        let choice = row.key.strip_suffix("[x]");
        let name = choice.unwrap_or(row.key);
        let types: Vec<&'static str> = match row.types {
            "*" => self.open_types.clone(),
            listed => listed.split('|').collect(),
        };
        for written in types {
            let (type_name, targets) = match written.split_once('(') {
                Some((type_name, rest)) => {
                    (type_name, rest.trim_end_matches(')').split(',').collect())
                }
                None => (written, Vec::new()),
            };
            out.push(Element {
                key: if choice.is_some() { choice_key(name, type_name) } else { name.to_owned() },
                name,
                content: self.content(type_name)?,
                many: row.cardinality.ends_with('*'),
                slot,
                is_choice: choice.is_some(),
                value_set: self.value_set(row.value_set)?,
                targets,
            });
        }
        Ok(())
    }

    fn content(&self, type_name: &str) -> Result<Content, String> {
        if let Some(primitive) = Primitive::named(type_name) {
            return Ok(Content::Primitive(primitive));
        }
        if type_name == "Resource" {
            return Ok(Content::Resource);
        }
        self.type_id(type_name).map(Content::Complex)
    }

    fn value_set(&self, name: &str) -> Result<Option<u16>, String> {
        if name == "-" {
            return Ok(None);
        }
        let position = self.value_sets.iter().position(|set| set.name == name);
        let position = position.ok_or_else(|| format!("value set {name} is not defined"))?;
        u16::try_from(position).map(Some).map_err(|_| "too many value sets".to_owned())
    }
}

/// The JSON key of one type of a choice: `value` and `dateTime` make `valueDateTime`.
pub(super) fn choice_key(name: &str, type_name: &str) -> String {
    let mut key = name.to_owned();
    let mut rest = type_name.chars();
    key.extend(rest.next().map(|first| first.to_ascii_uppercase()));
    key.push_str(rest.as_str());
    key
}

/// An order in which nearly all comparisons need only the lengths.
pub(super) fn by_length(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn sorted(cells: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut cells: Vec<_> = cells.collect();
    cells.sort_unstable();
    cells
}
