//! Tiles of 32 × 32 int8 products by AMX: two by two accumulators of 16 × 16 int32.
//!
//! The tile registers exist only between [`Tiles::new`], which tells the processor their shape,
//! and its end, which clears them, so that a thread that is put aside meanwhile costs no more than
//! others. One assembly block makes one product and leaves it in memory; no tile register lives
//! from one block to the next, only their shape does.
#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::{
    __cpuid_count, __m512, _CMP_GE_OQ, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_cvtepi32_ps,
    _mm512_fmsub_ps, _mm512_load_si512, _mm512_loadu_ps, _mm512_max_ps, _mm512_mul_ps,
    _mm512_set1_ps, _mm512_storeu_ps, _xgetbv, CpuidResult,
};
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::strip::{Survivor, Survivors};
use super::tile::{Addresses, Tile};

/// Rows of a left panel, and of a right one.
const SIDE: usize = 32;
/// Words of a row that a tile register takes.
const GROUP: usize = 16;
const LANES: usize = 16;

/// Sums of one pair of panels.
#[repr(C, align(64))]
struct Sums([i32; SIDE * SIDE]);

/// What `ldtilecfg` reads: palette 1, eight registers of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Shape {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPE: Shape = Shape {
    palette: 1,
    start: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Whether the processor has AMX for bytes and the kernel of the system lets this process use it:
/// asked once.
pub(super) fn present() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| in_the_processor() && granted())
}

fn in_the_processor() -> bool {
    const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
    const OSXSAVE: u32 = 1 << 27;
    /// State of the tiles' shape and of the tiles, beside that of AVX-512.
    const SAVED: u64 = 1 << 17 | 1 << 18;
    if asked(0, 0).eax < 0x1d || asked(1, 0).ecx & OSXSAVE == 0 {
        return false;
    }
    // SAFETY: OSXSAVE says that the instruction exists and may be used.
    let saved = unsafe { state_that_is_saved() };
    if asked(7, 0).edx & TILE_AND_INT8 != TILE_AND_INT8 || saved & SAVED != SAVED {
        return false;
    }
    // Palette 1: bytes a tile, bytes a row and tiles, rows.
    let palette = asked(0x1d, 1);
    asked(0x1d, 0).eax >= 1
        && palette.eax >> 16 == 1024
        && palette.ebx == 8 << 16 | 64
        && palette.ecx & 0xffff == 16
}

/// What the processor says of itself.
#[allow(unused_unsafe)] // newer compilers call it safe
fn asked(leaf: u32, part: u32) -> CpuidResult {
    // SAFETY: every x86-64 processor has the instruction.
    unsafe { __cpuid_count(leaf, part) }
}

/// XCR0.
///
/// # Safety
///
/// The processor has `xgetbv`, and the system allows it.
#[target_feature(enable = "xsave")]
unsafe fn state_that_is_saved() -> u64 {
    // SAFETY: register 0 exists wherever the instruction does.
    unsafe { _xgetbv(0) }
}

/// Asks Linux to save the tiles of this process; other systems are not asked.
#[cfg(target_os = "linux")]
fn granted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const TILES: libc::c_ulong = 18;
    // SAFETY: the call takes two numbers and touches no memory of ours. A system that does not
    // know it, or does not want to, returns an error.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILES) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn granted() -> bool {
    false
}

/// Tile registers in shape. It belongs to its thread.
struct Tiles(PhantomData<*const ()>);

