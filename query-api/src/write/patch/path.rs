//! The text of a `FHIRPath` → a tree, for the part of `FHIRPath` that can name places in a document.
//!
//! ```text
//! expression = comparison *(("and" / "or" / "xor") comparison)      and binds tighter than or, xor
//! comparison = chain [("=" / "!=") chain]
//! chain      = start *("." (name / function) / "[" digits "]") ["as" type]
//! start      = name / function / "$this" / string / number / "true" / "false" / "(" expression ")"
//! function   = where(expression) / exists([expression]) / extension(string) / ofType(type) / as(type)
//!            / first() / last() / single() / empty() / not() / count()
//! ```
//! Everything else is refused by name; nothing is evaluated here. Source: `FHIRPath` N1, grammar.

mod token;

use token::{Token, tokens};

/// How deep parentheses may nest.
const DEPTH_MAX: usize = 32;

/// An expression, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// A start and what is applied to it, one after the other.
    Chain(Start, Vec<Step>),
    /// Two expressions and what joins them.
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// Where a chain starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    /// What the expression is evaluated on, `$this` or nothing written.
    Context,
    /// A string, unescaped.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// An expression in parentheses.
    Group(Box<Expression>),
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// To the elements of a name.
    Child(String),
    /// To one of the elements, counted from 0.
    Index(usize),
    /// To those that meet a condition.
    Where(Expression),
    /// To the first.
    First,
    /// To the last.
    Last,
    /// To the only one; several are an error.
    Single,
    /// To the extensions of a URL.
    Extension(String),
    /// To those of a type.
    OfType(String),
    /// Whether there are any, that meet the condition.
    Exists(Option<Expression>),
    /// Whether there are none.
    Empty,
    /// The contrary.
    Not,
    /// How many there are.
    Count,
}

/// What joins two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// Both.
    And,
    /// One or both.
    Or,
    /// One, not both.
    Xor,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
}

/// Why a text is not an expression of this grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    /// Something else is due at this place.
    #[error("{expected} is expected at character {at}, not {found}")]
    Expected {
        /// What would be right.
        expected: &'static str,
        /// What is there.
        found: String,
        /// Position, in characters, from 1.
        at: usize,
    },
    /// A function that cannot be used here.
    #[error("the function {0}() is not supported; there are {FUNCTIONS}")]
    Function(String),
    /// An operator or literal that cannot be used here.
    #[error(
        "{0} is not supported; there are and, or, xor, = and !=, strings, numbers and booleans"
    )]
    Operator(String),
    /// Parentheses nest too deep.
    #[error("parentheses nest deeper than {DEPTH_MAX} levels")]
    Depth,
}

const FUNCTIONS: &str =
    "where, exists, extension, ofType, as, first, last, single, empty, not and count";

impl Expression {
    /// Reads an expression.
    pub(super) fn parse(text: &str) -> Result<Self, PathError> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
        let expression = parser.or()?;
        parser.take(&Token::End, "the end or an operator")?;
        Ok(expression)
    }
}

