//! Tokens: the exact index terms of a coded value, and those a request's `system|code` asks for.
//!
//! A stored value becomes a handful of terms, a request a union of terms; the two meet by equality.
//! Terms start with a control character that tells their kind, and separate their parts by another;
//! control characters are dropped from both sides, so that no code can imitate a separator:
//!
//! | term | stands for |
//! |---|---|
//! | `\x01` code | the code, whatever its system |
//! | `\x02` system `\x1f` code | the code in that system; with an empty system, the code without one |
//! | `\x03` system | any code of that system |
//! | `\x04` type system `\x1f` type code `\x1f` value | an identifier by its type (`:of-type`) |
//!
//! Codes and identifier values compare exactly, upper and lower case apart. Systems compare after the
//! table of spelling variants ([`crate::terminology::canonical_system`]); those of identifiers also
//! without their scheme, so that `http://` and `https://` are one.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::registry::TokenShape;

use super::{ValueError, escape};

/// The system a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SystemQuery {
    /// `code`: whatever the system.
    Any,
    /// `|code`: only codes without system.
    NoSystem,
    /// `system|code`: this system, in canonical form.
    Is(String),
}

/// `system|code`, `|code`, `code`, `system|`; or, with `:of-type`, `system|code|value`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenQuery {
    /// The asked system; with `of_type`, the system of the identifier's type.
    pub system: SystemQuery,
    /// The asked code or identifier value; `None` for `system|`. With `of_type`, the type's code.
    pub code: Option<String>,
    /// With `:of-type`, the identifier's value.
    pub of_type: Option<String>,
}

/// One stored value of a token parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenValue<'a> {
    /// The system, as stored.
    pub system: Option<Cow<'a, str>>,
    /// The code, identifier value or contact value, as stored.
    pub code: Option<Cow<'a, str>>,
    /// What `:text` looks at: display, concept text, text of the identifier's type.
    pub text: Vec<Cow<'a, str>>,
    /// System and code of each coding of an identifier's type.
    pub type_codings: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Whether the systems are those of identifiers, compared without their scheme.
    pub is_identifier: bool,
}

impl TokenQuery {
    /// Reads an escaped value such as `http://a|b`, `|b`, `b` or `http://a|`.
    ///
    /// # Errors
    /// When there is neither a system nor a code.
    pub fn parse(text: &str, shape: TokenShape) -> Result<Self, ValueError> {
        let (system, code) = match escape::split_once(text, '|') {
            None => (SystemQuery::Any, text),
            Some((system, code)) => match clean(&escape::unescape(system)) {
                system if system.is_empty() => (SystemQuery::NoSystem, code),
                system => (SystemQuery::Is(canonical_system(&system, shape).into_owned()), code),
            },
        };
        let code = clean(&escape::unescape(code)).into_owned();
        if code.is_empty() && !matches!(system, SystemQuery::Is(_)) {
            return Err(ValueError::new(
                "a token is written code, system|code, |code or system|; this one is empty",
            ));
        }
        Ok(Self { system, code: (!code.is_empty()).then_some(code), of_type: None })
    }

    /// Asks for an identifier as a document states it: without system, in any.
    pub fn identifier(system: Option<&str>, value: &str) -> Self {
        let system = system.map(clean).filter(|system| !system.is_empty());
        Self {
            system: system.map_or(SystemQuery::Any, |system| {
                SystemQuery::Is(canonical_system(&system, TokenShape::Identifier).into_owned())
            }),
            code: Some(clean(value).into_owned()),
            of_type: None,
        }
    }

    /// Reads the `type-system|type-code|value` of `:of-type`.
    ///
    /// # Errors
    /// When one of the three parts is missing: R4 requires all.
    pub fn parse_of_type(text: &str) -> Result<Self, ValueError> {
        let parts: Vec<String> = escape::split(text, '|')
            .into_iter()
            .map(|part| clean(&escape::unescape(part)).into_owned())
            .collect();
        let [system, code, value] = parts.as_slice() else {
            return Err(of_type_error());
        };
        if parts.iter().any(String::is_empty) {
            return Err(of_type_error());
        }
        Ok(Self {
            system: SystemQuery::Is(canonical_system(system, TokenShape::Coded).into_owned()),
            code: Some(code.clone()),
            of_type: Some(value.clone()),
        })
    }

    /// The index terms any of which answers, for an id: `|1` asks for the same as `1`.
    pub fn id_terms(&self) -> Vec<String> {
        match (&self.system, &self.code) {
            (SystemQuery::Any | SystemQuery::NoSystem, Some(id)) => vec![id_term(id).concat()],
            (SystemQuery::Any | SystemQuery::NoSystem, None) | (SystemQuery::Is(_), _) => {
                Vec::new()
            }
        }
    }

