//! One validator for everything that enters the directory, loads and writes alike.
//!
//! [`parse`] turns bytes into JSON and refuses what two programs could read differently; a
//! [`Validator`] then checks one resource in three layers ([`Layer`]): the shape of FHIR R4, the rules
//! of R4 on top of it, and the profiles of the ROR guide. Profile rules are warnings, because published
//! and real documents break them; they are errors where the document claims the profile in
//! `meta.profile`, or under [`Strictness::Strict`]. A few are only ever advice.
//!
//! Deliberately absent: whether references resolve (the store knows), labels of codes, HTTP statuses, any
//! change to a document.
//!
//! The definitions are small tables under `assets/validate`; a validator is built once and shared.

mod binding;
mod definition;
mod extension;
mod finding;
mod invariant;
mod json;
mod model;
mod narrative;
mod path;
mod primitive;
mod profile;
#[cfg(test)]
mod tests;
mod walk;

use serde_json::Value;

use crate::config::ProfileRules;
use crate::error::{Issue, IssueType, Severity};
use crate::fhir::ResourceType;
use extension::{Extensions, ROR_BASE};
use finding::{Findings, excerpt};
use model::Model;
use path::Path;
use profile::Profile;
use walk::{Object, Walk};

pub use definition::{Definition, ElementDefinition, ElementKind};
pub use finding::{Finding, Layer};
pub use json::{DEPTH_MAX, parse};

/// How much weight the profiles of the guide have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Rules of a profile are errors only where `meta.profile` claims it.
    #[default]
    WhereClaimed,
    /// Rules of a profile are always errors.
    Strict,
}

impl From<ProfileRules> for Strictness {
    fn from(rules: ProfileRules) -> Self {
        match rules {
            ProfileRules::Claimed => Self::WhereClaimed,
            ProfileRules::Always => Self::Strict,
        }
    }
}

/// Checks resources against FHIR R4 and the ROR guide. Immutable and shareable between threads.
pub struct Validator {
    model: Model,
    extensions: Extensions,
    profiles: Vec<Profile>,
    strictness: Strictness,
}

impl Validator {
    /// Reads the built-in tables; takes milliseconds, so build one and share it.
    pub fn new(strictness: Strictness) -> Self {
        Self {
            model: Model::new(),
            extensions: Extensions::new(),
            profiles: Profile::all(),
            strictness,
        }
    }

    /// Checks one resource; an empty list means nothing to report.
    ///
    /// The document is acceptable when no issue is an error. At most 100 issues are listed, then one
    /// that says how many more there are.
    pub fn validate(&self, document: &Value) -> Vec<Issue> {
        self.findings(document).into_iter().map(|finding| finding.issue).collect()
    }

    /// As [`Self::validate`], with the rule behind each issue, to count by.
    pub fn findings(&self, document: &Value) -> Vec<Finding> {
        let (root, resource_type) = match resource_type(document) {
            Ok(found) => found,
            Err(issue) => {
                return vec![Finding { rule: "resource-type".into(), layer: Layer::Shape, issue }];
            }
        };
        let path = Path::root(resource_type.as_str());
        let profile = self.profiles.iter().find(|profile| profile.resource_type == resource_type);
        let is_claimed = profile.is_some_and(|profile| profile.is_claimed_by(root));
        let guide_severity = match (self.strictness, is_claimed) {
            (Strictness::Strict, _) | (_, true) => Severity::Error,
            (Strictness::WhereClaimed, false) => Severity::Warning,
        };
        let mut walk = Walk::new(self, root, guide_severity);
        walk.document(resource_type, &path);
        if let Some(profile) = profile {
            self.foreign_claims(profile, &mut walk.findings, root, &path);
            profile.check(&mut walk, &path);
        }
        walk.findings.into_vec()
    }

    /// A document must not claim the profile of another type.
    fn foreign_claims(
        &self,
        own: &Profile,
        findings: &mut Findings,
        root: &Object,
        path: &Path<'_>,
    ) {
        for claim in profile::claims(root).filter(|claim| claim.starts_with(ROR_BASE)) {
            let claimed = self.profiles.iter().find(|profile| profile.url() == claim);
            let foreign = claimed.filter(|claimed| claimed.resource_type != own.resource_type);
            if let Some(foreign) = foreign {
                let (error, code) = (Severity::Error, IssueType::Invariant);
                let meta = path.name("meta");
                findings.push(
                    "profile-claim",
                    Layer::Profile,
                    error,
                    code,
                    &meta.name("profile"),
                    || format!("{claim} is a profile of {}", foreign.resource_type),
                );
            }
        }
    }
}

/// Reads the root of a document.
fn resource_type(document: &Value) -> Result<(&Object, ResourceType), Issue> {
    let Value::Object(root) = document else {
        return Err(Issue::error(IssueType::Structure, "a resource must be a JSON object"));
    };
    let Some(name) = root.get("resourceType") else {
        let text = "resourceType is missing";
        return Err(Issue::error(IssueType::Required, text).at("resourceType"));
    };
    let Value::String(name) = name else {
        let text = "resourceType must be a string";
        return Err(Issue::error(IssueType::Structure, text).at("resourceType"));
    };
    name.parse().map(|resource_type| (root, resource_type)).map_err(|_| {
        let text = format!("{} is not a resource type of this directory", excerpt(name));
        Issue::error(IssueType::NotSupported, text).at("resourceType")
    })
}
