//! `$geocode`: the places that a text may mean, as `Parameters`.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use shared::error::{Issue, IssueType};
use shared::geo::Candidate;
use shared::param::near::ADDRESS_BYTES_MAX;

use crate::app::App;
use crate::bundle;
use crate::geocoder::Found;
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::operation::{GEOCODE, input};
use crate::http::prefer::Preference;
use crate::http::{negotiate, query};

/// Candidates when the caller does not say, and the most.
const LIMIT: usize = 5;
const LIMIT_MAX: usize = 20;

/// The system of the codes of communes that the ROR guide uses.
const COMMUNES: &str = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";

/// `GET` or `POST [base]/$geocode`
pub(crate) async fn geocode(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let text = input::read(&app, &method, &uri, &headers, body).await?;
    negotiate::accepts_json(&headers, query::value(&text, "_format").as_deref())?;
    let mut issues = input::check(&GEOCODE, &text);
    let asked = query::value(&text, "q");
    let limit = query::value(&text, "limit");
    issues.extend(asked.as_deref().and_then(wrong_text));
    let limit = limit.as_deref().map_or(Ok(LIMIT), read_limit);
    issues.extend(limit.clone().err());
    let preference = Preference::of(&headers);
    let mut issues = preference.admit(issues)?;
    let mut found = app.geocoder.find(&asked.unwrap_or_default(), limit.unwrap_or(LIMIT)).await;
    issues.append(&mut found.issues);
    let layout = Layout::of(query::value(&text, "_pretty").as_deref());
    let results = found.candidates.len() as u64;
    let mut response =
        answer::ok(layout.apply(answer::type_first(parameters(&found, &issues))), results);
    if let Some(applied) = preference.applied() {
        response.extensions_mut().insert(applied);
    }
    Ok(response)
}

fn wrong_text(text: &str) -> Option<Issue> {
    let wrong = |text: String| Some(Issue::error(IssueType::Value, text).at("q"));
    if text.trim().is_empty() {
        return wrong(
            "\"q\" is empty; write an address, a commune, a postal code or a department".to_owned(),
        );
    }
    let bytes = text.len();
    if bytes > ADDRESS_BYTES_MAX {
        return wrong(format!("\"q\" is {bytes} bytes long; at most {ADDRESS_BYTES_MAX}"));
    }
    None
}

fn read_limit(text: &str) -> Result<usize, Issue> {
    let read = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    read.ok_or_else(|| {
        let text = format!("\"limit\" is a whole number from 1 to {LIMIT_MAX}, not \"{text}\"");
        Issue::error(IssueType::Value, text).at("limit")
    })
}

fn parameters(found: &Found, issues: &[Issue]) -> Value {
    let mut parameters: Vec<Value> = found.candidates.iter().map(candidate).collect();
    if !issues.is_empty() {
        let mut outcome = Vec::new();
        bundle::write_outcome(&mut outcome, issues.iter());
        let outcome: Value = serde_json::from_slice(&outcome).expect("our own JSON");
        parameters.push(json!({"name": "outcome", "resource": outcome}));
    }
    let mut resource = json!({"resourceType": "Parameters"});
    // FHIR has no empty lists.
    if !parameters.is_empty() {
        resource["parameter"] = parameters.into();
    }
    resource
}

fn candidate(candidate: &Candidate) -> Value {
    let mut parts = vec![
        json!({"name": "label", "valueString": candidate.label}),
        json!({"name": "score", "valueDecimal": candidate.score}),
        json!({"name": "precision", "valueCode": candidate.precision.as_str()}),
        json!({"name": "source", "valueCode": candidate.source.as_str()}),
    ];
    if let Some(point) = candidate.point {
        parts.push(json!({"name": "latitude", "valueDecimal": point.lat}));
        parts.push(json!({"name": "longitude", "valueDecimal": point.lon}));
    }
    if let Some((code, name)) = &candidate.commune {
        let coding = json!({"system": COMMUNES, "code": code, "display": name});
        parts.push(json!({"name": "commune", "valueCoding": coding}));
    }
    for code in &candidate.postal_codes {
        parts.push(json!({"name": "postal-code", "valueString": code}));
    }
    if let Some(department) = candidate.department {
        let coding = json!({"code": department.code, "display": department.name});
        parts.push(json!({"name": "department", "valueCoding": coding}));
    }
    if let Some(region) = candidate.region {
        let coding = json!({"code": region.code, "display": region.name});
        parts.push(json!({"name": "region", "valueCoding": coding}));
    }
    json!({"name": "candidate", "part": parts})
}
