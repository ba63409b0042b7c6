//! What an estimate is worth: certain bounds on the key of a pair, from one product.
//!
//! Notation: u = 2⁻⁵³, γ(m) = mu/(1 − mu), L = `lanes::depth(d)`, tildes for what is packed, and
//! P for what `kernel::multiply` returns for the packed rows times −2 (Euclidean) or −1. A sum of
//! d products in *any* order, fused or not, is wrong by at most γ(d) Σ|terms|, by Cauchy and
//! Schwarz at most γ(d)|x̃||ỹ|. For every pair this module promises
//!
//! > l = (αᵢ + αⱼ) + P − νᵢνⱼ ≤ key ≤ l + 2(βᵢ + βⱼ) + 2νᵢνⱼ,
//!
//! where the key is the *computed* lane sum that defines the order, and l the computed left side.
//! The derivation, term by term, is docs/neighbours-proof.md; the sums it arrives at:
//!
//! - Euclidean, x̃ = fl(x − c), aᵢ = fl|x̃ᵢ|², αᵢ = aᵢ − βᵢ, ν = 0: product γ(d), norms γ(L + 1),
//!   centring 5u, lane sum 2γ(L + 3), the estimate itself 6u, all times |x̃ᵢ|² + |x̃ⱼ|²;
//!   so βᵢ = (d + 4L + 32) u aᵢ covers it.
//! - Angles, x̃ = fl(x/√xx): product γ(d), packing 2(L + 5)u, the definition of s (3L + 7)u, the
//!   estimate 2u; so ν² = (d + 5L + 40) u with α = 0 covers it. Zero rows have ν = 0.
//! - Inner product, x̃ = x: product γ(d), lane sum γ(L + 1), estimate 2u, times |x||y|;
//!   so νᵢ² = (d + L + 16) u |xᵢ|² covers it. A product of norms instead of a sum, since rows of
//!   very different length must not spoil each other's bounds.
//!
//! Terms of second order are covered by the factor 1.001 (d u < 2⁻²⁰ for any d that fits memory);
//! underflow of single terms by d·2⁻¹⁰⁶⁰, absolute.

use layerscope_core::{Result, Run, filled, with_capacity};

use crate::lanes;
use crate::metric::Metric;
use crate::rows::magnitude;
use crate::scale::power;

use super::side::Side;

/// α, β and ν of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bound {
    pub alpha: f64,
    pub beta: f64,
    pub nu: f64,
}

impl Bound {
    /// A key that the pair certainly reaches: l above, from its product.
    #[inline]
    pub(crate) fn lower(self, other: Self, product: f64) -> f64 {
        (self.alpha + other.alpha) + product - self.nu * other.nu
    }

    /// A key that the pair certainly does not exceed, from the lower bound l.
    #[inline]
    pub(crate) fn upper(self, other: Self, lower: f64) -> f64 {
        lower + 2.0 * (self.beta + other.beta) + 2.0 * self.nu * other.nu
    }
}

/// The bounds of all rows of one side.
pub(crate) fn bounds(run: &Run, side: &Side, centre: &[f64]) -> Result<Vec<Bound>> {
    let columns = side.rows.columns();
    let length = ((1 << 16) / columns).max(1);
    let pieces = run.map(side.len().div_ceil(length), |piece| {
        let mut buffer = filled(columns, 0.0)?;
        let rows = piece * length..((piece + 1) * length).min(side.len());
        Ok(rows
            .map(|row| {
                side.pack(row, 0..columns, centre, &mut buffer);
                of_packed(side.rows.metric(), &buffer)
            })
            .collect::<Vec<_>>())
    })?;
    let mut all = with_capacity(side.len())?;
    all.extend(pieces.into_iter().flatten());
    Ok(all)
}

