//! Names of parameters: `specialty:not`, `organization.identifier:above`, `_has:Task:focus:status`.
//!
//! ```text
//! name    = "_has:" Type ":" reference ":" name
//!         | reference [":" Type] [":above"] "." name       each at most once, :above also once in all
//!         | parameter *(":" modifier)
//! ```
//! A chain over a reference of several types becomes one path for each type that has the parameter.

use shared::error::IssueType;
use shared::fhir::ResourceType;
use shared::registry::{self, ParameterType, SearchParameter};

use super::ast::Hop;
use super::suggest;

/// The criteria on the point of a place.
const PLACES: [&str; 3] = ["near", "near-insee-code", "near-address"];

/// A name, understood on one type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// The way to the tested resource.
    pub(super) chain: Vec<Hop>,
    /// Its type.
    pub(super) base: ResourceType,
    /// The parameter.
    pub(super) parameter: &'static SearchParameter,
    /// The target or one of its ancestors may satisfy the test (T6).
    pub(super) above: bool,
    /// How values are compared, when not in the default way.
    pub(super) modifier: Option<Modifier>,
}

/// A modifier that R4 or the guide gives the parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Modifier {
    /// `:missing`
    Missing,
    /// `:not`
    Not,
    /// `:exact`
    Exact,
    /// `:contains`
    Contains,
    /// `:text`
    Text,
    /// `:in`
    In,
    /// `:of-type`
    OfType,
    /// `:identifier`
    Identifier,
    /// `:above`
    Above,
    /// `:below`
    Below,
    /// `:Organization`
    Type(ResourceType),
}

const MODIFIERS: [(&str, Modifier); 10] = [
    ("missing", Modifier::Missing),
    ("not", Modifier::Not),
    ("exact", Modifier::Exact),
    ("contains", Modifier::Contains),
    ("text", Modifier::Text),
    ("in", Modifier::In),
    ("of-type", Modifier::OfType),
    ("identifier", Modifier::Identifier),
    ("above", Modifier::Above),
    ("below", Modifier::Below),
];

/// Why a name is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyError {
    /// The first name is not a parameter of the searched type: ignored with a warning (T3).
    Unknown(String),
    /// A mistake that must not be ignored.
    Invalid(IssueType, String),
}

fn invalid(diagnostics: String) -> KeyError {
    KeyError::Invalid(IssueType::Invalid, diagnostics)
}

/// The paths that `name` means on `base`; never empty.
pub(super) fn resolve(
    base: ResourceType,
    name: &str,
    depth_max: usize,
) -> Result<Vec<Path>, KeyError> {
    resolve_via(base, name, None, depth_max).map_err(|error| match error {
        KeyError::Invalid(IssueType::TooCostly, why) => {
            KeyError::Invalid(IssueType::TooCostly, format!("{why}: at most {depth_max}"))
        }
        KeyError::Unknown(_) | KeyError::Invalid(..) => error,
    })
}

/// The ways that the chain `name` goes from `base`, each with whether it climbs at its end (`:above`);
/// never empty.
pub(super) fn resolve_chain(
    base: ResourceType,
    name: &str,
    depth_max: usize,
) -> Result<Vec<(Vec<Hop>, bool)>, KeyError> {
    let step = Step::read(base, name)?;
    let depth_left = one_deeper(depth_max)?;
    let Some(rest) = step.rest else {
        return Ok(step.hops.into_iter().map(|hop| (vec![hop], step.above)).collect());
    };
    if step.above {
        return Err(above_inside(name));
    }
    of_each_hop(&step.hops, |hop| {
        let ways = resolve_chain(hop.to(), rest, depth_left)?;
        let after_hop = |(hops, above): (Vec<Hop>, bool)| ([vec![hop], hops].concat(), above);
        Ok(ways.into_iter().map(after_hop).collect())
    })
}

fn above_inside(name: &str) -> KeyError {
    invalid(format!("\":above\" belongs to the last step of a chain, not inside \"{name}\""))
}

