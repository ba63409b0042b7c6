//! A look at single pairs: the form of a pair, from f32 vectors, to within a few units of f32.

use layerscope_core::widest;

use super::form::{Form, Place};
use crate::kernel::prefetch;
use crate::scale::power;

/// What is known of a row besides its f32 vector; units of the form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Aside {
    /// What the form adds to the squared length of the vector.
    own: f64,
    /// How far the row's share of the form may be off.
    slack: f64,
    /// Length of what the f32 vector misses, from above.
    missed: f64,
}

impl Aside {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            own: place.own,
            slack: place.slack,
            // Each value is rounded once, relative to itself or to the least of all numbers.
            missed: power(-24) * (1.0 + power(-20)) * place.norm + power(-100),
        }
    }
}

/// Looks at pairs of places.
#[derive(Clone, Copy)]
pub(crate) struct Near<'a> {
    form: &'a Form<'a>,
    singles: &'a [f32],
    asides: &'a [Aside],
    /// How far f32 sums of squared differences may be off: relative, and absolute.
    relative: f64,
    absolute: f64,
}

impl<'a> Near<'a> {
    pub(crate) fn new(form: &'a Form<'a>, singles: &'a [f32], asides: &'a [Aside]) -> Self {
        let columns = form.middle().len();
        let roundings = (columns.div_ceil(ACCUMULATORS) + 11) as f64;
        Self {
            form,
            singles,
            asides,
            relative: roundings * power(-24) * 1.01,
            absolute: columns as f64 * power(-148),
        }
    }

    fn row(&self, place: usize) -> &[f32] {
        let columns = self.form.middle().len();
        &self.singles[place * columns..][..columns]
    }

    /// The power of two that is 1 in units of the form.
    pub(crate) fn unit(&self) -> f64 {
        self.form.unit()
    }

    /// Asks for a row that will be looked at soon.
    pub(crate) fn expect(&self, place: usize) {
        prefetch(self.row(place));
    }

    /// Bounds of the key of a pair.
    pub(crate) fn look(&self, i: usize, j: usize) -> (f64, f64) {
        let sum = f64::from(squared_distance(self.row(i), self.row(j)));
        let (x, y) = (&self.asides[i], &self.asides[j]);
        let missed = x.missed + y.missed;
        let slack = x.slack + y.slack;
        let own = x.own + y.own;
        let error = sum * self.relative + self.absolute;
        let lower = ((sum - error).max(0.0).sqrt() - missed).max(0.0);
        let upper = (sum + error).sqrt() + missed;
        let (down, up) = (1.0 - power(-40), 1.0 + power(-40));
        (
            self.form.key(lower * lower * down + own - slack),
            self.form.key_above(upper * upper * up + own + slack),
        )
    }
}

const ACCUMULATORS: usize = 64;

/// Σ (xⱼ − yⱼ)² in f32: a term passes at most ⌈d/64⌉ + 6 additions, and three roundings before.
fn squared_distance(x: &[f32], y: &[f32]) -> f32 {
    widest(
        #[inline(always)]
        || {
            let mut sums = [0f32; ACCUMULATORS];
            let (full_x, rest_x) = x.as_chunks::<ACCUMULATORS>();
            let (full_y, rest_y) = y.as_chunks::<ACCUMULATORS>();
            for (a, b) in full_x.iter().zip(full_y) {
                for l in 0..ACCUMULATORS {
                    let difference = a[l] - b[l];
                    sums[l] += difference * difference;
                }
            }
            for ((sum, &a), &b) in sums.iter_mut().zip(rest_x).zip(rest_y) {
                let difference = a - b;
                *sum += difference * difference;
            }
            let mut width = ACCUMULATORS / 2;
            while width > 0 {
                for l in 0..width {
                    sums[l] += sums[l + width];
                }
                width /= 2;
            }
            sums[0]
        },
    )
}