    /// The index terms any of which answers.
    pub fn terms(&self) -> Vec<String> {
        let code = self.code.as_deref();
        if let (SystemQuery::Is(system), Some(code), Some(value)) =
            (&self.system, code, &self.of_type)
        {
            return vec![of_type_term(system, code, value).concat()];
        }
        match (&self.system, code) {
            (SystemQuery::Any, Some(code)) => vec![any_system_term(code).concat()],
            (SystemQuery::NoSystem, Some(code)) => vec![system_code_term("", code).concat()],
            (SystemQuery::Is(system), Some(code)) if is_bound_to_codes(system) => {
                [system.as_str(), ""].map(|s| system_code_term(s, code).concat()).into()
            }
            (SystemQuery::Is(system), Some(code)) => vec![system_code_term(system, code).concat()],
            (SystemQuery::Is(system), None) => vec![system_term(system).concat()],
            (SystemQuery::Any | SystemQuery::NoSystem, None) => Vec::new(),
        }
    }
}

fn of_type_error() -> ValueError {
    ValueError::new("with :of-type a value is written type-system|type-code|identifier-value")
}

impl fmt::Display for TokenQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.system {
            SystemQuery::Any => {}
            SystemQuery::NoSystem => f.write_str("|")?,
            SystemQuery::Is(system) => write!(f, "{}|", escape::escape(system))?,
        }
        f.write_str(&escape::escape(self.code.as_deref().unwrap_or_default()))?;
        match &self.of_type {
            Some(value) => write!(f, "|{}", escape::escape(value)),
            None => Ok(()),
        }
    }
}

impl<'a> TokenValue<'a> {
    /// Visits the token values of one element.
    ///
    /// A concept gives one value for each coding and one for its text; a contact is found by its value
    /// with its `use` as system (R4) and also with its `system` (`phone|0240…`).
    pub fn from_json(value: &'a Value, shape: TokenShape, visit: &mut impl FnMut(TokenValue<'a>)) {
        match value {
            Value::Array(items) => {
                for item in items {
                    TokenValue::from_json(item, shape, visit);
                }
            }
            Value::Bool(flag) => visit(TokenValue::code(if *flag { "true" } else { "false" })),
            Value::String(text) => visit(TokenValue::code(text)),
            Value::Number(number) => visit(TokenValue {
                code: Some(Cow::Owned(number.to_string())),
                ..TokenValue::default()
            }),
            Value::Object(_) => match shape {
                TokenShape::Coded => visit_coded(value, visit),
                TokenShape::Identifier => visit(identifier(value)),
                TokenShape::ContactPoint => visit_contact(value, visit),
            },
            Value::Null => {}
        }
    }

    fn code(code: &'a str) -> Self {
        Self { code: Some(Cow::Borrowed(code)), ..Self::default() }
    }

    /// Pushes the index terms of this value, each in parts; none twice for one value.
    pub fn terms(&self, push: &mut impl FnMut(&[&str])) {
        let shape = if self.is_identifier { TokenShape::Identifier } else { TokenShape::Coded };
        let system = self.system.as_deref().map(clean).filter(|system| !system.is_empty());
        let system = system.as_deref().map(|system| canonical_system(system, shape));
        let code = self.code.as_deref().map(clean).filter(|code| !code.is_empty());
        if let Some(code) = &code {
            push(&any_system_term(code));
            push(&system_code_term(system.as_deref().unwrap_or_default(), code));
            for (type_system, type_code) in &self.type_codings {
                let type_system = clean(type_system);
                let type_system = canonical_system(&type_system, TokenShape::Coded);
                push(&of_type_term(&type_system, &clean(type_code), code));
            }
        }
        if let Some(system) = &system {
            push(&system_term(system));
        }
    }
}

fn visit_coded<'a>(value: &'a Value, visit: &mut impl FnMut(TokenValue<'a>)) {
    let is_concept = value.get("coding").is_some() || value.get("text").is_some();
    if !is_concept {
        visit(coding(value));
        return;
    }
    match value.get("coding") {
        Some(Value::Array(codings)) => codings.iter().for_each(|c| visit(coding(c))),
        // A single coding where a list belongs is invalid, yet its code is what was meant.
        Some(single @ Value::Object(_)) => visit(coding(single)),
        Some(_) | None => {}
    }
    if let Some(text) = text_of(value, "text") {
        visit(TokenValue { text: vec![text], ..TokenValue::default() });
    }
}

