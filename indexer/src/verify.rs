//! `verify`: every version, every log entry and every indexed document looked at, and each against the
//! others.
//!
//! It is all looked at as of one change, so that writes may go on meanwhile: later versions are not seen.
//! Nothing is repaired here: a damaged index is rebuilt from the store, a damaged store restored from a
//! backup.

use std::fmt;

use rayon::prelude::*;
use serde::Serialize;
use shared::index::{Generation, IndexFiles, Snapshot};
use shared::store::{ChangeLog, Head, Identity, Key, Prepared, Seq, Store, StoreError, Stored};

use crate::directory::DirectoryError;
use crate::outcome::{Exit, Outcome};

/// Problems written out.
const PROBLEMS_SHOWN: usize = 100;

/// How often the files of an index that is being written are looked at before one is said to be damaged.
const FILES_ATTEMPTS: usize = 5;

/// Resources collected before they are looked at in parallel.
const CHUNK: usize = 10_000;

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Existing resources.
    pub live: u64,
    /// Versions, deletes included.
    pub versions: u64,
    /// Entries of the change log.
    pub changes: u64,
    /// Resources in the index.
    pub indexed: u64,
    /// Number of problems.
    pub problem_count: u64,
    /// The first of them.
    pub problems: Vec<String>,
}

impl Verification {
    /// Whether everything agrees.
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_SHOWN {
            self.problems.push(problem);
        }
    }
}

impl Verification {
    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        Outcome::new(&self, Exit::of(self.is_sound()))
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { live, versions, changes, indexed, problem_count, problems } = self;
        writeln!(
            f,
            "{live} resources, {versions} versions, {changes} changes, {indexed} resources in the index"
        )?;
        for problem in problems {
            writeln!(f, "  {problem}")?;
        }
        match problem_count {
            0 => writeln!(f, "everything agrees"),
            n => writeln!(f, "{n} problems"),
        }
    }
}

/// Looks at everything in a directory that nobody else has open.
///
/// # Errors
/// When the store or the index cannot be read at all; anything wrong inside is a problem of the
/// [`Verification`].
pub fn verify(
    store: &Store,
    generation: Option<&Generation>,
) -> Result<Verification, DirectoryError> {
    let mut found = Verification::default();
    let is_readable =
        generation.is_some_and(|generation| check_files(&generation.files(), 1, &mut found));
    let snapshot = match generation.filter(|_| is_readable) {
        Some(generation) => Some(generation.snapshot(None)?),
        None => None,
    };
    look(store, snapshot.as_ref(), store.last_seq(), &mut found)?;
    if generation.is_none() && found.live > 0 {
        found.problem("there is no index; run `indexer rebuild`".into());
    }
    Ok(found)
}

/// Looks at everything as of change `last`, which the snapshot should show; the files are those of its
/// index.
///
/// # Errors
/// As [`verify`].
pub fn verify_as_of(
    store: &Store,
    snapshot: &Snapshot,
    files: &IndexFiles,
    last: Seq,
) -> Result<Verification, DirectoryError> {
    let mut found = Verification::default();
    check_files(files, FILES_ATTEMPTS, &mut found);
    look(store, Some(snapshot), last, &mut found)?;
    Ok(found)
}

fn look(
    store: &Store,
    snapshot: Option<&Snapshot>,
    last: Seq,
    found: &mut Verification,
) -> Result<(), DirectoryError> {
    check_log(store, last, found);
    check_resources(store, snapshot, last, found)?;
    if let Some(snapshot) = snapshot {
        check_index(store, snapshot, last, found)?;
    }
    Ok(())
}

