//! Some rows packed for the int8 kernel, rounded about a centre of their own.
//!
//! Rows that lie together are rounded about their common centre, each with its own scale, so that
//! a tight cluster far from everything else keeps its resolution. The key of a pair is the squared
//! distance of the rounded rows plus what rounding took from each.

use layerscope_core::{Result, Run, filled};

use super::points::{Points, Reader};
use crate::kernel::{Kernel, PADDING, Row, Test, Tile, Words};
use layerscope_core::widest;

/// Largest magnitude of a rounded value.
const LIMIT: f32 = 127.0;
/// Rows between asking for one and reading it.
const AHEAD: usize = 4;
/// Allows for the roundings of a key, which could make a far pair look near.
const ALLOWANCE: f32 = 1.0 + 4.0 * f32::EPSILON;
/// Below this a row counts as its centre: one over its scale would overflow.
const SMALLEST: f32 = 1e-30;

/// Rows on one or both sides of the kernel. Buffers are kept from one filling to the next.
pub(crate) struct Packed {
    kernel: Kernel,
    depth: usize,
    rows: usize,
    left: Words,
    right: Words,
    initial: Vec<i32>,
    row_scale: Vec<f32>,
    row_term: Vec<f32>,
    column_scale: Vec<f32>,
    column_term: Vec<f32>,
    values: Vec<f32>,
    bytes: Vec<i8>,
}

/// Which sides are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sides {
    Left,
    Right,
    Both,
}

impl Packed {
    pub(crate) fn new(kernel: Kernel, rows: usize, columns: usize, sides: Sides) -> Result<Self> {
        let left = if sides == Sides::Right { 0 } else { rows };
        let right = if sides == Sides::Left { 0 } else { rows };
        let up = left.next_multiple_of(kernel.left_rows());
        let across = right.next_multiple_of(kernel.right_rows());
        Ok(Self {
            kernel,
            depth: kernel.depth(columns),
            rows: 0,
            left: Words::zeros(kernel.left_words(left, columns))?,
            right: Words::zeros(kernel.right_words(right, columns))?,
            initial: filled(up, 0)?,
            row_scale: filled(up, 0.0)?,
            row_term: filled(up, PADDING)?,
            column_scale: filled(across, 0.0)?,
            column_term: filled(across, PADDING)?,
            values: filled(columns, 0.0)?,
            bytes: filled(columns, 0)?,
        })
    }

    /// Rows packed.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Packs the rows at some places, no more than there is room for.
    pub(crate) fn fill(
        &mut self,
        run: &Run,
        points: &Points,
        places: &[u32],
        centre: &[f64],
        reader: &mut Reader,
    ) -> Result<()> {
        self.clear();
        for (at, &place) in places.iter().enumerate() {
            if at.is_multiple_of(64) {
                run.check()?;
            }
            if let Some(&later) = places.get(at + AHEAD) {
                points.expect(later);
            }
            points.centred(place, centre, reader, &mut self.values);
            self.push()?;
        }
        Ok(())
    }

    /// Packs rows that are given as they are.
    pub(crate) fn fill_values(&mut self, rows: &[f32]) -> Result<()> {
        self.clear();
        for row in rows.chunks_exact(self.values.len()) {
            self.values.copy_from_slice(row);
            self.push()?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.rows = 0;
        self.row_term.fill(PADDING);
        self.column_term.fill(PADDING);
    }

    fn push(&mut self) -> Result<()> {
        let (scale, square) = round(&self.values, &mut self.bytes);
        let (row, at) = (Row::Byte(&self.bytes), self.rows);
        if at < self.row_term.len() {
            self.initial[at] = self.kernel.pack_left(row, at, &mut self.left)?;
            self.row_scale[at] = 2.0 * scale;
            self.row_term[at] = square;
        }
        if at < self.column_term.len() {
            self.kernel.pack_right(row, at, &mut self.right)?;
            self.column_scale[at] = scale;
            self.column_term[at] = square;
        }
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Multiplies the left panel at `row` of this by the right panel at `column` of `other` and
    /// tests against thresholds that the caller keeps for the rows of both.
    pub(crate) fn test(
        &self,
        row: usize,
        row_threshold: &[f32],
        other: &Self,
        column: usize,
        column_threshold: &[f32],
        tile: &mut Tile,
    ) -> Result<bool> {
        let test = Test {
            initial: &self.initial[row..],
            row_scale: &self.row_scale[row..],
            row_term: &self.row_term[row..],
            row_threshold: &row_threshold[row..],
            column_scale: &other.column_scale[column..],
            column_term: &other.column_term[column..],
            column_threshold: &column_threshold[column..],
        };
        let left = &self.left[row * self.depth..];
        let right = &other.right[column * self.depth..];
        self.kernel.micro(left, right, self.depth, &test, tile)
    }

    /// |x|² of a packed left row: the key of a pair is this less the value in the tile.
    pub(crate) fn row_term(&self, row: usize) -> f32 {
        self.row_term[row]
    }
}

/// Rounds a row to bytes; returns its scale and the squared length of what it became plus that of
/// what was lost. Errors of two rows hardly hang together, so |x̂ − ŷ|² + |eₓ|² + |eᵧ|² is the
/// squared distance to be expected: rows that rounding makes equal do not pass for near.
pub(crate) fn round(values: &[f32], bytes: &mut [i8]) -> (f32, f32) {
    // Adding 1.5 · 2²³ leaves the nearest integer in the lowest bits of the sum.
    const SHIFT: f32 = 12_582_912.0;
    let largest = widest(
        #[inline(always)]
        || {
            let mut lanes = [0f32; 16];
            let (full, rest) = values.as_chunks::<16>();
            for chunk in full {
                for (lane, x) in lanes.iter_mut().zip(chunk) {
                    *lane = if x.abs() > *lane { x.abs() } else { *lane };
                }
            }
            rest.iter()
                .map(|x| x.abs())
                .chain(lanes)
                .fold(0.0, f32::max)
        },
    );
    if largest < SMALLEST {
        bytes.fill(0);
        return (0.0, 0.0);
    }
    let (scale, inverse) = (largest / LIMIT, LIMIT / largest);
    let (sum, lost) = widest(
        #[inline(always)]
        || {
            let (mut sum, mut lost) = (0, [0f32; 16]);
            for (bytes, values) in bytes.chunks_mut(16).zip(values.chunks(16)) {
                for ((byte, &x), lost) in bytes.iter_mut().zip(values).zip(&mut lost) {
                    let q = (x * inverse + SHIFT).to_bits() as i8;
                    *byte = q;
                    sum += i32::from(q) * i32::from(q);
                    let error = x - f32::from(q) * scale;
                    *lost += error * error;
                }
            }
            (sum, lost.iter().sum::<f32>())
        },
    );
    (scale, sum as f32 * scale * scale * ALLOWANCE + lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_integer_on_the_scale() {
        let values = [1.0, -0.5, 0.251, 0.0, -1.0];
        let mut bytes = [0; 5];
        let (scale, square) = round(&values, &mut bytes);
        assert_eq!(bytes, [127, -64, 32, 0, -127]);
        assert_eq!(scale, 1.0 / 127.0);
        let exact = (2.0 * 127.0 * 127.0 + 64.0 * 64.0 + 32.0 * 32.0) / (127.0 * 127.0);
        assert!((square - exact).abs() < 1e-4 && square > exact);
        assert_eq!(round(&[1e-38, 0.0], &mut bytes[..2]), (0.0, 0.0));
    }
}
