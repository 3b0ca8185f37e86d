//! Bytes → JSON, stricter than a JSON parser has to be: no duplicate keys, a bounded depth, one object
//! and nothing after it.
//!
//! `serde_json::Value` keeps the last of two equal keys in silence; a document that two programs read
//! differently must not get in. What the values mean is not looked at here.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::finding::excerpt;
use crate::error::{Issue, IssueType};

/// How deep objects and arrays may nest. Real documents stay below 20.
pub const DEPTH_MAX: usize = 64;

/// Reads one JSON object.
///
/// # Errors
/// One issue of type `structure`, with line and column, when the bytes are not UTF-8 or not JSON, an
/// object holds a key twice, the nesting exceeds [`DEPTH_MAX`], a number does not fit a double, the
/// root is not an object, or something follows it.
pub fn parse(bytes: &[u8]) -> Result<Value, Vec<Issue>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed =
        Node { depth: 0 }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match parsed {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(refusal("the document must be one JSON object")),
        Err(error) => Err(refusal(&format!("not acceptable JSON: {error}"))),
    }
}

fn refusal(diagnostics: &str) -> Vec<Issue> {
    vec![Issue::error(IssueType::Structure, diagnostics)]
}

/// One value at a depth: deserializes to [`Value`], refusing duplicates and excess depth.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("nesting deeper than {DEPTH_MAX} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(entries.next_value_seed(inner)?);
                }
                Entry::Occupied(place) => {
                    let key = excerpt(place.key());
                    return Err(de::Error::custom(format_args!("key {key} appears twice")));
                }
            }
        }
        Ok(Value::Object(object))
    }
}