fn coding(value: &Value) -> TokenValue<'_> {
    TokenValue {
        system: text_of(value, "system"),
        code: text_of(value, "code"),
        text: text_of(value, "display").into_iter().collect(),
        ..TokenValue::default()
    }
}

fn identifier(value: &Value) -> TokenValue<'_> {
    let concept = value.get("type").unwrap_or(&Value::Null);
    let mut type_codings = Vec::new();
    if let Some(Value::Array(codings)) = concept.get("coding") {
        for coding in codings {
            if let (Some(system), Some(code)) = (text_of(coding, "system"), text_of(coding, "code"))
            {
                type_codings.push((system, code));
            }
        }
    }
    TokenValue {
        system: text_of(value, "system"),
        code: text_of(value, "value"),
        text: text_of(concept, "text").into_iter().collect(),
        type_codings,
        is_identifier: true,
    }
}

fn visit_contact<'a>(value: &'a Value, visit: &mut impl FnMut(TokenValue<'a>)) {
    let code = text_of(value, "value");
    let usage = text_of(value, "use");
    let kind = text_of(value, "system");
    visit(TokenValue { system: usage, code: code.clone(), ..TokenValue::default() });
    if kind.is_some() {
        visit(TokenValue { system: kind, code, ..TokenValue::default() });
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> Option<Cow<'a, str>> {
    value.get(key).and_then(Value::as_str).map(Cow::Borrowed)
}

/// The form of a system that both sides use.
fn canonical_system(system: &str, shape: TokenShape) -> Cow<'_, str> {
    let canonical = crate::terminology::canonical_system(system);
    match shape {
        TokenShape::Coded | TokenShape::ContactPoint => canonical,
        TokenShape::Identifier => match canonical.strip_prefix("https://") {
            Some(rest) => Cow::Owned(format!("http://{rest}")),
            None => canonical,
        },
    }
}

/// Whether `system` is one of FHIR's own, whose codes stand in documents as bare `code` elements: R4
/// lets a request name the system that the element's binding implies.
fn is_bound_to_codes(system: &str) -> bool {
    system.strip_prefix("http://hl7.org/fhir/").is_some_and(|name| !name.contains('/'))
}

fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_control()) {
        let kept: String = text.chars().filter(|c| !c.is_ascii_control()).collect();
        return Cow::Owned(kept.trim().to_owned());
    }
    Cow::Borrowed(text.trim())
}

/// The one index term of an id, in parts: ids have no systems, and an index has very many of them.
pub fn id_term(id: &str) -> [&str; 4] {
    system_code_term("", id)
}

fn any_system_term(code: &str) -> [&str; 2] {
    ["\x01", code]
}

fn system_code_term<'a>(system: &'a str, code: &'a str) -> [&'a str; 4] {
    ["\x02", system, "\x1f", code]
}

fn system_term(system: &str) -> [&str; 2] {
    ["\x03", system]
}

/// A code as the index holds it: its system in canonical form, empty where it has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredCode {
    /// The system.
    pub system: String,
    /// The code.
    pub code: String,
}

/// The code that an index term stands for; `None` for terms that stand for a code in any system, any
/// code of a system, or an identifier by its type.
pub fn stored_code(term: &[u8]) -> Option<StoredCode> {
    let rest = std::str::from_utf8(term).ok()?.strip_prefix('\x02')?;
    let (system, code) = rest.split_once('\x1f')?;
    Some(StoredCode { system: system.to_owned(), code: code.to_owned() })
}

