//! The text of a narrative: XHTML without its markup.
//!
//! The markup is not checked here: validation did, and a broken tag only costs the words in it.

use serde_json::Value;

use crate::text::cut::VALUE_END;

/// Elements inside a line: a word or phrase may run across their tags.
const INLINE: [&str; 22] = [
    "a", "abbr", "acronym", "b", "bdo", "big", "cite", "code", "dfn", "em", "i", "q", "s", "samp",
    "small", "span", "strong", "sub", "sup", "tt", "u", "var",
];

/// Character entities of Latin letters, beside those every XML has: what French text is written with.
///
/// Source: HTML 4.01, character entity references (a part).
const ENTITIES: [(&str, char); 28] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("agrave", 'à'),
    ("acirc", 'â'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ocirc", 'ô'),
    ("ugrave", 'ù'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("oelig", 'œ'),
    ("OElig", 'Œ'),
    ("aelig", 'æ'),
    ("Agrave", 'À'),
    ("Ccedil", 'Ç'),
    ("Egrave", 'È'),
    ("Eacute", 'É'),
    ("rsquo", '’'),
    ("ndash", '–'),
];

/// Longest name of an entity, `&` and `;` apart.
const ENTITY_MAX: usize = 8;

/// The text of `text.div`; `None` without a narrative.
///
/// Blocks end a value, so that no phrase runs from one paragraph or cell into the next.
pub(super) fn text(document: &Value) -> Option<String> {
    let mut rest = document.get("text")?.get("div")?.as_str()?;
    let mut text = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(tag) = rest.strip_prefix('<') {
            let (end, after) = match tag.strip_prefix("!--") {
                Some(comment) => (comment.find("-->").map(|at| at + 3), 3),
                None => (tag.find('>'), 1),
            };
            if !is_inline(tag) {
                text.push(VALUE_END);
            }
            rest = end.map_or("", |end| &tag[end + after..]);
        } else {
            let (c, length) = entity(rest).unwrap_or(('&', 1));
            text.push(c);
            rest = &rest[length..];
        }
    }
    text.push_str(rest);
    Some(text)
}

/// Whether what follows a `<` is the tag of an inline element, or a comment.
fn is_inline(tag: &str) -> bool {
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    tag.starts_with("!--") || INLINE.contains(&name[..end].to_ascii_lowercase().as_str())
}

/// The character that a text starts with as an entity, and the bytes it takes.
fn entity(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(ENTITY_MAX + 1).position(|byte| byte == b';')?;
    let name = &body[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => ENTITIES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 2))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::text;

    #[test]
    fn markup_goes_and_blocks_end_values() {
        for (div, expected) in [
            ("<div>Soins <b>pallia</b>tifs</div>", "|Soins palliatifs|"),
            ("<div><p>a</p><p class='x'>b</p></div>", "||a||b||"),
            ("<div>h&eacute;patite &#67; &amp; &#xe9;t&eacute;</div>", "|hépatite C & été|"),
            ("<div>a<!-- <p>no</p> -->b<br/>c</div>", "|ab|c|"),
            ("<div>R&D; &unknown; &</div>", "|R&D; &unknown; &|"),
            ("<div>open <", "|open |"),
            ("<div>a<!-- open", "|a"),
        ] {
            let read = text(&json!({ "text": { "div": div } })).unwrap();
            assert_eq!(read.replace('\u{1e}', "|"), expected, "{div}");
        }
        assert_eq!(text(&json!({ "text": { "status": "empty" } })), None);
    }
}
