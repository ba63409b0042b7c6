//! Which kernels there are, which the processor has, and how rows are packed for them.
//!
//! A panel holds `left_rows` (or `right_rows`) rows. It is made of 32-bit words: a word holds one
//! f32, two bfloat16, four int8, or two int8 widened to 16 bits, of one row; word k of all rows of
//! the panel stand side by side. Rows that are missing in the last panel, and features that are
//! missing in the last word, are zeros. For AMX rows are whole groups of sixteen words, and in a left
//! panel the sixteen words of a row stand side by side, group k of all rows before group k + 1.
//!
//! | precision | product aᵢⱼ | error |
//! |---|---|---|
//! | `Single` | f32 sums in the order of the features, one rounding a term (fused) or two (portable) | at most γ(d + 1) Σ\|xy\| with u = 2⁻²⁴, plus 2⁻¹⁴⁹ a term where products underflow |
//! | `Half` | f32 sums of exact products of bfloat16, two roundings a word | at most γ(2⌈d/2⌉ + 2) Σ\|xy\|; AVX512-BF16 takes subnormal inputs for zero and flushes subnormal results, which adds at most 2⁻¹²⁵ (1 + max\|x\| + max\|y\|) a word |
//! | `Byte` | int32, exact for values −127…127 and d ≤ [`LONGEST_BYTES`]; the conversion to f32 rounds once | none |
//!
//! `Byte` is equal bit for bit in every kernel. VNNI multiplies unsigned by signed bytes, so there
//! the right side is packed as value + 128, and the sum starts at −128 Σq of the left row, which
//! `pack_left` returns. Sums may wrap on the way; they are right modulo 2³² and the result fits.

use layerscope_core::{Error, Result};

use super::portable;
use super::present::present;
use super::tile::{Test, Tile};

/// What the rows are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    /// f32.
    Single,
    /// bfloat16.
    Half,
    /// int8.
    Byte,
}

/// Which instructions multiply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Those that every processor has.
    Portable,
    /// 256-bit registers; int8 is widened to 16 bits.
    Avx2,
    /// 512-bit registers, f32.
    Avx512,
    /// Dot products of bfloat16 in 512-bit registers.
    Avx512Bf16,
    /// Dot products of int8 in 512-bit registers.
    Avx512Vnni,
    /// Dot products of int8 in 256-bit registers.
    AvxVnni,
    /// Products of tiles of int8.
    Amx,
    /// 128-bit registers of Arm, f32.
    Neon,
    /// Dot products of int8 in them.
    NeonDot,
}

impl Isa {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portable => "plain loops",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
            Self::Avx512Bf16 => "AVX512-BF16",
            Self::Avx512Vnni => "AVX512-VNNI",
            Self::AvxVnni => "AVX-VNNI",
            Self::Amx => "AMX",
            Self::Neon => "NEON",
            Self::NeonDot => "NEON dot products",
        }
    }
}

/// Words of a row that a tile register of AMX takes.
const GROUP: usize = 16;

/// The most features of an int8 row: 127² of them still fit in 31 bits.
pub(crate) const LONGEST_BYTES: usize = 133_000;

/// How a word is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One f32.
    Single,
    /// Two bfloat16.
    Half,
    /// Four int8, those of the right side plus 128.
    Shifted,
    /// Four int8.
    Signed,
    /// Four int8; on the left sixteen words of a row stand together.
    Grouped,
    /// Two int16.
    Wide,
}

/// A row as it is packed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    Single(&'a [f32]),
    /// The upper halves of f32 words.
    Half(&'a [u16]),
    /// Values −127…127.
    Byte(&'a [i8]),
}

/// A kernel that this processor has: that is why the fields are private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    precision: Precision,
    isa: Isa,
}

