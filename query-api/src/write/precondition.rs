//! What must be true of a resource before it is changed: `If-Match`, `If-None-Match` and
//! `If-Unmodified-Since`. How they are written is the business of `http`.
//!
//! Source: RFC 9110, 13.1 and 13.2.2; FHIR R4, http, "Managing Resource Contention".

use shared::store::Identity;

use super::WriteError;
use super::group::State;

/// What a caller says of the resource as they know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preconditions {
    /// It must be there, in one of these versions.
    pub(crate) if_match: Option<Versions>,
    /// It must not be there in one of these versions.
    pub(crate) if_none_match: Option<Versions>,
    /// It must not have been changed after this instant, in seconds since 1970. Without meaning beside
    /// `if_match`.
    pub(crate) unmodified_since_s: Option<i64>,
}

/// Versions of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Versions {
    /// Whichever it has.
    Any,
    /// One of these.
    Of(Vec<u64>),
}

impl Versions {
    fn contain(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Of(versions) => versions.contains(&version),
        }
    }
}

impl Preconditions {
    /// Checks what stands under an identity.
    ///
    /// # Errors
    /// That of the first precondition that does not hold.
    pub(super) fn check(&self, identity: &Identity, state: State) -> Result<(), WriteError> {
        let (version, changed_ms) = match state {
            State::Absent => (None, None),
            State::Deleted { last_updated_ms } => (None, Some(last_updated_ms)),
            State::Live { version, last_updated_ms } => {
                (Some(u64::from(version)), Some(last_updated_ms))
            }
        };
        if let Some(wanted) = &self.if_match {
            if !version.is_some_and(|version| wanted.contain(version)) {
                return Err(WriteError::OtherVersion(identity.to_string(), version));
            }
        } else if let (Some(since_s), Some(changed_ms)) = (self.unmodified_since_s, changed_ms)
            && changed_ms.div_euclid(1_000) > since_s
        {
            return Err(WriteError::ChangedSince(identity.to_string()));
        }
        match (&self.if_none_match, version) {
            (Some(excluded), Some(version)) if excluded.contain(version) => {
                Err(WriteError::Present(identity.to_string(), version))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::fhir::ResourceType::Location;

    use super::*;

    #[test]
    fn what_must_be_true() {
        let live = State::Live { version: 3, last_updated_ms: 10_750 };
        let deleted = State::Deleted { last_updated_ms: 10_750 };
        let of = |versions: &[u64]| Some(Versions::Of(versions.to_vec()));
        let any = || Some(Versions::Any);
        // (If-Match, If-None-Match, If-Unmodified-Since; holds on version 3, on a deletion, on nothing)
        let rows = [
            (None, None, None, [true, true, true]),
            (of(&[3]), None, None, [true, false, false]),
            (of(&[1, 3]), None, None, [true, false, false]),
            (of(&[2]), None, None, [false, false, false]),
            (any(), None, None, [true, false, false]),
            (None, any(), None, [false, true, true]),
            (None, of(&[3]), None, [false, true, true]),
            (None, of(&[2]), None, [true, true, true]),
            (None, None, Some(10), [true, true, true]),
            (None, None, Some(9), [false, false, true]),
            // The version says more than the instant.
            (of(&[3]), None, Some(9), [true, false, false]),
            (any(), any(), None, [false, false, false]),
        ];
        let identity = Identity { resource_type: Location, id: "a".to_owned() };
        for (if_match, if_none_match, unmodified_since_s, expected) in rows {
            let asked = Preconditions { if_match, if_none_match, unmodified_since_s };
            let holds =
                [live, deleted, State::Absent].map(|state| asked.check(&identity, state).is_ok());
            assert_eq!(holds, expected, "{asked:?}");
        }
    }
}
