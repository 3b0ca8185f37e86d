//! A `Parameters` resource → the operations of a `FHIRPath` Patch.
//!
//! Everything in the body is read or refused: a part that an operation does not have is an error, so
//! that a deletion with a name and a value never becomes the deletion of what its path alone names.
//!
//! Tolerated beyond R4, because bed-management systems send it: `type` as `valueString`, an untyped
//! `value`, and a value whose one part, without a name, carries bare extensions.

use std::borrow::Cow;

use shared::error::{Issue, IssueType};

use super::path::Expression;
use super::tree::{Node, is_number};
use super::{Limits, PatchError};

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation<'a> {
    /// The text of the path, for messages.
    pub(super) path_text: String,
    /// The path.
    pub(super) path: Expression,
    /// What is done there.
    pub(super) action: Action<'a>,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub(super) enum Action<'a> {
    /// Adds an element to the one the path names; capacity records may be added without a name.
    Add {
        /// Name of the new element.
        name: Option<String>,
        /// The new element.
        value: Value<'a>,
    },
    /// Puts an element into the list the path names.
    Insert {
        /// Its position.
        index: usize,
        /// The new element.
        value: Value<'a>,
    },
    /// Deletes the element the path names, if there is one.
    Delete,
    /// Replaces the element the path names.
    Replace {
        /// The new element.
        value: Value<'a>,
    },
    /// Moves an element within the list the path names.
    Move {
        /// From this position.
        source: usize,
        /// To this one, once it is taken out.
        destination: usize,
    },
}

impl Action<'_> {
    /// The name of the operation.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Insert { .. } => "insert",
            Self::Delete => "delete",
            Self::Replace { .. } => "replace",
            Self::Move { .. } => "move",
        }
    }
}

/// A value, as the body gives it.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// `valueX`.
    Typed {
        /// The type as the key has it: `DateTime`.
        type_name: String,
        /// The value.
        value: Option<Node<'a>>,
        /// `_valueX`: the id and extensions of a primitive.
        beside: Option<Node<'a>>,
    },
    /// `value`, without a type.
    Untyped(Node<'a>),
    /// An element built of parts.
    Parts(Vec<Part<'a>>),
    /// A whole resource.
    Resource(Node<'a>),
    /// Bare extensions, in a part without a name.
    Extensions(Vec<Node<'a>>),
}

/// A named part.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// Its name.
    pub(super) name: Option<String>,
    /// What it holds.
    pub(super) value: Value<'a>,
}

/// Reads the operations of a body.
pub(super) fn operations<'a>(
    body: Node<'a>,
    limits: &Limits,
) -> Result<Vec<Operation<'a>>, PatchError> {
    let is_parameters =
        body.get("resourceType").and_then(Node::text).is_some_and(|text| text == "Parameters");
    let (true, Node::Object(members)) = (is_parameters, body) else {
        let text = "a patch is a Parameters resource with operations (FHIRPath Patch), or a list of operations sent as application/json-patch+json (JSON Patch); a whole resource is sent by PUT";
        return Err(refused("Parameters", text));
    };
    let mut parameters = Vec::new();
    for (name, value) in members {
        match &*name {
            "parameter" => parameters = list(value, "Parameters.parameter")?,
            "resourceType" | "id" | "meta" | "language" => {}
            _ => return Err(unknown("Parameters", &name)),
        }
    }
    if parameters.len() > limits.operations {
        let text = format!("a patch has at most {} operations", limits.operations);
        return Err(PatchError::Refused(
            Issue::error(IssueType::TooCostly, text).at("Parameters.parameter"),
        ));
    }
    let numbered = parameters.into_iter().enumerate();
    numbered
        .map(|(position, node)| {
            let at = format!("Parameters.parameter[{position}]");
            let part = part(node, &at)?;
            match (part.name.as_deref(), part.value) {
                (Some("operation"), Value::Parts(parts)) => operation(parts, &at, limits),
                _ => Err(refused(&at, "each parameter must be an \"operation\" with parts")),
            }
        })
        .collect()
}

/// The parts of one operation.
#[derive(Default)]
struct Given<'a> {
    action: Option<String>,
    path: Option<String>,
    name: Option<String>,
    value: Option<Value<'a>>,
    index: Option<usize>,
    source: Option<usize>,
    destination: Option<usize>,
}