/// The files of the index are what was written. A damaged one is not opened: nothing in it can be
/// relied on. While the index is written, a file may go before it is looked at: hence the attempts.
fn check_files(files: &IndexFiles, attempts: usize, found: &mut Verification) -> bool {
    for attempt in 1..=attempts {
        let problems = match files.damaged() {
            Ok(damaged) if damaged.is_empty() => return true,
            Ok(damaged) => damaged
                .iter()
                .map(|file| {
                    let file = file.display();
                    format!("the index file {file} has a wrong checksum; run `indexer rebuild`")
                })
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        if attempt == attempts {
            for problem in problems {
                found.problem(problem);
            }
        }
    }
    false
}

/// The log: consecutive, and each entry with its version.
fn check_log(store: &Store, last: Seq, found: &mut Verification) {
    let mut expected: Seq = 1;
    for change in store.changes(1..=last) {
        match change {
            Ok(change) => {
                if change.seq != expected {
                    found.problem(format!("changes {expected} to {} are missing", change.seq - 1));
                }
                expected = change.seq + 1;
                found.changes += 1;
                match store.read_version(change.key, change.version) {
                    Ok(Some(stored)) if stored.header.seq == change.seq => {}
                    Ok(_) => found.problem(format!(
                        "change {} names version {} of key {}, which is not there",
                        change.seq, change.version, change.key
                    )),
                    Err(error) => found.problem(format!("change {}: {error}", change.seq)),
                }
            }
            Err(error) => found.problem(format!("change {expected}: {error}")),
        }
    }
    if expected != last + 1 {
        found.problem(format!("the log ends before change {last}"));
    }
}

/// Every resource with all its versions, and its document in the index.
fn check_resources(
    store: &Store,
    index: Option<&Snapshot>,
    last: Seq,
    found: &mut Verification,
) -> Result<(), StoreError> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut resources = store.resources();
    loop {
        chunk.clear();
        for resource in resources.by_ref().take(CHUNK) {
            chunk.push(resource?);
        }
        if chunk.is_empty() {
            return Ok(());
        }
        let checked: Vec<Checked> = chunk
            .par_iter()
            .map(|(key, identity, head)| {
                let head = head_as_of(store, *key, *head, last)?;
                let resource = Resource { store, key: *key, identity, head, last };
                let mut problems = Vec::new();
                let versions = resource.check(index, &mut problems);
                Ok(Checked { versions, is_live: is_live(head), problems })
            })
            .collect::<Result<_, StoreError>>()?;
        for checked in checked {
            found.versions += checked.versions;
            found.live += u64::from(checked.is_live);
            for problem in checked.problems {
                found.problem(problem);
            }
        }
    }
}

/// What looking at one resource found.
struct Checked {
    versions: u64,
    is_live: bool,
    problems: Vec<String>,
}

/// The newest version as of a change, when the present one is `head`.
pub(crate) fn head_as_of(
    store: &Store,
    key: Key,
    head: Option<Head>,
    last: Seq,
) -> Result<Option<Head>, StoreError> {
    if head.is_none_or(|head| head.header.seq <= last) {
        return Ok(head);
    }
    let stored = store.read_at(key, last)?;
    Ok(stored.map(|stored| Head { version: stored.version, header: stored.header }))
}

fn is_live(head: Option<Head>) -> bool {
    head.is_some_and(|head| !head.header.deleted)
}

/// One resource being looked at.
struct Resource<'a> {
    store: &'a Store,
    key: Key,
    identity: &'a Identity,
    /// Its newest version as of `last`.
    head: Option<Head>,
    last: Seq,
}

