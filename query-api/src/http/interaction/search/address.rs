//! The criteria of a search on their way in, and the addresses of its pages on their way out.
//!
//! What came in a URL goes back into the links as it was applied. What came in a body may be a
//! person's position or words, and an address is a person's wherever it came from: links carry them
//! sealed (see [`crate::http::sealed`]), addresses with the places they were found at, so that all pages
//! look at the same.

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use crate::app::App;
use crate::bundle::links::{query_string, url};
use crate::engine::EngineError;
use crate::http::error::ApiError;
use crate::http::query;
use crate::http::sealed::Seal;
use crate::parse::ast::SearchRequest;
use crate::parse::locate::Located;

/// The parameter of a page's token.
const PAGE: &str = "_page";

/// Between the engine's token and the sealed query, in [`PAGE`].
const SEAL_MARK: char = '~';

/// Between a sealed query and the places of its addresses; in a query it would be encoded.
const LOCATED_MARK: char = '\n';

/// The criteria as text, and whether links may show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Criteria {
    /// Parameters as in a query string.
    pub(super) text: String,
    /// They came in a body.
    pub(super) hidden: bool,
    /// The places of their addresses, from the page before.
    pub(super) located: Vec<Located>,
}

impl Criteria {
    /// Those of a URL.
    pub(super) fn visible(query: Option<&str>) -> Self {
        Self { text: query.unwrap_or_default().to_owned(), hidden: false, located: Vec::new() }
    }

    /// Those of a URL and a form, as one list.
    pub(super) fn hidden(query: Option<&str>, form: &str) -> Self {
        let parts: Vec<&str> = query.into_iter().chain([form]).filter(|s| !s.is_empty()).collect();
        Self { text: parts.join("&"), hidden: true, located: Vec::new() }
    }

    /// Replaces a sealed `_page` by what it holds.
    ///
    /// # Errors
    /// When the seal is not ours.
    pub(super) fn opened(self, seal: &Seal, scope: Option<ResourceType>) -> Result<Self, ApiError> {
        let page = query::value(&self.text, PAGE).unwrap_or_default();
        let Some((token, sealed)) = page.split_once(SEAL_MARK) else { return Ok(self) };
        let opened = seal.open(path(scope), sealed).ok_or(EngineError::ForeignPage)?;
        let (query, located) = match opened.split_once(LOCATED_MARK) {
            None => (opened, Vec::new()),
            Some((query, json)) => {
                let located = serde_json::from_str(json).map_err(|_| EngineError::ForeignPage)?;
                (query.to_owned(), located)
            }
        };
        let mut parts = vec![query];
        // What stands beside the token, such as `_pretty`, comes after what it was made of.
        for (name, value) in query::pairs(&self.text).filter(|(name, _)| *name != PAGE) {
            parts.push(format!("{name}={value}"));
        }
        if !token.is_empty() {
            parts.push(query_string([(PAGE, token)].into_iter()));
        }
        parts.retain(|part| !part.is_empty());
        Ok(Self { text: parts.join("&"), hidden: true, located })
    }
}

/// The addresses of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Links {
    /// Of this page.
    pub(super) this: String,
    /// Of the searched type or system.
    place: String,
    /// The applied parameters, without the token.
    query: String,
    /// The same, sealed, when they may not be shown.
    sealed: Option<String>,
    /// Longest address that can be asked by GET.
    url_bytes_max: usize,
}

impl Links {
    /// The addresses for a request.
    pub(super) fn of(
        app: &App,
        scope: Option<ResourceType>,
        request: &SearchRequest,
        hidden: bool,
    ) -> Self {
        let place = match scope {
            Some(resource_type) => format!("{}/{resource_type}", app.base_url),
            None => app.base_url.clone(),
        };
        let parameters = request.applied.iter().filter(|(name, _)| name != PAGE);
        let query = query_string(parameters.map(|(name, value)| (name.as_str(), value.as_str())));
        let sealed = (hidden && !query.is_empty()).then(|| {
            let mut text = query.clone();
            if !request.located.is_empty() {
                text.push(LOCATED_MARK);
                text.push_str(&serde_json::to_string(&request.located).expect("plain data"));
            }
            app.seal.seal(path(scope), &text)
        });
        let url_bytes_max = app.limits.url_bytes;
        let mut links = Self { this: String::new(), place, query, sealed, url_bytes_max };
        links.this = match &request.page {
            Some(token) => links.page(token),
            None if links.sealed.is_some() => links.page(""),
            None => url(&links.place, &links.query),
        };
        if links.this.len() > url_bytes_max && hidden {
            links.this = links.place.clone();
        }
        links
    }

    /// The address of the page of a token; `None` when it is too long to be asked by GET.
    pub(super) fn next(&self, token: &str) -> Option<String> {
        let next = self.page(token);
        (next.len() <= self.url_bytes_max).then_some(next)
    }

