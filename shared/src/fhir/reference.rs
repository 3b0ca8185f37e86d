//! References between documents, as text: relative, absolute, logical.

use super::ResourceType;

/// What a reference points at, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A resource of this directory: `Location/140` (a version suffix is dropped).
    Local(ResourceType, String),
    /// An absolute URL or URN that is not ours, or a type we do not hold.
    External(String),
    /// A contained resource: `#x`.
    Contained(String),
}

/// A `Reference` element, read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Reference {
    /// The literal reference, when there is one.
    pub target: Option<Target>,
    /// `Reference.type`: the last segment of a URL, or the bare name.
    pub type_name: Option<String>,
    /// `Reference.identifier.system`, for a logical reference.
    pub identifier_system: Option<String>,
    /// `Reference.identifier.value`, for a logical reference.
    pub identifier_value: Option<String>,
    /// `Reference.display`.
    pub display: Option<String>,
}

impl Target {
    /// Reads the text of `Reference.reference`.
    ///
    /// An absolute URL whose last two segments are one of our types and an id is *not* taken for
    /// local: only the caller knows its own base (`base_urls`, each without trailing slash).
    pub fn parse(text: &str, base_urls: &[&str]) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Self::Contained(id.to_owned());
        }
        let relative = base_urls
            .iter()
            .find_map(|base| text.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')))
            .unwrap_or(text);
        let mut segments = relative.split('/');
        let (Some(type_name), Some(id)) = (segments.next(), segments.next()) else {
            return Self::External(text.to_owned());
        };
        let version_suffix = matches!(
            (segments.next(), segments.next(), segments.next()),
            (None, None, None) | (Some("_history"), Some(_), None)
        );
        match type_name.parse::<ResourceType>() {
            Ok(resource_type) if version_suffix && is_valid_id(id) => {
                Self::Local(resource_type, id.to_owned())
            }
            _ => Self::External(text.to_owned()),
        }
    }
}

/// Whether `id` is a FHIR id: 1 to 64 of `A-Z a-z 0-9 - .`.
pub fn is_valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

impl Reference {
    /// Reads a `Reference` element. Returns `None` when it is not an object or says nothing.
    pub fn from_json(value: &serde_json::Value, base_urls: &[&str]) -> Option<Self> {
        let object = value.as_object()?;
        let text = |key: &str| object.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let identifier = object.get("identifier").and_then(|v| v.as_object());
        let identifier_text =
            |key: &str| identifier?.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let reference = Self {
            target: object
                .get("reference")
                .and_then(|v| v.as_str())
                .map(|t| Target::parse(t, base_urls)),
            type_name: text("type").map(|t| t.rsplit('/').next().unwrap_or_default().to_owned()),
            identifier_system: identifier_text("system"),
            identifier_value: identifier_text("value"),
            display: text("display"),
        };
        (reference != Self::default()).then_some(reference)
    }
}
