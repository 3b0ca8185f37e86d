//! The extensions the validator knows: their value types, parts, places and code systems.
//!
//! Read once from `assets/validate/extensions.tsv`. What is not in the table is not judged here: FHIR
//! lets anybody extend.

use super::binding::Binding;
use super::model::{by_length, choice_key};

const ASSET: &str = include_str!("../../assets/validate/extensions.tsv");

/// Where the extensions of the ROR guide live; an unknown URL below it is doubtful.
pub(super) const ROR_BASE: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/";

/// All known extensions.
pub(super) struct Extensions {
    definitions: Vec<Definition>,
    /// By length, then by bytes.
    urls: Vec<(String, Known)>,
}

/// What a URL is known as.
#[derive(Clone, Copy)]
pub(super) enum Known {
    /// The URL of a definition.
    Current(usize),
    /// A wrong spelling of the URL of a definition.
    Misspelled(usize),
    /// A URL no longer in use; what replaces it.
    Retired(&'static str),
}

/// One extension.
pub(super) struct Definition {
    pub(super) url: String,
    pub(super) value: ValueRule,
    /// Types (`ContactPoint`) and elements (`Address.line`) it may stand on.
    contexts: Vec<&'static str>,
    /// Empty unless the extension is complex.
    pub(super) parts: Vec<Part>,
}

/// A nested extension of a complex one.
pub(super) struct Part {
    pub(super) url: String,
    pub(super) min: u8,
    pub(super) many: bool,
    /// `None`: the part is itself in the table, under its URL.
    pub(super) value: Option<ValueRule>,
}

/// What an extension holds.
pub(super) struct ValueRule {
    /// The JSON key, `valueCoding`; `None` for a complex extension.
    pub(super) key: Option<String>,
    pub(super) binding: Option<Binding>,
}

/// The place an extension stands on.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The type of the object, or its backbone path; empty for a primitive.
    pub(super) holder: &'a str,
    pub(super) holder_is_resource: bool,
    /// The type the object is an element of, and the element's name.
    pub(super) owner: &'a str,
    pub(super) key: &'a str,
}

impl Extensions {
    /// Reads the built-in table.
    pub(super) fn new() -> Self {
        let mut extensions = Self { definitions: Vec::new(), urls: Vec::new() };
        for line in ASSET.lines().filter(|line| !line.starts_with('#')) {
            extensions
                .line(line)
                .expect("the built-in extensions are well formed, a test reads them");
        }
        extensions.urls.sort_by(|(a, _), (b, _)| by_length(a, b));
        extensions
    }

    /// What a URL is known as.
    pub(super) fn get(&self, url: &str) -> Option<Known> {
        let found = self.urls.binary_search_by(|(other, _)| by_length(other, url));
        found.ok().map(|position| self.urls[position].1)
    }

    pub(super) fn definition(&self, position: usize) -> &Definition {
        &self.definitions[position]
    }

    fn line(&mut self, line: &'static str) -> Option<()> {
        let cells: Vec<&'static str> = line.split('\t').collect();
        match *cells.as_slice() {
            ["extension", url, value_type, contexts, value_set, systems] => {
                let url = full_url(url);
                self.urls.push((url.clone(), Known::Current(self.definitions.len())));
                self.definitions.push(Definition {
                    url,
                    value: ValueRule::new(value_type, value_set, systems),
                    contexts: contexts.split(' ').filter(|context| *context != "-").collect(),
                    parts: Vec::new(),
                });
            }
            ["part", url, cardinality, value_type, value_set, systems] => {
                let parts = &mut self.definitions.last_mut()?.parts;
                debug_assert!(parts.len() < Definition::PARTS_MAX, "too many parts at {url}");
                parts.push(Part {
                    url: full_url(url),
                    min: cardinality.bytes().next()? - b'0',
                    many: cardinality.ends_with('*'),
                    value: (value_type != "-")
                        .then(|| ValueRule::new(value_type, value_set, systems)),
                });
            }
            ["alias", url] => {
                let position = self.definitions.len().checked_sub(1)?;
                self.urls.push((full_url(url), Known::Misspelled(position)));
            }
            ["retired", url, replacement] => {
                self.urls.push((full_url(url), Known::Retired(replacement)));
            }
            _ => return None,
        }
        Some(())
    }
}

impl ValueRule {
    fn new(value_type: &str, value_set: &'static str, systems: &str) -> Self {
        let key = (value_type != "-").then(|| choice_key("value", value_type));
        Self { key, binding: Binding::new(value_set, systems) }
    }
}

impl Definition {
    /// The most parts a definition has.
    pub(super) const PARTS_MAX: usize = 20;

    /// The part of a complex extension under a URL.
    pub(super) fn part(&self, url: &str) -> Option<(usize, &Part)> {
        self.parts.iter().enumerate().find(|(_, part)| part.url == url)
    }

    /// Whether the extension may stand there.
    pub(super) fn may_stand(&self, place: Place<'_>) -> bool {
        self.contexts.iter().any(|context| match *context {
            "DomainResource" => place.holder_is_resource,
            "BackboneElement" => place.holder.contains('.'),
            context if context == place.holder => true,
            context => context.rsplit_once('.') == Some((place.owner, place.key)),
        })
    }

    pub(super) fn contexts(&self) -> String {
        self.contexts.join(", ")
    }
}

/// Writes out the short forms of the tables: `ror:X`, `TRE_X-Y`, `JDV_X-Y`.
pub(super) fn full_url(short: &str) -> String {
    if let Some(name) = short.strip_prefix("ror:") {
        return format!("{ROR_BASE}{name}");
    }
    if short.starts_with("TRE_") || short.starts_with("JDV_") {
        return format!(
            "https://mos.esante.gouv.fr/NOS/{short}/FHIR/{}",
            short.replacen('_', "-", 1)
        );
    }
    short.to_owned()
}
