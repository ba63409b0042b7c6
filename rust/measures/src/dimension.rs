//! Intrinsic dimension by two nearest neighbours (`TwoNN`).
//!
//! **Question.** How many directions does a layer's point cloud really use?
//!
//! **Formula.** μ = r₂ / r₁ follows a Pareto law with exponent d where the density is constant on
//! the scale of the second neighbour. With F(μ₍ᵢ₎) = i / N over the sorted ratios, d is the slope of
//! the line through the origin of −ln(1 − F) on ln μ, over the lower nine tenths of the rows.
//!
//! **Complexity.** O(n log n) after the neighbour search.
//!
//! **Needs.** Euclidean distances to two neighbours; at least three rows with r₁ > 0.
//!
//! **Edge cases.** Rows with r₁ = 0 (duplicates) are left out and counted. Fewer than three rows
//! left, or only ratios of 1 among the lower nine tenths (a lattice): NaN.
//!
//! **Determinism.** One sort and one pass in sorted order.
//!
//! **Reference.** Facco, d'Errico, Rodriguez and Laio, *Scientific Reports* 7, 12140 (2017).
//! The standard error d / √N is that of the Pareto law's maximum-likelihood estimate.

use layerscope_core::{Error, Result, Run, fit_line_through_origin, with_capacity};

/// Rows that a line needs.
const FEWEST_ROWS: usize = 3;

/// An intrinsic dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dimension {
    /// The dimension d; NaN where it cannot be told.
    pub value: f64,
    /// d / √N.
    pub standard_error: f64,
    /// Rows left out because r₁ = 0.
    pub n_excluded: usize,
    /// Rows that count, N.
    pub n_used: usize,
}

/// `TwoNN` from distances to the `k` ≥ 2 nearest neighbours of each row, row by row.
pub fn two_nn(distances: &[f64], k: usize, run: &Run) -> Result<Dimension> {
    if k < 2 || !distances.len().is_multiple_of(k) {
        return Err(Error::invalid(
            "distances",
            "must hold at least two neighbours per row",
            format!("{} entries, {k} per row", distances.len()),
        ));
    }
    run.check()?;
    let rows = distances.len() / k;
    let mut ratios: Vec<f64> = with_capacity(rows)?;
    for (row, near) in distances.chunks_exact(k).enumerate() {
        let (first, second) = (near[0], near[1]);
        if !(first >= 0.0 && second >= first && second.is_finite()) {
            return Err(Error::invalid(
                "distances",
                "must be finite, not negative and ascending",
                format!("{first}, {second} at row {row}"),
            ));
        }
        if first > 0.0 {
            ratios.push(second / first);
        }
    }
    run.check()?;
    ratios.sort_unstable_by(f64::total_cmp);
    let n_used = ratios.len();
    // ⌊0.9 N⌋ in integers, so that no rounding decides a row.
    let kept = n_used * 9 / 10;
    let value = if n_used < FEWEST_ROWS {
        f64::NAN
    } else {
        let x: Vec<f64> = ratios[..kept].iter().map(|ratio| ratio.ln()).collect();
        let y: Vec<f64> = (1..=kept)
            .map(|i| -(-(i as f64 / n_used as f64)).ln_1p())
            .collect();
        fit_line_through_origin(&x, &y).slope
    };
    Ok(Dimension {
        value,
        standard_error: value / (n_used as f64).sqrt(),
        n_excluded: rows - n_used,
        n_used,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Interrupt, Progress};
    use layerscope_testkit::dimension as twin;
    use proptest::prelude::*;

    use super::*;

    fn measure(distances: &[f64], k: usize) -> Result<Dimension> {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        two_nn(
            distances,
            k,
            &Run::new(NonZeroUsize::MIN, &interrupt, &progress),
        )
    }

    proptest! {
        #[test]
        fn equals_its_twin(near in prop::collection::vec((0.0..2.0f64, 1e-6..1.0f64), 3..60)) {
            let first: Vec<f64> = near.iter().map(|pair| (pair.0 - 0.2).max(0.0)).collect();
            let second: Vec<f64> = near.iter().zip(&first).map(|(pair, r)| r + pair.1).collect();
            let flat: Vec<f64> =
                first.iter().zip(&second).flat_map(|(&a, &b)| [a, b, 9.0]).collect();
            let got = measure(&flat, 3).unwrap();
            prop_assert_eq!(got.n_used + got.n_excluded, first.len());
            if got.n_used >= 3 {
                let expected = twin::two_nn(&first, &second);
                prop_assert!((got.value - expected).abs() <= 1e-9 * expected.abs());
            } else {
                prop_assert!(got.value.is_nan());
            }
        }
    }

    #[test]
    fn exact_pareto_ratios_give_their_exponent() {
        // Quantiles of the law with d = 3: every point lies on the line.
        let n = 50;
        let flat: Vec<f64> = (1..=n)
            .flat_map(|i| {
                [
                    1.0,
                    (1.0 - f64::from(i.min(n - 1)) / f64::from(n)).powf(-1.0 / 3.0),
                ]
            })
            .collect();
        assert!((measure(&flat, 2).unwrap().value - 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_told_is_nan() {
        assert!(
            measure(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 2)
                .unwrap()
                .value
                .is_nan()
        );
        let few = measure(&[0.0, 1.0, 1.0, 2.0, 1.0, 2.0], 2).unwrap();
        assert!(few.value.is_nan());
        assert_eq!((few.n_excluded, few.n_used), (1, 2));
        assert!(measure(&[], 2).unwrap().value.is_nan());
    }

    #[test]
    fn distances_out_of_order_are_refused() {
        assert!(measure(&[2.0, 1.0], 2).is_err());
        assert!(measure(&[1.0, f64::INFINITY], 2).is_err());
        assert!(measure(&[1.0], 1).is_err());
    }
}
