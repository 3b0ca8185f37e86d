//! The text of a `FHIRPath` → its words.

use std::fmt;

use super::PathError;

/// A word of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    /// A name in back quotes, which is never a keyword.
    Quoted(String),
    Text(String),
    Number(String),
    This,
    Dot,
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Equal,
    NotEqual,
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Number(text) => write!(f, "\"{text}\""),
            Self::Quoted(text) => write!(f, "`{text}`"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::This => f.write_str("$this"),
            Self::Dot => f.write_str("\".\""),
            Self::Open => f.write_str("\"(\""),
            Self::Close => f.write_str("\")\""),
            Self::OpenIndex => f.write_str("\"[\""),
            Self::CloseIndex => f.write_str("\"]\""),
            Self::Equal => f.write_str("\"=\""),
            Self::NotEqual => f.write_str("\"!=\""),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The words of a text, each with its position in bytes; the last one is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, PathError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        let at = lexer.at;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push((at, token));
        if is_end {
            return Ok(tokens);
        }
    }
}

/// Cuts a text into words.
struct Lexer<'t> {
    text: &'t str,
    /// Bytes read.
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Token, PathError> {
        let Some(first) = self.rest().chars().next() else { return Ok(Token::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Token::Name(self.word().to_owned()));
        }
        if first.is_ascii_digit() || first == '-' {
            let number = self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '.'));
            // `[0].name`: a dot belongs to a number only when a digit follows.
            let number_only = number.trim_end_matches('.');
            self.at -= number.len() - number_only.len();
            if number_only.parse::<f64>().is_err() {
                let (found, at) = (format!("\"{number_only}\""), self.at);
                return Err(PathError::Expected { expected: "a number", found, at });
            }
            return Ok(Token::Number(number_only.to_owned()));
        }
        self.at += first.len_utf8();
        match first {
            '.' => Ok(Token::Dot),
            '(' => Ok(Token::Open),
            ')' => Ok(Token::Close),
            '[' => Ok(Token::OpenIndex),
            ']' => Ok(Token::CloseIndex),
            '=' => Ok(Token::Equal),
            '!' if self.rest().starts_with('=') => {
                self.at += 1;
                Ok(Token::NotEqual)
            }
            '\'' => self.quoted('\'').map(Token::Text),
            '`' => self.quoted('`').map(Token::Quoted),
            '$' | '%' => match self.word() {
                "this" if first == '$' => Ok(Token::This),
                other => Err(PathError::Operator(format!("{first}{other}"))),
            },
            '@' => Err(PathError::Operator("a date literal".to_owned())),
            '+' | '*' | '/' | '<' | '>' | '~' | '|' | '&' | '!' | '{' => {
                Err(PathError::Operator(format!("\"{first}\"")))
            }
            other => Err(PathError::Expected {
                expected: "a name, an operator or a literal",
                found: format!("\"{}\"", other.escape_debug()),
                at: self.at,
            }),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest.find(|c| !accept(c)).map_or(rest, |end| &rest[..end]);
        self.at += taken.len();
        taken
    }

    fn word(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// The text up to the closing quote, unescaped.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let start = self.at;
        let unfinished = |found: &str| PathError::Expected {
            expected: "a closing quote",
            found: found.to_owned(),
            at: start,
        };
        let mut out = String::new();
        loop {
            out.push_str(self.take_while(|c| c != quote && c != '\\'));
            let mut rest = self.rest().chars();
            match (rest.next(), rest.next()) {
                (Some('\\'), Some(escaped)) => {
                    self.at += 1 + escaped.len_utf8();
                    out.push(match escaped {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'f' => '\u{c}',
                        'u' => self.unicode().ok_or_else(|| unfinished("an escape"))?,
                        other => other,
                    });
                }
                (Some(_), _) if !self.rest().starts_with('\\') => {
                    self.at += 1;
                    return Ok(out);
                }
                _ => return Err(unfinished("the end")),
            }
        }
    }

    /// The character of four hexadecimal digits.
    fn unicode(&mut self) -> Option<char> {
        let digits = self.rest().get(..4)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        char::from_u32(code)
    }
}