    /// What to say in place of a next link that would be too long.
    pub(super) fn without_next(token: &str) -> Issue {
        let text = format!(
            "there are more matches, but the search is too long for a link; POST it again with \"_page={token}\""
        );
        Issue::warning(IssueType::TooLong, text).at(PAGE)
    }

    fn page(&self, token: &str) -> String {
        if let Some(sealed) = &self.sealed {
            let page = format!("{token}{SEAL_MARK}{sealed}");
            return url(&self.place, &query_string([(PAGE, page.as_str())].into_iter()));
        }
        let page = query_string([(PAGE, token)].into_iter());
        let separator = if self.query.is_empty() { "" } else { "&" };
        url(&self.place, &format!("{}{separator}{page}", self.query))
    }
}

/// What a sealed query is bound to.
fn path(scope: Option<ResourceType>) -> &'static str {
    scope.map_or("", ResourceType::as_str)
}

#[cfg(test)]
mod tests {
    use super::{Criteria, Links, Located};
    use crate::http::sealed::Seal;
    use crate::testing;
    use shared::fhir::ResourceType::Location;

    #[test]
    fn visible_criteria_stay_visible() {
        let app = testing::app(testing::Memory::default());
        let applied = [("name", "é"), ("_page", "old"), ("_count", "5")];
        let mut request = testing::request(Some(Location), &applied);
        let links = Links::of(&app, Some(Location), &request, false);
        assert_eq!(
            links.next("t-1").unwrap(),
            "http://ror.example/fhir/Location?name=%C3%A9&_count=5&_page=t-1"
        );
        assert_eq!(links.this, "http://ror.example/fhir/Location?name=%C3%A9&_count=5&_page=old");
        request.page = None;
        request.applied.clear();
        let links = Links::of(&app, None, &request, false);
        assert_eq!(links.this, "http://ror.example/fhir");
        assert_eq!(links.next("t").unwrap(), "http://ror.example/fhir?_page=t");
    }

    #[test]
    fn hidden_criteria_come_back_through_their_links() {
        let app = testing::app(testing::Memory::default());
        let request = testing::request(Some(Location), &[("near", "48.1|2.3|5|km")]);
        let links = Links::of(&app, Some(Location), &request, true);
        for (address, page) in
            [(links.this.clone(), ""), (links.next("tok").unwrap(), "&_page=tok")]
        {
            assert!(!address.contains("48.1"), "{address}");
            let query = address.split_once('?').unwrap().1;
            let criteria = Criteria::visible(Some(&format!("{query}&_pretty=true")));
            let opened = criteria.clone().opened(&app.seal, Some(Location)).unwrap();
            assert!(opened.hidden);
            assert_eq!(opened.text, format!("near=48.1%7C2.3%7C5%7Ckm&_pretty=true{page}"));
            assert!(criteria.clone().opened(&app.seal, None).is_err());
            assert!(criteria.opened(&Seal::with_key(&[0; 32]), Some(Location)).is_err());
        }
    }

    #[test]
    fn places_of_addresses_go_from_page_to_page() {
        let app = testing::app(testing::Memory::default());
        let mut request = testing::request(Some(Location), &[("near-address", "1 rue A|5|km")]);
        let point = shared::geo::Point::new(47.123_456_7, -1.5);
        request.located = vec![Located::new("1 rue A".to_owned(), point)];
        let links = Links::of(&app, Some(Location), &request, true);
        let next = links.next("tok").unwrap();
        assert!(!next.contains("rue") && !next.contains("47.1"), "{next}");
        let query = next.split_once('?').unwrap().1;
        let opened = Criteria::visible(Some(query)).opened(&app.seal, Some(Location)).unwrap();
        assert_eq!(opened.text, "near-address=1%20rue%20A%7C5%7Ckm&_page=tok");
        assert_eq!(opened.located, request.located);
    }

    #[test]
    fn a_hidden_search_too_long_for_a_link_says_so() {
        let app = testing::app(testing::Memory::default());
        let long = "x".repeat(40_000);
        let request = testing::request(Some(Location), &[("_id", &long)]);
        let links = Links::of(&app, Some(Location), &request, true);
        assert_eq!(links.this, "http://ror.example/fhir/Location");
        assert_eq!(links.next("tok"), None);
        assert!(Links::without_next("tok").diagnostics.contains("_page=tok"));
    }

    #[test]
    fn a_form_and_a_query_are_one_list() {
        let rows = [
            (None, "a=1", "a=1"),
            (Some("b=2"), "a=1", "b=2&a=1"),
            (Some("b=2"), "", "b=2"),
            (None, "", ""),
        ];
        for (query, form, expected) in rows {
            assert_eq!(Criteria::hidden(query, form).text, expected);
        }
    }
}
