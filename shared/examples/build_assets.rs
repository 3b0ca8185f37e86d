//! Rebuilds the embedded assets of `shared` from open data.
//!
//! `cargo run -p shared --example build_assets -- SOURCE_DIR` reads, and writes under `shared/assets`:
//!
//! | source | asset |
//! | --- | --- |
//! | `communes.csv.gz`: `insee_code`, `name`, `postal_codes` (joined by a bar), `lat`, `lon`, `town_lat`, `town_lon`, `town_source`, `population`, `parent_commune` | `geo/gazetteer.tsv.zst` |
//! | `communes-former.csv`: `former_insee_code`, `former_name`, `current_insee_code` | the same |
//! | `former-names/*.json`: `communes.json` (`code`, `nom`, `chefLieu`, `communeAbsorbante`, `nouveauCode`) of the npm packages `@etalab/cog` 0.1.0 and `@etalab/decoupage-administratif` 0.3.0, 0.7.0 and 6.0.0, in any order, under any names: the states of 2018 to 2026, with what was merged since 1943 | the same |
//! | `departements.csv`: `department_code`, `name`, `region_code`, `region_name`, `chef_lieu_insee` | the same |
//! | `departements.geojson` | `outlines/departments.geojson.zst` |
//! | `nos/index.csv` (`file`, `name`, `source_kind`, `source_version`) and the lists it names (`code`, `label`, `status`) | `terminology/nos.tsv` |
//!
//! Two retired codes are in no list of the above, and added here: [`BEFORE_2007`].
//!
//! The point of a commune is its town when that comes from `GeoNames`, else the center of its surface:
//! town points of any other source are left out, their license being unknown.
//! `terminology/ror.tsv`, `value-sets.tsv` and `synonyms.toml` are written by hand and not touched.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::geo::place_key;

type Row = HashMap<String, String>;

/// The codes of Saint-Barthélemy and Saint-Martin until they left Guadeloupe on 2007-07-15, and those of today.
/// Source: INSEE, official geographic code, overseas collectivities.
const BEFORE_2007: [(&str, &str); 2] = [("97123", "97701"), ("97127", "97801")];

fn main() -> Result<(), Box<dyn Error>> {
    let source = std::env::args_os().nth(1).ok_or("usage: build_assets SOURCE_DIR")?;
    let source = PathBuf::from(source);
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for folder in ["geo", "outlines", "terminology"] {
        fs::create_dir_all(assets.join(folder))?;
    }
    let gazetteer = gazetteer(&source)?;
    fs::write(assets.join("geo/gazetteer.tsv.zst"), compressed(gazetteer.as_bytes())?)?;
    let outlines = fs::read(source.join("departements.geojson"))?;
    fs::write(assets.join("outlines/departments.geojson.zst"), compressed(&outlines)?)?;
    fs::write(assets.join("terminology/nos.tsv"), nos(&source.join("nos"))?)?;
    Ok(())
}

fn compressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::encode_all(bytes, 22)
}

fn rows(path: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let input: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    Ok(csv::Reader::from_reader(input).deserialize().collect::<Result<_, _>>()?)
}

/// The lines described in `shared/src/geo/gazetteer/asset.rs`.
fn gazetteer(source: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    let mut departments = rows(&source.join("departements.csv"))?;
    departments.sort_by(|a, b| a["department_code"].cmp(&b["department_code"]));
    let regions: BTreeMap<&str, &str> =
        departments.iter().map(|d| (&*d["region_code"], &*d["region_name"])).collect();
    for (code, name) in regions {
        writeln!(text, "R\t{code}\t{name}")?;
    }
    for d in &departments {
        let (code, name) = (&d["department_code"], &d["name"]);
        writeln!(text, "D\t{code}\t{name}\t{}\t{}", d["region_code"], d["chef_lieu_insee"])?;
    }
    let mut communes = rows(&source.join("communes.csv.gz"))?;
    communes.sort_by(|a, b| a["insee_code"].cmp(&b["insee_code"]));
    for c in &communes {
        let town = c["town_source"] == "geonames";
        let (lat, lon) = if town { ("town_lat", "town_lon") } else { ("lat", "lon") };
        let (lat, lon) = (degrees(&c[lat])?, degrees(&c[lon])?);
        let (code, name, postal, parent) =
            (&c["insee_code"], &c["name"], &c["postal_codes"], &c["parent_commune"]);
        let population = if c["population"].is_empty() { "0" } else { &c["population"] };
        writeln!(text, "C\t{code}\t{name}\t{postal}\t{lat}\t{lon}\t{population}\t{parent}")?;
    }
    let mut former = rows(&source.join("communes-former.csv"))?;
    former.extend(BEFORE_2007.map(|(code, current)| {
        let fields =
            [("former_insee_code", code), ("former_name", ""), ("current_insee_code", current)];
        fields.map(|(field, value)| (field.to_owned(), value.to_owned())).into()
    }));
    former.sort_by(|a, b| a["former_insee_code"].cmp(&b["former_insee_code"]));
    let names = FormerNames::read(&source.join("former-names"), &communes, &former)?;
    for f in &former {
        let (code, current) = (&f["former_insee_code"], &f["current_insee_code"]);
        let known = Some(f["former_name"].as_str()).filter(|name| !name.is_empty());
        let name = known.or_else(|| names.by_code.get(code).map(String::as_str));
        let name = name.unwrap_or_default();
        writeln!(text, "F\t{code}\t{current}\t{name}")?;
    }
    let held: HashSet<(&str, String)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("F\t"))
        .filter_map(|line| line.split_once('\t')?.1.split_once('\t'))
        .map(|(current, name)| (current, place_key(name)))
        .collect();
    let mut more = String::new();
    for ((current, key), name) in &names.by_commune {
        if !held.contains(&(current, key.clone())) {
            writeln!(more, "N\t{current}\t{name}")?;
        }
    }
    Ok(text + &more)
}

