//! The parallel stage of a load: bytes → a valid document with its search values, or a refusal.

use std::borrow::Cow;

use shared::error::Issue;
use shared::extract::{Extracted, extract};
use shared::fhir::{ResourceType, is_valid_id};
use shared::store::{Codec, CodecError, Prepared};
use shared::validate::{self, Validator};

use crate::read::{Origin, RawDocument};
use crate::references::local_references;

/// The number of a resource's first version.
const FIRST_VERSION: u32 = 1;

/// What became of a document before its place in the directory is known.
pub(super) enum Outcome {
    /// Valid.
    Candidate(Box<Candidate>),
    /// Not valid.
    Refusal(Refusal),
}

/// A valid document.
pub(super) struct Candidate {
    pub(super) prepared: Prepared,
    pub(super) extracted: Extracted,
    /// The resources of ours it refers to, once for each place.
    pub(super) references: Vec<(ResourceType, String)>,
    /// It as it is stored, where its version could be foreseen.
    pub(super) encoded: Option<Encoded>,
    /// The rules behind its warnings.
    pub(super) warnings: Vec<Cow<'static, str>>,
}

/// A document as it is stored.
pub(super) struct Encoded {
    pub(super) version: u32,
    pub(super) last_updated_ms: i64,
    /// The compressed document.
    pub(super) blob: Vec<u8>,
}

impl Encoded {
    pub(super) fn new(
        prepared: &Prepared,
        version: u32,
        codec: &Codec,
        now_ms: i64,
    ) -> Result<Self, CodecError> {
        let last_updated_ms = prepared.load_instant_ms(now_ms);
        let json = prepared.with_meta(version, last_updated_ms);
        let blob = codec.encode(prepared.resource_type(), &json)?;
        Ok(Self { version, last_updated_ms, blob })
    }
}

/// How documents become first versions before it is known that they are: compressing is for all cores,
/// and what comes after is one document after the other.
#[derive(Clone, Copy)]
pub(super) struct FirstVersions<'a> {
    pub(super) codec: &'a Codec,
    /// The instant of the load.
    pub(super) now_ms: i64,
}

/// A document that is left out, with all reasons.
pub(super) struct Refusal {
    pub(super) origin: Origin,
    /// What it claims to be, when that much can be read.
    pub(super) identity: Option<(ResourceType, String)>,
    pub(super) reasons: Vec<String>,
    pub(super) bytes: Vec<u8>,
}

/// What preparing needs to know.
#[derive(Clone, Copy)]
pub(super) struct Preparation<'a> {
    pub(super) validator: &'a Validator,
    pub(super) base_urls: &'a [&'a str],
    /// Where most documents are the first of their resource.
    pub(super) first_versions: Option<FirstVersions<'a>>,
}

impl Preparation<'_> {
    pub(super) fn prepare(self, raw: RawDocument) -> Outcome {
        let mut identity = None;
        match self.candidate(&raw, &mut identity) {
            Ok(candidate) => Outcome::Candidate(Box::new(candidate)),
            Err(reasons) => Outcome::Refusal(Refusal {
                origin: raw.origin,
                identity,
                reasons,
                bytes: raw.bytes,
            }),
        }
    }

    fn candidate(
        self,
        raw: &RawDocument,
        identity: &mut Option<(ResourceType, String)>,
    ) -> Result<Candidate, Vec<String>> {
        if let Some(reason) = &raw.refusal {
            return Err(vec![reason.clone()]);
        }
        let document = validate::parse(&raw.bytes).map_err(|issues| texts(issues.iter()))?;
        *identity = claimed_identity(&document);
        let findings = self.validator.findings(&document);
        if findings.iter().any(|finding| finding.issue.is_error()) {
            let errors = findings.iter().map(|finding| &finding.issue).filter(|i| i.is_error());
            return Err(texts(errors));
        }
        let prepared =
            Prepared::of_parsed(&raw.bytes, &document).map_err(|error| vec![error.to_string()])?;
        let extracted = extract(&document, self.base_urls)
            .ok_or_else(|| vec!["the document has no type or id".to_owned()])?;
        let references = local_references(prepared.content(), self.base_urls).collect();
        let warnings = findings.into_iter().map(|finding| finding.rule).collect();
        let encoded = self.first_versions.and_then(|how| how.of(&prepared));
        Ok(Candidate { prepared, extracted, references, encoded, warnings })
    }
}

impl FirstVersions<'_> {
    /// `None` while its type has no dictionary, and for what cannot be compressed: then it is tried again
    /// when it is written.
    fn of(self, prepared: &Prepared) -> Option<Encoded> {
        if !self.codec.has_dictionary(prepared.resource_type()) {
            return None;
        }
        Encoded::new(prepared, FIRST_VERSION, self.codec, self.now_ms).ok()
    }
}

fn claimed_identity(document: &serde_json::Value) -> Option<(ResourceType, String)> {
    let resource_type = document.get("resourceType")?.as_str()?.parse().ok()?;
    let id = document.get("id")?.as_str().filter(|id| is_valid_id(id))?;
    Some((resource_type, id.to_owned()))
}

fn texts<'a>(issues: impl Iterator<Item = &'a Issue>) -> Vec<String> {
    issues
        .map(|issue| match &issue.expression {
            Some(place) => format!("{place}: {}", issue.diagnostics),
            None => issue.diagnostics.clone(),
        })
        .collect()
}