fn operation<'a>(
    parts: Vec<Part<'a>>,
    at: &str,
    limits: &Limits,
) -> Result<Operation<'a>, PatchError> {
    let mut given = Given::default();
    for Part { name, value } in parts {
        let name = name.ok_or_else(|| refused(at, "a part of the operation has no name"))?;
        let is_new = match name.as_str() {
            "type" => given.action.replace(text(&value, at, "type")?).is_none(),
            "path" => given.path.replace(text(&value, at, "path")?).is_none(),
            "name" => given.name.replace(text(&value, at, "name")?).is_none(),
            "value" => given.value.replace(value).is_none(),
            "index" => given.index.replace(position(&value, at, "index")?).is_none(),
            "source" => given.source.replace(position(&value, at, "source")?).is_none(),
            "destination" => {
                given.destination.replace(position(&value, at, "destination")?).is_none()
            }
            _ => {
                let text = format!(
                    "an operation has no part {}; there are type, path, name, value, index, source \
                     and destination",
                    excerpt(&name)
                );
                return Err(refused(at, &text));
            }
        };
        if !is_new {
            return Err(refused(at, &format!("the part \"{name}\" is there twice")));
        }
    }
    let path_text = given.path.take().ok_or_else(|| refused(at, "the part \"path\" is missing"))?;
    if path_text.len() > limits.path_bytes {
        let text = format!("a path has at most {} bytes", limits.path_bytes);
        return Err(PatchError::Refused(Issue::error(IssueType::TooLong, text).at(at)));
    }
    let path = Expression::parse(&path_text).map_err(|error| {
        let text = format!("the path cannot be read: {error}");
        PatchError::Refused(Issue::error(IssueType::Invalid, text).at(path_text.clone()))
    })?;
    let action = action(given, at)?;
    Ok(Operation { path_text, path, action })
}

fn action<'a>(mut given: Given<'a>, at: &str) -> Result<Action<'a>, PatchError> {
    let name = given.action.take();
    let name = name.ok_or_else(|| refused(at, "the part \"type\" is missing"))?;
    let missing = |part: &str| refused(at, &format!("\"{name}\" needs the part \"{part}\""));
    let action = match name.as_str() {
        "add" => Action::Add {
            name: given.name.take(),
            value: given.value.take().ok_or_else(|| missing("value"))?,
        },
        "insert" => Action::Insert {
            index: given.index.take().ok_or_else(|| missing("index"))?,
            value: given.value.take().ok_or_else(|| missing("value"))?,
        },
        "delete" => Action::Delete,
        "replace" => Action::Replace { value: given.value.take().ok_or_else(|| missing("value"))? },
        "move" => Action::Move {
            source: given.source.take().ok_or_else(|| missing("source"))?,
            destination: given.destination.take().ok_or_else(|| missing("destination"))?,
        },
        other => {
            let text = format!(
                "{} is no operation; there are add, insert, delete, replace and move",
                excerpt(other)
            );
            return Err(refused(at, &text));
        }
    };
    let surplus = [
        ("name", given.name.is_some()),
        ("value", given.value.is_some()),
        ("index", given.index.is_some()),
        ("source", given.source.is_some()),
        ("destination", given.destination.is_some()),
    ];
    match surplus.iter().find(|(_, is_given)| *is_given) {
        Some((part, _)) => Err(refused(at, &format!("\"{name}\" takes no part \"{part}\""))),
        None => Ok(action),
    }
}

/// Reads one parameter or part.
fn part<'a>(node: Node<'a>, at: &str) -> Result<Part<'a>, PatchError> {
    let Node::Object(members) = node else { return Err(refused(at, "a part must be an object")) };
    let mut name = None;
    let mut values = Vec::new();
    let mut beside = None;
    for (key, value) in members {
        match &*key {
            "name" => {
                let text = value.text().ok_or_else(|| refused(at, "a name must be a string"))?;
                name = Some(text.into_owned());
            }
            "id" => {}
            "part" | "resource" | "extension" => values.push((key, value)),
            _ if key.starts_with("value") => values.push((key, value)),
            _ if key.starts_with("_value") => beside = Some((key, value)),
            _ => return Err(unknown(at, &key)),
        }
    }
    if values.len() > 1 {
        return Err(refused(at, "a part holds one value, one resource, or parts"));
    }
    let value = value(values.pop(), beside, name.is_some(), at)?;
    Ok(Part { name, value })
}

