//! (to be written)
use super::SearchParameter;
/// All search parameters.
pub const PARAMETERS: &[SearchParameter] = &[];
