//! Builds the sample that ships with the product: real establishments of Loire-Atlantique, Paris and Cantal
//! and a handful of others, completed with invented data.
//!
//! What comes from open data carries the provenance code `open-data`, what is invented or was completed
//! carries `invented`. The result is a function of the sources: two runs give the same bytes. The product does not
//! need the sources, only this module does. `docs/data.md` says what is invented.

mod anomalies;
mod catalogue;
mod directory;
mod homes;
mod hospitals;
mod indicators;
mod people;
mod practices;
mod prices;
mod random;
mod spelling;
mod variables;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use shared::fhir::ResourceType;

use crate::import::{self, ImportError};
use directory::{Directory, as_organization};

pub use variables::variables;

/// Where to read and write.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the sources: `finess.csv.gz`, `hospital-beds.csv`, `ehpad-prices.csv.gz`.
    pub sources: PathBuf,
    /// The folder that receives one `<Type>.ndjson.zst` per resource type.
    pub output: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Resources by type.
    pub resources: BTreeMap<&'static str, u64>,
    /// Size of each file, bytes.
    pub size_bytes: BTreeMap<String, u64>,
    /// Resources that carry the code `open-data` and not `invented`.
    pub as_published: u64,
    /// Resources that carry both codes.
    pub completed: u64,
    /// Resources that carry `invented` only.
    pub invented: u64,
}

/// Why the sample could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The sources could not be converted.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A file cannot be written.
    #[error("{path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Level of compression: the files are written once and read often.
const ZSTD_LEVEL: i32 = 19;

/// Establishments kept outside the three departments.
const OTHERS: &str = include_str!("../assets/sample-establishments.csv");

/// Builds the sample and writes it.
pub fn run(options: &Options) -> Result<Report, SampleError> {
    let directory = build(&options.sources)?;
    let mut report = Report::default();
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SampleError::Write { path, source }
    };
    fs::create_dir_all(&options.output).map_err(failed(&options.output))?;
    for resource_type in ResourceType::ALL {
        let lines = lines_of(&directory, resource_type, &mut report);
        let name = format!("{resource_type}.ndjson.zst");
        let path = options.output.join(&name);
        let packed = zstd::bulk::compress(&lines, ZSTD_LEVEL).map_err(failed(&path))?;
        report.size_bytes.insert(name, packed.len() as u64);
        fs::write(&path, packed).map_err(failed(&path))?;
    }
    Ok(report)
}

/// The resources of a type as NDJSON, by id.
fn lines_of(directory: &Directory, resource_type: ResourceType, report: &mut Report) -> Vec<u8> {
    let mut resources: Vec<_> =
        directory.resources.iter().filter(|r| r.resource_type() == resource_type).collect();
    resources.sort_by(|a, b| a.id().cmp(b.id()));
    let mut lines = Vec::new();
    for resource in resources {
        let mut line = Vec::new();
        resource.write_line(&mut line);
        let line = spelling::respell(resource.id(), line);
        let has = |code: &str| memchr::memmem::find(&line, code.as_bytes()).is_some();
        match (has("\"open-data\""), has("\"invented\"")) {
            (true, false) => report.as_published += 1,
            (true, true) => report.completed += 1,
            (false, _) => report.invented += 1,
        }
        *report.resources.entry(resource_type.as_str()).or_default() += 1;
        lines.extend_from_slice(&line);
    }
    lines
}

/// The whole sample in memory.
fn build(sources: &Path) -> Result<Directory, SampleError> {
    let mut directory = real_establishments(sources)?;
    hospitals::complete(&mut directory);
    homes::complete(&mut directory);
    practices::add(&mut directory);
    catalogue::add(&mut directory);
    prices::add(&mut directory);
    people::add(&mut directory);
    let (offer, number) = (variables::OFFER, variables::OFFER_IDENTIFIER);
    let site = format!("eg-{}", catalogue::HOSPITAL);
    anomalies::add(&mut directory, offer, number, &site, variables::PLACE);
    indicators::add(&mut directory, &site);
    Ok(directory)
}

/// The imported resources of the establishments kept, and of the legal entities they name.
fn real_establishments(sources: &Path) -> Result<Directory, SampleError> {
    let options = import::Options {
        finess: vec![sources.join("finess.csv.gz")],
        beds: Some(sources.join("hospital-beds.csv")),
        prices: Some(sources.join("ehpad-prices.csv.gz")),
    };
    let others: HashSet<&str> = OTHERS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(',').next())
        .collect();
    let is_kept =
        |finess: &str| ["44", "75", "15"].contains(&&finess[..2]) || others.contains(finess);
    let mut directory = Directory::default();
    let mut entities = BTreeMap::new();
    import::run(&options, &mut |resource| {
        let finess = resource.id().split('-').nth(1).unwrap_or_default().to_owned();
        if is_kept(&finess) {
            directory.add(resource);
        } else if resource.id().starts_with("ej-") {
            entities.insert(resource.id().to_owned(), resource);
        }
        Ok(())
    })?;
    let named: HashSet<String> = directory
        .resources
        .iter()
        .filter_map(|resource| as_organization(resource)?.part_of.as_ref()?.reference.as_deref())
        .map(|reference| reference.trim_start_matches("Organization/").to_owned())
        .collect();
    for (id, entity) in entities {
        if named.contains(&id) {
            directory.add(entity);
        }
    }
    Ok(directory)
}
