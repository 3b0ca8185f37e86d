//! The primitive types of FHIR R4: their JSON form and their text format, by hand-written scanners.
//!
//! Not looked at: whether a URI resolves, a code exists, or a narrative is well formed.
//! Source: FHIR R4 (4.0.1), Data Types, regular expressions of the primitive types.

use serde_json::Value;

/// Strings longer than this are refused. Source: FHIR R4, `string`.
const STRING_BYTES_MAX: usize = 1024 * 1024;

/// A primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64Binary,
    Boolean,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    /// `uri`, `url` and `canonical`: one format.
    Uri,
    Uuid,
    Xhtml,
}

/// Why a value is not of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another JSON type is needed: this one.
    JsonType(&'static str),
    /// The text or number breaks the format: what is needed.
    Format(&'static str),
    /// Legal, but nothing a reader can see.
    Blank,
}

impl Primitive {
    /// The type of a FHIR name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base64Binary" => Self::Base64Binary,
            "boolean" => Self::Boolean,
            "code" => Self::Code,
            "date" => Self::Date,
            "dateTime" => Self::DateTime,
            "decimal" => Self::Decimal,
            "id" => Self::Id,
            "instant" => Self::Instant,
            "integer" => Self::Integer,
            "oid" => Self::Oid,
            "positiveInt" => Self::PositiveInt,
            "string" | "markdown" => Self::String,
            "time" => Self::Time,
            "unsignedInt" => Self::UnsignedInt,
            "uri" | "url" | "canonical" => Self::Uri,
            "uuid" => Self::Uuid,
            "xhtml" => Self::Xhtml,
            _ => return None,
        })
    }

    /// Checks one JSON value.
    pub(super) fn check(self, value: &Value) -> Result<(), Fault> {
        match self {
            Self::Boolean => {
                value.is_boolean().then_some(()).ok_or(Fault::JsonType("true or false, unquoted"))
            }
            Self::Decimal => {
                value.is_number().then_some(()).ok_or(Fault::JsonType("a number, unquoted"))
            }
            Self::Integer => integer(value, i64::from(i32::MIN), "an integer of 32 bits"),
            Self::UnsignedInt => integer(value, 0, "an integer from 0 to 2147483647"),
            Self::PositiveInt => integer(value, 1, "an integer from 1 to 2147483647"),
            Self::Base64Binary
            | Self::Code
            | Self::Date
            | Self::DateTime
            | Self::Id
            | Self::Instant
            | Self::Oid
            | Self::String
            | Self::Time
            | Self::Uri
            | Self::Uuid
            | Self::Xhtml => match value {
                Value::String(text) => self.check_text(text),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => Err(Fault::JsonType("a string")),
            },
        }
    }

    fn check_text(self, text: &str) -> Result<(), Fault> {
        if text.is_empty() {
            return Err(Fault::Format("not empty (leave the element out instead)"));
        }
        let (fits, need) = match self {
            Self::Base64Binary => (is_base64(text), "base64"),
            Self::Code => (is_code(text), "a code: no space at its ends, single spaces within"),
            Self::Date => (is_date(text), "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
            Self::DateTime => (
                is_date_time(text),
                "a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone",
            ),
            Self::Id => (
                crate::fhir::is_valid_id(text),
                "an id: 1 to 64 of letters, digits, \"-\" and \".\"",
            ),
            Self::Instant => (is_instant(text), "an instant: YYYY-MM-DDThh:mm:ss with a time zone"),
            Self::Oid => (is_oid(text), "an OID: urn:oid:1.2.3"),
            Self::Time => (is_time(text), "a time: hh:mm:ss"),
            Self::Uri => (is_uri(text), "a URI, without spaces"),
            Self::Uuid => (is_uuid(text), "a UUID: urn:uuid: and 36 lower-case characters"),
            Self::String | Self::Xhtml => return string(text),
            Self::Boolean
            | Self::Decimal
            | Self::Integer
            | Self::PositiveInt
            | Self::UnsignedInt => return Ok(()),
        };
        if fits { Ok(()) } else { Err(Fault::Format(need)) }
    }
}

