//! Positions of a segment's places: a flat grid with exact great-circle distances.
//!
//! Cells are 0.05° wide; a query visits the cells its circle can touch and measures each point, so the
//! answer is exact on the edge. Longitudes wrap, so the antimeridian and the poles need no exception.

use crate::geo::{Point, distance_m};

/// Degrees of latitude and longitude of a cell.
const CELL: f64 = 0.05;
const COLUMNS: i32 = 7200;
const ROWS: i32 = 3600;
/// Meters of one degree of latitude, a little low so that no cell is missed.
const METERS_PER_DEGREE: f64 = 111_000.0;

/// One place.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The document.
    pub doc: u32,
    /// Where it is.
    pub point: Point,
}

/// The places of a segment, by cell.
#[derive(Debug, Default)]
pub struct PlaceGrid {
    /// Sorted by cell.
    places: Vec<(u32, Place)>,
}

impl PlaceGrid {
    /// Sorts the places into cells.
    pub(super) fn new(places: impl Iterator<Item = Place>) -> Self {
        let mut places: Vec<_> =
            places.map(|p| (cell(row(p.point.lat), column(p.point.lon)), p)).collect();
        places.sort_unstable_by_key(|(cell, place)| (*cell, place.doc));
        Self { places }
    }

    /// Calls `visit` with each place within `radius_m` of `center` and its distance in meters.
    pub fn within(&self, center: Point, radius_m: f64, visit: &mut dyn FnMut(Place, f64)) {
        let mut measure = |places: &[(u32, Place)]| {
            for (_, place) in places {
                let distance = distance_m(center, place.point);
                if distance <= radius_m {
                    visit(*place, distance);
                }
            }
        };
        let half_height = radius_m / METERS_PER_DEGREE;
        let (south, north) = (center.lat - half_height, center.lat + half_height);
        // The widest part of the circle is where it comes nearest a pole.
        let widest = south.abs().max(north.abs());
        let reaches_pole = widest >= 89.9;
        let half_width = if reaches_pole {
            180.0
        } else {
            (half_height / widest.to_radians().cos() * 1.01 + CELL).min(180.0)
        };
        if reaches_pole || half_width >= 180.0 {
            measure(&self.places);
            return;
        }
        let columns = (half_width / CELL).ceil() as i32;
        let middle = column(center.lon);
        for row in row(south)..=row(north) {
            if 2 * columns + 1 >= COLUMNS {
                measure(self.cells(cell(row, 0), cell(row, COLUMNS - 1)));
                continue;
            }
            let (west, east) = (middle - columns, middle + columns);
            if west < 0 {
                measure(self.cells(cell(row, west + COLUMNS), cell(row, COLUMNS - 1)));
            }
            measure(self.cells(cell(row, west.max(0)), cell(row, east.min(COLUMNS - 1))));
            if east >= COLUMNS {
                measure(self.cells(cell(row, 0), cell(row, east - COLUMNS)));
            }
        }
    }

    fn cells(&self, first: u32, last: u32) -> &[(u32, Place)] {
        let start = self.places.partition_point(|(cell, _)| *cell < first);
        let end = start + self.places[start..].partition_point(|(cell, _)| *cell <= last);
        &self.places[start..end]
    }
}

fn row(lat: f64) -> i32 {
    (((lat + 90.0) / CELL).floor() as i32).clamp(0, ROWS - 1)
}

fn column(lon: f64) -> i32 {
    (((lon + 180.0) / CELL).floor() as i32).rem_euclid(COLUMNS)
}

fn cell(row: i32, column: i32) -> u32 {
    (row * COLUMNS + column) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Point> {
        let anywhere = (-90.0..=90.0f64, -180.0..=180.0f64);
        let france = (42.0..51.0f64, -5.0..8.0f64);
        let edge = (-85.0..85.0f64, prop_oneof![-180.0..-179.0f64, 179.0..180.0f64]);
        prop_oneof![anywhere, france, edge]
            .prop_map(|(lat, lon)| Point::new(lat, lon).expect("in range"))
    }

    proptest! {
        #[test]
        fn agrees_with_measuring_every_place(
            points in prop::collection::vec(points(), 1..60),
            center in points(),
            radius_m in prop_oneof![0.0..50_000.0f64, 0.0..3_000_000.0f64, Just(20_100_000.0)],
        ) {
            let places = |(doc, point): (usize, &Point)| Place { doc: doc as u32, point: *point };
            let grid = PlaceGrid::new(points.iter().enumerate().map(places));
            let mut found = Vec::new();
            grid.within(center, radius_m, &mut |place, _| found.push(place.doc));
            found.sort_unstable();
            let expected: Vec<u32> = (0..points.len() as u32)
                .filter(|doc| distance_m(center, points[*doc as usize]) <= radius_m)
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
