//! The exact terms of one index document, side by side in one buffer: an index has dozens for each
//! document, and an allocation for each would cost more than the term.

use super::{MAX_PAYLOAD, TermKind, term_prefix};
use crate::access::VisibilityClass;
use crate::registry::FieldId;

/// Exact terms, in the order they were added; repeats are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    bytes: Vec<u8>,
    /// Where each term ends in `bytes`.
    ends: Vec<u32>,
}

impl Terms {
    /// Adds a term (see [`super::term`]).
    pub fn push(&mut self, field: FieldId, class: VisibilityClass, kind: TermKind, payload: &[u8]) {
        self.push_parts(field, class, kind, &[payload]);
    }

    /// Adds a term whose payload is in parts.
    pub fn push_parts(
        &mut self,
        field: FieldId,
        class: VisibilityClass,
        kind: TermKind,
        payload: &[impl AsRef<[u8]>],
    ) {
        self.bytes.extend_from_slice(&term_prefix(field, class, kind));
        let longest = self.bytes.len() + MAX_PAYLOAD;
        for part in payload {
            self.bytes.extend_from_slice(part.as_ref());
        }
        self.bytes.truncate(longest);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Number of terms.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no term.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The terms.
    pub fn iter(&self) -> TermIter<'_> {
        TermIter { terms: self, next: 0, start: 0 }
    }
}

impl<'a> IntoIterator for &'a Terms {
    type Item = &'a [u8];
    type IntoIter = TermIter<'a>;

    fn into_iter(self) -> TermIter<'a> {
        self.iter()
    }
}

/// The terms of a [`Terms`], one after the other.
#[derive(Debug, Clone)]
pub struct TermIter<'a> {
    terms: &'a Terms,
    next: usize,
    /// Where the next term starts.
    start: usize,
}

impl<'a> Iterator for TermIter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = *self.terms.ends.get(self.next)? as usize;
        let term = &self.terms.bytes[self.start..end];
        self.next += 1;
        self.start = end;
        Some(term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::term;

    #[test]
    fn terms_stand_side_by_side_as_they_would_alone() {
        let class = VisibilityClass::Open;
        let long = vec![b'x'; MAX_PAYLOAD + 1];
        let mut terms = Terms::default();
        assert!(terms.is_empty());
        terms.push(1, class, TermKind::Uri, b"a");
        terms.push(2, class, TermKind::Present, b"");
        terms.push(3, class, TermKind::Exact, &long);
        terms.push_parts(4, class, TermKind::Token, &["a", "", "bc"]);
        let expected = [
            term(1, class, TermKind::Uri, b"a"),
            term(2, class, TermKind::Present, b""),
            term(3, class, TermKind::Exact, &long),
            term(4, class, TermKind::Token, b"abc"),
        ];
        assert!(terms.iter().eq(expected.iter().map(Vec::as_slice)));
        assert_eq!(terms.len(), 4);
    }
}