/// Every kernel, the fastest of a precision first.
const KERNELS: [(Precision, Isa); 12] = [
    (Precision::Byte, Isa::Amx),
    (Precision::Byte, Isa::Avx512Vnni),
    (Precision::Byte, Isa::AvxVnni),
    (Precision::Byte, Isa::NeonDot),
    (Precision::Byte, Isa::Avx2),
    (Precision::Byte, Isa::Portable),
    (Precision::Half, Isa::Avx512Bf16),
    (Precision::Half, Isa::Portable),
    (Precision::Single, Isa::Avx512),
    (Precision::Single, Isa::Avx2),
    (Precision::Single, Isa::Neon),
    (Precision::Single, Isa::Portable),
];

impl Kernel {
    /// The kernel, if there is one and the processor has it.
    pub(crate) fn new(precision: Precision, isa: Isa) -> Option<Self> {
        (KERNELS.contains(&(precision, isa)) && present(isa)).then_some(Self { precision, isa })
    }

    /// All kernels that the processor has, the fastest of a precision first.
    pub(crate) fn available() -> Vec<Self> {
        let pairs = KERNELS.into_iter();
        pairs
            .filter_map(|(precision, isa)| Self::new(precision, isa))
            .collect()
    }

    /// The fastest of a precision.
    pub(crate) fn widest(precision: Precision) -> Self {
        let mut all = Self::available().into_iter();
        all.find(|kernel| kernel.precision == precision)
            .unwrap_or(Self {
                precision,
                isa: Isa::Portable,
            })
    }

    pub(crate) fn precision(self) -> Precision {
        self.precision
    }

    pub(crate) fn isa(self) -> Isa {
        self.isa
    }

    /// Rows of a left panel.
    pub(crate) fn left_rows(self) -> usize {
        match self.isa {
            Isa::Portable => 4,
            Isa::Avx2 | Isa::AvxVnni | Isa::Neon | Isa::NeonDot => 6,
            Isa::Avx512 | Isa::Avx512Bf16 | Isa::Avx512Vnni => 12,
            Isa::Amx => 32,
        }
    }

    /// Rows of a right panel.
    pub(crate) fn right_rows(self) -> usize {
        match self.isa {
            Isa::Portable => 8,
            Isa::Avx2 | Isa::AvxVnni | Isa::Neon | Isa::NeonDot => 16,
            Isa::Avx512 | Isa::Avx512Bf16 | Isa::Avx512Vnni | Isa::Amx => 32,
        }
    }

    /// Features of a word.
    pub(crate) fn unit(self) -> usize {
        match self.format() {
            Format::Single => 1,
            Format::Half | Format::Wide => 2,
            Format::Shifted | Format::Signed | Format::Grouped => 4,
        }
    }

    /// Words of a row.
    pub(crate) fn depth(self, features: usize) -> usize {
        let words = features.div_ceil(self.unit());
        words.next_multiple_of(self.group())
    }

    /// Words that a row's depth is a multiple of; on the left they stand together.
    pub(super) fn group(self) -> usize {
        match self.format() {
            Format::Grouped => GROUP,
            _ => 1,
        }
    }

    /// Words of all left panels of that many rows.
    pub(crate) fn left_words(self, rows: usize, features: usize) -> usize {
        rows.next_multiple_of(self.left_rows()) * self.depth(features)
    }

    /// Words of all right panels of that many rows.
    pub(crate) fn right_words(self, rows: usize, features: usize) -> usize {
        rows.next_multiple_of(self.right_rows()) * self.depth(features)
    }

    pub(super) fn format(self) -> Format {
        match (self.precision, self.isa) {
            (Precision::Single, _) => Format::Single,
            (Precision::Half, _) => Format::Half,
            (Precision::Byte, Isa::Avx512Vnni | Isa::AvxVnni) => Format::Shifted,
            (Precision::Byte, Isa::NeonDot) => Format::Signed,
            (Precision::Byte, Isa::Amx) => Format::Grouped,
            (Precision::Byte, _) => Format::Wide,
        }
    }

