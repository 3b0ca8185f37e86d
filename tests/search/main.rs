//! Search over HTTP, beyond the catalogue: every type of parameter with its modifiers and prefixes,
//! chains, paging, result parameters, and what the server says of broken requests.
//!
//! Expected results are computed naively from the sample's documents (`naive`); values are taken from
//! the sample too, so that the rows survive a new sample.

mod broken;
mod chain;
mod date;
mod every_parameter;
mod facets;
mod include;
mod naive;
mod number;
mod offers;
mod page;
mod record;
mod reference;
mod result;
mod string;
mod text;
mod token;
mod transfer;
