//! Reading the embedded lists.
//!
//! Code systems (`nos.tsv`, then `ror.tsv`), tab-separated, `#` opening a comment line:
//! `@ name-or-url complete|partial title source` opens or reopens a system, then one line per code:
//! `code label [status [synonym|synonym…]]`, status `active` when absent. A line for a known code adds its
//! synonyms and, unless its label is empty, replaces label and status; a reopened system takes the title that
//! is not empty.
//!
//! Value sets (`value-sets.tsv`): `name-or-url complete|partial` then, per system drawn from, `name-or-url`
//! or `name-or-url=code|code…`.

use std::collections::{BTreeMap, HashMap};

use super::{CodeSystem, Coding, Concept, Status, ValueSet, alias, synonym};

static NOS: &str = include_str!("../../assets/terminology/nos.tsv");
static ROR: &str = include_str!("../../assets/terminology/ror.tsv");
static VALUE_SETS: &str = include_str!("../../assets/terminology/value-sets.tsv");

/// A system being read.
struct Draft {
    name: &'static str,
    title: &'static str,
    source: &'static str,
    complete: bool,
    concepts: BTreeMap<&'static str, DraftConcept>,
}

struct DraftConcept {
    label: &'static str,
    status: Status,
    synonyms: Vec<&'static str>,
}

/// All code systems, in the order of the assets, with the curated synonyms on their codes.
pub(super) fn systems() -> Vec<CodeSystem> {
    let mut drafts: Vec<Draft> = Vec::with_capacity(80);
    let mut by_name: HashMap<&str, usize> = HashMap::with_capacity(80);
    for text in [NOS, ROR] {
        read_systems(text, &mut drafts, &mut by_name)
            .expect("the embedded code systems have the form described above");
    }
    for (terms, system, code) in synonym::curated() {
        let draft = drafts.iter_mut().find(|draft| short_name(draft.name) == system);
        let concept = draft.and_then(|draft| draft.concepts.get_mut(code));
        concept.expect("a synonym hangs on a listed code").synonyms.extend(terms);
    }
    drafts.into_iter().map(finished).collect()
}

/// `"TRE_R211-ActiviteOperationnelle"` → `"R211"`.
fn short_name(name: &str) -> &str {
    let name = name.strip_prefix("TRE_").unwrap_or(name);
    name.split_once('-').map_or(name, |(short, _)| short)
}

fn read_systems(
    text: &'static str,
    drafts: &mut Vec<Draft>,
    by_name: &mut HashMap<&'static str, usize>,
) -> Option<()> {
    let mut current = None;
    for line in data_lines(text) {
        let mut fields = line.split('\t');
        let first = fields.next()?;
        if first == "@" {
            let name = fields.next()?;
            let complete = is_complete(fields.next()?)?;
            let (title, source) = (fields.next()?, fields.next()?);
            let position = *by_name.entry(name).or_insert(drafts.len());
            if position == drafts.len() {
                drafts.push(Draft { name, title, source, complete, concepts: BTreeMap::new() });
            } else if !title.is_empty() {
                drafts[position].title = title;
            }
            current = Some(position);
        } else {
            let draft = &mut drafts[current?];
            read_concept(first, &mut fields, draft)?;
        }
    }
    Some(())
}

fn read_concept(
    code: &'static str,
    fields: &mut std::str::Split<'static, char>,
    draft: &mut Draft,
) -> Option<()> {
    let label = fields.next()?;
    let status = match fields.next() {
        None | Some("" | "active") => Status::Active,
        Some("deprecated") => Status::Deprecated,
        Some("retired") => Status::Retired,
        Some(_) => return None,
    };
    let synonyms = fields.next().into_iter().flat_map(|joined| joined.split('|'));
    let known = draft.concepts.entry(code);
    let concept = known.or_insert(DraftConcept { label, status, synonyms: Vec::new() });
    if !label.is_empty() {
        concept.label = label;
        concept.status = status;
    }
    concept.synonyms.extend(synonyms);
    (!concept.label.is_empty()).then_some(())
}

fn finished(draft: Draft) -> CodeSystem {
    let listed: Vec<Concept> = draft
        .concepts
        .into_iter()
        .map(|(code, concept)| Concept {
            code,
            label: concept.label,
            status: concept.status,
            synonyms: concept.synonyms.leak(),
        })
        .collect();
    let by_code = listed.iter().zip(0..).map(|(concept, index)| (concept.code, index)).collect();
    CodeSystem {
        url: alias::url_of_name(draft.name),
        name: draft.name,
        title: draft.title,
        source: draft.source,
        complete: draft.complete,
        listed: listed.leak(),
        by_code,
    }
}

/// All value sets; their systems must be among `systems`.
pub(super) fn value_sets(systems: &[CodeSystem]) -> Vec<ValueSet> {
    let read = data_lines(VALUE_SETS).map(|line| value_set(line, systems));
    read.collect::<Option<_>>().expect("the embedded value sets have the form described above")
}

fn value_set(line: &'static str, systems: &[CodeSystem]) -> Option<ValueSet> {
    let mut fields = line.split('\t');
    let name = fields.next()?;
    let complete = is_complete(fields.next()?)?;
    let mut set = ValueSet::new(alias::url_of_name(name), name, complete);
    for field in fields {
        let (system, codes) = match field.split_once('=') {
            Some((system, codes)) => (system, Some(codes)),
            None => (field, None),
        };
        let system = systems.iter().find(|s| s.name == system)?;
        match codes {
            None => set.add_system(system),
            Some(codes) => {
                for code in codes.split('|') {
                    set.add_code(Coding { system: system.url, code: system.concept(code)?.code });
                }
            }
        }
    }
    set.sort();
    Some(set)
}

fn data_lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn is_complete(word: &str) -> Option<bool> {
    match word {
        "complete" => Some(true),
        "partial" => Some(false),
        _ => None,
    }
}
