//! Search, of one type or of the system, by GET and by POST.

mod address;
pub(super) mod places;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::config::Limits;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use crate::app::App;
use crate::bundle::subset::Subset;
use crate::bundle::{self, Searchset};
use crate::engine::{Deadline, EngineError, View};
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::path::TypePath;
use crate::http::prefer::Preference;
use crate::http::{body, negotiate, query};
use crate::parse::ast::{SearchRequest, Summary};
use crate::parse::{self, Scope};
use address::{Criteria, Links};

/// `GET [base]?…`
pub(crate) async fn system_by_get(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    search(app, access, None, Criteria::visible(uri.query()), headers).await
}

/// `POST [base]/_search`
pub(crate) async fn system_by_post(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = form(&app.limits, &headers, body).await?;
    search(app, access, None, Criteria::hidden(uri.query(), &form), headers).await
}

/// `GET [type]?…`
pub(crate) async fn type_by_get(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    search(app, access, Some(resource_type), Criteria::visible(uri.query()), headers).await
}

/// `POST [type]/_search`
pub(crate) async fn type_by_post(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = form(&app.limits, &headers, body).await?;
    search(app, access, Some(resource_type), Criteria::hidden(uri.query(), &form), headers).await
}

async fn search(
    app: App,
    access: Access,
    scope: Option<ResourceType>,
    criteria: Criteria,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let preference = Preference::of(&headers);
    let criteria = criteria.opened(&app.seal, scope)?;
    negotiate::accepts_json(&headers, query::value(&criteria.text, "_format").as_deref())?;
    let mut issues = query::stray_percents(&criteria.text);
    let (mut request, found) = parse(&app, scope, &criteria.text);
    issues.extend(found);
    let mut issues = preference.admit(issues)?;
    issues.extend(places::locate(&app.geocoder, &mut request, criteria.located).await?);
    // Strict handling has no quarrel with a smaller page: the answer is complete over its pages.
    issues.extend(set_page_size(&mut request, &app));

    let layout = if request.pretty { Layout::Pretty } else { Layout::Compact };
    // An address is a person's, wherever it came from.
    let hidden = criteria.hidden || !request.located.is_empty();
    let links = Links::of(&app, scope, &request, hidden);
    let worker = app.clone();
    let (json, results) = app
        .engine
        .run(access, move |view, deadline| {
            let (json, results) = page(&worker, &request, issues, &links, view, deadline)?;
            Ok((layout.apply(json), results))
        })
        .await?;
    let mut response = answer::ok(json, results);
    if let Some(applied) = preference.applied() {
        response.extensions_mut().insert(applied);
    }
    Ok(response)
}

/// Finds a page and writes it, on one view.
fn page(
    app: &App,
    request: &SearchRequest,
    mut issues: Vec<Issue>,
    links: &Links,
    view: &dyn View,
    deadline: Deadline,
) -> Result<(Vec<u8>, u64), EngineError> {
    let hits = view.search(request, deadline)?;
    let next = hits.next.as_deref().and_then(|token| links.next(token));
    if let (None, Some(token)) = (&next, &hits.next) {
        issues.push(Links::without_next(token));
    }
    // `_elements` speaks of the matches; a summary is made of everything on the page.
    let matches = Subset::of(&request.elements, request.summary);
    let included = Subset::of(&[], request.summary);
    let searchset = Searchset {
        base_url: &app.base_url,
        now_ms: request.now_ms,
        self_url: &links.this,
        next_url: next.as_deref(),
        hits: &hits,
        issues: &issues,
        matches: &matches,
        included: &included,
    };
    let json = bundle::searchset(&searchset, |address, out| {
        deadline.check()?;
        view.document(address, out).map_err(|error| match hits.at(address) {
            Some(hit) => error.of_document(hit.resource_type, &hit.id),
            None => error,
        })
    })?;
    Ok((json, (hits.matches.len() + hits.included.len()) as u64))
}

/// Puts the page size in force into the request; lowers one over the limit, with a warning.
fn set_page_size(request: &mut SearchRequest, app: &App) -> Option<Issue> {
    let asked = request.count.unwrap_or(app.paging.count_default);
    let size = if request.summary == Summary::Count { 0 } else { asked.min(app.paging.count_max) };
    request.count = Some(size);
    if asked <= app.paging.count_max {
        return None;
    }
    for (name, value) in &mut request.applied {
        if name == "_count" {
            *value = app.paging.count_max.to_string();
        }
    }
    let max = app.paging.count_max;
    let text = format!("\"_count\" asks for more than a page holds: at most {max}; follow next");
    Some(Issue::warning(IssueType::TooCostly, text).at("_count"))
}

/// Understands the criteria. Addresses in them are not looked up.
pub(in crate::http) fn parse(
    app: &App,
    scope: Option<ResourceType>,
    text: &str,
) -> (SearchRequest, Vec<Issue>) {
    parse_at(app, (app.now)().as_millisecond(), scope, text)
}

/// The same, where now is `now_ms`, in milliseconds since 1970, unless the criteria say otherwise.
pub(in crate::http) fn parse_at(
    app: &App,
    now_ms: i64,
    scope: Option<ResourceType>,
    text: &str,
) -> (SearchRequest, Vec<Issue>) {
    let scope = scope.map_or(Scope::System, Scope::Type);
    let limits = &app.limits;
    let base_urls: Vec<&str> = app.base_urls.iter().map(String::as_str).collect();
    let context = parse::Context {
        now_ms,
        base_urls: &base_urls,
        limits: parse::Limits {
            // Longer URLs and bodies were refused before they came here.
            query_bytes: limits.url_bytes + limits.body_bytes,
            parameters: limits.parameters,
            or_values: limits.or_values,
            sort_keys: limits.sort_keys,
            words: limits.words,
            search_values: limits.search_values,
            search_words: limits.search_words,
            chain_depth: limits.chain_depth,
            filter_depth: limits.filter_depth,
        },
    };
    parse::search_request(scope, text, &context)
}

/// Reads the form of a posted search.
async fn form(limits: &Limits, headers: &HeaderMap, body: Body) -> Result<String, ApiError> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let bytes = body::read(limits, body).await?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    let is_form = media_type.is_some_and(|name| name.eq_ignore_ascii_case(FORM));
    let is_absent = bytes.is_empty() && content_type.is_none();
    if !is_form && !is_absent {
        return Err(ApiError::UnsupportedMediaType(FORM));
    }
    String::from_utf8(bytes).map_err(|_| {
        let text = "the form is not UTF-8";
        ApiError::Refused(vec![Issue::error(IssueType::Invalid, text)])
    })
}
