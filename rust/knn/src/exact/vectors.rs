//! The rows as a kernel wants them, and what rounding them cost.
//!
//! A vector v (see `form`) becomes v̂, what its f32, bfloat16 or int8 digits stand for, and a
//! residual v − v̂ whose length is *computed*. By Cauchy and Schwarz
//! |v·w − v̂·ŵ| ≤ |v||w − ŵ| + |v − v̂||ŵ|, which is all that a certificate needs. Each factor of
//! the right side belongs to one row of the pair and is kept for it, from above.

use std::ops::Range;
use std::sync::Mutex;

use layerscope_core::{Result, Run, filled, widest, with_capacity};

use super::form::{Form, Place};
use super::near::{Aside, Near};
use super::output::own;
use crate::kernel::{Kernel, Precision, Row, Words};
use crate::lanes;
use crate::scale::power;

/// What the kernel's test needs of one row; units of the form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    /// The row's share of the form, from below.
    pub base: f32,
    /// Twice (length of the residual + what sums of the kernel lose per |ŵ|), from above.
    pub error: f32,
    /// Twice the length of the residual, from above.
    pub residual: f32,
    /// |v|, from above.
    pub norm: f32,
    /// |v̂|, from above.
    pub digits: f32,
    /// What one digit is worth; 1 where digits are floats.
    pub scale: f32,
    /// Where int8 sums start.
    pub initial: i32,
}

/// All rows, packed for both sides of a tile.
pub(crate) struct Vectors {
    pub kernel: Kernel,
    /// Rows of a block: a multiple of both panels' rows.
    pub block: usize,
    pub rows: usize,
    /// Words per row.
    pub depth: usize,
    left: Words,
    right: Words,
    facts: Vec<Facts>,
    /// The vectors in f32, row by row, for looking at single pairs, and what is known of them: where
    /// the given rows do not serve.
    singles: Vec<f32>,
    asides: Vec<Aside>,
}

/// The smallest block of whole panels on both sides.
pub(crate) fn least_block(kernel: Kernel) -> usize {
    let (left, right) = (kernel.left_rows(), kernel.right_rows());
    // Panels have 4 and 8 rows, or 6 and 16, or 12 and 32, or 32 and 32.
    if right.is_multiple_of(left) {
        right
    } else {
        3 * right
    }
}

/// Rows of a block, and of one whose rows see all others at once.
pub(crate) const BLOCK: usize = 384;
pub(crate) const SMALL_BLOCK: usize = 192;

/// Rows of a block that suit a kernel: some `most` while both blocks of a tile fit the second-level
/// cache, fewer when rows are long.
pub(crate) fn block_rows(kernel: Kernel, columns: usize, most: usize) -> usize {
    const WORDS: usize = 1 << 17;
    let least = least_block(kernel);
    let fitting = WORDS / kernel.depth(columns).max(1);
    (fitting.min(most) / least).max(1) * least
}

/// What sums of the kernel may lose, relative to |v̂||ŵ|: the sums themselves, then conversion,
/// scaling and the fused step of its test.
fn loss(kernel: Kernel, columns: usize) -> f64 {
    let d = columns as f64;
    let roundings = match kernel.precision() {
        Precision::Single => d + 6.0,
        Precision::Half => d + 9.0,
        Precision::Byte => 4.0,
    };
    let error = roundings * power(-24);
    error / (1.0 - error)
}

/// Whether the certificate makes sense for rows that long.
pub(crate) fn serves(kernel: Kernel, columns: usize) -> bool {
    match kernel.precision() {
        Precision::Byte => columns <= 130_000,
        Precision::Single | Precision::Half => columns <= 1 << 20,
    }
}

/// Bytes that vectors take.
pub(crate) fn bytes(
    kernel: Kernel,
    rows: usize,
    columns: usize,
    block: usize,
    copied: bool,
) -> u128 {
    let padded = rows.next_multiple_of(block) as u128;
    padded * (8 * kernel.depth(columns) as u128 + size_of::<Facts>() as u128)
        + u128::from(copied) * rows as u128 * (4 * columns as u128 + size_of::<Aside>() as u128)
}

/// Absolute slack in units of the form, whose largest values are near 2⁶⁴: what underflow in f32
/// may amount to.
const UNDERFLOW: f64 = 1.3e-29; // 2⁻⁹⁶

/// The nearest f32 that is not below.
fn above(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value {
        near.next_up()
    } else {
        near
    }
}

