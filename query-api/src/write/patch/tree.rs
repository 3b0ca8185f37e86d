//! JSON as a tree that keeps the text of its numbers and strings.
//!
//! `serde_json::Value` reads `61.50` as `61.5`. Here a leaf is the token as it was written, borrowed
//! from the source, so that whatever a patch does not touch is written again as it was, white space
//! between tokens aside.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::param::decimal::Decimal;

/// A JSON value.
#[derive(Debug, Clone)]
pub(super) enum Node<'a> {
    /// `null`, a boolean, a number or a string: its token.
    Leaf(&'a str),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object.
    Object(Members<'a>),
}

/// The members of an object, in the order of the source, no name twice.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// The token of nothing.
pub(super) const NULL: &str = "null";

impl<'a> Node<'a> {
    /// Reads one JSON value.
    ///
    /// # Errors
    /// When the bytes are not UTF-8 or not JSON, an object has a member twice, or arrays and objects
    /// nest deeper than `depth_max`.
    pub(super) fn read(json: &'a [u8], depth_max: usize) -> Result<Self, serde_json::Error> {
        let raw: &'a RawValue = serde_json::from_slice(json)?;
        Self::from_raw(raw, depth_max)
    }

    /// Each level is scanned again for its members, which is cheap while the depth is bounded.
    fn from_raw(raw: &'a RawValue, depth_left: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        let is_object = text.starts_with('{');
        if !is_object && !text.starts_with('[') {
            return Ok(Self::Leaf(text));
        }
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Err(serde_json::Error::custom("objects and arrays nest too deep"));
        };
        if is_object {
            let RawMembers(members) = serde_json::from_str(text)?;
            let members = members
                .into_iter()
                .map(|(name, value)| Ok((name, Self::from_raw(value, depth_left)?)));
            Ok(Self::Object(members.collect::<Result<_, serde_json::Error>>()?))
        } else {
            let items: Vec<&'a RawValue> = serde_json::from_str(text)?;
            let items = items.into_iter().map(|item| Self::from_raw(item, depth_left));
            Ok(Self::Array(items.collect::<Result<_, _>>()?))
        }
    }

    /// Writes it without white space.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(token) => out.extend_from_slice(token.as_bytes()),
            Self::Array(items) => {
                out.push(b'[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (position, (name, value)) in members.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    serde_json::to_writer(&mut *out, name).expect("a string is written to memory");
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(NULL))
    }

    /// The members, of an object.
    pub(super) fn members(&self) -> Option<&Members<'a>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Leaf(_) | Self::Array(_) => None,
        }
    }

    /// The items, of an array.
    pub(super) fn items(&self) -> Option<&[Node<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            Self::Leaf(_) | Self::Object(_) => None,
        }
    }

    /// The token, of a leaf.
    pub(super) fn token(&self) -> Option<&'a str> {
        match self {
            Self::Leaf(token) => Some(token),
            Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The text, of a string.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        token_text(self.token()?)
    }

    /// The value of a member, of an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members()?.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// What stands at an address: a position at each level.
    pub(super) fn at_mut(&mut self, address: &[usize]) -> Option<&mut Node<'a>> {
        address.iter().try_fold(self, |node, position| match node {
            Self::Array(items) => items.get_mut(*position),
            Self::Object(members) => members.get_mut(*position).map(|(_, value)| value),
            Self::Leaf(_) => None,
        })
    }

    /// How many levels of arrays and objects there are, and how many values.
    pub(super) fn measure(&self) -> (usize, usize) {
        let of_all = |values: &mut dyn Iterator<Item = (usize, usize)>| {
            let (depth, count) =
                values.fold((0, 0), |(depth, count), (d, c)| (depth.max(d), count + c));
            (depth + 1, count + 1)
        };
        match self {
            Self::Leaf(_) => (0, 1),
            Self::Array(items) => of_all(&mut items.iter().map(Node::measure)),
            Self::Object(members) => of_all(&mut members.iter().map(|(_, value)| value.measure())),
        }
    }
}

