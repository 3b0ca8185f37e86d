//! The bytes of every row of the store: one sled tree, the first byte of a key tells what the row is.
//!
//! | key | value |
//! |---|---|
//! | `c` | counters: format u32, next key u32, last sequence u64, last load u32, clock i64 |
//! | `d` dictionary u16 | resource type u8, zstd dictionary |
//! | `i` type u8, id | key u32 |
//! | `k` key u32 | head: type u8, then a version header, version u32, id |
//! | `l` sequence u64 | change: format u8 (1), kind u8, type u8, key u32, version u32, load u32, recorded i64 |
//! | `l` last sequence u64 | consecutive changes of a load: format u8 (2), load u32, recorded i64, and of each: kind u8, type u8, key u32, version u32 |
//! | `o` | the open load: load u32, first sequence u64, started i64 |
//! | `p` | the load being applied: load u32, position u64, first sequence u64, started i64 |
//! | `v` key u32, version u32 | version header, blob (see `codec`) |
//!
//! A version header is: flags u8 (1 = deleted, 2 = forgotten), sequence u64, lastUpdated i64, content digest 16 bytes.
//! Version 0 in a head means that the resource was only referenced so far. All numbers are big-endian,
//! so that rows of one kind sort by number; instants are milliseconds since 1970. A resource type is
//! its discriminant, which therefore never changes.

use sled::IVec;

use super::log::{Change, ChangeKind};
use super::meta::Digest;
use super::pending::PendingLoad;
use super::{Head, Identity, Key, Seq, StoreError, VersionHeader};
use crate::fhir::ResourceType;

/// Raised when rows change shape; a higher number is refused at opening. Format 1 had no row of several
/// changes and is read as it stands.
pub(super) const FORMAT: u32 = 2;
const FORMAT_MIN: u32 = 1;

pub(super) const COUNTERS: &[u8] = b"c";
pub(super) const OPEN_LOAD: &[u8] = b"o";
pub(super) const PENDING_LOAD: &[u8] = b"p";
pub(super) const DICTIONARY: u8 = b'd';
pub(super) const IDENTITY: u8 = b'i';
pub(super) const HEAD: u8 = b'k';
pub(super) const LOG: u8 = b'l';
pub(super) const VERSION: u8 = b'v';

const CHANGE_FORMAT: u8 = 1;
const CHANGES_FORMAT: u8 = 2;
/// Most changes in one row: a row is copied whenever one beside it is written.
pub(super) const CHANGES_MAX: usize = 32;
const FLAG_DELETED: u8 = 1;
const FLAG_FORGOTTEN: u8 = 2;
const HEADER_LEN: usize = 33;

/// The numbers given out so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) next_key: Key,
    pub(super) last_seq: Seq,
    pub(super) last_load: u32,
    /// The latest instant given to a write.
    pub(super) clock_ms: i64,
}

/// A load that was begun and not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenLoad {
    pub(super) load: u32,
    pub(super) first_seq: Seq,
    pub(super) started_ms: i64,
}

pub(super) fn dictionary_key(id: u16) -> [u8; 3] {
    let [a, b] = id.to_be_bytes();
    [DICTIONARY, a, b]
}

pub(super) fn identity_key(resource_type: ResourceType, id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 + id.len());
    key.extend_from_slice(&[IDENTITY, resource_type.index() as u8]);
    key.extend_from_slice(id.as_bytes());
    key
}

pub(super) fn head_key(key: Key) -> [u8; 5] {
    let mut row = [HEAD; 5];
    row[1..].copy_from_slice(&key.to_be_bytes());
    row
}

pub(super) fn log_key(seq: Seq) -> [u8; 9] {
    let mut row = [LOG; 9];
    row[1..].copy_from_slice(&seq.to_be_bytes());
    row
}

pub(super) fn versions_prefix(key: Key) -> [u8; 5] {
    let mut row = [VERSION; 5];
    row[1..].copy_from_slice(&key.to_be_bytes());
    row
}

pub(super) fn version_key(key: Key, version: u32) -> [u8; 9] {
    let mut row = [VERSION; 9];
    row[1..5].copy_from_slice(&key.to_be_bytes());
    row[5..].copy_from_slice(&version.to_be_bytes());
    row
}

