//! The subset of `FHIRPath` that search expressions need, compiled once to direct navigation.
//!
//! `a.b`, `a | b`, `extension(name)` (a ROR extension, or any by full URL), `part(name)` (the value of
//! a part of a complex extension), `value` (also `valueX` for any type), `where(x='y')`,
//! `where(resolve() is Type)`, and `limit` (the current equipment limit). Nothing else: an expression
//! that does not compile is a mistake in the table and fails the first use, in tests.

use serde_json::Value;

/// Where the extensions of the guide are defined.
pub const ROR_EXTENSION_BASE: &str =
    "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/";

/// An expression, ready to walk a document.
#[derive(Debug, Clone)]
pub(super) struct Path {
    alternatives: Vec<Vec<Step>>,
    /// Whether the expression starts at the current equipment limit instead of the record.
    pub(super) on_limit: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Field(&'static str),
    Extension(String),
    Part(&'static str),
    AnyValue,
    Where(&'static str, &'static str),
    ResolvesTo(&'static str),
}

impl Path {
    /// Compiles an expression of the parameter table.
    ///
    /// # Panics
    /// When the expression is outside the subset: the table is part of the program.
    pub(super) fn compile(expression: &'static str) -> Self {
        let (on_limit, expression) = match expression.strip_prefix("limit.") {
            Some(rest) => (true, rest),
            None => (false, expression),
        };
        let alternatives = split_outside_parentheses(expression, '|')
            .into_iter()
            .map(|path| {
                split_outside_parentheses(path.trim(), '.').into_iter().map(Step::compile).collect()
            })
            .collect();
        Self { alternatives, on_limit }
    }

    /// Calls `visit` for each element the expression selects under `root`, in document order.
    pub(super) fn walk<'a>(&self, root: &Root<'a>, visit: &mut dyn FnMut(&'a Value)) {
        for steps in &self.alternatives {
            match steps.split_first() {
                Some((Step::Extension(url), rest)) => {
                    root.extensions(url).for_each(|extension| walk(rest, extension, visit));
                }
                Some((Step::Part(name), rest)) => {
                    let values = root.extensions(name).filter_map(any_value);
                    values.for_each(|value| walk(rest, value, visit));
                }
                Some(_) | None => walk(steps, root.node, visit),
            }
        }
    }
}

/// Where expressions start, with its extensions by URL: most expressions ask for one of these, and a
/// resource has dozens of expressions.
#[derive(Debug)]
pub(super) struct Root<'a> {
    node: &'a Value,
    extensions: Vec<(&'a str, &'a Value)>,
}

impl<'a> Root<'a> {
    pub(super) fn new(node: &'a Value) -> Self {
        let extensions = node.get("extension").and_then(Value::as_array).into_iter().flatten();
        let by_url = extensions.filter_map(|e| Some((e.get("url")?.as_str()?, e)));
        Self { node, extensions: by_url.collect() }
    }

    fn extensions(&self, url: &str) -> impl Iterator<Item = &'a Value> {
        self.extensions.iter().filter(move |(other, _)| *other == url).map(|(_, e)| *e)
    }
}

fn split_outside_parentheses(text: &'static str, separator: char) -> Vec<&'static str> {
    let mut depth = 0;
    let mut start = 0;
    let mut pieces = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if c == separator && depth == 0 => {
                pieces.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

impl Step {
    fn compile(text: &'static str) -> Self {
        let argument = |name: &str| {
            text.strip_prefix(name)
                .and_then(|r| r.strip_prefix('('))
                .and_then(|r| r.strip_suffix(')'))
        };
        if let Some(name) = argument("extension") {
            let is_url = name.starts_with("http");
            return Self::Extension(if is_url {
                name.to_owned()
            } else {
                format!("{ROR_EXTENSION_BASE}{name}")
            });
        }
        if let Some(name) = argument("part") {
            return Self::Part(name);
        }
        if let Some(condition) = argument("where") {
            if let Some(type_name) = condition.strip_prefix("resolve() is ") {
                return Self::ResolvesTo(type_name);
            }
            let (field, literal) = condition.split_once('=').expect("where(field='literal')");
            return Self::Where(field, literal.trim_matches('\''));
        }
        assert!(
            text.chars().all(|c| c.is_ascii_alphanumeric()),
            "\"{text}\" is not a step of a search expression"
        );
        if text == "value" { Self::AnyValue } else { Self::Field(text) }
    }
}

fn walk<'a>(steps: &[Step], node: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    if let Value::Array(items) = node {
        for item in items {
            walk(steps, item, visit);
        }
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        visit(node);
        return;
    };
    let Value::Object(object) = node else { return };
    match step {
        Step::Field(name) => {
            if let Some(child) = object.get(*name) {
                walk(rest, child, visit);
            }
        }
        Step::AnyValue => {
            if let Some(child) = any_value(node) {
                walk(rest, child, visit);
            }
        }
        Step::Extension(url) => {
            for extension in extensions(node, url) {
                walk(rest, extension, visit);
            }
        }
        Step::Part(name) => {
            for value in extensions(node, name).filter_map(any_value) {
                walk(rest, value, visit);
            }
        }
        Step::Where(field, literal) => {
            if object.get(*field).and_then(Value::as_str) == Some(literal) {
                walk(rest, node, visit);
            }
        }
        Step::ResolvesTo(type_name) => {
            if refers_to_type(node, type_name) {
                walk(rest, node, visit);
            }
        }
    }
}

/// The extensions of `node` with this URL.
pub(super) fn extensions<'a>(node: &'a Value, url: &str) -> impl Iterator<Item = &'a Value> {
    node.get("extension")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(move |e| e.get("url").and_then(Value::as_str) == Some(url))
}

