//! The commune of a postal address, from its city line and postal code.
//!
//! No guess is made between communes that fit equally well.

use super::{Commune, Gazetteer, Postal};
use crate::geo::place_key;

impl Gazetteer {
    /// The commune of an address.
    ///
    /// Tried in this order: among the communes the postal code serves, the one of that name; in the
    /// department (a CEDEX code, a changed code), the only one of that name; among the communes served, the
    /// only one whose name is longer or shorter by whole words or a cut end (`"VIRE"`, Vire Normandie); in the
    /// department, the only one whose name goes on; at last the only commune served. A municipal district is
    /// preferred to its town when the name or the postal code designates one.
    pub fn commune_of_address(&self, city: &str, postal_code: &str) -> Option<&'static Commune> {
        let key = place_key(city);
        let named = self.named(city);
        let (served, department) = match self.by_postal_code(postal_code) {
            Some(Postal::Communes(served)) => {
                let department = served.first()?.department;
                (served, department)
            }
            Some(Postal::Department(department)) => (Vec::new(), department.code),
            None => return only(&named.meant(), |_| true),
        };
        let of_name = |n: &Commune| {
            served.iter().find(|c| n.code == c.code || Some(n.code) == c.parent).copied()
        };
        let has_district = |c: &Commune| served.iter().any(|d| d.parent == Some(c.code));
        let goes_on = self.starting_with_words(&key);
        named
            .all()
            .find_map(of_name)
            .or_else(|| only(&named.meant_in(department), |_| true))
            .or_else(|| only(&served, |c| is_similar(&place_key(c.name), &key)))
            .or_else(|| only(&goes_on, |c| c.department == department))
            .or_else(|| only(&served, |c| !has_district(c)))
    }

    /// The communes whose name begins with the words of the key and has more.
    pub(super) fn starting_with_words(&self, key: &str) -> Vec<&'static Commune> {
        if key.is_empty() {
            return Vec::new();
        }
        self.resolve(self.names().starting_with(&format!("{key} ")))
    }
}

/// Whether one name begins with the other, a cut last word allowed in the typed one.
fn is_similar(name: &str, typed: &str) -> bool {
    let is_cut = !typed.is_empty() && name.starts_with(typed);
    let has_more = typed.strip_prefix(name).is_some_and(|more| more.starts_with(' '));
    is_cut || has_more
}

/// The single commune that fits, `None` when there are several.
fn only(
    communes: &[&'static Commune],
    fits: impl Fn(&Commune) -> bool,
) -> Option<&'static Commune> {
    let mut fitting = communes.iter().filter(|c| fits(c));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(*first)
}

#[cfg(test)]
mod tests {
    use crate::geo::gazetteer;

    #[test]
    fn commune_of_address() {
        // (city, postal code, INSEE code)
        let rows = [
            ("NANTES", "44000", Some("44109")),
            ("NANTES CEDEX 1", "44093", Some("44109")),
            ("NANTES CEDEX 1", "44093 CEDEX 1", Some("44109")),
            ("ST DENIS", "93200", Some("93066")),
            ("ST DENIS", "97400", Some("97411")),
            ("SAINT-DENIS CEDEX", "97405", Some("97411")),
            ("PARIS", "75015", Some("75115")),
            ("PARIS 15", "75015", Some("75115")),
            ("PARIS CEDEX 15", "75730", Some("75115")),
            ("PARIS CEDEX 13", "75651", Some("75113")),
            ("PARIS CEDEX", "75651", Some("75056")),
            ("LYON CEDEX 03", "69437", Some("69383")),
            ("LYON CEDEX 08", "69373 CEDEX 08", Some("69388")),
            ("MARSEILLE CEDEX 05", "13385", Some("13205")),
            ("MARSEILLE CEDEX 20", "13400", Some("13055")),
            ("LYON 03", "69003", Some("69383")),
            ("MARSEILLE", "13013", Some("13213")),
            ("", "75015", Some("75115")),
            // One commune of the code, the name unknown (a hamlet).
            ("LIEU-DIT", "44000", Some("44109")),
            // Several communes of the code, the name unknown.
            ("LIEU-DIT", "01400", None),
            ("", "01400", None),
            ("VIRE CEDEX", "14504", Some("14762")),
            ("MONTIGNAC", "24290", Some("24291")),
            ("SEYNE LES ALPES", "04140", Some("04205")),
            ("VILLENEUVE LES AVIGNON CED", "30404", Some("30351")),
            // A wrong code of the right department.
            ("REZE", "44000", Some("44143")),
            ("NANTES", "", Some("44109")),
            ("SAINT-DENIS", "", None),
            ("", "", None),
            ("MONACO", "98000", None),
        ];
        for (city, postal_code, expected) in rows {
            let found = gazetteer().commune_of_address(city, postal_code);
            assert_eq!(found.map(|c| c.code), expected, "{city} {postal_code}");
        }
    }

    #[test]
    fn the_address_of_every_commune_finds_it() {
        for commune in gazetteer().communes() {
            for postal_code in commune.postal_codes {
                let found = gazetteer().commune_of_address(commune.name, postal_code);
                let found = found.map(|c| (c.name, c.parent));
                let district_of_it = found.is_some_and(|(_, parent)| parent == Some(commune.code));
                let same_name = found.map(|(name, _)| name) == Some(commune.name);
                assert!(same_name || district_of_it, "{commune:?} {found:?}");
            }
        }
    }
}