/// The nearest f32 that is not above.
fn below(value: f64) -> f32 {
    -above(-value)
}

/// Scratch for one row.
struct Digits {
    values: Vec<f64>,
    single: Vec<f32>,
    half: Vec<u16>,
    byte: Vec<i8>,
}

impl Vectors {
    /// Packs all rows in the order given: place p holds number `order[p]`.
    pub(crate) fn new(
        run: &Run,
        form: &Form,
        kernel: Kernel,
        block: usize,
        order: Option<&[u32]>,
    ) -> Result<Self> {
        let (rows, columns) = (form.side().len(), form.side().rows.columns());
        let depth = kernel.depth(columns);
        let padded = rows.next_multiple_of(block);
        let mut left = Words::zeros(padded * depth)?;
        let mut right = Words::zeros(padded * depth)?;
        let mut facts = filled(padded, Facts::default())?;
        let copies = if form.at_given() { 0 } else { rows };
        let mut singles = filled(copies * columns, 0f32)?;
        let mut asides = filled(copies, Aside::default())?;
        // The smallest piece that is whole panels on both sides.
        let piece = block;
        {
            let slots = |words| Slots::new(words, piece * depth);
            let (lefts, rights) = (slots(&mut left), slots(&mut right));
            let all: Vec<_> = facts.chunks_mut(piece).map(Mutex::new).collect();
            let plain: Vec<_> = singles
                .chunks_mut(piece * columns)
                .map(Mutex::new)
                .collect();
            let beside: Vec<_> = asides.chunks_mut(piece).map(Mutex::new).collect();
            run.map_with(
                padded / piece,
                || Digits::new(columns),
                |digits, at| {
                    let (mut left, mut right) = (own(&lefts.0[at]), own(&rights.0[at]));
                    let mut facts = own(&all[at]);
                    let mut copies = (plain.get(at).map(own), beside.get(at).map(own));
                    for place in 0..piece {
                        let position = at * piece + place;
                        if position >= rows {
                            break;
                        }
                        if place % 16 == 0 {
                            run.check()?;
                        }
                        let number = order.map_or(position, |order| order[position] as usize);
                        let measured = form.read(number, &mut digits.values);
                        if let (Some(singles), Some(asides)) = &mut copies {
                            digits.copy(&mut singles[place * columns..][..columns]);
                            asides[place] = Aside::new(&measured);
                        }
                        let (row, mut fact) = digits.round(&measured, kernel);
                        fact.initial = kernel.pack_left(row, place, &mut left)?;
                        kernel.pack_right(row, place, &mut right)?;
                        facts[place] = fact;
                    }
                    Ok(())
                },
            )?;
        }
        Ok(Self {
            kernel,
            block,
            rows,
            depth,
            left,
            right,
            facts,
            singles,
            asides,
        })
    }

    /// The vectors for looking at single pairs.
    pub(crate) fn near<'v>(&'v self, form: &'v Form<'v>, order: Option<&'v [u32]>) -> Near<'v> {
        if self.asides.is_empty() {
            Near::at_given(form, order)
        } else {
            Near::at_copies(form, &self.singles, &self.asides)
        }
    }

    /// Facts of the rows of a block; those beyond the last row are padding.
    pub(crate) fn facts(&self, block: usize) -> &[Facts] {
        &self.facts[block * self.block..][..self.block]
    }

    /// Panel `panel` of a block, as left side.
    pub(crate) fn left(&self, block: usize, panel: usize) -> &[u32] {
        let length = self.kernel.left_rows() * self.depth;
        &self.left[block * self.block * self.depth + panel * length..][..length]
    }

    /// The panels of a block from `panel` on, as left side.
    pub(crate) fn left_from(&self, block: usize, panel: usize) -> &[u32] {
        let length = self.block * self.depth;
        &self.left[block * length..][panel * self.kernel.left_rows() * self.depth..length]
    }

    /// Panel `panel` of a block, as right side.
    pub(crate) fn right(&self, block: usize, panel: usize) -> &[u32] {
        let length = self.kernel.right_rows() * self.depth;
        &self.right[block * self.block * self.depth + panel * length..][..length]
    }

    /// Places of a block that hold rows.
    pub(crate) fn range(&self, block: usize) -> Range<usize> {
        block * self.block..((block + 1) * self.block).min(self.rows)
    }

