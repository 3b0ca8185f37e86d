//! The command line: what may be said, and which function of the library does it.
//!
//! Results go to stdout, progress and problems to stderr. Exit codes: 0 all well, 2 some documents were
//! left out, 1 failed. A command opens the data directory, or asks the server that holds it: lock free,
//! open; lock held, call. What it prints is the same.

mod produce;

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use indexer::backup::{BackupOptions, backup};
use indexer::directory::{Directory, DirectoryError, open_store};
use indexer::load::{LoadError, LoadOptions, default_quarantine, load, send};
use indexer::outcome::Outcome;
use indexer::progress::{self, Progress};
use indexer::remote::Remote;
use indexer::restore::restore;
use indexer::stats::stats;
use indexer::verify::verify;
use produce::{GenerateArguments, ImportArguments, SampleArguments};
use serde::Serialize;
use shared::data_dir;
use shared::index::Generation;
use shared::store::{ChangeLog as _, Store, StoreError, StoreSettings};
use shared::validate::{Strictness, Validator};

/// How long a store is waited for when a server says that it has it.
const SERVED_LOCK_WAIT: Duration = Duration::from_millis(150);

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
    /// Build a new index from the stored documents and switch to it; the one before is kept.
    Rebuild(Common),
    /// Go back to the index before the last rebuild, brought up to the store.
    Rollback(Common),
    /// Write every version and the change log into a folder, as of one change.
    Backup(BackupArguments),
    /// Fill an empty data directory from a backup.
    Restore(RestoreArguments),
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

#[derive(Debug, Args)]
struct BackupArguments {
    #[command(flatten)]
    common: Common,
    /// The folder to write to: empty, or not there yet.
    #[arg(long)]
    to: PathBuf,
}

#[derive(Debug, Args)]
struct RestoreArguments {
    #[command(flatten)]
    common: Common,
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// The last change to restore [default: all of the backup].
    #[arg(long)]
    to_seq: Option<u64>,
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
            Command::Rollback(common) => run_rollback(&common),
            Command::Backup(arguments) => run_backup(&arguments, now_ms),
            Command::Restore(arguments) => run_restore(&arguments),
            Command::Verify(common) => run_verify(&common),
            Command::Stats(common) => run_stats(&common),
        }
    }
}

impl Common {
    fn base_urls(&self) -> Vec<String> {
        self.public_url.iter().map(|url| url.trim_end_matches('/').to_owned()).collect()
    }

    fn print(&self, outcome: &Outcome) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", outcome.json)?;
        } else {
            write!(out, "{}", outcome.text)?;
        }
        Ok(ExitCode::from(outcome.exit.code()))
    }

    /// Does a command here, or where the directory is served, and prints what it came to.
    fn run(
        &self,
        command: &str,
        here: &mut dyn FnMut(&StoreSettings, &dyn Progress) -> Result<Outcome, Failure>,
        there: &mut dyn FnMut(&Remote, &dyn Progress) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<ExitCode> {
        let progress = progress::on_stderr();
        let done = self.here_or_there(command, here, there, progress.as_ref());
        progress.finish();
        Ok(self.print(&done?)?)
    }

    fn here_or_there(
        &self,
        command: &str,
        here: &mut dyn FnMut(&StoreSettings, &dyn Progress) -> Result<Outcome, Failure>,
        there: &mut dyn FnMut(&Remote, &dyn Progress) -> anyhow::Result<Outcome>,
        progress: &dyn Progress,
    ) -> anyhow::Result<Outcome> {
        let settings = StoreSettings { owner: owner(command), ..StoreSettings::default() };
        // What cannot be read is of no account while nobody holds the store.
        match Remote::of(&self.data_dir) {
            Ok(None) => Ok(here(&settings, progress)?),
            Ok(Some(remote)) => {
                let short = StoreSettings { lock_wait: SERVED_LOCK_WAIT, ..settings.clone() };
                match here(&short, progress) {
                    Err(Failure::Locked { holder, .. }) if remote.is(&holder) => {
                        there(&remote, progress)
                    }
                    // Another command, or a server that is about to let go: wait as usual.
                    Err(Failure::Locked { .. }) => Ok(here(&settings, progress)?),
                    done => Ok(done?),
                }
            }
            Err(unknown) => match here(&settings, progress) {
                Err(Failure::Locked { text, .. }) => anyhow::bail!("{text}; {unknown}"),
                done => Ok(done?),
            },
        }
    }
}

/// Who we are, for whoever finds the store locked.
fn owner(command: &str) -> String {
    format!("`indexer {command}`, process {}", std::process::id())
}

/// Why a command was not done here.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Somebody else has the store.
    #[error("{text}")]
    Locked {
        /// Who.
        holder: String,
        /// The whole message.
        text: String,
    },
    /// Anything else.
    #[error(transparent)]
    Other(anyhow::Error),
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let text = error.to_string();
        if let DirectoryError::Store(StoreError::Locked { holder, .. }) = error {
            return Self::Locked { holder, text };
        }
        Self::Other(error.into())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        if let LoadError::Directory(error) = error {
            error.into()
        } else {
            Self::Other(error.into())
        }
    }
}

