//! Texts about places → candidates: the built-in gazetteer first, and for streets a service of addresses
//! where the settings name one.
//!
//! An address is a person's: it is in no log, and leaves the process only for that service. A service
//! that fails costs precision, never the answer: the commune of the address stands in.

mod answer;
mod cache;
mod service;
mod trust;

use std::io;

use jiff::Timestamp;
use shared::config;
use shared::error::{Issue, IssueType};
use shared::geo::{Candidate, gazetteer};

use service::{Question, Service};

/// Finds places.
#[derive(Debug)]
pub(crate) struct Geocoder {
    service: Option<Service>,
    min_score: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Found {
    /// The candidates, preferred ones first.
    pub(crate) candidates: Vec<Candidate>,
    /// Whether the first one may stand for the text without asking.
    pub(crate) is_sure: bool,
    /// What the caller should know: the service was not there.
    pub(crate) issues: Vec<Issue>,
}

impl Found {
    /// The candidate that may stand for the text without asking.
    pub(crate) fn sure(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|_| self.is_sure)
    }
}

impl Geocoder {
    /// A finder of places with the service of the settings, if they name one.
    ///
    /// # Errors
    /// When the service is called over TLS, and the certificates of this machine cannot be read.
    pub(crate) fn new(settings: &config::Geocoder, now: fn() -> Timestamp) -> io::Result<Self> {
        Ok(Self {
            service: Service::new(settings, now)?,
            min_score: f64::from(settings.min_score_percent) / 100.0,
        })
    }

    /// The candidates for a text, at most `limit`.
    ///
    /// The order is that of preference: street addresses of the service that do not contradict the text (see
    /// `trust`); what the gazetteer reads; what else the service thinks of.
    pub(crate) async fn find(&self, text: &str, limit: usize) -> Found {
        let reading = gazetteer().read(text, limit);
        let mut found = Found::default();
        let mut others = Vec::new();
        if let Some(service) = self.service.as_ref().filter(|_| reading.has_street) {
            let question = Question { text, postal_code: reading.postal_code.as_deref() };
            match service.ask(question).await {
                Ok(candidates) => {
                    (found.candidates, others) = trust::split(candidates, &reading, self.min_score);
                }
                Err(failure) => {
                    let text = format!(
                        "{failure}; street addresses are read as their commune, as far as it is named"
                    );
                    found.issues.push(Issue::warning(IssueType::Transient, text));
                }
            }
        }
        found.is_sure = match found.candidates.as_slice() {
            [] => reading.sure().is_some(),
            trusted => trust::is_one_place(trusted),
        };
        let is_known = |candidates: &[Candidate], new: &Candidate| {
            candidates.iter().any(|c| c.label == new.label && c.precision == new.precision)
        };
        for candidate in reading.candidates.into_iter().chain(others) {
            if !is_known(&found.candidates, &candidate) {
                found.candidates.push(candidate);
            }
        }
        found.candidates.truncate(limit);
        found
    }
}