fn of_type_term<'a>(type_system: &'a str, type_code: &'a str, value: &'a str) -> [&'a str; 6] {
    ["\x04", type_system, "\x1f", type_code, "\x1f", value]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn terms_of(value: &Value, shape: TokenShape) -> Vec<String> {
        let mut terms = Vec::new();
        TokenValue::from_json(value, shape, &mut |token| {
            token.terms(&mut |parts| terms.push(parts.concat()));
        });
        terms
    }

    fn check(value: &Value, shape: TokenShape, query: &str, expected: bool) {
        let index = terms_of(value, shape);
        let asked = TokenQuery::parse(query, shape).unwrap().terms();
        assert_eq!(asked.iter().any(|t| index.contains(t)), expected, "{query} on {value}");
    }

    #[test]
    fn coded() {
        let concept = json!({"coding": [
            {"system": "http://a", "code": "10", "display": "Dix"},
            {"code": "20"},
        ], "text": "both"});
        let rows = [
            ("10", true),
            ("http://a|10", true),
            ("http://a|", true),
            ("http://a|20", false),
            ("|20", true),
            ("|10", false),
            ("http://b|10", false),
            ("https://a|10", false),
            ("1", false),
            ("http://b|", false),
        ];
        for (query, expected) in rows {
            check(&concept, TokenShape::Coded, query, expected);
        }
        check(&json!({"system": "s", "code": "a|b"}), TokenShape::Coded, "s|a\\|b", true);
        check(&json!({"system": "s|a", "code": "b"}), TokenShape::Coded, "s|a\\|b", false);
        check(&json!({"code": "abc"}), TokenShape::Coded, "ABC", false);
        check(&json!(true), TokenShape::Coded, "true", true);
        check(&json!("female"), TokenShape::Coded, "female", true);
        let gender = "http://hl7.org/fhir/administrative-gender|female";
        check(&json!("female"), TokenShape::Coded, gender, true);
        check(
            &json!({"coding": [{"system": "x", "code": "female"}]}),
            TokenShape::Coded,
            gender,
            false,
        );
    }

    #[test]
    fn identifiers() {
        let identifier = json!({
            "system": "https://finess.esante.gouv.fr",
            "value": "52/192675",
            "type": {"coding": [{"system": "http://t", "code": "25"}], "text": "fonctionnel"},
        });
        let rows = [
            ("52/192675", true),
            ("https://finess.esante.gouv.fr|52/192675", true),
            ("http://finess.esante.gouv.fr|52/192675", true),
            ("http://finess.esante.gouv.fr|", true),
            ("|52/192675", false),
            ("http://t|52/192675", false),
        ];
        for (query, expected) in rows {
            check(&identifier, TokenShape::Identifier, query, expected);
        }
        let index = terms_of(&identifier, TokenShape::Identifier);
        for (query, expected) in [
            ("http://t|25|52/192675", true),
            ("http://t|26|52/192675", false),
            ("http://t|25|52", false),
        ] {
            let asked = TokenQuery::parse_of_type(query).unwrap().terms();
            assert_eq!(asked.iter().any(|t| index.contains(t)), expected, "{query}");
        }
    }

    #[test]
    fn contacts() {
        let phone = json!({"system": "phone", "use": "work", "value": "0240084040"});
        for (query, expected) in [
            ("0240084040", true),
            ("work|0240084040", true),
            ("phone|0240084040", true),
            ("email|0240084040", false),
            ("|0240084040", false),
        ] {
            check(&phone, TokenShape::ContactPoint, query, expected);
        }
    }

    #[test]
    fn refuses() {
        for text in ["", "|", " | "] {
            assert!(TokenQuery::parse(text, TokenShape::Coded).is_err(), "{text}");
        }
        for text in ["a", "a|b", "a||c", "|b|c", "a|b|", "a|b|c|d"] {
            assert!(TokenQuery::parse_of_type(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_found_by_what_it_says(system in "[a-z:/|\\\\]{0,9}", code in "[a-zA-Z0-9 |\\\\,é\u{1}\u{1f}]{1,9}") {
            let value = json!({"system": system, "code": code});
            let index = terms_of(&value, TokenShape::Coded);
            let code = clean(&code).into_owned();
            prop_assume!(!code.is_empty());
            let texts = [
                escape::escape(&code),
                format!("{}|{}", escape::escape(&system), escape::escape(&code)),
            ];
            for text in texts {
                let query = TokenQuery::parse(&text, TokenShape::Coded).unwrap();
                for term in query.terms() {
                    prop_assert!(index.contains(&term), "{text}");
                }
            }
        }

        #[test]
        fn a_stored_code_asks_for_itself(system in "[a-z:/|]{0,9}", code in "[a-zA-Z0-9 |\\\\,$]{0,8}[a-z]") {
            let value = json!({"system": system, "code": code});
            let index = terms_of(&value, TokenShape::Coded);
            let stored: Vec<_> = index.iter().filter_map(|t| stored_code(t.as_bytes())).collect();
            let [stored] = &stored[..] else { panic!("{index:?}") };
            let query = TokenQuery {
                system: match stored.system.as_str() {
                    "" => SystemQuery::NoSystem,
                    system => SystemQuery::Is(system.to_owned()),
                },
                code: Some(stored.code.clone()),
                of_type: None,
            };
            let asked = TokenQuery::parse(&query.to_string(), TokenShape::Coded).unwrap();
            prop_assert!(asked.terms().iter().any(|term| index.contains(term)), "{query}");
        }

        #[test]
        fn prints_what_it_reads(text in "[a-z:/]{0,6}\\|?[a-z0-9\\\\,$]{1,6}") {
            let query = TokenQuery::parse(&text, TokenShape::Coded).unwrap();
            prop_assert_eq!(TokenQuery::parse(&query.to_string(), TokenShape::Coded).unwrap(), query);
        }
    }
}
