//! A window for the benches in `benches/rust`: the product kernels, one block of rows against
//! another, without anything around them. Built with the feature `probe` only.

use layerscope_core::{Result, filled};

use crate::kernel::{Kernel, Precision, Row, Test, Tile, Words};

/// Two blocks of rows packed for one kernel.
#[derive(Debug)]
pub struct Block {
    kernel: Kernel,
    rows: usize,
    depth: usize,
    left: Words,
    right: Words,
    zeros: Vec<f32>,
    initial: Vec<i32>,
    threshold: Vec<f32>,
}

/// Names of the kernels that this processor has.
pub fn kernels() -> Vec<String> {
    let all = Kernel::available().into_iter();
    all.map(|kernel| format!("{:?}/{:?}", kernel.precision(), kernel.isa()))
        .collect()
}

impl Block {
    /// Packs `rows` rows (a multiple of 96, so that every tile is whole) for a kernel of
    /// [`kernels`].
    pub fn new(kernel: usize, rows: usize, features: usize) -> Result<Self> {
        let kernel = Kernel::available()[kernel];
        let mut block = Self {
            kernel,
            rows,
            depth: kernel.depth(features),
            left: Words::zeros(kernel.left_words(rows, features))?,
            right: Words::zeros(kernel.right_words(rows, features))?,
            zeros: filled(rows, 0.0)?,
            initial: filled(rows, 0)?,
            threshold: filled(rows, f32::NEG_INFINITY)?,
        };
        for row in 0..rows {
            let value = |j: usize| ((row * 31 + j * 17) % 251) as i32 - 125;
            let bytes: Vec<i8> = (0..features).map(|j| value(j) as i8).collect();
            let single: Vec<f32> = bytes.iter().map(|&q| f32::from(q)).collect();
            let half: Vec<u16> = single.iter().map(|x| (x.to_bits() >> 16) as u16).collect();
            let packed = match kernel.precision() {
                Precision::Single => Row::Single(&single),
                Precision::Half => Row::Half(&half),
                Precision::Byte => Row::Byte(&bytes),
            };
            block.initial[row] = kernel.pack_left(packed, row, &mut block.left)?;
            kernel.pack_right(packed, row, &mut block.right)?;
        }
        Ok(block)
    }

    /// Multiplies and tests all pairs; returns the tiles in which something survived (none does).
    pub fn run(&self) -> Result<usize> {
        let (up, across) = (self.kernel.left_rows(), self.kernel.right_rows());
        let mut tile = Tile::default();
        let mut count = 0;
        for column in (0..self.rows).step_by(across) {
            for row in (0..self.rows).step_by(up) {
                let test = Test {
                    initial: &self.initial[row..],
                    row_scale: &self.zeros[row..],
                    row_term: &self.zeros[row..],
                    row_threshold: &self.threshold[row..],
                    column_scale: &self.zeros[column..],
                    column_term: &self.zeros[column..],
                    column_threshold: &self.threshold[column..],
                };
                let left = &self.left[row * self.depth..];
                let right = &self.right[column * self.depth..];
                count += usize::from(
                    self.kernel
                        .micro(left, right, self.depth, &test, &mut tile)?,
                );
            }
        }
        Ok(count)
    }
}
