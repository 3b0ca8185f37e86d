//! The page at `/`: what this service is, and three requests to try. No script, no style sheet, no
//! other host.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};

use crate::app::App;

/// Requests that answer on the shipped sample: what they find, and path with query.
pub(crate) const EXAMPLES: [(&str, &str); 3] = [
    (
        "Cardiology within 20 km of Nantes, with the places and their distance",
        "/HealthcareService?_content=cardio&location.near=47.218|-1.554|20|km&_include=HealthcareService:location",
    ),
    (
        "Nursing homes with a single permanent room under 70 € a day, within 20 km of Saint-Herblain",
        "/HealthcareService?organization.price-type=02&organization.price-amount-value=le70&location.near-insee-code=44162|20|km",
    ),
    (
        "Places with free beds, and the offers they belong to",
        "/Location?capacity-status=02&nb-capacity=ge1&_revinclude=HealthcareService:location",
    ),
];

/// Answers the page.
pub(super) async fn page(State(app): State<App>) -> impl IntoResponse {
    let base = escape(&app.base_url);
    let items = EXAMPLES.map(|(text, path)| {
        let path = escape(&path.replace('|', "%7C"));
        format!("<li><a href=\"{base}{path}&amp;_pretty=true\">{}</a></li>\n", escape(text))
    });
    let items = items.concat();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Health offer directory</title></head>\n<body>\n<h1>Health offer directory</h1>\n\
         <p>A FHIR R4 service. Base: <a href=\"{base}/metadata?_pretty=true\">{base}</a></p>\n\
         <ul>\n{items}</ul>\n</body>\n</html>\n"
    );
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    ([(CONTENT_SECURITY_POLICY, policy)], Html(html))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
