//! The directory that runs share: generated, loaded and counted once for a size and seed.
//!
//! A file beside the data says what it holds. Another schema digest, or a file that is missing, makes
//! everything that depends on it anew.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use shared::schema::index_schema;

use crate::country::Country;
use crate::expected::{Totals, changeable, totals};
use crate::postgres::{Cluster, Loading};
use crate::service::{self, size_bytes};
use crate::settings::{Settings, own_file};
use crate::source;

/// The files of a size and seed.
#[derive(Debug)]
pub struct National {
    folder: PathBuf,
    /// What the load took: `resources`, `seconds`, `peak_mb`, `own_mb` and the bytes of each part.
    pub load: Value,
    /// What the load of the rival took: `seconds`, and its bytes.
    pub rival_load: Value,
    /// Expected totals.
    pub totals: Totals,
    /// Places that may be changed.
    pub changeable: Vec<String>,
}

impl National {
    /// Makes what is missing, and tells `say` about it.
    ///
    /// # Errors
    /// When something cannot be made.
    pub fn prepare(
        settings: &Settings,
        rival: Option<&Cluster>,
        say: &dyn Fn(&str),
    ) -> anyhow::Result<Self> {
        let folder = settings.national();
        fs::create_dir_all(&folder)?;
        let at = |name: &str| folder.join(name);
        let file = at("source.ndjson.zst");
        if !file.exists() {
            say("generating the documents");
            source::generate(settings, &file)?;
        }
        let counted = read_json(&at("expected.json"));
        let names_known = counted["totals"].as_object().is_some_and(|known| {
            totals(&Country::default()).is_ok_and(|all| all.keys().eq(known.keys()))
        });
        let counted = if names_known { counted } else { Value::Null };
        let tables = rival_tables()?;
        let rival = rival.filter(|_| read_json(&at("postgres.json"))["tables"] != *tables);
        if counted.is_null() || rival.is_some() {
            say("counting by a naive pass, and loading PostgreSQL where it is empty");
            read_documents(&folder, rival)?;
        }
        let counted = read_json(&at("expected.json"));
        Ok(Self {
            load: load(settings, &folder, counted["resources"].as_u64().unwrap_or(0), say)?,
            rival_load: read_json(&at("postgres.json")),
            totals: serde_json::from_value(counted["totals"].clone())?,
            changeable: serde_json::from_value(counted["changeable"].clone())?,
            folder,
        })
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A folder for the bodies of the floor.
    pub fn bodies(&self) -> PathBuf {
        self.folder.join("bodies")
    }
}

/// One pass over the documents: what the naive reader counts, and the rival's tables.
fn read_documents(folder: &Path, rival: Option<&Cluster>) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut country = Country::default();
    let mut loading = rival.map(Loading::start).transpose()?;
    source::scan(&folder.join("source.ndjson.zst"), &mut |line, document| {
        if let Some(loading) = &mut loading {
            loading.add(line, &document)?;
        }
        country.add(document);
        Ok(())
    })?;
    let counted = json!({
        "resources": country.resources,
        "totals": totals(&country)?,
        "changeable": changeable(&country),
    });
    write_json(&folder.join("expected.json"), &counted)?;
    if let (Some(loading), Some(cluster)) = (loading, rival) {
        loading.finish(cluster)?;
        let loaded = json!({
            "tables": rival_tables()?,
            "seconds": begin.elapsed().as_secs_f64(),
            "bytes": cluster.size_bytes()?,
        });
        write_json(&folder.join("postgres.json"), &loaded)?;
    }
    Ok(())
}

/// What tells one form of the rival's tables from another.
fn rival_tables() -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in ["postgres/schema.sql", "postgres/indexes.sql"] {
        own_file(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Loads the data directory unless one of this schema stands there.
fn load(
    settings: &Settings,
    folder: &Path,
    resources: u64,
    say: &dyn Fn(&str),
) -> anyhow::Result<Value> {
    let (marker, data) = (folder.join("data.json"), folder.join("data"));
    let identity = json!({
        "offers": settings.offers,
        "seed": settings.seed,
        "schema_digest": index_schema().digest,
    });
    let known = read_json(&marker);
    if known["of"] == identity && data.exists() {
        return Ok(known);
    }
    say("loading the data directory");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    let (elapsed, memory) = service::load(&folder.join("source.ndjson.zst"), &data)?;
    let mut loaded = json!({
        "of": identity,
        "resources": resources,
        "seconds": elapsed.as_secs_f64(),
        "peak_mb": memory.peak_mb,
        "own_mb": memory.own_mb,
        "bytes": {"documents": size_bytes(&data.join("documents"))},
    });
    for generation in fs::read_dir(data.join("generations"))?.flatten() {
        for part in fs::read_dir(generation.path())?.flatten() {
            let name = part.file_name().to_string_lossy().into_owned();
            loaded["bytes"][name] = size_bytes(&part.path()).into();
        }
    }
    write_json(&marker, &loaded)?;
    Ok(loaded)
}

/// What a file holds; null when it is missing or unreadable.
fn read_json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or(Value::Null)
}

fn write_json(path: &Path, value: &Value) -> anyhow::Result<()> {
    Ok(fs::write(path, serde_json::to_vec_pretty(value)?)?)
}
