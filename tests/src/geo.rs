//! Great-circle distance of the oracle, by vectors instead of the haversine used elsewhere.

/// Mean radius of the Earth in kilometers (IUGG), the sphere all distances are measured on.
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A point in degrees, WGS84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Latitude, north positive.
    pub latitude: f64,
    /// Longitude, east positive.
    pub longitude: f64,
}

impl Point {
    fn on_unit_sphere(self) -> [f64; 3] {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        let parallel = latitude.cos();
        [parallel * longitude.cos(), parallel * longitude.sin(), latitude.sin()]
    }
}

/// Great-circle distance in kilometers: the angle between the two vectors, from its sine and cosine.
pub fn distance_km(from: Point, to: Point) -> f64 {
    let (a, b) = (from.on_unit_sphere(), to.on_unit_sphere());
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let sine = cross.iter().map(|x| x * x).sum::<f64>().sqrt();
    let cosine = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>();
    EARTH_RADIUS_KM * sine.atan2(cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        let point = |latitude, longitude| Point { latitude, longitude };
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH_RADIUS_KM;
        // (from, to, kilometers): the pole, half the globe, Paris to Nantes (343 km by atlas).
        let rows = [
            (point(0.0, 0.0), point(90.0, 0.0), quarter),
            (point(0.0, -90.0), point(0.0, 90.0), 2.0 * quarter),
            (point(48.8566, 2.3522), point(48.8566, 2.3522), 0.0),
        ];
        for (from, to, expected) in rows {
            assert!((distance_km(from, to) - expected).abs() < 1e-6, "{from:?} {to:?}");
        }
        let paris_nantes = distance_km(point(48.8566, 2.3522), point(47.2184, -1.5536));
        assert!((342.0..344.0).contains(&paris_nantes), "{paris_nantes}");
    }
}
