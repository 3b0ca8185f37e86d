//! Formats: this service speaks JSON, and says so with a 406 instead of sending what was not asked
//! for.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};

use super::error::ApiError;

/// Tables.
const CSV: &str = "text/csv";

/// Codings that answers can be compressed with.
const CODINGS: [&str; 3] = ["gzip", "br", "zstd"];

/// Media types that mean FHIR in JSON, without their parameters.
const JSON: [&str; 3] = ["application/fhir+json", "application/json", "text/json"];

/// Checks that the caller accepts JSON; `format` is the decoded `_format`, which overrides `Accept`.
///
/// # Errors
/// [`ApiError::NotAcceptable`] when it does not.
pub(super) fn accepts_json(headers: &HeaderMap, format: Option<&str>) -> Result<(), ApiError> {
    if let Some(format) = format.filter(|format| !format.is_empty()) {
        // A plus sign that was not encoded arrives as a space.
        let name = media_type(format).replace(' ', "+");
        let known = name == "json" || JSON.contains(&name.as_str());
        return if known && version_fits(format) {
            Ok(())
        } else {
            Err(ApiError::NotAcceptable(shortened(format)))
        };
    }
    let asked = asked(headers);
    if asked.trim().is_empty() || quality_of(&JSON, &asked) > 0.0 {
        Ok(())
    } else {
        Err(ApiError::NotAcceptable(shortened(&asked)))
    }
}

/// All of `Accept` as one list.
fn asked(headers: &HeaderMap) -> String {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(", ")
}

/// The formats of an answer that can be a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A FHIR resource.
    Json,
    /// Comma-separated values.
    Csv,
}

/// The format a caller wants of an answer that can be a table: JSON unless they prefer CSV; `format` is
/// the decoded `_format`, which overrides `Accept`.
///
/// # Errors
/// [`ApiError::NotAcceptable`] when they want neither.
pub(super) fn json_or_csv(headers: &HeaderMap, format: Option<&str>) -> Result<Format, ApiError> {
    if let Some(format) = format.filter(|format| !format.is_empty()) {
        let name = media_type(format);
        if name == "csv" || name == CSV {
            return Ok(Format::Csv);
        }
    } else {
        let asked = asked(headers);
        if quality_of(&[CSV], &asked) > quality_of(&JSON, &asked) {
            return Ok(Format::Csv);
        }
    }
    accepts_json(headers, format).map(|()| Format::Json)
}

/// Whether `Accept-Encoding` leaves a way to send an answer: as it is, unless that is excluded by name or by
/// `*`, or in one of [`CODINGS`]. Source: RFC 9110, 12.5.3.
pub(super) fn accepts_coding(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let asked: Vec<(String, bool)> = values
        .flat_map(|value| value.split(','))
        // What has no quality that can be read says nothing.
        .filter_map(|range| match parameter(range, "q").map(str::parse::<f32>) {
            None => Some((media_type(range), true)),
            Some(Ok(quality)) => Some((media_type(range), quality > 0.0)),
            Some(Err(_)) => None,
        })
        .collect();
    let of = |name: &str| asked.iter().find(|(asked, _)| asked == name).map(|(_, taken)| *taken);
    let any = of("*");
    let is_plain_taken = of("identity").or(any).unwrap_or(true);
    is_plain_taken || CODINGS.iter().any(|name| of(name).or(any).unwrap_or(false))
}

/// The quality that `Accept` gives to JSON or another format: that of its most specific range that
/// covers one of its types, and the best of the types. Source: RFC 9110, 12.5.1.
fn quality_of(types: &[&str], accept: &str) -> f32 {
    let mut best = 0.0_f32;
    for json in types.iter().copied() {
        let (kind, _) = json.split_once('/').unwrap_or((json, ""));
        // (specificity, quality)
        let mut own = (0, 0.0);
        for range in accept.split(',') {
            let name = media_type(range);
            let specificity = if name == json {
                3
            } else if name.strip_suffix("/*").is_some_and(|prefix| prefix == kind) {
                2
            } else if name == "*/*" || name == "*" {
                1
            } else {
                continue;
            };
            if specificity >= own.0 && version_fits(range) {
                own = (specificity, quality(range));
            }
        }
        best = best.max(own.1);
    }
    best
}

fn media_type(range: &str) -> String {
    range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn parameter<'a>(range: &'a str, name: &str) -> Option<&'a str> {
    range.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn quality(range: &str) -> f32 {
    parameter(range, "q").map_or(1.0, |q| q.parse().unwrap_or(0.0))
}

