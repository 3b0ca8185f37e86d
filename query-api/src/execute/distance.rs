//! How far a place is from what was searched: from the nearest of several points.

use shared::geo::{Point, distance_m, gazetteer};
use shared::param::near::NearQuery;

/// The points that distances are measured from; never empty.
#[derive(Debug, Clone)]
pub(super) struct Centers(Vec<(Point, [f64; 3])>);

impl Centers {
    /// The centers of circles; `None` when none of them has one.
    pub(super) fn of(circles: &[NearQuery]) -> Option<Self> {
        let centers: Vec<_> =
            circles.iter().filter_map(center_of).map(|p| (p, vector(p))).collect();
        (!centers.is_empty()).then_some(Self(centers))
    }

    /// The distance of a place from the nearest center, in meters.
    pub(super) fn distance_m(&self, place: Point) -> f64 {
        if let [(only, _)] = self.0.as_slice() {
            return distance_m(*only, place);
        }
        // The nearest is found by the chord, which costs far less than the arc.
        let at = vector(place);
        let chord = |center: &[f64; 3]| -> f64 {
            center.iter().zip(&at).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let nearest = self.0.iter().min_by(|(_, a), (_, b)| chord(a).total_cmp(&chord(b)));
        nearest.map_or(f64::INFINITY, |(center, _)| distance_m(*center, place))
    }
}

/// Where the center of a circle is. An unknown commune is nowhere.
pub(crate) fn center_of(circle: &NearQuery) -> Option<Point> {
    match circle {
        NearQuery::Point { lat, lon, .. } => Point::new(*lat, *lon),
        NearQuery::Commune { code, .. } => gazetteer().commune(code)?.point,
        NearQuery::Address { .. } => {
            debug_assert!(false, "planning refuses an address without its place");
            None
        }
        NearQuery::Nowhere { .. } => None,
    }
}

fn vector(point: Point) -> [f64; 3] {
    let (lat, lon) = (point.lat.to_radians(), point.lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_center_counts(
            place in (-90.0..=90.0f64, -180.0..=180.0f64),
            centers in proptest::collection::vec((-90.0..=90.0f64, -180.0..=180.0f64), 1..6),
        ) {
            let place = Point::new(place.0, place.1).unwrap();
            let circles: Vec<_> = centers
                .iter()
                .map(|(lat, lon)| NearQuery::Point { lat: *lat, lon: *lon, radius_m: 1.0 })
                .collect();
            let all = centers.iter().map(|(lat, lon)| distance_m(Point::new(*lat, *lon).unwrap(), place));
            let least = all.fold(f64::INFINITY, f64::min);
            let found = Centers::of(&circles).unwrap().distance_m(place);
            prop_assert!((found - least).abs() < 1e-3, "{} {}", found, least);
        }
    }

    #[test]
    fn what_is_nowhere_is_no_center() {
        let unknown = NearQuery::Commune { code: "99999".to_owned(), radius_m: 1.0 };
        let nowhere = NearQuery::Nowhere { radius_m: 1.0 };
        assert!(Centers::of(&[unknown.clone(), nowhere]).is_none());
        let known = NearQuery::Point { lat: 47.0, lon: -1.0, radius_m: 1.0 };
        assert!(Centers::of(&[unknown, known]).is_some());
    }
}
