//! The reference graph, walked by key sets: from sources to targets, back, and along `partOf`.
//!
//! A logical reference (type and identifier, no literal) counts as a reference to the one resource of
//! that type that carries the identifier, a canonical URL as one to the resource with that `url`; both
//! are resolved when a snapshot first needs them.

use tantivy::Result;

use super::sets::{BitSet, KeySet};
use super::snapshot::Snapshot;
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::param::token::{SystemQuery, TokenQuery};
use crate::registry::{self, FieldId, ParameterType};
use crate::schema::{TermKind, term, term_prefix};

/// Logical and canonical references of one field, resolved: source and target, by source.
pub(super) type LogicalEdges = Vec<(u32, u32)>;

/// Above this many targets, scanning all references beats looking up the postings of each.
const POSTINGS_LIMIT: usize = 2_000;

impl Snapshot {
    /// The resources that refer by `field` to one of `targets`; only those in `among` when given.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn referrers(
        &self,
        field: FieldId,
        targets: &KeySet,
        among: Option<&KeySet>,
    ) -> Result<KeySet> {
        let mut found = match (among, targets) {
            (Some(KeySet::Sparse(candidates)), _) if candidates.len() <= POSTINGS_LIMIT => {
                self.candidates_referring(field, targets, candidates)?
            }
            (_, KeySet::Sparse(keys)) if keys.len() <= POSTINGS_LIMIT => {
                self.referrers_by_postings(field, keys)?
            }
            (_, KeySet::Sparse(_) | KeySet::Dense(_)) => self.referrers_by_scan(field, targets)?,
        };
        for (source, target) in self.logical(field)? {
            if targets.contains(*target) {
                found.push(*source);
            }
        }
        let found = KeySet::from_keys(found, self.universe());
        Ok(match among {
            Some(among) => found.and(among),
            None => found,
        })
    }

    /// The resources that refer to `target` by a literal reference, in any field; ascending.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn literal_referrers(&self, target: u32) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for (id, field) in (0..).zip(registry::fields()) {
            if field.parameter.kind == ParameterType::Reference {
                found.append(&mut self.referrers_by_postings(id, &[target])?);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The existing resources that `sources` refer to by `field`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn referred(&self, field: FieldId, sources: &KeySet) -> Result<KeySet> {
        let mut found = BitSet::with_capacity(self.universe());
        let mut list = Vec::new();
        if sources.len() <= POSTINGS_LIMIT {
            for source in sources {
                self.targets(field, source, &mut list)?;
            }
            return Ok(KeySet::from_keys(list, self.universe()));
        }
        for segment in self.segments() {
            for (doc, target) in segment.view.references(field)?.iter() {
                if sources.contains(segment.view.owner(doc))
                    && segment.is_alive(doc)
                    && self.locate(target).is_some()
                {
                    found.insert(target);
                }
            }
        }
        for (source, target) in self.logical(field)? {
            if sources.contains(*source) {
                found.insert(*target);
            }
        }
        Ok(KeySet::Dense(found))
    }

    /// Appends the existing resources that one resource refers to by `field`, in document order.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn targets(&self, field: FieldId, source: u32, out: &mut Vec<u32>) -> Result<()> {
        let Some(at) = self.locate(source) else { return Ok(()) };
        let targets = self.view(at).references(field)?.of(at.doc);
        out.extend(targets.iter().copied().filter(|target| self.locate(*target).is_some()));
        let edges = self.logical(field)?;
        let start = edges.partition_point(|(s, _)| *s < source);
        out.extend(edges[start..].iter().take_while(|(s, _)| *s == source).map(|(_, t)| *t));
        Ok(())
    }

    /// The set and all that is part of one of its members, through any number of `part_of` steps.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn with_descendants(&self, part_of: FieldId, set: KeySet) -> Result<KeySet> {
        self.closure(set, |frontier| self.referrers(part_of, frontier, None))
    }

    /// The set and all that its members are part of, through any number of `part_of` steps.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn with_ancestors(&self, part_of: FieldId, set: KeySet) -> Result<KeySet> {
        self.closure(set, |frontier| self.referred(part_of, frontier))
    }

    fn closure(&self, set: KeySet, step: impl Fn(&KeySet) -> Result<KeySet>) -> Result<KeySet> {
        let mut frontier = set.clone();
        let mut closed = set;
        while !frontier.is_empty() {
            // What is already in is not walked again, so a cycle of partOf ends.
            frontier = step(&frontier)?.minus(&closed);
            closed = closed.or(frontier.clone(), self.universe());
        }
        Ok(closed)
    }

    fn candidates_referring(
        &self,
        field: FieldId,
        targets: &KeySet,
        candidates: &[u32],
    ) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for source in candidates {
            if let Some(at) = self.locate(*source) {
                let referred = self.view(at).references(field)?.of(at.doc);
                if referred.iter().any(|target| targets.contains(*target)) {
                    found.push(*source);
                }
            }
        }
        Ok(found)
    }

    fn referrers_by_postings(&self, field: FieldId, targets: &[u32]) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for target in targets {
            let bytes = term(field, VisibilityClass::Open, TermKind::Key, &target.to_be_bytes());
            self.for_each_doc(&bytes, &mut |segment, doc| found.push(segment.view.owner(doc)))?;
        }
        Ok(found)
    }

    fn referrers_by_scan(&self, field: FieldId, targets: &KeySet) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        for segment in self.segments() {
            for (doc, target) in segment.view.references(field)?.iter() {
                if targets.contains(target) && segment.is_alive(doc) {
                    found.push(segment.view.owner(doc));
                }
            }
        }
        Ok(found)
    }

    fn logical(&self, field: FieldId) -> Result<&LogicalEdges> {
        self.logical[usize::from(field)]
            .get_or_init(|| self.resolve_logical(field))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn resolve_logical(&self, field: FieldId) -> Result<LogicalEdges> {
        let prefix = term_prefix(field, VisibilityClass::Open, TermKind::Logical);
        let targets = registry::fields()[usize::from(field)].parameter.targets;
        let mut edges = LogicalEdges::default();
        for segment in self.segments() {
            let mut stream = segment.view.terms().terms().range().ge(prefix).into_stream()?;
            while stream.advance() && stream.key().starts_with(&prefix) {
                let Some(target) = self.logical_target(&stream.key()[prefix.len()..], targets)?
                else {
                    continue;
                };
                let info = stream.value().clone();
                segment.for_each_doc_of(&info, &mut |doc| {
                    edges.push((segment.view.owner(doc), target));
                })?;
            }
        }
        self.add_canonical(field, targets, &mut edges)?;
        edges.sort_unstable();
        Ok(edges)
    }

    /// Adds the references by canonical URL: they lead to the one target with that `url`.
    fn add_canonical(
        &self,
        field: FieldId,
        targets: &[ResourceType],
        edges: &mut LogicalEdges,
    ) -> Result<()> {
        let prefix = term_prefix(field, VisibilityClass::Open, TermKind::External);
        for url_field in targets.iter().filter_map(|target| registry::field_id(*target, "url")) {
            for segment in self.segments() {
                let mut stream = segment.view.terms().terms().range().ge(prefix).into_stream()?;
                while stream.advance() && stream.key().starts_with(&prefix) {
                    let url = &stream.key()[prefix.len()..];
                    let bytes = term(url_field, VisibilityClass::Open, TermKind::Uri, url);
                    let mut found = Vec::new();
                    self.for_each_doc(&bytes, &mut |segment, doc| {
                        found.push(segment.view.owner(doc));
                    })?;
                    let [target] = found[..] else { continue };
                    let info = stream.value().clone();
                    segment.for_each_doc_of(&info, &mut |doc| {
                        edges.push((segment.view.owner(doc), target));
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The one resource that a logical reference means, if exactly one carries the identifier.
    fn logical_target(&self, payload: &[u8], targets: &[ResourceType]) -> Result<Option<u32>> {
        let mut parts =
            payload.split(|b| *b == 0).map(|part| std::str::from_utf8(part).unwrap_or(""));
        let (type_name, system, value) =
            (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let types = match type_name.parse::<ResourceType>() {
            Ok(named) => vec![named],
            Err(_) if type_name.is_empty() => targets.to_vec(),
            Err(_) => return Ok(None),
        };
        let query = TokenQuery {
            system: match system {
                "" => SystemQuery::Any,
                // Written in canonical form when the document was indexed.
                _ => SystemQuery::Is(system.to_owned()),
            },
            code: Some(value.to_owned()),
            of_type: None,
        };
        let mut found = Vec::new();
        for resource_type in types {
            let Some(field) = registry::field_id(resource_type, "identifier") else { continue };
            for encoded in query.terms() {
                let bytes = term(field, VisibilityClass::Open, TermKind::Token, encoded.as_bytes());
                self.for_each_doc(&bytes, &mut |segment, doc| found.push(segment.view.owner(doc)))?;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(match found[..] {
            [only] => Some(only),
            _ => None,
        })
    }
}
