//! All documents as a naive reader keeps them: maps by reference, nothing prepared for any question.

use std::collections::HashMap;

use crate::document::{Anomaly, Content, Document, Offer, Organization, Place, Role};

/// The word that requests look for.
pub const WORD: &str = "cardio";

/// The directory in memory.
#[derive(Debug, Default)]
pub struct Country {
    /// Number of all resources.
    pub resources: u64,
    /// By reference.
    pub organizations: HashMap<String, Organization>,
    /// By reference.
    pub places: HashMap<String, Place>,
    /// With their references.
    pub offers: Vec<(String, Offer)>,
    /// Gender, by reference.
    pub professionals: HashMap<String, Option<String>>,
    /// In the order of the source.
    pub roles: Vec<Role>,
    /// In the order of the source.
    pub anomalies: Vec<Anomaly>,
}

impl Country {
    /// Adds a document.
    pub fn add(&mut self, document: Document) {
        self.resources += 1;
        let Document { reference, content } = document;
        match content {
            Content::Organization(it) => drop(self.organizations.insert(reference, it)),
            Content::Place(it) => drop(self.places.insert(reference, it)),
            Content::Offer(mut it) => {
                // The words no request asks about would take gigabytes.
                it.words.retain(|word| word.contains(WORD));
                self.offers.push((reference, it));
            }
            Content::Professional(it) => drop(self.professionals.insert(reference, it)),
            Content::Role(it) => self.roles.push(it),
            Content::Anomaly(it) => self.anomalies.push(it),
            Content::Other => {}
        }
    }

    /// The organization of an offer, the one that is part of, and so on up.
    pub fn organizations_above(&self, offer: &Offer) -> Vec<&Organization> {
        let mut found: Vec<&Organization> = Vec::new();
        let mut next = offer.organization.as_ref();
        while let Some(organization) = next.and_then(|reference| self.organizations.get(reference))
        {
            if found.len() > 20 {
                break;
            }
            found.push(organization);
            next = organization.part_of.as_ref();
        }
        found
    }

    /// The places of an offer.
    pub fn places_of<'a>(&'a self, offer: &'a Offer) -> impl Iterator<Item = &'a Place> {
        offer.places.iter().filter_map(|reference| self.places.get(reference))
    }
}
