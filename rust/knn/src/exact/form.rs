//! One shape for all metrics, so that one kernel serves them: with v the packed row less a point
//! amid the packed rows,
//!
//! > λ · key + μ ≥ baseᵢ + baseⱼ − 2 vᵢ·vⱼ,
//!
//! in real numbers, whatever was rounded on the way. The right side is a squared distance up to
//! small terms, so that centring helps angles and products as it helps distances.
//! docs/neighbours-proof.md, section 5, derives the bases:
//!
//! | metric | λ | μ | base |
//! |---|---|---|---|
//! | Euclidean | 1 | 0 | \|v\|² |
//! | cosine, Pearson | 2 | 2 | \|v\|², and 1 more for zero rows |
//! | inner product | 2 | 0 | \|v\|² − \|x\|² |
//!
//! each less what the roundings may amount to.

use std::ops::RangeInclusive;

use layerscope_core::{Result, Run, widest};

use crate::lanes;
use crate::metric::Metric;
use crate::scale::power;

use super::side::Side;
use crate::rows::Rows;

/// The largest vector is brought to this power of two, so that squares fit f32 with room below.
const LARGEST: i32 = 30;

/// Exponents of the longest distance at which f32 squares of differences of given values neither
/// overflow nor vanish beside others.
const GIVEN: RangeInclusive<i32> = -30..=60;

/// How rows become vectors and keys become squared distances.
pub(crate) struct Form<'a> {
    side: Side<'a>,
    middle: Vec<f64>,
    scale: f64,
    /// 1 / scale², a power of two.
    inverse: f64,
    at_given: bool,
}

/// What is known of one row: everything in units of the form, that is, scaled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// |v|², and how far the form's share of the row may be off.
    pub square: f64,
    pub slack: f64,
    /// What the form adds to |v|² for this row.
    pub own: f64,
    /// |v|, from above.
    pub norm: f64,
}

/// No vector, and no distance, is longer than 2 to this.
fn exponent(rows: &Rows, largest: f64) -> i32 {
    // |v| ≤ |z| + |middle|, and no component of a packed row, nor of the middle, is larger than
    // this.
    let root = (rows.columns() as f64).sqrt();
    let longest = match rows.metric() {
        Metric::Euclidean | Metric::InnerProduct => 2.0 * largest * root,
        // The medians of components of unit vectors may add up to more than a unit vector.
        Metric::Cosine | Metric::Pearson => 1.0 + root,
    };
    if longest > 0.0 {
        longest.log2().ceil() as i32
    } else {
        0
    }
}

impl<'a> Form<'a> {
    /// `largest` is the largest magnitude of the prepared rows (after `Scale`).
    pub(crate) fn new(run: &Run, side: Side<'a>, largest: f64) -> Result<Self> {
        let scale = power(LARGEST - exponent(side.rows, largest));
        Ok(Self {
            side,
            middle: side.middle(run)?,
            scale,
            inverse: 1.0 / (scale * scale),
            at_given: Self::looks_at_given(side.rows, largest),
        })
    }

    /// Whether single pairs can be looked at in the rows as they are given.
    pub(crate) fn looks_at_given(rows: &Rows, largest: f64) -> bool {
        rows.is_as_given() && GIVEN.contains(&exponent(rows, largest))
    }

    /// Whether they are.
    pub(crate) fn at_given(&self) -> bool {
        self.at_given
    }

    pub(crate) fn side(&self) -> &Side<'a> {
        &self.side
    }

    pub(crate) fn middle(&self) -> &[f64] {
        &self.middle
    }

    /// λ and μ.
    fn line(&self) -> (f64, f64) {
        match self.side.rows.metric() {
            Metric::Euclidean => (1.0, 0.0),
            Metric::Cosine | Metric::Pearson => (2.0, 2.0),
            Metric::InnerProduct => (2.0, 0.0),
        }
    }

    /// The change of a key that changes its scaled form by 1.
    pub(crate) fn unit(&self) -> f64 {
        self.inverse / self.line().0
    }

    /// A key that a pair certainly reaches whose scaled form is at least `value`.
    #[inline]
    pub(crate) fn key(&self, value: f64) -> f64 {
        let (factor, offset) = self.line();
        let value = value * self.inverse;
        (value - offset) * (1.0 / factor) - power(-50) * (value.abs() + offset)
    }

    /// A key that a pair certainly does not exceed whose scaled form is at most `value`.
    #[inline]
    pub(crate) fn key_above(&self, value: f64) -> f64 {
        let (_, offset) = self.line();
        self.key(value) + power(-48) * ((value * self.inverse).abs() + offset)
    }

    /// Values of the form that no pair exceeds whose key is at most that: from above, as f32.
    pub(crate) fn limits(&self, keys: &[f64], out: &mut [f32]) {
        let (factor, offset) = self.line();
        let square = self.scale * self.scale;
        widest(
            #[inline(always)]
            || {
                for (slot, &key) in out.iter_mut().zip(keys) {
                    let value = factor * key + offset;
                    let above = value + power(-48) * (value.abs() + offset);
                    let narrow = (above * square) as f32;
                    // Four times the rounding of the line before, and more than what is subnormal.
                    *slot = narrow + (narrow.abs() * 2.4e-7 + 1e-37);
                }
            },
        );
    }

    /// Writes the scaled vector of a row.
    pub(crate) fn read(&self, number: usize, out: &mut [f64]) -> Place {
        let metric = self.side.rows.metric();
        let (d, depth) = (out.len() as f64, lanes::depth(out.len()) as f64);
        let unit = power(-53) * 1.001;
        self.side.pack(number, 0..out.len(), &self.middle, out);
        let (own, extra) = match metric {
            Metric::Euclidean => (0.0, 0.0),
            Metric::Cosine | Metric::Pearson => {
                let zero = self.side.rows.root(self.side.row(number)) == 0.0;
                let extra = (d + 7.0 * depth + 60.0) * unit;
                (f64::from(u8::from(zero)), extra)
            }
            Metric::InnerProduct => {
                let square = lanes::product(out, out);
                (-square, (2.0 * d + 5.0 * depth + 48.0) * unit * square)
            }
        };
        if metric != Metric::Euclidean {
            widest(
                #[inline(always)]
                || {
                    for (value, &middle) in out.iter_mut().zip(&self.middle) {
                        *value -= middle;
                    }
                },
            );
        }
        let square = lanes::product(out, out);
        let slack = (d + 4.0 * depth + 32.0) * unit * square + extra + 4.0 * d * power(-1060);
        let area = self.scale * self.scale;
        let scale = self.scale;
        widest(
            #[inline(always)]
            || {
                for value in out.iter_mut() {
                    *value *= scale;
                }
            },
        );
        Place {
            square: square * area,
            // Sums of these numbers are rounded, too.
            slack: (slack + power(-44) * (square + own.abs())) * area,
            own: own * area,
            norm: square.sqrt() * scale * (1.0 + power(-30)) + power(-100),
        }
    }
}
