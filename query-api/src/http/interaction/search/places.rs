//! Addresses of a search → places, and what the answer says about how they were read.
//!
//! An address that is not found, or that may be several places, finds nothing, with a warning that names
//! the candidates: like an unknown commune, it is no mistake of the request's form.

use shared::error::{Issue, IssueType};
use shared::geo::Candidate;

use crate::geocoder::{Found, Geocoder};
use crate::http::error::ApiError;
use crate::parse::ast::SearchRequest;
use crate::parse::locate::{self, Located};

/// The parameter that takes addresses.
const NAME: &str = "near-address";
/// Most addresses of one search, each of which may be a question to a service.
const ADDRESSES_MAX: usize = 4;
/// Candidates that a warning names.
const NAMED: usize = 5;

/// Puts places for the addresses of a request: those of the former page where there was one, else what
/// is found now. The issues say how they were read.
///
/// # Errors
/// [`ApiError::Refused`] when there are too many addresses.
pub(in crate::http) async fn locate(
    geocoder: &Geocoder,
    request: &mut SearchRequest,
    known: Vec<Located>,
) -> Result<Vec<Issue>, ApiError> {
    let addresses = locate::addresses(request);
    if addresses.len() > ADDRESSES_MAX {
        let text = format!(
            "the search has {} different addresses; at most {ADDRESSES_MAX} are looked up",
            addresses.len()
        );
        return Err(ApiError::Refused(vec![Issue::error(IssueType::TooCostly, text).at(NAME)]));
    }
    let (mut located, mut issues) = (Vec::with_capacity(addresses.len()), Vec::new());
    for address in addresses {
        if let Some(known) = known.iter().find(|known| known.address() == address) {
            located.push(known.clone());
            continue;
        }
        let found = geocoder.find(&address, NAMED).await;
        let taken = found.sure();
        issues.push(match taken {
            Some(candidate) => said(&address, candidate),
            None => unknown(&address, &found),
        });
        located.push(Located::new(address, taken.and_then(|candidate| candidate.point)));
        for issue in found.issues.into_iter().map(|issue| issue.at(NAME)) {
            if !issues.contains(&issue) {
                issues.push(issue);
            }
        }
    }
    locate::locate(request, located);
    Ok(issues)
}

fn said(address: &str, candidate: &Candidate) -> Issue {
    let code =
        candidate.insee_code().map_or_else(String::new, |code| format!("INSEE code {code}, "));
    let text = format!(
        "\"{NAME}\": \"{address}\" is read as {} ({code}precision {}, score {}, source {})",
        candidate.label,
        candidate.precision.as_str(),
        candidate.score,
        candidate.source.as_str()
    );
    Issue::information(IssueType::Informational, text).at(NAME)
}

fn unknown(address: &str, found: &Found) -> Issue {
    let candidates: Vec<String> = found
        .candidates
        .iter()
        .map(|c| format!("{} ({}, score {})", c.label, c.precision.as_str(), c.score))
        .collect();
    let (code, text) = if candidates.is_empty() {
        let text = "is not found; write a postal code and the name of the commune in it";
        (IssueType::NotFound, text.to_owned())
    } else {
        let text =
            format!("may be {}; it finds nothing until it says which", candidates.join(", "));
        (IssueType::MultipleMatches, text)
    };
    Issue::warning(code, format!("\"{NAME}\": \"{address}\" {text}")).at(NAME)
}
