//! What a document becomes by a patch: `FHIRPath` Patch, the capacity dialect, JSON Patch.
//!
//! A patch is read from its body once ([`Patch::fhir`], [`Patch::json`]) and applied to the text of a
//! document ([`apply`]): all operations in order, or none. Text goes in and text comes out, so that
//! everything an operation does not touch keeps the digits of its numbers and the escapes of its
//! strings.
//!
//! - `tree`: JSON with its tokens.
//! - `path`, `evaluate`, `place`: the `FHIRPath` of an operation, and which places it names.
//! - `operation`, `edit`: what is to be done, and the doing, by the FHIR definitions.
//! - `capacity`: the dialect of bed-management systems.
//! - `json`: RFC 6902.
//!
//! Deliberately absent: which document is meant, versions and instants, and whether the result is a
//! valid resource: the caller validates it as it validates every write.
//!
//! Source: FHIR R4, `fhirpatch` and `http#patch`.

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
use shared::validate::{DEPTH_MAX, Definition};

use capacity::Reach;
use edit::EditError;
use evaluate::{Budget, EvaluateError, places};
use operation::{Action, Operation, Value};
use place::{Member, Place};
use tree::{Members, Node};

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

/// Why one operation cannot be applied.
enum Failure {
    /// Ready to be answered.
    Answer(PatchError),
    /// The request is wrong for every document of the type.
    Refused(IssueType, String),
    /// The request is wrong for this document.
    Unprocessable(String),
}

impl From<PatchError> for Failure {
    fn from(error: PatchError) -> Self {
        Self::Answer(error)
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::Unprocessable(error.to_string())
    }
}

impl From<EvaluateError> for Failure {
    fn from(error: EvaluateError) -> Self {
        let text = error.to_string();
        match error {
            EvaluateError::UnknownElement { .. }
            | EvaluateError::ForeignType(_)
            | EvaluateError::NoPlace
            | EvaluateError::UntypedElement => Self::Refused(IssueType::Invalid, text),
            EvaluateError::TooCostly => Self::Refused(IssueType::TooCostly, text),
            EvaluateError::Several => Self::Unprocessable(text),
        }
    }
}

fn in_operation(failure: Failure, position: usize, name: &str, path: &str) -> PatchError {
    let at = |text: String| format!("operation {} ({name}): {text}", position + 1);
    match failure {
        Failure::Answer(PatchError::Refused(mut issue)) => {
            issue.diagnostics = at(issue.diagnostics);
            PatchError::Refused(issue)
        }
        Failure::Answer(PatchError::NotFound(mut issue)) => {
            issue.diagnostics = at(issue.diagnostics);
            PatchError::NotFound(issue)
        }
        Failure::Answer(error @ (PatchError::Unprocessable(_) | PatchError::Document(_))) => error,
        Failure::Refused(code, text) => PatchError::Refused(Issue::error(code, at(text)).at(path)),
        Failure::Unprocessable(text) => {
            PatchError::Unprocessable(Issue::error(IssueType::Processing, at(text)).at(path))
        }
    }
}

fn within_limits(root: &Node<'_>, limits: &Limits) -> Result<(), Failure> {
    let (depth, values) = root.measure();
    if depth > DEPTH_MAX || values > limits.values {
        let text = format!(
            "the resource would nest deeper than {DEPTH_MAX} levels or have more than {} values",
            limits.values
        );
        return Err(Failure::Refused(IssueType::TooCostly, text));
    }
    Ok(())
}

fn apply_one<'d>(
    resource_type: ResourceType,
    root: &mut Node<'d>,
    operation: &Operation<'d>,
    budget: &Budget,
) -> Result<(), Failure> {
    let reach = capacity::reach(resource_type, &operation.path);
    if let (Reach::Ends, Action::Add { name: None, value }) = (reach, &operation.action) {
        return add_records(root, value);
    }
    if let Action::Add { name: None, .. } = &operation.action {
        let text = "\"add\" needs the part \"name\"".to_owned();
        return Err(Failure::Refused(IssueType::Required, text));
    }
    let found = places(root, resource_type, &operation.path, budget)?;
    match &operation.action {
        Action::Add { name, value } => {
            let target = Target::of(only(&found)?)?;
            target.append(root, name.as_deref().unwrap_or_default(), value)
        }
        Action::Insert { index, value } => {
            let list = whole_list(&found)?;
            let Member { element, holder, .. } = list.member;
            Ok(edit::insert(list.holder(root)?, holder, element, *index, value)?)
        }
        Action::Move { source, destination } => {
            let list = whole_list(&found)?;
            Ok(edit::shift(list.holder(root)?, list.member.element, *source, *destination)?)
        }
        Action::Delete if found.is_empty() => Ok(()),
        Action::Delete => Spot::of(only(&found)?)?.delete(root),
        Action::Replace { value } if reach == Reach::Ends => {
            let records = capacity::records(value)?;
            let [record] = records.as_slice() else {
                let text = "a replacement is one capacity record".to_owned();
                return Err(Failure::Refused(IssueType::BusinessRule, text));
            };
            let spot = Spot::of(capacity::same_indicator(&found, record)?)?;
            spot.replace(root, &Value::Untyped(record.clone()))
        }
        Action::Replace { .. } if found.is_empty() && reach == Reach::Through => {
            Err(capacity::no_indicator().into())
        }
        Action::Replace { value } => Spot::of(only(&found)?)?.replace(root, value),
    }
}

