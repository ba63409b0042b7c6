//! The sums that define the order of neighbours, to the last bit.
//!
//! Eight accumulators start at zero; feature j goes into lane j mod 8, in the order of j; each
//! term is multiplied first and added then, never fused; at the end the lanes are summed as
//! ((0+4)+(2+6)) + ((1+5)+(3+7)). Eight lanes are one register of the widest processors and two or
//! four of the others, so the same bits come fast everywhere.
//!
//! Error, used by `exact::certify`: a lane takes ⌈d/8⌉ terms and the final sum three additions, so
//! a lane sum of terms tⱼ differs from the exact sum by at most γ(⌈d/8⌉ + 3) Σ|tⱼ|.

use layerscope_core::widest;

const LANES: usize = 8;

/// Additions that one term passes through at most.
pub(crate) fn depth(features: usize) -> usize {
    features.div_ceil(LANES) + 3
}

/// Σ xⱼyⱼ.
pub(crate) fn product(x: &[f64], y: &[f64]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| a * b),
    )
}

/// Σ (xⱼ − yⱼ)².
pub(crate) fn squared_distance(x: &[f64], y: &[f64]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| (a - b) * (a - b)),
    )
}

/// Σ (xⱼ − yⱼ)², y widened on the way: the same bits as for the widened row.
pub(crate) fn squared_distance_to_single(x: &[f64], y: &[f32]) -> f64 {
    widest(
        #[inline(always)]
        || over_pairs(x, y, |a, b| (a - f64::from(b)) * (a - f64::from(b))),
    )
}

/// Σ xⱼ.
pub(crate) fn sum(x: &[f64]) -> f64 {
    over_pairs(x, x, |a, _| a)
}

// Inlined always, so that the loop is compiled with the instructions that `dispatch` found.
#[allow(clippy::inline_always)]
#[inline(always)]
fn over_pairs<T: Copy>(x: &[f64], y: &[T], term: impl Fn(f64, T) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (full_x, rest_x) = x.as_chunks::<LANES>();
    let (full_y, rest_y) = y.as_chunks::<LANES>();
    for (a, b) in full_x.iter().zip(full_y) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(rest_x).zip(rest_y) {
        *lane += term(a, b);
    }
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
        + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_go_to_lanes_in_turn() {
        // 2^53 swallows a single 1, so the answer shows which additions met.
        let big = 2f64.powi(53);
        let mut x = vec![0.0; 13];
        x[0] = big;
        x[8] = 1.0; // the same lane as feature 0: lost
        x[4] = 0.0;
        x[12] = 1.0; // lane 4, added to lane 0: lost again
        assert_eq!(sum(&x), big);
        x[12] = 0.0;
        x[2] = 1.0;
        x[6] = 1.0; // lanes 2 and 6 meet first: 2 is seen
        assert_eq!(sum(&x), big + 2.0);
    }

    #[test]
    fn products_and_differences() {
        let x: Vec<f64> = (0..19).map(f64::from).collect();
        let y: Vec<f64> = (0..19).map(|j| f64::from(19 - j)).collect();
        assert_eq!(product(&x, &y), 1140.0);
        assert_eq!(squared_distance(&x, &y), 2299.0);
        assert_eq!((depth(1), depth(8), depth(9)), (4, 4, 5));
    }
}