    /// Writes a row into place `at` of left panels; returns where its int8 sums start.
    pub(crate) fn pack_left(self, row: Row, at: usize, panels: &mut [u32]) -> Result<i32> {
        if let (Row::Byte(values), Format::Grouped) = (row, self.format()) {
            self.pack_groups(values, at, panels)?;
            return Ok(0);
        }
        self.pack(row, at, self.left_rows(), 0, panels)?;
        Ok(match (row, self.format()) {
            (Row::Byte(values), Format::Shifted) => {
                let sum: i32 = values.iter().map(|&value| i32::from(value)).sum();
                sum.wrapping_mul(-128)
            }
            _ => 0,
        })
    }

    /// Writes a row into place `at` of right panels.
    pub(crate) fn pack_right(self, row: Row, at: usize, panels: &mut [u32]) -> Result<()> {
        let flip = if self.format() == Format::Shifted {
            0x8080_8080
        } else {
            0
        };
        self.pack(row, at, self.right_rows(), flip, panels)
    }

    /// Writes a row into left panels whose words stand together in groups.
    fn pack_groups(self, values: &[i8], at: usize, panels: &mut [u32]) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let (rows, group) = (self.left_rows(), self.group());
        let panel = self.panel(rows, at, values.len(), panels)?;
        let groups = panel.chunks_exact_mut(rows * group);
        for (groups, values) in groups.zip(values.chunks(4 * group)) {
            let slots = &mut groups[at % rows * group..][..group];
            fill(slots.iter_mut(), values, |four: [i8; 4]| {
                u32::from_le_bytes(four.map(i8::cast_unsigned))
            });
        }
        Ok(())
    }

    /// The panel that holds place `at`.
    fn panel(
        self,
        panel_rows: usize,
        at: usize,
        features: usize,
        panels: &mut [u32],
    ) -> Result<&mut [u32]> {
        let length = panel_rows * self.depth(features);
        panels
            .chunks_exact_mut(length)
            .nth(at / panel_rows)
            .filter(|_| self.precision != Precision::Byte || features <= LONGEST_BYTES)
            .ok_or_else(|| refusal("packing", at, features))
    }

    fn pack(
        self,
        row: Row,
        at: usize,
        panel_rows: usize,
        flip: u32,
        panels: &mut [u32],
    ) -> Result<()> {
        let features = match row {
            Row::Single(values) => values.len(),
            Row::Half(values) => values.len(),
            Row::Byte(values) => values.len(),
        };
        if features == 0 {
            return Ok(());
        }
        let panel = self.panel(panel_rows, at, features, panels)?;
        let slots = panel.iter_mut().skip(at % panel_rows).step_by(panel_rows);
        match (row, self.format()) {
            (Row::Single(values), Format::Single) => {
                slots
                    .zip(values)
                    .for_each(|(slot, value)| *slot = value.to_bits());
            }
            (Row::Half(values), Format::Half) => fill(slots, values, |pair: [u16; 2]| {
                u32::from(pair[0]) | u32::from(pair[1]) << 16
            }),
            (Row::Byte(values), Format::Shifted | Format::Signed | Format::Grouped) => {
                fill(slots, values, |four: [i8; 4]| {
                    u32::from_le_bytes(four.map(i8::cast_unsigned)) ^ flip
                });
            }
            (Row::Byte(values), Format::Wide) => fill(slots, values, |pair: [i8; 2]| {
                let [low, high] = pair.map(|value| u32::from(i16::from(value).cast_unsigned()));
                low | high << 16
            }),
            _ => return Err(refusal("packing another precision", at, features)),
        }
        Ok(())
    }

    /// Multiplies a left panel by a right panel of `depth` words a row and tests the products.
    /// Returns whether any pair survived; only then does `out` mean anything.
    #[inline]
    pub(crate) fn micro(
        self,
        left: &[u32],
        right: &[u32],
        depth: usize,
        test: &Test,
        out: &mut Tile,
    ) -> Result<bool> {
        let (rows, columns) = (self.left_rows(), self.right_rows());
        let integers = self.precision == Precision::Byte;
        // Depths that could overflow the products do not fit any slice either.
        if left.len() / rows < depth
            || right.len() / columns < depth
            || !depth.is_multiple_of(self.group())
            || !test.fits(rows, columns, integers)
        {
            return Err(refusal("a tile", left.len().min(right.len()), depth));
        }
        Ok(self.run(left, right, depth, test, out))
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[allow(unsafe_code)]
    fn run(self, left: &[u32], right: &[u32], depth: usize, test: &Test, out: &mut Tile) -> bool {
        use super::{amx, avx2, avx512};
        let (a, b, t) = (left.as_ptr(), right.as_ptr(), &test.addresses());
        match (self.precision, self.isa) {
            // SAFETY: for all. A `Kernel` of this isa exists only where `present` has found
            // the instructions. `micro` has checked that the panels hold `depth` words for each
            // row of the tile, whole groups of them, and that every array of the test covers the
            // tile; `Tile` is made for the largest one.
            (Precision::Byte, Isa::Amx) => unsafe { amx::byte(a, b, depth, t, out) },
            (Precision::Byte, Isa::Avx512Vnni) => unsafe { avx512::byte(a, b, depth, t, out) },
            (Precision::Half, Isa::Avx512Bf16) => unsafe { avx512::half(a, b, depth, t, out) },
            (Precision::Single, Isa::Avx512) => unsafe { avx512::single(a, b, depth, t, out) },
            (Precision::Byte, Isa::AvxVnni) => unsafe { avx2::vnni(a, b, depth, t, out) },
            // SAFETY: as above.
            (Precision::Byte, Isa::Avx2) => unsafe { avx2::wide(a, b, depth, t, out) },
            (Precision::Single, Isa::Avx2) => unsafe { avx2::single(a, b, depth, t, out) },
            _ => portable::micro(self, left, right, depth, test, out),
        }
    }

    #[cfg(target_arch = "aarch64")]
    #[inline]
    #[allow(unsafe_code)]
    fn run(self, left: &[u32], right: &[u32], depth: usize, test: &Test, out: &mut Tile) -> bool {
        use super::neon;
        let (a, b, t) = (left.as_ptr(), right.as_ptr(), &test.addresses());
        match (self.precision, self.isa) {
            // SAFETY: for both. A `Kernel` of this isa exists only where `present` has found the
            // instructions. `micro` has checked that the panels hold `depth` words for each row of
            // the tile and that every array of the test covers the tile.
            (Precision::Byte, Isa::NeonDot) => unsafe { neon::byte(a, b, depth, t, out) },
            (Precision::Single, Isa::Neon) => unsafe { neon::single(a, b, depth, t, out) },
            _ => portable::micro(self, left, right, depth, test, out),
        }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn run(self, left: &[u32], right: &[u32], depth: usize, test: &Test, out: &mut Tile) -> bool {
        portable::micro(self, left, right, depth, test, out)
    }
}

/// Fills words from groups of N values, the last padded with zeros.
fn fill<'a, T: Copy + Default, const N: usize>(
    slots: impl Iterator<Item = &'a mut u32>,
    values: &[T],
    word: impl Fn([T; N]) -> u32,
) {
    let (full, rest) = values.as_chunks::<N>();
    let mut last = [T::default(); N];
    last[..rest.len()].copy_from_slice(rest);
    let groups = full.iter().chain((!rest.is_empty()).then_some(&last));
    for (slot, group) in slots.zip(groups) {
        *slot = word(*group);
    }
}

#[cold]
pub(super) fn refusal(what: &str, at: usize, length: usize) -> Error {
    Error::Internal(format!("{what}: {at} does not fit with {length}"))
}
