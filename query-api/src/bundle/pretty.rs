//! JSON with line breaks, for `_pretty=true`: only white space changes, so that numbers keep their
//! digits and strings their escapes.

/// Indents JSON by two spaces a level. The input must be JSON.
pub(crate) fn indent(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                out.push(byte);
                copy_string(&mut bytes, &mut out);
            }
            b'{' | b'[' => {
                out.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|b| matches!(b, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = usize::saturating_sub(depth, 1);
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ if byte.is_ascii_whitespace() => {}
            _ => out.push(byte),
        }
    }
    out.push(b'\n');
    out
}

fn copy_string(bytes: &mut impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    while let Some(byte) = bytes.next() {
        out.push(byte);
        match byte {
            b'"' => return,
            b'\\' => out.extend(bytes.next()),
            _ => {}
        }
    }
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn indents() {
        let rows = [
            (r#"{"a":1.00}"#, "{\n  \"a\": 1.00\n}\n"),
            (r#"{"a":[],"b":{ }}"#, "{\n  \"a\": [],\n  \"b\": {}\n}\n"),
            (r#"["x\"{,:\\","é"]"#, "[\n  \"x\\\"{,:\\\\\",\n  \"é\"\n]\n"),
            ("{ \"a\" :\n[ true , null ] }", "{\n  \"a\": [\n    true,\n    null\n  ]\n}\n"),
        ];
        for (json, expected) in rows {
            assert_eq!(String::from_utf8(indent(json.as_bytes())).unwrap(), expected);
        }
    }
}