fn integer(value: &Value, min: i64, need: &'static str) -> Result<(), Fault> {
    let Value::Number(number) = value else {
        return Err(Fault::JsonType("an integer, unquoted"));
    };
    let fits = number.as_i64().is_some_and(|n| n >= min && n <= i64::from(i32::MAX));
    if fits { Ok(()) } else { Err(Fault::Format(need)) }
}

fn string(text: &str) -> Result<(), Fault> {
    if text.len() > STRING_BYTES_MAX {
        return Err(Fault::Format("at most 1 MB"));
    }
    // Counting has no early exit, so that it compiles to vector instructions; the same below.
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    if text.bytes().filter(|byte| is_control(*byte)).count() > 0 {
        return Err(Fault::Format("free of control characters"));
    }
    let first = text.as_bytes()[0];
    if (first <= b' ' || first >= 0x80) && text.trim().is_empty() {
        return Err(Fault::Blank);
    }
    Ok(())
}

/// Whether a text is all visible ASCII: the usual case, decided without decoding.
fn is_graphic(text: &str) -> bool {
    text.bytes().filter(|byte| !matches!(byte, 0x21..=0x7e)).count() == 0
}

fn is_uri(text: &str) -> bool {
    is_graphic(text) || !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_code(text: &str) -> bool {
    if is_graphic(text) {
        return true;
    }
    text.split(char::is_whitespace).all(|word| !word.is_empty())
        && !text.chars().any(char::is_control)
}

fn is_base64(text: &str) -> bool {
    let mut count = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        count += 1;
    }
    count > 0 && count.is_multiple_of(4) && padding <= 2
}

fn is_oid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:oid:") else { return false };
    let mut arcs = rest.split('.');
    let first = arcs.next().is_some_and(|arc| matches!(arc, "0" | "1" | "2"));
    let is_arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    first && rest.contains('.') && arcs.all(is_arc)
}

fn is_uuid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:uuid:") else { return false };
    rest.len() == 36
        && rest.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn is_date(text: &str) -> bool {
    Moment::read(text).is_some_and(|moment| !moment.has_time)
}

fn is_date_time(text: &str) -> bool {
    Moment::read(text).is_some_and(|moment| !moment.has_time || moment.has_zone)
}

fn is_instant(text: &str) -> bool {
    Moment::read(text).is_some_and(|moment| moment.has_time && moment.has_zone)
}

fn is_time(text: &str) -> bool {
    time(text.as_bytes()).is_some_and(|(_, rest)| rest.is_empty())
}

/// The span of time a date or dateTime stands for; what lacks a zone is read as UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// First millisecond, from 1970 on.
    pub(super) low_ms: i64,
    /// Last millisecond.
    pub(super) high_ms: i64,
    /// Whether there is a time of day.
    pub(super) has_time: bool,
    /// Whether there is a time zone.
    pub(super) has_zone: bool,
}

const DAY_MS: i64 = 86_400_000;
/// Zones reach from −14 to +14 hours.
const ZONE_SLACK_MS: i64 = 14 * 3_600_000;

