//! What a document becomes by a patch: `FHIRPath` Patch, the capacity dialect, JSON Patch.
//!
//! A patch is read from its body once ([`Patch::fhir`], [`Patch::json`]) and applied to the text of a
//! document ([`apply()`]): all operations in order, or none. Text goes in and text comes out, so that
//! everything an operation does not touch keeps the digits of its numbers and the escapes of its
//! strings.
//!
//! - `tree`: JSON with its tokens.
//! - `path`, `evaluate`, `place`: the `FHIRPath` of an operation, and which places it names.
//! - `operation`, `apply`, `edit`: what is to be done, where, and the doing, by the FHIR definitions.
//! - `capacity`: the dialect of bed-management systems.
//! - `json`: RFC 6902.
//!
//! Deliberately absent: which document is meant, versions and instants, and whether the result is a
//! valid resource: the caller validates it as it validates every write.
//!
//! Source: FHIR R4, `fhirpatch` and `http#patch`.

mod apply;
mod capacity;
mod edit;
mod evaluate;
mod json;
mod operation;
mod path;
mod place;
#[cfg(test)]
mod tests;
mod tree;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::validate::DEPTH_MAX;

use apply::{Failure, apply_one, in_operation, within_limits};
use evaluate::Budget;
use operation::Operation;
use tree::Node;

/// What one patch may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most operations.
    pub(crate) operations: usize,
    /// Longest path of an operation, in bytes.
    pub(crate) path_bytes: usize,
    /// Most steps that all paths together may take: members looked at, values compared.
    pub(crate) steps: usize,
    /// Most values (objects, arrays, leaves) the document may have after an operation.
    pub(crate) values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { operations: 500, path_bytes: 4096, steps: 20_000_000, values: 1_000_000 }
    }
}

/// A patch, ready to be applied. Borrows the body.
#[derive(Debug, Clone)]
pub(crate) struct Patch<'a> {
    operations: Operations<'a>,
    limits: Limits,
}

#[derive(Debug, Clone)]
enum Operations<'a> {
    Fhir(Vec<Operation<'a>>),
    Json(Vec<json::Operation<'a>>),
}

/// Why a patch is not applied; nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatchError {
    /// The body is no patch, or asks for what no patch may: 400. A capacity record that breaks the
    /// rules of capacity records is here too, as `business-rule`.
    #[error("{}", .0.diagnostics)]
    Refused(Issue),
    /// The place has no capacity record of the indicator to be replaced: 404.
    #[error("{}", .0.diagnostics)]
    NotFound(Issue),
    /// The patch can be read, but not be applied to this document: 422.
    #[error("{}", .0.diagnostics)]
    Unprocessable(Issue),
    /// The stored document is not JSON: our bug or damaged data.
    #[error("the stored document cannot be read: {0}")]
    Document(String),
}

impl<'a> Patch<'a> {
    /// Reads a `FHIRPath` Patch: a `Parameters` resource.
    ///
    /// # Errors
    /// [`PatchError::Refused`] when it is not one, has an unknown operation or part, a path that cannot
    /// be read, or more than `limits` allow.
    pub(crate) fn fhir(body: &'a [u8], limits: Limits) -> Result<Self, PatchError> {
        let operations = operation::operations(read_body(body)?, &limits)?;
        Ok(Self { operations: Operations::Fhir(operations), limits })
    }

    /// Reads a JSON Patch (RFC 6902).
    ///
    /// # Errors
    /// [`PatchError::Refused`] when it is not one, or has more than `limits` allow.
    pub(crate) fn json(body: &'a [u8], limits: Limits) -> Result<Self, PatchError> {
        let operations = json::operations(read_body(body)?, &limits)?;
        Ok(Self { operations: Operations::Json(operations), limits })
    }
}

/// The document after all operations of the patch, as JSON without white space.
///
/// Numbers and strings keep their text, members their order. The type and id of the document stay.
///
/// # Errors
/// [`PatchError`]; the operation is named in the diagnostics, its path in the expression.
pub(crate) fn apply<'d>(
    resource_type: ResourceType,
    document: &'d [u8],
    patch: &Patch<'d>,
) -> Result<Vec<u8>, PatchError> {
    let mut root =
        Node::read(document, DEPTH_MAX).map_err(|error| PatchError::Document(error.to_string()))?;
    let identity = identity(&root);
    match &patch.operations {
        Operations::Fhir(operations) => {
            let budget = Budget::new(patch.limits.steps);
            for (position, operation) in operations.iter().enumerate() {
                apply_one(resource_type, &mut root, operation, &budget)
                    .and_then(|()| within_limits(&root, &patch.limits))
                    .map_err(|error| {
                        in_operation(error, position, operation.action.name(), &operation.path_text)
                    })?;
            }
        }
        Operations::Json(operations) => {
            for (position, operation) in operations.iter().enumerate() {
                operation
                    .apply(&mut root)
                    .map_err(|error| Failure::Unprocessable(error.to_string()))
                    .and_then(|()| within_limits(&root, &patch.limits))
                    .map_err(|error| {
                        in_operation(error, position, operation.name(), &operation.path_text)
                    })?;
            }
        }
    }
    if self::identity(&root) != identity {
        let text = "a patch cannot change the type or the id of a resource";
        return Err(PatchError::Unprocessable(Issue::error(IssueType::Processing, text)));
    }
    let mut out = Vec::with_capacity(document.len() + 1024);
    root.write(&mut out);
    Ok(out)
}

/// How deep a body may nest: its values are deeper by the parts around them.
const BODY_DEPTH_MAX: usize = 2 * DEPTH_MAX;

fn read_body(body: &[u8]) -> Result<Node<'_>, PatchError> {
    Node::read(body, BODY_DEPTH_MAX).map_err(|error| {
        let text = format!("the body is not acceptable JSON: {error}");
        PatchError::Refused(Issue::error(IssueType::Structure, text))
    })
}

/// What must stay.
fn identity(root: &Node<'_>) -> [Option<String>; 2] {
    ["resourceType", "id"].map(|name| root.get(name)?.text().map(std::borrow::Cow::into_owned))
}
