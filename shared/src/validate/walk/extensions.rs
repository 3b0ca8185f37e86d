//! Extensions: `ext-1` for all of them, and for those the table knows value type, parts and place.

use serde_json::Value;

use super::{Frame, Object, Walk};
use crate::error::{IssueType, Severity};
use crate::validate::extension::{Definition, Known, Place, ROR_BASE, ValueRule};
use crate::validate::finding::{Layer, excerpt};
use crate::validate::model::Element;
use crate::validate::path::Path;

impl<'a> Walk<'a> {
    pub(super) fn extension(
        &mut self,
        holder: &Frame<'a, '_>,
        element: &Element,
        object: &'a Object,
        path: &Path<'_>,
    ) {
        if element.name == "modifierExtension" {
            let (warning, code) = (Severity::Warning, IssueType::Extension);
            self.findings.push("modifier-extension", Layer::Rule, warning, code, path, || {
                "no modifier extension is understood here".to_owned()
            });
        }
        let url = object.get("url").and_then(Value::as_str);
        let (rule, scope) = url.map_or((None, None), |url| self.resolve(url, holder, path));
        let type_ = self.validator.model.extension();
        let place = Place {
            holder: type_.name,
            holder_is_resource: false,
            owner: type_.name,
            key: "extension",
        };
        let seen = self.object(Frame { type_, object, place, scope }, path);
        if object.contains_key("extension") == seen.choice.is_some() {
            self.rule("ext-1", IssueType::Invariant, path, || {
                "ext-1: an extension has either a value or extensions, not both".to_owned()
            });
        } else if let Some(rule) = rule {
            self.extension_value(rule, seen.choice, object, path);
        }
        if let Some(definition) = scope {
            self.parts(definition, object, path);
        }
    }

    /// What is known of a URL: the rule for the value, and the definition whose parts may follow.
    fn resolve(
        &mut self,
        url: &str,
        holder: &Frame<'a, '_>,
        path: &Path<'_>,
    ) -> (Option<&'a ValueRule>, Option<&'a Definition>) {
        let part = holder.scope.and_then(|scope| scope.part(url)).map(|(_, part)| part);
        if let Some(rule) = part.and_then(|part| part.value.as_ref()) {
            return (Some(rule), None);
        }
        let extensions = &self.validator.extensions;
        let (position, is_misspelled) = match extensions.get(url) {
            Some(Known::Current(position)) => (position, false),
            Some(Known::Misspelled(position)) => (position, true),
            Some(Known::Retired(replacement)) => {
                let (warning, code) = (Severity::Warning, IssueType::Extension);
                self.guide("extension-retired", warning, code, path, || {
                    format!("the extension {} is retired, use {replacement}", excerpt(url))
                });
                return (None, None);
            }
            None => {
                self.unknown_extension(url, holder, path);
                return (None, None);
            }
        };
        let definition = extensions.definition(position);
        if is_misspelled {
            let (warning, code) = (Severity::Warning, IssueType::Extension);
            self.guide("extension-url", warning, code, path, || {
                format!("misspelled extension URL, use {}", definition.url)
            });
        }
        if part.is_none() && !definition.may_stand(holder.place) {
            let severity = self.guide_severity;
            self.guide("extension-context", severity, IssueType::Extension, path, || {
                format!("this extension does not belong here but on {}", definition.contexts())
            });
        }
        (Some(&definition.value), (!definition.parts.is_empty()).then_some(definition))
    }

    fn unknown_extension(&mut self, url: &str, holder: &Frame<'a, '_>, path: &Path<'_>) {
        if let Some(name) = url.strip_prefix(ROR_BASE) {
            let (warning, code) = (Severity::Warning, IssueType::Extension);
            return self.guide("extension-unknown", warning, code, path, || {
                format!("the guide has no extension {}", excerpt(name))
            });
        }
        if url.contains(':') {
            return;
        }
        // A relative URL names a part of the extension around it.
        let is_nested = holder.place.holder == self.validator.model.extension().name;
        match holder.scope {
            Some(definition) => self.rule("extension-part", IssueType::Extension, path, || {
                format!("{} is not a part of {}", excerpt(url), definition.url)
            }),
            None if !is_nested => self.rule("extension-part", IssueType::Extension, path, || {
                "the URL of an extension must be absolute".to_owned()
            }),
            None => {}
        }
    }

    fn extension_value(
        &mut self,
        rule: &'a ValueRule,
        choice: Option<&Element>,
        object: &'a Object,
        path: &Path<'_>,
    ) {
        let found = choice.map(|element| element.key.as_str());
        if found != rule.key.as_deref() {
            let need = rule.key.as_deref().unwrap_or("no value but extensions");
            return self.rule("extension-type", IssueType::Extension, path, || {
                format!("this extension holds {need}, not {}", found.unwrap_or("extensions"))
            });
        }
        if let Some(binding) = &rule.binding
            && let Some(value) = found.and_then(|key| object.get(key))
        {
            self.bound_value(|| "extension-codes".into(), binding, value, &path.name("value"));
        }
    }

    /// How often each part of a complex extension occurs.
    fn parts(&mut self, definition: &'a Definition, object: &Object, path: &Path<'_>) {
        let mut counts = [0_usize; Definition::PARTS_MAX];
        let nested = object.get("extension").and_then(Value::as_array);
        for extension in nested.into_iter().flatten() {
            let url = extension.get("url").and_then(Value::as_str);
            if let Some((position, _)) = url.and_then(|url| definition.part(url)) {
                counts[position] += 1;
            }
        }
        let severity = self.guide_severity;
        for (part, count) in definition.parts.iter().zip(counts) {
            if count < usize::from(part.min) {
                self.guide("extension-part-missing", severity, IssueType::Required, path, || {
                    format!("the part \"{}\" is missing", part.url)
                });
            } else if count > 1 && !part.many {
                self.guide("extension-part-repeated", severity, IssueType::Structure, path, || {
                    format!("the part \"{}\" occurs {count} times, once is allowed", part.url)
                });
            }
        }
    }
}
