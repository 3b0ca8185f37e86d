//! The profiles of the ROR guide as rules over a document: cardinalities, slices, fixed values, code
//! systems.
//!
//! Read once from `assets/validate/profiles.tsv`, which says how a rule is written. Rules count and
//! compare; they know nothing of types, which the walk has checked before.

use serde_json::Value;

use super::binding::Binding;
use super::extension::{ROR_BASE, full_url};
use super::path::Path;
use super::walk::{Object, Walk};
use crate::error::{IssueType, Severity};
use crate::fhir::ResourceType;
use crate::terminology::canonical_system;

const ASSET: &str = include_str!("../../assets/validate/profiles.tsv");

/// What every telecom of a profile must have; written once here, for each path in the table.
const TELECOM: [(&str, &str, &str); 4] = [
    ("value", "value", "1..1"),
    ("channel", "ext(ror:ror-telecom-communication-channel)", "1..1"),
    ("confidentiality", "ext(ror:ror-telecom-confidentiality-level)", "1..1"),
    ("usage", "ext(ror:ror-telecom-usage)", "0..1"),
];

/// One profile.
pub(super) struct Profile {
    id: &'static str,
    pub(super) resource_type: ResourceType,
    url: String,
    rules: Vec<Rule>,
}

struct Rule {
    /// `ror-location/commune-cog`
    id: String,
    /// Never empty.
    steps: Vec<Step>,
    check: Check,
    /// Never more than a warning.
    is_advisory: bool,
}

struct Step {
    kind: Kind,
    /// As a path shows it: `value` for `valueRange`, `name` for `_name`.
    name: &'static str,
    filter: Filter,
}

enum Kind {
    /// The element under this key.
    Element(&'static str),
    /// The extensions of this URL.
    Extension(String),
}

enum Filter {
    All,
    /// Coded values with a coding of one of these systems, in any known spelling.
    Systems(Vec<String>),
    /// Entries whose `type` has a coding of this code.
    TypeCode(&'static str),
}

enum Check {
    /// How many within each parent.
    Count { min: usize, max: Option<usize> },
    /// A code of this value set.
    Bound(Binding),
    /// Exactly this text.
    Is(&'static str),
    /// A number within these ends.
    From(i64, i64),
}

impl Profile {
    /// Reads the built-in table.
    pub(super) fn all() -> Vec<Self> {
        let mut profiles = Vec::new();
        for line in ASSET.lines().filter(|line| !line.starts_with('#')) {
            read_line(line, &mut profiles)
                .expect("the built-in profiles are well formed, a test reads them");
        }
        profiles
    }

    /// Whether a document says, in `meta.profile`, that it follows this profile, of any version.
    pub(super) fn is_claimed_by(&self, document: &Object) -> bool {
        claims(document).any(|claim| claim == self.url)
    }

    /// The canonical URL, without version.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Reports every rule the document breaks.
    pub(super) fn check<'a>(&'a self, walk: &mut Walk<'a>, path: &Path<'_>) {
        let root = walk.root;
        for rule in &self.rules {
            rule.follow(&rule.steps, root, self.id, walk, path);
        }
    }
}

/// The profiles a document claims, without version.
pub(super) fn claims(document: &Object) -> impl Iterator<Item = &str> {
    let claimed = document.get("meta").and_then(|meta| meta.get("profile")?.as_array());
    let texts = claimed.into_iter().flatten().filter_map(Value::as_str);
    texts.map(|claim| claim.split_once('|').map_or(claim, |(url, _)| url))
}

impl Rule {
    /// Goes down the steps; at the last one, checks.
    fn follow<'a>(
        &'a self,
        steps: &'a [Step],
        object: &'a Object,
        profile: &str,
        walk: &mut Walk<'a>,
        path: &Path<'_>,
    ) {
        let Some((step, rest)) = steps.split_first() else { return };
        if rest.is_empty()
            && let Check::Count { min, max } = self.check
        {
            let count = step.matches(object).count();
            if count < min || max.is_some_and(|max| count > max) {
                self.report_count(count, step, profile, walk, path);
            }
            return;
        }
        for (index, value) in step.matches(object) {
            let named = path.name(step.name);
            let indexed = index.map(|index| named.index(index));
            let place = indexed.as_ref().unwrap_or(&named);
            match (&self.check, value) {
                (_, Value::Object(inner)) if !rest.is_empty() => {
                    self.follow(rest, inner, profile, walk, place);
                }
                (Check::Bound(binding), _) if rest.is_empty() => {
                    walk.bound_value(|| self.id.clone().into(), binding, value, place);
                }
                (Check::Is(text), _) if rest.is_empty() && value != text => {
                    let severity = self.severity(walk);
                    walk.guide(self.id.clone(), severity, IssueType::Value, place, || {
                        format!("{profile} fixes this value to {text:?}")
                    });
                }
                (Check::From(low, high), _)
                    if rest.is_empty()
                        && value.as_i64().is_some_and(|n| !(*low..=*high).contains(&n)) =>
                {
                    let severity = self.severity(walk);
                    walk.guide(self.id.clone(), severity, IssueType::Value, place, || {
                        format!("{profile} wants a number from {low} to {high}, found {value}")
                    });
                }
                (Check::Count { .. } | Check::Bound(_) | Check::Is(_) | Check::From(..), _) => {}
            }
        }
    }