/// `fhirVersion=4.0` or none. Source: FHIR R4, http, "FHIR Version parameter".
fn version_fits(range: &str) -> bool {
    parameter(range, "fhirVersion").is_none_or(|v| v == "4.0" || v.starts_with("4.0."))
}

/// The beginning of what was asked, for a message.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::accepts_json;
    use axum::http::HeaderMap;

    fn check(accept: Option<&str>, format: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert("accept", accept.parse().unwrap());
        }
        let accepted = accepts_json(&headers, format).is_ok();
        assert_eq!(accepted, expected, "Accept {accept:?}, _format {format:?}");
    }

    #[test]
    fn accept() {
        let rows = [
            (None, true),
            (Some(""), true),
            (Some("application/fhir+json"), true),
            (Some("application/json"), true),
            (Some("Application/FHIR+JSON; charset=utf-8"), true),
            (Some("application/fhir+json; fhirVersion=4.0"), true),
            (Some("application/fhir+json; fhirVersion=3.0"), false),
            (Some("*/*"), true),
            (Some("application/*;q=0.1"), true),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), true),
            (Some("application/fhir+xml, application/fhir+json;q=0.2"), true),
            (Some("application/fhir+xml"), false),
            (Some("application/xml;q=0.9, text/xml"), false),
            (Some("text/turtle"), false),
            (Some("application/fhir+json;q=0, application/json;q=0, text/json;q=0, */*"), false),
            (Some("image/png"), false),
            (Some("nonsense"), false),
        ];
        for (accept, expected) in rows {
            check(accept, None, expected);
        }
    }

    #[test]
    fn codings() {
        let rows = [
            (None, true),
            (Some(""), true),
            (Some("gzip, deflate, br"), true),
            (Some("deflate"), true),
            (Some("identity;q=0"), false),
            (Some("Identity;Q=0.0"), false),
            (Some("*;q=0"), false),
            (Some("*;q=0, identity;q=0"), false),
            (Some("deflate, identity;q=0"), false),
            (Some("identity;q=0, gzip"), true),
            (Some("identity;q=0, *"), true),
            (Some("*;q=0, br;q=0.1"), true),
            (Some("*;q=0, identity;q=0.5"), true),
            (Some("identity;q=0, *, gzip;q=0"), true),
            (Some("identity;q=none"), true),
        ];
        for (asked, expected) in rows {
            let mut headers = HeaderMap::new();
            if let Some(asked) = asked {
                headers.insert("accept-encoding", asked.parse().unwrap());
            }
            assert_eq!(super::accepts_coding(&headers), expected, "{asked:?}");
        }
    }

    #[test]
    fn tables_where_they_are_preferred() {
        use super::{Format, json_or_csv};
        // (Accept, _format, the format)
        let rows = [
            (None, None, Some(Format::Json)),
            (Some("*/*"), None, Some(Format::Json)),
            (Some("text/csv"), None, Some(Format::Csv)),
            (Some("text/csv;charset=utf-8, */*;q=0.1"), None, Some(Format::Csv)),
            (Some("text/csv, application/fhir+json"), None, Some(Format::Json)),
            (Some("text/csv;q=0, */*"), None, Some(Format::Json)),
            (Some("text/*"), None, Some(Format::Json)),
            (Some("application/fhir+json"), Some("csv"), Some(Format::Csv)),
            (Some("text/csv"), Some("json"), Some(Format::Json)),
            (None, Some("text/csv"), Some(Format::Csv)),
            (None, Some("xml"), None),
            (Some("image/png"), None, None),
        ];
        for (accept, format, expected) in rows {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert("accept", accept.parse().unwrap());
            }
            assert_eq!(json_or_csv(&headers, format).ok(), expected, "{accept:?} {format:?}");
        }
    }

    #[test]
    fn format_overrides() {
        let rows = [
            ("json", true),
            ("application/fhir json", true),
            ("application/fhir+json", true),
            ("application/json", true),
            ("text/json", true),
            ("", true),
            ("xml", false),
            ("application/fhir+xml", false),
            ("ttl", false),
            ("html", false),
            ("jsonx", false),
        ];
        for (format, expected) in rows {
            check(None, Some(format), expected);
        }
        check(Some("application/fhir+xml"), Some("json"), true);
        check(Some("application/fhir+json"), Some("xml"), false);
    }
}
