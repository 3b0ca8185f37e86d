//! Decimal numbers as they are written: exact, with their precision.
//!
//! A binary float cannot say that `0.10` has two decimals or that 0.3 kg are 300 000 mg; this can. It
//! is not a general number: it is read, scaled and rounded once to the `f64` of the index.

use std::fmt;

use super::ValueError;

/// `mantissa × 10^exponent`, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, as one whole number.
    pub mantissa: i128,
    /// The power of ten.
    pub exponent: i32,
    /// Whether it was written with an exponent: `1e2`.
    pub scientific: bool,
}

/// Digits a decimal may have: more than any measure needs, few enough to be exact.
const DIGITS_MAX: usize = 25;

impl Decimal {
    /// Reads `-12`, `0.10`, `1e2`, `+3.5E-4`.
    ///
    /// # Errors
    /// When the text is not a decimal number, has more than 25 digits or an exponent beyond ±300.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let error = || {
            ValueError::new(format!(
                "\"{text}\" is not a number; write a decimal number such as 100, 0.5 or 1e2"
            ))
        };
        let (significand, exponent) = match text.split_once(['e', 'E']) {
            Some((significand, exponent)) => (significand, Some(exponent)),
            None => (text, None),
        };
        let unsigned = significand.strip_prefix(['-', '+']).unwrap_or(significand);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        let dot_alone = unsigned.contains('.') && fraction.is_empty();
        if whole.is_empty() || dot_alone || !all_digits(whole) || !all_digits(fraction) {
            return Err(error());
        }
        if whole.len() + fraction.len() > DIGITS_MAX {
            return Err(ValueError::new(format!("a number has at most {DIGITS_MAX} digits")));
        }
        let magnitude: i128 = format!("{whole}{fraction}").parse().map_err(|_| error())?;
        let written_exponent: i32 = match exponent {
            Some(e) => e.parse().map_err(|_| error())?,
            None => 0,
        };
        if !(-300..=300).contains(&written_exponent) {
            return Err(ValueError::new("the exponent of a number is between -300 and 300"));
        }
        Ok(Self {
            mantissa: if significand.starts_with('-') { -magnitude } else { magnitude },
            exponent: written_exponent - fraction.len() as i32,
            scientific: exponent.is_some(),
        })
    }

    /// The decimal a float prints as: what a JSON document said, up to trailing zeros.
    ///
    /// `None` for what JSON cannot say or search does not need: infinities, numbers beyond 25 digits.
    pub fn from_f64(number: f64) -> Option<Self> {
        // `{:e}` prints the shortest digits that read back as the same float.
        number.is_finite().then(|| Self::parse(&format!("{number:e}")).ok()).flatten()
    }

    /// The product with `factor`, exact; `None` when it has too many digits.
    pub fn times(self, factor: Self) -> Option<Self> {
        Some(Self {
            mantissa: self.mantissa.checked_mul(factor.mantissa)?,
            exponent: self.exponent + factor.exponent,
            scientific: self.scientific,
        })
    }

    /// The nearest `f64`. A whole number with an exponent always reads as one.
    pub fn to_f64(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// Half the last written place, below and above: `100` gives 99.5 and 100.5.
    ///
    /// With an exponent the place is one digit finer, because R4 reads `1e2` as [95, 105).
    pub fn implied_range(self) -> (Self, Self) {
        let finer = i32::from(self.scientific);
        let scale = 10_i128.pow(1 + finer as u32);
        let at = |half: i128| Self {
            mantissa: self.mantissa * scale + half,
            exponent: self.exponent - 1 - finer,
            scientific: self.scientific,
        };
        (at(-5), at(5))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scientific || self.exponent > 0 {
            return write!(f, "{}e{}", self.mantissa, self.exponent);
        }
        let decimals = self.exponent.unsigned_abs() as usize;
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let dot = if decimals > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{dot}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_it_should() {
        let rows: &[(&str, Option<f64>)] = &[
            ("100", Some(100.0)),
            ("-5", Some(-5.0)),
            ("+5", Some(5.0)),
            ("0.10", Some(0.1)),
            ("1e2", Some(100.0)),
            ("1.5E-3", Some(0.0015)),
            ("1e+2", Some(100.0)),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("1,5", None),
            ("XR", None),
            ("1e", None),
            ("1e2.5", None),
            ("--1", None),
            ("NaN", None),
            ("inf", None),
            ("1e999", None),
            ("12345678901234567890123456", None),
            ("١", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Decimal::parse(text).ok().map(Decimal::to_f64), *expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn floats_survive(number in prop::num::f64::NORMAL) {
            prop_assume!(number.abs() < 1e280 && number.abs() > 1e-280);
            let back = Decimal::from_f64(number).map(Decimal::to_f64);
            prop_assert_eq!(back, Some(number));
        }
    }
}
