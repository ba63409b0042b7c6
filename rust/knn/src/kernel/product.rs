//! The dense product of two packed blocks, by the `gemm` crate.
//!
//! It is only ever used to *estimate*: it may sum in any order and fuse as it likes, since the
//! bound of `exact::certify` holds for every order of summation.
#![allow(unsafe_code)]

use layerscope_core::{Error, Result};

/// out ← factor · left · rightᵀ, or out + that: blocks of rows that lie one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a> {
    /// `left_rows × features`.
    pub left: &'a [f64],
    /// `right_rows × features`.
    pub right: &'a [f64],
    /// Rows of the result.
    pub left_rows: usize,
    /// Columns of the result.
    pub right_rows: usize,
    /// Length of the rows.
    pub features: usize,
    /// A power of two, so that it does not round.
    pub factor: f64,
    /// Add to what `out` holds.
    pub accumulate: bool,
}

impl Product<'_> {
    fn check(&self, out: &[f64]) -> Result<()> {
        let fits = self.left_rows.checked_mul(self.features) == Some(self.left.len())
            && self.right_rows.checked_mul(self.features) == Some(self.right.len())
            && self.left_rows.checked_mul(self.right_rows) == Some(out.len())
            && self.left.len().max(self.right.len()).max(out.len()) <= isize::MAX as usize / 8;
        if fits {
            Ok(())
        } else {
            Err(Error::Internal(format!(
                "a product of {} x {} rows of {} got {}, {} and {} values",
                self.left_rows,
                self.right_rows,
                self.features,
                self.left.len(),
                self.right.len(),
                out.len()
            )))
        }
    }
}

/// Multiplies on the calling thread by the definition: the safe twin of [`multiply`].
pub(crate) fn multiply_plainly(product: &Product, out: &mut [f64]) -> Result<()> {
    product.check(out)?;
    let d = product.features;
    for i in 0..product.left_rows {
        let x = &product.left[i * d..][..d];
        for j in 0..product.right_rows {
            let y = &product.right[j * d..][..d];
            let sum: f64 = x.iter().zip(y).map(|(a, b)| a * b).sum();
            let slot = &mut out[i * product.right_rows + j];
            *slot = product.factor * sum + if product.accumulate { *slot } else { 0.0 };
        }
    }
    Ok(())
}

/// Multiplies on the calling thread.
pub(crate) fn multiply(product: &Product, out: &mut [f64]) -> Result<()> {
    product.check(out)?;
    let stride = product.features.cast_signed();
    // SAFETY: `check` has made sure that the three slices are exactly the row-major matrices
    // described by the shapes and strides passed here, so every address that gemm forms lies
    // inside one of them; `out` is borrowed mutably and the others are shared, so they do not
    // overlap. When `accumulate` is false gemm does not read `out`, which is initialised anyway.
    unsafe {
        gemm::gemm(
            product.left_rows,
            product.right_rows,
            product.features,
            out.as_mut_ptr(),
            1,
            product.right_rows.cast_signed(),
            product.accumulate,
            product.left.as_ptr(),
            1,
            stride,
            product.right.as_ptr(),
            stride,
            1,
            1.0,
            product.factor,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_agrees_with_its_safe_twin() {
        // Small integers: every order of summation gives the same bits.
        let value = |seed: usize, i: usize| ((i * 37 + seed * 101) % 17) as f64 - 8.0;
        for (m, n, d) in [
            (1, 1, 1),
            (3, 5, 2),
            (16, 16, 64),
            (33, 7, 130),
            (70, 65, 3),
            (2, 300, 9),
            (1, 40, 600),
        ] {
            let left: Vec<f64> = (0..m * d).map(|i| value(1, i)).collect();
            let right: Vec<f64> = (0..n * d).map(|i| value(2, i)).collect();
            for (factor, accumulate) in [(-2.0, false), (-1.0, true)] {
                let product = Product {
                    left: &left,
                    right: &right,
                    left_rows: m,
                    right_rows: n,
                    features: d,
                    factor,
                    accumulate,
                };
                let mut fast = vec![3.0; m * n];
                let mut plain = fast.clone();
                multiply(&product, &mut fast).unwrap();
                multiply_plainly(&product, &mut plain).unwrap();
                assert_eq!(fast, plain, "{m} {n} {d}");
            }
        }
    }

    #[test]
    fn what_is_not_read_may_hold_anything() {
        let product = Product {
            left: &[1.0, 2.0],
            right: &[3.0, 4.0],
            left_rows: 1,
            right_rows: 1,
            features: 2,
            factor: 1.0,
            accumulate: false,
        };
        let mut out = [f64::NAN];
        multiply(&product, &mut out).unwrap();
        assert_eq!(out, [11.0]);
    }

    #[test]
    fn wrong_shapes_are_refused_before_any_address_is_formed() {
        let values = [1.0; 6];
        let good = Product {
            left: &values,
            right: &values,
            left_rows: 2,
            right_rows: 2,
            features: 3,
            factor: 1.0,
            accumulate: false,
        };
        assert!(multiply(&good, &mut [0.0; 3]).is_err());
        assert!(
            multiply(
                &Product {
                    left_rows: 3,
                    ..good
                },
                &mut [0.0; 6]
            )
            .is_err()
        );
        assert!(
            multiply(
                &Product {
                    right: &values[..5],
                    ..good
                },
                &mut [0.0; 4]
            )
            .is_err()
        );
        assert!(
            multiply(
                &Product {
                    left_rows: usize::MAX,
                    ..good
                },
                &mut [0.0; 4]
            )
            .is_err()
        );
    }
}
