//! Coded values against the value sets of the guide, as far as `terminology` carries them.
//!
//! Never more than a warning: lists change faster than directories, and some are not published.

use serde_json::Value;

use super::extension::full_url;
use crate::terminology::{COMMUNE_SYSTEM, ValueSet, canonical_system, terminology};

/// A value set an element is bound to.
pub(super) struct Binding {
    /// `None`: the value set is not carried, only its code systems are known.
    value_set: Option<&'static ValueSet>,
    name: &'static str,
    /// Canonical URLs.
    systems: Vec<String>,
    /// The codes of the first system, sorted: nearly every code is found here, with one comparison of
    /// systems. Empty for communes.
    codes: Vec<&'static str>,
}

impl Binding {
    /// A binding in the short forms of the tables; `None` when nothing is known of the value set.
    pub(super) fn new(name: &'static str, systems: &str) -> Option<Self> {
        let value_set = terminology().value_set(&full_url(name));
        let mut urls: Vec<String> =
            systems.split(' ').filter(|system| *system != "-").map(full_url).collect();
        urls.extend(value_set.into_iter().flat_map(ValueSet::systems).map(|url| (*url).to_owned()));
        let first = urls.first()?;
        let codings = value_set.filter(|_| first != COMMUNE_SYSTEM).into_iter();
        let of_first = codings.flat_map(ValueSet::codings).filter(|coding| coding.system == first);
        let mut codes: Vec<_> = of_first.map(|coding| coding.code).collect();
        codes.sort_unstable();
        Some(Self { value_set, name, systems: urls, codes })
    }

    pub(super) fn name(&self) -> &str {
        self.name
    }

    /// Whether a `CodeableConcept`, `Coding` or `code` has a code of the value set.
    ///
    /// A code its system does not know passes: that is reported where the coding stands.
    pub(super) fn fits(&self, value: &Value) -> bool {
        match (value, value.get("coding")) {
            (Value::String(code), _) => match self.systems.as_slice() {
                [system] => self.has(system, code),
                _ => true,
            },
            (_, Some(Value::Array(codings))) => {
                codings.iter().any(|coding| self.has_coding(coding))
            }
            (_, Some(_)) => false,
            (coding, None) => self.has_coding(coding),
        }
    }

    fn has_coding(&self, coding: &Value) -> bool {
        let text = |key: &str| coding.get(key).and_then(Value::as_str);
        match (text("system"), text("code")) {
            (Some(system), Some(code)) => self.has(system, code),
            (None, _) | (_, None) => false,
        }
    }

    fn has(&self, system: &str, code: &str) -> bool {
        if system == self.systems[0] && self.codes.binary_search(&code).is_ok() {
            return true;
        }
        if self.value_set.is_some_and(|value_set| value_set.contains(system, code)) {
            return true;
        }
        let canonical = canonical_system(system);
        let is_complete = self.value_set.is_some_and(|value_set| value_set.complete);
        self.systems.iter().any(|other| *other == canonical)
            && (!is_complete || terminology().is_unknown_code(system, code))
    }
}
