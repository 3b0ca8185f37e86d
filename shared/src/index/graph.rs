//! The reference graph, walked by key sets: from sources to targets, back, and along `partOf`.
//!
//! A logical reference (type and identifier, no literal) counts as a reference to the one resource of
//! that type that carries the identifier, a canonical URL as one to the resource with that `url`; both
//! are resolved when a snapshot first needs them, and kept by the next ones until a resource that has to
//! do with them changes.

use std::sync::Arc;

use tantivy::Result;

use super::columns::Rows;
use super::locations::Types;
use super::parallel::{self, ROWS_OF_LOOKUP};
use super::sets::{BitSet, KeySet};
use super::snapshot::{Segment, Snapshot};
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::param::token::{SystemQuery, TokenQuery};
use crate::registry::{self, FieldId, ParameterType};
use crate::schema::{TermKind, term, term_prefix};

/// Logical and canonical references of one field, resolved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LogicalEdges {
    /// Source and target, by source.
    pairs: Vec<(u32, u32)>,
    /// Target and source, by target.
    reversed: Vec<(u32, u32)>,
    /// The types of the sources and of all that was looked at for targets.
    depends_on: Types,
}

impl LogicalEdges {
    /// They hold until a resource of one of these types changes in its links.
    pub(super) fn depends_on(&self) -> Types {
        self.depends_on
    }

    /// Appends the sources that refer to one of `targets`.
    fn referrers(&self, targets: &KeySet, found: &mut Vec<u32>) {
        match targets {
            KeySet::Sparse(targets) => {
                for target in targets {
                    let start = self.reversed.partition_point(|(t, _)| t < target);
                    let of_target = self.reversed[start..].iter().take_while(|(t, _)| t == target);
                    found.extend(of_target.map(|(_, source)| *source));
                }
            }
            KeySet::Dense(targets) => {
                let referring = self.pairs.iter().filter(|(_, target)| targets.contains(*target));
                found.extend(referring.map(|(source, _)| *source));
            }
        }
    }
}

/// The targets of one source, of pairs in the order of their sources.
fn targets_of(pairs: &[(u32, u32)], source: u32) -> impl Iterator<Item = u32> + '_ {
    let start = pairs.partition_point(|(s, _)| *s < source);
    pairs[start..].iter().take_while(move |(s, _)| *s == source).map(|(_, target)| *target)
}

/// Looking at one candidate costs about as much as finding the documents of so many targets.
const CANDIDATE_COST: usize = 2;

/// One in so many of all targets: reading all references in order is then less work than going to those
/// of each target.
const LARGE_PART: usize = 4;

