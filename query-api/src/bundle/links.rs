//! Addresses of pages: applied parameters, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a query string: everything but the characters that a person likes to read and
/// that mean nothing in a URL's query. `+`, `&`, `=`, `#`, `%`, `|` and white space are encoded.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b',')
    .remove(b'$')
    .remove(b'@')
    .remove(b'*')
    .remove(b'(')
    .remove(b')');

/// The parameters as a query string, without the question mark; empty for none.
pub(crate) fn query_string<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, QUERY));
        query.push('=');
        query.extend(utf8_percent_encode(value, QUERY));
    }
    query
}

/// `path?query`, or `path` alone when the query is empty.
pub(crate) fn url(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::{query_string, url};

    #[test]
    fn encodes() {
        // (name, value, query)
        let rows = [
            ("identifier", "52/192675", "identifier=52/192675"),
            ("_tag", "http://x/y|52", "_tag=http://x/y%7C52"),
            ("date", "ge2026-01-01T00:00+01:00", "date=ge2026-01-01T00:00%2B01:00"),
            ("name:contains", "é & \"b\"", "name:contains=%C3%A9%20%26%20%22b%22"),
            ("_filter", "(a eq b)", "_filter=(a%20eq%20b)"),
            ("x", "a=b#c%d\\,e", "x=a%3Db%23c%25d%5C,e"),
            ("x", "", "x="),
        ];
        for (name, value, expected) in rows {
            assert_eq!(query_string([(name, value)].into_iter()), expected);
        }
        assert_eq!(query_string([("a", "1"), ("b", "2")].into_iter()), "a=1&b=2");
        assert_eq!(url("http://h/fhir/Location", ""), "http://h/fhir/Location");
        assert_eq!(url("http://h/fhir/Location", "a=1"), "http://h/fhir/Location?a=1");
    }
}