/// Names that are no longer those of a commune, as they are written.
#[derive(Default)]
struct FormerNames {
    /// By the code they stood for.
    by_code: BTreeMap<String, String>,
    /// By the commune of today and the key of the name.
    by_commune: BTreeMap<(String, String), String>,
}

impl FormerNames {
    fn read(folder: &Path, communes: &[Row], former: &[Row]) -> Result<Self, Box<dyn Error>> {
        let current: HashMap<&str, String> =
            communes.iter().map(|c| (&*c["insee_code"], place_key(&c["name"]))).collect();
        let successor: HashMap<&str, &str> =
            former.iter().map(|f| (&*f["former_insee_code"], &*f["current_insee_code"])).collect();
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        paths.sort();
        let mut names = Self::default();
        for path in paths {
            let list: Vec<Value> =
                serde_json::from_reader(std::io::BufReader::new(File::open(path)?))?;
            for entry in &list {
                let codes = ["code", "chefLieu", "communeAbsorbante", "nouveauCode"];
                let mut codes = codes.iter().filter_map(|field| entry[field].as_str());
                let held_by = codes.find_map(|code| {
                    let code = successor.get(code).copied().unwrap_or(code);
                    current.get_key_value(code)
                });
                let (Some((held_by, own)), Some(name)) = (held_by, entry["nom"].as_str()) else {
                    continue; // Two communes that were parted again.
                };
                let key = place_key(name);
                if key != *own {
                    let code = entry["code"].as_str().unwrap_or_default().to_owned();
                    names.by_code.entry(code).or_insert_with(|| name.to_owned());
                    let held = ((*held_by).to_owned(), key);
                    names.by_commune.entry(held).or_insert_with(|| name.to_owned());
                }
            }
        }
        Ok(names)
    }
}

/// Four decimals, about 10 m, without trailing zeros.
fn degrees(text: &str) -> Result<String, Box<dyn Error>> {
    let rounded = format!("{:.4}", text.parse::<f64>()?);
    Ok(rounded.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// The lists in the form described in `shared/src/terminology/asset.rs`.
fn nos(source: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(
        "# Code lists of the French health nomenclature (NOS), Agence du Numérique en Santé.\n\
         # Generated by examples/build_assets.rs: titles and corrections are in ror.tsv.\n",
    );
    let index = rows(&source.join("index.csv"))?;
    for list in index.iter().filter(|list| list["name"].starts_with("TRE_")) {
        let (name, kind, version) = (&list["name"], &list["source_kind"], &list["source_version"]);
        writeln!(text, "\n@\t{name}\tcomplete\t\t{kind}, {version}")?;
        for row in rows(&source.join(&list["file"]))? {
            let status = row["status"].as_str();
            let short = row.get("short_label").filter(|short| **short != row["label"]);
            write!(text, "{}\t{}", row["code"], row["label"])?;
            match (status, short) {
                ("active", None) => writeln!(text)?,
                (_, None) => writeln!(text, "\t{status}")?,
                (_, Some(short)) => writeln!(text, "\t{status}\t{short}")?,
            }
        }
    }
    Ok(text)
}
