//! The literal references of a stored document, found without parsing it.
//!
//! A stored document is minified, so a reference stands in it as `"reference":"Type/id"` and nothing else
//! looks like that: within a string the quotes would be escaped.

use std::borrow::Cow;

use shared::fhir::{ResourceType, Target};

const MEMBER: &[u8] = b"\"reference\":\"";

/// The resources of ours that a minified document refers to, once for each place.
///
/// `base_urls` are the public URLs of the directory, without trailing slash.
pub fn local_references(
    json: &[u8],
    base_urls: &[&str],
) -> impl Iterator<Item = (ResourceType, String)> {
    memchr::memmem::find_iter(json, MEMBER).filter_map(move |at| {
        // A member's name follows `{` or `,`; after a backslash it is the end of another name.
        let is_member = at.checked_sub(1).is_some_and(|before| matches!(json[before], b'{' | b','));
        let literal = string_literal(&json[at + MEMBER.len() - 1..])?;
        let text: Cow<'_, str> = if literal.contains(&b'\\') {
            Cow::Owned(serde_json::from_slice(literal).ok()?)
        } else {
            Cow::Borrowed(std::str::from_utf8(&literal[1..literal.len() - 1]).ok()?)
        };
        match Target::parse(&text, base_urls) {
            Target::Local(resource_type, id) if is_member => Some((resource_type, id)),
            Target::Local(..) | Target::External(_) | Target::Contained(_) => None,
        }
    })
}

/// The string literal at the start of `json`, with its quotes.
fn string_literal(json: &[u8]) -> Option<&[u8]> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(&json[..=at]);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_references_and_only_references() {
        let json = br##"{"a":{"reference":"Location/1"},"b":[{"display":"x","reference":"Organization\/o-2"}],"c":{"reference":"#inner"},"d":"\"reference\":\"Task/3\"","e\"reference":"Task/4","f":{"reference":"https://other.example/Task/5"},"g":{"reference":"https://ours.example/fhir/Task/6/_history/2"},"h":{"reference":"Patient/7"},"i":{"reference":""},"j":{"reference":"Location/1"}}"##;
        let found: Vec<String> = local_references(json, &["https://ours.example/fhir"])
            .map(|(resource_type, id)| format!("{resource_type}/{id}"))
            .collect();
        assert_eq!(found, ["Location/1", "Organization/o-2", "Task/6", "Location/1"]);
    }

    #[test]
    fn cut_text_ends_the_search() {
        for json in [&b"{\"reference\":\""[..], b"{\"reference\":\"Task/1", b"{\"reference\":\"a\\"]
        {
            assert_eq!(local_references(json, &[]).count(), 0);
        }
    }
}
