//! Positions of a segment's places: a flat grid with exact great-circle distances.
//!
//! Cells are 0.05° wide; a query visits the cells its circle can touch and tests each point, so the
//! answer is exact on the edge. Longitudes wrap, so the antimeridian and the poles need no exception.
//!
//! A point is tested by the chord through the Earth to the center, from unit vectors of single precision;
//! the few points whose chord is within their error of the circle's are measured.

use crate::geo::{EARTH_RADIUS_M, Point, distance_m};

/// Degrees of latitude and longitude of a cell.
const CELL: f64 = 0.05;
const COLUMNS: i32 = 7200;
const ROWS: i32 = 3600;
/// Meters of one degree of latitude, a little low so that no cell is missed.
const METERS_PER_DEGREE: f64 = 111_000.0;
/// More than rounding can move a chord of the unit sphere: 6 m of the Earth.
const CHORD_ERROR: f64 = 1e-6;

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
    /// The cell of each place, ascending.
    cells: Vec<u32>,
    places: Vec<Place>,
    /// On the unit sphere.
    vectors: Vec<[f32; 3]>,
}

/// Everything within a distance of a point, on the unit sphere.
struct Circle {
    center: Point,
    radius_m: f64,
    vector: [f32; 3],
    /// Squared chords below this one are inside.
    inside: f32,
    /// Squared chords above this one are outside.
    outside: f32,
}

impl PlaceGrid {
    /// Sorts the places into cells.
    pub(super) fn new(places: impl Iterator<Item = Place>) -> Self {
        let mut places: Vec<_> =
            places.map(|p| (cell(row(p.point.lat), column(p.point.lon)), p)).collect();
        places.sort_unstable_by_key(|(cell, place)| (*cell, place.doc));
        Self {
            cells: places.iter().map(|(cell, _)| *cell).collect(),
            vectors: places.iter().map(|(_, place)| vector(place.point)).collect(),
            places: places.into_iter().map(|(_, place)| place).collect(),
        }
    }

    /// Appends to `docs` the documents with a place in one of the circles (center and radius in meters),
    /// once for each such place.
    pub fn within_any(&self, circles: &[(Point, f64)], docs: &mut Vec<u32>) {
        // Many circles may cover the same places, each of which is tested until it is found.
        let mut found = vec![false; if circles.len() > 1 { self.places.len() } else { 0 }];
        for &(center, radius_m) in circles {
            let circle = Circle::new(center, radius_m);
            self.visit(&circle, &mut |range| {
                for at in range {
                    if found.get(at).is_some_and(|found| *found) {
                        continue;
                    }
                    if circle.holds(self.vectors[at], self.places[at].point) {
                        docs.push(self.places[at].doc);
                        if let Some(found) = found.get_mut(at) {
                            *found = true;
                        }
                    }
                }
            });
        }
    }

    /// Calls `visit` with ranges of the places that hold all of a circle's.
    fn visit(&self, circle: &Circle, visit: &mut dyn FnMut(std::ops::Range<usize>)) {
        let Circle { center, radius_m, .. } = *circle;
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
            visit(0..self.places.len());
            return;
        }
        let columns = (half_width / CELL).ceil() as i32;
        let middle = column(center.lon);
        for row in row(south)..=row(north) {
            if 2 * columns + 1 >= COLUMNS {
                visit(self.range(cell(row, 0), cell(row, COLUMNS - 1)));
                continue;
            }
            let (west, east) = (middle - columns, middle + columns);
            if west < 0 {
                visit(self.range(cell(row, west + COLUMNS), cell(row, COLUMNS - 1)));
            }
            visit(self.range(cell(row, west.max(0)), cell(row, east.min(COLUMNS - 1))));
            if east >= COLUMNS {
                visit(self.range(cell(row, 0), cell(row, east - COLUMNS)));
            }
        }
    }

    fn range(&self, first: u32, last: u32) -> std::ops::Range<usize> {
        let start = self.cells.partition_point(|cell| *cell < first);
        start..start + self.cells[start..].partition_point(|cell| *cell <= last)
    }
}

