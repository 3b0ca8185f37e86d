//! Addresses in criteria: which there are, and their places once they are looked up.
//!
//! Looking up is the caller's; here circles around addresses become circles around points, or around
//! nowhere.

use serde::{Deserialize, Serialize};
use shared::geo::Point;
use shared::param::QueryValue;
use shared::param::near::NearQuery;

use super::ast::{Brackets, Expr, SearchRequest, Test};

/// An address of the criteria and its place, to be kept from page to page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Located {
    /// The address as it was written.
    address: String,
    /// Latitude and longitude in ten millionths of a degree (a centimeter); whole numbers, so that they
    /// stay the same in writing. `None` when it was not found.
    at: Option<(i32, i32)>,
}

impl Located {
    /// An address with its place, if it has one.
    pub(crate) fn new(address: String, point: Option<Point>) -> Self {
        let tens = |degrees: f64| (degrees * 1e7).round() as i32;
        Self { address, at: point.map(|point| (tens(point.lat), tens(point.lon))) }
    }

    /// The address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn circle(&self, radius_m: f64) -> NearQuery {
        match self.at {
            Some((lat, lon)) => {
                NearQuery::Point { lat: f64::from(lat) / 1e7, lon: f64::from(lon) / 1e7, radius_m }
            }
            None => NearQuery::Nowhere { radius_m },
        }
    }
}

/// The addresses in the criteria of a request, each once, in order.
pub(crate) fn addresses(request: &SearchRequest) -> Vec<String> {
    let mut found = Vec::new();
    // The conditions of an order hold all criteria and more.
    let mut all: Vec<Expr> = request.criteria.clone();
    all.extend(request.sort_conditions.iter().cloned());
    for expr in &mut all {
        each_circle(expr, &mut |circle| {
            if let NearQuery::Address { text, .. } = circle
                && !found.contains(text)
            {
                found.push(text.clone());
            }
        });
    }
    found
}

/// Puts places for the addresses they belong to.
pub(crate) fn locate(request: &mut SearchRequest, located: Vec<Located>) {
    for expr in request.criteria.iter_mut().chain(&mut request.sort_conditions) {
        each_circle(expr, &mut |circle| {
            if let NearQuery::Address { text, radius_m } = circle
                && let Some(known) = located.iter().find(|known| known.address == *text)
            {
                *circle = known.circle(*radius_m);
            }
        });
    }
    request.located = located;
}

fn each_circle(expr: &mut Expr, visit: &mut dyn FnMut(&mut NearQuery)) {
    match expr {
        Expr::And(children) | Expr::Or(children) => {
            for child in children {
                each_circle(child, visit);
            }
        }
        Expr::Not(inner) | Expr::Within(Brackets { inner, .. }) => each_circle(inner, visit),
        Expr::Criterion(criterion) => {
            if let Test::Any(values) = &mut criterion.test {
                for value in values {
                    if let QueryValue::Near(circle) = value {
                        visit(circle);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Context, Limits, Scope, search_request};
    use shared::fhir::ResourceType::HealthcareService;

    fn parse(query: &str) -> SearchRequest {
        let context = Context { now_ms: 0, base_urls: &[], limits: Limits::default() };
        let (request, issues) = search_request(Scope::Type(HealthcareService), query, &context);
        assert!(issues.is_empty(), "{issues:?}");
        request
    }

    #[test]
    fn places_stand_for_addresses_wherever_they_are() {
        let mut request = parse(
            "location.near-address=1 rue A, 44000 Nantes|5|km&_filter=not (location.near-address eq \
             \"B\") and location[near-address eq \"B|1|km\" and near-address eq \"1 rue A, 44000 Nantes\"]",
        );
        assert_eq!(addresses(&request), ["1 rue A, 44000 Nantes", "B"]);
        let nantes = Located::new("1 rue A, 44000 Nantes".to_owned(), Point::new(47.2, -1.55));
        locate(&mut request, vec![nantes.clone(), Located::new("B".to_owned(), None)]);
        assert_eq!(addresses(&request), Vec::<String>::new());
        let shown = format!("{:?}", request.criteria);
        assert_eq!(shown.matches("Point { lat: 47.2, lon: -1.55,").count(), 2, "{shown}");
        assert_eq!(shown.matches("Nowhere").count(), 2, "{shown}");
        let json = serde_json::to_string(&nantes).unwrap();
        assert_eq!(serde_json::from_str::<Located>(&json).unwrap(), nantes);
    }

    #[test]
    fn what_has_no_place_yet_stays_an_address() {
        let mut request = parse("location.near-address=A");
        locate(&mut request, vec![Located::new("B".to_owned(), None)]);
        assert_eq!(addresses(&request), ["A"]);
    }
}