impl Tiles {
    /// # Safety
    ///
    /// [`present`], and no other `Tiles` lives on this thread.
    unsafe fn new() -> Self {
        // SAFETY: the processor has the instruction, and `SHAPE` is 64 bytes that it accepts.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const SHAPE, options(nostack, preserves_flags));
        }
        Self(PhantomData)
    }

    /// All products of two panels.
    ///
    /// # Safety
    ///
    /// `left` and `right` point to 32 × `depth` words; `depth` is a multiple of 16.
    #[inline]
    #[allow(clippy::unused_self)] // it says that the registers are in shape
    unsafe fn multiply(&self, left: *const u32, right: *const u32, depth: usize, out: &mut Sums) {
        // SAFETY: each of the depth / 16 rounds reads 32 rows of 64 bytes at `left` and 16 rows of
        // 128 bytes at `right`, which is what the caller vouches for; the four stores fill the
        // 32 × 32 sums. Self has brought the registers into shape, and all of them are named.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "test {rounds}, {rounds}",
                "jz 3f",
                "2:",
                "tileloadd tmm4, [{left} + {narrow}]",
                "tileloadd tmm6, [{right} + {wide}]",
                "tileloadd tmm5, [{left} + {narrow} + 1024]",
                "tileloadd tmm7, [{right} + {wide} + 64]",
                "tdpbssd tmm0, tmm4, tmm6",
                "tdpbssd tmm2, tmm5, tmm6",
                "tdpbssd tmm1, tmm4, tmm7",
                "tdpbssd tmm3, tmm5, tmm7",
                "add {left}, 2048",
                "add {right}, 2048",
                "dec {rounds}",
                "jnz 2b",
                "3:",
                "tilestored [{out} + {wide}], tmm0",
                "tilestored [{out} + {wide} + 64], tmm1",
                "tilestored [{out} + {wide} + 2048], tmm2",
                "tilestored [{out} + {wide} + 2112], tmm3",
                left = inout(reg) left => _,
                right = inout(reg) right => _,
                rounds = inout(reg) depth / GROUP => _,
                narrow = in(reg) 64usize,
                wide = in(reg) 128usize,
                out = in(reg) out.0.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the processor has the instruction, since there is a Self.
        unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
    }
}

/// Integer products of signed bytes.
///
/// # Safety
///
/// [`present`], and the processor has AVX-512 F. `left` and `right` point to `depth` × 32 words,
/// `depth` a multiple of 16, the addresses of `test` to 32 values each.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn byte(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = Sums([0; SIDE * SIDE]);
    {
        // SAFETY: nothing else here makes tiles, and nothing that is called does.
        let tiles = unsafe { Tiles::new() };
        // SAFETY: what the caller vouches for.
        unsafe { tiles.multiply(left, right, depth, &mut sums) };
    }
    let values = out.values.as_mut_ptr();
    let mut any = 0;
    // SAFETY: what the caller vouches for; the values of the tile are 32 × 32.
    unsafe {
        let columns = Columns::new(test, test.column_term);
        for row in 0..SIDE {
            let (w, mask) = columns.row(&sums, test, row, row);
            _mm512_storeu_ps(values.add(row * SIDE), w[0]);
            _mm512_storeu_ps(values.add(row * SIDE + LANES), w[1]);
            out.masks[row] = mask;
            any |= mask;
        }
    }
    any != 0
}

/// The same for left panels one after another, up to the first whose survivors may not fit;
/// returns how many that are. The product of a panel is begun before that of the panel before it
/// is tested, so that both go on at once.
///
/// # Safety
///
/// As [`byte`], but `left` points to `panels` panels, the addresses of `test` for rows to 32 values
/// a panel, and the column terms of panel p start `stride` · p further.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn strip(
    (left, panels): (*const u32, usize),
    (right, first): (*const u32, (usize, usize)),
    depth: usize,
    (test, stride): (&Addresses, usize),
    survivors: &mut Survivors,
) -> usize {
    let mut sums = [const { Sums([0; SIDE * SIDE]) }; 2];
    // SAFETY: nothing else here makes tiles, and nothing that is called does.
    let tiles = unsafe { Tiles::new() };
    for panel in 0..=panels {
        if panel < panels {
            // SAFETY: the panel is one of those that the caller vouches for.
            unsafe {
                let from = left.add(panel * SIDE * depth);
                tiles.multiply(from, right, depth, &mut sums[panel % 2]);
            }
        }
        let Some(tested) = panel.checked_sub(1) else {
            continue;
        };
        if survivors.room() < SIDE * SIDE {
            return tested;
        }
        // SAFETY: as above; the terms of the panel's columns are where the caller says.
        unsafe {
            let columns = Columns::new(test, test.column_term.add(tested * stride));
            columns.test(&sums[tested % 2], test, tested * SIDE, first, survivors);
        }
    }
    panels
}