fn resolve_via(
    base: ResourceType,
    name: &str,
    via: Option<Hop>,
    depth_left: usize,
) -> Result<Vec<Path>, KeyError> {
    if !name.starts_with("_has:") && !name.contains('.') {
        return Ok(vec![read_last(base, name, via)?]);
    }
    let step = Step::read(base, name)?;
    let Some(rest) = step.rest else {
        return Err(invalid(format!(
            "\"{name}\" lacks a parameter; write _has:Type:reference:parameter"
        )));
    };
    let depth_left = one_deeper(depth_left)?;
    of_each_hop(&step.hops, |hop| {
        let mut paths = resolve_via(hop.to(), rest, Some(hop), depth_left)?;
        for path in &mut paths {
            if step.above && !path.chain.is_empty() {
                return Err(above_inside(name));
            }
            if step.above && path.above {
                return Err(given_twice("above", name));
            }
            path.above |= step.above;
            path.chain.insert(0, hop);
        }
        Ok(paths)
    })
}

fn one_deeper(depth_left: usize) -> Result<usize, KeyError> {
    depth_left.checked_sub(1).ok_or_else(|| {
        KeyError::Invalid(IssueType::TooCostly, "the chain has too many steps".to_owned())
    })
}

/// What `of` gives for every hop where it succeeds; its first error when it never does.
fn of_each_hop<T>(
    hops: &[Hop],
    of: impl Fn(Hop) -> Result<Vec<T>, KeyError>,
) -> Result<Vec<T>, KeyError> {
    let mut found = Vec::new();
    let mut first_error = None;
    for hop in hops {
        match of(*hop) {
            Ok(paths) => found.extend(paths),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(KeyError::Unknown(diagnostics)) if found.is_empty() => Err(invalid(diagnostics)),
        Some(error) if found.is_empty() => Err(error),
        Some(_) | None => Ok(found),
    }
}

/// One step of a chain: `location.…` or `_has:Task:focus:…`.
struct Step<'a> {
    /// One hop for each type the step may lead to; never empty.
    hops: Vec<Hop>,
    /// `organization:above.…`
    above: bool,
    /// What follows the separator; `None` at the end.
    rest: Option<&'a str>,
}

impl<'a> Step<'a> {
    fn read(base: ResourceType, name: &'a str) -> Result<Self, KeyError> {
        match name.strip_prefix("_has:") {
            Some(rest) => Self::reverse(base, name, rest),
            None => Self::forward(base, name),
        }
    }

    fn reverse(base: ResourceType, name: &str, text: &'a str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, ':');
        let (Some(source), Some(reference)) = (parts.next(), parts.next()) else {
            return Err(invalid(format!(
                "\"{name}\" is not a reverse chain; write _has:Type:reference:parameter"
            )));
        };
        let source: ResourceType = source.parse().map_err(|error| {
            let types = ResourceType::ALL.iter().map(|t| t.as_str());
            invalid(format!("{error}{}", suggest::hint(source, types)))
        })?;
        let Some(parameter) = registry::find(source, reference) else {
            return Err(invalid(unknown_parameter(source, reference)));
        };
        if !parameter.targets.contains(&base) {
            let able: Vec<&str> = registry::of_type(source)
                .filter(|p| p.targets.contains(&base))
                .map(|p| p.code)
                .collect();
            return Err(invalid(format!(
                "\"{reference}\" of {source} does not refer to {base}; references that do: {}",
                list(&able)
            )));
        }
        Ok(Self { hops: vec![Hop::Reverse(source, parameter)], above: false, rest: parts.next() })
    }

    fn forward(base: ResourceType, name: &'a str) -> Result<Self, KeyError> {
        let (segment, rest) = match name.split_once('.') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (name, None),
        };
        let mut parts = segment.split(':');
        let code = parts.next().unwrap_or_default();
        let modifiers: Vec<&str> = parts.collect();
        if code.is_empty() {
            return Err(invalid(format!(
                "\"{name}\" names no reference before its first dot; {base} has {}",
                list(&references_of(base))
            )));
        }
        let Some(parameter) = registry::find(base, code) else {
            let why = unknown_parameter(base, code);
            // A chain is meant: what its first step misses must not widen the search in silence.
            let lower = code.to_ascii_lowercase();
            let is_misspelled = registry::find(base, &lower).is_some();
            return Err(if is_misspelled { invalid(why) } else { KeyError::Unknown(why) });
        };
        if parameter.kind != ParameterType::Reference {
            return Err(invalid(format!(
                "\"{code}\" is not a reference; only references can be chained, and {base} has {}",
                list(&references_of(base))
            )));
        }
        if parameter.targets.is_empty() {
            return Err(invalid(format!(
                "\"{code}\" refers to resources that the directory does not hold; it cannot be \
                 chained"
            )));
        }
        let mut targets = parameter.targets.to_vec();
        let mut above = false;
        for (at, modifier) in modifiers.iter().enumerate() {
            match modifier.parse::<ResourceType>() {
                Ok(_) | Err(_) if modifiers[..at].contains(modifier) => {
                    return Err(given_twice(modifier, segment));
                }
                Ok(only) if targets.contains(&only) => targets = vec![only],
                Ok(_) | Err(_) if *modifier == "above" && climbs(parameter) => above = true,
                Ok(_) | Err(_) => return Err(wrong_modifier(parameter, &modifiers, modifier)),
            }
        }
        let hops = targets.into_iter().map(|target| Hop::Forward(parameter, target)).collect();
        Ok(Self { hops, above, rest })
    }
}

