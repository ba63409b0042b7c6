//! What is known of a pair once it is looked at: its key, or, cheaper, a number near it.

use layerscope_core::{Result, filled};

use super::side::Side;
use crate::kernel::prefetch;
use crate::lanes::{self, fast};
use crate::metric::Metric;
use crate::scale::power;

/// Computes keys of pairs of rows.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    asked: Side<'a>,
    data: Side<'a>,
    /// How far squared distances in f32 may be off: relative, and absolute.
    near: Option<(f64, f64)>,
}

/// The asking row, as far as it has been read.
#[derive(Default)]
pub(crate) struct Reader {
    /// The number that `x` holds.
    held: Option<usize>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Reader {
    pub(crate) fn new(columns: usize) -> Result<Self> {
        Ok(Self {
            held: None,
            x: filled(columns, 0.0)?,
            y: filled(columns, 0.0)?,
        })
    }
}

impl<'a> Judge<'a> {
    /// `largest` is the largest magnitude among the rows of both sides.
    pub(crate) fn new(asked: Side<'a>, data: Side<'a>, largest: f64) -> Self {
        // Sums of 2³⁰ squares of differences stay below the largest f32.
        let plain = data.rows.singles(0).is_some() && asked.rows.singles(0).is_some();
        let columns = data.rows.columns();
        let near = (plain && largest <= power(45)).then(|| {
            let roundings = (columns.div_ceil(ACCUMULATORS) + 11) as f64;
            (roundings * power(-24) * 1.01, columns as f64 * power(-148))
        });
        Self { asked, data, near }
    }

    /// Asks for a row that will be looked at soon.
    pub(crate) fn expect(&self, data: usize) {
        if let Some(y) = self.data.rows.singles(self.data.row(data)) {
            prefetch(y);
        }
    }

    /// A number that differs from the key by at most [`Self::slack`] of it.
    pub(crate) fn near(&self, asked: usize, data: usize) -> Option<f64> {
        self.near?;
        let x = self.asked.rows.singles(self.asked.row(asked))?;
        let y = self.data.rows.singles(self.data.row(data))?;
        Some(f64::from(squared_distance(x, y)))
    }

    /// How far the key may lie from a near value.
    pub(crate) fn slack(&self, near: f64) -> f64 {
        self.near
            .map_or(0.0, |(relative, absolute)| near * relative + absolute)
    }

    /// The key itself.
    pub(crate) fn key(&self, reader: &mut Reader, asked: usize, data: usize) -> f64 {
        let metric = self.asked.rows.metric();
        let (row, other) = (self.asked.row(asked), self.data.row(data));
        let roots = (self.asked.rows.root(row), self.data.rows.root(other));
        if metric.is_angle() && (roots.0 == 0.0 || roots.1 == 0.0) {
            // Dead rows tie with everything: worth not reading them.
            return 0.0;
        }
        if reader.held != Some(asked) {
            self.asked.rows.read(row, &mut reader.x);
            reader.held = Some(asked);
        }
        if metric == Metric::Euclidean
            && let Some(y) = self.data.rows.singles(other)
        {
            return lanes::squared_distance_to_single(&reader.x, y);
        }
        self.data.rows.read(other, &mut reader.y);
        metric.key(&reader.x, roots.0, &reader.y, roots.1)
    }
}

const ACCUMULATORS: usize = 64;

/// Σ (xⱼ − yⱼ)² in f32: a term passes at most ⌈d/64⌉ + 6 additions, and three roundings before.
fn squared_distance(x: &[f32], y: &[f32]) -> f32 {
    fast(
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
