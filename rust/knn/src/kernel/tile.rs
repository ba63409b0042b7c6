//! What a kernel tests, and what it hands out.
//!
//! A kernel multiplies `left_rows` rows by `right_rows` rows and tests each product while it is
//! still in a register. With aᵢⱼ the product of the packed rows,
//!
//! > wᵢⱼ = fma(f32(aᵢⱼ) · column_scaleⱼ, row_scaleᵢ, −column_termⱼ)
//!
//! and the pair survives when wᵢⱼ + max(`row_threshold`ᵢ, `column_threshold`ⱼ) ≥ `row_term`ᵢ, that
//! is, when lᵢⱼ = `row_term`ᵢ − wᵢⱼ is not above the larger of the two thresholds, up to the rounding
//! of the sum. For Euclidean distance `row_term` and `column_term` are the squared lengths (less what
//! the caller wants to allow for errors), and the scales hold the factor 2. Each of the four steps
//! (conversion, product, fused product and sum, sum) rounds once to f32.

/// Rows on the left of the largest tile.
pub(crate) const MOST_LEFT: usize = 32;
/// Rows on the right of the largest tile.
const MOST_RIGHT: usize = 32;

/// A row or column term of this value never survives: it marks rows that are only padding.
pub(crate) const PADDING: f32 = f32::NAN;

/// What the products of one tile are tested against: at least `left_rows` values about rows and
/// `right_rows` about columns. Thresholds are no NaN; −∞ switches one side off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Test<'a> {
    /// Where the sums of int8 products start, from `pack_left`; not read otherwise.
    pub initial: &'a [i32],
    pub row_scale: &'a [f32],
    pub row_term: &'a [f32],
    pub row_threshold: &'a [f32],
    pub column_scale: &'a [f32],
    pub column_term: &'a [f32],
    pub column_threshold: &'a [f32],
}

/// What survived in a tile; a call may overwrite it even when nothing did.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct Tile {
    /// wᵢⱼ, row by row, `right_rows` values a row.
    pub values: [f32; MOST_LEFT * MOST_RIGHT],
    /// Bit j of word i: whether the pair (i, j) survived.
    pub masks: [u32; MOST_LEFT],
}

impl Default for Tile {
    fn default() -> Self {
        Self {
            values: [0.0; MOST_LEFT * MOST_RIGHT],
            masks: [0; MOST_LEFT],
        }
    }
}

/// The arrays of a [`Test`] as addresses, for the kernels.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    pub initial: *const i32,
    pub row_scale: *const f32,
    pub row_term: *const f32,
    pub row_threshold: *const f32,
    pub column_scale: *const f32,
    pub column_term: *const f32,
    pub column_threshold: *const f32,
}

impl Test<'_> {
    /// Whether every array is long enough.
    pub(super) fn fits(&self, left: usize, right: usize, integers: bool) -> bool {
        let rows = self
            .row_scale
            .len()
            .min(self.row_term.len())
            .min(self.row_threshold.len());
        let columns = self
            .column_scale
            .len()
            .min(self.column_term.len())
            .min(self.column_threshold.len());
        rows >= left && columns >= right && (!integers || self.initial.len() >= left)
    }

    pub(super) fn addresses(&self) -> Addresses {
        Addresses {
            initial: self.initial.as_ptr(),
            row_scale: self.row_scale.as_ptr(),
            row_term: self.row_term.as_ptr(),
            row_threshold: self.row_threshold.as_ptr(),
            column_scale: self.column_scale.as_ptr(),
            column_term: self.column_term.as_ptr(),
            column_threshold: self.column_threshold.as_ptr(),
        }
    }
}
