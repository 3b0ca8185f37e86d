//! Documents set aside until there are enough of a type to train its dictionary.

use shared::fhir::ResourceType;
use shared::store::{Prepared, Store, StoreError};

/// Documents of a type that are looked at before its dictionary is made.
const TRAINING_DOCUMENTS: usize = 1_000;

/// Documents of types that have no dictionary yet.
#[derive(Debug, Default)]
pub(crate) struct Samples([Vec<Vec<u8>>; ResourceType::ALL.len()]);

impl Samples {
    /// Sets a document aside, when it is of use.
    pub(crate) fn add(&mut self, store: &Store, document: &Prepared) {
        let resource_type = document.resource_type();
        let samples = &mut self.0[resource_type.index()];
        if samples.len() < TRAINING_DOCUMENTS && !store.codec().has_dictionary(resource_type) {
            samples.push(document.content().to_vec());
        }
    }

    /// Makes a dictionary for each type that has enough samples.
    pub(crate) fn train(&mut self, store: &Store) -> Result<(), StoreError> {
        for resource_type in ResourceType::ALL {
            let samples = &mut self.0[resource_type.index()];
            let is_due =
                samples.len() >= TRAINING_DOCUMENTS && !store.codec().has_dictionary(resource_type);
            if is_due {
                store.train(resource_type, samples)?;
            }
            if store.codec().has_dictionary(resource_type) {
                *samples = Vec::new();
            }
        }
        Ok(())
    }
}
