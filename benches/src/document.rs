//! What a naive reader makes of one document: the values that the requests of the bench ask about.
//!
//! Written from the profiles, without any code of the engine, which it judges. The labels and synonyms
//! of codes, and where towns are, are the project's own lists.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::Value;
use shared::geo::gazetteer;
use shared::terminology::terminology;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A document.
#[derive(Debug)]
pub struct Document {
    /// `Type/id`.
    pub reference: String,
    /// What it says.
    pub content: Content,
}

/// By type.
#[derive(Debug)]
pub enum Content {
    /// An organization.
    Organization(Organization),
    /// A place.
    Place(Place),
    /// A health-care service.
    Offer(Offer),
    /// A professional: the gender.
    Professional(Option<String>),
    /// What a professional does for an offer.
    Role(Role),
    /// An anomaly.
    Anomaly(Anomaly),
    /// What no request asks about.
    Other,
}

/// An organization.
#[derive(Debug, Default)]
pub struct Organization {
    /// Codes of all its types.
    pub types: Vec<String>,
    /// Name and usual names, folded.
    pub names: Vec<String>,
    /// The organization it is part of.
    pub part_of: Option<String>,
    /// Its prices.
    pub prices: Vec<Price>,
}

/// One price record.
#[derive(Debug, Default)]
pub struct Price {
    /// Code of the type.
    pub kind: Option<String>,
    /// Code of the room.
    pub room: Option<String>,
    /// The amount as stored.
    pub amount: Option<f64>,
    /// The amount of a day, a month having 30; none for an hour or a piece.
    pub per_day: Option<f64>,
}

/// A place.
#[derive(Debug, Default)]
pub struct Place {
    /// The postal code.
    pub postal_code: Option<String>,
    /// Latitude and longitude in degrees, of its town where it has none of its own.
    pub position: Option<(f64, f64)>,
    /// The instant of the last change, in milliseconds since 1970.
    pub last_updated_ms: i64,
    /// Its counts of beds and the like.
    pub capacities: Vec<Capacity>,
}

/// One count of beds or places.
#[derive(Debug, Default)]
pub struct Capacity {
    /// Code of what is counted.
    pub kind: Option<String>,
    /// Code of their state.
    pub status: Option<String>,
    /// How many.
    pub number: Option<i64>,
}

/// An offer.
#[derive(Debug, Default)]
pub struct Offer {
    /// Its identifiers' values.
    pub identifiers: Vec<String>,
    /// Codes of its fields of activity.
    pub types: Vec<String>,
    /// Codes of its activities.
    pub specialties: Vec<String>,
    /// The organization that provides it.
    pub organization: Option<String>,
    /// Where it is found.
    pub places: Vec<String>,
    /// Its name, folded.
    pub name: String,
    /// The distinct folded words of its texts, labels and synonyms.
    pub words: BTreeSet<String>,
}

/// A role.
#[derive(Debug, Default)]
pub struct Role {
    /// Who.
    pub practitioner: Option<String>,
    /// For which offers.
    pub offers: Vec<String>,
}

/// An anomaly.
#[derive(Debug, Default)]
pub struct Anomaly {
    /// Codes of its business status.
    pub statuses: Vec<String>,
    /// The resource in error.
    pub focus: Option<String>,
    /// Type and identifier of the resource in error, where that is how it is named.
    pub focus_identifier: Option<(String, String)>,
}

const ROR: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/";

impl Document {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is not a resource with an id.
    pub fn read(line: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(line)?;
        let kind = text(&value["resourceType"]).context("resourceType")?;
        let reference = format!("{kind}/{}", text(&value["id"]).context("id")?);
        let content = match kind.as_str() {
            "Organization" => Content::Organization(organization(&value)),
            "Location" => Content::Place(place(&value)?),
            "HealthcareService" => Content::Offer(offer(&value)),
            "Practitioner" => Content::Professional(text(&value["gender"])),
            "PractitionerRole" => Content::Role(Role {
                practitioner: text(&value["practitioner"]["reference"]),
                offers: references(&value["healthcareService"]),
            }),
            "Task" => Content::Anomaly(anomaly(&value)),
            _ => Content::Other,
        };
        Ok(Self { reference, content })
    }
}

fn organization(value: &Value) -> Organization {
    let aliases = items(&value["alias"]).filter_map(Value::as_str);
    let names = value["name"].as_str().into_iter().chain(aliases).map(fold).collect();
    let prices = extensions(value, &format!("{ROR}ror-organization-price")).map(price).collect();
    Organization {
        types: codes(&value["type"]),
        names,
        part_of: text(&value["partOf"]["reference"]),
        prices,
    }
}

