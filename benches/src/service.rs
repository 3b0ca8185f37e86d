//! The released binaries as a bench uses them: generate, load, serve.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A running `query-api`, ended when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// The FHIR base URL.
    pub base: String,
    /// From start to ready.
    pub start: Duration,
}

impl Service {
    /// Serves a data directory on free ports of the loopback interface.
    ///
    /// # Errors
    /// When the binary is missing or does not become ready.
    pub fn start(data: &Path) -> anyhow::Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(binary("query-api")?)
            .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("the ready line is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: serde_json::Value = serde_json::from_str(&line).context("the ready line")?;
        let base = ready["fhir"].as_str().context("the FHIR base")?.to_owned();
        Ok(Self { child, base, start: begin.elapsed() })
    }

    /// Resident memory in megabytes, where the system tells.
    pub fn resident_mb(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes / 1024)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A server that is gone already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `indexer` to its end.
///
/// # Errors
/// When it is missing or fails.
pub fn indexer(arguments: &[&str]) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let status = Command::new(binary("indexer")?)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("indexer {arguments:?}: {status}");
    }
    Ok(begin.elapsed())
}

/// A released binary, beside the bench's own folder.
fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).context("target/release/deps")?;
    let path = folder.join(name);
    if !path.exists() {
        bail!("{} is missing: run `make bench`, which builds it first", path.display());
    }
    Ok(path)
}
