//! The text of a `_filter` → a tree of comparisons. Knows no parameters.
//!
//! Source: FHIR R4, `search_filter`; the parts marked T2 are this server's tolerances.
//!
//! ```text
//! filter     = operand *(("and" / "or") operand)       left to right, no precedence
//! operand    = "(" filter ")" / "not" "(" filter ")" / comparison
//! comparison = path SP operator SP value *("or" value)  T2: bare values repeat path and operator
//!            / path "=" value                           T2: the parameter's default comparison
//!            / path "[" filter "]" ["." comparison]     on one and the same target
//! value      = JSON string / characters up to white space, ")" or "]"
//! ```
//! T2 also takes and, or, not in any case. Brackets and parentheses that open inside a value close in it.

use std::fmt;

use shared::error::IssueType;
use shared::param::Prefix;

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// All hold.
    And(Vec<Node>),
    /// One holds.
    Or(Vec<Node>),
    /// Does not hold.
    Not(Box<Node>),
    /// One parameter is compared.
    Compare(Comparison),
    /// `path[inner].rest`
    Within {
        /// The chain.
        path: String,
        /// What holds on its target.
        inner: Box<Node>,
        /// What else holds on the same target.
        rest: Option<Box<Node>>,
    },
}

/// `path operator value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Name of the parameter, maybe behind a chain.
    pub(super) path: String,
    /// The comparator.
    pub(super) operator: Operator,
    /// The values, any of which may answer; never empty.
    pub(super) values: Vec<Literal>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    /// Without quotes and their escapes.
    pub(super) text: String,
}

/// A comparator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`: how the parameter compares outside filters.
    Default,
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Less.
    Lt,
    /// Greater or equal.
    Ge,
    /// Less or equal.
    Le,
    /// Approximately.
    Ap,
    /// Starts after.
    Sa,
    /// Ends before.
    Eb,
    /// Present.
    Pr,
    /// Periods overlap.
    Po,
    /// Subsumes.
    Ss,
    /// Subsumed by.
    Sb,
    /// In a value set.
    In,
    /// Not in a value set.
    Ni,
    /// Refers to.
    Re,
}

const OPERATORS: [(&str, Operator); 19] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("co", Operator::Co),
    ("sw", Operator::Sw),
    ("ew", Operator::Ew),
    ("gt", Operator::Gt),
    ("lt", Operator::Lt),
    ("ge", Operator::Ge),
    ("le", Operator::Le),
    ("ap", Operator::Ap),
    ("sa", Operator::Sa),
    ("eb", Operator::Eb),
    ("pr", Operator::Pr),
    ("po", Operator::Po),
    ("ss", Operator::Ss),
    ("sb", Operator::Sb),
    ("in", Operator::In),
    ("ni", Operator::Ni),
    ("re", Operator::Re),
];

impl Operator {
    /// The two letters, or `=`.
    pub(super) fn as_str(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("=", |(text, _)| text)
    }

    /// The prefix that means the same in other parameters.
    pub(super) fn prefix(self) -> Option<Prefix> {
        Prefix::ALL.into_iter().find(|(_, text)| *text == self.as_str()).map(|(prefix, _)| prefix)
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        OPERATORS.iter().find(|(text, _)| *text == word).map(|(_, operator)| *operator)
    }
}

impl Node {
    /// Number of values in it: what it costs, at least.
    pub(super) fn value_count(&self) -> usize {
        match self {
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().map(Self::value_count).sum(),
            Self::Not(node) => node.value_count(),
            Self::Compare(comparison) => comparison.values.len(),
            Self::Within { inner, rest, .. } => {
                inner.value_count() + rest.as_ref().map_or(0, |rest| rest.value_count())
            }
        }
    }
}

/// A filter and the tolerances (T2) it made use of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The tree.
    pub(super) node: Node,
    /// One sentence for each kind of tolerance used.
    pub(super) tolerances: Vec<String>,
}

/// Where and why a text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FilterError {
    /// Something else was expected at a character (counted from 1) of the text.
    Expected {
        /// What.
        what: String,
        /// Where.
        position: usize,
        /// What stands there.
        found: String,
    },
    /// Parentheses, brackets and nots are nested deeper than allowed.
    TooDeep(usize),
}

impl FilterError {
    /// The kind of issue.
    pub(super) fn code(&self) -> IssueType {
        match self {
            Self::Expected { .. } => IssueType::Invalid,
            Self::TooDeep(_) => IssueType::TooCostly,
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { what, position, found } => {
                write!(f, "expected {what} at character {position}, before \"{found}\"")
            }
            Self::TooDeep(max) => write!(f, "nested more than {max} deep"),
        }
    }
}

