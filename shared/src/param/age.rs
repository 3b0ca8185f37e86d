//! Ages: `24h`, `30m`, `7d`, or an ISO 8601 duration of fixed length (`PT24H`, `P1DT12H`).
//!
//! Months and years have no fixed length and are not ages.

use super::ValueError;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A century: more is a mistake.
const MAX_MS: i64 = 36_525 * DAY_MS;

/// Reads an age, in milliseconds.
///
/// # Errors
/// When the text is not of these forms, zero, or longer than a century.
pub fn parse(text: &str) -> Result<i64, ValueError> {
    const FORMS: &str = "write minutes, hours or days such as 30m, 24h, 7d, or an ISO 8601 duration such as PT24H or P2W";
    let wrong = |why: &str| ValueError::new(format!("\"{text}\" is not an age: {why}"));
    let age_ms = match text.strip_prefix('P') {
        Some(parts) => iso(parts),
        None => short(text),
    };
    match age_ms.ok_or_else(|| wrong(FORMS))? {
        0 => Err(wrong("it is zero")),
        age_ms if age_ms > MAX_MS => Err(wrong("it is longer than a century")),
        age_ms => Ok(age_ms),
    }
}

fn short(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let unit_ms = match unit {
        'm' => MINUTE_MS,
        'h' => HOUR_MS,
        'd' => DAY_MS,
        _ => return None,
    };
    count(text.strip_suffix(unit)?)?.checked_mul(unit_ms)
}

/// `7D`, `T24H`, `1DT12H30M`, `2W`: the parts after the `P`, each unit once and in order.
fn iso(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date_ms = units(date, &[('W', 7 * DAY_MS), ('D', DAY_MS)])?;
    let time_ms = units(time, &[('H', HOUR_MS), ('M', MINUTE_MS), ('S', 1_000)])?;
    date_ms.checked_add(time_ms)
}

fn units(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut rest = text;
    let mut sum_ms = 0_i64;
    for (unit, unit_ms) in units {
        if let Some((number, after)) = rest.split_once(*unit) {
            sum_ms = sum_ms.checked_add(count(number)?.checked_mul(*unit_ms)?)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(sum_ms)
}

fn count(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let rows = [
            ("30m", Some(30 * MINUTE_MS)),
            ("24h", Some(DAY_MS)),
            ("7d", Some(7 * DAY_MS)),
            ("PT24H", Some(DAY_MS)),
            ("PT90S", Some(90_000)),
            ("P7D", Some(7 * DAY_MS)),
            ("P2W", Some(14 * DAY_MS)),
            ("P1DT12H30M", Some(DAY_MS + 12 * HOUR_MS + 30 * MINUTE_MS)),
            ("", None),
            ("h", None),
            ("24", None),
            ("-1h", None),
            ("0h", None),
            ("1y", None),
            ("24H", None),
            ("1.5h", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("P1M", None),
            ("P1Y", None),
            ("PT1M1H", None),
            ("PT1H1H", None),
            ("99999999999999999999d", None),
            ("9999999999999999d", None),
            ("36526d", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
