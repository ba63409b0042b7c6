//! Tiles of 6 × 16 in 24 of the 32 registers of Arm's NEON.
#![allow(unsafe_code)]

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vaddvq_u32, vandq_u32, vcgeq_f32, vcvtq_f32_s32, vdupq_n_f32,
    vdupq_n_s32, vfmaq_n_f32, vld1q_f32, vld1q_s8, vld1q_u32, vmaxq_f32, vmulq_f32, vnegq_f32,
    vreinterpretq_s8_s32, vst1q_f32,
};
use std::arch::asm;

use super::tile::{Addresses, Tile};

const ROWS: usize = 6;
const LANES: usize = 4;
const VECTORS: usize = 4;
const COLUMNS: usize = VECTORS * LANES;

/// f32 products.
///
/// # Safety
///
/// `left` and `right` point to `depth` × 6 and `depth` × 16 words, the addresses of `test` to 6
/// values for rows and 16 for columns.
#[target_feature(enable = "neon")]
pub(super) unsafe fn single(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[vdupq_n_f32(0.0); VECTORS]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS).cast::<f32>();
            let a = left.add(k * ROWS).cast::<f32>();
            for v in 0..VECTORS {
                let b = vld1q_f32(b.add(v * LANES));
                for (r, row) in sums.iter_mut().enumerate() {
                    row[v] = vfmaq_n_f32(row[v], b, *a.add(r));
                }
            }
        }
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&sums, test, out) }
}

/// Integer products of signed bytes.
///
/// # Safety
///
/// As [`single`], and the processor has the dot product instructions.
#[target_feature(enable = "neon,dotprod")]
pub(super) unsafe fn byte(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[vdupq_n_s32(0); VECTORS]; ROWS];
    for (r, row) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for 6 values.
        *row = unsafe { [vdupq_n_s32(*test.initial.add(r)); VECTORS] };
    }
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for. The
        // instruction works on registers alone; it stands here by name because stable Rust does
        // not know its function yet.
        unsafe {
            let b = right.add(k * COLUMNS).cast::<i8>();
            let a = left.add(k * ROWS).cast::<i32>();
            for v in 0..VECTORS {
                let b = vld1q_s8(b.add(v * 4 * LANES));
                for (r, row) in sums.iter_mut().enumerate() {
                    let x = vreinterpretq_s8_s32(vdupq_n_s32(*a.add(r)));
                    asm!(
                        "sdot {sum:v}.4s, {b:v}.16b, {x:v}.16b",
                        sum = inout(vreg) row[v],
                        b = in(vreg) b,
                        x = in(vreg) x,
                        options(pure, nomem, nostack, preserves_flags),
                    );
                }
            }
        }
    }
    let mut products = [[vdupq_n_f32(0.0); VECTORS]; ROWS];
    for (product, sum) in products
        .as_flattened_mut()
        .iter_mut()
        .zip(sums.as_flattened())
    {
        *product = vcvtq_f32_s32(*sum);
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&products, test, out) }
}

/// Tests the products; see `tile`.
///
/// # Safety
///
/// `test` points to 6 values for rows and 16 for columns.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn finish(sums: [[float32x4_t; VECTORS]; ROWS], test: &Addresses, out: &mut Tile) -> bool {
    const BITS: [u32; LANES] = [1, 2, 4, 8];
    let mut any = 0;
    // Stored whether or not anything survives: the stores cost less than a second pass.
    let values = out.values.as_mut_ptr();
    // SAFETY: v < 4 and r < 6, so every address is one that the caller vouches for, and the
    // values of the tile are at least 6 × 16.
    unsafe {
        let bits = vld1q_u32(BITS.as_ptr());
        for (r, row) in sums.iter().enumerate() {
            let row_limit = vdupq_n_f32(*test.row_threshold.add(r));
            let row_term = vdupq_n_f32(*test.row_term.add(r));
            let mut mask = 0;
            for (v, &product) in row.iter().enumerate() {
                let at = v * LANES;
                let scaled = vmulq_f32(product, vld1q_f32(test.column_scale.add(at)));
                let minus_term = vnegq_f32(vld1q_f32(test.column_term.add(at)));
                let w = vfmaq_n_f32(minus_term, scaled, *test.row_scale.add(r));
                let most = vmaxq_f32(vld1q_f32(test.column_threshold.add(at)), row_limit);
                let passed = vcgeq_f32(vaddq_f32(w, most), row_term);
                mask |= vaddvq_u32(vandq_u32(passed, bits)) << at;
                vst1q_f32(values.add(r * COLUMNS + at), w);
            }
            out.masks[r] = mask;
            any |= mask;
        }
    }
    any != 0
}