impl Moment {
    /// Reads a date or dateTime of any precision, the zone optional; `None` when it is neither, or no
    /// day of the calendar.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let year = digits(bytes.get(..4)?)?;
        if year == 0 {
            return None;
        }
        let span = |low: i64, high: i64| {
            Some(Self {
                low_ms: low * DAY_MS,
                high_ms: high * DAY_MS - 1,
                has_time: false,
                has_zone: false,
            })
        };
        if bytes.len() == 4 {
            return span(days(year, 1, 1), days(year + 1, 1, 1));
        }
        let month = dashed(bytes, 4).filter(|month| (1..=12).contains(month))?;
        let next_month = if month == 12 { days(year + 1, 1, 1) } else { days(year, month + 1, 1) };
        if bytes.len() == 7 {
            return span(days(year, month, 1), next_month);
        }
        let day = dashed(bytes, 7).filter(|day| *day >= 1)?;
        let date = days(year, month, day);
        if date >= next_month {
            return None;
        }
        if bytes.len() == 10 {
            return span(date, date + 1);
        }
        let rest = bytes[10..].strip_prefix(b"T")?;
        let (of_day_ms, rest) = time(rest)?;
        let has_zone = !rest.is_empty();
        let offset_ms = if has_zone { zone(rest)? } else { 0 };
        let low_ms = date * DAY_MS + of_day_ms - offset_ms;
        Some(Self { low_ms, high_ms: low_ms, has_time: true, has_zone })
    }

    /// Whether `self` certainly begins after `other` has ended.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        let slack = if self.has_zone == other.has_zone { 0 } else { ZONE_SLACK_MS };
        self.low_ms > other.high_ms + slack
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0_i64, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// The two digits after a dash at `position`.
fn dashed(bytes: &[u8], position: usize) -> Option<i64> {
    (bytes[position] == b'-').then(|| bytes.get(position + 1..position + 3).and_then(digits))?
}

/// Reads `hh:mm:ss(.s+)?`: milliseconds of the day, and what follows.
fn time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let head = bytes.get(..8)?;
    if head[2] != b':' || head[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&head[..2])?, digits(&head[3..5])?, digits(&head[6..])?);
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut ms = ((hour * 60 + minute) * 60 + second) * 1000;
    let mut rest = &bytes[8..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        let scale = [100, 10, 1];
        for (byte, factor) in fraction[..length].iter().zip(scale) {
            ms += i64::from(byte - b'0') * factor;
        }
        rest = &fraction[length..];
    }
    Some((ms, rest))
}

