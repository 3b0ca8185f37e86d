//! A small `FHIRPath` evaluator for what a request changed: `body` and `read-after` checks.
//!
//! It knows navigation (choice elements, extensions of primitives), `where`, `exists`, `empty`,
//! `count`, `startsWith`, `endsWith`, `=`, `!=`, `and`, `or` and literals; anything else is an error.
//! Sets over the sample come from a full engine instead (see `tests/oracle`).

use serde_json::Value;

/// Evaluates a condition on a resource; an empty result is false.
///
/// # Errors
/// When the expression uses what this evaluator does not know.
pub fn holds(resource: &Value, expression: &str) -> Result<bool, String> {
    let mut parser = Parser { rest: expression };
    let parsed = parser.or()?;
    parser.skip_space();
    if !parser.rest.is_empty() {
        return Err(format!("{expression:?}: not understood from {:?}", parser.rest));
    }
    Ok(is_true(&evaluate(&parsed, &[Item::Node { value: resource, shadow: None }])))
}

#[derive(Debug)]
enum Expression {
    Literal(Literal),
    Path(Vec<Step>),
    Equals(Box<Expression>, Box<Expression>, bool),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
    Truth(bool),
}

#[derive(Debug)]
enum Step {
    Element(String),
    Where(Expression),
    Exists,
    Empty,
    Count,
    StartsWith(String),
    EndsWith(String),
}

#[derive(Clone, Debug)]
enum Item<'a> {
    Node { value: &'a Value, shadow: Option<&'a Value> },
    Made(Literal),
}

impl Item<'_> {
    fn literal(&self) -> Option<Literal> {
        match self {
            Item::Made(literal) => Some(literal.clone()),
            Item::Node { value: Value::String(text), .. } => Some(Literal::Text(text.clone())),
            Item::Node { value: Value::Bool(holds), .. } => Some(Literal::Truth(*holds)),
            Item::Node { value: Value::Number(number), .. } => number.as_f64().map(Literal::Number),
            Item::Node { value: Value::Null | Value::Array(_) | Value::Object(_), .. } => None,
        }
    }
}

fn is_true(items: &[Item<'_>]) -> bool {
    match items {
        [] => false,
        [only] => only.literal() != Some(Literal::Truth(false)),
        _ => true,
    }
}

fn made<'a>(value: bool) -> Vec<Item<'a>> {
    vec![Item::Made(Literal::Truth(value))]
}

fn evaluate<'a>(expression: &Expression, input: &[Item<'a>]) -> Vec<Item<'a>> {
    match expression {
        Expression::Literal(literal) => vec![Item::Made(literal.clone())],
        Expression::Path(steps) => {
            steps.iter().fold(input.to_vec(), |items, step| take_step(step, &items))
        }
        Expression::And(a, b) => made(is_true(&evaluate(a, input)) && is_true(&evaluate(b, input))),
        Expression::Or(a, b) => made(is_true(&evaluate(a, input)) || is_true(&evaluate(b, input))),
        Expression::Equals(a, b, wanted) => {
            let (a, b) = (evaluate(a, input), evaluate(b, input));
            if a.is_empty() || b.is_empty() {
                return Vec::new();
            }
            let equal = a.len() == b.len()
                && a.iter()
                    .zip(&b)
                    .all(|(x, y)| x.literal().is_some() && x.literal() == y.literal());
            made(equal == *wanted)
        }
    }
}

fn take_step<'a>(step: &Step, items: &[Item<'a>]) -> Vec<Item<'a>> {
    match step {
        Step::Element(name) => items.iter().flat_map(|item| element(item, name)).collect(),
        Step::Where(condition) => items
            .iter()
            .filter(|item| is_true(&evaluate(condition, std::slice::from_ref(*item))))
            .cloned()
            .collect(),
        Step::Exists => made(!items.is_empty()),
        Step::Empty => made(items.is_empty()),
        Step::Count => vec![Item::Made(Literal::Number(items.len() as f64))],
        Step::StartsWith(text) => text_test(items, |value| value.starts_with(text.as_str())),
        Step::EndsWith(text) => text_test(items, |value| value.ends_with(text.as_str())),
    }
}

fn text_test<'a>(items: &[Item<'a>], test: impl Fn(&str) -> bool) -> Vec<Item<'a>> {
    match items.first().and_then(Item::literal) {
        Some(Literal::Text(found)) => made(test(&found)),
        Some(Literal::Number(_) | Literal::Truth(_)) | None => Vec::new(),
    }
}

