//! Tiles of 12 × 32 in 24 of the 32 registers of AVX-512.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512, __m512bh, _CMP_GE_OQ, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_cvtepi32_ps,
    _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fmsub_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};
use std::mem::transmute;

use super::tile::{Addresses, Tile};

const ROWS: usize = 12;
const LANES: usize = 16;
const COLUMNS: usize = 2 * LANES;

/// f32 products.
///
/// # Safety
///
/// The processor has AVX-512 F. `left` and `right` point to `depth` × 12 and `depth` × 32 words,
/// the addresses of `test` to 12 values for rows and 32 for columns.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn single(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS).cast::<f32>();
            let (b0, b1) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(LANES)));
            let a = left.add(k * ROWS).cast::<f32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = _mm512_set1_ps(*a.add(r));
                sum[0] = _mm512_fmadd_ps(x, b0, sum[0]);
                sum[1] = _mm512_fmadd_ps(x, b1, sum[1]);
            }
        }
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&sums, test, out) }
}

/// Products of pairs of bfloat16, summed in f32.
///
/// # Safety
///
/// As [`single`], and the processor has AVX512-BF16.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn half(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for; a
        // register of words and one of pairs of bfloat16 are the same 64 bytes.
        unsafe {
            let b = right.add(k * COLUMNS);
            let b0: __m512bh = transmute(_mm512_loadu_si512(b.cast()));
            let b1: __m512bh = transmute(_mm512_loadu_si512(b.add(LANES).cast()));
            let a = left.add(k * ROWS).cast::<i32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x: __m512bh = transmute(_mm512_set1_epi32(*a.add(r)));
                sum[0] = _mm512_dpbf16_ps(sum[0], b0, x);
                sum[1] = _mm512_dpbf16_ps(sum[1], b1, x);
            }
        }
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&sums, test, out) }
}

/// Integer products of signed bytes on the left and unsigned bytes on the right.
///
/// # Safety
///
/// As [`single`], and the processor has AVX512-VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn byte(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
    for (r, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for as many values as there are rows.
        *sum = unsafe { [_mm512_set1_epi32(*test.initial.add(r)); 2] };
    }
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS);
            let b0 = _mm512_loadu_si512(b.cast());
            let b1 = _mm512_loadu_si512(b.add(LANES).cast());
            let a = left.add(k * ROWS).cast::<i32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = _mm512_set1_epi32(*a.add(r));
                sum[0] = _mm512_dpbusd_epi32(sum[0], b0, x);
                sum[1] = _mm512_dpbusd_epi32(sum[1], b1, x);
            }
        }
    }
    let mut products = [[_mm512_setzero_ps(); 2]; ROWS];
    for (product, sum) in products.iter_mut().zip(&sums) {
        *product = [_mm512_cvtepi32_ps(sum[0]), _mm512_cvtepi32_ps(sum[1])];
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&products, test, out) }
}

/// Tests the products; see `tile`.
///
/// # Safety
///
/// The processor has AVX-512 F; `test` points to 12 values for rows and 32 for columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn finish(sums: &[[__m512; 2]; ROWS], test: &Addresses, out: &mut Tile) -> bool {
    let mut any = 0;
    // Stored whether or not anything survives: the stores cost less than a second pass.
    let values = out.values.as_mut_ptr();
    // SAFETY: v < 2 and r < 12, so every address is one that the caller vouches for, and the
    // values of the tile are 12 × 32.
    unsafe {
        let (scale, term) = (test.column_scale, test.column_term);
        let scales = [_mm512_loadu_ps(scale), _mm512_loadu_ps(scale.add(LANES))];
        let terms = [_mm512_loadu_ps(term), _mm512_loadu_ps(term.add(LANES))];
        let limit = test.column_threshold;
        let limits = [_mm512_loadu_ps(limit), _mm512_loadu_ps(limit.add(LANES))];
        // Written out, since the compiler keeps a loop, and with it the sums in memory.
        macro_rules! rows {
            ($($r:literal)*) => {$({
                let row_scale = _mm512_set1_ps(*test.row_scale.add($r));
                let row_limit = _mm512_set1_ps(*test.row_threshold.add($r));
                let row_term = _mm512_set1_ps(*test.row_term.add($r));
                let mut mask = 0u32;
                for v in 0..2 {
                    let scaled = _mm512_mul_ps(sums[$r][v], scales[v]);
                    let w = _mm512_fmsub_ps(scaled, row_scale, terms[v]);
                    let sum = _mm512_add_ps(w, _mm512_max_ps(limits[v], row_limit));
                    let passed = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(sum, row_term);
                    mask |= u32::from(passed) << (v * LANES);
                    _mm512_storeu_ps(values.add($r * COLUMNS + v * LANES), w);
                }
                out.masks[$r] = mask;
                any |= mask;
            })*};
        }
        rows!(0 1 2 3 4 5 6 7 8 9 10 11);
    }
    any != 0
}