/// Reads `Z`, `+hh:mm` or `-hh:mm`: the offset in milliseconds.
fn zone(bytes: &[u8]) -> Option<i64> {
    match bytes {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let (hour, minute) = (digits(&rest[..2])?, digits(&rest[3..])?);
            if hour > 14 || minute > 59 || (hour == 14 && minute > 0) {
                return None;
            }
            let ms = (hour * 60 + minute) * 60_000;
            Some(if *sign == b'+' { ms } else { -ms })
        }
        _ => None,
    }
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar (H. Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Texts = &'static [&'static str];

    /// Type, accepted, refused.
    const FORMATS: &[(&str, Texts, Texts)] = &[
        ("id", &["a", "A-1.b"], &["", "a b", "a_b", "é"]),
        ("code", &["a", "a b", "médecin", "1.2"], &[" a", "a ", "a  b", "a\u{7}b", "a\tb\t"]),
        ("uri", &["a", "urn:oid:1", "http://x/é"], &["a b", "a\u{a0}b", "a\n"]),
        (
            "oid",
            &["urn:oid:1.2.250", "urn:oid:2.0"],
            &["1.2", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1..2"],
        ),
        (
            "uuid",
            &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            &[
                "c757873d-ec9a-4326-a141-556f43239520",
                "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
                "urn:uuid:x",
            ],
        ),
        ("base64Binary", &["YQ==", "YWJj", "YW Jj\n"], &["YQ=", "Y", "====", "YQ==YQ==", "é", " "]),
        (
            "time",
            &["09:00:00", "23:59:60", "12:00:00.123456"],
            &["9:00:00", "24:00:00", "09:00", "12:00:00.", "12:00:00Z"],
        ),
        (
            "date",
            &["2024", "2024-02", "2024-02-29", "0001", "9999-12-31"],
            &[
                "0000",
                "24",
                "2024-13",
                "2024-00",
                "2023-02-29",
                "2024-04-31",
                "2024-1-1",
                "2024-02-29T10:00:00Z",
                "2024-02-",
                "2024é",
            ],
        ),
        (
            "dateTime",
            &[
                "2024",
                "2024-02-29T23:59:59Z",
                "2024-02-29T10:00:00.5+14:00",
                "2024-01-01T00:00:00-05:30",
            ],
            &[
                "2024-01-01T00:00:00",
                "2024-01-01T00:00Z",
                "2024-01-01 00:00:00Z",
                "2024-01-01T00:00:00+14:30",
                "2024-01-01T25:00:00Z",
                "2024-01-01T",
                "2024-01-01T00:00:00z",
            ],
        ),
        (
            "instant",
            &["2024-01-01T00:00:00.000+01:00"],
            &["2024-01-01", "2024", "2024-01-01T00:00:00"],
        ),
        ("string", &["a", " a", "é", "\u{1F600}", "a\r\n\tb"], &["", "a\u{0}b", "\u{1b}"]),
    ];

    #[test]
    fn formats() {
        for (name, accepted, refused) in FORMATS {
            let primitive = Primitive::named(name).unwrap();
            for text in *accepted {
                assert_eq!(primitive.check(&json!(text)), Ok(()), "{name} {text:?}");
            }
            for text in *refused {
                let result = primitive.check(&json!(text));
                assert!(matches!(result, Err(Fault::Format(_))), "{name} {text:?} {result:?}");
            }
            for other in [json!(1), json!(true), json!([]), json!({}), json!(null)] {
                let result = primitive.check(&other);
                assert!(matches!(result, Err(Fault::JsonType(_))), "{name} {other}");
            }
        }
        assert_eq!(Primitive::String.check(&json!(" \u{2003}")), Err(Fault::Blank));
        assert!(Primitive::Id.check(&json!("x".repeat(65))).is_err());
        let long = "x".repeat(STRING_BYTES_MAX + 1);
        assert!(Primitive::String.check(&json!(long)).is_err());
    }

    #[test]
    fn numbers() {
        let rows = [
            ("integer", json!(-2_147_483_648_i64), true),
            ("integer", json!(-2_147_483_649_i64), false),
            ("integer", json!(2_147_483_647), true),
            ("integer", json!(2_147_483_648_i64), false),
            ("integer", json!(u64::MAX), false),
            ("integer", json!(1.0), false),
            ("integer", json!("1"), false),
            ("unsignedInt", json!(0), true),
            ("unsignedInt", json!(-1), false),
            ("positiveInt", json!(1), true),
            ("positiveInt", json!(0), false),
            ("decimal", json!(1e300), true),
            ("decimal", json!(-0.0), true),
            ("decimal", json!("1.0"), false),
            ("boolean", json!(false), true),
            ("boolean", json!("false"), false),
            ("boolean", json!(0), false),
        ];
        for (name, value, accepted) in rows {
            let primitive = Primitive::named(name).unwrap();
            assert_eq!(primitive.check(&value).is_ok(), accepted, "{name} {value}");
        }
    }

    #[test]
    fn moments_compare_only_where_certain() {
        // (later, earlier, certain)
        let rows = [
            ("2024-01-02", "2024-01-01", true),
            ("2024-01-01", "2024-01-01", false),
            ("2024-01", "2024", false),
            ("2025", "2024-12-31", true),
            ("2024-01-01T10:00:00Z", "2024-01-01T10:30:00+01:00", true),
            ("2024-01-01T10:30:00+01:00", "2024-01-01T09:30:00Z", false),
            ("2024-01-02", "2024-01-01T20:00:00Z", false),
            ("2024-01-03", "2024-01-01T20:00:00Z", true),
            ("1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00Z", true),
        ];
        for (later, earlier, certain) in rows {
            let (a, b) = (Moment::read(later).unwrap(), Moment::read(earlier).unwrap());
            assert_eq!(a.is_after(&b), certain, "{later} after {earlier}");
            assert!(!b.is_after(&a), "{earlier} after {later}");
        }
        assert_eq!(Moment::read("1970-01-01").unwrap().low_ms, 0);
        assert_eq!(Moment::read("2000-03-01").unwrap().low_ms, 951_868_800_000);
    }
}
