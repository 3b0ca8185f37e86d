//! The released binaries as a bench uses them: load, serve, and what they take of the machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::settings::binary;

/// A running `query-api`, ended when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// `host:port` of the FHIR listener.
    pub host: String,
    /// The path of the FHIR base.
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
        let ready: serde_json::Value = serde_json::from_str(&line)
            .with_context(|| format!("query-api is not ready to serve {}", data.display()))?;
        let start = begin.elapsed();
        let url = ready["fhir"].as_str().and_then(|url| url.strip_prefix("http://"));
        let (host, path) = url.and_then(|url| url.split_once('/')).context("the FHIR base")?;
        Ok(Self { child, host: host.to_owned(), base: format!("/{path}"), start })
    }

    /// Its memory now.
    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // SIGTERM lets it end its writes; a server that is gone already needs no end.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(&id).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Memory of a process, in megabytes; zeros where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, with what is mapped from files.
    pub resident_mb: u64,
    /// The most it ever was.
    pub peak_mb: u64,
    /// Resident and its own, not mapped from files.
    pub own_mb: u64,
}

impl Memory {
    fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
            kilobytes.unwrap_or(0_u64) / 1024
        };
        Self { resident_mb: field("VmRSS:"), peak_mb: field("VmHWM:"), own_mb: field("RssAnon:") }
    }
}

/// Loads a file into an empty data directory; tells how long it took and the memory at its peak.
///
/// # Errors
/// When the indexer is missing or fails.
pub fn load(source: &Path, data: &Path) -> anyhow::Result<(Duration, Memory)> {
    let begin = Instant::now();
    let mut child = Command::new(binary("indexer")?)
        .args(["load", "--data-dir"])
        .arg(data)
        .arg(source)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut memory = Memory::default();
    loop {
        let now = Memory::of(child.id());
        memory.peak_mb = memory.peak_mb.max(now.peak_mb);
        memory.own_mb = memory.own_mb.max(now.own_mb);
        memory.resident_mb = memory.resident_mb.max(now.resident_mb);
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("indexer load: {status}");
            }
            return Ok((begin.elapsed(), memory));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes of a file, or of all files below a folder.
pub fn size_bytes(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let Ok(entries) = path.read_dir() else { return 0 };
    entries.flatten().map(|entry| size_bytes(&entry.path())).sum()
}
