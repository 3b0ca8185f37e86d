//! JSON Patch (RFC 6902) on the tree that keeps number texts; pointers are RFC 6901.
//!
//! It knows JSON, not FHIR: what the result is worth is for the validator to say.

use std::borrow::Cow;

use shared::error::{Issue, IssueType};

use super::operation::excerpt;
use super::tree::Node;
use super::{Limits, PatchError};

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation<'a> {
    /// The text of the path, for messages.
    pub(super) path_text: String,
    path: Pointer,
    action: Action<'a>,
}

#[derive(Debug, Clone)]
enum Action<'a> {
    Add(Node<'a>),
    Remove,
    Replace(Node<'a>),
    Move(Pointer),
    Copy(Pointer),
    Test(Node<'a>),
}

impl Operation<'_> {
    /// The name of the operation.
    pub(super) fn name(&self) -> &'static str {
        match self.action {
            Action::Add(_) => "add",
            Action::Remove => "remove",
            Action::Replace(_) => "replace",
            Action::Move(_) => "move",
            Action::Copy(_) => "copy",
            Action::Test(_) => "test",
        }
    }
}

/// The names and positions from the root to a value.
type Pointer = Vec<String>;

/// Why an operation cannot be applied to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonError {
    /// Nothing is there.
    #[error("nothing is at this path")]
    Absent,
    /// Not a position of the array.
    #[error("this is no position of the array")]
    Position,
    /// The parent holds neither names nor positions.
    #[error("the value at the parent path is neither an object nor an array")]
    NoParent,
    /// A value moved into itself.
    #[error("a value cannot be moved into itself")]
    IntoItself,
    /// The whole document removed.
    #[error("the document itself cannot be removed or moved")]
    Document,
    /// A test that does not hold.
    #[error("the test does not hold")]
    Test,
}

/// Reads the operations of a body.
pub(super) fn operations<'a>(
    body: Node<'a>,
    limits: &Limits,
) -> Result<Vec<Operation<'a>>, PatchError> {
    let Node::Array(items) = body else {
        return Err(refused("a JSON Patch is an array of operations"));
    };
    if items.len() > limits.operations {
        let text = format!("a patch has at most {} operations", limits.operations);
        return Err(PatchError::Refused(Issue::error(IssueType::TooCostly, text)));
    }
    let numbered = items.into_iter().enumerate();
    numbered
        .map(|(position, node)| {
            operation(node, limits)
                .map_err(|text| refused(&format!("operation {}: {text}", position + 1)))
        })
        .collect()
}

fn operation<'a>(node: Node<'a>, limits: &Limits) -> Result<Operation<'a>, String> {
    let Node::Object(members) = node else { return Err("an operation is an object".to_owned()) };
    let (mut op, mut path, mut from, mut value) = (None, None, None, None);
    for (name, node) in members {
        match &*name {
            "op" => op = node.text(),
            "path" => path = node.text(),
            "from" => from = node.text(),
            "value" => value = Some(node),
            // RFC 6902: members that are not defined are ignored.
            _ => {}
        }
    }
    let path_text = path.ok_or("the member \"path\" is missing or no string")?.into_owned();
    let from = || match &from {
        Some(from) => pointer(from, limits),
        None => Err("the member \"from\" is missing or no string".to_owned()),
    };
    let value = || value.ok_or_else(|| "the member \"value\" is missing".to_owned());
    let action = match op.as_deref() {
        Some("add") => Action::Add(value()?),
        Some("remove") => Action::Remove,
        Some("replace") => Action::Replace(value()?),
        Some("move") => Action::Move(from()?),
        Some("copy") => Action::Copy(from()?),
        Some("test") => Action::Test(value()?),
        Some(other) => {
            return Err(format!(
                "{} is no operation; there are add, remove, replace, move, copy and test",
                excerpt(other)
            ));
        }
        None => return Err("the member \"op\" is missing or no string".to_owned()),
    };
    Ok(Operation { path: pointer(&path_text, limits)?, path_text, action })
}

