//! References of the documents a group writes, to resources that exist, and of resources that exist to
//! what a group deletes.
//!
//! Both are only told of, unless the setting refuses documents that refer to nothing.

use std::collections::HashSet;

use shared::access::Access;
use shared::config::ReferenceRule;
use shared::error::{Issue, IssueType};
use shared::store::Identity;

use super::state::State;
use super::{Group, Plan};
use crate::write::WriteError;

/// Referrers named in a message.
const NAMED_MAX: usize = 10;

/// What a command makes and unmakes: a document may refer to another of its own command.
#[derive(Debug, Default)]
pub(in crate::write) struct Changes {
    coming: HashSet<Identity>,
    going: HashSet<Identity>,
}

impl Changes {
    pub(in crate::write) fn of<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Self {
        let mut changes = Self::default();
        for plan in plans {
            match plan {
                Plan::Put(put) => changes.coming.insert(put.identity.clone()),
                Plan::Delete { identity, .. } => changes.going.insert(identity.clone()),
                Plan::Found(_) | Plan::Nothing { .. } => continue,
            };
        }
        changes
    }

    /// Whether there is a version of a resource afterwards that these changes make.
    pub(in crate::write) fn brings(&self, identity: &Identity) -> bool {
        self.coming.contains(identity)
    }

    /// Whether these changes delete a resource.
    pub(in crate::write) fn takes(&self, identity: &Identity) -> bool {
        self.going.contains(identity)
    }
}

impl Group<'_> {
    /// Adds to a plan what is to be said of its references, or refuses it.
    pub(in crate::write) fn check_references(
        &self,
        plan: &mut Plan,
        changes: &Changes,
    ) -> Result<(), WriteError> {
        let Plan::Put(put) = plan else { return Ok(()) };
        let rule = self.context.rules.references;
        if rule == ReferenceRule::Off {
            return Ok(());
        }
        let mut dangling = Vec::new();
        for (resource_type, id, place) in &put.targets {
            let identity = Identity { resource_type: *resource_type, id: id.clone() };
            let is_live =
                || Ok::<_, WriteError>(matches!(self.state(&identity)?, State::Live { .. }));
            let exists = changes.coming.contains(&identity)
                || (!changes.going.contains(&identity) && is_live()?);
            if !exists {
                let text = format!("{identity} is not in this directory");
                let issue = match rule {
                    ReferenceRule::Error => Issue::error(IssueType::NotFound, text),
                    ReferenceRule::Off | ReferenceRule::Warning => {
                        Issue::warning(IssueType::NotFound, text)
                    }
                };
                dangling.push(issue.at(place.clone()));
            }
        }
        if rule == ReferenceRule::Error && !dangling.is_empty() {
            return Err(WriteError::Unprocessable(dangling));
        }
        put.issues.append(&mut dangling);
        Ok(())
    }

    /// What to say of the resources that refer to one that is deleted, as searches see them now.
    pub(super) fn note_referrers(
        &self,
        identity: &Identity,
        access: Access,
    ) -> Result<Vec<Issue>, WriteError> {
        let referrers = (self.context.view)(access)?.referrers(identity)?;
        let mut left = Vec::new();
        for referrer in referrers {
            if referrer != *identity && matches!(self.state(&referrer)?, State::Live { .. }) {
                left.push(referrer.to_string());
            }
        }
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let more = match left.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        left.truncate(NAMED_MAX);
        let text = format!("still referred to by {}{more}", left.join(", "));
        Ok(vec![Issue::warning(IssueType::Conflict, text).at(identity.to_string())])
    }
}