    pub(crate) fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block)
    }
}

/// Consecutive pieces, each behind a lock that one thread takes once.
struct Slots<'a>(Vec<Mutex<&'a mut [u32]>>);

impl<'a> Slots<'a> {
    fn new(words: &'a mut Words, length: usize) -> Self {
        Self(words.chunks_mut(length.max(1)).map(Mutex::new).collect())
    }
}

impl Digits {
    fn new(columns: usize) -> Result<Self> {
        Ok(Self {
            values: filled(columns, 0.0)?,
            single: with_capacity(columns)?,
            half: with_capacity(columns)?,
            byte: with_capacity(columns)?,
        })
    }

    /// The vector in f32.
    fn copy(&self, single: &mut [f32]) {
        let values = &self.values;
        widest(
            #[inline(always)]
            || {
                for (slot, &value) in single.iter_mut().zip(values) {
                    *slot = value as f32;
                }
            },
        );
    }

    /// Rounds the row whose values are held; they become what is missed.
    fn round(&mut self, place: &Place, kernel: Kernel) -> (Row<'_>, Facts) {
        let columns = self.values.len();
        let (square, scale) = match kernel.precision() {
            Precision::Single => (self.keep_single(), 1.0),
            Precision::Half => (self.keep_half(), 1.0),
            Precision::Byte => self.keep_byte(),
        };
        // Sums of squares in float64: the factors cover their rounding many times over.
        let residual = square.sqrt() * (1.0 + power(-30)) + power(-100);
        let digits = (place.norm + residual) * (1.0 + power(-30));
        let base = place.square + place.own - place.slack;
        let grown = 1.0 + power(-19);
        let facts = Facts {
            base: below(base - power(-21) * base.abs() - UNDERFLOW),
            error: above(2.0 * grown * (residual + loss(kernel, columns) * digits)),
            residual: above(2.0 * grown * residual),
            norm: above(place.norm),
            digits: above(digits),
            scale,
            initial: 0,
        };
        let row = match kernel.precision() {
            Precision::Single => Row::Single(&self.single),
            Precision::Half => Row::Half(&self.half),
            Precision::Byte => Row::Byte(&self.byte),
        };
        (row, facts)
    }

    /// f32 digits; returns the squared length of what they miss.
    fn keep_single(&mut self) -> f64 {
        let Self { values, single, .. } = self;
        single.clear();
        widest(
            #[inline(always)]
            || {
                single.extend(values.iter().map(|&value| value as f32));
                for (value, &digit) in values.iter_mut().zip(&*single) {
                    *value -= f64::from(digit);
                }
            },
        );
        lanes::product(values, values)
    }

    /// bfloat16 digits. Subnormal ones become zero, as the processor takes them.
    fn keep_half(&mut self) -> f64 {
        let Self { values, half, .. } = self;
        half.clear();
        widest(
            #[inline(always)]
            || {
                half.extend(values.iter().map(|&value| {
                    let bits = (value as f32).to_bits();
                    let even = 0x7fff + ((bits >> 16) & 1);
                    let word = (bits + even) >> 16;
                    let normal = word & 0x7f80 != 0;
                    if normal { word as u16 } else { 0 }
                }));
                for (value, &word) in values.iter_mut().zip(&*half) {
                    *value -= f64::from(f32::from_bits(u32::from(word) << 16));
                }
            },
        );
        lanes::product(values, values)
    }

    /// int8 digits and what one is worth.
    fn keep_byte(&mut self) -> (f64, f32) {
        // Adding and taking off 3·2⁵¹ rounds to integers, whose low bits then are the digit.
        const SHIFT: f64 = 6_755_399_441_055_744.0;
        let Self { values, byte, .. } = self;
        let largest = crate::rows::magnitude(values);
        // Smaller rows would divide by nothing: their digits are zeros, and all is residual.
        let scale = if largest < power(-90) {
            1.0
        } else {
            above(largest / 127.0)
        };
        let (worth, inverse) = (f64::from(scale), 1.0 / f64::from(scale));
        byte.clear();
        widest(
            #[inline(always)]
            || {
                byte.extend(
                    values
                        .iter()
                        .map(|&value| (value * inverse + SHIFT).to_bits() as i8),
                );
                for (value, &digit) in values.iter_mut().zip(&*byte) {
                    *value -= f64::from(digit) * worth;
                }
            },
        );
        (lanes::product(values, values), scale)
    }
}
