//! The named requests of the bench, one line each in `requests.tsv`.

use anyhow::Context as _;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::settings::own_file;

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// What people call it.
    pub name: String,
    /// Which page of the answer is asked for, from 1.
    pub page: u32,
    /// Path and query below the FHIR base, not yet percent-encoded.
    pub text: String,
}

const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'|').add(b'"').add(b'<').add(b'>');

impl Request {
    /// All of them.
    ///
    /// # Errors
    /// When the file is missing or a line does not have three columns.
    pub fn all() -> anyhow::Result<Vec<Self>> {
        own_file("requests.tsv")?
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(Self::from_line)
            .collect()
    }

    fn from_line(line: &str) -> anyhow::Result<Self> {
        let mut columns = line.split('\t').map(str::to_owned);
        let mut column = || columns.next().with_context(|| format!("name, page, request: {line}"));
        let (name, page, text) = (column()?, column()?, column()?);
        Ok(Self { name, page: page.parse().context("the page")?, text })
    }

    /// The request, percent-encoded.
    pub fn encoded(&self) -> String {
        utf8_percent_encode(&self.text, ESCAPED).to_string()
    }
}
