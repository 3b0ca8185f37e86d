//! One operation of a `FHIRPath` Patch on a document: finds the place, then has it changed.
//!
//! Whether several places, none, or the resource itself will do is decided here, for each operation.

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::validate::{DEPTH_MAX, Definition};

use super::capacity::{self, Reach};
use super::edit::{self, EditError};
use super::evaluate::{Budget, EvaluateError, places};
use super::operation::{Action, Operation, Value};
use super::place::{Member, Place};
use super::tree::{Members, Node};
use super::{Limits, PatchError};

/// Why one operation cannot be applied.
pub(super) enum Failure {
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

/// The failure of one operation, with its number and name.
pub(super) fn in_operation(
    failure: Failure,
    position: usize,
    name: &str,
    path: &str,
) -> PatchError {
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

/// Whether the document is still of a size that is accepted.
pub(super) fn within_limits(root: &Node<'_>, limits: &Limits) -> Result<(), Failure> {
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

/// Applies one operation; what is left of the document after a failure is of no use.
pub(super) fn apply_one<'d>(
    resource_type: ResourceType,
    root: &mut Node<'d>,
    operation: &Operation<'d>,
    budget: &Budget,
) -> Result<(), Failure> {
    let reach = capacity::reach(resource_type, &operation.path);
    let found = places(root, resource_type, &operation.path, budget)?;
    match &operation.action {
        Action::Add { name: Some(name), value } => {
            Target::of(only(&found)?)?.append(root, name, value)
        }
        Action::Add { name: None, value } if reach == Reach::Ends => add_records(root, value),
        Action::Add { name: None, .. } => {
            let text = "\"add\" needs the part \"name\"".to_owned();
            Err(Failure::Refused(IssueType::Required, text))
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
            let alone = capacity::place_of(record);
            if places(&alone, resource_type, &operation.path, budget)?.is_empty() {
                return Err(capacity::other_indicator().into());
            }
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