/// Whether the guide lets criteria chained over this reference climb `partOf` (T6).
fn climbs(parameter: &SearchParameter) -> bool {
    parameter.code == "organization"
}

fn read_last(base: ResourceType, name: &str, via: Option<Hop>) -> Result<Path, KeyError> {
    let mut parts = name.split(':');
    let code = parts.next().unwrap_or_default();
    let modifiers: Vec<&str> = parts.collect();
    if code == "_has" {
        return Err(invalid("\"_has\" is written _has:Type:reference:parameter".to_owned()));
    }
    let Some(parameter) = registry::find(base, code) else {
        return Err(KeyError::Unknown(unknown_parameter(base, code)));
    };
    let may_climb = matches!(via, Some(Hop::Forward(hop, _)) if climbs(hop));
    let mut path = Path { chain: Vec::new(), base, parameter, above: false, modifier: None };
    for (at, text) in modifiers.iter().enumerate() {
        if modifiers[..at].contains(text) {
            return Err(given_twice(text, name));
        }
        if *text == "above" && may_climb {
            path.above = true;
            continue;
        }
        match (read_modifier(parameter, text), path.modifier) {
            (Some(modifier), None) => path.modifier = Some(modifier),
            (Some(_), Some(_)) | (None, _) => {
                return Err(wrong_modifier(parameter, &modifiers, text));
            }
        }
    }
    Ok(path)
}

/// A modifier that a name repeats: once says it all, and twice may have been meant as something else.
fn given_twice(modifier: &str, name: &str) -> KeyError {
    let diagnostics =
        format!("the modifier \"{modifier}\" stands twice in \"{name}\"; write it once");
    KeyError::Invalid(IssueType::NotSupported, diagnostics)
}

fn read_modifier(parameter: &SearchParameter, text: &str) -> Option<Modifier> {
    if let Ok(only) = text.parse::<ResourceType>() {
        return parameter.targets.contains(&only).then_some(Modifier::Type(only));
    }
    let allowed = parameter.modifiers().contains(&text);
    MODIFIERS.iter().find(|(name, _)| *name == text && allowed).map(|(_, modifier)| *modifier)
}

/// The diagnostics of a modifier that does not belong: the dotted form when a chain was meant (T4), else
/// the modifiers that do.
fn wrong_modifier(parameter: &SearchParameter, modifiers: &[&str], wrong: &str) -> KeyError {
    let code = parameter.code;
    let diagnostics = match dotted(parameter, modifiers) {
        Some(dotted) => format!(
            "\"{code}:{}\" is not a chain, and \"{wrong}\" is no modifier of \"{code}\"; write \
             \"{dotted}\"",
            modifiers.join(":")
        ),
        None => format!(
            "unknown modifier \"{wrong}\" on \"{code}\"; allowed: {}",
            allowed_modifiers(parameter)
        ),
    };
    KeyError::Invalid(IssueType::NotSupported, diagnostics)
}

/// The chain that was meant by `location:near` or `focus:HealthcareService:identifier`.
fn dotted(parameter: &SearchParameter, modifiers: &[&str]) -> Option<String> {
    if parameter.kind != ParameterType::Reference {
        return None;
    }
    let code = parameter.code;
    let has = |target: ResourceType, name: &str| registry::find(target, name).is_some();
    match modifiers {
        [target, name, rest @ ..] => {
            let end = target.parse::<ResourceType>().ok().filter(|t| has(*t, name))?;
            let last = [&[*name], rest].concat().join(":");
            Some(format!("{code}:{end}.{last}"))
        }
        [name] => parameter
            .targets
            .iter()
            .any(|target| has(*target, name))
            .then(|| format!("{code}.{name}")),
        [] => None,
    }
}

fn allowed_modifiers(parameter: &SearchParameter) -> String {
    let mut allowed: Vec<&str> = parameter.modifiers().to_vec();
    allowed.extend(parameter.targets.iter().map(|target| target.as_str()));
    list(&allowed)
}

