//! `_history` of a resource, of a type, of the directory: newest first, in pages.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::param::date::DateRange;
use shared::store::Identity;

use crate::app::App;
use crate::bundle::links::{query_string, url};
use crate::bundle::versions::{self, HistoryPage};
use crate::engine::{HistoryRequest, HistoryScope};
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::path::{InstancePath, TypePath};
use crate::http::prefer::Preference;
use crate::http::{negotiate, query};
use crate::parse;

/// Versions on a page when `_count` is absent.
const COUNT_DEFAULT: u32 = 50;

/// `GET [type]/[id]/_history`
pub(crate) async fn instance(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    InstancePath { resource_type, id }: InstancePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let scope = HistoryScope::Instance(Identity { resource_type, id });
    history(app, access, scope, uri, headers).await
}

/// `GET [type]/_history`
pub(crate) async fn of_type(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    history(app, access, HistoryScope::Type(resource_type), uri, headers).await
}

/// `GET [base]/_history`
pub(crate) async fn system(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    history(app, access, HistoryScope::System, uri, headers).await
}

async fn history(
    app: App,
    access: Access,
    scope: HistoryScope,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let text = uri.query().unwrap_or_default();
    negotiate::accepts_json(&headers, query::value(text, "_format").as_deref())?;
    let (request, issues) = read(&app, scope, text);
    let issues = Preference::of(&headers).admit(issues)?;
    let layout = Layout::of(query::value(text, "_pretty").as_deref());
    let asked = request.clone();
    let found =
        app.engine.run(access, move |view, deadline| view.history(&asked, deadline)).await?;
    // A resource always has a version; without `_since` an empty first page means there is none.
    if let HistoryScope::Instance(Identity { resource_type, id }) = &request.scope
        && found.total.is_none()
    {
        return Err(ApiError::Absent(*resource_type, id.clone()));
    }
    let place = match &request.scope {
        HistoryScope::Instance(identity) => format!("{}/{identity}/_history", app.base_url),
        HistoryScope::Type(resource_type) => format!("{}/{resource_type}/_history", app.base_url),
        HistoryScope::System => format!("{}/_history", app.base_url),
    };
    let kept: Vec<(String, String)> = ["_since", "_count"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), query::value(text, name)?)))
        .collect();
    let link = |before: Option<u64>| {
        let page = before.map(|before| before.to_string());
        let pairs = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        url(&place, &query_string(pairs.chain(page.as_deref().map(|page| ("_page", page)))))
    };
    let next = found.next.map(|before| link(Some(before)));
    let json = versions::history(&HistoryPage {
        base_url: &app.base_url,
        self_url: &link(request.before),
        next_url: next.as_deref(),
        total: found.total,
        versions: &found.versions,
        issues: &issues,
    });
    Ok(answer::ok(layout.apply(json), found.versions.len() as u64))
}

/// Reads the parameters; those that mean nothing here become issues.
fn read(app: &App, scope: HistoryScope, text: &str) -> (HistoryRequest, Vec<Issue>) {
    let mut issues = query::problems(text);
    let mut wrong = |name: &str, expected: &str| {
        let text = format!("\"{name}\" must be {expected}");
        issues.push(Issue::error(IssueType::Value, text).at(name));
    };
    let since_ms = query::value(text, "_since").and_then(|value| {
        // A plus sign that was not encoded arrives as a space.
        let since = DateRange::parse(&value.replace(' ', "+")).ok().map(|range| range.low_ms);
        if since.is_none() {
            wrong("_since", "an instant, such as 2026-05-04T10:00:00+02:00");
        }
        since
    });
    let count = query::value(text, "_count")
        .map_or(Some(COUNT_DEFAULT), |value| parse::whole_number(&value));
    if count.is_none() {
        wrong("_count", "a whole number from 0");
    }
    let before = query::value(text, "_page").and_then(|value| {
        let before = value.parse().ok();
        if before.is_none() {
            wrong("_page", "the token of a next link");
        }
        before
    });
    for (name, _) in query::pairs(text) {
        if !["_since", "_count", "_page", "_format", "_pretty"].contains(&name) {
            let text = format!("a history takes no parameter \"{name}\"");
            issues.push(Issue::warning(IssueType::NotSupported, text).at(name));
        }
    }
    let count = count.unwrap_or(COUNT_DEFAULT).min(app.paging.count_max) as usize;
    (HistoryRequest { scope, since_ms, before, count }, issues)
}
