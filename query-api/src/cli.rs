//! The command line: `serve` and `check-config`, and the settings they share.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use shared::config::{KEYS, Settings, Sources};

use crate::serve;

/// Search service over the French health offer directory, in FHIR R4.
#[derive(Debug, Parser)]
#[command(name = "query-api", version, about, after_help = settings_help())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the directory until SIGTERM or SIGINT.
    Serve(Layers),
    /// Check the settings, and print those in force.
    CheckConfig(Layers),
}

/// Settings from the command line, over those of the environment and the file.
#[derive(Debug, Args)]
struct Layers {
    /// Settings file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the store and the index.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Address and port of the FHIR service; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Address and port of metrics and health; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    internal_listen: Option<String>,
    /// Public URL of the FHIR base, for links.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM); with --tls-key, the service speaks TLS.
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Private key (PEM).
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Any setting by its place in the file, such as `paging.count_default=50`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(layers) => layers.load().and_then(|settings| serve::serve(&settings)),
        Command::CheckConfig(layers) => layers.load().and_then(|settings| print(&settings)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit status still tells.
            let _ = writeln!(std::io::stderr(), "query-api: {}", told_once(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, leaving out those that it has told already.
fn told_once(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.contains(&cause) { told } else { format!("{told}: {cause}") }
    })
}

impl Layers {
    fn load(self) -> anyhow::Result<Settings> {
        let mut sources = Sources::from_environment();
        sources.file = self.config;
        for setting in &self.settings {
            let (path, value) = setting
                .split_once('=')
                .with_context(|| format!("--set takes KEY=VALUE, not \"{setting}\""))?;
            let key = KEYS
                .iter()
                .find(|key| key.path == path)
                .with_context(|| format!("\"{path}\" is no setting"))?;
            sources.flags.push((key.path, value.to_owned()));
        }
        let flags = [
            ("data_dir", self.data_dir),
            ("server.listen", self.listen),
            ("server.internal_listen", self.internal_listen),
            ("server.public_url", self.public_url),
            ("server.tls_cert", self.tls_cert),
            ("server.tls_key", self.tls_key),
        ];
        for (path, value) in flags {
            sources.flags.extend(value.map(|value| (path, value)));
        }
        Ok(sources.load()?)
    }
}

fn print(settings: &Settings) -> anyhow::Result<()> {
    let text = toml::to_string(settings).context("the settings cannot be written as TOML")?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn settings_help() -> String {
    use std::fmt::Write as _;
    let mut help = String::from(
        "Settings, in --config FILE (TOML), in the environment, or by --set; later ones win:\n",
    );
    for key in KEYS {
        writeln!(help, "  {:<24} {:<26} {}", key.path, key.variable, key.doc)
            .expect("writing to memory does not fail");
    }
    help
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
