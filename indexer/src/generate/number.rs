//! Identification numbers of the right form: FINESS, SIREN, SIRET, RPPS, telephone.
//!
//! Each is a function of an index, so that numbers are unique without a register; all carry the check
//! digit of Luhn's formula, as real ones do. They are invented: some may exist.

/// A FINESS number: two characters of the department, six digits of `serial`, the check digit.
pub(super) fn finess(department: &str, serial: u32) -> String {
    let body = format!("{}{:06}", &department[..2], serial % 1_000_000);
    with_check_digit(body)
}

/// A SIREN number, another one for each `serial` below 69 million.
pub(super) fn siren(serial: u32) -> String {
    // The factor is prime and does not divide the modulus: a permutation.
    let body = 30_000_000 + scramble(serial, 69_000_000);
    with_check_digit(format!("{body:08}"))
}

/// The SIRET number of establishment `rank` of a SIREN.
pub(super) fn siret(siren: &str, rank: u32) -> String {
    with_check_digit(format!("{siren}{:04}", rank % 10_000))
}

/// An RPPS number, another one for each `serial` below 100 million.
pub(super) fn rpps(serial: u32) -> String {
    with_check_digit(format!("10{:08}", scramble(serial, 100_000_000)))
}

/// A telephone number of a department: ten digits, landline or mobile.
pub(super) fn telephone(prefix: &str, digits: u32) -> String {
    format!("{prefix}{:08}", digits % 100_000_000)
}

fn scramble(serial: u32, modulus: u64) -> u64 {
    const PRIME: u64 = 7_919;
    u64::from(serial) * PRIME % modulus
}

fn with_check_digit(mut body: String) -> String {
    let digit = luhn(&body);
    body.push(digit);
    body
}

/// The digit that makes `body` and itself pass Luhn's test; a letter counts as 0.
fn luhn(body: &str) -> char {
    let mut sum = 0;
    for (position, c) in body.chars().rev().enumerate() {
        let digit = c.to_digit(10).unwrap_or(0);
        sum += match (position % 2 == 0, digit * 2) {
            (true, double) if double > 9 => double - 9,
            (true, double) => double,
            (false, _) => digit,
        };
    }
    char::from_digit((10 - sum % 10) % 10, 10).expect("a remainder of ten is a digit")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{finess, luhn, rpps, siren, siret};

    #[test]
    fn check_digits() {
        // (body, the digit of a published example)
        let rows = [("7992739871", '3'), ("73282932", '0'), ("7328293200007", '4')];
        for (body, expected) in rows {
            assert_eq!(luhn(body), expected, "{body}");
        }
    }

    #[test]
    fn forms() {
        assert_eq!(finess("2A", 12).len(), 9);
        assert_eq!(finess("974", 12).len(), 9);
        assert_eq!(siren(0).len(), 9);
        assert_eq!(siret(&siren(5), 3).len(), 14);
        assert_eq!(rpps(99_999_999).len(), 11);
    }

    #[test]
    fn no_number_twice() {
        let sirens: HashSet<_> = (0..100_000).map(siren).collect();
        let people: HashSet<_> = (0..100_000).map(rpps).collect();
        assert_eq!((sirens.len(), people.len()), (100_000, 100_000));
    }
}
