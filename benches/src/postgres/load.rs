//! The same documents as rows, by COPY: one connection for each table, filled as the documents pass by.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use anyhow::anyhow;
use jiff::Timestamp;
use postgres::Client;

use super::Cluster;
use crate::document::{Anomaly, Content, Document, Offer, Organization, Place};
use crate::settings::own_file;

/// Bytes of rows sent together.
const BUFFER: usize = 1 << 18;

/// A load that is going on.
#[derive(Debug)]
pub struct Loading {
    tables: HashMap<&'static str, Table>,
    /// The number of each resource.
    numbers: HashMap<String, u32>,
    /// Offers by the value of their identifiers.
    identified: HashMap<String, u32>,
    words: BTreeSet<String>,
}

const TABLES: [&str; 16] = [
    "document",
    "organization",
    "organization_name",
    "organization_type",
    "price",
    "location",
    "capacity",
    "offer",
    "offer_type",
    "offer_specialty",
    "offer_location",
    "practitioner",
    "role",
    "role_offer",
    "anomaly",
    "word",
];

impl Loading {
    /// Makes the tables and opens a COPY into each.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        cluster.connect()?.batch_execute(&own_file("postgres/schema.sql")?)?;
        let mut tables = HashMap::new();
        for name in TABLES {
            tables.insert(name, Table::open(name, cluster.connect()?));
        }
        Ok(Self {
            tables,
            numbers: HashMap::new(),
            identified: HashMap::new(),
            words: BTreeSet::new(),
        })
    }

    /// Adds a document. What it refers to must have come before.
    ///
    /// # Errors
    /// When a COPY ended early.
    pub fn add(&mut self, line: &str, document: &Document) -> anyhow::Result<()> {
        let id = self.numbers.len() as u32;
        self.numbers.insert(document.reference.clone(), id);
        self.row("document", &[&id.to_string(), &document.reference, line])?;
        match &document.content {
            Content::Organization(it) => self.organization(id, it),
            Content::Place(it) => self.place(id, it),
            Content::Offer(it) => self.offer(id, it),
            Content::Professional(gender) => {
                self.row("practitioner", &[&id.to_string(), null(gender.as_deref())])
            }
            Content::Role(it) => {
                let practitioner = self.number(it.practitioner.as_ref());
                self.row("role", &[&id.to_string(), &practitioner])?;
                for offer in &it.offers {
                    let offer = self.number(Some(offer));
                    self.row("role_offer", &[&id.to_string(), &offer])?;
                }
                Ok(())
            }
            Content::Anomaly(it) => self.anomaly(id, it),
            Content::Other => Ok(()),
        }
    }

    fn organization(&mut self, id: u32, it: &Organization) -> anyhow::Result<()> {
        let part_of = self.number(it.part_of.as_ref());
        let id = id.to_string();
        self.row("organization", &[&id, &part_of])?;
        for name in &it.names {
            self.row("organization_name", &[&id, name])?;
        }
        for code in &it.types {
            self.row("organization_type", &[&id, code])?;
        }
        for price in &it.prices {
            let (amount, per_day) = (optional(price.amount), optional(price.per_day));
            let (kind, room) = (null(price.kind.as_deref()), null(price.room.as_deref()));
            self.row("price", &[&id, kind, room, &amount, &per_day])?;
        }
        Ok(())
    }

    fn place(&mut self, id: u32, it: &Place) -> anyhow::Result<()> {
        let id = id.to_string();
        let position = it.position.map(|(lat, lon)| format!("SRID=4326;POINT({lon} {lat})"));
        let updated = Timestamp::from_millisecond(it.last_updated_ms)?.to_string();
        let postal_code = null(it.postal_code.as_deref());
        self.row("location", &[&id, postal_code, null(position.as_deref()), &updated])?;
        for capacity in &it.capacities {
            let (kind, status) = (null(capacity.kind.as_deref()), null(capacity.status.as_deref()));
            self.row("capacity", &[&id, kind, status, &optional(capacity.number)])?;
        }
        Ok(())
    }

    fn offer(&mut self, id: u32, it: &Offer) -> anyhow::Result<()> {
        for value in &it.identifiers {
            self.identified.insert(value.clone(), id);
        }
        let mut words = String::new();
        for word in &it.words {
            write!(words, "'{word}' ")?;
            if !self.words.contains(word) {
                self.words.insert(word.clone());
            }
        }
        let organization = self.number(it.organization.as_ref());
        let id = id.to_string();
        self.row("offer", &[&id, &organization, &it.name, &words])?;
        for code in it.types.iter().collect::<BTreeSet<_>>() {
            self.row("offer_type", &[&id, code])?;
        }
        for code in it.specialties.iter().collect::<BTreeSet<_>>() {
            self.row("offer_specialty", &[&id, code])?;
        }
        for place in &it.places {
            let place = self.number(Some(place));
            self.row("offer_location", &[&id, &place])?;
        }
        Ok(())
    }

    fn anomaly(&mut self, id: u32, it: &Anomaly) -> anyhow::Result<()> {
        let named = it.focus_identifier.as_ref().filter(|(kind, _)| kind == "HealthcareService");
        let named = named.and_then(|(_, value)| self.identified.get(value)).map(u32::to_string);
        let focus = named.unwrap_or_else(|| self.number(it.focus.as_ref()));
        for status in &it.statuses {
            self.row("anomaly", &[&id.to_string(), status, &focus])?;
        }
        Ok(())
    }

    /// Ends the COPYs, makes the indexes and the planner's statistics.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn finish(mut self, cluster: &Cluster) -> anyhow::Result<()> {
        for word in std::mem::take(&mut self.words) {
            self.row("word", &[&word])?;
        }
        for (_, table) in self.tables {
            table.close()?;
        }
        let mut client = cluster.connect()?;
        client.batch_execute(&own_file("postgres/indexes.sql")?)?;
        // The visibility map makes index-only scans possible. The first pass may leave out what is too
        // young for it; the second one passes over all that is done.
        for command in ["VACUUM (FREEZE, ANALYZE)", "VACUUM (FREEZE)", "CHECKPOINT"] {
            client.batch_execute(command)?;
        }
        Ok(())
    }

    fn number(&self, reference: Option<&String>) -> String {
        let number = reference.and_then(|reference| self.numbers.get(reference));
        number.map_or_else(|| NULL.to_owned(), u32::to_string)
    }

    fn row(&mut self, table: &'static str, values: &[&str]) -> anyhow::Result<()> {
        let table = self.tables.get_mut(table).expect("all tables were opened");
        table.add(values)
    }
}

