//! The values of the placeholders of the acceptance catalogue, chosen from the sample.
//!
//! `tests/scenarios/vars.json` is this table; a test keeps them equal. `BASE` and `NEW_LOC_ID` are known only
//! when a server runs.

use std::collections::BTreeMap;

/// `LOC_ID`.
pub(super) const PLACE: &str = "140";
/// `HS_ID`.
pub(super) const OFFER: &str = "741";
/// `HS_IDENTIFIER`.
pub(super) const OFFER_IDENTIFIER: &str = "52/339772";

/// The table, by name.
pub fn variables() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("TZ", "+01:00"),
        ("REGION", "52"),
        ("DEPT", "44"),
        ("DATE", "2025-01-15"),
        ("DATETIME_MIN", "2025-01-15T15:00"),
        ("LOC_ID", PLACE),
        ("LOC_ID2", "141"),
        ("LOC_IDENTIFIER", "52/192675"),
        ("LOC_IDENTIFIER2", "52/347254"),
        ("LOC_IDENTIFIER_NOCAP", "52/200001"),
        ("SHARED_IDENTIFIER", "52/200000"),
        ("UNKNOWN_IDENTIFIER", "52/999999"),
        ("HS_ID", OFFER),
        ("HS_IDENTIFIER", OFFER_IDENTIFIER),
        ("HS_IDENTIFIER2", "52/339773"),
        ("EG_ID", "eg-440000271"),
        ("EG_IDENTIFIER", "1440000271"),
        ("EJ_ID", "ej-440000289"),
        ("ORG_ID", "789"),
        ("CAT_EG", "101"),
        ("ACTIVITY", "083"),
        ("COMMUNE", "29151"),
        ("COMMUNE2", "18033"),
        ("MODE", "03"),
        ("LEVEL", "04"),
        ("EQUIPMENT", "083"),
        ("AMOUNT", "60"),
        ("TASK_ID", "1309"),
        ("TASK_ID2", "1310"),
        ("TASK_IDENTIFIER", "anomalie/1309"),
        ("MEASURE_IDENTIFIER", "IND-001"),
        ("PRACT_ID", "2524"),
        ("PRACT_IDENTIFIER", super::people::KNOWN_NUMBER),
        ("HOUSE_NUMBER", "9"),
        ("Q_IDENTIFIER", "MS-141"),
    ])
}