/// Appends capacity records to the extensions of a place.
fn add_records<'d>(root: &mut Node<'d>, value: &Value<'d>) -> Result<(), Failure> {
    let place = Definition::resource(ResourceType::Location);
    for record in capacity::records(value)? {
        edit::append(members(root)?, place, "extension", &Value::Untyped(record))?;
    }
    Ok(())
}

fn only<'p, 't, 'd>(found: &'p [Place<'t, 'd>]) -> Result<&'p Place<'t, 'd>, Failure> {
    match found {
        [one] => Ok(one),
        [] => Err(Failure::Unprocessable("the path names nothing in this resource".to_owned())),
        several => {
            let text = format!("the path names {} elements; it must name one", several.len());
            Err(Failure::Unprocessable(text))
        }
    }
}

/// The list that the path names: all its items, and nothing else.
fn whole_list(found: &[Place<'_, '_>]) -> Result<Spot, Failure> {
    let Some(first) = found.first() else {
        return Err(Failure::Unprocessable("the path names nothing in this resource".to_owned()));
    };
    let spot = Spot::of(first)?;
    let is_next = |(position, place): (usize, &Place<'_, '_>)| {
        place.holder == spot.holder
            && place.member.is_some_and(|member| {
                member.element.key() == spot.member.element.key() && member.index == Some(position)
            })
    };
    if found.len() != first.siblings() || !found.iter().enumerate().all(is_next) {
        let text = "the path must name a whole list, not single elements of it".to_owned();
        return Err(Failure::Unprocessable(text));
    }
    Ok(spot)
}

/// Where an element stands, without borrowing the document.
struct Spot {
    member: Member,
    holder: Vec<usize>,
}

impl Spot {
    fn of(place: &Place<'_, '_>) -> Result<Self, Failure> {
        let Some(member) = place.member else {
            let text = "the path names the resource itself; it must name an element".to_owned();
            return Err(Failure::Refused(IssueType::Invalid, text));
        };
        Ok(Self { member, holder: place.holder.clone() })
    }

    /// The members of the object that holds the element.
    fn holder<'n, 'd>(&self, root: &'n mut Node<'d>) -> Result<&'n mut Members<'d>, Failure> {
        root.at_mut(&self.holder).map_or_else(|| Err(moved()), members)
    }

    fn replace<'d>(&self, root: &mut Node<'d>, value: &Value<'d>) -> Result<(), Failure> {
        let Member { element, holder, index } = self.member;
        Ok(edit::replace(self.holder(root)?, holder, element, index, value)?)
    }

    fn delete(&self, root: &mut Node<'_>) -> Result<(), Failure> {
        edit::remove(self.holder(root)?, self.member.element, self.member.index)?;
        edit::prune(root, &self.holder);
        Ok(())
    }
}

/// What an `add` adds to.
enum Target {
    Object(Definition, Vec<usize>),
    BesidePrimitive(Spot),
}

impl Target {
    fn of(place: &Place<'_, '_>) -> Result<Self, Failure> {
        if place.is_primitive() {
            return Spot::of(place).map(Self::BesidePrimitive);
        }
        let found = place.object().map(|(definition, way)| Self::Object(definition, way));
        let text = "elements cannot be added to contained resources of this type";
        found.ok_or_else(|| Failure::Unprocessable(text.to_owned()))
    }

    fn append<'d>(
        &self,
        root: &mut Node<'d>,
        name: &str,
        value: &Value<'d>,
    ) -> Result<(), Failure> {
        match self {
            Self::Object(definition, way) => {
                let object = root.at_mut(way).ok_or_else(moved)?;
                Ok(edit::append(members(object)?, *definition, name, value)?)
            }
            Self::BesidePrimitive(spot) => {
                let Member { element, index, .. } = spot.member;
                Ok(edit::append_beside(spot.holder(root)?, element, index, name, value)?)
            }
        }
    }
}

fn members<'n, 'd>(node: &'n mut Node<'d>) -> Result<&'n mut Members<'d>, Failure> {
    match node {
        Node::Object(members) => Ok(members),
        Node::Leaf(_) | Node::Array(_) => Err(moved()),
    }
}

/// The document is not what the definitions say, so that an element cannot be found again.
fn moved() -> Failure {
    Failure::Unprocessable("the element is not as FHIR defines it in this resource".to_owned())
}