/// `unknown parameter "speciality" on HealthcareService; did you mean "specialty"?`
pub(super) fn unknown_parameter(base: ResourceType, code: &str) -> String {
    let codes = registry::of_type(base).map(|p| p.code).chain(super::result_param::NAMES);
    let hint = match chain_to(base, code).or_else(|| reverse_chain_to(base, code)) {
        Some(chain) => format!("; did you mean \"{chain}\"?"),
        None => suggest::hint(code, codes),
    };
    format!("unknown parameter \"{code}\" on {base}{hint}")
}

/// The reverse chain to the places of a type that has none: those of its offers, or of the activities of a person.
fn reverse_chain_to(base: ResourceType, code: &str) -> Option<String> {
    if !PLACES.contains(&code) {
        return None;
    }
    ResourceType::ALL.into_iter().find_map(|source| {
        let mut references = registry::of_type(source);
        let named =
            |reference: &&SearchParameter| reference.code.eq_ignore_ascii_case(base.as_str());
        let reference = references.find(|r| r.targets.contains(&base) && named(r))?;
        Some(format!("_has:{source}:{}:{}", reference.code, chain_to(source, code)?))
    })
}

/// The chain of one step to a parameter that another type has: `location.near` for `near` on an offer.
fn chain_to(base: ResourceType, code: &str) -> Option<String> {
    let steps = registry::of_type(base).filter_map(|reference| {
        let has = |target: &&ResourceType| registry::find(**target, code).is_some();
        Some((reference, *reference.targets.iter().find(has)?))
    });
    // The reference that is named after what it refers to is the one people think of.
    let is_other = |(reference, target): &(&SearchParameter, ResourceType)| {
        !reference.code.eq_ignore_ascii_case(target.as_str())
    };
    let (reference, target) = steps.min_by_key(is_other)?;
    Some(match reference.targets {
        [_] => format!("{}.{code}", reference.code),
        _ => format!("{}:{target}.{code}", reference.code),
    })
}

fn references_of(base: ResourceType) -> Vec<&'static str> {
    registry::of_type(base).filter(|p| !p.targets.is_empty()).map(|p| p.code).collect()
}

