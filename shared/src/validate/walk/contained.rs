//! Contained resources: ours are walked like any other, those of other types for their JSON form only.

use serde_json::Value;

use super::{Object, PATH_MAX, Walk};
use crate::error::IssueType;
use crate::fhir::ResourceType;
use crate::validate::finding::excerpt;
use crate::validate::path::Path;
use crate::validate::primitive::Primitive;

impl<'a> Walk<'a> {
    pub(super) fn contained(&mut self, value: &'a Value, path: &Path<'_>) {
        let Value::Object(object) = value else {
            return self.shape("type", IssueType::Structure, path, || {
                "a contained resource must be an object".to_owned()
            });
        };
        let name = object.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        if !self.validator.model.is_resource_name(name) {
            let path = path.name("resourceType");
            return self.shape("resource-type", IssueType::Structure, &path, || {
                format!("{} is not a resource type of FHIR R4", excerpt(name))
            });
        }
        self.contained_rules(object, path);
        if let Ok(resource_type) = name.parse::<ResourceType>() {
            self.resource(resource_type, object, path);
        } else {
            if let Some(id) = object.get("id")
                && let Err(fault) = Primitive::Id.check(id)
            {
                self.fault(fault, id, &path.name("id"));
            }
            self.any_object(object, path);
        }
    }

    fn contained_rules(&mut self, object: &Object, path: &Path<'_>) {
        let in_meta = |key: &str| object.get("meta").is_some_and(|meta| meta.get(key).is_some());
        let broken = [
            (!object.contains_key("id"), "dom-3", "a contained resource needs an id"),
            (object.contains_key("contained"), "dom-2", "no contained resource in another"),
            (
                in_meta("versionId") || in_meta("lastUpdated"),
                "dom-4",
                "a contained resource has no version and no date of its own",
            ),
            (in_meta("security"), "dom-5", "a contained resource has no security label"),
        ];
        for (is_broken, rule, text) in broken {
            if is_broken {
                self.rule(rule, IssueType::Invariant, path, || format!("{rule}: {text}"));
            }
        }
    }

    /// `dom-3`, and that ids of contained resources differ.
    pub(super) fn contained_are_used(&mut self, path: &Path<'_>) {
        let Some(Value::Array(contained)) = self.root.get("contained") else { return };
        let id_of = |resource: &'a Value| resource.get("id").and_then(Value::as_str);
        for (index, resource) in contained.iter().enumerate() {
            let Some(id) = id_of(resource) else { continue };
            let path = path.name("contained");
            let path = path.index(index);
            if contained[..index].iter().any(|other| id_of(other) == Some(id)) {
                self.rule("dom-3", IssueType::Invariant, &path, || {
                    "another contained resource has the same id".to_owned()
                });
            }
            let refers = |text: &&str| *text == "#" || text.strip_prefix('#') == Some(id);
            if !self.local_references.iter().any(refers) {
                self.rule("dom-3", IssueType::Invariant, &path, || {
                    "dom-3: nothing refers to this contained resource".to_owned()
                });
            }
        }
    }

    /// An object of a type we have no definition of.
    fn any_object(&mut self, object: &'a Object, path: &Path<'_>) {
        if object.is_empty() {
            self.shape("ele-1", IssueType::Structure, path, || {
                "an element must hold something".to_owned()
            });
        }
        for (key, value) in object {
            self.any_value(value, &path.name(key.trim_start_matches('_')));
        }
        self.reference(object, path);
    }

    fn any_value(&mut self, value: &'a Value, path: &Path<'_>) {
        if path.depth() > PATH_MAX {
            let text = || "nested too deep".to_owned();
            return self.shape("depth", IssueType::Structure, path, text);
        }
        match value {
            Value::Object(object) => self.any_object(object, path),
            Value::Array(items) => {
                if items.is_empty() {
                    self.empty_array(path);
                }
                // A null in an array may be filled from the array beside it.
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_null()) {
                    self.any_value(item, &path.index(index));
                }
            }
            Value::Null => self.shape("type", IssueType::Structure, path, || {
                "null is not allowed here".to_owned()
            }),
            Value::String(_) => {
                if let Err(fault) = Primitive::String.check(value) {
                    self.fault(fault, value, path);
                }
            }
            Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
