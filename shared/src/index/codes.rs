//! The codes of a field by document, for counting: the postings of its token terms, turned around once
//! for each segment.
//!
//! Finding goes from a code to its documents; counting goes from documents to their codes. A segment
//! never changes, so that what is turned around at the first count serves all later ones.

use super::segment::SegmentView;
use crate::access::VisibilityClass;
use crate::param::token::{StoredCode, stored_code};
use crate::registry::FieldId;
use crate::schema::{TermKind, term_prefix};

/// The codes of one field and class in one segment.
#[derive(Debug, Default)]
pub struct CodeColumn {
    codes: Vec<StoredCode>,
    first_doc: u32,
    /// `offsets[d - first_doc]..offsets[d - first_doc + 1]` are the values of document `d`.
    offsets: Vec<u32>,
    values: Vec<u32>,
    /// By value: its document.
    docs: Vec<u32>,
}

impl CodeColumn {
    /// The codes that some document has, by system and code.
    pub fn codes(&self) -> &[StoredCode] {
        &self.codes
    }

    /// The positions in [`CodeColumn::codes`] of one document's codes, ascending.
    pub fn of(&self, doc: u32) -> &[u32] {
        let Some(at) = doc.checked_sub(self.first_doc).map(|at| at as usize) else { return &[] };
        match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(start), Some(end)) => &self.values[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// Every document that has a code, ascending, with the position of the code in
    /// [`CodeColumn::codes`].
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.docs.iter().copied().zip(self.values.iter().copied())
    }

    /// Turns the postings of a field around.
    pub(super) fn read(
        view: &SegmentView,
        field: FieldId,
        class: VisibilityClass,
    ) -> tantivy::Result<Self> {
        let prefix = term_prefix(field, class, TermKind::Token);
        let (mut codes, mut pairs) = (Vec::new(), Vec::new());
        let mut stream = view.terms().terms().range().ge(prefix).into_stream()?;
        while stream.advance() {
            let Some(payload) = stream.key().strip_prefix(&prefix) else { break };
            let Some(code) = stored_code(payload) else { continue };
            let number = codes.len() as u32;
            codes.push(code);
            view.for_each_block(stream.value(), |docs| {
                pairs.extend(docs.iter().map(|doc| (*doc, number)));
            })?;
        }
        Ok(Self::of_pairs(codes, &pairs))
    }

    /// Sorts the pairs by document, by counting; they come by code.
    fn of_pairs(codes: Vec<StoredCode>, pairs: &[(u32, u32)]) -> Self {
        let docs = || pairs.iter().map(|(doc, _)| *doc);
        let (Some(first_doc), Some(last_doc)) = (docs().min(), docs().max()) else {
            return Self::default();
        };
        let mut offsets = vec![0_u32; (last_doc - first_doc) as usize + 2];
        for doc in docs() {
            offsets[(doc - first_doc) as usize + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut next = offsets.clone();
        let (mut values, mut sorted) = (vec![0; pairs.len()], vec![0; pairs.len()]);
        for (doc, number) in pairs {
            let place = &mut next[(doc - first_doc) as usize];
            values[*place as usize] = *number;
            sorted[*place as usize] = *doc;
            *place += 1;
        }
        Self { codes, first_doc, offsets, values, docs: sorted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_documents() {
        let code = |code: &str| StoredCode { system: String::new(), code: code.to_owned() };
        let pairs = [(7, 0), (3, 1), (7, 1), (9, 2), (3, 2)];
        let column = CodeColumn::of_pairs(vec![code("a"), code("b"), code("c")], &pairs);
        for (doc, expected) in
            [(0, &[][..]), (3, &[1, 2]), (4, &[]), (7, &[0, 1]), (9, &[2]), (10, &[])]
        {
            assert_eq!(column.of(doc), expected, "document {doc}");
        }
        let all: Vec<_> = column.iter().collect();
        assert_eq!(all, [(3, 1), (3, 2), (7, 0), (7, 1), (9, 2)]);
        assert_eq!(CodeColumn::default().of(0), &[] as &[u32]);
        assert_eq!(CodeColumn::default().iter().count(), 0);
    }
}
