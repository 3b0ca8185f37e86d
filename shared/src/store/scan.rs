//! The top-level members of a document that is known to be JSON, found without parsing it again.
//!
//! Whoever validated a document has parsed it; what is left to do for the store is to copy it without its
//! white space and to know where a member begins. Nothing here checks JSON: what is none gives `None` or
//! nonsense, never a panic.

/// Copies the members of the object `json` one after the other: `visit` gets a member's name as it is
/// written, with its quotes, and its value without white space outside strings.
///
/// `None` when `json` ends too early or is no object.
pub(super) fn members<'a>(
    json: &'a [u8],
    visit: &mut impl FnMut(&'a [u8], Minified<'a>),
) -> Option<()> {
    let mut rest = skip_space(json).strip_prefix(b"{")?;
    loop {
        rest = skip_space(rest);
        if rest.first()? == &b'}' {
            return skip_space(&rest[1..]).is_empty().then_some(());
        }
        let name;
        (name, rest) = rest.split_at_checked(string_len(rest)?)?;
        rest = skip_space(skip_space(rest).strip_prefix(b":")?);
        let value;
        (value, rest) = rest.split_at_checked(value_len(rest)?)?;
        visit(name, Minified(value));
        rest = skip_space(rest);
        rest = rest.strip_prefix(b",").unwrap_or(rest);
    }
}

/// A value as it is written; see [`Minified::push`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Minified<'a>(&'a [u8]);

impl<'a> Minified<'a> {
    /// The value as it is written.
    pub(super) fn written(self) -> &'a [u8] {
        self.0
    }

    /// Appends the value without white space outside strings.
    pub(super) fn push(self, out: &mut Vec<u8>) {
        let (json, mut start, mut at) = (self.0, 0, 0);
        while let Some(byte) = json.get(at) {
            match byte {
                b'"' => at += string_len(&json[at..]).unwrap_or(json.len() - at),
                _ if byte.is_ascii_whitespace() => {
                    out.extend_from_slice(&json[start..at]);
                    at += 1;
                    start = at;
                }
                _ => at += 1,
            }
        }
        out.extend_from_slice(&json[start..]);
    }
}

fn skip_space(json: &[u8]) -> &[u8] {
    json.trim_ascii_start()
}

/// The length of the value at the start of `json`.
fn value_len(json: &[u8]) -> Option<usize> {
    match json.first()? {
        b'"' => string_len(json),
        b'{' | b'[' => container_len(json),
        _ => json.iter().position(|b| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace()),
    }
}

fn container_len(json: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match json.get(at)? {
            b'"' => at += string_len(&json[at..])?,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' => {
                (depth, at) = (depth - 1, at + 1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// The length of the string at the start of `json`, with its quotes.
fn string_len(json: &[u8]) -> Option<usize> {
    if json.first()? != &b'"' {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        members(json.as_bytes(), &mut |name, value| {
            let mut minified = Vec::new();
            value.push(&mut minified);
            found.push((text(name), text(&minified)));
        })?;
        Some(found)
    }

    #[test]
    fn members_are_told_apart_and_minified() {
        let found = read(
            " { \"a\" : [ 1 , \"x  }\\\" \" ] ,\"b\":-1.50e3 , \"c\":null,\"d\":\"\\\\\"\n}\t",
        )
        .unwrap();
        let expected = [
            (r#""a""#, r#"[1,"x  }\" "]"#),
            (r#""b""#, "-1.50e3"),
            (r#""c""#, "null"),
            (r#""d""#, r#""\\""#),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(read("{}"), Some(Vec::new()));
    }

    #[test]
    fn what_is_cut_is_no_document() {
        let whole = r#"{"a":[{"b":"\""}],"c":1 }"#;
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end}");
        }
        for other in ["[]", "1", "{\"a\"}", "{a:1}", "{} 1"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