/// What COPY reads as no value.
const NULL: &str = "\\N";

fn null(value: Option<&str>) -> &str {
    value.unwrap_or(NULL)
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| NULL.to_owned(), |value| value.to_string())
}

/// A COPY in a thread of its own.
#[derive(Debug)]
struct Table {
    buffer: Vec<u8>,
    rows: SyncSender<Vec<u8>>,
    copying: JoinHandle<anyhow::Result<()>>,
}

impl Table {
    fn open(name: &str, mut client: Client) -> Self {
        let (rows, received) = sync_channel::<Vec<u8>>(4);
        let copy = format!("COPY {name} FROM STDIN (FREEZE)");
        let truncate = format!("TRUNCATE {name}");
        let copying = std::thread::spawn(move || {
            let mut transaction = client.transaction()?;
            // A table emptied in the same transaction is written without log, and frozen.
            transaction.batch_execute(&truncate)?;
            let mut writer = transaction.copy_in(&copy)?;
            for buffer in received {
                writer.write_all(&buffer)?;
            }
            writer.finish()?;
            Ok(transaction.commit()?)
        });
        Self { buffer: Vec::with_capacity(BUFFER), rows, copying }
    }

    fn add(&mut self, values: &[&str]) -> anyhow::Result<()> {
        for (column, value) in values.iter().enumerate() {
            if column > 0 {
                self.buffer.push(b'\t');
            }
            escape(value, &mut self.buffer);
        }
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER {
            let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(BUFFER));
            self.rows.send(full).map_err(|_| anyhow!("a COPY ended early"))?;
        }
        Ok(())
    }

    fn close(self) -> anyhow::Result<()> {
        let Self { buffer, rows, copying } = self;
        // A COPY that failed says why below.
        let _ = rows.send(buffer);
        drop(rows);
        copying.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Writes a value as COPY's text format wants it; [`NULL`] stays.
fn escape(value: &str, out: &mut Vec<u8>) {
    if value == NULL {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (value, expected) in
            [("a", "a"), (NULL, "\\N"), ("\"a\\n\"", "\"a\\\\n\""), ("a\tb\n", "a\\tb\\n")]
        {
            let mut out = Vec::new();
            escape(value, &mut out);
            assert_eq!(out, expected.as_bytes(), "{value:?}");
        }
    }
}