fn pointer(text: &str, limits: &Limits) -> Result<Pointer, String> {
    if text.len() > limits.path_bytes {
        return Err(format!("a path has at most {} bytes", limits.path_bytes));
    }
    let Some(rest) = text.strip_prefix('/') else {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        return Err(format!("the path {} does not start with \"/\"", excerpt(text)));
    };
    let unescape = |name: &str| {
        let mut pieces = name.split('~');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let escaped = [("0", '~'), ("1", '/')];
            let found =
                escaped.iter().find_map(|(digit, c)| Some((*c, piece.strip_prefix(digit)?)));
            let (c, rest) = found.ok_or("\"~\" in a path is written ~0, and \"/\" ~1")?;
            out.push(c);
            out.push_str(rest);
        }
        Ok(out)
    };
    rest.split('/').map(unescape).collect()
}

impl<'a> Operation<'a> {
    /// Applies the operation.
    pub(super) fn apply(&self, document: &mut Node<'a>) -> Result<(), JsonError> {
        match &self.action {
            Action::Add(value) => add(document, &self.path, value.clone()),
            Action::Remove => remove(document, &self.path).map(drop),
            Action::Replace(value) => {
                *find(document, &self.path)? = value.clone();
                Ok(())
            }
            Action::Move(from) => {
                let value = find(document, from)?.clone();
                if *from == self.path {
                    return Ok(());
                }
                if self.path.starts_with(from) {
                    return Err(JsonError::IntoItself);
                }
                remove(document, from)?;
                add(document, &self.path, value)
            }
            Action::Copy(from) => {
                let value = find(document, from)?.clone();
                add(document, &self.path, value)
            }
            Action::Test(value) => {
                if find(document, &self.path)? == value {
                    Ok(())
                } else {
                    Err(JsonError::Test)
                }
            }
        }
    }
}

fn find<'n, 'a>(
    document: &'n mut Node<'a>,
    pointer: &[String],
) -> Result<&'n mut Node<'a>, JsonError> {
    let mut node = document;
    for name in pointer {
        node = match node {
            Node::Object(members) => {
                let found = members.iter_mut().find(|(other, _)| other == name);
                found.map(|(_, value)| value).ok_or(JsonError::Absent)?
            }
            Node::Array(items) => {
                let position = position(name, items.len())?;
                items.get_mut(position).ok_or(JsonError::Absent)?
            }
            Node::Leaf(_) => return Err(JsonError::Absent),
        };
    }
    Ok(node)
}

fn add<'a>(document: &mut Node<'a>, pointer: &[String], value: Node<'a>) -> Result<(), JsonError> {
    let Some((name, parent)) = pointer.split_last() else {
        *document = value;
        return Ok(());
    };
    match find(document, parent)? {
        Node::Object(members) => {
            match members.iter_mut().find(|(other, _)| other == name) {
                Some((_, old)) => *old = value,
                None => members.push((Cow::Owned(name.clone()), value)),
            }
            Ok(())
        }
        Node::Array(items) => {
            let length = items.len();
            let position = if name == "-" { length } else { position(name, length + 1)? };
            items.insert(position, value);
            Ok(())
        }
        Node::Leaf(_) => Err(JsonError::NoParent),
    }
}

fn remove<'a>(document: &mut Node<'a>, pointer: &[String]) -> Result<Node<'a>, JsonError> {
    let Some((name, parent)) = pointer.split_last() else { return Err(JsonError::Document) };
    match find(document, parent)? {
        Node::Object(members) => {
            let position = members.iter().position(|(other, _)| other == name);
            Ok(members.remove(position.ok_or(JsonError::Absent)?).1)
        }
        Node::Array(items) => {
            let position = position(name, items.len())?;
            Ok(items.remove(position))
        }
        Node::Leaf(_) => Err(JsonError::NoParent),
    }
}

/// A position below `length`: digits, without leading zeros.
fn position(name: &str, length: usize) -> Result<usize, JsonError> {
    let is_plain = name == "0" || !name.starts_with('0');
    let digits_only = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let position = name.parse().ok().filter(|_| is_plain && digits_only);
    position.filter(|position| *position < length).ok_or(JsonError::Position)
}

fn refused(text: &str) -> PatchError {
    PatchError::Refused(Issue::error(IssueType::Structure, text))
}
