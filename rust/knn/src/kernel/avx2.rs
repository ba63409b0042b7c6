//! Tiles of 6 × 16 in 12 of the 16 registers of AVX2.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256, _CMP_GE_OQ, _mm256_add_epi32, _mm256_add_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps,
    _mm256_dpbusd_avx_epi32, _mm256_fmadd_ps, _mm256_fmsub_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_max_ps, _mm256_movemask_ps, _mm256_mul_ps, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps,
};

use super::tile::{Addresses, Tile};

const ROWS: usize = 6;
const LANES: usize = 8;
const COLUMNS: usize = 2 * LANES;

/// f32 products.
///
/// # Safety
///
/// The processor has AVX2 and FMA. `left` and `right` point to `depth` × 6 and `depth` × 16 words,
/// the addresses of `test` to 6 values for rows and 16 for columns.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn single(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS).cast::<f32>();
            let (b0, b1) = (_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(LANES)));
            let a = left.add(k * ROWS).cast::<f32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = _mm256_set1_ps(*a.add(r));
                sum[0] = _mm256_fmadd_ps(x, b0, sum[0]);
                sum[1] = _mm256_fmadd_ps(x, b1, sum[1]);
            }
        }
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&sums, test, out) }
}

/// Integer products of signed bytes that were widened to 16 bits.
///
/// # Safety
///
/// As [`single`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn wide(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (r, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for as many values as there are rows.
        *sum = unsafe { [_mm256_set1_epi32(*test.initial.add(r)); 2] };
    }
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS);
            let b0 = _mm256_loadu_si256(b.cast());
            let b1 = _mm256_loadu_si256(b.add(LANES).cast());
            let a = left.add(k * ROWS).cast::<i32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = _mm256_set1_epi32(*a.add(r));
                sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(b0, x));
                sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(b1, x));
            }
        }
    }
    let mut products = [[_mm256_setzero_ps(); 2]; ROWS];
    for (product, sum) in products.iter_mut().zip(&sums) {
        *product = [_mm256_cvtepi32_ps(sum[0]), _mm256_cvtepi32_ps(sum[1])];
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&products, test, out) }
}

/// Integer products of signed bytes on the left and unsigned bytes on the right.
///
/// # Safety
///
/// As [`single`], and the processor has AVX-VNNI.
#[target_feature(enable = "avx2,fma,avxvnni")]
pub(super) unsafe fn vnni(
    left: *const u32,
    right: *const u32,
    depth: usize,
    test: &Addresses,
    out: &mut Tile,
) -> bool {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (r, sum) in sums.iter_mut().enumerate() {
        // SAFETY: the caller vouches for as many values as there are rows.
        *sum = unsafe { [_mm256_set1_epi32(*test.initial.add(r)); 2] };
    }
    for k in 0..depth {
        // SAFETY: k < depth, so all addresses lie in the panels that the caller vouches for.
        unsafe {
            let b = right.add(k * COLUMNS);
            let b0 = _mm256_loadu_si256(b.cast());
            let b1 = _mm256_loadu_si256(b.add(LANES).cast());
            let a = left.add(k * ROWS).cast::<i32>();
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = _mm256_set1_epi32(*a.add(r));
                sum[0] = _mm256_dpbusd_avx_epi32(sum[0], b0, x);
                sum[1] = _mm256_dpbusd_avx_epi32(sum[1], b1, x);
            }
        }
    }
    let mut products = [[_mm256_setzero_ps(); 2]; ROWS];
    for (product, sum) in products.iter_mut().zip(&sums) {
        *product = [_mm256_cvtepi32_ps(sum[0]), _mm256_cvtepi32_ps(sum[1])];
    }
    // SAFETY: what `finish` asks for is what this function asks for.
    unsafe { finish(&products, test, out) }
}

/// Tests the products; see `tile`.
///
/// # Safety
///
/// The processor has AVX2 and FMA; `test` points to 6 values for rows and 16 for columns.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn finish(sums: &[[__m256; 2]; ROWS], test: &Addresses, out: &mut Tile) -> bool {
    let mut any = 0;
    // Stored whether or not anything survives: the stores cost less than a second pass.
    let values = out.values.as_mut_ptr();
    // SAFETY: v < 2 and r < 6, so every address is one that the caller vouches for, and the
    // values of the tile are at least 6 × 16.
    unsafe {
        for (r, sum) in sums.iter().enumerate() {
            let row_scale = _mm256_set1_ps(*test.row_scale.add(r));
            let row_limit = _mm256_set1_ps(*test.row_threshold.add(r));
            let row_term = _mm256_set1_ps(*test.row_term.add(r));
            let mut mask = 0;
            for (v, &product) in sum.iter().enumerate() {
                let at = v * LANES;
                let scaled = _mm256_mul_ps(product, _mm256_loadu_ps(test.column_scale.add(at)));
                let w =
                    _mm256_fmsub_ps(scaled, row_scale, _mm256_loadu_ps(test.column_term.add(at)));
                let most = _mm256_max_ps(_mm256_loadu_ps(test.column_threshold.add(at)), row_limit);
                let passed = _mm256_cmp_ps::<_CMP_GE_OQ>(_mm256_add_ps(w, most), row_term);
                mask |= _mm256_movemask_ps(passed).cast_unsigned() << at;
                _mm256_storeu_ps(values.add(r * COLUMNS + at), w);
            }
            out.masks[r] = mask;
            any |= mask;
        }
    }
    any != 0
}