impl Circle {
    fn new(center: Point, radius_m: f64) -> Self {
        // Beyond half the circumference the circle is the whole sphere.
        let angle = (radius_m / EARTH_RADIUS_M).min(std::f64::consts::PI);
        let chord = 2.0 * (angle / 2.0).sin();
        let inside = (chord - CHORD_ERROR).max(0.0).powi(2);
        let outside = (chord + CHORD_ERROR).powi(2);
        let vector = vector(center);
        Self { center, radius_m, vector, inside: inside as f32, outside: outside as f32 }
    }

    fn holds(&self, vector: [f32; 3], point: Point) -> bool {
        let apart = |axis: usize| (vector[axis] - self.vector[axis]).powi(2);
        let chord = apart(0) + apart(1) + apart(2);
        if chord < self.inside {
            return true;
        }
        chord <= self.outside && distance_m(self.center, point) <= self.radius_m
    }
}

fn vector(point: Point) -> [f32; 3] {
    let (lat, lon) = (point.lat.to_radians(), point.lon.to_radians());
    let (x, y) = (lat.cos() * lon.cos(), lat.cos() * lon.sin());
    [x as f32, y as f32, lat.sin() as f32]
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

    fn found(points: &[Point], circles: &[(Point, f64)]) -> Vec<u32> {
        let places = |(doc, point): (usize, &Point)| Place { doc: doc as u32, point: *point };
        let grid = PlaceGrid::new(points.iter().enumerate().map(places));
        let mut found = Vec::new();
        grid.within_any(circles, &mut found);
        found.sort_unstable();
        found
    }

    fn measured(points: &[Point], circles: &[(Point, f64)]) -> Vec<u32> {
        let is_in = |point: &Point| {
            circles.iter().any(|(center, radius_m)| distance_m(*center, *point) <= *radius_m)
        };
        (0..points.len() as u32).filter(|doc| is_in(&points[*doc as usize])).collect()
    }

    #[test]
    fn across_the_antimeridian_and_over_the_poles() {
        let point = |lat, lon| Point::new(lat, lon).unwrap();
        // Wallis, Futuna, Taveuni and its neighbor across the line, Papeete, the poles, Paris.
        let points = [
            point(-13.28, -176.17),
            point(-14.29, -178.12),
            point(-16.85, 179.97),
            point(-16.80, -179.99),
            point(-17.53, -149.57),
            point(90.0, 12.0),
            point(-90.0, -170.0),
            point(48.85, 2.35),
            point(89.99, -168.0),
        ];
        let rows: [(Point, f64, &[u32]); 9] = [
            (point(-16.85, 179.97), 10_000.0, &[2, 3]),
            (point(-16.80, -179.99), 10_000.0, &[2, 3]),
            (point(-13.28, -176.17), 250_000.0, &[0, 1]),
            (point(-13.28, 180.0), 600_000.0, &[0, 1, 2, 3]),
            (point(-13.28, -180.0), 600_000.0, &[0, 1, 2, 3]),
            (point(90.0, -100.0), 2_000.0, &[5, 8]),
            (point(-89.99, 100.0), 2_000.0, &[6]),
            (point(48.85, 2.35), 20_000_000.0, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            (point(48.85, 2.35), f64::INFINITY, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ];
        for (center, radius_m, expected) in rows {
            assert_eq!(found(&points, &[(center, radius_m)]), expected, "{center:?} {radius_m}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_measuring_every_place(
            points in prop::collection::vec(points(), 1..60),
            center in points(),
            radius_m in prop_oneof![
                0.0..50_000.0f64,
                0.0..3_000_000.0f64,
                19_900_000.0..20_020_000.0f64,
                Just(20_100_000.0),
            ],
        ) {
            let circles = [(center, radius_m)];
            prop_assert_eq!(found(&points, &circles), measured(&points, &circles));
        }

        #[test]
        fn agrees_on_the_very_edge(points in prop::collection::vec(points(), 2..20), apart_m in -8.0..8.0f64) {
            for point in &points {
                for radius_m in [distance_m(points[0], *point), distance_m(points[0], *point) + apart_m] {
                    let circles = [(points[0], radius_m.max(0.0))];
                    prop_assert_eq!(found(&points, &circles), measured(&points, &circles));
                }
            }
        }

        #[test]
        fn several_circles_give_each_place_once(
            points in prop::collection::vec(points(), 1..60),
            circles in prop::collection::vec((points(), 0.0..9_000_000.0f64), 0..9),
        ) {
            prop_assert_eq!(found(&points, &circles), measured(&points, &circles));
        }
    }
}