fn run_load(arguments: LoadArguments, now_ms: i64) -> anyhow::Result<ExitCode> {
    let LoadArguments { common, mirror, force, strict, versions_kept, quarantine, inputs } =
        arguments;
    let strictness = if strict { Strictness::Strict } else { Strictness::WhereClaimed };
    let versions_kept = NonZeroU32::new(versions_kept);
    let options = LoadOptions {
        inputs,
        mirror,
        force,
        quarantine: quarantine.unwrap_or_else(|| default_quarantine(&common.data_dir)),
        now_ms,
    };
    common.run(
        "load",
        &mut |settings, progress| {
            let (data_dir, base_urls) = (&common.data_dir, common.base_urls());
            let settings = StoreSettings { versions_kept, ..settings.clone() };
            let mut directory = Directory::open(data_dir, &settings, base_urls, progress)?;
            let validator = Validator::new(strictness);
            let report = load(&mut directory, &validator, &options, progress)?;
            Ok(report.into_outcome())
        },
        &mut |remote, progress| Ok(send(remote, &options, strictness, progress)?),
    )
}

fn run_rebuild(common: &Common) -> anyhow::Result<ExitCode> {
    common.run(
        "rebuild",
        &mut |settings, progress| {
            let urls = common.base_urls();
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            Ok(Directory::rebuild(&common.data_dir, settings, &urls, progress)?.into_outcome())
        },
        &mut |remote, progress| Ok(remote.call("rebuild", &NoOptions {}, io::empty(), progress)?),
    )
}

fn run_rollback(common: &Common) -> anyhow::Result<ExitCode> {
    common.run(
        "rollback",
        &mut |settings, _| {
            let urls = common.base_urls();
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            Ok(Directory::rollback(&common.data_dir, settings, &urls)?.into_outcome())
        },
        &mut |remote, progress| {
            Ok(remote.call("rollback", &NoOptions {}, io::empty(), progress)?)
        },
    )
}

fn run_backup(arguments: &BackupArguments, now_ms: i64) -> anyhow::Result<ExitCode> {
    let BackupArguments { common, to } = arguments;
    // The server that may do it has another working directory.
    let to = std::path::absolute(to)?;
    common.run(
        "backup",
        &mut |settings, progress| {
            let store = open_existing_store(common, settings)?;
            let done = backup(&store, store.last_seq(), &to, now_ms, progress);
            Ok(done.map_err(|error| Failure::Other(error.into()))?.into_outcome())
        },
        &mut |remote, progress| {
            let options = BackupOptions { to: to.clone() };
            Ok(remote.call("backup", &options, io::empty(), progress)?)
        },
    )
}

fn run_restore(arguments: &RestoreArguments) -> anyhow::Result<ExitCode> {
    let RestoreArguments { common, from, to_seq } = arguments;
    let urls = common.base_urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let progress = progress::on_stderr();
    let settings = StoreSettings { owner: owner("restore"), ..StoreSettings::default() };
    let data_dir = &common.data_dir;
    let restored = restore(from, data_dir, *to_seq, &settings, &urls, progress.as_ref());
    progress.finish();
    Ok(common.print(&restored?.into_outcome())?)
}

fn run_verify(common: &Common) -> anyhow::Result<ExitCode> {
    common.run(
        "verify",
        &mut |settings, _| {
            let (store, generation) = open_existing(common, settings)?;
            Ok(verify(&store, generation.as_ref())?.into_outcome())
        },
        &mut |remote, progress| Ok(remote.call("verify", &NoOptions {}, io::empty(), progress)?),
    )
}

fn run_stats(common: &Common) -> anyhow::Result<ExitCode> {
    common.run(
        "stats",
        &mut |settings, _| {
            let (store, generation) = open_existing(common, settings)?;
            let urls = common.base_urls();
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            Ok(stats(&store, generation.as_ref(), &urls)?.into_outcome())
        },
        &mut |remote, progress| Ok(remote.call("stats", &NoOptions {}, io::empty(), progress)?),
    )
}

/// The options of a command that has none.
#[derive(Serialize)]
struct NoOptions {}

/// Opens a store that is there: looking at a directory must not make it.
fn open_existing_store(common: &Common, settings: &StoreSettings) -> Result<Store, Failure> {
    let data_dir = &common.data_dir;
    let is_begun = data_dir::restore_mark(data_dir).exists();
    if !is_begun && !data_dir::documents(data_dir).is_dir() {
        let text = format!("there are no documents in {}: load some first", data_dir.display());
        return Err(Failure::Other(anyhow::Error::msg(text)));
    }
    Ok(open_store(data_dir, settings)?)
}

fn open_existing(
    common: &Common,
    settings: &StoreSettings,
) -> Result<(Store, Option<Generation>), Failure> {
    let store = open_existing_store(common, settings)?;
    let generation = Generation::current(&common.data_dir, store.codec().clone());
    Ok((store, generation.map_err(DirectoryError::from)?))
}
