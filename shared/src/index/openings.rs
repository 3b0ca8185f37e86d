//! Which offers are open at an instant.
//!
//! Hours are a column of the offer; the clock they are meant on, and what else closes an offer, hang on
//! other resources and are found through the reference graph: the time zone and the operational status
//! of its places, the closing of its organization or of one above it. Many offers have the same hours:
//! each distinct set is decoded once a segment, and asked once a search.

use tantivy::schema::Field;
use tantivy::{Result, SegmentReader};

use super::columns::{Rows, TextColumn};
use super::sets::KeySet;
use super::snapshot::Snapshot;
use crate::access::classes_of;
use crate::fhir::ResourceType;
use crate::geo::zone::Zone;
use crate::param::opening::{Moment, Opening};
use crate::param::token::TokenQuery;
use crate::registry::{FieldId, TokenShape, field_id};
use crate::schema::{TermKind, term};

/// Codes of `TRE_R203` for a place that is closed: for good, for a time.
const CLOSED_PLACE: [&str; 2] = ["1", "2"];

/// The opening hours and closings of a segment.
#[derive(Debug)]
pub struct Openings {
    /// The document and the position of its hours among the distinct ones.
    ordinals: Rows<u32>,
    distinct: Vec<Opening>,
}

impl Openings {
    /// Decodes the column. Hours that do not decode open nothing.
    pub(super) fn decode(reader: &SegmentReader, field: Field) -> Result<Self> {
        let Some(column) = TextColumn::open(reader, field)? else {
            return Ok(Self { ordinals: Rows::default(), distinct: Vec::new() });
        };
        let (ordinals, texts) = column.read(reader.max_doc());
        let decode = |text: &String| Opening::decode(text).unwrap_or_default();
        Ok(Self { ordinals, distinct: texts.iter().map(decode).collect() })
    }

    /// What one document says; `None` when it says nothing.
    pub fn of(&self, doc: u32) -> Option<&Opening> {
        self.distinct.get(*self.ordinals.of(doc).first()? as usize)
    }

    /// The documents of which `holds`, asked once for each distinct set of hours.
    fn docs_where(&self, docs: &mut Vec<u32>, holds: impl Fn(&Opening) -> bool) {
        let holds: Vec<bool> = self.distinct.iter().map(holds).collect();
        let found = self.ordinals.iter().filter(|(_, ordinal)| holds[*ordinal as usize]);
        docs.extend(found.map(|(doc, _)| doc));
    }
}

impl Snapshot {
    /// The offers that are open at an instant, in milliseconds since 1970 UTC: on the clock of one of their
    /// places that is not closed, a slot of their opening hours holds, and neither a closing of theirs
    /// nor the end of their organization, or of one above it, has come.
    ///
    /// A place that is in no zone overseas is in Europe/Paris, and so is an offer without a place. Offers
    /// that say no hours are not in the set. Membership of one offer is [`KeySet::contains`].
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn open_at(&self, instant_ms: i64) -> Result<KeySet> {
        let Some(paris) = Moment::new(instant_ms, Zone::PARIS) else {
            return Ok(KeySet::default());
        };
        let ended_in_paris = self.offers_of_closed_organizations(&paris)?;
        let closed = self.closed_places()?;
        let mut open_overseas = KeySet::default();
        // The places that put no offer on the clock of Paris.
        let mut elsewhere = closed.clone();
        for zone in Zone::overseas() {
            let places = self.places_in(zone)?;
            let offers = self.referrers(field("location"), &places.clone().minus(&closed), None)?;
            elsewhere = elsewhere.or(places, self.universe());
            let Some(moment) = Moment::new(instant_ms, zone) else { continue };
            let open = self.open_among(&offers, &moment)?;
            let open = if open.is_empty() || self.closes_the_same(&moment, &paris)? {
                open.minus(&ended_in_paris)
            } else {
                open.minus(&self.offers_of_closed_organizations(&moment)?)
            };
            open_overseas = open_overseas.or(open, self.universe());
        }
        let open = self.owners_where(|opening| opening.is_open(&paris))?;
        let open = open.and(self.existing(ResourceType::HealthcareService)).minus(&ended_in_paris);
        Ok(open.minus(&self.offers_all_in(&elsewhere)?).or(open_overseas, self.universe()))
    }

    /// Those of the offers whose own hours hold.
    fn open_among(&self, offers: &KeySet, moment: &Moment) -> Result<KeySet> {
        let mut open = Vec::new();
        for offer in offers {
            let Some(at) = self.locate(offer) else { continue };
            let opening = self.view(at).openings()?.of(at.doc);
            if opening.is_some_and(|opening| opening.is_open(moment)) {
                open.push(offer);
            }
        }
        Ok(KeySet::from_keys(open, self.universe()))
    }

    /// Whether everything that closes at one moment does at the other: the day is the same, or nothing
    /// ends between the two. That is so for most of each day, and told by the distinct closings alone.
    fn closes_the_same(&self, one: &Moment, other: &Moment) -> Result<bool> {
        for segment in self.segments() {
            let openings = &segment.view.openings()?.distinct;
            if openings.iter().any(|opening| opening.is_closed(one) != opening.is_closed(other)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn owners_where(&self, holds: impl Fn(&Opening) -> bool + Sync) -> Result<KeySet> {
        let docs = self.docs(|view, docs| {
            view.openings()?.docs_where(docs, &holds);
            Ok(())
        })?;
        self.owners(&docs)
    }

    /// The places in a zone overseas.
    fn places_in(&self, zone: Zone) -> Result<KeySet> {
        let places = self.docs(|view, docs| {
            let here = view.zones().iter().filter(|(_, z)| *z == u32::from(zone.number()));
            docs.extend(here.map(|(doc, _)| doc));
            Ok(())
        })?;
        self.owners(&places)
    }

    /// The offers whose organization, or one that it is a part of, is closed.
    fn offers_of_closed_organizations(&self, moment: &Moment) -> Result<KeySet> {
        let closed = self.owners_where(|opening| opening.is_closed(moment))?;
        let closed = closed.and(self.existing(ResourceType::Organization));
        if closed.is_empty() {
            return Ok(closed);
        }
        let part_of = field_id(ResourceType::Organization, "partof").expect("it is in the table");
        self.referrers(field("organization"), &self.with_descendants(part_of, closed)?, None)
    }

    /// The places that are closed.
    fn closed_places(&self) -> Result<KeySet> {
        const STATUS: &str = "operational-status";
        let status = field_id(ResourceType::Location, STATUS).expect("it is in the table");
        let classes = classes_of(ResourceType::Location, STATUS);
        let mut terms = Vec::new();
        for code in CLOSED_PLACE {
            let query = TokenQuery::parse(code, TokenShape::Coded).expect("a code is a token");
            for code in query.terms() {
                let of_class = |class| term(status, class, TermKind::Token, code.as_bytes());
                terms.extend(classes.iter().copied().map(of_class));
            }
        }
        self.owners(&self.docs_with_terms(&terms)?)
    }

    /// The offers that have a place, and all of them among some.
    fn offers_all_in(&self, among: &KeySet) -> Result<KeySet> {
        let mut offers = Vec::new();
        let mut places = Vec::new();
        for offer in &self.referrers(field("location"), among, None)? {
            places.clear();
            self.targets(field("location"), offer, &mut places)?;
            if places.iter().all(|place| among.contains(*place)) {
                offers.push(offer);
            }
        }
        Ok(KeySet::from_keys(offers, self.universe()))
    }
}

/// A reference of an offer.
fn field(code: &str) -> FieldId {
    field_id(ResourceType::HealthcareService, code).expect("it is in the table")
}