pub(super) fn write_counters(counters: &Counters) -> Vec<u8> {
    let mut out = Vec::with_capacity(28);
    out.extend_from_slice(&FORMAT.to_be_bytes());
    out.extend_from_slice(&counters.next_key.to_be_bytes());
    out.extend_from_slice(&counters.last_seq.to_be_bytes());
    out.extend_from_slice(&counters.last_load.to_be_bytes());
    out.extend_from_slice(&counters.clock_ms.to_be_bytes());
    out
}

pub(super) fn read_counters(row: &[u8]) -> Result<Counters, StoreError> {
    let mut reader = Reader { rest: row, what: "the counters" };
    let found = reader.u32()?;
    if !(FORMAT_MIN..=FORMAT).contains(&found) {
        return Err(StoreError::Format { found, expected: FORMAT });
    }
    Ok(Counters {
        next_key: reader.u32()?,
        last_seq: reader.u64()?,
        last_load: reader.u32()?,
        clock_ms: reader.i64()?,
    })
}

pub(super) fn write_open_load(load: &OpenLoad) -> Vec<u8> {
    let mut out = Vec::with_capacity(20);
    out.extend_from_slice(&load.load.to_be_bytes());
    out.extend_from_slice(&load.first_seq.to_be_bytes());
    out.extend_from_slice(&load.started_ms.to_be_bytes());
    out
}

pub(super) fn read_open_load(row: &[u8]) -> Result<OpenLoad, StoreError> {
    let mut reader = Reader { rest: row, what: "the open load" };
    Ok(OpenLoad { load: reader.u32()?, first_seq: reader.u64()?, started_ms: reader.i64()? })
}

pub(super) fn write_pending_load(load: &PendingLoad) -> Vec<u8> {
    let mut out = Vec::with_capacity(28);
    out.extend_from_slice(&load.load.to_be_bytes());
    out.extend_from_slice(&load.position.to_be_bytes());
    out.extend_from_slice(&load.since.to_be_bytes());
    out.extend_from_slice(&load.started_ms.to_be_bytes());
    out
}

pub(super) fn read_pending_load(row: &[u8]) -> Result<PendingLoad, StoreError> {
    let mut reader = Reader { rest: row, what: "the load being applied" };
    Ok(PendingLoad {
        load: reader.u32()?,
        position: reader.u64()?,
        since: reader.u64()?,
        started_ms: reader.i64()?,
    })
}

pub(super) fn write_head(resource_type: ResourceType, id: &str, head: Option<&Head>) -> Vec<u8> {
    let mut out = Vec::with_capacity(5 + HEADER_LEN + id.len());
    out.push(resource_type.index() as u8);
    let placeholder = Head {
        version: 0,
        header: VersionHeader {
            seq: 0,
            last_updated_ms: 0,
            deleted: false,
            forgotten: false,
            digest: Digest::default(),
        },
    };
    let head = head.unwrap_or(&placeholder);
    push_header(&mut out, &head.header);
    out.extend_from_slice(&head.version.to_be_bytes());
    out.extend_from_slice(id.as_bytes());
    out
}

pub(super) fn read_head(row: &[u8]) -> Result<(Identity, Option<Head>), StoreError> {
    let mut reader = Reader { rest: row, what: "a head" };
    let resource_type = reader.resource_type()?;
    let header = reader.header()?;
    let version = reader.u32()?;
    let id = std::str::from_utf8(reader.rest).map_err(|_| StoreError::Corrupt("an id"))?.to_owned();
    let head = (version > 0).then_some(Head { version, header });
    Ok((Identity { resource_type, id }, head))
}

pub(super) fn write_version(header: &VersionHeader, blob: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN + blob.len());
    push_header(&mut out, header);
    out.extend_from_slice(blob);
    out
}

/// The header and the blob of a version row.
pub(super) fn read_version(row: &IVec) -> Result<(VersionHeader, IVec), StoreError> {
    let header = Reader { rest: row, what: "a version" }.header()?;
    Ok((header, row.subslice(HEADER_LEN, row.len() - HEADER_LEN)))
}

