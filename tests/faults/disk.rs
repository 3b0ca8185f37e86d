//! A disk that is full, or that cannot be written: the caller is told in clear words, reading goes on,
//! and writing comes back by itself when there is room.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::{self, Server};
use serde_json::Value;

use crate::{outcome, place, put, total, verify, words};

/// A file system of its own in memory, in a mount namespace that lives as long as this value: nothing
/// has to be unmounted, however the test ends.
struct SmallDisk {
    holder: Child,
    folder: PathBuf,
    namespace: String,
}

impl SmallDisk {
    /// `None`, with a word on stderr, where this process may not mount.
    fn new(megabytes: u32) -> Option<Self> {
        let folder = harness::new_folder("disk");
        fs::create_dir_all(&folder).expect("a folder in the scratch folder");
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m tmpfs {0} && echo ready && cat",
            folder.display()
        );
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut ready = [0; 5];
        let told = holder.stdout.take()?.read_exact(&mut ready);
        if told.is_err() {
            eprintln!("not run on a small disk: this process may not mount one (root may)");
            holder.wait().ok()?;
            return None;
        }
        let namespace = format!("--mount=/proc/{}/ns/mnt", holder.id());
        Some(Self { holder, folder, namespace })
    }

    /// What starts a program that sees the disk.
    fn inside(&self) -> [&str; 2] {
        ["nsenter", &self.namespace]
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn server(&self, environment: &[(&str, &str)]) -> Server {
        Server::start_under(&self.inside(), &self.data(), environment)
    }

    /// Runs a command of the indexer.
    fn indexer(&self, arguments: &[&OsStr]) -> Output {
        let mut command = harness::command_under(&self.inside(), "indexer");
        harness::run(command.args(arguments).arg("--data-dir").arg(self.data()))
    }

    fn verify(&self) {
        let output = self.indexer(&["verify".as_ref()]);
        assert!(output.status.success(), "{}", words(&output));
    }

    /// A path into the holder's mounts.
    fn filler(&self) -> PathBuf {
        let folder = self.folder.display();
        PathBuf::from(format!("/proc/{}/root{folder}/filler", self.holder.id()))
    }

    /// Leaves this many bytes free.
    fn fill(&self, free: u64) {
        let mut file = fs::File::create(self.filler()).expect("a file");
        // Until nothing fits, then back by what is to be free.
        let piece = vec![7; 64 << 10];
        let mut written = 0;
        while std::io::Write::write_all(&mut file, &piece).is_ok() {
            written += piece.len() as u64;
        }
        file.set_len(written.saturating_sub(free)).expect("a file can shrink");
    }

    fn empty(&self) {
        fs::remove_file(self.filler()).expect("the filler is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _killed = self.holder.kill();
        let _reaped = self.holder.wait();
    }
}

/// A Location that takes much room.
fn bulky(id: &str, number: u64) -> Value {
    let mut resource = place(id, &format!("{id}-{number}"));
    // Nothing that compresses well.
    let seed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let text = (0..3_000_u32).fold(String::new(), |mut text, n| {
        let noise = seed.rotate_left(n) ^ u64::from(n * n);
        write!(text, "{noise:x}").expect("text takes text");
        text
    });
    resource["description"] = text.into();
    resource
}

/// Writes until it is refused; returns how many were acknowledged.
fn write_until_refused(client: &Client, prefix: &str) -> u64 {
    for number in 0..5_000 {
        let answer = put(client, &bulky(&format!("{prefix}{number}"), number));
        if answer.status != 201 {
            let told = outcome(&answer, 507);
            assert!(told.contains("disk"), "{told}");
            return number;
        }
    }
    panic!("5000 writes did not fill the disk");
}

fn assert_readable(client: &Client, prefix: &str, written: u64) {
    assert!(written > 2, "{written}");
    assert_eq!(client.get(&format!("/Location/{prefix}0")).status, 200);
    let found = total(client, "/Location?_count=0");
    assert!(found >= written - 1, "{found} of {written}");
}

/// Writes again until it is taken.
fn write_until_taken(client: &Client, id: &str) {
    let started = Instant::now();
    loop {
        let answer = put(client, &place(id, id));
        if matches!(answer.status, 200 | 201) {
            break;
        }
        assert!(matches!(answer.status, 503 | 507), "{}", answer.excerpt());
        assert!(started.elapsed() < Duration::from_secs(20), "{}", answer.excerpt());
        std::thread::sleep(Duration::from_millis(100));
    }
    // What was stored while the index could not follow is found by now, or soon.
    while total(client, &format!("/Location?identifier={id}&_count=0")) != 1 {
        assert!(started.elapsed() < Duration::from_secs(30), "not found");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Everything acknowledged is there; a refused write may be, when it failed half-way.
fn assert_kept(client: &Client, prefix: &str, written: u64) {
    for number in 0..written {
        assert_eq!(client.get(&format!("/Location/{prefix}{number}")).status, 200, "{number}");
        let search = format!("/Location?identifier={prefix}{number}-{number}&_count=0");
        assert_eq!(total(client, &search), 1, "{number}");
    }
}

#[test]
fn a_full_disk_is_said_and_survived() {
    // (what is kept back, so that it is the check or the engine that finds the disk full)
    for reserve in ["268435456", "0"] {
        let Some(disk) = SmallDisk::new(48) else { return };
        let server = disk.server(&[("ROR_WRITE_RESERVE_BYTES", reserve)]);
        let client = server.client();
        assert_eq!(put(&client, &place("first", "first")).status, 201);
        disk.fill(4 << 20);
        let written = write_until_refused(&client, "w");
        assert_readable(&client, "w", written);
        outcome(&put(&client, &place("refused", "refused")), 507);
        disk.empty();
        write_until_taken(&client, "after");
        assert_kept(&client, "w", written);
        assert!(server.stop().success());
        disk.verify();
    }
}

/// The same where nothing may be mounted: the system refuses to let a file of the server grow.
#[test]
fn a_file_that_may_not_grow_is_said_and_survived() {
    let data = harness::new_folder("data");
    // Blocks of 1024 bytes; the signal that would end the process is ignored, as a full disk sends none.
    let limit = ["bash", "-c", "trap '' XFSZ; ulimit -S -f 3000; exec \"$@\"", "limited"];
    let server = Server::start_under(&limit, &data, &[]);
    let client = server.client();
    let written = write_until_refused(&client, "w");
    assert_readable(&client, "w", written);
    let answer = put(&client, &place("refused", "refused"));
    assert!(matches!(answer.status, 503 | 507), "{}", answer.excerpt());
    let pid = server.pid().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status();
    assert!(raised.expect("prlimit is there").success());
    write_until_taken(&client, "after");
    assert_kept(&client, "w", written);
    assert!(server.stop().success());
    verify(&data);
}

#[test]
fn a_load_onto_a_full_disk_changes_nothing() {
    let Some(disk) = SmallDisk::new(32) else { return };
    let file = harness::new_folder("load").with_extension("ndjson");
    let write = |count: u64| {
        let documents = (0..count).map(|n| bulky(&format!("l{n}"), n).to_string() + "\n");
        fs::write(&file, documents.collect::<String>()).expect("a file in the scratch folder");
    };
    write(10);
    let load = || disk.indexer(&["load".as_ref(), file.as_os_str()]);
    let output = load();
    assert!(output.status.success(), "{}", words(&output));
    disk.fill(3 << 20);
    write(1_000);
    let output = load();
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).to_lowercase().contains("space"), "{}", words(&output));
    disk.empty();
    let server = disk.server(&[]);
    assert_eq!(total(&server.client(), "/Location?_count=0"), 10);
    assert!(server.stop().success());
    disk.verify();
}

/// Root writes where others may not, unless it gives up that right.
fn without_override() -> Vec<&'static str> {
    let drop = "--bounding-set=-dac_override,-dac_read_search";
    let able = Command::new("setpriv").args([drop, "true"]).stderr(Stdio::null()).status();
    if able.is_ok_and(|status| status.success()) { vec!["setpriv", drop] } else { Vec::new() }
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_in_clear_words() {
    let data = harness::new_folder("data");
    let file = harness::new_folder("load").with_extension("ndjson");
    fs::write(&file, place("a", "a").to_string()).expect("a file in the scratch folder");
    harness::load(&data, &[&file]);
    let mode = |mode: &str| {
        let done = Command::new("chmod").args(["-R", mode]).arg(&data).status();
        assert!(done.expect("chmod is there").success());
    };
    mode("a-w");
    let commands = [
        ("query-api", vec!["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"]),
        ("indexer", vec!["load", file.to_str().expect("text")]),
        ("indexer", vec!["rebuild"]),
    ];
    for (name, arguments) in commands {
        let mut command = harness::command_under(&without_override(), name);
        let output = harness::run(command.args(&arguments).arg("--data-dir").arg(&data));
        let told = words(&output);
        assert_eq!(output.status.code(), Some(1), "{name} {arguments:?}: {told}");
        assert!(told.contains("ermission denied") || told.contains("ead-only"), "{told}");
        let folder = data.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(told.contains(&folder), "the failure names the directory: {told}");
    }
    mode("u+w");
    let server = Server::start(&data);
    assert_eq!(total(&server.client(), "/Location?_count=0"), 1);
}