/// Names in a sentence; `none` for no name.
pub(super) fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResourceType::{HealthcareService, Location, Organization, Practitioner, Task};

    /// A path in one line: hops, tested type and parameter, `^` for above, modifier.
    fn show(path: &Path) -> String {
        let hops = path.chain.iter().map(|hop| match hop {
            Hop::Forward(p, end) => format!("{}>{end}", p.code),
            Hop::Reverse(source, p) => format!("{source}<{}", p.code),
        });
        let above = if path.above { "^" } else { "" };
        let modifier = path.modifier.map_or(String::new(), |modifier| format!(":{modifier:?}"));
        let last = format!("{}.{}{above}{modifier}", path.base, path.parameter.code);
        hops.chain([last]).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn understood() {
        let rows: &[(ResourceType, &str, &[&str])] = &[
            (HealthcareService, "specialty", &["HealthcareService.specialty"]),
            (HealthcareService, "specialty:not", &["HealthcareService.specialty:Not"]),
            (HealthcareService, "identifier:of-type", &["HealthcareService.identifier:OfType"]),
            (HealthcareService, "location.near", &["location>Location Location.near"]),
            (
                HealthcareService,
                "organization.identifier:above",
                &["organization>Organization Organization.identifier^"],
            ),
            (
                HealthcareService,
                "organization:above.identifier",
                &["organization>Organization Organization.identifier^"],
            ),
            (
                HealthcareService,
                "organization:Organization.name:contains:above",
                &["organization>Organization Organization.name^:Contains"],
            ),
            (HealthcareService, "organization:below", &["HealthcareService.organization:Below"]),
            (
                HealthcareService,
                "location.organization.name",
                &["location>Location organization>Organization Organization.name"],
            ),
            (
                HealthcareService,
                "_has:PractitionerRole:service:practitioner.identifier",
                &["PractitionerRole<service practitioner>Practitioner Practitioner.identifier"],
            ),
            (
                Location,
                "_has:HealthcareService:location:_has:Task:focus:business-status:not",
                &["HealthcareService<location Task<focus Task.business-status:Not"],
            ),
            (
                Location,
                "_has:HealthcareService:location:organization.type:above",
                &["HealthcareService<location organization>Organization Organization.type^"],
            ),
            (
                Task,
                "focus:HealthcareService.identifier",
                &["focus>HealthcareService HealthcareService.identifier"],
            ),
            (Task, "focus:Location", &["Task.focus:Type(Location)"]),
            (
                Task,
                "focus.partof",
                &["focus>Organization Organization.partof", "focus>Location Location.partof"],
            ),
            (Organization, "partof:above", &["Organization.partof:Above"]),
        ];
        for (base, name, expected) in rows {
            let paths = resolve(*base, name, 8).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let shown: Vec<String> = paths.iter().map(show).collect();
            assert_eq!(shown, *expected, "{name}");
        }
    }

    #[test]
    fn refused_with_advice() {
        let rows = [
            (HealthcareService, "location:near", "write \"location.near\""),
            (HealthcareService, "location:equipment-type", "location.equipment-type"),
            (Task, "focus:HealthcareService:identifier", "focus:HealthcareService.identifier"),
            (Task, "focus:HealthcareService:_tag", "focus:HealthcareService._tag"),
            (Organization, "name:exacte", "allowed: missing, exact, contains"),
            (Organization, "name:above", "unknown modifier"),
            (HealthcareService, "_lastUpdated:above", "unknown modifier"),
            (HealthcareService, "location.name:above", "unknown modifier"),
            (HealthcareService, "specialty.name", "not a reference"),
            (HealthcareService, "organization.nam", "did you mean \"name\""),
            (
                HealthcareService,
                ".name",
                "no reference before its first dot; HealthcareService has",
            ),
            (HealthcareService, "organization..name", "no reference before its first dot"),
            (HealthcareService, "organization:Location.name", "unknown modifier"),
            (HealthcareService, "organization:above.partof.name", "last step"),
            (HealthcareService, "_has:Task", "_has:Type:reference:parameter"),
            (HealthcareService, "_has:Task:focus", "lacks a parameter"),
            (HealthcareService, "_has:Tsk:focus:code", "Task"),
            (HealthcareService, "_has:PractitionerRole:practitioner:role", "service"),
            (HealthcareService, "_has:HealthcareService:focus:specialty", "unknown parameter"),
            (HealthcareService, "specialty:not:text", "unknown modifier \"text\""),
            (HealthcareService, "specialty:not:not", "\"not\" stands twice"),
            (HealthcareService, "organization.identifier:above:above", "\"above\" stands twice"),
            (HealthcareService, "organization:above:above.identifier", "\"above\" stands twice"),
            (HealthcareService, "organization:above.identifier:above", "\"above\" stands twice"),
            (HealthcareService, "organization.partof:above:above", "\"above\" stands twice"),
            (HealthcareService, "organization:below:below", "\"below\" stands twice"),
            (Task, "focus:Location:Location.name", "\"Location\" stands twice"),
            (Task, "focus:Location:Organization.name", "unknown modifier"),
            (Task, "patient.name", "does not hold"),
            (Organization, "partof.partof.partof.name", "too many steps"),
        ];
        for (base, name, expected) in rows {
            let depth_max = if name.matches('.').count() > 2 { 2 } else { 8 };
            match resolve(base, name, depth_max) {
                Err(KeyError::Invalid(_, diagnostics)) => {
                    assert!(diagnostics.contains(expected), "{name}: {diagnostics}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_way_to_a_place_is_named() {
        let rows = [
            (HealthcareService, "near", "\"location.near\""),
            (
                Organization,
                "near-address",
                "\"_has:HealthcareService:organization:location.near-address\"",
            ),
            (Organization, "near", "\"_has:HealthcareService:organization:location.near\""),
            (
                Practitioner,
                "near-insee-code",
                "\"_has:PractitionerRole:practitioner:location.near-insee-code\"",
            ),
        ];
        for (base, name, expected) in rows {
            match resolve(base, name, 8) {
                Err(KeyError::Unknown(text)) => assert!(text.contains(expected), "{text}"),
                other => panic!("{name}: {other:?}"),
            }
            let way = expected.trim_matches('"');
            assert!(resolve(base, way, 8).is_ok(), "{way} can be asked");
        }
    }

    #[test]
    fn unknown_first_names() {
        for name in ["speciality", "__include", "foo.name", "providedBy", ""] {
            let result = resolve(HealthcareService, name, 8);
            assert!(matches!(result, Err(KeyError::Unknown(_))), "{name}: {result:?}");
        }
    }
}