pub(super) fn write_change(change: &Change) -> Vec<u8> {
    let mut out = Vec::with_capacity(23);
    out.push(CHANGE_FORMAT);
    push_change(&mut out, change);
    out.extend_from_slice(&change.load.to_be_bytes());
    out.extend_from_slice(&change.recorded_ms.to_be_bytes());
    out
}

/// The row of one to [`CHANGES_MAX`] changes with consecutive numbers, of one load and one instant; its key
/// is that of the last.
pub(super) fn write_changes(changes: &[Change]) -> Vec<u8> {
    debug_assert!((1..=CHANGES_MAX).contains(&changes.len()), "{} changes", changes.len());
    let mut out = Vec::with_capacity(13 + 10 * changes.len());
    out.push(CHANGES_FORMAT);
    let shared = changes.first().map_or((0, 0), |change| (change.load, change.recorded_ms));
    out.extend_from_slice(&shared.0.to_be_bytes());
    out.extend_from_slice(&shared.1.to_be_bytes());
    for change in changes {
        push_change(&mut out, change);
    }
    out
}

fn push_change(out: &mut Vec<u8>, change: &Change) {
    out.push(match change.kind {
        ChangeKind::Create => 1,
        ChangeKind::Update => 2,
        ChangeKind::Delete => 3,
    });
    out.push(change.resource_type.index() as u8);
    out.extend_from_slice(&change.key.to_be_bytes());
    out.extend_from_slice(&change.version.to_be_bytes());
}

/// The changes of a row of the log, in order; at least one.
pub(super) fn read_changes(key: &[u8], row: &[u8]) -> Result<Vec<Change>, StoreError> {
    let last =
        Reader { rest: key.get(1..).unwrap_or_default(), what: "a sequence number" }.u64()?;
    let mut reader = Reader { rest: row, what: "a change" };
    match reader.u8()? {
        CHANGE_FORMAT => {
            let mut change = reader.change(last)?;
            (change.load, change.recorded_ms) = (reader.u32()?, reader.i64()?);
            Ok(vec![change])
        }
        CHANGES_FORMAT => {
            let (load, recorded_ms) = (reader.u32()?, reader.i64()?);
            let mut changes = Vec::with_capacity(CHANGES_MAX);
            while !reader.rest.is_empty() {
                changes.push(Change { load, recorded_ms, ..reader.change(0)? });
            }
            let first = (last + 1).checked_sub(changes.len() as u64);
            let first =
                first.filter(|_| !changes.is_empty()).ok_or(StoreError::Corrupt("a change"))?;
            for (change, seq) in changes.iter_mut().zip(first..) {
                change.seq = seq;
            }
            Ok(changes)
        }
        _ => Err(StoreError::Corrupt("a change")),
    }
}

/// The u32 after the first byte of a row's key.
pub(super) fn key_number(key: &[u8]) -> Result<u32, StoreError> {
    Reader { rest: key.get(1..).unwrap_or_default(), what: "a key" }.u32()
}

/// The version of a version row's key.
pub(super) fn version_number(key: &[u8]) -> Result<u32, StoreError> {
    Reader { rest: key.get(5..).unwrap_or_default(), what: "a version number" }.u32()
}

/// The resource type and dictionary of a dictionary row.
pub(super) fn read_dictionary(row: &[u8]) -> Result<(ResourceType, &[u8]), StoreError> {
    let mut reader = Reader { rest: row, what: "a dictionary" };
    Ok((reader.resource_type()?, reader.rest))
}

pub(super) fn read_u32(row: &[u8]) -> Result<u32, StoreError> {
    Reader { rest: row, what: "a number" }.u32()
}

fn push_header(out: &mut Vec<u8>, header: &VersionHeader) {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    out.push(flag(header.deleted, FLAG_DELETED) | flag(header.forgotten, FLAG_FORGOTTEN));
    out.extend_from_slice(&header.seq.to_be_bytes());
    out.extend_from_slice(&header.last_updated_ms.to_be_bytes());
    out.extend_from_slice(&header.digest);
}