/// Reads a whole text.
pub(super) fn parse(text: &str, depth_max: usize) -> Result<Parsed, FilterError> {
    let mut cursor =
        Cursor { text, at: 0, depth_left: depth_max, depth_max, tolerances: Vec::new() };
    let node = cursor.filter()?;
    cursor.skip_space();
    if cursor.at < text.len() {
        return Err(cursor.expected("and, or, or the end"));
    }
    Ok(Parsed { node, tolerances: cursor.tolerances })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth_left: usize,
    depth_max: usize,
    tolerances: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connective {
    And,
    Or,
}

impl<'a> Cursor<'a> {
    fn filter(&mut self) -> Result<Node, FilterError> {
        let mut left = self.operand()?;
        while let Some(connective) = self.connective() {
            if connective == Connective::Or && self.bare_value_follows() {
                self.repeat(&mut left)?;
                continue;
            }
            let right = self.operand()?;
            left = match (connective, left) {
                (Connective::And, Node::And(mut nodes)) => {
                    nodes.push(right);
                    Node::And(nodes)
                }
                (Connective::Or, Node::Or(mut nodes)) => {
                    nodes.push(right);
                    Node::Or(nodes)
                }
                (Connective::And, left) => Node::And(vec![left, right]),
                (Connective::Or, left) => Node::Or(vec![left, right]),
            };
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, FilterError> {
        self.skip_space();
        if self.take('(') {
            return self.nested(')');
        }
        if let Some(word) = self.keyword("not") {
            self.at += word.len();
            self.note_case(word);
            self.skip_space();
            if !self.take('(') {
                return Err(self.expected("( after not"));
            }
            return Ok(Node::Not(Box::new(self.nested(')')?)));
        }
        self.comparison()
    }

    /// A filter and the character that closes it.
    fn nested(&mut self, close: char) -> Result<Node, FilterError> {
        self.depth_left =
            self.depth_left.checked_sub(1).ok_or(FilterError::TooDeep(self.depth_max))?;
        let node = self.filter()?;
        self.depth_left += 1;
        self.skip_space();
        if self.take(close) {
            Ok(node)
        } else {
            Err(self.expected(&format!("and, or, or {close}")))
        }
    }

    fn comparison(&mut self) -> Result<Node, FilterError> {
        let path = self.path();
        if path.is_empty() {
            return Err(self.expected("the name of a parameter"));
        }
        if self.take('[') {
            let inner = Box::new(self.nested(']')?);
            let rest = if self.take('.') { Some(Box::new(self.comparison()?)) } else { None };
            return Ok(Node::Within { path: path.to_owned(), inner, rest });
        }
        self.skip_space();
        let operator = if self.take('=') {
            self.tolerate(
                "= is read as the parameter's usual comparison; write eq, co or the like",
            );
            Operator::Default
        } else {
            let word = self.word();
            let Some(operator) = Operator::read(word) else {
                let names: Vec<&str> = OPERATORS.iter().map(|(text, _)| *text).collect();
                return Err(self.expected(&format!("one of {}", names.join(", "))));
            };
            self.at += word.len();
            operator
        };
        self.skip_space();
        let values = vec![self.value()?];
        Ok(Node::Compare(Comparison { path: path.to_owned(), operator, values }))
    }

    /// T2: `path eq A or B`. The value joins the comparison just read.
    fn repeat(&mut self, left: &mut Node) -> Result<(), FilterError> {
        self.skip_space();
        let last = match left {
            Node::Compare(comparison) => Some(comparison),
            Node::And(nodes) | Node::Or(nodes) => match nodes.last_mut() {
                Some(Node::Compare(comparison)) => Some(comparison),
                Some(Node::And(_) | Node::Or(_) | Node::Not(_) | Node::Within { .. }) | None => {
                    None
                }
            },
            Node::Not(_) | Node::Within { .. } => None,
        };
        let Some(last) = last else {
            return Err(self.expected("a comparison"));
        };
        if last.operator == Operator::Pr {
            return Err(self.expected("a comparison"));
        }
        let value = self.value()?;
        last.values.push(value);
        let (path, operator) = (last.path.clone(), last.operator.as_str());
        self.tolerate(&format!(
            "a value alone after or is read as one more value of \"{path} {operator}\"; repeat \
             both"
        ));
        Ok(())
    }

    /// Whether what follows `or` is a value and not a comparison.
    fn bare_value_follows(&mut self) -> bool {
        let start = self.at;
        self.skip_space();
        let is_value = if self.peek('(') || self.keyword("not").is_some() {
            false
        } else if self.peek('"') {
            true
        } else {
            let path = self.path();
            let is_path = path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.:".contains(&b));
            let bracket = self.peek('[');
            self.skip_space();
            !(is_path && (bracket || self.peek('=') || Operator::read(self.word()).is_some()))
        };
        self.at = start;
        is_value
    }

    /// Reads `and` or `or` and moves behind it.
    fn connective(&mut self) -> Option<Connective> {
        self.skip_space();
        for (name, connective) in [("and", Connective::And), ("or", Connective::Or)] {
            if let Some(word) = self.keyword(name) {
                self.at += word.len();
                self.note_case(word);
                return Some(connective);
            }
        }
        None
    }

    /// The text here that is `name` in any case, as a whole word.
    fn keyword(&self, name: &str) -> Option<&'a str> {
        let word = self.rest().get(..name.len()).filter(|w| w.eq_ignore_ascii_case(name))?;
        let next = self.rest()[name.len()..].chars().next();
        next.is_none_or(|c| c.is_whitespace() || c == '(').then_some(word)
    }

    fn note_case(&mut self, word: &str) {
        let lower = word.to_ascii_lowercase();
        if lower != word {
            self.tolerate(&format!("\"{word}\" is read as \"{lower}\""));
        }
    }

    /// The characters of a path, and moves behind them.
    fn path(&mut self) -> &'a str {
        let ends = |c: char| c.is_whitespace() || "[]()=\"".contains(c);
        let path = self.rest();
        let path = &path[..path.find(ends).unwrap_or(path.len())];
        self.at += path.len();
        path
    }

    /// The word here, up to white space.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())]
    }

    fn value(&mut self) -> Result<Literal, FilterError> {
        if self.peek('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let mut open = Vec::new();
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                '(' => open.push(')'),
                '[' => open.push(']'),
                ')' | ']' if open.last() == Some(&c) => {
                    open.pop();
                }
                ')' | ']' => {
                    end = at;
                    break;
                }
                c if c.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if end == 0 {
            return Err(self.expected("a value"));
        }
        self.at += end;
        let mut text = rest[..end].to_owned();
        if let Some(zone) = lost_zone(&text, &rest[end..]) {
            self.at += 1 + zone.len();
            text = format!("{text}+{zone}");
            self.tolerate("a + in a URL is a space; the zone of a date was read with +");
        }
        Ok(Literal { text })
    }

    /// A JSON string.
    fn quoted(&mut self) -> Result<Literal, FilterError> {
        let rest = self.rest();
        let mut escaped = false;
        let close = rest.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((close, _)) = close else {
            return Err(self.expected("a string with a \" at its end"));
        };
        let Ok(text) = serde_json::from_str::<String>(&rest[..=close]) else {
            return Err(self.expected("a JSON string"));
        };
        if text.trim().is_empty() {
            return Err(self.expected("a string that is not empty"));
        }
        self.at += close + 1;
        Ok(Literal { text: text.trim().to_owned() })
    }

    fn tolerate(&mut self, what: &str) {
        if !self.tolerances.iter().any(|known| known == what) {
            self.tolerances.push(what.to_owned());
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self, c: char) -> bool {
        self.rest().starts_with(c)
    }

    fn take(&mut self, c: char) -> bool {
        let taken = self.peek(c);
        if taken {
            self.at += c.len_utf8();
        }
        taken
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn expected(&self, what: &str) -> FilterError {
        FilterError::Expected {
            what: what.to_owned(),
            position: self.text[..self.at].chars().count() + 1,
            found: self.rest().chars().take(20).collect(),
        }
    }
}

/// The zone that follows a date-time whose `+` had become a space: ` 01:00`.
fn lost_zone<'a>(text: &str, rest: &'a str) -> Option<&'a str> {
    let zone = rest.strip_prefix(' ')?.get(..5)?;
    let is_zone = zone.bytes().enumerate().all(|(at, byte)| match at {
        2 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    (is_zone && text.contains('T') && text.starts_with(|c: char| c.is_ascii_digit()))
        .then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tree in one line.
    fn show(node: &Node) -> String {
        let join = |nodes: &[Node], by: &str| {
            format!("({})", nodes.iter().map(show).collect::<Vec<_>>().join(by))
        };
        match node {
            Node::And(nodes) => join(nodes, " & "),
            Node::Or(nodes) => join(nodes, " | "),
            Node::Not(node) => format!("!{}", show(node)),
            Node::Compare(c) => {
                let values: Vec<&str> = c.values.iter().map(|v| v.text.as_str()).collect();
                format!("{} {} {}", c.path, c.operator.as_str(), values.join(","))
            }
            Node::Within { path, inner, rest } => {
                let rest = rest.as_ref().map_or(String::new(), |rest| format!(".{}", show(rest)));
                format!("{path}[{}]{rest}", show(inner))
            }
        }
    }

    #[test]
    fn trees() {
        // (text, tree, number of tolerances)
        let rows = [
            ("a eq 1", "a eq 1", 0),
            ("a eq 1 and b eq 2 or c eq 3", "((a eq 1 & b eq 2) | c eq 3)", 0),
            ("a eq 1 or b eq 2 and c eq 3", "((a eq 1 | b eq 2) & c eq 3)", 0),
            ("a eq 1 or (b eq 2 and c eq 3)", "(a eq 1 | (b eq 2 & c eq 3))", 0),
            ("((a eq 1)and(b eq 2))", "(a eq 1 & b eq 2)", 0),
            ("not(a eq 1)", "!a eq 1", 0),
            ("not (a eq 1) and b eq 2", "(!a eq 1 & b eq 2)", 0),
            ("NOT (a eq 1) AND b eq 2", "(!a eq 1 & b eq 2)", 2),
            ("a co \"x y) \\\"z\\\"\"", "a co x y) \"z\"", 0),
            ("a eq s|c(d)", "a eq s|c(d)", 0),
            ("a eq 1 or 2 or \"3\"", "a eq 1,2,3", 1),
            ("a eq 1 and b eq 2 or 3", "(a eq 1 & b eq 2,3)", 1),
            ("(a eq http://x/y|1 or http://x/y|2)", "a eq http://x/y|1,http://x/y|2", 1),
            ("a=1 or b.c=d", "(a = 1 | b.c = d)", 1),
            ("r[a eq 1 and b gt 2]", "r[(a eq 1 & b gt 2)]", 0),
            ("r[a eq 1].c pr true", "r[a eq 1].c pr true", 0),
            (
                "r[q ge 5|http://unitsofmeasure.org|[in_i]]",
                "r[q ge 5|http://unitsofmeasure.org|[in_i]]",
                0,
            ),
            ("_has:Task:focus:code eq 1", "_has:Task:focus:code eq 1", 0),
            ("  a   eq   1  ", "a eq 1", 0),
            ("a eq or", "a eq or", 0),
            ("a ge 2024-01-01T10:00 01:00 and b eq 1", "(a ge 2024-01-01T10:00+01:00 & b eq 1)", 1),
            ("a eq 1 or notice", "a eq 1,notice", 1),
        ];
        for (text, expected, tolerances) in rows {
            let parsed = parse(text, 8).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(show(&parsed.node), expected, "{text}");
            assert_eq!(parsed.tolerances.len(), tolerances, "{text}");
        }
    }

    #[test]
    fn refused() {
        let rows = [
            ("", "the name of a parameter at character 1"),
            ("a", "one of eq"),
            ("a eq", "a value"),
            ("a EQ 1", "one of eq"),
            ("a is 1", "one of eq"),
            ("(a eq 1", "and, or, or )"),
            ("a eq 1)", "the end at character 7"),
            ("a eq 1 b eq 2", "the end"),
            ("a eq 1 and", "the name of a parameter"),
            ("a eq 1 and 2", "one of eq"),
            ("not a eq 1", "( after not"),
            ("(a eq 1) or ", "a value"),
            ("not(a eq 1) or 2", "a comparison"),
            ("a pr true or false", "a comparison"),
            ("a co \"x", "a string with"),
            ("a co \"\"", "not empty"),
            ("a co \"\\q\"", "a JSON string"),
            ("((((((((((a eq 1))))))))))", "nested more than 8 deep"),
        ];
        for (text, expected) in rows {
            match parse(text, 8) {
                Err(error) => assert!(error.to_string().contains(expected), "{text}: {error}"),
                Ok(parsed) => panic!("{text}: {}", show(&parsed.node)),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z()\\[\\]\" =.\\\\é|:]{0,40}") {
            let _ = parse(&text, 8);
        }
    }
}
