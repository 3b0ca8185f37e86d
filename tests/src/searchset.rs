//! Search answers as the checks see them: the Bundles of all pages, their matches and includes.

use serde_json::Value;

use crate::client::{Answer, Client};
use crate::sample::{Key, items, key_of};

/// More pages than any search of the sample has; a `next` that never ends stops here.
const PAGES_MAX: usize = 2_000;

/// One page of a search: a Bundle.
#[derive(Clone, Debug)]
pub struct Page {
    /// The Bundle.
    pub bundle: Value,
}

impl Page {
    /// The entries of the page.
    pub fn entries(&self) -> &[Value] {
        items(&self.bundle["entry"])
    }

    /// The entries whose search mode is `mode`.
    pub fn with_mode<'a>(&'a self, mode: &'a str) -> impl Iterator<Item = &'a Value> {
        self.entries().iter().filter(move |entry| entry["search"]["mode"] == mode)
    }

    /// Keys of the matches, in the order of the page.
    pub fn matches(&self) -> Vec<Key> {
        self.with_mode("match").filter_map(|entry| key_of(&entry["resource"])).collect()
    }

    /// Keys of the included resources, in the order of the page.
    pub fn includes(&self) -> Vec<Key> {
        self.with_mode("include").filter_map(|entry| key_of(&entry["resource"])).collect()
    }

    /// Issues of the page's outcome entries.
    pub fn outcome_issues(&self) -> Vec<Value> {
        self.with_mode("outcome")
            .flat_map(|entry| items(&entry["resource"]["issue"]).to_vec())
            .collect()
    }

    /// The URL of the link with this relation.
    pub fn link(&self, relation: &str) -> Option<&str> {
        items(&self.bundle["link"]).iter().find(|link| link["relation"] == relation)?["url"]
            .as_str()
    }
}

/// A whole search: the first answer and every page reached by `next`.
#[derive(Clone, Debug)]
pub struct Search {
    /// The pages in order; empty when the answer is no Bundle.
    pub pages: Vec<Page>,
}

impl Search {
    /// Follows `next` from `first` to the end.
    ///
    /// # Errors
    /// When a page is not a 200 Bundle, a link leaves the server, or the pages never end.
    pub fn follow(client: &Client, first: &Answer) -> Result<Self, String> {
        let mut pages = vec![page_of(first)?];
        while let Some(next) = pages.last().and_then(|page| page.link("next")) {
            if pages.len() == PAGES_MAX {
                return Err(format!("more than {PAGES_MAX} pages"));
            }
            let answer = client.follow(next)?;
            pages.push(page_of(&answer)?);
        }
        Ok(Search { pages })
    }

    /// Keys of all matches, in the order of the pages.
    pub fn matches(&self) -> Vec<Key> {
        self.pages.iter().flat_map(Page::matches).collect()
    }

    /// Ids of all matches, sorted.
    pub fn sorted_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.matches().into_iter().map(|key| key.1).collect();
        ids.sort();
        ids
    }

    /// `total` of the first page.
    pub fn total(&self) -> Option<u64> {
        self.pages.first()?.bundle["total"].as_u64()
    }
}

fn page_of(answer: &Answer) -> Result<Page, String> {
    let bundle = answer.json().unwrap_or_default();
    if answer.status != 200 || bundle["resourceType"] != "Bundle" {
        return Err(format!("status {}, not a Bundle: {}", answer.status, answer.excerpt()));
    }
    Ok(Page { bundle })
}