impl Resource<'_> {
    /// Returns the number of versions.
    fn check(&self, index: Option<&Snapshot>, problems: &mut Vec<String>) -> u64 {
        let identity = self.identity;
        match self.store.key_of(identity.resource_type, &identity.id) {
            Ok(Some(key)) if key == self.key => {}
            Ok(_) => problems.push(format!("{identity} is not found by its id")),
            Err(error) => problems.push(format!("{identity}: {error}")),
        }
        let versions = self.check_versions(problems);
        if let Some(snapshot) = index {
            self.check_indexed(snapshot, problems);
        }
        versions
    }

    fn check_versions(&self, problems: &mut Vec<String>) -> u64 {
        let identity = self.identity;
        let mut expected = self.head.map_or(0, |head| head.version);
        let mut count = 0;
        for stored in self.store.history(self.key) {
            let stored = match stored {
                Ok(stored) => stored,
                Err(error) => {
                    problems.push(format!("{identity}: {error}"));
                    break;
                }
            };
            if stored.header.seq > self.last {
                continue;
            }
            if stored.version != expected {
                problems.push(format!("{identity}: version {expected} is missing"));
            }
            if self.head.is_some_and(|h| h.version == stored.version && h.header != stored.header) {
                problems.push(format!("{identity}: its newest version is not the one it names"));
            }
            if stored.header.forgotten && count == 0 {
                problems.push(format!("{identity}: its newest version is forgotten"));
            }
            let has_document = !stored.header.deleted && !stored.header.forgotten;
            if has_document && let Err(problem) = self.check_document(&stored) {
                problems.push(format!("{identity} version {}: {problem}", stored.version));
            }
            count += 1;
            expected = stored.version.saturating_sub(1);
        }
        if self.head.is_some() && count == 0 {
            problems.push(format!("{identity} has no version at all"));
        }
        count
    }

    /// The document decodes, is the resource it should be, and has the content it had.
    fn check_document(&self, stored: &Stored) -> Result<(), String> {
        let mut json = Vec::new();
        self.store.decode(stored, &mut json).map_err(|error| error.to_string())?;
        let prepared = Prepared::read(&json, None).map_err(|error| error.to_string())?;
        let is_itself = prepared.resource_type() == self.identity.resource_type
            && prepared.id() == self.identity.id;
        if !is_itself {
            return Err("it is another resource".to_owned());
        }
        if prepared.digest() != stored.header.digest {
            return Err("its content is not what was stored".to_owned());
        }
        if prepared.with_meta(stored.version, stored.header.last_updated_ms) != json {
            return Err("its meta is not what was stored".to_owned());
        }
        Ok(())
    }

    fn check_indexed(&self, snapshot: &Snapshot, problems: &mut Vec<String>) {
        let identity = self.identity;
        let address = snapshot.address(self.key);
        let Some((address, head)) = address.zip(self.head.filter(|head| !head.header.deleted))
        else {
            if address.is_some() {
                problems.push(format!("{identity} does not exist, but is in the index"));
            } else if is_live(self.head) {
                problems.push(format!("{identity} is not in the index"));
            }
            return;
        };
        if snapshot.resource_type(self.key) != Some(identity.resource_type)
            || snapshot.resource_id(self.key).as_deref() != Some(&identity.id)
        {
            problems.push(format!("{identity} is another resource in the index"));
        }
        let arena = &snapshot.documents().arena;
        let same = |stored: &Stored| {
            arena.with_record(address.offset, |key, blob| key == self.key && blob == stored.blob())
        };
        let stored = self.store.read_version(self.key, head.version).ok().flatten();
        match stored.map(|stored| same(&stored)) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                problems.push(format!("{identity} has another document in the index"));
            }
            Some(Err(error)) => problems.push(format!("{identity} in the index: {error}")),
            None => problems.push(format!("{identity} cannot be read from the store")),
        }
    }
}

/// What the index alone knows.
fn check_index(
    store: &Store,
    snapshot: &Snapshot,
    last: Seq,
    found: &mut Verification,
) -> Result<(), StoreError> {
    let index = snapshot.seq;
    if index < last {
        found.problem(format!("the index ends at change {index}, the store at {last}"));
    }
    if index > last {
        found.problem(format!("the store ends at change {last}, the index knows {index}"));
    }
    let mut keys = vec![0_u32; snapshot.universe() as usize];
    for segment in snapshot.segments() {
        for doc in (0..segment.view.max_doc()).filter(|doc| segment.is_alive(*doc)) {
            if segment.view.is_resource(doc) {
                keys[segment.view.owner(doc) as usize] += 1;
            }
        }
    }
    for (key, count) in keys.iter().enumerate() {
        found.indexed += u64::from(*count > 0);
        let key = key as Key;
        if *count > 1 {
            found.problem(format!("key {key} is in the index {count} times"));
        }
        if *count > 0 && key >= store.key_count() && store.identity(key)?.is_none() {
            found.problem(format!("key {key} is in the index, but not in the store"));
        }
    }
    Ok(())
}
