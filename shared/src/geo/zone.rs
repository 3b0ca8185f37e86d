//! The time zones of France: what the clock says where a place stands.
//!
//! The departments and collectivities overseas have zones of their own, told by the first digits of the code of a
//! commune; everything else is in Europe/Paris. No zone is read from the machine.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Postal, gazetteer};

/// A time zone of France.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zone(u8);

/// Names in the time zone database, with the beginnings of the INSEE codes of their communes; the first row is
/// everywhere else. A longer beginning comes before a shorter one.
const ZONES: [(&str, &[&str]); 14] = [
    ("Europe/Paris", &[]),
    ("Pacific/Marquesas", &["98718", "98723", "98731", "98746", "98756", "98757"]),
    ("Pacific/Gambier", &["98719"]),
    ("America/Guadeloupe", &["971"]),
    ("America/Martinique", &["972"]),
    ("America/Cayenne", &["973"]),
    ("Indian/Reunion", &["974"]),
    ("America/Miquelon", &["975"]),
    ("Indian/Mayotte", &["976"]),
    ("America/St_Barthelemy", &["977"]),
    ("America/Marigot", &["978"]),
    ("Pacific/Wallis", &["986"]),
    ("Pacific/Tahiti", &["987"]),
    ("Pacific/Noumea", &["988"]),
];

static TIME_ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    // The bundled database: the answer must not depend on the machine's.
    let database = TimeZoneDatabase::bundled();
    let zone = |(name, _): (&str, &[&str])| {
        database.get(name).expect("the time zone database compiled in knows the zones of France")
    };
    ZONES.into_iter().map(zone).collect()
});

impl Zone {
    /// Europe/Paris.
    pub const PARIS: Self = Self(0);

    /// All zones but Europe/Paris.
    pub fn overseas() -> impl Iterator<Item = Self> {
        (1..ZONES.len() as u8).map(Self)
    }

    /// The zone of a place by the INSEE code of its commune, or of its department.
    pub fn of_commune(code: &str) -> Self {
        let is_in = |(_, beginnings): &(&str, &[&str])| {
            beginnings.iter().any(|beginning| code.starts_with(beginning))
        };
        ZONES.iter().position(is_in).map_or(Self::PARIS, |at| Self(at as u8))
    }

    /// The zone of a place by its postal code: that of the communes it serves, else of the department it points to.
    pub fn of_postal_code(text: &str) -> Self {
        match gazetteer().by_postal_code(text) {
            Some(Postal::Communes(served)) => {
                served.first().map_or(Self::PARIS, |commune| Self::of_commune(commune.code))
            }
            Some(Postal::Department(department)) => Self::of_commune(department.code),
            None => Self::PARIS,
        }
    }

    /// The zone with this number, as the index keeps it.
    pub fn of_number(number: u8) -> Option<Self> {
        (usize::from(number) < ZONES.len()).then_some(Self(number))
    }

    /// The number the index keeps.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name in the time zone database.
    pub fn name(self) -> &'static str {
        ZONES[usize::from(self.0)].0
    }

    /// What the clock says there at an instant in milliseconds since 1970 UTC; `None` beyond the years
    /// the calendar knows.
    pub fn clock(self, instant_ms: i64) -> Option<DateTime> {
        let instant = Timestamp::from_millisecond(instant_ms).ok()?;
        Some(TIME_ZONES[usize::from(self.0)].to_datetime(instant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn communes_and_postal_codes() {
        let rows = [
            ("44109", "Europe/Paris"),
            ("2A004", "Europe/Paris"),
            ("97105", "America/Guadeloupe"),
            ("97209", "America/Martinique"),
            ("97300", "America/Cayenne"),
            ("97411", "Indian/Reunion"),
            ("97502", "America/Miquelon"),
            ("97611", "Indian/Mayotte"),
            ("97701", "America/St_Barthelemy"),
            ("97801", "America/Marigot"),
            ("98613", "Pacific/Wallis"),
            ("98735", "Pacific/Tahiti"),
            ("98746", "Pacific/Marquesas"),
            ("98718", "Pacific/Marquesas"),
            ("98750", "Pacific/Tahiti"),
            ("98719", "Pacific/Gambier"),
            ("98818", "Pacific/Noumea"),
            ("", "Europe/Paris"),
        ];
        for (code, expected) in rows {
            assert_eq!(Zone::of_commune(code).name(), expected, "{code}");
        }
    }

    #[test]
    fn postal_codes() {
        let rows = [
            ("75651 CEDEX 13", "Europe/Paris"),
            ("97110", "America/Guadeloupe"),
            ("97405", "Indian/Reunion"),
            // These begin like the INSEE codes of Saint-Martin, of the Marquesas and of Gambier.
            ("97829", "Indian/Reunion"),
            ("97150", "America/Marigot"),
            ("98731", "Pacific/Tahiti"),
            ("98719", "Pacific/Tahiti"),
            ("98742", "Pacific/Marquesas"),
            ("98755", "Pacific/Gambier"),
            ("98800", "Pacific/Noumea"),
            ("00000", "Europe/Paris"),
            ("", "Europe/Paris"),
        ];
        for (code, expected) in rows {
            assert_eq!(Zone::of_postal_code(code).name(), expected, "{code}");
        }
        for commune in gazetteer().communes() {
            for code in commune.postal_codes {
                let (found, own) = (Zone::of_postal_code(code), Zone::of_commune(commune.code));
                // Two archipelagos share the postal code of a ship.
                assert!(found == own || code == &"98790" || code == &"98796", "{code} {commune:?}");
            }
        }
    }

    #[test]
    fn clocks() {
        // Source: legal times, UTC offsets of winter and summer.
        let winter: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let summer: Timestamp = "2026-07-15T12:00:00Z".parse().unwrap();
        let rows = [
            ("75056", "13:00", "14:00"),
            ("97105", "08:00", "08:00"),
            ("97302", "09:00", "09:00"),
            ("97411", "16:00", "16:00"),
            ("97502", "09:00", "10:00"),
            ("97611", "15:00", "15:00"),
            ("98818", "23:00", "23:00"),
            ("98735", "02:00", "02:00"),
            ("98746", "02:30", "02:30"),
            ("98719", "03:00", "03:00"),
        ];
        for (code, in_winter, in_summer) in rows {
            for (instant, expected) in [(winter, in_winter), (summer, in_summer)] {
                let clock = Zone::of_commune(code).clock(instant.as_millisecond()).unwrap();
                assert_eq!(clock.strftime("%H:%M").to_string(), expected, "{code} {instant}");
            }
        }
    }

    #[test]
    fn every_zone_is_known() {
        for zone in Zone::overseas() {
            assert!(zone.clock(0).is_some() && Zone::of_number(zone.number()) == Some(zone));
        }
        assert_eq!(Zone::of_number(ZONES.len() as u8), None);
        assert_eq!(Zone::PARIS.clock(i64::MAX), None);
    }
}
