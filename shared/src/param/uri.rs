//! URIs: compared to the letter; URLs also by their path segments.

use super::ValueError;

/// Whether `value` is `url` or stands above it in the path: `:above`.
///
/// `http://acme.org/fhir/ValueSet` is above `http://acme.org/fhir/ValueSet/123/_history/5`.
pub fn is_above(value: &str, url: &str) -> bool {
    let rest = url.strip_prefix(value.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && value.contains("://")
}

/// Whether `value` is `url` or stands below it in the path: `:below`.
pub fn is_below(value: &str, url: &str) -> bool {
    is_above(url, value)
}

/// All URLs above `url` and itself: the exact terms that answer `:above`.
///
/// `http://a/b/c` gives `http://a/b/c`, `http://a/b`, `http://a`.
pub fn above_terms(url: &str) -> Vec<&str> {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let mut terms = vec![url];
    let mut term = url.trim_end_matches('/');
    if term.len() < url.len() {
        terms.push(term);
    }
    while let Some(at) = term.rfind('/').filter(|at| *at >= authority) {
        term = &term[..at];
        terms.push(term);
    }
    terms
}

/// Checks a value of `:above` or `:below`.
///
/// # Errors
/// When it is not a URL: R4 gives these modifiers no meaning on URNs and OIDs.
pub fn check_hierarchical(url: &str) -> Result<(), ValueError> {
    if url.contains("://") {
        return Ok(());
    }
    Err(ValueError::new(format!(
        "\"{url}\" has no path; :above and :below take a URL such as http://example.org/a/b"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hierarchy() {
        let rows = [
            ("http://a/b", "http://a/b/c", true),
            ("http://a/b", "http://a/b", true),
            ("http://a/b/", "http://a/b/c", true),
            ("http://a/b", "http://a/bc", false),
            ("http://a/b/c", "http://a/b", false),
            ("urn:oid:1.2", "urn:oid:1.2", false),
        ];
        for (value, url, expected) in rows {
            assert_eq!(is_above(value, url), expected, "{value} above {url}");
            assert_eq!(is_below(url, value), expected, "{url} below {value}");
        }
        assert_eq!(above_terms("http://a/b/c"), ["http://a/b/c", "http://a/b", "http://a"]);
        assert!(check_hierarchical("urn:oid:1.2").is_err());
        assert!(check_hierarchical("http://a").is_ok());
    }

    proptest! {
        #[test]
        fn terms_are_above(path in "(/[a-c]{1,2}){0,4}") {
            let url = format!("http://x{path}");
            for term in above_terms(&url) {
                prop_assert!(is_above(term, &url), "{term} {url}");
            }
        }
    }
}
