//! Where a page ends, so that the next can begin there: the position of its last match in the order.
//!
//! A token holds a position, not a page number, so that every page costs the same. It is only good for
//! the search it was made for (hash of the query), under the same schema.

use serde::{Deserialize, Serialize};

/// The position of a match in the order of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PageKeys {
    /// The values of its sort keys.
    pub(crate) values: Vec<PageValue>,
    /// Its id, which breaks ties.
    pub(crate) id: String,
    /// Its key, which breaks ties between resources of several types with one id.
    pub(crate) key: u32,
}

/// The value of one sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PageValue {
    /// No value: last in any order.
    Missing,
    /// A number, date, distance or score, mapped to integers of the same order.
    Number(u64),
    /// A folded text.
    Text(String),
}

/// What a `next` link carries, sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageToken {
    /// Hash of the search it belongs to.
    pub(crate) query: u64,
    /// Digest of the schema it was made under.
    pub(crate) schema: String,
    /// Sequence number of the snapshot of the first page.
    pub(crate) seq: u64,
    /// Where the former page ended.
    pub(crate) keys: PageKeys,
}

/// Maps a number to an integer of the same order.
pub(super) fn ordered_f64(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Maps a signed integer to an unsigned one of the same order.
pub(super) fn ordered_i64(value: i64) -> u64 {
    (value as u64) ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn mappings_keep_order(a: f64, b: f64, c: i64, d: i64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(ordered_f64(a).cmp(&ordered_f64(b)), a.total_cmp(&b));
            prop_assert_eq!(ordered_i64(c).cmp(&ordered_i64(d)), c.cmp(&d));
        }
    }
}