    fn severity(&self, walk: &Walk<'_>) -> Severity {
        if self.is_advisory { Severity::Warning } else { walk.guide_severity }
    }

    fn report_count(
        &self,
        count: usize,
        step: &Step,
        profile: &str,
        walk: &mut Walk<'_>,
        path: &Path<'_>,
    ) {
        let Check::Count { min, max } = self.check else { return };
        let severity = self.severity(walk);
        let code = if count < min { IssueType::Required } else { IssueType::Structure };
        walk.guide(self.id.clone(), severity, code, &path.name(step.name), || {
            let max = max.map_or_else(|| "*".to_owned(), |max| max.to_string());
            format!("{profile} wants {min}..{max} {}, found {count}", step.describe())
        });
    }
}

impl Step {
    /// The values of the step in an object, with the index where they are a list.
    fn matches<'a>(
        &'a self,
        object: &'a Object,
    ) -> impl Iterator<Item = (Option<usize>, &'a Value)> {
        let key = match &self.kind {
            Kind::Element(key) => key,
            Kind::Extension(_) => "extension",
        };
        let (items, one) = match object.get(key) {
            Some(Value::Array(items)) => (items.as_slice(), None),
            Some(value) => (&[][..], Some(value)),
            None => (&[][..], None),
        };
        let items = items.iter().enumerate().map(|(index, value)| (Some(index), value));
        let all = items.chain(one.map(|value| (None, value)));
        all.filter(|(_, value)| self.fits(value))
    }

    fn fits(&self, value: &Value) -> bool {
        if let Kind::Extension(url) = &self.kind
            && value.get("url").is_none_or(|other| other != url)
        {
            return false;
        }
        match &self.filter {
            Filter::All => true,
            Filter::Systems(systems) => codings(value).iter().any(|coding| {
                let system = coding.get("system").and_then(Value::as_str);
                system.is_some_and(|system| {
                    systems
                        .iter()
                        .any(|other| other == system || *other == canonical_system(system))
                })
            }),
            Filter::TypeCode(code) => value.get("type").is_some_and(|kind| {
                codings(kind).iter().any(|c| c.get("code").is_some_and(|c| c == code))
            }),
        }
    }

    fn describe(&self) -> String {
        let base = match &self.kind {
            Kind::Element(key) => (*key).to_owned(),
            Kind::Extension(url) => format!("extension {url}"),
        };
        match &self.filter {
            Filter::All => base,
            Filter::Systems(systems) => format!("{base} of {}", systems.join(" or ")),
            Filter::TypeCode(code) => format!("{base} of type {code}"),
        }
    }
}

/// The codings of a `CodeableConcept`, or the one `Coding` itself.
fn codings(value: &Value) -> &[Value] {
    match value.get("coding") {
        Some(Value::Array(codings)) => codings,
        Some(_) => &[],
        None => std::slice::from_ref(value),
    }
}