fn price(record: &Value) -> Price {
    let amount = part(record, "amount")["valueMoney"]["value"].as_f64();
    let unit = code(&part(record, "priceUnit")["valueCodeableConcept"]);
    let per_day = match unit.as_deref() {
        Some("2") => amount,
        Some("3") => amount.map(|amount| amount / 30.0),
        _ => None,
    };
    Price {
        kind: code(&part(record, "priceType")["valueCodeableConcept"]),
        room: code(&part(record, "residentialType")["valueCodeableConcept"]),
        amount,
        per_day,
    }
}

fn place(value: &Value) -> anyhow::Result<Place> {
    let commune_cog = format!("{ROR}ror-commune-cog");
    let updated: Timestamp =
        text(&value["meta"]["lastUpdated"]).context("meta.lastUpdated")?.parse()?;
    let position = &value["position"];
    // Without a position of its own, a place stands where its town does.
    let town = || {
        let commune = extensions(value, &commune_cog).next();
        let commune =
            commune.and_then(|it| gazetteer().commune(&code(&it["valueCodeableConcept"])?));
        let postal_code = text(&value["address"]["postalCode"]);
        let by_postal_code = || gazetteer().only_commune_of_postal_code(postal_code.as_deref()?);
        let point = commune.or_else(by_postal_code)?.point?;
        Some((point.lat, point.lon))
    };
    let capacities = extensions(value, &format!("{ROR}ror-location-supported-capacity"))
        .map(|record| Capacity {
            kind: code(&part(record, "capacityType")["valueCodeableConcept"]),
            status: code(&part(record, "capacityStatus")["valueCodeableConcept"]),
            number: part(record, "nbCapacity")["valueInteger"].as_i64(),
        })
        .collect();
    Ok(Place {
        postal_code: text(&value["address"]["postalCode"]),
        position: position["latitude"].as_f64().zip(position["longitude"].as_f64()).or_else(town),
        last_updated_ms: updated.as_millisecond(),
        capacities,
    })
}

fn offer(value: &Value) -> Offer {
    let mut words = BTreeSet::new();
    collect_words(value, &mut words);
    Offer {
        identifiers: items(&value["identifier"]).filter_map(|i| text(&i["value"])).collect(),
        types: codes(&value["type"]),
        specialties: codes(&value["specialty"]),
        organization: text(&value["providedBy"]["reference"]),
        places: references(&value["location"]),
        name: value["name"].as_str().map(fold).unwrap_or_default(),
        words,
    }
}

fn anomaly(value: &Value) -> Anomaly {
    let focus = &value["focus"];
    Anomaly {
        statuses: codes(&value["businessStatus"]),
        focus: text(&focus["reference"]),
        focus_identifier: text(&focus["type"]).zip(text(&focus["identifier"]["value"])),
    }
}

/// The words people could look for: all strings but technical ones, and what codes are called.
fn collect_words(node: &Value, words: &mut BTreeSet<String>) {
    const TECHNICAL: [&str; 7] =
        ["resourceType", "id", "meta", "url", "system", "code", "reference"];
    let mut add = |text: &str| {
        let folded = fold(text);
        let cut = folded.split(|c: char| !c.is_alphanumeric());
        words.extend(cut.filter(|word| !word.is_empty()).map(str::to_owned));
    };
    match node {
        Value::String(text) => add(text),
        Value::Array(items) => items.iter().for_each(|item| collect_words(item, words)),
        Value::Object(object) => {
            if let (Some(system), Some(code)) = (node["system"].as_str(), node["code"].as_str())
                && let Some(concept) = terminology().concept(system, code)
            {
                add(concept.label);
                concept.synonyms.iter().for_each(|synonym| add(synonym));
            }
            for (name, child) in object {
                if !TECHNICAL.contains(&name.as_str()) {
                    collect_words(child, words);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Lower case without accents and ligatures.
fn fold(text: &str) -> String {
    let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
    plain.to_lowercase().replace('œ', "oe").replace('æ', "ae")
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The codes of a `CodeableConcept` or of a list of them.
fn codes(value: &Value) -> Vec<String> {
    let concepts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let codings = concepts.iter().flat_map(|concept| items(&concept["coding"]));
    codings.filter_map(|coding| text(&coding["code"])).collect()
}

fn code(concept: &Value) -> Option<String> {
    codes(concept).into_iter().next()
}

fn references(value: &Value) -> Vec<String> {
    items(value).filter_map(|reference| text(&reference["reference"])).collect()
}

fn extensions<'a>(value: &'a Value, url: &'a str) -> impl Iterator<Item = &'a Value> {
    items(&value["extension"]).filter(move |extension| extension["url"] == url)
}

/// A part of a record, by its name; null when it is missing.
fn part<'a>(record: &'a Value, name: &'a str) -> &'a Value {
    extensions(record, name).next().unwrap_or(&Value::Null)
}