fn element<'a>(item: &Item<'a>, name: &str) -> Vec<Item<'a>> {
    let Item::Node { value, shadow: hidden } = item else { return Vec::new() };
    if !value.is_object() {
        return hidden.map_or_else(Vec::new, |hidden| named(hidden, name));
    }
    let found = named(value, name);
    if !found.is_empty() {
        return found;
    }
    // A choice element is stored with its type in the name: `value` is `valueCoding`.
    let fields = value.as_object().into_iter().flatten();
    let chosen = fields.map(|(field, _)| field).find(|field| {
        field.strip_prefix(name).is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase()))
    });
    chosen.map_or_else(Vec::new, |field| named(value, field))
}

fn named<'a>(object: &'a Value, name: &str) -> Vec<Item<'a>> {
    let shadows = object.get(format!("_{name}"));
    match (object.get(name), shadows) {
        (Some(Value::Array(values)), _) => values
            .iter()
            .enumerate()
            .map(|(index, value)| Item::Node {
                value,
                shadow: shadows.and_then(|shadows| shadows.get(index)),
            })
            .collect(),
        (Some(value), shadow) => vec![Item::Node { value, shadow }],
        (None, _) => Vec::new(),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.equality()?;
        while self.word("and") {
            left = Expression::And(Box::new(left), Box::new(self.equality()?));
        }
        Ok(left)
    }

    fn equality(&mut self) -> Result<Expression, String> {
        let left = self.term()?;
        let wanted = if self.symbol("!=") {
            false
        } else if self.symbol("=") {
            true
        } else {
            return Ok(left);
        };
        Ok(Expression::Equals(Box::new(left), Box::new(self.term()?), wanted))
    }

    fn term(&mut self) -> Result<Expression, String> {
        if self.symbol("(") {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        self.skip_space();
        if self.rest.starts_with('\'') {
            return Ok(Expression::Literal(Literal::Text(self.text()?)));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let number = self.take_while(|c| c.is_ascii_digit() || c == '.');
            let number = number.parse().map_err(|error| format!("{number}: {error}"))?;
            return Ok(Expression::Literal(Literal::Number(number)));
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.word(word) {
                return Ok(Expression::Literal(Literal::Truth(value)));
            }
        }
        let mut steps = vec![self.step()?];
        while self.symbol(".") {
            steps.push(self.step()?);
        }
        Ok(Expression::Path(steps))
    }

    fn step(&mut self) -> Result<Step, String> {
        let name = self.take_while(|c| c.is_ascii_alphanumeric());
        if name.is_empty() {
            return Err(format!("a name expected at {:?}", self.rest));
        }
        if !self.symbol("(") {
            return Ok(Step::Element(name));
        }
        let step = match name.as_str() {
            "where" => Step::Where(self.or()?),
            "exists" => Step::Exists,
            "empty" => Step::Empty,
            "count" => Step::Count,
            "startsWith" => Step::StartsWith(self.text()?),
            "endsWith" => Step::EndsWith(self.text()?),
            _ => return Err(format!("function {name} is not known")),
        };
        self.expect(")")?;
        Ok(step)
    }

    fn text(&mut self) -> Result<String, String> {
        self.expect("'")?;
        let end = self.rest.find('\'').ok_or("text without end")?;
        let text = self.rest[..end].to_owned();
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let taken = self.rest[..end].to_owned();
        self.rest = &self.rest[end..];
        taken
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        self.rest.strip_prefix(symbol).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    fn word(&mut self, word: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '.') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.symbol(symbol) {
            return Ok(());
        }
        Err(format!("{symbol:?} expected at {:?}", self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions() {
        let resource = json!({
            "id": "x",
            "extension": [
                {"url": "a", "extension": [{"url": "n", "valueInteger": 2}]},
                {"url": "a", "extension": [{"url": "n", "valueInteger": 3}]}
            ],
            "address": {"line": ["1 rue A"], "_line": [{"extension": [{"url": "u/houseNumber", "valueString": "1"}]}]},
            "status": [{"coding": [{"code": "08"}]}]
        });
        let rows = [
            ("id != 'y' and id.exists()", true),
            ("status.coding.where(code='08').exists() and status.coding.count() = 1", true),
            ("extension.where(url='a' and extension.where(url='n').value = 3).exists()", true),
            ("extension.where(url='a' and extension.where(url='n').value = 4).empty()", true),
            ("address.line.extension.where(url.endsWith('houseNumber')).value = '1'", true),
            ("status.coding.where(code='09').exists() = false", true),
            ("absent = 'z'", false),
            ("absent.exists() or id.startsWith('y')", false),
            ("extension.extension.value = 2", false),
        ];
        for (expression, expected) in rows {
            assert_eq!(holds(&resource, expression), Ok(expected), "{expression}");
        }
        for unknown in ["id.upper()", "id =", "a b", "id.where(x"] {
            assert!(holds(&resource, unknown).is_err(), "{unknown}");
        }
    }
}