/// Recursive descent over the words.
struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expression, PathError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(PathError::Depth);
        }
        let mut left = self.and()?;
        loop {
            let operator = if self.keyword("or") {
                Operator::Or
            } else if self.keyword("xor") {
                Operator::Xor
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            let right = self.and()?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn and(&mut self) -> Result<Expression, PathError> {
        let mut left = self.comparison()?;
        while self.keyword("and") {
            let right = self.comparison()?;
            left = Expression::Binary(Operator::And, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression, PathError> {
        let left = self.chain()?;
        let operator = if self.eat(&Token::Equal) {
            Operator::Equal
        } else if self.eat(&Token::NotEqual) {
            Operator::NotEqual
        } else {
            return Ok(left);
        };
        let right = self.chain()?;
        Ok(Expression::Binary(operator, Box::new(left), Box::new(right)))
    }

    fn chain(&mut self) -> Result<Expression, PathError> {
        let (start, mut steps) = self.start()?;
        loop {
            if self.eat(&Token::Dot) {
                steps.push(self.name_or_function()?);
            } else if self.eat(&Token::OpenIndex) {
                steps.push(self.index()?);
            } else if self.keyword("as") {
                steps.push(Step::OfType(self.type_name()?));
            } else {
                return Ok(Expression::Chain(start, steps));
            }
        }
    }

    fn start(&mut self) -> Result<(Start, Vec<Step>), PathError> {
        let start = match self.peek().clone() {
            Token::Text(text) => Start::Text(text),
            Token::Number(number) => Start::Number(number),
            Token::This => Start::Context,
            Token::Open => {
                self.next += 1;
                let inner = self.or()?;
                self.take(&Token::Close, "\")\"")?;
                return Ok((Start::Group(Box::new(inner)), Vec::new()));
            }
            Token::Name(name) if name == "true" || name == "false" => {
                Start::Boolean(name == "true")
            }
            Token::Name(name) if matches!(name.as_str(), "and" | "or" | "xor" | "as") => {
                return Err(self.expected("a path or a literal"));
            }
            Token::Name(_) | Token::Quoted(_) => {
                return Ok((Start::Context, vec![self.name_or_function()?]));
            }
            Token::Dot
            | Token::Close
            | Token::OpenIndex
            | Token::CloseIndex
            | Token::Equal
            | Token::NotEqual
            | Token::End => return Err(self.expected("a path or a literal")),
        };
        self.next += 1;
        Ok((start, Vec::new()))
    }

    fn name_or_function(&mut self) -> Result<Step, PathError> {
        let is_quoted = matches!(self.peek(), Token::Quoted(_));
        let name = self.name("a name")?;
        if is_quoted || !self.eat(&Token::Open) {
            return Ok(Step::Child(name));
        }
        let step = match name.as_str() {
            "where" => Step::Where(self.or()?),
            "exists" if *self.peek() == Token::Close => Step::Exists(None),
            "exists" => Step::Exists(Some(self.or()?)),
            "extension" => {
                let Token::Text(url) = self.peek().clone() else {
                    return Err(self.expected("a URL in quotes"));
                };
                self.next += 1;
                Step::Extension(url)
            }
            "ofType" | "as" => Step::OfType(self.type_name()?),
            "first" => Step::First,
            "last" => Step::Last,
            "single" => Step::Single,
            "empty" => Step::Empty,
            "not" => Step::Not,
            "count" => Step::Count,
            _ => return Err(PathError::Function(name)),
        };
        self.take(&Token::Close, "\")\"")?;
        Ok(step)
    }

    /// A name of a type, its namespace left out.
    fn type_name(&mut self) -> Result<String, PathError> {
        let name = self.name("the name of a type")?;
        if matches!(name.as_str(), "FHIR" | "System") && self.eat(&Token::Dot) {
            return self.name("the name of a type");
        }
        Ok(name)
    }

    fn name(&mut self, expected: &'static str) -> Result<String, PathError> {
        let (Token::Name(name) | Token::Quoted(name)) = self.peek().clone() else {
            return Err(self.expected(expected));
        };
        self.next += 1;
        Ok(name)
    }

    fn index(&mut self) -> Result<Step, PathError> {
        let Token::Number(digits) = self.peek() else {
            return Err(self.expected("a position"));
        };
        let Ok(position) = digits.parse() else { return Err(self.expected("a position")) };
        self.next += 1;
        self.take(&Token::CloseIndex, "\"]\"")?;
        Ok(Step::Index(position))
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name == word);
        self.next += usize::from(found);
        found
    }

    /// Steps over the token when it is next.
    fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        self.next += usize::from(found && *token != Token::End);
        found
    }

    fn take(&mut self, token: &Token, name: &'static str) -> Result<(), PathError> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(name)) }
    }

    fn peek(&self) -> &Token {
        // The last word is the end, which nothing steps over.
        &self.tokens[self.next].1
    }

    fn expected(&self, expected: &'static str) -> PathError {
        let (at, found) = &self.tokens[self.next];
        PathError::Expected { expected, found: found.to_string(), at: at + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expression, PathError};

    #[test]
    fn what_is_read() {
        for text in [
            "Location",
            "$this",
            " Location . name ",
            "Location.extension[0].extension.where(url='a').value",
            "extension.where(url = 'a' and valueCodeableConcept.coding.code = '02')",
            "a.where((b or c) xor d != 1.50).first().last().single()",
            "a.where(b.exists() and c.exists(d='x') and e.empty().not())",
            "a.where($this = 'it\\'s \\u00e9 \\\\').`div`",
            "(a.b as Quantity).value",
            "a.value.ofType(FHIR.Quantity).as(Quantity).count()",
            "a.where(b = true and -1 = c.count())",
            "a.as.or.where(and.exists() = false)",
        ] {
            let read = Expression::parse(text);
            let refused = text.starts_with("a.as");
            assert_eq!(read.is_err(), refused, "{text}: {read:?}");
        }
    }

    #[test]
    fn a_name_ends_where_a_number_starts() {
        assert_eq!(Expression::parse("a[0].b"), Expression::parse(" a [ 0 ] . b "));
        assert_ne!(Expression::parse("a[0].b"), Expression::parse("a[1].b"));
    }

    #[test]
    fn what_is_refused() {
        let rows = [
            ("", "a path or a literal"),
            ("a.where(b and and c)", "a path or a literal"),
            ("a b", "the end or an operator"),
            ("a.where(b", "\")\""),
            ("a[", "a position"),
            ("a[-1]", "a position"),
            ("a[1", "\"]\""),
            ("a..b", "a name"),
            ("a.where(b='x)", "a closing quote"),
            ("a.where(b='\\", "a closing quote"),
            ("a.where(b='\\u00')", "a closing quote"),
            ("a.extension(b)", "a URL in quotes"),
            ("a = 1-2", "a number"),
            ("a.é", "a name, an operator or a literal"),
            ("a.resolve()", "resolve()"),
            ("a.matches('x')", "matches()"),
            ("a.where(b > 1)", "\">\""),
            ("a | b", "\"|\""),
            ("%resource.a", "%resource"),
            ("a.where($index = 1)", "$index"),
            ("a.where(b = @2020)", "a date literal"),
        ];
        for (text, expected) in rows {
            let error = Expression::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let deep = "(".repeat(100_000);
        assert_eq!(Expression::parse(&deep), Err(PathError::Depth));
    }
}
