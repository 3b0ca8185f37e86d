//! A synthetic national directory: real communes and codes, invented everything else.
//!
//! For benchmarks and load tests at the size of the country. It describes nobody and no place that
//! exists, and every record says so in `meta.tag` ([`PROVENANCE_SYSTEM`](crate::ror::PROVENANCE_SYSTEM),
//! code `synthetic`). It makes no hostile or broken documents, and reads no clock.
//!
//! # Proportions
//! For `N` offers, about 4.2 `N` resources of 3.4 kB on average, in referential order (500,000 offers:
//! 2.09 million resources, 7 GB):
//!
//! | Type | Number | Notes |
//! |---|---|---|
//! | `Organization` | 0.38 N | legal entities (0.06), establishments (0.24), internal units (0.08); a nursing home has 0 to 30 prices, 12 on average |
//! | `Location` | 1.2 N | one for each offer, a second for one in five, a quarter of those used by no offer; one capacity record on average |
//! | `HealthcareService` | N | one establishment makes 1.6 % of all (8,000 of 500,000), the next 0.3 %; 2.8 for each provider; a third in hospitals, a third in homes and services, a third in town |
//! | `Practitioner` | 0.45 N | |
//! | `PractitionerRole` | 1.1 N | fewer than the 1.6 a real offer has, to keep the total |
//! | `Task` | 0.03 N | anomalies; one in five names its subject by identifier, one in ten of those an unknown one |
//! | `Measure` | 12 | |
//! | `MeasureReport` | 0.01 N | |
//!
//! All references resolve, except the tenth of the logical ones. 1.5 % of the offers are sensitive units.
//!
//! # Determinism
//! The same options give the same bytes, whatever the number of threads: each record draws from a
//! generator of its own, seeded by (seed, stream, index); chunks are made in parallel and written in order.

mod anomaly;
mod catalog;
mod contact;
mod indicator;
mod map;
mod number;
mod offer;
mod organization;
mod output;
mod place;
mod plan;
mod price;
mod professional;
mod random;
mod site;
mod when;
mod words;

use std::io;
use std::ops::Range;

use rayon::prelude::*;
use shared::fhir::ResourceType;

pub use output::{to_directory, to_writer};

use catalog::Catalog;
use map::Map;
use plan::Plan;
use random::{Random, Stream};
use site::SiteView;

use crate::ror::Resource;

/// The most offers one directory can have: identification numbers stay unique up to here.
pub const OFFERS_MAX: u32 = 2_000_000;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Number of offers; everything else is in proportion. At most [`OFFERS_MAX`].
    pub offers: u32,
    /// Any number; another one gives another country.
    pub seed: u64,
}

/// How many resources of each type were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; ResourceType::ALL.len()]);

impl Counts {
    /// The number of one type.
    pub fn of(&self, kind: ResourceType) -> u64 {
        self.0[kind.index()]
    }

