//! Filters with one of their brackets opened: comparisons are taken out of it and others put in, and the whole
//! is text again.

use std::fmt;

use super::grammar::{self, Comparison, Literal, Node, Operator};
use crate::parse::ast::{Criterion, Expr};

/// The filters of a request, one of which has opened brackets.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// The texts before.
    before: Vec<String>,
    /// The filter with the brackets; these hold an AND of what is left.
    node: Node,
    /// The way to the brackets through the parts of ANDs.
    address: Vec<usize>,
    /// The texts after.
    after: Vec<String>,
}

impl Opened {
    /// Opens the brackets at an address of the criteria that these filters (each with its place among the
    /// parts of the criteria) were read into, without the criteria that are lifted.
    ///
    /// # Panics
    /// When the criteria were not read from the filters, or the address leads to no brackets.
    pub(crate) fn new(
        filters: &[(usize, String)],
        criteria: &Expr,
        address: &[usize],
        is_lifted: impl Fn(&Criterion) -> bool,
    ) -> Self {
        let (first, address) = address.split_first().expect("criteria are an AND");
        let at = filters.iter().position(|(at, _)| at == first).expect("brackets are in a filter");
        let texts = |filters: &[(usize, String)]| filters.iter().map(|(_, t)| t.clone()).collect();
        let parsed = grammar::parse(&filters[at].1, usize::MAX).expect("it was parsed before");
        let Expr::And(parts) = criteria else { panic!("criteria are an AND") };
        let mut node = parsed.node;
        let (brackets, expr) = descend(&mut node, &parts[*first], address);
        *brackets = emptied(brackets, expr, &is_lifted);
        Self {
            before: texts(&filters[..at]),
            node,
            address: address.to_vec(),
            after: texts(&filters[at + 1..]),
        }
    }

    /// The texts of all filters, with these comparisons (parameter, operator, value) in the brackets.
    ///
    /// # Panics
    /// When an operator is none of a filter.
    pub(crate) fn with(&self, comparisons: &[(&str, &str, &str)]) -> Vec<String> {
        let mut node = self.node.clone();
        let mut brackets = &mut node;
        for at in &self.address {
            let Node::And(nodes) = brackets else {
                unreachable!("the address was followed before")
            };
            brackets = &mut nodes[*at];
        }
        if let Node::Within { inner, .. } = brackets
            && let Node::And(nodes) = inner.as_mut()
        {
            nodes.extend(comparisons.iter().map(|(path, operator, value)| {
                Node::Compare(Comparison {
                    path: (*path).to_owned(),
                    operator: Operator::read(operator).expect("a filter knows it"),
                    values: vec![Literal { text: (*value).to_owned() }],
                })
            }));
        }
        let changed = std::iter::once(node.to_string());
        self.before.iter().cloned().chain(changed).chain(self.after.iter().cloned()).collect()
    }
}

/// The node at an address, and what it was read into.
fn descend<'n, 'e>(
    node: &'n mut Node,
    expr: &'e Expr,
    address: &[usize],
) -> (&'n mut Node, &'e Expr) {
    match (address.split_first(), expr) {
        (Some((at, rest)), Expr::And(exprs)) => {
            let Node::And(nodes) = node else { unreachable!("an AND is read from an AND") };
            descend(&mut nodes[*at], &exprs[*at], rest)
        }
        (Some(_) | None, _) => (node, expr),
    }
}

/// Brackets whose filter is an AND of what is left in it.
fn emptied(node: &Node, expr: &Expr, is_lifted: &impl Fn(&Criterion) -> bool) -> Node {
    let (Node::Within { path, inner, rest }, Expr::Within(brackets)) = (node, expr) else {
        panic!("the address leads to no brackets");
    };
    let whole = match rest {
        None => (**inner).clone(),
        Some(rest) => Node::And(vec![(**inner).clone(), (**rest).clone()]),
    };
    let left = match left(&whole, &brackets.inner, is_lifted) {
        Some(Node::And(nodes)) => nodes,
        Some(node) => vec![node],
        None => Vec::new(),
    };
    Node::Within { path: path.clone(), inner: Box::new(Node::And(left)), rest: None }
}

/// A node without the comparisons that are lifted; `None` when nothing is left.
fn left(node: &Node, expr: &Expr, is_lifted: &impl Fn(&Criterion) -> bool) -> Option<Node> {
    match (node, expr) {
        (Node::Compare(_), Expr::Criterion(criterion)) if is_lifted(criterion) => None,
        (Node::And(nodes), Expr::And(exprs)) => {
            let pairs = nodes.iter().zip(exprs);
            let mut left: Vec<Node> =
                pairs.filter_map(|(node, expr)| left(node, expr, is_lifted)).collect();
            match left.len() {
                0 => None,
                1 => left.pop(),
                _ => Some(Node::And(left)),
            }
        }
        _ => Some(node.clone()),
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(nodes) => joined(f, nodes, " and "),
            Self::Or(nodes) => joined(f, nodes, " or "),
            Self::Not(node) => write!(f, "not({node})"),
            Self::Compare(Comparison { path, operator, values }) => {
                write!(f, "{path} {}", operator.as_str())?;
                for (at, value) in values.iter().enumerate() {
                    if at == 0 { write!(f, " {value}")? } else { write!(f, " or {value}")? }
                }
                Ok(())
            }
            Self::Within { path, inner, rest } => {
                write!(f, "{path}[{inner}]")?;
                rest.as_ref().map_or(Ok(()), |rest| write!(f, ".{rest}"))
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, nodes: &[Node], by: &str) -> fmt::Result {
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            f.write_str(by)?;
        }
        // Filters know no precedence.
        match node {
            Node::And(_) | Node::Or(_) => write!(f, "({node})")?,
            Node::Not(_) | Node::Compare(_) | Node::Within { .. } => write!(f, "{node}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/|".contains(c);
        // After "or" a word might be read as a path.
        if self.text.chars().all(is_plain) && !self.text.is_empty() {
            f.write_str(&self.text)
        } else {
            f.write_str(&serde_json::to_string(&self.text).map_err(|_| fmt::Error)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grammar::parse;

    #[test]
    fn a_filter_means_what_its_text_says() {
        for text in [
            "name eq x",
            "name co \"a \\\"b\\\" c\" and not(specialty eq urn:x|1)",
            "(a eq 1 or b eq 2) and c ge 3.5 or d pr true",
            "a eq 1 or 2 and (b eq 3 or \"4 5\")",
            "organization:above[price-type eq 02 and not(x eq 1 or y eq 2)].name sw é",
            "_has:Task:focus[status = done or code eq \"(1)\"] or b eq 2 or c",
            "near eq \"47.2|-1.5|10|km\" and _lastUpdated gt 2024-01-01T00:00:00+01:00",
        ] {
            let node = parse(text, 32).expect(text).node;
            let written = node.to_string();
            assert_eq!(parse(&written, 32).expect(&written).node, node, "{text} → {written}");
        }
    }
}