type Member<'a> = (Cow<'a, str>, Node<'a>);

fn value<'a>(
    member: Option<Member<'a>>,
    beside: Option<Member<'a>>,
    is_named: bool,
    at: &str,
) -> Result<Value<'a>, PatchError> {
    if let Some((key, beside)) = beside {
        let plain = &key[1..];
        let value = match member {
            Some((key, value)) if key == plain => Some(value),
            None => None,
            Some(_) => return Err(unknown(at, &key)),
        };
        let type_name = plain["value".len()..].to_owned();
        return Ok(Value::Typed { type_name, value, beside: Some(beside) });
    }
    let Some((key, node)) = member else { return Err(refused(at, "a part must hold a value")) };
    match &*key {
        "part" => parts(node, at),
        "resource" => Ok(Value::Resource(node)),
        "extension" if is_named => Err(unknown(at, "extension")),
        "extension" => Ok(Value::Extensions(list(node, at)?)),
        "value" => Ok(Value::Untyped(node)),
        typed => {
            let type_name = typed["value".len()..].to_owned();
            Ok(Value::Typed { type_name, value: Some(node), beside: None })
        }
    }
}

/// Reads parts; a single one without a name carries bare extensions.
fn parts<'a>(node: Node<'a>, at: &str) -> Result<Value<'a>, PatchError> {
    let mut parts = list(node, at)?
        .into_iter()
        .enumerate()
        .map(|(position, node)| part(node, &format!("{at}.part[{position}]")))
        .collect::<Result<Vec<_>, _>>()?;
    match parts.as_mut_slice() {
        [Part { name: None, value: Value::Extensions(extensions) }] => {
            Ok(Value::Extensions(std::mem::take(extensions)))
        }
        _ => match parts.iter().position(|part| part.name.is_none()) {
            Some(position) => Err(refused(&format!("{at}.part[{position}]"), "it has no name")),
            None => Ok(Value::Parts(parts)),
        },
    }
}

fn list<'a>(node: Node<'a>, at: &str) -> Result<Vec<Node<'a>>, PatchError> {
    match node {
        Node::Array(items) => Ok(items),
        Node::Leaf(_) | Node::Object(_) => Err(refused(at, "an array is due here")),
    }
}

fn text(value: &Value<'_>, at: &str, part: &str) -> Result<String, PatchError> {
    let typed = match value {
        Value::Typed { type_name, value: Some(node), beside: None }
            if matches!(type_name.as_str(), "Code" | "String") =>
        {
            node.text()
        }
        Value::Typed { .. }
        | Value::Untyped(_)
        | Value::Parts(_)
        | Value::Resource(_)
        | Value::Extensions(_) => None,
    };
    let due = || refused(at, &format!("the part \"{part}\" needs a valueString or valueCode"));
    typed.map(Cow::into_owned).ok_or_else(due)
}

fn position(value: &Value<'_>, at: &str, part: &str) -> Result<usize, PatchError> {
    let typed = match value {
        Value::Typed { type_name, value: Some(node), beside: None }
            if matches!(type_name.as_str(), "Integer" | "UnsignedInt" | "PositiveInt") =>
        {
            node.token().filter(|token| is_number(token)).and_then(|token| token.parse().ok())
        }
        Value::Typed { .. }
        | Value::Untyped(_)
        | Value::Parts(_)
        | Value::Resource(_)
        | Value::Extensions(_) => None,
    };
    let due = || refused(at, &format!("the part \"{part}\" needs a valueInteger from 0 on"));
    typed.ok_or_else(due)
}

fn unknown(at: &str, key: &str) -> PatchError {
    refused(at, &format!("{} has no place here", excerpt(key)))
}

fn refused(at: &str, text: &str) -> PatchError {
    PatchError::Refused(Issue::error(IssueType::Structure, text).at(at))
}

/// A text of the caller, short enough for a message.
pub(super) fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{dots}\"", short.escape_debug())
}
