//! The command line: what may be said, and which function of the library does it.
//!
//! Results go to stdout, progress and problems to stderr. Exit codes: 0 all well, 2 some documents were
//! left out, 1 failed.

mod produce;

use std::fmt::Display;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use indexer::directory::{Directory, documents_dir, open_store};
use indexer::load::{LoadOptions, default_quarantine, load};
use indexer::progress;
use indexer::stats::stats;
use indexer::verify::verify;
use produce::{GenerateArguments, ImportArguments, SampleArguments};
use serde::Serialize;
use shared::index::Generation;
use shared::store::{Store, StoreSettings};
use shared::validate::{Strictness, Validator};

/// Some documents were left out.
const EXIT_QUARANTINED: u8 = 2;
/// Store and index disagree, or the like.
const EXIT_FAILED: u8 = 1;

/// Loads and looks after the data directory of the health-offer search engine.
#[derive(Debug, Parser)]
#[command(name = "indexer", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load FHIR documents: NDJSON, Bundles or single resources, plain, .gz or .zst.
    Load(LoadArguments),
    /// Make an invented directory, the same for the same seed.
    Generate(GenerateArguments),
    /// Convert French open data to FHIR documents.
    Import(ImportArguments),
    /// Build the sample that ships with the product.
    Sample(SampleArguments),
    /// Build a new index from the stored documents and switch to it.
    Rebuild(Common),
    /// Check every version, log entry and indexed document against the others.
    Verify(Common),
    /// Count resources by type, find dangling references, compare store and index.
    Stats(Common),
}

#[derive(Debug, Args)]
struct Common {
    /// The data directory.
    #[arg(long, env = "ROR_DATA_DIR", default_value = "index-data")]
    data_dir: PathBuf,
    /// The public base URLs of the directory: absolute references below one of them are to resources of
    /// this directory.
    #[arg(long, env = "ROR_PUBLIC_URL", value_delimiter = ',')]
    public_url: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct LoadArguments {
    #[command(flatten)]
    common: Common,
    /// Delete the resources that the inputs do not hold.
    #[arg(long)]
    mirror: bool,
    /// Let --mirror delete more than 5 % of the directory.
    #[arg(long, requires = "mirror")]
    force: bool,
    /// Treat every rule of the ROR profiles as an error.
    #[arg(long)]
    strict: bool,
    /// Versions kept of each resource, the newest included; 0 for all.
    #[arg(long, env = "ROR_WRITE_VERSIONS_KEPT", default_value_t = 0)]
    versions_kept: u32,
    /// Where refused documents go, with their reasons [default: quarantine.ndjson in the data directory].
    #[arg(long)]
    quarantine: Option<PathBuf>,
    /// Files, folders, or - for standard input.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
}

impl Cli {
    /// Does what was asked. `now_ms` is the clock, in milliseconds since 1970.
    pub(crate) fn run(self, now_ms: i64) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Load(arguments) => run_load(arguments, now_ms),
            Command::Generate(arguments) => produce::run_generate(&arguments),
            Command::Import(arguments) => produce::run_import(arguments),
            Command::Sample(arguments) => produce::run_sample(arguments),
            Command::Rebuild(common) => run_rebuild(&common),
            Command::Verify(common) => run_verify(&common),
            Command::Stats(common) => run_stats(&common),
        }
    }
}

impl Common {
    fn base_urls(&self) -> Vec<String> {
        self.public_url.iter().map(|url| url.trim_end_matches('/').to_owned()).collect()
    }

    fn print(&self, result: &(impl Display + Serialize)) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, result)?;
            writeln!(out)
        } else {
            write!(out, "{result}")
        }
    }
}

fn run_load(arguments: LoadArguments, now_ms: i64) -> anyhow::Result<ExitCode> {
    let LoadArguments { common, mirror, force, strict, versions_kept, quarantine, inputs } =
        arguments;
    let strictness = if strict { Strictness::Strict } else { Strictness::WhereClaimed };
    let validator = Validator::new(strictness);
    let progress = progress::on_stderr();
    let versions_kept = NonZeroU32::new(versions_kept);
    let settings = StoreSettings { versions_kept, ..store_settings("load") };
    let mut directory =
        Directory::open(&common.data_dir, &settings, common.base_urls(), progress.as_ref())?;
    let options = LoadOptions {
        inputs,
        mirror,
        force,
        quarantine: quarantine.unwrap_or_else(|| default_quarantine(&common.data_dir)),
        now_ms,
    };
    let report = load(&mut directory, &validator, &options, progress.as_ref());
    progress.finish();
    let report = report?;
    common.print(&report)?;
    Ok(if report.quarantined > 0 { ExitCode::from(EXIT_QUARANTINED) } else { ExitCode::SUCCESS })
}

fn run_rebuild(common: &Common) -> anyhow::Result<ExitCode> {
    let progress = progress::on_stderr();
    let settings = store_settings("rebuild");
    let resources =
        Directory::rebuild(&common.data_dir, &settings, common.base_urls(), progress.as_ref());
    progress.finish();
    let resources = resources?;
    common.print(&Rebuilt { resources })?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Rebuilt {
    resources: u64,
}

impl Display for Rebuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} resources indexed", self.resources)
    }
}

fn run_verify(common: &Common) -> anyhow::Result<ExitCode> {
    let store = open_existing_store(common, "verify")?;
    let generation = Generation::current(&common.data_dir, store.codec().clone())?;
    let verification = verify(&store, generation.as_ref())?;
    common.print(&verification)?;
    Ok(exit_code(verification.is_sound()))
}

fn run_stats(common: &Common) -> anyhow::Result<ExitCode> {
    let store = open_existing_store(common, "stats")?;
    let generation = Generation::current(&common.data_dir, store.codec().clone())?;
    let base_urls = common.base_urls();
    let base_urls: Vec<&str> = base_urls.iter().map(String::as_str).collect();
    let stats = stats(&store, generation.as_ref(), &base_urls)?;
    common.print(&stats)?;
    Ok(exit_code(stats.agree))
}

/// Opens a store that is there: looking at a directory must not make one.
fn open_existing_store(common: &Common, command: &str) -> anyhow::Result<Store> {
    let documents = documents_dir(&common.data_dir);
    anyhow::ensure!(
        documents.is_dir(),
        "there are no documents in {}: load some first",
        common.data_dir.display()
    );
    Ok(open_store(&common.data_dir, &store_settings(command))?)
}

fn store_settings(command: &str) -> StoreSettings {
    let owner = format!("`indexer {command}`, process {}", std::process::id());
    StoreSettings { owner, ..StoreSettings::default() }
}

fn exit_code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) }
}
