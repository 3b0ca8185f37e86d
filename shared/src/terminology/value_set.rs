//! Value sets: which codes of which systems.

use super::{COMMUNE_SYSTEM, CodeSystem, Coding, Status, terminology};

/// The codes an element may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    /// The canonical URL.
    pub url: &'static str,
    /// The publisher's name, `"JDV_J17-ActiviteOperationnelle-ROR"`; the URL for other value sets.
    pub name: &'static str,
    /// Whether all its codes are carried; when not, a code that is not contained may still belong to it.
    pub complete: bool,
    /// The systems it draws from, the main one first.
    systems: Vec<&'static str>,
    /// Sorted; those of communes left out.
    codes: Vec<Coding>,
}

impl ValueSet {
    pub(super) fn new(url: &'static str, name: &'static str, complete: bool) -> Self {
        Self { url, name, complete, systems: Vec::new(), codes: Vec::new() }
    }

    /// Takes every code of the system that is not retired.
    pub(super) fn add_system(&mut self, system: &CodeSystem) {
        self.systems.push(system.url);
        // Communes are looked up in the gazetteer, which this must not load.
        if system.url == COMMUNE_SYSTEM {
            return;
        }
        let in_use = system.concepts().iter().filter(|c| c.status != Status::Retired);
        self.codes.extend(in_use.map(|c| Coding { system: system.url, code: c.code }));
    }

    pub(super) fn add_code(&mut self, coding: Coding) {
        if !self.systems.contains(&coding.system) {
            self.systems.push(coding.system);
        }
        self.codes.push(coding);
    }

    pub(super) fn sort(&mut self) {
        self.codes.sort_unstable();
    }

    /// The canonical URLs of the systems it draws from, the main one first.
    pub fn systems(&self) -> &[&'static str] {
        &self.systems
    }

    /// Whether the code belongs to it; `system` in any known spelling.
    pub fn contains(&self, system: &str, code: &str) -> bool {
        let system = super::canonical_system(system);
        if system == COMMUNE_SYSTEM && self.systems.contains(&COMMUNE_SYSTEM) {
            let concept = terminology().concept(COMMUNE_SYSTEM, code);
            return concept.is_some_and(|c| c.status != Status::Retired);
        }
        self.codes.binary_search_by(|c| (c.system, c.code).cmp(&(&*system, code))).is_ok()
    }

    /// Its codes, by system and code.
    pub fn codings(&self) -> impl Iterator<Item = Coding> {
        let communes = match terminology().system(COMMUNE_SYSTEM) {
            Some(system) if self.systems.contains(&COMMUNE_SYSTEM) => system.concepts(),
            _ => &[],
        };
        let communes = communes.iter().map(|c| Coding { system: COMMUNE_SYSTEM, code: c.code });
        self.codes.iter().copied().chain(communes)
    }
}