/// Reads numbers off the front of a row; a row too short is damage.
struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(StoreError::Corrupt(self.what))?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn u8(&mut self) -> Result<u8, StoreError> {
        self.take::<1>().map(|[b]| b)
    }

    fn u32(&mut self) -> Result<u32, StoreError> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, StoreError> {
        self.take().map(u64::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, StoreError> {
        self.take().map(i64::from_be_bytes)
    }

    fn resource_type(&mut self) -> Result<ResourceType, StoreError> {
        let code = self.u8()?;
        ResourceType::ALL.get(code as usize).copied().ok_or(StoreError::Corrupt(self.what))
    }

    /// A change without its load and instant.
    fn change(&mut self, seq: Seq) -> Result<Change, StoreError> {
        let kind = match self.u8()? {
            1 => ChangeKind::Create,
            2 => ChangeKind::Update,
            3 => ChangeKind::Delete,
            _ => return Err(StoreError::Corrupt("a change")),
        };
        Ok(Change {
            seq,
            kind,
            resource_type: self.resource_type()?,
            key: self.u32()?,
            version: self.u32()?,
            load: 0,
            recorded_ms: 0,
        })
    }

    fn header(&mut self) -> Result<VersionHeader, StoreError> {
        let flags = self.u8()?;
        Ok(VersionHeader {
            deleted: flags & FLAG_DELETED != 0,
            forgotten: flags & FLAG_FORGOTTEN != 0,
            seq: self.u64()?,
            last_updated_ms: self.i64()?,
            digest: self.take()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_round_trip() {
        let counters = Counters { next_key: 7, last_seq: 1 << 40, last_load: 3, clock_ms: -5 };
        assert_eq!(read_counters(&write_counters(&counters)).unwrap(), counters);
        let load = OpenLoad { load: 3, first_seq: 9, started_ms: 11 };
        assert_eq!(read_open_load(&write_open_load(&load)).unwrap(), load);
        let header = VersionHeader {
            seq: 12,
            last_updated_ms: 13,
            deleted: true,
            forgotten: true,
            digest: [14; 16],
        };
        let head = Head { version: 15, header };
        let identity = Identity { resource_type: ResourceType::Task, id: "a-1".to_owned() };
        let row = write_head(ResourceType::Task, "a-1", Some(&head));
        assert_eq!(read_head(&row).unwrap(), (identity.clone(), Some(head)));
        let row = write_head(ResourceType::Task, "a-1", None);
        assert_eq!(read_head(&row).unwrap(), (identity, None));
        let row = IVec::from(write_version(&header, b"blob"));
        assert_eq!(read_version(&row).unwrap(), (header, IVec::from(b"blob")));
        let change = Change {
            seq: 16,
            kind: ChangeKind::Delete,
            resource_type: ResourceType::Measure,
            key: 17,
            version: 18,
            load: 19,
            recorded_ms: 20,
        };
        assert_eq!(read_changes(&log_key(16), &write_change(&change)).unwrap(), [change]);
        let next = Change { seq: 17, kind: ChangeKind::Create, key: 3, version: 1, ..change };
        let row = write_changes(&[change, next]);
        assert_eq!(read_changes(&log_key(17), &row).unwrap(), [change, next]);
        assert!(matches!(read_changes(&log_key(0), &row), Err(StoreError::Corrupt(_))));
        for len in 0..row.len() {
            let whole = len == row.len() - 10;
            assert_eq!(read_changes(&log_key(17), &row[..len]).is_ok(), whole, "{len}");
        }
    }

    #[test]
    fn short_rows_are_damage() {
        let head = write_head(ResourceType::Task, "", None);
        for len in 0..head.len() {
            assert!(matches!(read_head(&head[..len]), Err(StoreError::Corrupt(_))));
        }
        assert!(matches!(read_head(&[99; 60]), Err(StoreError::Corrupt(_))), "unknown type");
        assert!(matches!(read_changes(&log_key(1), &[3; 23]), Err(StoreError::Corrupt(_))));
        let mut future =
            write_counters(&Counters { next_key: 0, last_seq: 0, last_load: 0, clock_ms: 0 });
        future[3] = 1;
        assert!(read_counters(&future).is_ok(), "the format before");
        future[3] = 3;
        assert!(matches!(
            read_counters(&future),
            Err(StoreError::Format { found: 3, expected: 2 })
        ));
    }
}
