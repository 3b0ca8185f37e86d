//! The parameters of a query string or form: decoded, trimmed, in order.

use percent_encoding::percent_decode_str;

/// A name and its value, decoded and without white space around them.
pub(super) type Pair = (String, String);

/// A part of the query that is not text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotUtf8<'a>(pub(super) &'a str);

/// Reads `a=1&b=2`. `+` is a space, as in forms; a part without `=` is a name without value; empty
/// parts are skipped. A `%` that starts no escape stands for itself.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = Result<Pair, NotUtf8<'_>>> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Ok((decode(name).ok_or(NotUtf8(part))?, decode(value).ok_or(NotUtf8(part))?))
    })
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let rows: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("&&a=1&", &[("a", "1")]),
            ("a", &[("a", "")]),
            ("a=b=c", &[("a", "b=c")]),
            ("%20a%20=%20b%20", &[("a", "b")]),
            ("a=x%7Cy%2Cz", &[("a", "x|y,z")]),
            ("a=x+y%2Bz", &[("a", "x y+z")]),
            ("name=H%C3%B4pital", &[("name", "Hôpital")]),
            ("a=100%", &[("a", "100%")]),
        ];
        for (query, expected) in rows {
            let read: Vec<Pair> = pairs(query).map(Result::unwrap).collect();
            let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(read, *expected, "{query}");
        }
        assert_eq!(pairs("a=%FF").next(), Some(Err(NotUtf8("a=%FF"))));
    }
}