/// What a tile is tested against, as far as it belongs to its columns.
struct Columns {
    scales: [__m512; 2],
    terms: [__m512; 2],
    limits: [__m512; 2],
}

impl Columns {
    /// # Safety
    ///
    /// The processor has AVX-512 F; `term` and the other addresses point to 32 values.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn new(test: &Addresses, term: *const f32) -> Self {
        // SAFETY: what the caller vouches for.
        unsafe {
            let two = |from: *const f32| [_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(LANES))];
            Self {
                scales: two(test.column_scale),
                terms: two(term),
                limits: two(test.column_threshold),
            }
        }
    }

    /// One row of the tile: wᵢⱼ, and who survives; see `tile`. The row's facts are those at `at`.
    ///
    /// # Safety
    ///
    /// As [`Self::new`]; the addresses for rows point to more than `at` values, and row < 32.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn row(
        &self,
        sums: &Sums,
        test: &Addresses,
        row: usize,
        at: usize,
    ) -> ([__m512; 2], u32) {
        // SAFETY: what the caller vouches for.
        unsafe {
            let row_scale = _mm512_set1_ps(*test.row_scale.add(at));
            let row_limit = _mm512_set1_ps(*test.row_threshold.add(at));
            let row_term = _mm512_set1_ps(*test.row_term.add(at));
            let one = |half: usize| {
                let sum = sums.0.as_ptr().add(row * SIDE + half * LANES);
                let product = _mm512_cvtepi32_ps(_mm512_load_si512(sum.cast()));
                let scaled = _mm512_mul_ps(product, self.scales[half]);
                let w = _mm512_fmsub_ps(scaled, row_scale, self.terms[half]);
                let sum = _mm512_add_ps(w, _mm512_max_ps(self.limits[half], row_limit));
                (w, _mm512_cmp_ps_mask::<_CMP_GE_OQ>(sum, row_term))
            };
            let ((first, low), (second, high)) = (one(0), one(1));
            ([first, second], u32::from(low) | u32::from(high) << LANES)
        }
    }

    /// Tests a tile whose first row is row `start` of the strip; see `Strip` for `first`.
    ///
    /// # Safety
    ///
    /// As [`Self::row`], for 32 rows from `start` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn test(
        &self,
        sums: &Sums,
        test: &Addresses,
        start: usize,
        first: (usize, usize),
        out: &mut Survivors,
    ) {
        let mut masks = [0; SIDE];
        let mut rows = 0u32;
        for (row, slot) in masks.iter_mut().enumerate() {
            // SAFETY: what the caller vouches for.
            *slot = unsafe { self.row(sums, test, row, start + row).1 };
            rows |= u32::from(*slot != 0) << row;
        }
        let mut values = [0f32; SIDE];
        while rows != 0 {
            let row = rows.trailing_zeros() as usize;
            rows &= rows - 1;
            // Survivors are rare: their values are computed again rather than all of them kept.
            // SAFETY: what the caller vouches for; the values are 32.
            unsafe {
                let (w, _) = self.row(sums, test, row, start + row);
                _mm512_storeu_ps(values.as_mut_ptr(), w[0]);
                _mm512_storeu_ps(values.as_mut_ptr().add(LANES), w[1]);
            }
            let mut mask = masks[row];
            while mask != 0 {
                let column = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                out.push(Survivor {
                    row: (first.0 + start + row) as u16,
                    column: (first.1 + column) as u16,
                    value: values[column],
                });
            }
        }
    }
}
