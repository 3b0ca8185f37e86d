//! What a run is told by the environment, and where it keeps its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Offers of the whole country: from this size on, a missed target fails the run.
pub const NATIONAL_OFFERS: u32 = 500_000;

/// Whether `PostgreSQL` takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// When it is there or can be installed.
    IfPossible,
    /// The run fails without it.
    Required,
    /// It is left out.
    Off,
}

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `BENCH_OFFERS`: size of the directory.
    pub offers: u32,
    /// `BENCH_SEED`: another number, another country.
    pub seed: u64,
    /// `BENCH_DIR`: the folder that keeps generated and loaded data; `bench` in the target folder.
    pub folder: PathBuf,
    /// `BENCH_SECONDS`: how long each request is repeated, for each number of clients.
    pub budget: Duration,
    /// `BENCH_POSTGRES`: `auto`, `require` or `off`.
    pub rival: Rival,
    /// `BENCH_ASSERT`: whether a missed target fails the run; by default at the size of the country.
    pub assert: bool,
    /// `BENCH_ONLY`: only requests whose name holds this text.
    pub only: Option<String>,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// When a value is not one of those that are possible.
    #[expect(clippy::disallowed_methods, reason = "a bench is told its size by the environment")]
    pub fn from_environment() -> anyhow::Result<Self> {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name: &'static str, default: u32| match of(name) {
            None => Ok(default),
            Some(text) => text.parse().with_context(|| format!("{name}={text}: not a number")),
        };
        let offers = number("BENCH_OFFERS", NATIONAL_OFFERS)?;
        let seed = number("BENCH_SEED", 1)?;
        let rival = match of("BENCH_POSTGRES").as_deref() {
            None | Some("auto") => Rival::IfPossible,
            Some("require") => Rival::Required,
            Some("off") => Rival::Off,
            Some(other) => bail!("BENCH_POSTGRES={other}: auto, require or off"),
        };
        let target = target_folder()?;
        Ok(Self {
            offers,
            seed: seed.into(),
            folder: of("BENCH_DIR").map_or_else(|| target.join("bench"), PathBuf::from),
            budget: Duration::from_secs(number("BENCH_SECONDS", 2)?.into()),
            rival,
            assert: number("BENCH_ASSERT", (offers >= NATIONAL_OFFERS).into())? != 0,
            only: of("BENCH_ONLY"),
        })
    }

    /// The folder of this size and seed.
    pub fn national(&self) -> PathBuf {
        self.folder.join(format!("offers-{}-seed-{}", self.offers, self.seed))
    }

    /// Whether a request takes part.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.contains(text))
    }
}

/// A released binary.
///
/// # Errors
/// When it was not built.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = target_folder()?.join("release").join(name);
    if !path.exists() {
        bail!("{} is missing: run `make bench`, which builds it first", path.display());
    }
    Ok(path)
}

/// A file of this package, read when it is needed: to change it takes no build.
///
/// # Errors
/// When it is missing.
pub fn own_file(path: &str) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The target folder: the bench itself is `target/release/deps/search-…`.
fn target_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.ancestors().nth(3).map(Path::to_owned).context("target/release/deps")
}