fn of_packed(metric: Metric, packed: &[f64]) -> Bound {
    let (d, depth) = (packed.len() as f64, lanes::depth(packed.len()) as f64);
    let unit = power(-53) * 1.001;
    let underflow = d * power(-1060);
    match metric {
        Metric::Euclidean => {
            let square = lanes::product(packed, packed);
            let beta = (d + 4.0 * depth + 32.0) * unit * square + underflow;
            Bound {
                alpha: square - beta,
                beta,
                nu: 0.0,
            }
        }
        Metric::Cosine | Metric::Pearson => {
            let zero = packed.iter().all(|&value| value == 0.0);
            let nu = ((d + 5.0 * depth + 40.0) * unit).sqrt();
            Bound {
                alpha: -underflow,
                beta: underflow,
                nu: if zero { 0.0 } else { nu },
            }
        }
        Metric::InnerProduct => {
            let largest = magnitude(packed);
            // Squares of short rows vanish while their products with long rows do not, so their
            // length is taken from above, and never below what a product can still carry.
            let length = if largest < power(-400) {
                largest * d.sqrt() * 1.001
            } else {
                lanes::product(packed, packed).sqrt()
            };
            let nu = ((d + depth + 16.0) * unit).sqrt() * length;
            Bound {
                alpha: -underflow,
                beta: underflow,
                nu: nu.max(power(-990)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use layerscope_core::{Element, Interrupt, Matrix, Progress};
    use layerscope_testkit::knn_matrices::nasty;

    use super::*;
    use crate::kernel::{Product, multiply};
    use crate::rows::Rows;
    use crate::scale::Scale;

    /// Checks the promise for every pair; returns the largest width of a bound in relation to the
    /// largest key.
    fn check_all_pairs(name: &str, values: &[f64], n: usize, d: usize, metric: Metric) -> f64 {
        let (interrupt, progress) = (Interrupt::default(), Progress::default());
        let run = Run::new(NonZeroUsize::MIN, &interrupt, &progress);
        let matrix = Matrix::new("X", Element::F64(values), n, d).unwrap();
        let scale = if metric.is_angle() {
            Scale::NONE
        } else {
            Scale::bringing(magnitude(values))
        };
        let rows = Rows::new(&run, matrix, metric, scale).unwrap();
        let side = Side {
            rows: &rows,
            distinct: None,
            groups: None,
        };
        let centre = side.centre(&run).unwrap();
        let bounds = bounds(&run, &side, &centre).unwrap();
        let mut packed = vec![0.0; n * d];
        for (row, out) in packed.chunks_exact_mut(d).enumerate() {
            side.pack(row, 0..d, &centre, out);
        }
        let product = Product {
            left: &packed,
            right: &packed,
            left_rows: n,
            right_rows: n,
            features: d,
            factor: if metric == Metric::Euclidean {
                -2.0
            } else {
                -1.0
            },
            accumulate: false,
        };
        let mut products = vec![0.0; n * n];
        multiply(&product, &mut products).unwrap();
        let (mut x, mut y) = (vec![0.0; d], vec![0.0; d]);
        let (mut widest, mut largest) = (0.0f64, 0.0f64);
        for i in 0..n {
            rows.read(i, &mut x);
            for j in 0..n {
                rows.read(j, &mut y);
                let key = metric.key(&x, rows.root(i), &y, rows.root(j));
                let lower = bounds[i].lower(bounds[j], products[i * n + j]);
                let upper = bounds[i].upper(bounds[j], lower);
                assert!(
                    lower <= key && key <= upper,
                    "{name} {i} {j}: {lower:e} {key:e} {upper:e}"
                );
                widest = widest.max(upper - lower);
                largest = largest.max(key.abs());
            }
        }
        widest / largest
    }

    #[test]
    fn every_key_lies_between_its_bounds() {
        for (n, d) in [(12, 1), (20, 5), (15, 64), (10, 300)] {
            for (name, table) in nasty(n, d, 11) {
                for metric in Metric::ALL {
                    check_all_pairs(name, &table.values, n, d, metric);
                }
            }
        }
    }

    #[test]
    fn bounds_are_narrow_on_kind_input() {
        let (_, table) = nasty(30, 64, 11).swap_remove(0);
        for metric in Metric::ALL {
            assert!(check_all_pairs("gaussian", &table.values, 30, 64, metric) < 1e-12);
        }
    }
}
