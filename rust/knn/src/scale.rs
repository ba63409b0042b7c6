//! Powers of two that keep squares away from overflow and underflow.
//!
//! When the largest magnitude lies outside 2^±400 it is brought into [1, 2). Upwards that is
//! exact; downwards, values some 2^1000 below the largest may be rounded, once, and that rounded
//! row is by definition the one that is compared.

use crate::metric::Metric;

const LIMIT: i32 = 400;

/// Multiplication by one power of two, in two factors since 2^1074 is none of the numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    first: f64,
    second: f64,
    exponent: i32,
}

impl Scale {
    /// No scaling.
    pub(crate) const NONE: Self = Self {
        first: 1.0,
        second: 1.0,
        exponent: 0,
    };

    /// The common scaling under a metric: none for the angles, whose rows are scaled singly.
    pub(crate) fn of(metric: Metric, largest: f64) -> Self {
        if metric.is_angle() {
            Self::NONE
        } else {
            Self::bringing(largest)
        }
    }

    /// The scaling for values of at most `largest` in magnitude.
    pub(crate) fn bringing(largest: f64) -> Self {
        let inside = power(-LIMIT)..=power(LIMIT);
        if largest == 0.0 || inside.contains(&largest) {
            Self::NONE
        } else {
            Self::by(-exponent(largest))
        }
    }

    /// The scaling that brings `largest`, not zero, into [1, 2).
    pub(crate) fn near_one(largest: f64) -> Self {
        Self::by(-exponent(largest))
    }

    /// Multiplication by 2^exponent, for exponents between -1023 and 1074.
    pub(crate) fn by(exponent: i32) -> Self {
        let first = exponent.min(1023);
        Self {
            first: power(first),
            second: power(exponent - first),
            exponent,
        }
    }

    pub(crate) fn exponent(self) -> i32 {
        self.exponent
    }

    pub(crate) fn is_none(self) -> bool {
        self.exponent == 0
    }

    pub(crate) fn apply(self, row: &mut [f64]) {
        if !self.is_none() {
            for value in row {
                *value = *value * self.first * self.second;
            }
        }
    }

    /// A length back in the units of the input.
    pub(crate) fn undo(self, value: f64) -> f64 {
        if self.is_none() {
            value
        } else {
            value * power(-self.exponent)
        }
    }
}

/// 2^exponent for exponents between -1074 and 1023.
pub(crate) fn power(exponent: i32) -> f64 {
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (exponent + 1074))
    }
}

/// The integer e with 2^e ≤ value < 2^(e+1), for positive finite values.
fn exponent(value: f64) -> i32 {
    let bits = value.to_bits();
    match (bits >> 52) as i32 {
        0 => 63 - bits.leading_zeros().cast_signed() - 1074,
        biased => biased - 1023,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_comes_into_one_to_two() {
        for largest in [f64::MAX, 1e200, 1e-200, f64::MIN_POSITIVE, 5e-324, 3e-320] {
            let scale = Scale::bringing(largest);
            let mut row = [largest, -largest];
            scale.apply(&mut row);
            assert!(
                (1.0..2.0).contains(&row[0]) && row[1] == -row[0],
                "{largest}"
            );
            assert_eq!(scale.undo(row[0]), largest);
        }
    }

    #[test]
    fn ordinary_values_are_left_alone() {
        for largest in [0.0, 1.0, 1e120, power(400), power(-400)] {
            assert_eq!(Scale::bringing(largest), Scale::NONE, "{largest}");
        }
        assert!(!Scale::bringing(power(400) * 1.5).is_none());
        assert!(!Scale::bringing(power(-401)).is_none());
    }
}
