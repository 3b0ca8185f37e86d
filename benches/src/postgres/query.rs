//! The requests in SQL, prepared once for each connection, answered with their documents.

use std::collections::BTreeMap;

use anyhow::Context as _;
use postgres::{Client, Statement};

use crate::settings::own_file;

/// SQL by the name of the request.
#[derive(Debug)]
pub struct Queries(BTreeMap<String, String>);

/// One prepared request.
pub type Query = Statement;

impl Queries {
    /// Those of `postgres/queries.sql`: `-- name:` before each.
    ///
    /// # Errors
    /// When the file is missing, or a block has no name.
    pub fn read() -> anyhow::Result<Self> {
        let mut queries = BTreeMap::new();
        for block in own_file("postgres/queries.sql")?.split("-- name: ").skip(1) {
            let (name, sql) = block.split_once('\n').context("a name, then SQL")?;
            queries.insert(name.to_owned(), sql.to_owned());
        }
        Ok(Self(queries))
    }

    /// The SQL of a request.
    ///
    /// # Errors
    /// When there is none.
    pub fn sql(&self, name: &str) -> anyhow::Result<&str> {
        self.0.get(name).map(String::as_str).with_context(|| format!("no SQL for {name:?}"))
    }
}

/// Asks, and reads the whole answer: the total, and the bytes of the documents.
///
/// # Errors
/// When the server refuses.
pub fn answer(client: &mut Client, query: &Query) -> anyhow::Result<(u64, usize)> {
    let rows = client.query(query, &[])?;
    // Without a row there is no page, so nothing was found.
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let mut bytes = 0;
    for row in &rows {
        bytes += row.try_get::<_, Option<&str>>(1)?.map_or(0, str::len);
    }
    Ok((total.unsigned_abs(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn every_request_has_sql() {
        let queries = Queries::read().unwrap();
        for request in Request::all().unwrap() {
            assert!(queries.sql(&request.name).is_ok(), "{}", request.name);
        }
        assert_eq!(queries.0.len(), Request::all().unwrap().len());
    }
}
