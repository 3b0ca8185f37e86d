//! What stands under an identity, the group's own changes included.

use shared::store::Identity;

use super::Group;
use crate::write::{Effect, Outcome, WriteError};

/// The state of a resource that the group has changed.
pub(super) struct Written {
    pub(super) version: u32,
    pub(super) last_updated_ms: i64,
    /// `None` for a deletion.
    pub(super) json: Option<Vec<u8>>,
}

/// What stands under an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum State {
    /// Nothing, ever.
    Absent,
    /// A deletion, and its instant in milliseconds since 1970.
    Deleted { last_updated_ms: i64 },
    /// A version, and its instant in milliseconds since 1970.
    Live { version: u32, last_updated_ms: i64 },
}

impl Group<'_> {
    pub(in crate::write) fn state(&self, identity: &Identity) -> Result<State, WriteError> {
        if let Some(written) = self.written.get(identity) {
            return Ok(match written.json {
                Some(_) => State::Live {
                    version: written.version,
                    last_updated_ms: written.last_updated_ms,
                },
                None => State::Deleted { last_updated_ms: written.last_updated_ms },
            });
        }
        let store = self.context.store;
        let Some(key) = store.key_of(identity.resource_type, &identity.id)? else {
            return Ok(State::Absent);
        };
        Ok(match store.head(key)? {
            None => State::Absent,
            Some(head) if head.header.deleted => {
                State::Deleted { last_updated_ms: head.header.last_updated_ms }
            }
            Some(head) => {
                State::Live { version: head.version, last_updated_ms: head.header.last_updated_ms }
            }
        })
    }

    /// The current version of a resource that exists.
    pub(super) fn current(
        &self,
        identity: Identity,
        effect: Effect,
    ) -> Result<Outcome, WriteError> {
        let issues = Vec::new();
        if let Some(Written { version, last_updated_ms, json: Some(json) }) =
            self.written.get(&identity)
        {
            let (version, last_updated_ms, json) = (*version, *last_updated_ms, json.clone());
            let identity = Some(identity);
            return Ok(Outcome { effect, identity, version, last_updated_ms, json, issues });
        }
        let store = self.context.store;
        let stored = match store.key_of(identity.resource_type, &identity.id)? {
            Some(key) => store.read(key)?,
            None => None,
        };
        let Some(stored) = stored else { return Err(WriteError::Absent(identity)) };
        let mut json = Vec::new();
        store.decode(&stored, &mut json)?;
        let (version, last_updated_ms) = (stored.version, stored.header.last_updated_ms);
        Ok(Outcome { effect, identity: Some(identity), version, last_updated_ms, json, issues })
    }

    pub(super) fn document(&self, identity: &Identity) -> Result<Vec<u8>, WriteError> {
        Ok(self.current(identity.clone(), Effect::Found)?.json)
    }
}
