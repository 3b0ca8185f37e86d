//! References: which resource a request's value names.
//!
//! What a document refers to is read by [`crate::fhir::Reference`]; following references and finding
//! logical ones is the engine's work.

use std::fmt;

use crate::fhir::{ResourceType, Target, is_valid_id};

use super::{ReferenceTargets, ValueError, escape};

/// A resource, as a request names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReferenceQuery {
    /// A resource of this directory; without type, of any type the parameter may refer to.
    Id {
        /// Its type, when stated.
        resource_type: Option<ResourceType>,
        /// Its id.
        id: String,
    },
    /// A URL or relative reference that is not ours, compared with the stored text exactly.
    Url(String),
}

impl ReferenceQuery {
    /// Reads an escaped `140`, `Location/140`, `Location/140/_history/2` or absolute URL.
    ///
    /// # Errors
    /// When the text is none of these, or names a type that the `:Type` modifier excludes.
    pub fn parse(
        text: &str,
        targets: ReferenceTargets<'_>,
        base_urls: &[&str],
    ) -> Result<Self, ValueError> {
        let text = escape::unescape(text.trim());
        match Target::parse(&text, base_urls) {
            Target::Local(resource_type, id) => match targets.restricted_to {
                Some(only) if only != resource_type => Err(ValueError::new(format!(
                    "\"{text}\" is not of the type {only} that the modifier asks for"
                ))),
                Some(_) | None => Ok(Self::Id { resource_type: Some(resource_type), id }),
            },
            Target::Contained(_) => Err(ValueError::new(
                "a contained resource cannot be searched; write Type/id, id or a URL",
            )),
            Target::External(url) if is_valid_id(&url) => {
                Ok(Self::Id { resource_type: targets.restricted_to.or(single(targets)), id: url })
            }
            Target::External(url) if url.contains(':') || is_relative(&url) => Ok(Self::Url(url)),
            Target::External(url) => Err(ValueError::new(format!(
                "\"{url}\" is not a reference; write Type/id, id or a URL"
            ))),
        }
    }
}

fn single(targets: ReferenceTargets<'_>) -> Option<ResourceType> {
    match targets.allowed {
        [only] => Some(*only),
        _ => None,
    }
}

/// Whether `text` is `Type/id` of a type this directory does not hold: legal, and nothing is found.
fn is_relative(text: &str) -> bool {
    let mut segments = text.split('/');
    let type_name = segments.next().unwrap_or_default();
    let id = segments.next().unwrap_or_default();
    type_name.starts_with(|c: char| c.is_ascii_uppercase())
        && type_name.chars().all(|c| c.is_ascii_alphanumeric())
        && type_name.parse::<ResourceType>().is_err()
        && is_valid_id(id)
}

impl fmt::Display for ReferenceQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id { resource_type: Some(resource_type), id } => {
                write!(f, "{resource_type}/{id}")
            }
            Self::Id { resource_type: None, id } => f.write_str(id),
            Self::Url(url) => f.write_str(&escape::escape(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OWN: &[&str] = &["https://ror.example/fhir"];
    const ANY: ReferenceTargets<'_> = ReferenceTargets {
        restricted_to: None,
        allowed: &[ResourceType::Organization, ResourceType::Location],
    };

    fn id(resource_type: Option<ResourceType>, id: &str) -> ReferenceQuery {
        ReferenceQuery::Id { resource_type, id: id.to_owned() }
    }

    #[test]
    fn reads() {
        let location = Some(ResourceType::Location);
        let url = |text: &str| Some(ReferenceQuery::Url(text.to_owned()));
        let rows = [
            ("140", Some(id(None, "140"))),
            ("Location/140", Some(id(location, "140"))),
            ("Location/140/_history/2", Some(id(location, "140"))),
            ("https://ror.example/fhir/Location/140", Some(id(location, "140"))),
            (
                "https://other.example/fhir/Location/140",
                url("https://other.example/fhir/Location/140"),
            ),
            ("urn:uuid:1-2", url("urn:uuid:1-2")),
            ("Patient/1", url("Patient/1")),
            ("#x", None),
            ("", None),
            ("a b", None),
            ("Location/", None),
            ("Location/a b", None),
            ("location/140", None),
        ];
        for (text, expected) in rows {
            assert_eq!(ReferenceQuery::parse(text, ANY, OWN).ok(), expected, "{text}");
        }
    }

    #[test]
    fn types_restrict() {
        let only = ReferenceTargets { restricted_to: Some(ResourceType::Location), ..ANY };
        assert_eq!(
            ReferenceQuery::parse("140", only, OWN).ok(),
            Some(id(Some(ResourceType::Location), "140"))
        );
        assert!(ReferenceQuery::parse("Organization/140", only, OWN).is_err());
        let single = ReferenceTargets { allowed: &[ResourceType::Location], ..ANY };
        assert_eq!(
            ReferenceQuery::parse("140", single, OWN).ok(),
            Some(id(Some(ResourceType::Location), "140"))
        );
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(text in "((Location|Organization|Patient)/)?[a-z0-9.-]{1,8}") {
            let query = ReferenceQuery::parse(&text, ANY, OWN).unwrap();
            prop_assert_eq!(ReferenceQuery::parse(&query.to_string(), ANY, OWN).unwrap(), query);
        }
    }
}