/// Whether two values are equal: numbers by value, strings by their characters, objects in any order.
impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(a), Self::Leaf(b)) => tokens_equal(a, b),
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && by_name(a).iter().eq(by_name(b).iter())
            }
            (Self::Leaf(_), Self::Array(_) | Self::Object(_))
            | (Self::Array(_), Self::Leaf(_) | Self::Object(_))
            | (Self::Object(_), Self::Leaf(_) | Self::Array(_)) => false,
        }
    }
}

/// The text of a string token; nothing for other tokens.
pub(super) fn token_text(token: &str) -> Option<Cow<'_, str>> {
    let inner = token.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(token).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// Whether a token is a number.
pub(super) fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// Whether two number tokens are the same number: `1.0` and `1`, `1e2` and `100`.
pub(super) fn numbers_equal(a: &str, b: &str) -> bool {
    let (Ok(a), Ok(b)) = (Decimal::parse(a), Decimal::parse(b)) else { return a == b };
    let normal = |decimal: Decimal| {
        let (mut mantissa, mut exponent) = (decimal.mantissa, decimal.exponent);
        while mantissa != 0 && mantissa % 10 == 0 {
            (mantissa, exponent) = (mantissa / 10, exponent + 1);
        }
        (mantissa, if mantissa == 0 { 0 } else { exponent })
    };
    normal(a) == normal(b)
}

fn by_name<'n, 'a>(members: &'n Members<'a>) -> Vec<&'n (Cow<'a, str>, Node<'a>)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    sorted
}

fn tokens_equal(a: &str, b: &str) -> bool {
    a == b
        || (is_number(a) && is_number(b) && numbers_equal(a, b))
        || token_text(a).is_some_and(|a| token_text(b) == Some(a))
}

/// Members whose values are not read yet.
struct RawMembers<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
                names.sort_unstable();
                if names.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(A::Error::custom("an object has a member twice"));
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    fn read(json: &str) -> Node<'_> {
        Node::read(json.as_bytes(), 8).unwrap()
    }

    #[test]
    fn tokens_are_kept() {
        let json =
            r#"{ "a":[61.50, 1.0,-0,1E+2, null ,true], "\u00e9":"\u00e9\/", "b":{} , "c":[ ]}"#;
        let mut out = Vec::new();
        read(json).write(&mut out);
        let kept = "{\"a\":[61.50,1.0,-0,1E+2,null,true],\"é\":\"\\u00e9\\/\",\"b\":{},\"c\":[]}";
        assert_eq!(String::from_utf8(out).unwrap(), kept);
    }

    #[test]
    fn what_is_refused() {
        let deep = "[".repeat(9) + &"]".repeat(9);
        for json in
            ["", "{", "{\"a\":1,\"\\u0061\":2}", "01", "[1,]", "{} {}", deep.as_str(), "\u{1}"]
        {
            assert!(Node::read(json.as_bytes(), 8).is_err(), "{json}");
        }
        assert!(Node::read(&[b'"', 0xff, b'"'], 8).is_err());
        let bottomless = "[".repeat(1_000_000);
        assert!(Node::read(bottomless.as_bytes(), 8).is_err());
    }

    #[test]
    fn equality_is_of_values() {
        let rows = [
            ("1.0", "1", true),
            ("1e2", "100", true),
            ("0", "-0.00", true),
            ("1", "\"1\"", false),
            ("\"\\u00e9\"", "\"é\"", true),
            ("{\"a\":1,\"b\":[1]}", "{\"b\":[1.0],\"a\":1}", true),
            ("{\"a\":1}", "{\"a\":1,\"b\":1}", false),
            ("[1,2]", "[2,1]", false),
            ("null", "false", false),
            ("{}", "[]", false),
        ];
        for (a, b, equal) in rows {
            assert_eq!(read(a) == read(b), equal, "{a} {b}");
            assert_eq!(read(b) == read(a), equal, "{b} {a}");
        }
    }

    #[test]
    fn measures() {
        assert_eq!(read("1").measure(), (0, 1));
        assert_eq!(read("{\"a\":[1,{}],\"b\":2}").measure(), (3, 5));
    }
}