/// The ROR extensions of `node` with this name.
pub(super) fn ror_extensions<'a>(node: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let extensions = node.get("extension").and_then(Value::as_array).into_iter().flatten();
    extensions.filter(move |e| {
        let url = e.get("url").and_then(Value::as_str);
        url.and_then(|url| url.strip_prefix(ROR_EXTENSION_BASE)) == Some(name)
    })
}

/// `value`, or the one `valueX` of an extension or choice element.
pub(super) fn any_value(node: &Value) -> Option<&Value> {
    let object = node.as_object()?;
    object.get("value").or_else(|| {
        object.iter().find_map(|(key, value)| {
            let of_type = key.strip_prefix("value")?;
            of_type.starts_with(|c: char| c.is_ascii_uppercase()).then_some(value)
        })
    })
}

/// The code of a concept's first coding.
pub(super) fn first_code(concept: &Value) -> Option<&str> {
    concept.get("coding")?.get(0)?.get("code")?.as_str()
}

fn refers_to_type(reference: &Value, type_name: &str) -> bool {
    let by_type = reference.get("type").and_then(Value::as_str) == Some(type_name);
    let by_text = reference.get("reference").and_then(Value::as_str).is_some_and(|text| {
        let mut segments = text.rsplit('/').skip(1);
        segments.next() == Some(type_name)
    });
    by_type || by_text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn walks() {
        let document = json!({
            "name": "a", "alias": ["b", "c"],
            "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}],
            "extension": [
                {"url": format!("{ROR_EXTENSION_BASE}x"), "valueCode": "v"},
                {"url": "http://other/y", "extension": [{"url": "p", "valueInteger": 3}]},
            ],
            "subject": {"reference": "Patient/1"}, "position": {"latitude": 1.5},
        });
        let rows: &[(&'static str, serde_json::Value)] = &[
            ("name | alias", json!(["a", "b", "c"])),
            ("telecom.where(system='email').value", json!(["2"])),
            ("extension(x).value", json!(["v"])),
            ("extension(http://other/y).part(p)", json!([3])),
            ("subject.where(resolve() is Patient).reference", json!(["Patient/1"])),
            ("subject.where(resolve() is Group).reference", json!([])),
            ("position.latitude", json!([1.5])),
            ("missing.anything", json!([])),
        ];
        for (expression, expected) in rows {
            let mut found = Vec::new();
            Path::compile(expression).walk(&Root::new(&document), &mut |v| found.push(v.clone()));
            assert_eq!(&Value::Array(found), expected, "{expression}");
        }
    }

    #[test]
    fn every_expression_of_the_table_compiles() {
        for resource_type in crate::fhir::ResourceType::ALL {
            let _ = super::super::plan::of(resource_type);
        }
    }
}