    /// The number of all types.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Generates the directory and hands it over piece by piece.
///
/// `out` gets whole NDJSON lines of one type, a few hundred kilobytes at a time, types in the order
/// organizations, locations, offers, practitioners, roles, tasks, measures, reports.
/// The next piece is made while `out` runs.
///
/// # Errors
/// What `out` answers; `InvalidInput` when more than [`OFFERS_MAX`] offers are asked for.
pub fn generate(
    options: &Options,
    out: &mut (dyn FnMut(ResourceType, &[u8]) -> io::Result<()> + Send),
) -> io::Result<Counts> {
    if options.offers > OFFERS_MAX {
        let message = format!("{} offers asked for; at most {OFFERS_MAX}", options.offers);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let world = World::new(options);
    let mut counts = Counts::default();
    for pass in Pass::ALL {
        pass.run(&world, &mut |chunk: &Chunk| {
            counts.0[pass.resource_type().index()] += chunk.count;
            out(pass.resource_type(), &chunk.lines)
        })?;
    }
    Ok(counts)
}

/// Everything threads share.
#[derive(Debug)]
struct World {
    seed: u64,
    catalog: Catalog,
    map: Map,
    plan: Plan,
    counts: Planned,
}

/// How many of the types whose number is a share of the offers.
#[derive(Debug)]
struct Planned {
    practitioners: u32,
    tasks: u32,
    reports: u32,
}

impl World {
    fn new(options: &Options) -> Self {
        let (catalog, map) = (Catalog::load(), Map::load());
        let plan = Plan::new(options, &catalog, &map);
        let share = |percent: u64| (u64::from(plan.offers) * percent / 100) as u32;
        let counts =
            Planned { practitioners: share(45).max(1), tasks: share(3), reports: share(1) };
        Self { seed: options.seed, catalog, map, plan, counts }
    }

    fn random(&self, stream: Stream, index: u64) -> Random {
        Random::new(self.seed, stream, index)
    }

    /// Practitioners and offers lie along each other: the first person near an offer.
    fn person_near(&self, offer: u32) -> u32 {
        let people = u64::from(self.counts.practitioners);
        (u64::from(offer) * people / u64::from(self.plan.offers.max(1))) as u32
    }

    /// An offer near a person.
    fn offer_near(&self, person: u32) -> u32 {
        let offers = u64::from(self.plan.offers);
        (u64::from(person) * offers / u64::from(self.counts.practitioners)) as u32
    }
}

/// One pass over the country: what is written, and the range of indexes it is written from.
#[derive(Debug, Clone, Copy)]
enum Pass {
    LegalEntities,
    Establishments,
    InternalUnits,
    Places,
    Offers,
    Practitioners,
    Roles,
    Anomalies,
    Measures,
    Reports,
}

impl Pass {
    /// In referential order.
    const ALL: [Self; 10] = [
        Self::LegalEntities,
        Self::Establishments,
        Self::InternalUnits,
        Self::Places,
        Self::Offers,
        Self::Practitioners,
        Self::Roles,
        Self::Anomalies,
        Self::Measures,
        Self::Reports,
    ];

    const fn resource_type(self) -> ResourceType {
        match self {
            Self::LegalEntities | Self::Establishments | Self::InternalUnits => {
                ResourceType::Organization
            }
            Self::Places => ResourceType::Location,
            Self::Offers => ResourceType::HealthcareService,
            Self::Practitioners => ResourceType::Practitioner,
            Self::Roles => ResourceType::PractitionerRole,
            Self::Anomalies => ResourceType::Task,
            Self::Measures => ResourceType::Measure,
            Self::Reports => ResourceType::MeasureReport,
        }
    }

    /// How many indexes the pass goes over.
    fn len(self, world: &World) -> u32 {
        match self {
            Self::LegalEntities => world.plan.legal_entities.len() as u32,
            Self::Establishments => world.plan.sites.len() as u32,
            Self::InternalUnits => world.plan.units,
            Self::Places | Self::Offers | Self::Roles => world.plan.offers,
            Self::Practitioners => world.counts.practitioners,
            Self::Anomalies => world.counts.tasks,
            Self::Measures => indicator::COUNT,
            Self::Reports => world.counts.reports,
        }
    }

    /// Makes chunks in parallel, a batch at a time, and hands them over in order while the next batch is
    /// made.
    fn run(
        self,
        world: &World,
        out: &mut (dyn FnMut(&Chunk) -> io::Result<()> + Send),
    ) -> io::Result<()> {
        /// Indexes in a chunk: a few hundred kilobytes of lines.
        const CHUNK: u32 = 128;
        let batch = CHUNK * 8 * rayon::current_num_threads() as u32;
        let len = self.len(world);
        let make = |start: u32| -> Vec<Chunk> {
            let end = start.saturating_add(batch).min(len);
            let starts: Vec<u32> = (start..end).step_by(CHUNK as usize).collect();
            let chunk = |start: &u32| self.chunk(world, *start..(*start + CHUNK).min(end));
            starts.par_iter().map(chunk).collect()
        };
        let mut chunks = make(0);
        let mut next = batch.min(len);
        while !chunks.is_empty() {
            let (written, following) =
                rayon::join(|| chunks.iter().try_for_each(&mut *out), || make(next));
            written?;
            chunks = following;
            next = next.saturating_add(batch).min(len);
        }
        Ok(())
    }

    fn chunk(self, world: &World, indexes: Range<u32>) -> Chunk {
        /// Room for most chunks: growing would copy megabytes.
        const CAPACITY: usize = 768 * 1024;
        let mut chunk = Chunk { count: 0, lines: Vec::with_capacity(CAPACITY) };
        let mut site = CurrentSite { world, view: None };
        for index in indexes {
            match self {
                Self::LegalEntities => chunk.push(&organization::legal_entity(world, index)),
                Self::Establishments => {
                    chunk.push(&organization::establishment(site.at(index as usize)));
                }
                Self::InternalUnits => {
                    let view = site.at(world.plan.site_of_unit(index));
                    chunk.push(&organization::internal_unit(view, index));
                }
                Self::Places => {
                    let view = site.of_offer(index);
                    chunk.push(&place::own(view, index));
                    if place::second(view, index) != place::Second::None {
                        chunk.push(&place::other(view, index));
                    }
                }
                Self::Offers => chunk.push(&offer::offer(site.of_offer(index), index)),
                Self::Practitioners => chunk.push(&professional::practitioner(world, index)),
                Self::Roles => {
                    for rank in 0..professional::roles_of(world, index) {
                        chunk.push(&professional::role(site.of_offer(index), index, rank));
                    }
                }
                Self::Anomalies => chunk.push(&anomaly::anomaly(world, index)),
                Self::Measures => chunk.push(&indicator::measure(world, index)),
                Self::Reports => chunk.push(&indicator::report(world, index)),
            }
        }
        chunk
    }
}

/// Lines of one type.
#[derive(Debug)]
struct Chunk {
    count: u64,
    lines: Vec<u8>,
}

impl Chunk {
    fn push(&mut self, resource: &Resource<'_>) {
        resource.write_line(&mut self.lines);
        self.count += 1;
    }
}

/// The view of the last site looked at: neighbors in a chunk mostly share it.
struct CurrentSite<'w> {
    world: &'w World,
    view: Option<SiteView<'w>>,
}

impl<'w> CurrentSite<'w> {
    fn at(&mut self, index: usize) -> &SiteView<'w> {
        let view = self.view.take().filter(|view| view.index as usize == index);
        self.view.insert(view.unwrap_or_else(|| SiteView::new(self.world, index)))
    }

    fn of_offer(&mut self, offer: u32) -> &SiteView<'w> {
        self.at(self.world.plan.site_of_offer(offer))
    }
}

#[cfg(test)]
mod tests;
