//! Values of search parameters, both sides: what a document's value becomes in the index, and what a
//! request's value asks of it. One file for each parameter type, so that the two cannot drift.

pub mod age;
pub mod date;
pub mod decimal;
pub mod escape;
pub mod near;
pub mod number;
pub mod opening;
pub mod quantity;
pub mod reference;
pub mod string;
pub mod text;
pub mod token;
pub mod uri;

use std::fmt;

use crate::fhir::ResourceType;

/// How an ordered value is compared. Source: FHIR R4, search, "Prefixes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// Equal (contained in the range the precision implies).
    Eq,
    /// Not equal.
    Ne,
    /// Greater than.
    Gt,
    /// Less than.
    Lt,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Starts after.
    Sa,
    /// Ends before.
    Eb,
    /// Approximately (10 %).
    Ap,
}

impl Prefix {
    /// All prefixes with their text.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Gt, "gt"),
        (Self::Lt, "lt"),
        (Self::Ge, "ge"),
        (Self::Le, "le"),
        (Self::Sa, "sa"),
        (Self::Eb, "eb"),
        (Self::Ap, "ap"),
    ];

    /// The two letters.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(p, _)| *p == self).map_or("eq", |(_, text)| text)
    }

    /// Splits the prefix from the text of an ordered value; `Eq` when there is none.
    ///
    /// Prefixes are lower-case, as R4 writes them. `ltXR` becomes `(Lt, "XR")`.
    pub fn split(text: &str) -> (Self, &str) {
        Self::ALL
            .into_iter()
            .find_map(|(prefix, letters)| Some((prefix, text.strip_prefix(letters)?)))
            .unwrap_or((Self::Eq, text))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The resource types a reference value may name, by the modifier and the parameter.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceTargets<'a> {
    /// `:Organization`, when the parameter was so restricted.
    pub restricted_to: Option<ResourceType>,
    /// The types the parameter may refer to.
    pub allowed: &'a [ResourceType],
}

/// A value that is not what its parameter's type asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

impl ValueError {
    /// An error from anything that reads as a sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A hash of text that never changes between builds (FNV-1a, 64 bits): units stand in columns as one.
///
/// Never 0, so that 0 can say "none".
pub(crate) fn stable_hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

/// A request's value, read by its parameter's type.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryValue {
    /// `system|code`, `|code`, `code`, `system|`; with `:of-type`, `system|code|value`.
    Token(token::TokenQuery),
    /// Text to fold (`:exact`: to compare as it stands).
    String(String),
    /// A comparison with a date range.
    Date(date::DateQuery),
    /// A comparison with a number.
    Number(number::NumberQuery),
    /// A comparison with a quantity.
    Quantity(quantity::QuantityQuery),
    /// A reference.
    Reference(reference::ReferenceQuery),
    /// A URI.
    Uri(String),
    /// One value for each component.
    Composite(Vec<QueryValue>),
    /// A circle on the globe.
    Near(near::NearQuery),
    /// Words to find.
    Text(text::TextQuery),
}
