//! The rival: `PostgreSQL` 15 with `PostGIS`, on a cluster of its own in the bench's folder.
//!
//! Debian's packages, installed by `postgres/install.sh` where they are missing. The cluster runs as the
//! user `postgres` when the bench runs as root, which `PostgreSQL` refuses, and listens on a Unix socket.
//! Its settings are those of a machine with 24 GB and two cores; a crash may lose it all (`fsync` off),
//! which helps loading and no question.

mod load;
mod query;

use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use postgres::{Client, Config, NoTls};

pub use load::Loading;
pub use query::{Queries, Query, answer};

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const POSTGIS: &str = "/usr/share/postgresql/15/extension/postgis.control";
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("shared_buffers", "4GB"),
    ("effective_cache_size", "12GB"),
    ("work_mem", "64MB"),
    ("maintenance_work_mem", "1GB"),
    ("random_page_cost", "1.1"),
    ("effective_io_concurrency", "200"),
    ("jit", "off"),
    ("max_parallel_workers", "2"),
    ("max_connections", "40"),
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "4GB"),
    ("autovacuum", "off"),
    ("log_min_messages", "fatal"),
];

/// A running server, stopped when dropped.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    folder: PathBuf,
    sockets: PathBuf,
}

/// Installs the programs where they are missing.
///
/// # Errors
/// When they are missing and cannot be installed.
pub fn install() -> anyhow::Result<()> {
    let is_there = || Path::new(PROGRAMS).join("postgres").exists() && Path::new(POSTGIS).exists();
    if !is_there() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/postgres/install.sh");
        let status = Command::new(script).stdout(Stdio::null()).stdin(Stdio::null()).status()?;
        if !status.success() || !is_there() {
            bail!("PostgreSQL 15 and PostGIS 3 are missing, and {script} could not install them");
        }
    }
    Ok(())
}

impl Cluster {
    /// Starts the server of a folder; makes the folder's cluster when there is none.
    ///
    /// # Errors
    /// When it cannot be made or does not answer.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let user = User::of_servers()?;
        let sockets = std::env::temp_dir().join(format!("ror-bench-{}", std::process::id()));
        fs::create_dir_all(&sockets)?;
        user.own(&sockets)?;
        if !folder.join("PG_VERSION").exists() {
            fs::create_dir_all(folder)?;
            user.own(folder)?;
            let status = user
                .run("initdb")
                .args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust"])
                .args(["--username=bench", "--no-sync", "--pgdata"])
                .arg(folder)
                .stdout(Stdio::null())
                .status()?;
            if !status.success() {
                bail!("initdb: {status}");
            }
        }
        let mut command = user.run("postgres");
        command.arg("-D").arg(folder).arg("-k").arg(&sockets);
        for (name, value) in SETTINGS {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let log = File::create(folder.with_extension("log"))?;
        let child = command.stdout(Stdio::null()).stderr(log).spawn()?;
        let cluster = Self { child, folder: folder.to_owned(), sockets };
        let begin = Instant::now();
        while let Err(error) = cluster.connect() {
            if begin.elapsed() > Duration::from_mins(1) {
                return Err(error).context("PostgreSQL does not answer");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(cluster)
    }

    /// A new connection.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn connect(&self) -> anyhow::Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.sockets).user("bench").dbname("postgres");
        Ok(config.connect(NoTls)?)
    }

    /// Version of the server and of its extension.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn version(&self) -> anyhow::Result<String> {
        let row = self.connect()?.query_one(
            "SELECT current_setting('server_version') || ', PostGIS ' || postgis_lib_version()",
            &[],
        )?;
        Ok(row.try_get(0)?)
    }

    /// Bytes of tables and indexes.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn size_bytes(&self) -> anyhow::Result<u64> {
        let row = self.connect()?.query_one("SELECT pg_database_size('postgres')", &[])?;
        Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT ends connections and writes what is in memory; a server that is gone needs no end.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.sockets);
        let _ = fs::remove_file(self.folder.with_extension("log"));
    }
}

/// Who runs the server.
struct User(Option<(u32, u32)>);

impl User {
    /// The bench's own user, or `postgres` for root.
    fn of_servers() -> anyhow::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).context("Uid")?;
        if uid.split_whitespace().next() != Some("0") {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let line = users.lines().find(|line| line.starts_with("postgres:"));
        let mut fields = line.context("the user postgres")?.split(':').skip(2);
        let mut id = || fields.next().context("an id")?.parse::<u32>().context("an id");
        Ok(Self(Some((id()?, id()?))))
    }

    fn own(&self, path: &Path) -> anyhow::Result<()> {
        if let Self(Some((user, group))) = self {
            chown(path, Some(*user), Some(*group))?;
        }
        Ok(())
    }

    fn run(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(PROGRAMS).join(program));
        if let Self(Some((user, group))) = self {
            command.uid(*user).gid(*group).current_dir("/");
        }
        command
    }
}
