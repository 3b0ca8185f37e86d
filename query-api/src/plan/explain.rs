//! A plan in words, for `_explain=true`: what each step is, without the values it was given.

use std::fmt;

use shared::registry::{self, FieldId, record_name};

use super::predicate::{JoinStep, Leaf, LeafTest, Predicate};

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::And(parts) => write!(f, "and of {}", parts.len()),
            Self::Or(parts) => write!(f, "or of {}", parts.len()),
            Self::Not(_) => f.write_str("not"),
            Self::Leaf(leaf) => write!(f, "{leaf}"),
            Self::Record(kind, leaves) => {
                write!(f, "one {} with", record_name(*kind))?;
                leaves.iter().try_for_each(|leaf| write!(f, " [{leaf}]"))
            }
            Self::Join(step, _) => write!(f, "{step}"),
        }
    }
}

impl fmt::Display for JoinStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = if self.reverse { "referred to by" } else { "refers by" };
        write!(f, "{arrow} {} ({})", field_name(self.field), self.to)?;
        if self.above { f.write_str(", or an ancestor of it") } else { Ok(()) }
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, count) = match &self.test {
            LeafTest::Terms(terms) => ("terms", terms.len()),
            LeafTest::Prefixes(prefixes) => ("prefixes", prefixes.len()),
            LeafTest::Scan(_, _, texts) => ("texts, by scan of the dictionary", texts.len()),
            LeafTest::Dates(queries) => ("date ranges, by scan of the column", queries.len()),
            LeafTest::Numbers(queries) => ("number ranges, by scan of the column", queries.len()),
            LeafTest::Quantities(queries) => {
                ("quantity ranges, by scan of the column", queries.len())
            }
            LeafTest::References(queries) => ("references", queries.len()),
            LeafTest::Below(queries) => ("references or below", queries.len()),
            LeafTest::Above(queries) => ("references or above", queries.len()),
            LeafTest::OpenAt(instants) => ("instants of opening", instants.len()),
            LeafTest::InForce(instants) => ("days in force", instants.len()),
            LeafTest::Near(circles) => ("circles", circles.len()),
            LeafTest::Words(query) => ("texts", query.texts.len()),
            LeafTest::Not(_) => ("negation", 1),
        };
        write!(f, "{}: {count} {what}", field_name(self.field))
    }
}

fn field_name(field: FieldId) -> String {
    let field = registry::fields()[usize::from(field)];
    format!("{}.{}", field.base.field_prefix(), field.parameter.code)
}
