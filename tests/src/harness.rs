//! Starts the built `indexer` and `query-api` in a scratch folder, waits until they are ready, and
//! sees to it that nothing stays behind.
//!
//! `cargo test` does not build the binaries of another package: `make test` builds them first, and
//! [`binary`] looks for them beside the test executable. The folder and the servers of one test
//! process are guarded by a small shell process that waits for the end of this process, however it
//! comes, and then stops the servers and removes the folder.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Client;
use crate::sample::sample_folder;

/// How long a server may take from its start to its ready line.
const READY_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a command that ends by itself may take.
const RUN_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a server may take to stop after SIGTERM before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Waits for the end of the test process (its end of the pipe closes), then cleans up.
const GUARD: &str = r#"
cat > /dev/null
for pid in "$1"/pids/*; do [ -e "$pid" ] && kill -TERM "${pid##*/}" 2> /dev/null; done
sleep 1
for pid in "$1"/pids/*; do [ -e "$pid" ] && kill -KILL "${pid##*/}" 2> /dev/null; done
rm -rf "$1"
"#;

/// The scratch folder of this test process: `pids/`, `logs/`, and one folder per data directory.
struct Scratch {
    root: PathBuf,
    /// Held open for the life of the process: its closing wakes the guard.
    _guard: Child,
}

fn scratch() -> &'static Scratch {
    static SCRATCH: OnceLock<Scratch> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let root = tempfile::Builder::new().prefix("e2e-").tempdir().expect("a scratch folder");
        let root = root.keep();
        for folder in ["pids", "logs"] {
            fs::create_dir(root.join(folder)).expect("a folder in the scratch folder");
        }
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        Scratch { root, _guard: guard }
    })
}

fn next_number() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// The path of a new, not yet existing folder in the scratch folder.
pub fn new_folder(purpose: &str) -> PathBuf {
    scratch().root.join(format!("{purpose}-{}", next_number()))
}

/// The built binary `name`, beside the test executable.
pub fn binary(name: &str) -> PathBuf {
    let executable = std::env::current_exe().expect("the test executable has a path");
    let profile = executable.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let binary = profile.join(name);
    assert!(binary.is_file(), "{name} is not built: run `make test` (or `cargo build` first)");
    binary
}

/// A command on a built binary, with none of the caller's settings and an unhelpful time zone, so
/// that a server that leans on its environment is found out.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(binary(name));
    command.env_clear().env("TZ", "Pacific/Auckland").stdin(Stdio::null());
    command
}

/// The same, started by another program (a limit, fewer rights): its words come first.
pub fn command_under(wrapper: &[&str], name: &str) -> Command {
    let Some((program, arguments)) = wrapper.split_first() else { return command(name) };
    let mut command = Command::new(program);
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    command.args(arguments).arg(binary(name)).env_clear().env("PATH", path);
    command.env("TZ", "Pacific/Auckland").stdin(Stdio::null());
    command
}

/// Runs a command to its end; panics, after killing it, when it takes longer than [`RUN_TIMEOUT`].
pub fn run(command: &mut Command) -> Output {
    run_within(command, RUN_TIMEOUT)
}

