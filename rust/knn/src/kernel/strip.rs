//! One right panel against several left panels, with those that survive written down.

use layerscope_core::{Result, with_capacity};

#[cfg(target_arch = "x86_64")]
use super::amx;
#[cfg(target_arch = "x86_64")]
use super::panels::Isa;
use super::panels::{Kernel, Precision, refusal};
use super::tile::{Test, Tile};

/// A pair that survived: row and column counted as the strip says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Survivor {
    pub row: u16,
    pub column: u16,
    /// wᵢⱼ.
    pub value: f32,
}

/// Survivors of some strips, in the order in which panels, rows and columns are tested.
#[derive(Debug)]
pub(crate) struct Survivors {
    found: Vec<Survivor>,
    most: usize,
}

impl Survivors {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> Result<Self> {
        Ok(Self {
            found: with_capacity(most)?,
            most,
        })
    }

    pub(crate) fn found(&self) -> &[Survivor] {
        &self.found
    }

    pub(crate) fn clear(&mut self) {
        self.found.clear();
    }

    /// How many more fit.
    pub(crate) fn room(&self) -> usize {
        self.most - self.found.len()
    }

    pub(super) fn push(&mut self, survivor: Survivor) {
        self.found.push(survivor);
    }
}

/// What a strip is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip<'a> {
    /// Left panels, one after another.
    pub left: &'a [u32],
    pub panels: usize,
    /// One right panel.
    pub right: &'a [u32],
    /// What the first row and the first column count as.
    pub first: (usize, usize),
    /// Words of a row.
    pub depth: usize,
    /// Facts of all rows of the left panels. Column terms are those of the first panel; the terms
    /// of the next one start `stride` further.
    pub test: Test<'a>,
    pub stride: usize,
}

impl Strip<'_> {
    /// Whether every array is long enough.
    fn fits(&self, kernel: Kernel) -> bool {
        let (rows, columns) = (kernel.left_rows(), kernel.right_rows());
        let (panels, depth) = (self.panels, self.depth);
        let terms = panels
            .saturating_sub(1)
            .saturating_mul(self.stride)
            .saturating_add(columns);
        let ends = [
            panels.saturating_mul(rows).saturating_add(self.first.0),
            columns.saturating_add(self.first.1),
        ];
        ends.iter().all(|&end| u16::try_from(end).is_ok())
            && self.left.len() >= panels.saturating_mul(rows).saturating_mul(depth)
            && self.right.len() >= columns.saturating_mul(depth)
            && depth.is_multiple_of(kernel.group())
            && self.test.fits(
                panels * rows,
                columns,
                kernel.precision() == Precision::Byte,
            )
            && self.test.column_term.len() >= terms
    }

    /// The test of one panel.
    fn of(&self, panel: usize, rows: usize) -> Test<'_> {
        let start = panel * rows;
        let test = &self.test;
        Test {
            initial: test.initial.get(start..).unwrap_or_default(),
            row_scale: &test.row_scale[start..],
            row_term: &test.row_term[start..],
            row_threshold: &test.row_threshold[start..],
            column_term: &test.column_term[panel * self.stride..],
            ..*test
        }
    }
}

impl Kernel {
    /// Multiplies and tests the left panels one after another and writes down who survives, up to
    /// the first panel whose survivors may not fit. Returns how many panels are done.
    pub(crate) fn strip(
        self,
        strip: &Strip,
        tile: &mut Tile,
        survivors: &mut Survivors,
    ) -> Result<usize> {
        if !strip.fits(self) {
            return Err(refusal("a strip", strip.panels, strip.depth));
        }
        if let Some(done) = self.at_once(strip, survivors) {
            return Ok(done);
        }
        let (rows, columns) = (self.left_rows(), self.right_rows());
        for panel in 0..strip.panels {
            if survivors.room() < rows * columns {
                return Ok(panel);
            }
            let test = strip.of(panel, rows);
            let left = &strip.left[panel * rows * strip.depth..];
            if !self.micro(left, strip.right, strip.depth, &test, tile)? {
                continue;
            }
            for row in 0..rows {
                let mut mask = tile.masks[row];
                while mask != 0 {
                    let column = mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    survivors.push(Survivor {
                        row: (strip.first.0 + panel * rows + row) as u16,
                        column: (strip.first.1 + column) as u16,
                        value: tile.values[row * columns + column],
                    });
                }
            }
        }
        Ok(strip.panels)
    }

    /// The same by a kernel that gains from it.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    fn at_once(self, strip: &Strip, survivors: &mut Survivors) -> Option<usize> {
        if self.isa() != Isa::Amx {
            return None;
        }
        let test = (&strip.test.addresses(), strip.stride);
        let left = (strip.left.as_ptr(), strip.panels);
        let right = (strip.right.as_ptr(), strip.first);
        // SAFETY: a `Kernel` of this isa exists only where `present` has found the instructions,
        // and `strip` has checked that panels and facts are as long as they are said to be.
        let done = unsafe { amx::strip(left, right, strip.depth, test, survivors) };
        Some(done)
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[allow(clippy::unused_self)]
    fn at_once(self, _: &Strip, _: &mut Survivors) -> Option<usize> {
        None
    }
}

#[cfg(test)]
#[path = "strip_tests.rs"]
mod tests;
