//! `$facets`: how many matches of a search have which value, as `Parameters` or as a table.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use super::search;
use crate::app::App;
use crate::facets::table::{self, FACETS as ALL, Facet};
use crate::facets::{self, Asked};
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::negotiate::Format;
use crate::http::operation::{FACETS, input};
use crate::http::path::TypePath;
use crate::http::prefer::{Preference, Strictness};
use crate::http::{negotiate, query};
use crate::parse::ast::Expr;
use crate::parse::suggest;

/// Most buckets of a facet when the caller does not say.
const LIMIT: usize = 50;

/// Most buckets of a facet that a caller may ask for; what a table holds when they do not.
const LIMIT_MAX: usize = 10_000;

/// Parameters of a search that shape its page, and so say nothing here.
const OF_PAGES: [&str; 9] = [
    "_count",
    "_sort",
    "_include",
    "_revinclude",
    "_elements",
    "_summary",
    "_total",
    "_page",
    "_explain",
];

const CSV: &str = "text/csv;charset=utf-8;header=present";

/// `GET` or `POST [type]/$facets`
pub(crate) async fn facets(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let text = input::read(&app, &method, &uri, &headers, body).await?;
    let format = negotiate::json_or_csv(&headers, query::value(&text, "_format").as_deref())?;
    let mut issues = input::check(&FACETS, &text);
    let mut asked = asked(resource_type, &text, format, &mut issues);
    let (mut request, found) =
        search::parse(&app, Some(resource_type), &criteria(&text, &mut issues));
    issues.extend(found);
    asked.asked.probes = probes(&app, resource_type, &asked.asked.facets, request.now_ms);
    if let Some(distance) = asked.needs_center
        && !issues.iter().any(Issue::is_error)
        && !facets::has_center(&request, distance)
    {
        let path = distance.place(resource_type).map_or("near", |place| place.path);
        let text = format!("rings need a place to be drawn around: add one, as \"{path}\"");
        issues.push(Issue::error(IssueType::Required, text).at("facet"));
    }
    let preference = match format {
        Format::Json => Preference::of(&headers),
        Format::Csv => Preference::strict(Strictness::Table),
    };
    let mut issues = preference.admit(issues)?;
    let found = search::places::locate(&app.geocoder, &mut request, Vec::new()).await?;
    // Of a place that is not found a table could not tell.
    issues.extend(if format == Format::Csv { preference.admit(found)? } else { found });
    let layout = Layout::of(query::value(&text, "_pretty").as_deref());
    let (body, results) = app
        .engine
        .run(access, move |view, deadline| {
            let facets = view.facets(&request, &asked.asked, deadline)?;
            let body = match format {
                Format::Csv => facets::answer::csv(&facets),
                Format::Json => {
                    let answer = facets::answer::parameters(&facets, &issues);
                    layout.apply(answer::type_first(answer))
                }
            };
            Ok((body, facets.total))
        })
        .await?;
    if format == Format::Csv {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(CSV)),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        return Ok((headers, body).into_response());
    }
    let mut response = answer::ok(body, results);
    if let Some(applied) = preference.applied() {
        response.extensions_mut().insert(applied);
    }
    Ok(response)
}

/// The criteria of the facets that ask one, at the instant that the request takes for now.
fn probes(
    app: &App,
    base: ResourceType,
    facets: &[&'static Facet],
    now_ms: i64,
) -> Vec<(&'static str, Expr)> {
    let mut probes = Vec::new();
    for facet in facets {
        if let (table::Kind::Holds { value, .. }, Some(place)) = (facet.kind, facet.place(base)) {
            let criterion = format!("{}={value}", place.path);
            let (mut probe, _) = search::parse_at(app, now_ms, Some(base), &criterion);
            probes.push((facet.name, probe.criteria.remove(0)));
        }
    }
    probes
}

/// What is to be counted.
struct Wanted {
    asked: Asked,
    /// A facet asked by name that needs a place among the criteria.
    needs_center: Option<&'static Facet>,
}

/// Reads `facet` and `facet-limit`.
fn asked(base: ResourceType, text: &str, format: Format, issues: &mut Vec<Issue>) -> Wanted {
    let mut names = Vec::new();
    let mut limit = if format == Format::Csv { LIMIT_MAX } else { LIMIT };
    for (name, value) in decoded(text) {
        match name.as_str() {
            "facet" | "facet-limit" if value.trim().is_empty() => {
                let text = format!("\"{name}\" is ignored: it has no value");
                issues.push(Issue::warning(IssueType::Value, text).at(name));
            }
            "facet" => names.extend(value.split(',').map(|name| name.trim().to_owned())),
            "facet-limit" => match value.parse() {
                Ok(asked) if (1..=LIMIT_MAX).contains(&asked) => limit = asked,
                _ => {
                    let text = format!("\"facet-limit\" is a number from 1 to {LIMIT_MAX}");
                    issues.push(Issue::error(IssueType::Value, text).at("facet-limit"));
                }
            },
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    if names.is_empty() {
        let facets = table::of_type(base).collect();
        return Wanted { asked: Asked { facets, probes: Vec::new(), limit }, needs_center: None };
    }
    let mut facets: Vec<&'static Facet> = Vec::new();
    for name in names {
        match table::of_type(base).find(|facet| facet.name == name) {
            Some(facet) if facets.iter().any(|known| known.name == facet.name) => {}
            Some(facet) => facets.push(facet),
            None => issues.push(unknown(base, &name)),
        }
    }
    let needs_center =
        facets.iter().copied().find(|facet| matches!(facet.kind, table::Kind::Rings(_)));
    Wanted { asked: Asked { facets, probes: Vec::new(), limit }, needs_center }
}

fn unknown(base: ResourceType, name: &str) -> Issue {
    let all: Vec<&str> = table::of_type(base).map(|facet| facet.name).collect();
    let is_elsewhere = ALL.iter().any(|facet| facet.name == name);
    let what = if is_elsewhere {
        format!("the facet \"{name}\" means nothing on {base}")
    } else {
        format!("\"{name}\" is not a facet")
    };
    let hint = suggest::hint(name, all.iter().copied());
    let text = format!("{what}; {base} has {}{hint}", all.join(", "));
    Issue::error(IssueType::Value, text).at("facet")
}

/// The criteria among the parameters; what shapes a page is told to have no effect.
fn criteria(text: &str, issues: &mut Vec<Issue>) -> String {
    let mut criteria = Vec::new();
    for (name, value) in query::pairs(text) {
        let known = query::decode(name).unwrap_or_default();
        let plain = known.split(':').next().unwrap_or_default();
        if matches!(plain, "facet" | "facet-limit") && known != plain {
            let text = format!("\"{plain}\" takes no modifier: write {plain}=…, not {known}=…");
            issues.push(Issue::error(IssueType::NotSupported, text).at(known));
        } else if OF_PAGES.contains(&plain) {
            let text = format!("\"{plain}\" has no effect on $facets");
            issues.push(Issue::warning(IssueType::NotSupported, text).at(plain));
        } else if !matches!(plain, "facet" | "facet-limit") {
            criteria.push(format!("{name}={value}"));
        }
    }
    criteria.join("&")
}

fn decoded(text: &str) -> impl Iterator<Item = (String, String)> {
    query::pairs(text)
        .filter_map(|(name, value)| Some((query::decode(name).ok()?, query::decode(value).ok()?)))
}
