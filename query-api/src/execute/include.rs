//! Includes: what the matches of a page bring with them.
//!
//! The closure is taken match by match, so that a page that would bring in too much ends earlier and
//! its `next` goes on from there. Cycles end because a resource comes in once.

use shared::fhir::ResourceType;
use shared::index::{KeySet, Snapshot};
use shared::registry::{self, FieldId, field_id};

use super::evaluate::Evaluation;
use super::{PageRequest, Result};
use crate::parse::ast::Include;
use crate::plan::SearchPlan;

/// What comes in beside the matches.
pub(super) struct Included {
    /// How many of the matches the page has room for; at least one.
    pub(super) matches: usize,
    /// Keys of the resources that come in, none of them a match, in the order they were found.
    pub(super) keys: Vec<u32>,
    /// Whether the first match alone brings in more than may come in; the rest is left out.
    pub(super) is_cut: bool,
}

/// One directive, by field.
struct Directive {
    field: FieldId,
    reverse: bool,
    /// Type of the resource that holds the reference.
    source: ResourceType,
    target: Option<ResourceType>,
    /// Applied to included resources too.
    again: bool,
}

/// The closure of the includes over the matches, in order.
pub(super) fn closure(
    context: &Evaluation<'_>,
    plan: &SearchPlan,
    page: &PageRequest<'_>,
    matches: &[u32],
) -> Result<Included> {
    let snapshot = context.snapshot;
    let searched: Vec<ResourceType> = plan.types.iter().map(|plan| plan.base).collect();
    let directives: Vec<Directive> =
        page.includes.iter().flat_map(|include| directives(include, &searched)).collect();
    let mut included = Included { matches: matches.len(), keys: Vec::new(), is_cut: false };
    if directives.is_empty() {
        return Ok(included);
    }
    // A match is never an include, not even of an earlier match.
    let mut seen = shared::index::BitSet::with_capacity(snapshot.universe());
    for key in matches {
        seen.insert(*key);
    }
    for (position, key) in matches.iter().enumerate() {
        let mut frontier = vec![*key];
        let mut first = true;
        while !frontier.is_empty() {
            let mut found = Vec::new();
            for directive in directives.iter().filter(|d| first || d.again) {
                context.watch.step()?;
                follow(snapshot, directive, &frontier, &mut found)?;
            }
            found.retain(|key| seen.insert(*key));
            included.keys.extend(&found);
            frontier = found;
            first = false;
        }
        if included.keys.len() > page.included_max && position > 0 {
            // Anew, since a match that is cut may be brought in by one that stays.
            return closure(context, plan, page, &matches[..position]);
        }
        if included.keys.len() > page.included_max {
            included.keys.truncate(page.included_max);
            (included.matches, included.is_cut) = (1, true);
            break;
        }
    }
    Ok(included)
}

/// Resolves wildcards; applies the tolerance that an include from another type than the searched one
/// means included resources of that type.
fn directives(include: &Include, searched: &[ResourceType]) -> Vec<Directive> {
    let sources: Vec<ResourceType> = match include.source {
        Some(source) => vec![source],
        None if include.reverse => ResourceType::ALL.to_vec(),
        // `_include=*`: what the matches refer to; with `:iterate`, what anything does.
        None if include.iterate => ResourceType::ALL.to_vec(),
        None => searched.to_vec(),
    };
    let mut directives = Vec::new();
    for source in sources {
        for parameter in registry::of_type(source) {
            let wanted = match include.parameter {
                Some(wanted) => wanted.code == parameter.code,
                None => true,
            };
            if !wanted || parameter.targets.is_empty() {
                continue;
            }
            let field = field_id(source, parameter.code).expect("it is of this type");
            let of_another_type = !include.reverse && !searched.contains(&source);
            directives.push(Directive {
                field,
                reverse: include.reverse,
                source,
                target: include.target,
                again: include.iterate || of_another_type,
            });
        }
    }
    directives
}

fn follow(
    snapshot: &Snapshot,
    directive: &Directive,
    frontier: &[u32],
    found: &mut Vec<u32>,
) -> Result<()> {
    let is = |key: u32, resource_type: ResourceType| snapshot.existing(resource_type).contains(key);
    if directive.reverse {
        let targets = frontier.iter().copied();
        let targets = targets.filter(|key| directive.target.is_none_or(|target| is(*key, target)));
        let targets = KeySet::from_keys(targets.collect(), snapshot.universe());
        if !targets.is_empty() {
            found.extend(snapshot.referrers(directive.field, &targets, None)?.iter());
        }
        return Ok(());
    }
    for key in frontier.iter().filter(|key| is(**key, directive.source)) {
        let from = found.len();
        snapshot.targets(directive.field, *key, found)?;
        if let Some(target) = directive.target {
            let tail: Vec<u32> = found.drain(from..).filter(|key| is(*key, target)).collect();
            found.extend(tail);
        }
    }
    Ok(())
}