fn read_line(line: &'static str, profiles: &mut Vec<Profile>) -> Option<()> {
    let cells: Vec<&'static str> = line.split('\t').collect();
    match *cells.as_slice() {
        ["profile", id, resource_type] => profiles.push(Profile {
            id,
            resource_type: resource_type.parse().ok()?,
            url: format!("{ROR_BASE}{id}"),
            rules: Vec::new(),
        }),
        ["telecom", path] => {
            let profile = profiles.last_mut()?;
            for (name, step, check) in TELECOM {
                let mut steps = read_steps(path)?;
                steps.extend(read_steps(step)?);
                let id = format!("{}/{}-{name}", profile.id, path.replace(' ', "-"));
                profile.rules.push(Rule {
                    id,
                    steps,
                    check: read_check(check)?,
                    is_advisory: false,
                });
            }
        }
        ["rule", name, path, check, ref rest @ ..] => {
            let profile = profiles.last_mut()?;
            profile.rules.push(Rule {
                id: format!("{}/{name}", profile.id),
                steps: read_steps(path)?,
                check: read_check(check)?,
                is_advisory: match rest {
                    [] => false,
                    ["advisory"] => true,
                    _ => return None,
                },
            });
        }
        _ => return None,
    }
    Some(())
}

fn read_steps(path: &'static str) -> Option<Vec<Step>> {
    path.split(' ').map(read_step).collect()
}

fn read_step(step: &'static str) -> Option<Step> {
    if let Some(url) = step.strip_prefix("ext(") {
        let kind = Kind::Extension(full_url(url.strip_suffix(')')?));
        return Some(Step { kind, name: "extension", filter: Filter::All });
    }
    let (key, filter) = step.split_once('[').unwrap_or((step, ""));
    let filter = match filter.strip_suffix(']') {
        None if filter.is_empty() => Filter::All,
        None => return None,
        Some(inner) => match inner.strip_prefix("type=") {
            Some(code) => Filter::TypeCode(code),
            None => Filter::Systems(inner.split('|').map(full_url).collect()),
        },
    };
    let is_value = key.strip_prefix("value").is_some_and(|kind| !kind.is_empty());
    let name = if is_value { "value" } else { key.trim_start_matches('_') };
    Some(Step { kind: Kind::Element(key), name, filter })
}

fn read_check(check: &'static str) -> Option<Check> {
    if let Some(value_set) = check.strip_prefix("in ") {
        return Binding::new(value_set, "-").map(Check::Bound);
    }
    if let Some(text) = check.strip_prefix("is ") {
        return Some(Check::Is(text));
    }
    if let Some(ends) = check.strip_prefix("from ") {
        let (low, high) = ends.split_once(" to ")?;
        return Some(Check::From(low.parse().ok()?, high.parse().ok()?));
    }
    let (min, max) = check.split_once("..")?;
    let max = if max == "*" { None } else { Some(max.parse().ok()?) };
    Some(Check::Count { min: min.parse().ok()?, max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::extension::Extensions;
    use crate::validate::model::{Content, Model};

    /// A rule about an element or extension that does not exist would never fire.
    #[test]
    fn rules_speak_of_what_exists() {
        let (model, extensions) = (Model::new(), Extensions::new());
        let profiles = Profile::all();
        for profile in &profiles {
            for rule in &profile.rules {
                let mut type_ = model.resource(profile.resource_type);
                for (position, step) in rule.steps.iter().enumerate() {
                    let is_last = position + 1 == rule.steps.len();
                    match &step.kind {
                        Kind::Extension(url) if url.contains(':') => {
                            assert!(extensions.get(url).is_some(), "{}: {url}", rule.id);
                            type_ = model.extension();
                        }
                        Kind::Extension(_) => type_ = model.extension(),
                        Kind::Element(key) => {
                            let name = key.strip_prefix('_').unwrap_or(key);
                            let element = type_.element(name);
                            let element = element.unwrap_or_else(|| panic!("{}: {key}", rule.id));
                            match element.content {
                                Content::Complex(id) => type_ = model.type_(id),
                                Content::Primitive(_) => {
                                    assert!(is_last || key.starts_with('_'), "{}", rule.id);
                                }
                                Content::Resource => panic!("{}", rule.id),
                            }
                        }
                    }
                }
            }
        }
        let mut ids: Vec<&str> = profiles.iter().flat_map(|p| &p.rules).map(|r| &*r.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "rule ids are unique");
        assert!(count > 120, "{count}");
    }
}