/// The same with another limit.
pub fn run_within(command: &mut Command, limit: Duration) -> Output {
    let (out, err) = (new_folder("stdout"), new_folder("stderr"));
    let mut child = command
        .stdout(fs::File::create(&out).expect("a file in the scratch folder"))
        .stderr(fs::File::create(&err).expect("a file in the scratch folder"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let read = |path| fs::read(path).expect("a file in the scratch folder");
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Output { status, stdout: read(&out), stderr: read(&err) };
        }
        if started.elapsed() > limit {
            let _killed = child.kill();
            let _reaped = child.wait();
            panic!("{command:?} did not end:\n{}", tail(&err));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Loads `sources` into the data directory `data`; panics with the indexer's words if that fails.
pub fn load(data: &Path, sources: &[&Path]) {
    let output = run(command("indexer").args(["load", "--data-dir"]).arg(data).args(sources));
    assert!(
        output.status.success(),
        "indexer load ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A data directory with the sample, loaded once per test process and never served itself.
fn pristine() -> &'static Path {
    static PRISTINE: OnceLock<PathBuf> = OnceLock::new();
    PRISTINE.get_or_init(|| {
        let data = new_folder("pristine");
        load(&data, &[&sample_folder()]);
        data
    })
}

/// A fresh copy of the loaded sample.
pub fn sample_copy() -> PathBuf {
    let copy = new_folder("data");
    copy_folder(pristine(), &copy);
    copy
}

/// Copies a folder with all below it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder in the scratch folder");
    for entry in fs::read_dir(from).expect("a readable data directory") {
        let entry = entry.expect("a readable data directory");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a file type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy in the scratch folder");
        }
    }
}

/// A running `query-api`.
pub struct Server {
    child: Child,
    log: PathBuf,
    ready: Value,
}

impl Server {
    /// Starts `query-api serve` on the data directory `data` and waits for its ready line.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with further `(name, value)` environment variables.
    pub fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_under(&[], data, environment)
    }

    /// The same, started by another program that becomes the server.
    pub fn start_under(wrapper: &[&str], data: &Path, environment: &[(&str, &str)]) -> Self {
        let log = scratch().root.join("logs").join(format!("query-api-{}.log", next_number()));
        let mut child = command_under(wrapper, "query-api")
            .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(data)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).expect("a log file"))
            .spawn()
            .expect("query-api starts");
        let pid_file = scratch().root.join("pids").join(child.id().to_string());
        fs::write(pid_file, "").expect("a pid file");
        let ready = read_ready_line(&mut child)
            .unwrap_or_else(|problem| panic!("query-api: {problem}\n{}", tail(&log)));
        Server { child, log, ready }
    }

    /// A value of the ready line, such as `fhir` (the FHIR base URL), `page` or `internal`.
    pub fn url(&self, name: &str) -> &str {
        self.ready[name]
            .as_str()
            .unwrap_or_else(|| panic!("the ready line has no {name}: {}", self.ready))
    }

    /// A client of the server's FHIR base.
    pub fn client(&self) -> Client {
        Client::new(self.url("fhir"))
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in bytes. Source: proc(5), `VmRSS` and `VmHWM`.
    pub fn memory_bytes(&self, which: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a running server");
        let line = status.lines().find_map(|line| line.strip_prefix(which));
        let kilobytes = line.and_then(|line| line.trim_matches([':', '\t', ' ']).split(' ').next());
        kilobytes.and_then(|text| text.parse().ok()).map_or(0, |kilobytes: u64| kilobytes << 10)
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything the server logged.
    pub fn whole_log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines the server logged.
    pub fn log(&self) -> String {
        tail(&self.log)
    }

    /// Asks the server to stop with SIGTERM and returns how it ended.
    ///
    /// Panics when it does not end in time; it is killed then.
    pub fn stop(mut self) -> ExitStatus {
        self.end().unwrap_or_else(|| panic!("query-api ignored SIGTERM\n{}", tail(&self.log)))
    }

    /// Kills the server at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("a running server");
        self.child.wait().expect("it ends");
    }

    fn end(&mut self) -> Option<ExitStatus> {
        let pid = self.child.id().to_string();
        let mut ended = self.child.try_wait().ok().flatten();
        if ended.is_none() {
            let _sent = Command::new("kill").args(["-TERM", &pid]).status();
            let asked = Instant::now();
            while ended.is_none() && asked.elapsed() < STOP_TIMEOUT {
                thread::sleep(Duration::from_millis(20));
                ended = self.child.try_wait().ok().flatten();
            }
        }
        if ended.is_none() {
            let _killed = self.child.kill();
            let _reaped = self.child.wait();
        }
        let _removed = fs::remove_file(scratch().root.join("pids").join(pid));
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            eprintln!("--- query-api log ---\n{}", tail(&self.log));
        }
    }
}

fn read_ready_line(child: &mut Child) -> Result<Value, String> {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next();
        let _nobody_waits = sender.send(first);
        // Keeps reading so that a server that prints more never blocks on a full pipe.
        lines.for_each(drop);
    });
    let line = match receiver.recv_timeout(READY_TIMEOUT) {
        Ok(Some(Ok(line))) => line,
        Ok(Some(Err(error))) => return Err(format!("stdout not readable: {error}")),
        Ok(None) => return Err("ended before it was ready".to_owned()),
        Err(_) => return Err(format!("not ready after {READY_TIMEOUT:?}")),
    };
    serde_json::from_str(&line).map_err(|error| format!("ready line {line:?}: {error}"))
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// The server over the sample that all reading tests of one process share.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&sample_copy()))
}

/// The FHIR base named by `E2E_BASE`, a server other than ours that holds the sample.
pub fn foreign_base() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the suite is told here what to run against")]
    std::env::var("E2E_BASE").ok().filter(|base| !base.is_empty())
}

/// A client of the server under test: `E2E_BASE` if set, else the shared server of this process.
pub fn client() -> Client {
    foreign_base().map_or_else(|| shared().client(), |base| Client::new(&base))
}