impl Segment {
    /// Calls `visit` with each resource that refers to one of `targets`, as often as it does.
    fn for_each_referring(
        &self,
        field: FieldId,
        targets: &KeySet,
        visit: &mut impl FnMut(u32),
    ) -> Result<()> {
        self.view.referring(field)?.for_each_doc(targets, |doc| {
            if self.is_alive(doc) {
                visit(self.view.owner(doc));
            }
        });
        Ok(())
    }
}

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
        let found = match among {
            Some(KeySet::Sparse(candidates))
                if candidates.len() <= targets.len() / CANDIDATE_COST =>
            {
                self.candidates_referring(field, targets, candidates)?
            }
            Some(_) | None => self.all_referring(field, targets)?,
        };
        let mut logical = Vec::new();
        self.logical(field)?.referrers(targets, &mut logical);
        let found = found.or(KeySet::from_keys(logical, self.universe()), self.universe());
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
            if field.parameter.kind != ParameterType::Reference {
                continue;
            }
            for segment in self.segments() {
                let docs = segment.view.references(id)?.docs_with(target);
                let alive = docs.filter(|doc| segment.is_alive(*doc));
                found.extend(alive.map(|doc| segment.view.owner(doc)));
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
        if let KeySet::Sparse(sources) = sources {
            return self.referred_by_few(field, sources);
        }
        let mut rows = 0;
        for segment in self.segments() {
            rows += segment.view.references(field)?.len();
        }
        let lookups = rows / ROWS_OF_LOOKUP;
        let insert = |_, segment: &Segment, found: &mut BitSet| {
            for (doc, target) in segment.view.references(field)?.iter() {
                let refers = sources.contains(segment.view.owner(doc)) & segment.is_alive(doc);
                found.insert_if(target, refers);
            }
            Ok(())
        };
        let mut found = parallel::bits(self.segments(), lookups, self.universe(), insert)?;
        // In one go: looking up each would be a step into another page of memory.
        found.retain_any(ResourceType::ALL.map(|resource_type| self.existing(resource_type)));
        for (source, target) in &self.logical(field)?.pairs {
            if sources.contains(*source) {
                found.insert(*target);
            }
        }
        Ok(KeySet::Dense(found))
    }

    fn referred_by_few(&self, field: FieldId, sources: &[u32]) -> Result<KeySet> {
        let mut found = Vec::with_capacity(sources.len());
        let columns = self.reference_columns(field)?;
        // Each stage is a loop whose steps do not wait for each other's memory.
        let located = sources.iter().filter_map(|source| self.locate(*source));
        for at in located.collect::<Vec<_>>() {
            found.extend_from_slice(columns[at.segment as usize].of(at.doc));
        }
        found.retain(|target| self.locate(*target).is_some());
        let edges = &self.logical(field)?.pairs;
        if !edges.is_empty() {
            for source in sources {
                found.extend(targets_of(edges, *source));
            }
        }
        Ok(KeySet::from_keys(found, self.universe()))
    }

    /// By segment: the keys that a field refers to.
    fn reference_columns(&self, field: FieldId) -> Result<Vec<&Rows<u32>>> {
        self.segments().iter().map(|segment| segment.view.references(field)).collect()
    }

    /// Appends the existing resources that one resource refers to by `field`, in document order.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn targets(&self, field: FieldId, source: u32, out: &mut Vec<u32>) -> Result<()> {
        let Some(at) = self.locate(source) else { return Ok(()) };
        let targets = self.view(at).references(field)?.of(at.doc);
        out.extend(targets.iter().copied().filter(|target| self.locate(*target).is_some()));
        out.extend(targets_of(&self.logical(field)?.pairs, source));
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
    ) -> Result<KeySet> {
        let mut found = Vec::new();
        let columns = self.reference_columns(field)?;
        // Each stage is a loop whose steps do not wait for each other's memory.
        let located = candidates.iter().map(|source| (*source, self.locate(*source)));
        for (source, at) in located.collect::<Vec<_>>() {
            let referred = at.map_or(&[][..], |at| columns[at.segment as usize].of(at.doc));
            if referred.iter().any(|target| targets.contains(*target)) {
                found.push(source);
            }
        }
        Ok(KeySet::Sparse(found))
    }

    fn all_referring(&self, field: FieldId, targets: &KeySet) -> Result<KeySet> {
        let (universe, lookups) = (self.universe(), targets.len());
        if KeySet::is_dense(lookups, universe) {
            let types = registry::fields()[usize::from(field)].parameter.targets;
            let all: usize = types.iter().map(|target| self.existing(*target).len()).sum();
            let is_large_part = targets.len() >= all / LARGE_PART;
            let insert = |_, segment: &Segment, found: &mut BitSet| {
                if is_large_part {
                    for (doc, target) in segment.view.references(field)?.iter() {
                        let refers = targets.contains(target) & segment.is_alive(doc);
                        found.insert_if(segment.view.owner(doc), refers);
                    }
                    return Ok(());
                }
                segment.for_each_referring(field, targets, &mut |owner| {
                    found.insert(owner);
                })
            };
            let found = parallel::bits(self.segments(), lookups, universe, insert)?;
            return Ok(KeySet::of_bits(found, universe));
        }
        let of_segments = parallel::map(self.segments(), lookups, |_, segment| {
            let mut found = Vec::new();
            segment.for_each_referring(field, targets, &mut |owner| found.push(owner))?;
            Ok(found)
        })?;
        Ok(KeySet::from_keys(of_segments.concat(), universe))
    }

    pub(super) fn logical(&self, field: FieldId) -> Result<&LogicalEdges> {
        self.logical[usize::from(field)]
            .get_or_init(|| self.resolve_logical(field).map(Arc::new))
            .as_ref()
            .map(Arc::as_ref)
            .map_err(Clone::clone)
    }

    fn resolve_logical(&self, field: FieldId) -> Result<LogicalEdges> {
        let prefix = term_prefix(field, VisibilityClass::Open, TermKind::Logical);
        let known = &registry::fields()[usize::from(field)];
        let mut edges = LogicalEdges::default();
        edges.depends_on.add(known.base);
        for segment in self.segments() {
            let mut stream = segment.view.terms().terms().range().ge(prefix).into_stream()?;
            while stream.advance() && stream.key().starts_with(&prefix) {
                let info = stream.value().clone();
                let mut sources = Vec::new();
                segment.for_each_doc_of(&info, &mut |doc| sources.push(segment.view.owner(doc)))?;
                if sources.is_empty() {
                    continue;
                }
                let payload = &stream.key()[prefix.len()..];
                let targets = known.parameter.targets;
                let target = self.logical_target(payload, targets, &mut edges.depends_on)?;
                let Some(target) = target else { continue };
                edges.pairs.extend(sources.into_iter().map(|source| (source, target)));
            }
        }
        self.add_canonical(field, known.parameter.targets, &mut edges)?;
        edges.pairs.sort_unstable();
        edges.reversed = edges.pairs.iter().map(|(source, target)| (*target, *source)).collect();
        edges.reversed.sort_unstable();
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
        for target in targets {
            let Some(url_field) = registry::field_id(*target, "url") else { continue };
            edges.depends_on.add(*target);
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
                        edges.pairs.push((segment.view.owner(doc), target));
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The one resource that a logical reference means, if exactly one carries the identifier.
    fn logical_target(
        &self,
        payload: &[u8],
        targets: &[ResourceType],
        looked_at: &mut Types,
    ) -> Result<Option<u32>> {
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
            looked_at.add(resource_type);
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
