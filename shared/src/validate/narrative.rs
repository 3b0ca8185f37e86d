//! Narratives: what may stand in `text.div`, checked by a scanner over its tags.
//!
//! A narrative may end up in somebody's browser, so scripts, handlers and foreign elements are refused.
//! Not checked: attributes beyond that, entities, character data.
//! Source: FHIR R4, Narrative, `txt-1`.

/// The elements `txt-1` allows, sorted.
const ELEMENTS: [&str; 53] = [
    "a",
    "abbr",
    "acronym",
    "b",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "map",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Checks a `div`.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub(super) fn check(div: &str) -> Result<(), &'static str> {
    let div = div.trim();
    if !div.starts_with("<div") || !div.ends_with('>') {
        return Err("the narrative must be one div element");
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = div;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("-->").ok_or("a comment is not closed")?;
            rest = &comment[end + 3..];
            continue;
        }
        let end = tag_end(rest).ok_or("a tag is not closed")?;
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) if open.pop() == Some(name.trim_end()) => {}
            Some(_) => return Err("tags are not nested"),
            None => {
                let name = opening_tag(tag)?;
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
        if open.is_empty() && !rest.is_empty() {
            return Err("the narrative must be one div element");
        }
    }
    if open.is_empty() { Ok(()) } else { Err("tags are not nested") }
}

/// The position of the `>` that ends a tag, quotes minded.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (position, byte) in tag.bytes().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            None if byte == b'>' => return Some(position),
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            Some(_) | None => {}
        }
    }
    None
}

/// The name of an opening tag that is allowed with its attributes.
fn opening_tag(tag: &str) -> Result<&str, &'static str> {
    let tag = tag.trim_end_matches('/');
    let end = tag.find(|c: char| c.is_whitespace()).unwrap_or(tag.len());
    let (name, attributes) = tag.split_at(end);
    if ELEMENTS.binary_search(&name).is_err() {
        return Err("an element is not allowed in a narrative");
    }
    let attributes = attributes.to_ascii_lowercase();
    let is_handler = attributes.split_whitespace().any(|word| {
        word.strip_prefix("on").is_some_and(|rest| rest.split('=').next() != Some(rest))
    });
    if is_handler || attributes.contains("javascript:") {
        return Err("a narrative must not hold scripts");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narratives() {
        let xmlns = "xmlns=\"http://www.w3.org/1999/xhtml\"";
        // (content, accepted)
        let rows = [
            ("<p><b>a</b>: 1 &lt; 2<br/></p><hr />", true),
            ("<a name=\"x\"> </a><span title=\"a > b; on time\">c</span>", true),
            ("<!-- <script> --><code>x</code>", true),
            ("<script>alert(1)</script>", false),
            ("<img src=\"x\" onerror=\"alert(1)\"/>", false),
            ("<a href=\"JavaScript:alert(1)\">x</a>", false),
            ("<p>a", false),
            ("<b><i>a</b></i>", false),
            ("<form/>", false),
            ("<p", false),
            ("<!-- a", false),
            ("</div><div>", false),
        ];
        for (content, accepted) in rows {
            let div = format!("<div {xmlns}>{content}</div>");
            assert_eq!(check(&div).is_ok(), accepted, "{content}: {:?}", check(&div));
        }
        for div in ["", "text", "<p>a</p>", "<div>", "<div/>x", "<div", "a<div></div>"] {
            assert!(check(div).is_err(), "{div}");
        }
        assert!(ELEMENTS.is_sorted());
    }
}
