//! The commands that make documents instead of loading them: `generate`, `import`, `sample`.
//!
//! They write NDJSON to stdout, or one file for each type into a folder, and report on stderr in the
//! first case, on stdout in the second.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indexer::outcome::Exit;
use indexer::{generate, import, sample};
use serde::Serialize;
use shared::fhir::ResourceType;

#[derive(Debug, Args)]
pub(super) struct GenerateArguments {
    /// Number of offers; everything else is in proportion.
    #[arg(long, default_value_t = 1_000)]
    offers: u32,
    /// Any number: the same one gives the same directory.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write one <Type>.ndjson for each type into this folder instead of everything to stdout.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// Establishments (FINESS), in the merged form or as the official stock; plain or gzip.
    #[arg(long, required = true, num_args = 1..)]
    finess: Vec<PathBuf>,
    /// Beds, places and visits of the hospital survey (SAE).
    #[arg(long)]
    beds: Option<PathBuf>,
    /// Prices of nursing homes (CNSA).
    #[arg(long)]
    prices: Option<PathBuf>,
    /// Write one <Type>.ndjson for each type into this folder instead of everything to stdout.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct SampleArguments {
    /// The folder with finess.csv.gz, hospital-beds.csv and ehpad-prices.csv.gz.
    #[arg(long)]
    sources: PathBuf,
    /// The folder that receives one <Type>.ndjson.zst for each type.
    #[arg(long)]
    output: PathBuf,
}

pub(super) fn run_generate(arguments: &GenerateArguments) -> anyhow::Result<ExitCode> {
    let options = generate::Options { offers: arguments.offers, seed: arguments.seed };
    let counts = match &arguments.output {
        Some(folder) => generate::to_directory(&options, folder)?,
        None => generate::to_writer(&options, &mut io::stdout())?,
    };
    let resources: BTreeMap<&str, u64> =
        ResourceType::ALL.iter().map(|t| (t.as_str(), counts.of(*t))).collect();
    report(&resources, arguments.output.is_some())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn run_import(arguments: ImportArguments) -> anyhow::Result<ExitCode> {
    let ImportArguments { finess, beds, prices, output } = arguments;
    let mut lines = Lines::new(output.as_deref())?;
    let options = import::Options { finess, beds, prices };
    let mut line = Vec::new();
    let imported = import::run(&options, &mut |resource| {
        line.clear();
        resource.write_line(&mut line);
        lines.write(resource.resource_type(), &line)
    })?;
    lines.finish()?;
    report(&imported, output.is_some())?;
    let is_complete = imported.refused.is_empty();
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(Exit::Quarantined.code()) })
}

pub(super) fn run_sample(arguments: SampleArguments) -> anyhow::Result<ExitCode> {
    let SampleArguments { sources, output } = arguments;
    report(&sample::run(&sample::Options { sources, output })?, true)?;
    Ok(ExitCode::SUCCESS)
}

/// One JSON object, on stdout when no documents stand there.
fn report(report: &impl Serialize, on_stdout: bool) -> io::Result<()> {
    let mut text = serde_json::to_string(report)?;
    text.push('\n');
    if on_stdout {
        io::stdout().write_all(text.as_bytes())
    } else {
        io::stderr().write_all(text.as_bytes())
    }
}

/// Where lines of several types go.
enum Lines<'a> {
    Stdout(BufWriter<io::Stdout>),
    Folder(&'a Path, BTreeMap<ResourceType, BufWriter<File>>),
}

impl<'a> Lines<'a> {
    fn new(folder: Option<&'a Path>) -> io::Result<Self> {
        match folder {
            None => Ok(Self::Stdout(BufWriter::new(io::stdout()))),
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                Ok(Self::Folder(folder, BTreeMap::new()))
            }
        }
    }

    fn write(&mut self, resource_type: ResourceType, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.write_all(line),
            Self::Folder(folder, files) => {
                if let Some(file) = files.get_mut(&resource_type) {
                    return file.write_all(line);
                }
                let file = File::create(folder.join(format!("{resource_type}.ndjson")))?;
                files.entry(resource_type).or_insert(BufWriter::new(file)).write_all(line)
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::Folder(_, files) => files.into_values().try_for_each(|mut file| file.flush()),
        }
    }
}
