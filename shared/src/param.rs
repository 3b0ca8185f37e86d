//! Values of search parameters, both sides: what a document's value becomes in the index, and what a
//! request's value asks of it. One file for each parameter type, so that the two cannot drift.

pub mod date;
pub mod near;
pub mod number;
pub mod quantity;
pub mod reference;
pub mod string;
pub mod token;
pub mod uri;

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

/// A value that is not what its parameter's type asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

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
    Text(String),
}
